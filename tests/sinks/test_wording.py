"""What a person reads, word for word."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_events import HUGE, MISSING, RESOLVED, SHIFT, UPDATED

from monitor.types import BinShift, Effect, SignalChange
from sinks.blocks import blocks
from sinks.pagerduty import event_of
from sinks.signals import bin_name, change, look_first, name, size
from sinks.sink import event_line
from sinks.stdout import in_words
from sinks.text import both, lasting, moment, one_in, percent, plain
from sinks.wording import headline, lasted, message, since


def words(event):
    return in_words(event, colours=False, width=110)


def test_a_feature_shift():
    assert (
        words(SHIFT)
        == """\
▲ error · credit-risk v7 · income shifted up
  Since 2026-01-01 14:05 UTC (55 min, 1,238 requests) income shifted up: 21 % of values in 5.1–6.0, accepted
  5 %; 11 % of values ≥ 6.0, accepted 5 %.
  Size        0.31 (0.3 is medium), 95 % interval 0.14–0.52
  How sure    evidence 1 : 16,000,000, within the false-alarm budget
  Also        prediction follows (w 0.14; approve 71 %, accepted 64 %)
  Look first  at the source of income (unit, default, join), then whether the users changed
  Runbook     https://runbooks.example/credit-risk?signal=feature.income&team=risk
  inc_4k2f · compared with reference 3f9c1a2b77aa"""
    )


def test_eight_missing_features_under_a_reference_nobody_accepted():
    assert (
        words(MISSING)
        == """\
▲ error · digits v2 · 8 features missing: pixel_5_0, pixel_5_1, pixel_5_2 and 5 more
  Since 2026-01-01 00:00:30 UTC (20 s, 1,238 requests) 8 features missing (pixel_5_0: 100 %, accepted 0 %).
  Size        100 percentage points above the accepted share, 95 % interval 99.2–100 (pixel_5_0); the others
              100 points
  How sure    evidence 1 : 1,300,000,000, within the false-alarm budget
  Note        Nobody accepted this reference yet: it was learned from the first 20,000 records.
  Look first  at the job or service that fills them
  inc_9d1c · compared with reference 77aa00112233"""
    )


def test_scores_that_are_gone_are_said_to_be_missing():
    gone = SignalChange(
        "quality.missing.scores", "quality", 9.0, Effect(points=100.0), "missing", (BinShift("missing", 0.0, 1.0),)
    )
    assert change([gone]) == "scores missing: 100 %, accepted 0 %"
    assert look_first([gone]) == "at the job or service that fills scores"


def test_one_of_a_thing_is_said_as_one():
    one = replace(SHIFT, records=SHIFT.since_records + 1)
    assert "(55 min, 1 request)" in message(one).story
    assert "(55 min, 1 label)" in message(replace(one, signals=(replace(one.signals[0], group="labels"),))).story
    five = (*SHIFT.signals, *(replace(SHIFT.signals[1], signal=name) for name in ("latency", "joint", "anomaly")))
    assert dict(message(replace(SHIFT, signals=five)).facts)["Also"].endswith("; 1 more signal")


def test_the_end_of_an_incident():
    assert (
        words(RESOLVED)
        == """\
✓ resolved · credit-risk v7 · income shifted up
  Lasted 2 h 15 min, 2026-01-01 14:05 to 16:20 UTC (69,988 requests).
  Runbook     https://runbooks.example/credit-risk?signal=feature.income&team=risk
  inc_4k2f · compared with reference 3f9c1a2b77aa"""
    )


def test_an_update_says_that_it_is_still_open():
    assert headline(UPDATED) == "↺ critical, still open · credit-risk v7 · income shifted up"


def test_an_update_that_is_graver_says_what_it_was():
    graver = replace(UPDATED, severity="error", notes=("now error, was warning", "new: age shifted down"))
    assert headline(graver) == "↺ now error, was warning · credit-risk v7 · income shifted up"
    assert message(graver).notes == ("new: age shifted down",)


RELEASED = replace(SHIFT, notes=("model version 7 began at 2026-01-01T13:58:00Z: look at that release first",))


def test_a_release_is_looked_at_before_the_usual_place_and_not_instead_of_it():
    assert message(RELEASED).notes == ("model version 7 began at 13:58 UTC",)
    assert message(RELEASED).look_first == (
        "at that release, then at the source of income (unit, default, join), then whether the users changed"
    )


def test_what_is_over_asks_nobody_to_look_anywhere():
    over = message(replace(RELEASED, event="resolved"))
    assert (over.notes, over.look_first) == (("model version 7 began at 13:58 UTC",), None)


def test_a_date_stands_once_and_again_only_where_it_is_another():
    night = {"since": "2025-12-31T23:50:00Z", "time": "2026-01-01T01:00:00Z", "records": None}
    leads = (replace(SHIFT.signals[0], since=None),)
    noted = replace(
        SHIFT, **night, signals=leads, notes=("began at 2025-12-31T23:48:00Z", "began at 2026-01-01T00:10:00Z")
    )
    assert since(noted) == "Since 2025-12-31 23:50 UTC (1 h 10 min)"
    assert message(noted).notes == ("began at 23:48 UTC", "began at 2026-01-01 00:10 UTC")
    assert lasted(noted) == "Lasted 1 h 10 min, 2025-12-31 23:50 to 2026-01-01 01:00 UTC."


def test_what_is_unset_is_left_out():
    silent = replace(
        SHIFT, signals=(), version=None, since=None, since_records=None, records=None, reference=None, runbook=None,
        summary="no records for 10 min", severity="critical",
    )  # fmt: skip
    assert (
        words(silent)
        == """\
