"""What the second reading notices beside counting: copies of records, columns that tell too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detectors import NumericBins
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch
from monitor.reference.copies import Alike, Copies
from monitor.reference.look import Look
from monitor.reference.notes import Note
from monitor.reference.schema import Schema, text_of
from monitor.reference.sentinels import sentinels
from monitor.reference.telling import Cells, Ints, Labels, telling


@dataclass
class Noticed:
    """What is looked out for.

    Attributes
    ----------
    alike : mapping of str to Alike
        By numeric feature.
    odd : tuple of Note
        Of the values of single columns.
    label : str or None
        The label of all records, where it is always the same.
    """

    layout: Layout
    alike: Mapping[str, Alike]
    odd: tuple[Note, ...]
    label: str | None
    _labels: Labels = field(default_factory=Labels)

    def __post_init__(self) -> None:
        self._copies = Copies(self.layout)

    @classmethod
    def of(cls, look: Look, schema: Schema, layout: Layout) -> Noticed:
        """Return what the first reading says of it."""
        names = [d.column.removeprefix("feature.") for d in layout.detectors if isinstance(d, NumericBins)]
        numbers = {name: look.features[name].numbers for name in names if name in look.features}
        alike = {name: Alike.of(values, look.rows) for name, values in numbers.items()}
        odd = (
            Note("sentinel", f"feature.{name}", text_of(value), round(share, 6))
            for name, values in numbers.items()
            for value, share in sentinels(values)
        )
        levels = look.outputs["label"].levels() if schema.label else []
        return cls(layout, alike, tuple(odd), levels[0][0] if len(levels) == 1 else None)

    def add(self, batch: Batch, codes: Ints) -> None:
        """Look at the records of a batch, whose cells these are."""
        self._copies.add(batch, codes)
        self._labels.add(batch)

    def notes(self, counts: Ints, blocks: Sequence[Cells]) -> list[Note]:
        """Return what was noticed; `blocks` are the cells of all records."""
        told = [*telling(self.layout, counts, blocks, self._labels)]
        same = {note.about.removeprefix("feature.") for note in told if note.kind == "twice"}
        copies = self._copies.note(self.alike, same)
        constant = [Note("label", self.label)] if self.label else []
        return [*([copies] if copies else []), *constant, *told, *self.odd]
