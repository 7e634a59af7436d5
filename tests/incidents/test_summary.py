"""The headline, word for word: what somebody reads first at 3 a.m."""

from __future__ import annotations

import pytest
from incident_findings import points, told, w
from msgspec.structs import replace

from monitor.incidents.summary import ranked, subject, summarise
from monitor.types import Effect, SignalChange
from sinks.signals import name


def missing(name, share):
    return told(f"quality.missing.{name}", "missing", points(100 * share), ("missing", 0.0, share))


def at(level, change):
    return replace(change, given="tenant", level=level)


HEADLINES = [
    (
        [
            told("performance.calibration", "more of wrong at confidence below 0.5", w(0.6)),
            told("performance.error", "of labelled predictions wrong", points(12), ("wrong", 0.03, 0.15)),
        ],
        "error: 15 % of labelled predictions wrong",
    ),
    ([told("feature.income", "shifted up", w(0.31))], "income shifted up"),
    (
        [told("joint.pair.income+amount", "no longer move together", w(0.9))],
        "income and amount no longer move together",
    ),
    (
        [told("joint.pair.a+b", "go together less", w(0.4)), told("joint.pair.c+d", "go together less", w(0.3))],
        "a and b go together less; 1 more pair moved",
    ),
    ([told("joint.distance", "farther from usual", w(0.4))], "combinations of features: farther from usual"),
    (
        [told("joint.pair.income+amount", "move together less", w(0.9)), told("feature.income", "shifted up", w(0.2))],
        "income shifted up",
    ),
    (
        [told("joint.pair.income+amount", "move together less", w(0.9)), told("feature.age", "shifted up", w(0.05))],
        "income and amount move together less",
    ),
    ([at("t07", told("feature.income", "shifted up", w(0.31)))], "income shifted up for tenant t07"),
    ([at("missing", missing("income", 0.2))], "income: 20 % missing where tenant is missing"),
    (
        [at("t07", told(f"feature.{name}", "shifted up", w(0.3))) for name in ("a", "b")],
        "2 features shifted up for tenant t07: a, b",
    ),
    (
        [at(level, told(f"feature.{level}", "shifted up", w(0.3))) for level in ("a", "b")],
        "2 features shifted up: a, b",
    ),
    ([told("feature.channel", "more of web", w(0.2))], "channel: more of web"),
    ([told("feature.amount", "heavier upper tail", w(0.2))], "amount: heavier upper tail"),
    ([missing("income", 0.0423)], "income: 4.2 % missing"),
    (
        [missing(f"pixel_5_{i}", 1.0) for i in range(8)],
        "8 features missing: pixel_5_0, pixel_5_1, pixel_5_2 and 5 more",
    ),
    (
        [told("quality.above.amount", "above the accepted range", points(97), ("above the accepted range", 0.0, 0.97))],
        "amount: 97 % of values above the accepted range",
    ),
    (
        [told("quality.unseen.country", "in categories never seen before", points(3), ("unseen", 0.0, 0.031))],
        "country: 3.1 % in categories never seen before",
    ),
    (
        [
            told(
                "quality.schema",
                "with absent or unknown features",
                points(100),
                ("absent or unknown features", 0.0, 1.0),
                ("absent: income", 0.0, 1.0),
                ("unknown: incme", 0.0, 1.0),
            )
        ],
        "schema changed: absent: income, unknown: incme",
    ),
    (
        [told("quality.late", "too late to count", points(12), ("too late", 0.0, 0.12))],
        "records: 12 % too late to count",
    ),
    ([told("quality.dead_letters", "unusable", points(40), ("unusable", 0.0, 0.4))], "records: 40 % unusable"),
    ([told("prediction", "more of approve", w(0.2))], "prediction: more of approve"),
    (
        [told("score.yes", "shifted up", w(0.4)), told("score.no", "shifted down", w(0.4))],
        "2 outputs moved: score of no, score of yes",
    ),
    (
        [told(f"feature.f{i}", "spread out", w(0.2)) for i in range(14)],
        "14 features spread out: f0, f1, f10 and 11 more",
    ),
    (
        [told(f"feature.f{i}", "shifted up" if i else "narrowed", w(0.2)) for i in range(3)],
        "3 features moved, most shifted up: f0, f1, f2",
    ),
    ([told(f"feature.f{i}", "more of yes", w(0.2)) for i in range(2)], "2 features moved: f0, f1"),
    ([told("latency", "shifted up", w(0.5))], "latency shifted up"),
    (
        [
            SignalChange("feature.income.ADWIN", "features", None, Effect(), "ADWIN raised an alarm"),
            told("feature.income", "shifted up", w(0.2)),
        ],
        "income shifted up",
    ),
    ([told("quality.check.parts", "failing", points(8), ("failing", 0.0, 0.08))], "parts: 8 % failing"),
    (
        [SignalChange("quality.freshness", "quality", None, Effect(), "no records read for 10 min")],
        "no records read for 10 min",
    ),
]


