from __future__ import annotations

import csv
import gzip
import io
import json
from math import ceil

import numpy as np
import pytest
from reference_records import MODEL, applicants, built, lines, messages, timed

from detectors import CategoryBins, Joint
from detectors.detector import THIN
from monitor.config.loading import load
from monitor.counting.tally import DEAD, RECORDS
from monitor.errors import BadReference
from monitor.reference.bins import FeatureOptions
from monitor.reference.build import build
from monitor.reference.from_file import build_from_file
from monitor.reference.split import chooses
from monitor.reference.store import Store
from monitor.review.cautions import cautions


def _gathered(reference, name):
    """Return the reference's records per bin of a signal."""
    signal, start = next((s, start) for s, start in reference.signals if s.name == name)
    counts = np.zeros(len(signal.bins), dtype=int)
    for cell, place in enumerate(signal.bin_of):
        if place >= 0:
            counts[place] += reference.counts[start + cell]
    return dict(zip(signal.bins, counts.tolist(), strict=True))


def _as_table(records):
    text = io.StringIO()
    names = list(records[0]["features"])
    writer = csv.writer(text)
    writer.writerow(["time", *names, "prediction", "confidence"])
    for record in records:
        values = [record["features"][name] for name in names]
        writer.writerow([record["time"], *values, record["prediction"], record["confidence"]])
    return text.getvalue().encode()


