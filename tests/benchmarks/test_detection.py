"""The published comparison in small: the same streams and detectors, a few thousand records of each."""

from __future__ import annotations

import re
from math import inf

import numpy as np
import pytest

from benchmarks.detection import measure, published, real
from benchmarks.detection.columns import Alarm, Columns
from benchmarks.detection.jobs import EFFORTS, TUNED, Job, jobs, made
from benchmarks.detection.page import write
from benchmarks.detection.run import carry_all_out, known
from benchmarks.detection.streams import DRIFTS, drifted, stationary
from benchmarks.detection.tables import measured

PEERS = ["always", "never", "ADWIN", "ADWIN, scaled", "PageHinkley", "KS, Bonferroni", "PSI > 0.1"]


@pytest.fixture(scope="module")
def accepted():
    return measure.accepted_of(0)


@pytest.fixture(scope="module")
def late(accepted):
    """Return the delay of a detector at a drift."""

    def late(name, drift):
        return measure.delay(made(name), accepted, DRIFTS[drift], 0)

    return late


def test_a_stream_is_the_same_for_everybody_who_draws_it():
    one, two = stationary(500, 7), stationary(500, 7)
    assert all(np.array_equal(one.numbers[name], two.numbers[name], equal_nan=True) for name in one.numbers)
    assert all(np.array_equal(one.levels[name], two.levels[name]) for name in one.levels)
    assert len(one.features) == 23
    assert not np.array_equal(one.numbers["normal_0"], stationary(500, 8).numbers["normal_0"])


def test_what_drifts_drifts_and_nothing_else():
    for drift in DRIFTS.values():
        changed = drifted(drift, 5)
        same = stationary(len(changed), 5)
        columns = [*changed.numbers.items(), *changed.levels.items()]
        plain = same.numbers | same.levels
        moved = {name for name, values in columns if not np.array_equal(values, plain[name], equal_nan=True)}
        assert moved <= set(drift.features)
        assert moved
    more = drifted(DRIFTS["of 20"], 5).levels["twenty"]
    assert (more == 10).mean() == pytest.approx(0.08, abs=0.01)


def test_a_correlation_that_flips_leaves_each_feature_as_it_is():
    before, after = stationary(10_000, 5).numbers, drifted(DRIFTS["correlation"], 5).numbers
    first, second = (np.corrcoef(each["normal_0"], each["normal_1"])[0, 1] for each in (before, after))
    assert (first, second) == (pytest.approx(0.7, abs=0.02), pytest.approx(-0.7, abs=0.02))
    assert after["normal_1"].std() == pytest.approx(1, abs=0.02)


def test_ours_is_quiet_where_adwin_and_page_hinkley_are_not(accepted):
    alarms = {name: measure.quiet(made(name), accepted, 0, 25_000)["alarms"] for name in ("Seawall", "ADWIN")}
    alarms["PageHinkley"] = measure.quiet(made("PageHinkley"), accepted, 0, 5_000)["alarms"]
    assert alarms["Seawall"] == 0
    assert 0 < alarms["ADWIN"] < alarms["PageHinkley"]


def test_the_two_that_bound_all_do(accepted, late):
    assert measure.quiet(made("always"), accepted, 0, 500)["alarms"] == 500
    assert measure.quiet(made("never"), accepted, 0, 500)["alarms"] == 0
    assert (late("always", "mean 1"), late("never", "mean 1")) == (1, None)


def test_the_larger_a_change_the_sooner_ours_finds_it(late):
    delays = [late("Seawall", drift) for drift in ("mean 1", "mean .5", "mean .25")]
    assert delays == sorted(delays)
    assert delays[-1] < 2_000
    assert late("Seawall", "scale 1.5") < late("Seawall", "scale 1.2") < 2_000


def test_what_is_tolerated_is_told_later(late):
    assert late("Seawall", "mean .5") <= late("Seawall, default tolerance", "mean .5") < 1_000


def test_windows_find_a_large_change_at_the_end_of_the_first_and_psi_no_small_one(accepted, late):
    assert late("KS, Bonferroni", "mean .5") == 1_000
    small = drifted(DRIFTS["mean .1"], 2_000_000, first=len(accepted)).part(0, 5_000)
    assert not [alarm for alarm in made("PSI > 0.1").watch(accepted, small) if alarm.about(("normal_2",))]


def test_of_detectors_one_by_one_an_alarm_names_its_feature(accepted):
    live = drifted(DRIFTS["mean 1"], 3).part(0, 500)
    (first, *_) = made("ADWIN, scaled").watch(accepted, live)
    assert first.features == {"normal_2"}
    assert first.about(("normal_2",))
    assert not first.about(("normal_3",))
    assert Alarm(1, frozenset()).about(("normal_3",)), "who does not say which is believed"


