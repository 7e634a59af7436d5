"""Records as strangers write them: JSON text of the model's envelope with anything in any place, for hypothesis."""

from __future__ import annotations

import json

from hypothesis import strategies as st
from records import GOOD, SCHEMA, STAMP

_ODD_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "-0.0", "1e15", "1e16", "5e-324", "1" + "0" * 400]
_TIMES = [
    '"2026-01-01T00:00:05Z"',
    '"2026-01-01T01:00:05.1234567+01:00"',
    '"2026-01-01T00:00:05"',
    '"2026-01-01 00:00:05.5"',
    '"20260101T000005Z"',
    '"2026-01-01"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"yesterday"',
    '""',
    str(STAMP),
    str(STAMP // 1000),
    str(STAMP / 1000),
    str(STAMP // 1000 + 7_200),
]


def _list(items: list[str]) -> str:
    return f"[{','.join(items)}]"


def _object(pairs: list[tuple[str, str]]) -> str:
    return f"{{{','.join(f'{key}: {value}' for key, value in pairs)}}}"


names = st.one_of(st.sampled_from([f.name for f in SCHEMA.features]), st.text(max_size=5))
numbers = st.one_of(
    st.integers().map(str),
    st.integers(min_value=-(10**25), max_value=10**25).map(str),
    st.floats().map(json.dumps),
    st.sampled_from(_ODD_NUMBERS),
)
texts = st.tuples(st.one_of(st.text(max_size=8), st.sampled_from(["true", "1", "1.0", "basic"])), st.booleans()).map(
    lambda drawn: json.dumps(drawn[0], ensure_ascii=drawn[1])
)
scalars = st.one_of(st.sampled_from(["null", "true", "false"]), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(_list), st.lists(st.tuples(texts, inner), max_size=3).map(_object)
    ),
    max_leaves=6,
)
times = st.one_of(st.sampled_from(_TIMES), scalars)


def _fitting() -> dict[str, str]:
    return {name: json.dumps(value) for name, value in json.loads(GOOD)["features"].items()}


@st.composite
def features(draw: st.DrawFn) -> str:
    """Return features that mostly fit, as an object (keys missing, added, twice) or a list."""
    fitting = _fitting()
    for name in draw(st.lists(st.sampled_from(sorted(fitting)), max_size=3)):
        fitting[name] = draw(st.one_of(scalars, values))
    if draw(st.integers(0, 5)) == 0:
        return _list([*fitting.values()][: draw(st.integers(8, 13))])
    for name in draw(st.lists(st.sampled_from(sorted(fitting)), max_size=1)):
        fitting.pop(name, None)
    pairs = [(json.dumps(name), token) for name, token in fitting.items()]
    again = draw(st.lists(st.tuples(names.map(json.dumps), values), max_size=2))
    return _object(draw(st.permutations(pairs)) + again)


@st.composite
def records(draw: st.DrawFn, models: tuple[str, ...] = ('"m"', '"m"', '"other"', "7", "null")) -> str:
    """Return one record as JSON text; every field may be odd, most are not."""
    fitting = {key: json.dumps(value) for key, value in json.loads(GOOD).items()}
    fitting["features"] = draw(st.one_of(features(), features(), features(), values))
    fitting["model"] = draw(st.sampled_from(models))
    if draw(st.booleans()):
        fitting["time"] = draw(times)
    for name in draw(
        st.lists(st.sampled_from(["id", "version", "prediction", "confidence", "latency_ms"]), max_size=2)
    ):
        fitting[name] = draw(values)
    if draw(st.booleans()):
        fitting["scores"] = draw(st.one_of(values, st.lists(scalars, min_size=2, max_size=2).map(_list)))
    for name in draw(st.lists(st.sampled_from(sorted(fitting)), max_size=1)):
        del fitting[name]
    return _object([(json.dumps(name), token) for name, token in fitting.items()])


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Return a record with some bytes cut out, doubled or replaced."""
    whole = draw(records()).encode()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(whole)))
        end = draw(st.integers(at, min(len(whole), at + 20)))
        whole = whole[:at] + draw(st.binary(max_size=6)) * draw(st.integers(0, 2)) + whole[end:]
    return whole


anything = st.one_of(st.none(), st.binary(max_size=60), values.map(str.encode), records().map(str.encode), mangled())