@pytest.fixture
def from_file(tmp_path):
    """Build from a file of these bytes, as the command does."""
    (tmp_path / "seawall.yaml").write_text(
        f"model: {MODEL}\nsource: {{type: file, path: data.jsonl}}\nreference: ./reference\n"
    )

    def from_file(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        config = load(tmp_path / "seawall.yaml", secrets=False)
        return build_from_file(str(path), config.models_resolved()[MODEL], config.format.type)

    return from_file


def test_a_table_and_json_lines_of_the_same_rows_count_alike(from_file):
    records = applicants()
    for record in records:
        record["features"]["note"] = 'says "hello,\nworld"' if record["features"]["age"] else "quiet"
    from_json, _ = from_file("data.jsonl", b"\n".join(lines(records)))
    from_table, _ = from_file("data.csv", _as_table(records))
    assert from_table.counts.tolist() == from_json.counts.tolist()
    assert from_table.layout.detectors == from_json.layout.detectors
    assert [f.type for f in from_table.schema.features] == [f.type for f in from_json.schema.features]
    assert (from_table.first, from_table.last) == (from_json.first, from_json.last)
    assert from_table.design_effects == from_json.design_effects


def test_a_packed_file_gives_the_same_reference(from_file):
    content = b"\n".join(lines(applicants()))
    plain, _ = from_file("data.jsonl", content)
    packed, provenance = from_file("data.jsonl.gz", gzip.compress(content))
    assert packed.digest == plain.digest
    assert provenance["rows"] == 2_000
    assert provenance["source"].endswith("/data.jsonl.gz")


def test_the_same_records_give_the_same_digest(reference):
    assert built(applicants()).digest == reference.digest


def test_blocks_make_no_difference(reference):
    block = messages(lines(applicants()))
    for size in (1, 7, 2_000):
        blocks = [block[i : i + size] for i in range(0, len(block), size)]
        again = build(lambda blocks=blocks: blocks, model=MODEL, options={}, from_table=False)
        assert again.digest == reference.digest


def test_every_bin_holds_as_many_records_as_a_bin_needs(reference):
    values = [s for s, _ in reference.signals if s.kind == "values"]
    assert {s.name for s in values} >= {"feature.income", "feature.age", "feature.region", "prediction", "confidence"}
    for signal in values:
        gathered = _gathered(reference, signal.name)
        assert min(gathered.values()) >= THIN, signal.name
        assert len(gathered) == len(signal.bins) >= 2


@pytest.mark.parametrize("rows", [500, 501, 799, 800, 5_000])
def test_bins_are_as_thick_whatever_the_number_of_records(rows):
    reference = built(applicants(rows))
    for signal in (s for s, _ in reference.signals if s.kind == "values"):
        assert min(_gathered(reference, signal.name).values()) >= THIN, signal.name


def test_records_are_counted_once_for_each_detector(reference):
    assert reference.counts[RECORDS] == reference.rows == 2_000
    for detector, start in zip(reference.layout.detectors, reference.layout.starts, strict=True):
        rows = 1_300 if isinstance(detector, Joint | CategoryBins) else 2_000  # the others are what chose these
        assert reference.counts[start : start + detector.cells].sum() == rows


WANTED = "a reference wants 500 at least (10,000 see shifts of 0.1)"


@pytest.mark.parametrize(
    ("rows", "words"), [(0, "0 usable records"), (1, "1 usable record"), (499, "499 usable records")]
)
def test_fewer_than_500_records_are_refused(rows, words):
    with pytest.raises(BadReference) as refused:
        built(applicants(rows))
    advice = "Give more, or let `seawall run` learn them from live traffic (reference.learn)"
    assert str(refused.value) == f"{words} of model m, {WANTED}. {advice}"


def test_why_there_are_too_few_is_said():
    others = [record | {"model": "another"} for record in applicants(300)]
    with pytest.raises(BadReference) as refused:
        built([*others, *applicants(499), b"{", b"[]"])
    assert str(refused.value) == (
        f"499 usable records of model m, {WANTED}; "
        "300 name another model (is `model` right?); 2 could not be used (first: not_json: Expecting property name "
        "enclosed in double quotes: line 1 column 2 (char 1))"
    )


def test_times_in_milliseconds_are_said_plainly():
    records = [record | {"time": record["time"] * 1000} for record in applicants(600)]
    with pytest.raises(BadReference) as refused:
        built(records)
    assert str(refused.value) == (
        "0 usable records of model m, a reference wants 500 at least (10,000 see shifts of 0.1); 600 could not be used "
        "(first: bad_time: time is outside 1970 to 3000 (milliseconds where seconds were expected?))"
    )


def test_unusable_records_are_counted_as_such(reference):
    records = [*applicants(), b"{", b'{"features": 1}', json.dumps({"features": {}, "time": "soon"}).encode()]
    with_them = built(records)
    assert with_them.counts[DEAD] == 3
    assert with_them.rows == reference.rows


def test_records_of_other_models_are_left_out(reference):
    others = [record | {"model": "another"} for record in applicants(700, seed=9)]
    named = [record | {"model": MODEL} for record in applicants()]
    mixed = built([*others, *named])
    assert mixed.counts.tolist() == reference.counts.tolist()


def test_the_time_range_is_that_of_the_records(reference):
    assert (reference.first, reference.last) == (1_756_684_800_000, 1_756_684_999_900)


def test_records_out_of_order_are_put_in_order_before_dependence_is_measured():
    draw = np.random.default_rng(1)
    records = timed([{"x": float(x)} for x in np.repeat(draw.normal(size=500), 10)])
    assert built(records).design_effects["feature.x"] > 5
    shuffled = [records[i] for i in draw.permutation(len(records)).tolist()]
    assert built(shuffled).design_effects == built(records).design_effects


def test_without_times_the_order_of_the_records_counts():
    draw = np.random.default_rng(1)
    untimed = [{"features": {"x": float(x)}} for x in np.repeat(draw.normal(size=500), 10)]
    reference = built(untimed)
    assert reference.design_effects["feature.x"] > 5
    assert (reference.first, reference.last) == (None, None)


def test_dependence_that_reaches_further_than_the_records_show_is_told_and_kept(tmp_path):
    draw = np.random.default_rng(1)
    far = built(timed([{"x": float(x)} for x in np.repeat(draw.normal(size=100), 50)]))
    near = built(timed([{"x": float(x)} for x in np.repeat(draw.normal(size=2_500), 2)]))
    assert (far.growing, near.growing) == (("feature.x",), ())
    line = "dependence reaches further than these records show: x. Build it from a longer time"
    assert (line in cautions(far), line in cautions(near)) == (True, False)
    store = Store(tmp_path)
    store.save(far, {})
    assert store.load(far.digest).growing == far.growing


def test_a_single_record_without_a_time_leaves_the_order_to_the_file():
    records = applicants()
    del records[1000]["time"]
    assert built(records).first is None


def test_levels_that_came_once_foretell_new_ones():
    draw = np.random.default_rng(1)
    shops = [f"shop {n}" for n in draw.zipf(1.5, 4_000).clip(0, 10**6).tolist()]
    once = sum(shops.count(shop) == 1 for shop in set(shops))
    assert once > 100
    reference = built([{"features": {"shop": shop}} for shop in shops])
    new = ceil(0.65 * once)  # as many as are to be expected among the records that are counted
    assert _gathered(reference, "quality.unseen.shop") == {"others": 2_600 - new, "never seen before": new}


def test_levels_too_many_to_know_are_all_other_ones():
    shops = [f"shop {n}" for n in range(6_000)] + ["mall"] * 6_000
    records = [{"features": {"shop": shop}} for shop in shops]
    reference = built(records, {"shop": FeatureOptions(type="categorical")})
    in_mall, elsewhere = (sum(not chooses(row) for row in range(start, start + 6_000)) for start in (6_000, 0))
    assert _gathered(reference, "feature.shop") == {"mall": in_mall, "other": elsewhere}
    assert "quality.unseen.shop" not in {s.name for s, _ in reference.signals}


def test_limits_of_the_configuration_are_those_of_the_range():
    reference = built(applicants(), {"income": FeatureOptions(min=-1.0, max=2.0)})
    edges = next(d.edges for d in reference.layout.detectors if getattr(d, "column", "") == "feature.income")
    assert (edges[0], edges[-1]) == (-1.0, 2.0)
    incomes = [record["features"]["income"] for record in applicants()]
    below = sum(income < -1 for income in incomes)
    assert _gathered(reference, "quality.below.income") == {"others": 2_000 - below, "below the accepted range": below}


def test_a_column_with_limits_is_a_number():
    records = [{"features": {"x": value}} for value in [0.5, 1.5, 2.5, "N/A"] * 200]
    reference = built(records, {"x": FeatureOptions(min=0)})
    assert reference.schema.features[0].type == "numeric"
    assert _gathered(reference, "quality.type.x")["not a number"] == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (FeatureOptions(min=100), "features.income: no value of these records lies above min 100"),
        (FeatureOptions(max=-100), "features.income: no value of these records lies below max -100"),
        (
            FeatureOptions(min=50, max=60),
            "features.income: no value of these records lies above min 50 and below max 60",
        ),
    ],
)
def test_limits_that_hold_no_value_are_refused(options, words):
    with pytest.raises(BadReference) as refused:
        built(applicants(), {"income": options})
    assert str(refused.value) == words


