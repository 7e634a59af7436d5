from __future__ import annotations

import numpy as np

from detectors import CategoryBins
from monitor.counting.tally import Layout, Tally
from monitor.formats.batch import Batch
from monitor.judge.judge import _named

COLOURS = CategoryBins("feature.colour", "features", ("red", "blue"))


def named(layout):
    batch = Batch(np.arange(4), texts={"feature.colour": ["red", "mauve", "mauve", None]}, versions=[None] * 4)
    return layout.count(batch, layout.codes(batch), np.arange(4)).names


def test_levels_never_seen_are_not_named_unless_allowed():
    assert named(Layout([COLOURS])) == {}


def test_levels_never_seen_of_a_feature_that_may_be_shown_are_named():
    assert named(Layout([COLOURS]).watching({"colour"})) == {("quality.unseen.colour", "mauve"): 2}


def test_a_level_is_told_of_its_own_feature_whatever_the_features_are_called():
    names = {("quality.unseen.a", "x"): 1, ("quality.unseen.a|b", "u"): 3}
    tally = Tally(np.full(3, 10), names=names)
    assert [shift.bin for shift in _named("quality.unseen.a", tally)] == ["x"]
    assert [shift.bin for shift in _named("quality.unseen.a|b", tally)] == ["u"]
