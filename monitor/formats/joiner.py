"""Halves joined in the order in which they come: for what reads a log once and judges nothing, such as a reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from monitor.errors import BadRecord
from monitor.formats.columns import event_milliseconds, integers
from monitor.formats.envelope import format_named
from monitor.formats.half import Half
from monitor.formats.joined import WAIT, joined_records
from monitor.types import Message, RawMessage


class Joiner:
    """Turns messages into messages that are whole records: halves become envelopes, all others stay as they are.

    Parameters
    ----------
    model : str
        Halves that name another one are left out.
    wait : int
        Milliseconds; how far apart in time the halves of a pair may be.

    Attributes
    ----------
    rest : str
        The wire format of what it returns.
    dead : Counter
        Messages that could not be used, by reason; `why` is what was wrong with the first.
    others : int
        Halves that name another model.
    """

    def __init__(self, model: str, format: str, wait: int = WAIT) -> None:
        self.dead: Counter[str] = Counter()
        self.why = ""
        self.others = 0
        self.rest = format if format in {"auto", "seawall"} else "seawall"
        self._model, self._format, self._wait = model, format, wait
        self._waiting: dict[tuple[str, str], tuple[int, Half]] = {}

    def __call__(self, messages: Sequence[RawMessage]) -> list[RawMessage]:
        """Return the whole records there are now."""
        whole: list[RawMessage] = []
        for message in messages:
            found = format_named(self._format, message)
            if not found.paired:
                whole.append(message)
                continue
            try:
                for half in found.read(message):
                    whole += self._join(message, half) if isinstance(half, Half) else []
            except BadRecord as error:
                self.dead[error.reason] += 1
                self.why = self.why or str(error)
        return whole

    @property
    def waiting(self) -> int:
        """How many halves have no other yet."""
        return len(self._waiting)

    def _join(self, message: RawMessage, half: Half) -> list[Message]:
        if half.name not in (None, self._model):
            self.others += 1
            return []
        time = int(event_milliseconds([half.time], integers([message.timestamp]))[0])
        if time < 0:
            raise BadRecord("bad_time", "time is outside 1970 to 3000")
        other = self._waiting.get(("response" if half.kind == "request" else "request", half.id))
        if other is None or abs(time - other[0]) > self._wait:
            self._waiting.setdefault((half.kind, half.id), (time, half))
            return []
        del self._waiting[other[1].kind, half.id]
        request, response = (half, other[1]) if half.kind == "request" else (other[1], half)
        later = max(time, other[0])
        stamp = Message(message.topic, message.partition, message.offset, later, None, None)
        return [stamp._replace(value=value) for value in joined_records(request, response, later)]