▲ critical · credit-risk · no records for 10 min
  At 2026-01-01 15:00 UTC no records for 10 min.
  inc_4k2f"""
    )


def test_a_condition_is_told_in_its_own_sentence():
    said = "no records read for 10 min (the broker at kafka:9092 cannot be reached)"
    silence = SignalChange("quality.freshness", "quality", None, Effect(), said)
    assert message(replace(SHIFT, signals=(silence,))).story == f"Since 2026-01-01 14:05 UTC (55 min) {said}."


def test_a_question_ends_as_one():
    said = "no records read for 30 s: the topic is read to its end; producer down?"
    silence = SignalChange("quality.freshness", "quality", None, Effect(), said)
    opened = replace(SHIFT, summary=said, signals=(silence,))
    assert message(opened).story.endswith("producer down?")
    assert headline(opened).endswith("producer down?")


def test_what_is_told_beside_the_first_has_its_size_too():
    more = [
        replace(SHIFT.signals[0], signal=f"feature.{n}", effect=Effect(w=w)) for n, w in (("age", 0.12), ("rent", 0.22))
    ]
    beside = replace(
        SHIFT, signals=(MISSING.signals[0], *more, SHIFT.signals[1], replace(MISSING.signals[1], shape="x"))
    )
    assert dict(message(beside).facts)["Also"] == (
        "age and rent shifted up (w 0.12–0.22); prediction follows (w 0.14; approve 71 %, accepted 64 %); "
        "pixel_5_1 x (100 % missing, accepted 0 %)"
    )
    led = message(replace(SHIFT, signals=(SHIFT.signals[0], *more)))
    assert dict(led.facts)["Size"].endswith(" (income); the others w 0.12–0.22")


def test_a_few_kinds_of_signals_are_told_and_the_rest_counted():
    others = tuple(replace(SHIFT.signals[0], signal=f"feature.f{i}", shape=f"shape {i % 5}") for i in range(40))
    facts = dict(message(replace(SHIFT, signals=(SHIFT.signals[0], *others))).facts)
    assert facts["Also"] == (
        "f0, f5, f10 and 5 more shape 0 (w 0.31); f1, f6, f11 and 5 more shape 1 (w 0.31); "
        "f2, f7, f12 and 5 more shape 2 (w 0.31); 16 more signals"
    )


def test_nothing_grows_with_the_event():
    said = message(HUGE)
    assert len(said.headline) <= 150
    everything = [said.story, said.origin, *said.notes, *(text for fact in said.facts for text in fact)]
    assert sum(map(len, everything)) < 3_000


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        ("feature.a.b", "a.b"),
        ("quality.missing.a.b", "a.b"),
        ("quality.check.parts", "check parts"),
        ("quality.schema", "records"),
        ("score.yes", "score of yes"),
        ("prediction", "prediction"),
        ("joint.pair.income+amount", "income and amount"),
        ("joint.distance", "combinations of features"),
        ("joint.residual", "relations between features"),
        ("joint.CVMDriftOnline", "joint CVMDriftOnline"),
        ("anomaly.knn", "unusual records"),
        ("shadow.noise.0.2", "noise of 0.2 sd"),
    ],
)
def test_signals_have_names_a_person_knows(signal, expected):
    assert name(replace(SHIFT.signals[0], signal=signal)) == expected


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Effect(w=0.02), "0.02 (0.1 is small)"),
        (Effect(w=0.22, low=0.18, high=0.26), "0.22 (0.1 is small, 0.3 medium), 95 % interval 0.18–0.26"),
        (Effect(w=0.4, low=0.3, high=0.5), "0.40 (0.3 is medium, 0.5 large), 95 % interval 0.30–0.50"),
        (Effect(w=1.7), "1.70 (0.5 is large)"),
        (
            Effect(points=4.2, low=3.8, high=4.6),
            "4.2 percentage points above the accepted share, 95 % interval 3.8–4.6",
        ),
        (
            Effect(points=0.3, low=-0.1, high=0.7),
            "0.3 percentage points above the accepted share, 95 % interval -0.1 to 0.7",
        ),
        (Effect(points=-2, low=-3, high=-1), "2 percentage points below the accepted share, 95 % interval 1–3"),
        (Effect(), None),
    ],
)
def test_a_size_says_what_it_is_measured_by(effect, expected):
    assert size(effect) == expected


@pytest.mark.parametrize(
    ("shift", "points", "expected"),
    [
        (BinShift("[-3, 5)", 0.05, 0.21), None, "x moved: 21 % of values in -3 to 5, accepted 5 %"),
        (BinShift("< 3", 0.05, 0.21), None, "x moved: 21 % of values below 3, accepted 5 %"),
        (BinShift("[1,200, 3,400)", 0.2, 0.4), None, "x moved: 40 % of values in 1,200–3,400, accepted 20 %"),
        (BinShift("7", 0.1, 0.2), None, "x moved: 20 % are 7, accepted 10 %"),
        (BinShift("a or b", 0.1, 0.2), None, 'x moved: "a or b" 20 %, accepted 10 %'),
        (BinShift("not a number", 0.0, 0.02), 2.0, "x moved: 2 % not a number, accepted 0 %"),
    ],
)
def test_a_bin_is_named_as_what_it_holds(shift, points, expected):
    assert change([SignalChange("feature.x", "features", 1.0, Effect(points=points), "moved", (shift,))]) == expected


def test_where_to_look_first_depends_on_what_leads():
    assert look_first([MISSING.signals[0]]) == "at the job or service that fills pixel_5_0"
    assert look_first(MISSING.signals) == "at the job or service that fills them"
    several = [replace(SHIFT.signals[0], signal=f"feature.f{i}") for i in range(2)]
    assert look_first(several) == "at the source of them (unit, default, join), then whether the users changed"
    assert look_first([replace(SHIFT.signals[0], signal="new.kind")]) is None


def test_numbers_and_times_are_a_persons():
    assert [lasting(s) for s in (0.5, 50, 3_300, 12_000, 7_200, 187_200)] == [
        "0.5 s", "50 s", "55 min", "3 h 20 min", "2 h", "2 d 4 h",
    ]  # fmt: skip
    assert moment("2026-01-01T14:05:00Z") == "2026-01-01 14:05"
    assert moment("2026-01-01T14:05:00Z", "2026-01-01T15:00:00Z") == "14:05"
    assert moment("2025-12-31T14:05:10Z", "2026-01-01T15:00:00Z", seconds=True) == "2025-12-31 14:05:10"
    assert [one_in(e) for e in (0, 2.5, 7.2, 31.7, 4_000)] == [
        "1 : 1",
        "1 : 320",
        "1 : 16,000,000",
        "1 : 10^31",
        "over 1 : 10^100",
    ]
    assert [percent(p) for p in (0, 0.05, 0.214, 1, 0.0003, 1e-9)] == [
        "0 %",
        "5 %",
        "21 %",
        "100 %",
        "0.03 %",
        "under 0.01 %",
    ]
    assert both(0.214, 0.206) == ("21.4 %", "20.6 %")


@given(st.text(max_size=60), st.integers(2, 40))
def test_foreign_text_is_always_printable_and_short(text, limit):
    shown = plain(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert bin_name(text).isprintable()


@given(st.text(max_size=40), st.sampled_from(["feature.", "quality.", "quality.missing.", "score.", ""]))
def test_no_name_can_keep_a_message_from_being_written(text, prefix):
    shift = replace(SHIFT.signals[0], signal=prefix + text, shape=text, bins=(BinShift(text, 0.0, 1.0),) * 2)
    crafted = replace(
        SHIFT, model=text, version=text, summary=text, reference=text, signals=(shift, shift), notes=(text,)
    )
    for event in (crafted, replace(crafted, event="resolved", notes=("began at 2026-99-99T99:99:99Z",))):
        assert all(line.isprintable() for line in in_words(event, colours=False, width=80).split("\n"))
        assert blocks(event)
        assert event_of(event)["dedup_key"] == SHIFT.incident
        assert json.loads(event_line(event))["model"] == text


def test_what_it_is_compared_within_is_said():
    (first, *rest) = SHIFT.signals
    told = message(replace(SHIFT, signals=(replace(first, given="hour of the day"), *rest)))
    assert dict(told.facts)["Compared"] == "with what was accepted for the same hour of the day (UTC)"
    assert "Compared" not in dict(message(SHIFT).facts)