def test_intervals_are_those_of_the_books():
    assert measure.rate(0, 1_000_000) == (0.0, 0.0, pytest.approx(3.689, abs=0.001))
    assert measure.rate(10, 2_000_000) == (5.0, pytest.approx(2.398, abs=0.001), pytest.approx(9.195, abs=0.001))
    middle, low, high = measure.quantile([float(k) for k in range(1, 101)], 0.5)
    assert (middle, low < 50 < high) == (50.0, True)
    assert measure.quantile([1.0, None, None], 0.5)[0] == inf


@pytest.mark.parametrize(
    ("stream", "first"),
    [("Waveform", [-0.3502, -1.6266, -1.8967]), ("Sine", [-0.097, 1.0861, 0.1784])],
)
def test_the_published_streams_are_the_published_ones(stream, first):
    columns = published.STREAMS[stream](length=5_010)
    rows = np.column_stack(list(columns.numbers.values()))
    assert rows[0, :3].round(4).tolist() == first
    assert columns.times[published.PERIOD] - columns.times[0] == published.DAY


def test_delays_count_as_in_the_paper():
    alarms = [4_000, 5_003, 5_200, 10_010, 15_000, 15_001]
    scored = published.scored(alarms, 20_000)
    assert scored == {"changes": 3, "found": 3, "delays": [3, 10, 1], "extra": 3}


def test_ours_finds_the_first_changes_of_waveform_and_nothing_else():
    columns = published.waveform(length=10_500)
    scored = published.scored(list(published.renewed(made("Seawall"), columns)), len(columns))
    assert (scored["found"], scored["extra"]) == (2, 0)
    assert max(scored["delays"]) <= 32


def test_without_its_folder_a_real_stream_is_left_out(monkeypatch):
    monkeypatch.delenv(real.FOLDER, raising=False)
    assert [stream.columns() for stream in real.STREAMS] == [None, None, None]


def test_of_a_real_stream_each_incident_is_told_with_what_it_was(monkeypatch):
    columns = Columns({"x": np.concatenate([np.random.default_rng(1).normal(size=4_000), np.full(2_000, 2.0)])})
    columns.times = real.STREAMS[2]._times(6_000)
    stream = real.RealStream("made", "", (), 3_000, None, 4_000, "")
    monkeypatch.setattr(real.RealStream, "columns", lambda _: columns)
    seen = real.seen(made("Seawall, default tolerance"), stream)
    (told,) = seen["incidents"]
    assert (told["signal"], told["until"], seen["before"]) == ("feature.x", None, 0)
    assert 0 < seen["late"] < 100
    assert seen["late"] == told["record"] - 1_000
    assert real.seen(made("KS, Bonferroni"), stream)["late"] == 1_000


def test_what_was_measured_is_not_measured_again(tmp_path):
    kept = {"quiet/never/0": {"found": {"alarms": 9, "records": 9, "features": {}}, "seconds": 0.0}}
    wanted = [Job("quiet", "never", "0"), Job("quiet", "always", "0")]
    carry_all_out(wanted, kept, scale=0.01, path=tmp_path / "r.json", processes=1)
    assert kept["quiet/never/0"]["found"]["alarms"] == 9
    assert kept["quiet/always/0"]["found"]["alarms"] == 10
    assert (tmp_path / "r.json").exists()


def test_every_detector_has_jobs_in_the_parts_that_the_page_compares():
    names, rates = list(EFFORTS), {"ADWIN": 300.0, "ADWIN, scaled": 2.0}
    assert {job.detector for job in jobs("quiet", 3, names, rates)} == set(names)
    assert {job.detector for job in jobs("delays", 3, names, rates)} == set(names)
    assert known({"tuned/Seawall, tuned to ADWIN/64": {"found": 30.0}}) == {"Seawall, tuned to ADWIN/64": 30.0}


def made_up():
    """Return results as a run leaves them."""
    results = {}
    for place, name in enumerate(EFFORTS):
        found = {"alarms": place, "records": 100_000, "features": {}}
        found = {"4": found, "64": found | {"records": 200_000}} if name in TUNED else found
        results[f"quiet/{name}/0"] = {"found": found, "seconds": 1.0}
        delays = dict.fromkeys(DRIFTS, None if name == "never" else 10.0 * (place + 1))
        results[f"delays/{name}/0"] = {"found": delays, "seconds": 1.0}
        for slot, budget in ((4, 400.0), (64, 40.0)) if name in TUNED else ():
            results[f"tuned/{name}/{slot}"] = {"found": budget, "seconds": 1.0}
    waves = {"changes": 30, "found": 29, "delays": [3, 5], "extra": 1}
    results["published/Seawall/Waveform"] = {"found": waves, "seconds": 1.0}
    told = {"time": "1998-01-02T00:00:10Z", "since": "1998-01-01T00:00:00Z", "record": 7, "until": None}
    told |= {"severity": "error", "summary": "x shifted up", "signal": "feature.x", "shape": "shifted up"}
    told |= {"w": 0.4, "points": None, "joined": ["feature.y"]}
    seen = {
        "records": 1_000,
        "alarms": 1,
        "incidents": [told],
        "span": ["1997-01-01T00:00:00Z", "1999-01-01T00:00:00Z"],
    }
    results["real/Seawall, default tolerance/Elec2"] = {"found": seen, "seconds": 1.0}
    return results


