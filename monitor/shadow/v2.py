"""The Open Inference Protocol V2 over HTTP: rows into a request, a response into what is said of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from monitor.config.shadow import V2Endpoint
from monitor.errors import DeliveryError
from monitor.shadow.endpoint import Said, Unanswered
from monitor.shadow.inputs import Column, Inputs, Row
from sinks.addresses import addresses
from sinks.deadline import bounded, packed, within
from sinks.failures import no_answer
from sinks.text import plain

MOST_BYTES = 4 << 20
_DATATYPE = {"number": "FP64", "boolean": "BOOL", "text": "BYTES"}


class V2Client:
    """Asks a server.

    Parameters
    ----------
    config : V2Endpoint
    inputs : Inputs
    scores : sequence of str
        Classes in the order in which the endpoint gives their scores.
    numeric : bool
        Whether the prediction is a number, not a class.
    """

    def __init__(self, config: V2Endpoint, inputs: Inputs, scores: Sequence[str], *, numeric: bool) -> None:
        import logging

        import httpx

        logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs every request
        self.config = config
        self.inputs = inputs
        self.answer = Reading(config, scores, numeric=numeric)
        version = f"/versions/{quote(config.version, safe='')}" if config.version else ""
        self._url = httpx.URL(f"{config.url}/v2/models/{quote(config.model, safe='')}{version}/infer")
        self._client = httpx.Client(
            transport=bounded(httpx.HTTPTransport()),
            trust_env=False,
            timeout=config.timeout / 1_000,
            follow_redirects=False,
        )
        self._resolved: Sequence[str] = ()

    def ask(self, rows: Sequence[Row]) -> Said:
        """Post one request for all rows. Raises Unanswered."""
        body = json.dumps(request_of(rows, self.inputs, self.config)).encode()
        status, content = self._post(body)
        if status >= 500:
            raise Unanswered("server_error", f"POST {self._url}: {status}")
        if status != 200:
            raise Unanswered("refused", f"POST {self._url}: {status}")  # its words may quote values
        return self.answer.of(content, len(rows))

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Post to the first address of the host that can be connected to; resolved again only when none can."""
        import httpx

        failed: Exception = OSError()
        for address in self._addresses():
            try:
                return self._exchange(address, body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
            except (httpx.HTTPError, OSError, RuntimeError) as error:  # a closed client raises RuntimeError
                raise Unanswered("no_answer", str(no_answer("the endpoint", error))) from None
        self._resolved = ()
        raise Unanswered("no_answer", str(no_answer("the endpoint", failed))) from None

    def _addresses(self) -> Sequence[str]:
        if not self._resolved:
            port = self._url.port or {"https": 443}.get(self._url.scheme, 80)
            try:
                self._resolved = addresses(self._url.host, port, "the endpoint")
            except DeliveryError as why:
                raise Unanswered("no_answer", str(why)) from None
        return self._resolved

    def _exchange(self, address: str, body: bytes) -> tuple[int, bytes]:
        """Return status and content, bounded in bytes and in time: nothing is unpacked, which could be of any size."""
        headers = {
            "host": self._url.netloc.decode(),
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "Seawall",
        }
        if self.config.token:
            headers["authorization"] = f"Bearer {self.config.token.get_secret_value()}"
        url, name = self._url.copy_with(host=address), {"sni_hostname": self._url.host}
        with (
            within(self.config.timeout / 1_000),
            self._client.stream("POST", url, content=body, headers=headers, extensions=name) as response,
        ):
            if packed(response.headers):
                raise Unanswered("garbage", "the answer is packed, which was not asked for")
            content = b""
            for piece in response.iter_raw():
                content += piece
                if len(content) > MOST_BYTES:
                    raise Unanswered("garbage", f"the answer is larger than {MOST_BYTES:,} bytes")
            return response.status_code, content

    def close(self) -> None:
        """Close connections."""
        self._client.close()


def request_of(rows: Sequence[Row], inputs: Inputs, config: V2Endpoint) -> dict[str, Any]:
    """Return the body of a request: one tensor of all features, or a column each."""
    wanted = [{"name": name} for name in (config.prediction, config.scores) if name]
    outputs = {"outputs": wanted} if config.prediction else {}
    numbers = all(column.kind != "text" for column in inputs.columns)
    if config.inputs == "tensor" or (config.inputs == "auto" and numbers):
        data = [value for row in rows for value in row]
        shape = [len(rows), len(inputs.columns)]
        return {"inputs": [{"name": config.input, "shape": shape, "datatype": "FP64", "data": data}], **outputs}
    columns = [_column(column, [row[at] for row in rows]) for at, column in enumerate(inputs.columns)]
    return {"parameters": {"content_type": "pd"}, "inputs": columns, **outputs}


def _column(column: Column, values: list[Any]) -> dict[str, Any]:
    return {"name": column.name, "shape": [len(values), 1], "datatype": _DATATYPE[column.kind], "data": values}


class Reading:
    """What a response says."""

    def __init__(self, config: V2Endpoint, scores: Sequence[str], *, numeric: bool) -> None:
        self.config = config
        self.scores = tuple(scores)
        self.numeric = numeric

    def of(self, content: bytes, rows: int) -> Said:
        """Return what a response says of so many rows. Raises Unanswered."""
        try:
            response = json.loads(content)
            outputs = {output["name"]: output for output in response["outputs"]}
            version = response.get("model_version")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Unanswered("garbage", "the answer is no response of the V2 protocol") from None
        if self.config.version and version != self.config.version:
            raise Unanswered("version", f"version {plain(str(version), 40)} answered, not {self.config.version}")
        scores = self._scores(outputs, rows)
        predictions = self._predictions(outputs, rows, scores)
        return Said(predictions, scores, None if version is None else str(version)[:64])

    def _scores(self, outputs: Mapping[str, Any], rows: int) -> dict[str, Sequence[float]]:
        if not self.config.scores:
            return {}
        found = _values(outputs, self.config.scores, rows, len(self.scores))
        if not all(_number(value) for value in found):
            raise Unanswered("garbage", "scores that are no numbers")
        return {name: found[at :: len(self.scores)] for at, name in enumerate(self.scores)}

    def _predictions(
        self, outputs: Mapping[str, Any], rows: int, scores: Mapping[str, Sequence[float]]
    ) -> list[str | float]:
        name = self.config.prediction or next((n for n in outputs if n != self.config.scores), None)
        if name is None and scores:
            return [max(scores, key=lambda c: scores[c][row]) for row in range(rows)]
        found = _values(outputs, name or "", rows, 1)
        if self.numeric:
            return [float(value) if _number(value) else math.nan for value in found]
        return [self._class(value) for value in found]

    def _class(self, value: Any) -> str | float:
        """Return a class as the records spell it."""
        if self.config.classes is not None and _number(value):
            if value != int(value) or not 0 <= value < len(self.config.classes):
                raise Unanswered("garbage", "a predicted number that stands for none of shadow.endpoint.classes")
            return self.config.classes[int(value)]
        if not isinstance(value, str | bool) and not _number(value):
            raise Unanswered("garbage", "a prediction that is none")
        return value if isinstance(value, str | bool) else float(value)


def _values(outputs: Mapping[str, Any], name: str, rows: int, width: int) -> list[Any]:
    """Return an output's data, flat. Raises Unanswered where it has another shape."""
    output = outputs.get(name)
    if output is None:
        came = ", ".join(plain(str(other), 40) for other in [*outputs][:10]) or "none"
        raise Unanswered("shape", f'no output "{plain(name, 40)}" in the answer. Outputs that came: {came}')
    data = output.get("data")
    while isinstance(data, list) and data and all(isinstance(item, list) for item in data):
        data = [value for item in data for value in item]
    shape = output.get("shape")
    if not isinstance(data, list) or len(data) != rows * width:
        raise Unanswered("shape", f"{rows:,} rows were asked, and the answer has another shape")
    if isinstance(shape, list) and shape[:1] != [rows]:
        raise Unanswered("shape", f"{rows:,} rows were asked, and the answer has another shape")
    return data


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