def test_an_option_for_a_feature_that_no_record_has_is_refused():
    with pytest.raises(BadReference) as refused:
        built(applicants(), {"incme": FeatureOptions()})
    assert str(refused.value) == (
        "features.incme: none of these records has such a feature. "
        "They have: income, age, children, region, home_owner, country, customer_id"
    )


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([{"id": f"u-{i}", "n": i} for i in range(600)], "id: 600 distinct values, like an id; n: grows from record"),
        ([{}] * 600, "They have no features"),
    ],
)
def test_records_of_which_nothing_can_be_watched_are_refused_with_the_reason(features, words):
    with pytest.raises(BadReference, match=f"nothing in these records can be watched. {words}"):
        built(timed(features))


def test_a_prediction_alone_can_be_watched():
    assert built(timed([{}] * 600, prediction=["yes"] * 600)).rows == 600


def test_an_ignored_feature_is_set_aside():
    reference = built(applicants(), {"income": FeatureOptions(ignore=True)})
    assert reference.schema.named("income").why == "ignored by the configuration"
    assert not [s for s, _ in reference.signals if s.name.endswith("income")]


def test_thousands_of_names_are_refused():
    records = [{"features": {f"user_{i}": 1}} for i in range(6_000)]
    with pytest.raises(BadReference, match=r"^more than 5,000 different names of features or scores: what changes"):
        built(records)
