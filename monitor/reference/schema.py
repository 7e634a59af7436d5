"""What a record of the accepted model looks like."""

from __future__ import annotations

from typing import Literal

import msgspec

FeatureType = Literal["numeric", "discrete", "categorical", "constant", "aside"]
Kind = Literal["number", "string", "boolean"]
ANY_KIND: tuple[Kind, ...] = ("boolean", "number", "string")


class Feature(msgspec.Struct, frozen=True):
    """One feature, as the reference knows it.

    Attributes
    ----------
    kinds : tuple of str
        JSON kinds its values had. A table says nothing about kinds, so it allows all of them.
    required : bool
        Whether every reference record carried the key (with a value or null).
    why : str or None
        Why it is set aside, in a few words.
    """

    name: str
    type: FeatureType
    kinds: tuple[Kind, ...]
    required: bool = True
    why: str | None = None

    @property
    def textual(self) -> bool:
        """Whether values are compared as text (levels) and not as numbers."""
        return self.type == "categorical"


class Schema(msgspec.Struct, frozen=True):
    """Features in the order of the reference, and which outputs the records carry."""

    features: tuple[Feature, ...]
    prediction: Literal["class", "number"] | None = None
    scores: tuple[str, ...] = ()
    confidence: bool = False
    latency: bool = False
    label: Literal["class", "number"] | None = None

    def named(self, name: str) -> Feature | None:
        """Return the feature of that name, if there is one."""
        return next((f for f in self.features if f.name == name), None)


def text_of(value: str | float) -> str:
    """Return one spelling for a level: 7, 7.0 and "7" are the same level, true is "true".

    >>> text_of(7.0), text_of(True), text_of("red"), text_of(0.5)
    ('7', 'true', 'red', '0.5')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def kind_of(value: object) -> Kind | None:
    """Return the JSON kind of a scalar; None for null, arrays and objects."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else None


def schema_changes(old: Schema, new: Schema) -> list[str]:
    """Return in words which features and outputs were added, removed, or are of another type."""
    before, after = ({f.name: f for f in schema.features} for schema in (old, new))
    words = [f"{name}: added ({feature.type})" for name, feature in after.items() if name not in before]
    words += [f"{name}: removed (was {feature.type})" for name, feature in before.items() if name not in after]
    words += [
        f"{name}: was {before[name].type}, now {f.type}"
        for name, f in after.items()
        if name in before and f.type != before[name].type
    ]
    if old.prediction != new.prediction:
        words.append(f"prediction: was {old.prediction or 'absent'}, now {new.prediction or 'absent'}")
    if set(old.scores) != set(new.scores):
        words.append(
            f"scores: {len(set(new.scores) - set(old.scores))} added, {len(set(old.scores) - set(new.scores))} removed"
        )
    outputs = (
        ("confidence", old.confidence, new.confidence),
        ("latency", old.latency, new.latency),
        ("label", old.label, new.label),
    )
    for name, was, now in outputs:
        words += [f"{name}: {'added' if now else 'removed'}"] if was != now else []
    return words