@pytest.mark.parametrize(("signals", "headline"), HEADLINES, ids=[headline for _, headline in HEADLINES])
def test_headline(signals, headline):
    assert summarise(ranked(signals)) == headline


@pytest.mark.parametrize(
    ("signals", "headline"),
    [
        ([missing("income", 0.0423)], "income missing"),
        ([told("quality.late", "too late to count", points(12), ("too late", 0.0, 0.12))], "records too late to count"),
        ([at("t07", told("feature.income", "shifted up", w(0.31)))], "income shifted up for tenant t07"),
        ([told("feature.channel", "more of web", w(0.2))], "channel: more of web"),
        (
            [told("shadow.noise.0.4", "of answers flip", points(20), ("flips", 0.04, 0.24))],
            "noise of 0.4 sd: answers flip",
        ),
        (
            [told("performance.error", "of predictions wrong", points(12), ("wrong", 0.03, 0.15))],
            "error: predictions wrong",
        ),
        *(
            ([SignalChange("quality.freshness", "quality", None, Effect(), said)], "no records read")
            for said in (
                "no records read for 10 min",
                "no records read for 30 s: the topic is read to its end; producer down?",
                "no records read for 23 s (Kafka at b:9092 has not answered for 23 s; trying again all the time)",
            )
        ),
        (
            [SignalChange("quality.progress", "quality", None, Effect(), "judging waits: partition t/0")],
            "judging waits",
        ),
    ],
)
def test_what_is_over_is_named_without_what_no_longer_holds(signals, headline):
    assert summarise(signals, over=True) == headline


def test_a_cause_is_named_before_what_follows_from_it():
    signals = [
        told("prediction", "more of approve", w(0.9)),
        told("feature.income", "shifted up", w(0.4)),
        missing("income", 0.4),
        told("confidence", "shifted down", w(0.05)),
    ]
    order = [s.signal for s in ranked(signals)]
    assert order == ["quality.missing.income", "feature.income", "prediction", "confidence"]
    assert summarise(ranked(signals)) == "income: 40 % missing"


def test_a_changed_schema_is_named_before_what_is_missing_because_of_it():
    schema = told("quality.schema", "with absent or unknown features", points(100), ("absent or unknown", 0.0, 1.0))
    signals = [missing("income", 1.0), missing("age", 1.0), schema]
    assert summarise(ranked(signals)) == "records: 100 % with absent or unknown features"


def test_the_gravest_is_named_first_whatever_it_is():
    signals = [missing("income", 0.002), told("prediction", "more of approve", w(0.4))]
    assert summarise(ranked(signals)) == "prediction: more of approve"


def test_the_order_in_which_signals_came_does_not_matter():
    signals = [told(f"feature.f{i}", "shifted up", w(0.1 + i / 50)) for i in range(9)]
    assert ranked(signals) == ranked(signals[::-1])


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("feature.a.b", "a.b"),
        ("quality.missing.a.b", "a.b"),
        ("quality.late", "records"),
        ("score.yes", "score of yes"),
        ("prediction", "prediction"),
        ("confidence", "confidence"),
    ],
)
def test_what_a_signal_is_about(signal, words):
    assert subject(signal) == words


@pytest.mark.parametrize("signal", ["feature.", "quality.missing.", "quality.unseen."])
def test_a_feature_without_a_name_is_shown_as_one(signal):
    assert subject(signal) == '""'
    assert name(SignalChange(signal, "features", 7.0, Effect(), "shifted up")) == '""'
