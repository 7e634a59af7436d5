"""Of unusual records only more are told: a stream of more ordinary ones is no alarm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from judge_streams import null_of, signal

from monitor.judge.bets import SCALE
from monitor.judge.family import Family

LAW = np.array([0.01, 0.04, 0.05, 0.1, 0.3, 0.5])
STRANGE = replace(signal(6, name="anomaly.knn"), unusual=True)


def family():
    return Family(null_of(STRANGE, (10_000 * LAW).astype(int).tolist()), 8_640)


def lived(law, slots=60):
    judged = family()
    for slot in range(slots):
        counts = np.round(1_000 * np.array(law)).astype(np.int64)
        judged.advance(counts, mass=1, slot=slot, slots=1, records=1_000 * slot)
    return judged, int(judged.detector.evidence()[0])


@pytest.mark.parametrize("law", [LAW, [0, 0, 0, 0, 0.1, 0.9], [0.01, 0.03, 0.03, 0.03, 0.1, 0.8]])
def test_ordinary_records_are_no_evidence_however_ordinary(law):
    assert lived(law)[1] < 5 * SCALE


@pytest.mark.parametrize("law", [[0.03, 0.06, 0.07, 0.12, 0.28, 0.44], [0.03, 0.04, 0.05, 0.1, 0.29, 0.49]])
def test_more_unusual_ones_are(law):
    judged, log_m = lived(law)
    assert log_m > 50 * SCALE
    assert judged.finding(0, log_m)[0].shape in {"more unusual records", "more very unusual records"}
