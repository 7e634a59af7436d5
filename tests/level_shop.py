"""A shop whose tenants have a normal variable each, judged given the tenant."""

from __future__ import annotations

import numpy as np
from judge_streams import EDGES, judge_of, judged, normal_law

from detectors import CategoryBins, NumericBins
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.judge.by_level import ByLevel
from monitor.reference.contexts import Contexts, names_of
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

TENANTS = tuple(f"t{n:02}" for n in range(20))
X, Y = "feature.x", "feature.y"


class Shop:
    """Tenants with a normal variable each, at another mean, and another that nobody moves."""

    def __init__(self, tenants=TENANTS, seed=1):
        edges = tuple(float(k) for k in range(len(EDGES) + 2))
        field = CategoryBins("feature.tenant", "features", tenants)
        self.layout = Layout([*(NumericBins(name, "features", edges) for name in (X, Y)), field])
        self.draw, self.tenants = np.random.default_rng(seed), len(tenants)
        self.shares = np.full(len(tenants), 1 / len(tenants))

    def given(self, records, **shifts):
        """Return cells by tenant; the first variable of tenant `t7` is moved by `t7` standard deviations."""
        came = self.draw.multinomial(records, self.shares)
        found = np.zeros((self.layout.detectors[-1].cells, self.layout.total), dtype=np.int64)
        for start, moved in zip(self.layout.starts, (shifts, {}), strict=False):
            for tenant, count in enumerate(came.tolist()):
                law = normal_law(0.3 * np.sin(tenant) + moved.get(f"t{tenant}", 0.0))
                found[tenant, start + 1 : start + 17] = self.draw.multinomial(count, np.array(law) / sum(law))
        found[range(self.tenants), self.layout.starts[-1] + np.arange(self.tenants)] = came
        return found

    def tally(self, records, **shifts):
        found = self.given(records, **shifts)
        cells = found.sum(axis=0)
        cells[RECORDS] = records
        return Tally(cells, given=found)

    def reference(self, records=50_000):
        tally = self.tally(records)
        names = names_of("feature.tenant", self.layout)
        signals = tuple(s.name for s, _ in self.layout.signals(tally.cells) if s.name.endswith((".x", ".y")))
        contexts = Contexts("feature.tenant", names, signals, tally.given)
        return Reference("m", Schema(()), self.layout, tally.cells, records, {}, None, None, contexts=(contexts,))


def shop(seed=1, tolerance=0.0, records=50_000):
    traffic = Shop(seed=seed)
    judge = judge_of(traffic.reference(records), tolerance=tolerance)
    assert not any(v.alarms for v in judged(judge, [traffic.tally(200) for _ in range(20)]))
    return traffic, judge


def until(judge, traffic, most, name=X, **shifts):
    """Return the records until a signal alarms, and what it then tells."""
    for slot in range(most):
        (verdict,) = judged(judge, [traffic.tally(200, **shifts)])
        if found := [f for f in verdict.alarms if f.signal.name == name]:
            return 200 * (slot + 1), found[0]
    raise AssertionError(f"no alarm within {200 * most} records")


def by_level(judge):
    (family,) = [f for f in judge.families if isinstance(f, ByLevel) and f.values]
    return family
