"""Two halves into records in the shape of the envelope, so that all that follows sees no difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from monitor.formats.half import Half
from monitor.formats.json_value import parse
from monitor.formats.tensors import Tensor, tensors_of

SLOT, WAIT = 10_000, 60_000
"""Milliseconds in which the same half twice is one, and between the halves of a pair, unless configured otherwise."""


def joined_records(request: Half, response: Half, milliseconds: int, names: Sequence[str] = ()) -> Iterator[bytes]:
    """Yield the records of a pair as envelopes.

    A tensor of one column is the feature of its name. A wider one takes the names of the reference's features that no
    other tensor has, where their number fits, else `<name>.<i>`. Answers of another number of rows than the questions
    belong to none of them: the records then have no outputs.

    Parameters
    ----------
    milliseconds : int
        When it happened.
    names : sequence of str
        The reference's features.
    """
    asked, answer = parse(request.body), parse(response.body)
    inputs, outputs = tensors_of(asked, "request"), tensors_of(answer, "response")
    prediction, scores = _outputs(outputs) if outputs[0].rows == inputs[0].rows else (None, None)
    columns = _columns(inputs, names)
    about: dict[str, Any] = {"time": milliseconds / 1000, "model": request.name or response.name}
    if answer.get("model_version") is not None:
        about["version"] = answer["model_version"]
    for row in range(inputs[0].rows):
        record: dict[str, Any] = {"id": request.id if inputs[0].rows == 1 else f"{request.id}-{row}", **about}
        values = (value for tensor in inputs for value in _row(tensor, row))
        record["features"] = dict(zip(columns, values, strict=True))
        if prediction:
            record["prediction"] = _row(prediction, row)[0]
        if scores:
            record["scores"] = _row(scores, row)
        yield _written(record)


def _written(record: dict[str, Any]) -> bytes:
    """Return JSON as Python writes it, where msgspec would make null of NaN and Infinity or refuse a long number."""
    try:
        value = msgspec.json.encode(record)
    except OverflowError:
        value = b"null"
    return value if b"null" not in value else json.dumps(record, ensure_ascii=False).encode()


def _row(tensor: Tensor, row: int) -> list[Any]:
    return tensor.values[row * tensor.width : (row + 1) * tensor.width]


def _columns(inputs: Sequence[Tensor], names: Sequence[str]) -> list[str]:
    single = {tensor.name for tensor in inputs if tensor.width == 1}
    rest = [name for name in names if name not in single]
    fits = [tensor.width for tensor in inputs if tensor.width != 1] == [len(rest)]
    columns: list[str] = []
    for tensor in inputs:
        if tensor.width == 1:
            columns.append(tensor.name)
        else:
            columns += rest if fits else [f"{tensor.name}.{i}" for i in range(tensor.width)]
    return columns


def _outputs(outputs: Sequence[Tensor]) -> tuple[Tensor | None, Tensor | None]:
    """Return the tensors of prediction and scores."""
    named = {tensor.name: tensor for tensor in outputs}
    first = named.get("predict", outputs[0])
    wide = [tensor for tensor in outputs if tensor.floats and tensor.width > 1]
    scores = next((tensor for tensor in wide if tensor.name == "predict_proba"), wide[0] if wide else None)
    return (first if first.width == 1 else None), scores
