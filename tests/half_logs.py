"""Random halves of records whose bodies hold anything, and what the monitor and the rules make of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from counting_rules import Post, Row, counted
from hypothesis import strategies as st
from kserve_log import event, tensor
from pairing_rules import Joined, pair
from traffic import MODEL

from monitor.counting.pairing import PairCounter, Pairing
from monitor.counting.partitions import Partitions, Timing
from monitor.counting.tally import RECORDS, Layout
from monitor.formats.batch import DEAD
from monitor.formats.decoder import Decoder
from monitor.formats.json_value import MAX_BYTES
from monitor.reference.schema import Feature, Schema
from monitor.types import Message, Partition

SCHEMA = Schema(
    (Feature("a", "numeric", ("number",)), Feature("t", "categorical", ("string",))), "class", ("no", "yes")
)
TOPIC = Partition("t", 0)
SLOT, WAIT = 1_000, 2_000
LARGE = "x" * (MAX_BYTES * 6 // 10)

cells = st.one_of(
    st.floats(),
    st.integers(),
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.sampled_from([10**400, -(1 << 70), 1.7976931348623157e308, 5e-324, "\x01", '"\\']),
)
names = st.sampled_from(["a", "t", "predict", "predict_proba", "", "\x00", "ä"])
versions = st.one_of(cells, st.just([[["deep"]]]), st.dictionaries(names, cells, max_size=2))


@st.composite
def bodies(draw: Any, kind: str) -> bytes:
    """Return a body of some rows; one in a while holds fewer values than it says."""
    rows, width = draw(st.integers(0, 3)), draw(st.integers(1, 2))
    data = draw(st.lists(cells, min_size=rows * width, max_size=rows * width))
    size = rows + draw(st.sampled_from([0] * 9 + [1]))
    body: dict[str, Any] = {
        "inputs" if kind == "request" else "outputs": [tensor(draw(names), [size, width], "FP64", data)]
    }
    if draw(st.booleans()):
        body["model_version"] = draw(versions)
    return json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def logs(draw: Any) -> list[Message]:
    """Return halves of few ids, at times within some slots of each other."""
    log = []
    for offset in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["request", "response"]))
        time = 10_000 + offset * 400 + draw(st.integers(-3_000, 0))
        one = event(kind, draw(st.sampled_from("xyz")), draw(bodies(kind)), time)
        log.append(one._replace(offset=offset))
    return log


@dataclass
class Life:
    """What became of a log's halves, and what the rules say."""

    records: int
    late: int
    dead: int
    partitions: Partitions
    dead_pairs: list[tuple[str, str]]
    rules: Joined
    late_by_rules: int
    times: Counter[int]


def live(log: list[Message], lateness: int = 700) -> Life:
    decoder = Decoder({MODEL: SCHEMA}, format="kserve", stamped=True)
    layouts = [Layout([])]
    pairing = Pairing(SLOT, WAIT, PairCounter(decoder, layouts))
    partitions = Partitions(Timing(SLOT, lateness, 100_000), layouts, pairing=pairing)
    partitions.add(TOPIC, 0.0)
    decoded = decoder.decode(log)
    folded = partitions.fold(TOPIC, decoded, 0.0)
    partitions.close_all()
    records = sum(int(tally.cells[RECORDS]) for _, tallies in partitions.closed() for tally in tallies.values())
    blocks = [block for block, _ in pairing.joined()]
    dead_pairs = [why for block in blocks for why in block.dead.values()]
    times = Counter(time for block in blocks for time in block.times.tolist())
    posts = [Post(offset, (row(decoded, offset),)) for offset in range(len(log))]
    counting = counted(posts, [], slot=SLOT, lateness=lateness, models=1)
    halves = [(half.time, TOPIC, offset, half) for offset, half in counting.halves]
    late = set(decoded.halves) - {offset for offset, _ in counting.halves}
    rules = pair(halves, [], slot=SLOT, wait=WAIT)
    late_rows = sum(decoded.halves[offset].rows for offset in late)
    return Life(records, sum(folded.late.values()), len(decoded.dead), partitions, dead_pairs, rules, late_rows, times)


def row(decoded: Any, offset: int) -> Row:
    """Return a message as the rules have it; the mark of a pair is then how many rows its request has."""
    half = decoded.halves.get(offset)
    if half is None:
        return Row(DEAD, 0, 0)
    time, rows = int(decoded.times[offset]), half.rows if half.kind == "request" else 0
    return Row(0, time, int(decoded.clocks[offset]), ord(half.id), rows, half.kind)


def both(request: Any, response: Any) -> list[Message]:
    """Return a log of two halves."""
    return [event("request", "x", request), event("response", "x", response)._replace(offset=1)]


def inputs(value: Any) -> dict[str, Any]:
    return {"inputs": [tensor("t", [1, 1], "BYTES", [value])]}


def outputs(value: Any) -> dict[str, Any]:
    return {"outputs": [tensor("predict", [1, 1], "BYTES", [value])]}


TOGETHER = {
    "two large texts": (inputs("a" * 600_000), outputs("b" * 600_000)),
    "escapes": (inputs("\x01" * 150_000), outputs("\x01" * 150_000)),
    "a long name": ({"inputs": [tensor("n" * 400_000, [1, 1], "FP64", [1.0])]}, outputs("s" * 700_000)),
    "as large as can be": (inputs("a" * (MAX_BYTES - 100)), outputs("b" * (MAX_BYTES - 100))),
    "a large version": (inputs("a" * 600_000), outputs("no") | {"model_version": "v" * 900_000}),
}
