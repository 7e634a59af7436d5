from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.performance import AbsoluteError, Calibration, ErrorRate, confidence_edges
from monitor.formats.batch import Batch


def classes(predictions, labels, confidence=()):
    texts = {"prediction": predictions, "label": labels}
    return Batch(np.arange(len(predictions)), {"confidence": np.array(confidence, dtype=float)}, texts)


@pytest.mark.parametrize(
    ("prediction", "label", "cell"),
    [
        ("yes", "yes", 0),
        ("yes", "no", 1),
        (7.0, "7", 0),  # a number stands for its spelling, as everywhere
        (True, "true", 0),
        ("yes", None, 2),
        (None, "yes", 2),
    ],
)
def test_a_prediction_is_right_wrong_or_not_known_yet(prediction, label, cell):
    assert ErrorRate().bin(classes([prediction], [label])).tolist() == [cell]


def test_records_without_a_label_do_not_count_in_the_error():
    (signal,) = ErrorRate().signals(np.array([90, 10, 1_000]))
    assert signal.bin_of == (0, 1, -1)
    assert (signal.name, signal.group, signal.kind) == ("performance.error", "performance", "share")


def test_without_labels_in_the_reference_there_is_nothing_to_compare_with():
    assert ErrorRate().signals(np.array([0, 0, 1_000])) == []


def test_the_error_of_numbers_is_their_distance_from_the_label():
    detector = AbsoluteError((0.0, 1.0, 2.0))
    numbers = {
        "prediction": np.array([5.0, 5.0, 5.0, 5.0, math.inf]),
        "label": np.array([5.5, 3.5, 9.0, math.nan, math.inf]),
    }
    assert detector.bin(Batch(np.arange(5), numbers)).tolist() == [1, 2, 3, 4, 4]


def test_calibration_is_confidence_against_outcome():
    detector = Calibration((0.5,))
    batch = classes(["a", "a", "a", "a"], ["a", "b", "a", None], [0.4, 0.4, 0.5, 0.9])
    assert detector.bin(batch).tolist() == [0, 1, 2, 4]
    (signal,) = detector.signals(np.array([100, 100, 100, 60, 5]))
    assert signal.bins == (
        "right at confidence below 0.5",
        "wrong at confidence below 0.5",
        "right at confidence from 0.5",
        "wrong at confidence from 0.5",
    )


@pytest.mark.parametrize(
    ("counts", "names"),
    [
        ([100, 90, 100, 5, 5], ("right at confidence below 0.5", "wrong", "right at confidence from 0.5")),
        ([100, 5, 90, 4, 5], ("right at confidence below 0.5", "the rarer ones")),
    ],
)
def test_bins_of_the_calibration_say_what_they_hold_when_joined(counts, names):
    (signal,) = Calibration((0.5,)).signals(np.array(counts))
    assert signal.bins == names


def test_confidence_is_cut_into_eighths_of_the_reference():
    assert confidence_edges(np.arange(16) / 16) == tuple(np.arange(2, 16, 2) / 16)
    assert confidence_edges(np.full(100, 0.9)) == ()
    assert confidence_edges(np.array([math.nan])) == ()