def test_the_page_is_made_of_what_was_measured_alone(tmp_path):
    write(made_up(), tmp_path / "one")
    write(made_up(), tmp_path / "two", pictures=False)
    page = (tmp_path / "one/benchmark.md").read_text()
    assert page == (tmp_path / "two/benchmark.md").read_text()
    assert "$" not in page
    assert "| Seawall | 100,000 | 2 | 20 (2.4–72) | 50,000 |" in page
    assert "| Seawall | 29 of 30 | 4.0 (5) | 1 |" in page
    assert "| feature.x, then 1 more | 1998-01-02 00:00 | 1998-01-01 | shifted up | w 0.40 | error |" in page
    assert len(list((tmp_path / "one/pictures").glob("*.png"))) == 4


def test_the_page_shows_that_what_is_tuned_alarms_as_often_as_the_peer_in_slots_of_each_length(tmp_path):
    results = made_up()
    write(results, tmp_path, pictures=False)
    page = (tmp_path / "benchmark.md").read_text()
    assert "| ADWIN | 4 | 400 | 100,000 | 4 | 40 (11–102) | 60 (22–131) |" in page
    assert "| ADWIN | 64 | 40 | 200,000 | 4 | 20 (5.4–51) | 60 (22–131) |" in page
    assert "| Seawall, tuned to ADWIN | 10" not in page, "how often is no one number"


def test_a_tuned_row_stands_at_the_rate_of_the_slots_it_judged_a_drift_in():
    own = measured(made_up())["Seawall, tuned to ADWIN"]
    assert [own.rate_at(drift)[0] for drift in ("mean 1", "mean .5", "mean .1")] == [40.0, 20.0, 20.0]
    assert measured(made_up())["ADWIN"].rate_at("mean 1")[0] == 60.0


def test_the_page_says_why_nothing_is_tuned_to_a_peer_that_did_not_alarm(tmp_path):
    results = made_up()
    results["quiet/ADWIN, scaled/0"]["found"]["alarms"] = 0
    results = {key: each for key, each in results.items() if key.split("/")[1] != "Seawall, tuned to ADWIN, scaled"}
    write(results, tmp_path, pictures=False)
    page = (tmp_path / "benchmark.md").read_text()
    assert "ADWIN, scaled did not alarm once in 100,000 records" in page
    assert "| mean 1 | ADWIN, scaled |" not in page


def test_where_a_peer_is_faster_the_page_says_so_and_why(tmp_path):
    results = made_up()
    results["delays/ADWIN/0"]["found"]["mean .5"] = 4.0
    write(results, tmp_path, pictures=False)
    page = (tmp_path / "benchmark.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith("- **ADWIN**")]
    assert "mean .5 (4, ours 30)" in line
    assert "as fast as it is often wrong" in line


def test_who_is_faster_is_called_more_often_wrong_only_where_the_counts_say_so(tmp_path):
    results = made_up()
    for name, alarms in (("Seawall", 0), ("ADWIN", 0), ("ADWIN, scaled", 40)):
        results[f"quiet/{name}/0"]["found"]["alarms"] = alarms
        results[f"delays/{name}/0"]["found"]["mean .5"] = 30.0 if name == "Seawall" else 4.0
    write(results, tmp_path, pictures=False)
    page = (tmp_path / "benchmark.md").read_text()
    assert "- **ADWIN**, 0 (0–37) false alarms per million records, no more than ours, as far as was measured: " in page
    assert "- **ADWIN, scaled**, 400 (286–545) false alarms per million records, more than ours: " in page


def test_what_too_few_runs_cannot_say_is_left_out(tmp_path):
    results = made_up()
    for run in range(1, 10):
        results[f"delays/KSWIN/{run}"] = {"found": {"mean .5": 100.0 + run}, "seconds": 1.0}
    write(results, tmp_path, pictures=False)
    page = (tmp_path / "benchmark.md").read_text()
    assert "| ADWIN | 70 (–) | – | 0 of 1 |" in page
    assert "| ADWIN | 70 / – | 70 / – | 70 / – | 70 / – |" in page
    assert re.search(r"^\| KSWIN \| 104 \(10\d–10\d\) \| 108 \(10\d–109\) \| 0 of 10 \|$", page, re.MULTILINE)
    assert "| never | missed | – | 1 of 1 |" in page
