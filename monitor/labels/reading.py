"""Messages of a labels topic: `{"id", "label", "time"}`, and `"model"` where several share the ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from monitor.counting.sampling import digest
from monitor.errors import BadRecord
from monitor.formats.batch import DEAD, Batch, Decoded
from monitor.formats.block import event_clocks
from monitor.formats.columns import integers
from monitor.formats.json_value import parse
from monitor.formats.tolerant import time_of, version_of
from monitor.labels.rows import ANY_MODEL
from monitor.reference.schema import kind_of, text_of
from monitor.types import RawMessage


class _Label(NamedTuple):
    id: str | float | None = None
    said: str | float | None = None
    time: Any = None
    model: str = ANY_MODEL


class LabelReader:
    """Decodes blocks of messages; the labels are the `texts` of one batch.

    Parameters
    ----------
    stamped : bool
        As of `Decoder`.
    """

    def __init__(self, *, stamped: bool) -> None:
        self.stamped = stamped

    def decode(self, messages: Sequence[RawMessage]) -> Decoded:
        """Return the block decoded. Never raises for what a message holds."""
        read: list[_Label] = []
        dead: dict[int, tuple[str, str]] = {}
        for row, message in enumerate(messages):
            try:
                read.append(_label(message))
            except BadRecord as why:
                read.append(_Label())
                dead[row] = (why.reason, why.detail)
        model = np.array([DEAD if row in dead else 0 for row in range(len(read))], dtype=np.int64)
        stamps = integers([m.timestamp for m in messages])
        times, clocks, impossible = event_clocks([r.time for r in read], stamps, model, stamped=self.stamped)
        model[list(impossible)] = DEAD
        rows = np.flatnonzero(model != DEAD)
        kept = [read[row] for row in rows.tolist()]
        texts: dict[str, Sequence[str | float | bool | None]] = {
            "label": [r.said for r in kept],
            "model": [r.model for r in kept],
        }
        batch = Batch(rows, texts=texts, versions=[None] * len(kept), ids=[r.id for r in kept], times=times[rows])
        offsets = integers([m.offset for m in messages])
        ids = [_alike(r) for r in read]
        return Decoded(offsets, times, clocks, model, ids, [batch if kept else None], dead | impossible)


def _alike(label: _Label) -> str | None:
    """Return what two labels share that say the same: one that says otherwise is no duplicate, but a contradiction."""
    if label.id is None or label.said is None:
        return None
    return digest("\x1f".join((text_of(label.id), label.model, text_of(label.said)))).hex()


def _label(message: RawMessage) -> _Label:
    """Return what a message says. Raises BadRecord."""
    record = parse(message.value)
    if not isinstance(record, dict):
        raise BadRecord("not_a_record", f"a JSON {type(record).__name__} where a label was expected")
    identity, said = record.get("id"), record.get("label")
    if kind_of(identity) not in ("string", "number"):
        raise BadRecord("not_a_record", 'a label without an "id" is of no record')
    if kind_of(said) is None or said != said:  # noqa: PLR0124 - NaN is no label
        raise BadRecord("not_a_record", 'no "label" in it, or none that is text, a number or a boolean')
    return _Label(identity, said, time_of(record.get("time")), version_of(record.get("model")) or ANY_MODEL)
