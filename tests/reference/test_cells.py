"""Every record lands in one cell of each detector, the same one in whichever block it comes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_records import MODEL, applicants, built, messages

from detectors import CategoryBins, Joint
from monitor.formats.decoder import Decoder
from monitor.reference.split import chooses

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["north", "DE", "true", "1", "approve", 1, 0, 3.0, 1e300, -1e300, 10**30, -0.0])
    | st.just([])
)
NAMES = ["income", "age", "children", "region", "home_owner", "country", "customer_id", "unknown"]
RECORDS = st.fixed_dictionaries(
    {"features": st.dictionaries(st.sampled_from(NAMES), SCALARS)},
    optional={"prediction": SCALARS, "confidence": SCALARS},
)


@pytest.fixture(scope="module")
def decoder(reference):
    return Decoder({MODEL: reference.schema}, stamped=False)


def _codes(reference, decoder, values):
    batch = decoder.decode(messages(values)).batches[0]
    assert batch is not None
    return reference.layout.codes(batch)


@given(st.lists(RECORDS, min_size=1, max_size=20), st.data())
def test_a_record_has_one_cell_of_each_detector_whatever_its_block(reference, decoder, records, data):
    values = [json.dumps(record).encode() for record in records]
    whole = _codes(reference, decoder, values)
    assert whole.shape == (len(reference.layout.detectors), len(records))
    for codes, detector, start in zip(whole, reference.layout.detectors, reference.layout.starts, strict=True):
        assert ((codes >= start) & (codes < start + detector.cells)).all(), detector
    cut = data.draw(st.integers(0, len(values)))
    parts = [_codes(reference, decoder, part) for part in (values[:cut], values[cut:]) if part]
    assert np.concatenate(parts, axis=1).tolist() == whole.tolist()


def test_the_records_of_the_reference_are_counted_as_the_reference_was(reference, decoder):
    values = [json.dumps(record).encode() for record in applicants()]
    codes = _codes(reference, decoder, values)
    whole = np.bincount(codes.ravel(), minlength=reference.layout.total)
    counted = codes[:, [not chooses(row) for row in range(len(values))]]
    part = np.bincount(counted.ravel(), minlength=reference.layout.total)
    for detector, start in zip(reference.layout.detectors, reference.layout.starts, strict=True):
        cells = slice(start, start + detector.cells)
        counts = part if isinstance(detector, Joint | CategoryBins) else whole
        assert counts[cells].tolist() == reference.counts[cells].tolist()


def test_a_truth_is_not_the_text_1():
    answers = ["1", "1", True, "no"] * 200
    reference = built([{"features": {"x": answer}} for answer in answers])
    assert reference.schema.features[0].kinds == ("boolean", "string")
    start = reference.layout.starts[1]
    assert reference.layout.detectors[1].levels == ("1", "no", "true")
    assert reference.counts[start : start + 3].tolist() == [250, 125, 125]


def test_numbers_are_levels_by_their_value():
    codes = [7, 7.0, "7", "seven"] * 200
    reference = built([{"features": {"x": code}} for code in codes])
    start = reference.layout.starts[1]
    assert reference.layout.detectors[1].levels == ("7", "seven")
    assert reference.counts[start : start + 2].tolist() == [375, 125]
