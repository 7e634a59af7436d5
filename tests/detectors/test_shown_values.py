from __future__ import annotations

import numpy as np

from detectors import CategoryBins
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch

COLOURS = CategoryBins("feature.colour", "features", ("red", "blue"))


def named(layout):
    batch = Batch(np.arange(4), texts={"feature.colour": ["red", "mauve", "mauve", None]}, versions=[None] * 4)
    return layout.count(batch, layout.codes(batch), np.arange(4)).names


def test_levels_never_seen_are_not_named_unless_allowed():
    assert named(Layout([COLOURS])) == {}


def test_levels_never_seen_of_a_feature_that_may_be_shown_are_named():
    assert named(Layout([COLOURS]).showing({"colour"})) == {"quality.unseen.colour|mauve": 2}
