"""Whole lives of a process that asks: what it asks, tells and remembers."""

from __future__ import annotations

import json
import threading
from collections import Counter
from random import Random

import pytest
from labels_world import Log
from shadow_world import MODEL, REQUESTS, SHADOW, START, messages, model
from structlog.testing import capture_logs

from monitor.assembly import running, watched_models
from monitor.config.loading import load
from monitor.counting.sampling import digest, key_of
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.shadow.answers import ANSWERS
from monitor.shadow.endpoint import Unanswered

DAY = 86_400_000


class Failing:
    """An endpoint that answers nothing that can be used."""

    def ask(self, rows):
        raise Unanswered("server_error", "the endpoint answered 503")

    def close(self):
        """Nothing to let go of."""


@pytest.fixture
def asked(configured):
    """Return a function that runs a process to the end of its requests; it returns the pipeline and what it counted."""

    def run(endpoint, shadow=SHADOW, since=0, leaps=(), **settings):
        path = configured(shadow, **settings)
        config = load(path, secrets=False)
        config.state_dir.mkdir(exist_ok=True)
        metrics = Metrics("0")
        pipeline = running(
            config,
            watched_models(config, str(path)),
            Health(0.0),
            metrics,
            stopping=threading.Event(),
            source=Log({REQUESTS: messages(since + 3_000, 9)}, Random(1), most=100),
            endpoints={MODEL: endpoint},
        )
        ticks = iter(range(10**9))
        pipeline.clock = lambda: Now(0.4 * (tick := next(ticks)), START + 400 * tick + DAY * (tick in leaps))
        for side in pipeline.parts.sides:
            side.clock = pipeline.clock
        pipeline.run()
        counted = Counter()
        for sample in metrics.shadow.collect()[0].samples:
            counted[sample.labels["outcome"]] += int(sample.value)
        return pipeline, counted

    return run


def test_an_endpoint_that_fails_for_long_is_told_and_nothing_else_suffers(asked, told):
    pipeline, counted = asked(Failing(), freshness="2s")
    (opened, *_) = [event for event in told() if event["signals"][0]["signal"] == "quality.shadow"]
    assert opened["severity"] == "error"
    assert opened["summary"].startswith("no shadow answers for")
    assert "the endpoint answered 503" in opened["summary"]
    assert pipeline.parts.models[0].judge.records == 3_000
    assert (+counted).keys() <= {"server_error", "dropped", "over_budget"}


def test_the_last_line_says_how_many_records_were_chosen_and_what_came_of_them(asked):
    with capture_logs() as lines:
        asked(model(), SHADOW | {"budget": {"per_second": 3, "per_day": 30}})
    (line,) = [line for line in lines if line["event"] == "shadow checks ended"]
    assert line["records_chosen"] == 3_000
    assert line["answered"] + line["over_budget"] == 3_000
    assert line["answered"] == 10  # 30 queries, three a record


def test_what_is_answered_is_judged_in_the_end(asked, told):
    pipeline, counted = asked(model())
    assert pipeline.parts.models[0].shadow.judge.records == counted["answered"] > 100
    assert told() == []


@pytest.mark.parametrize("leaps", [range(50, 90), range(90)])
def test_a_clock_that_leaps_a_day_ahead_and_back_costs_no_answer(asked, told, leaps):
    pipeline, counted = asked(model(), leaps=leaps)
    assert pipeline.parts.models[0].shadow.judge.records == counted["answered"] > 100
    assert pipeline.parts.sides[0].counts.late == 0
    assert told() == []


def test_the_days_budget_outlives_the_process(asked, tmp_path):
    shadow = SHADOW | {"budget": {"per_second": 100_000, "per_day": 30}}
    _, counted = asked(model(), shadow)
    assert counted["answered"] == 30
    _, counted = asked(model(), shadow, since=3_000)
    assert counted["answered"] == 0
    assert counted["over_budget"] > 0
    assert len((tmp_path / "state" / "answers.jsonl").read_text().splitlines()) == 30


def test_answers_are_written_under_ids_hashed_with_the_secret(asked, tmp_path):
    asked(model(), privacy={"hash_key": "0123456789abcdef"})
    lines = (tmp_path / "state" / ANSWERS).read_text().splitlines()
    key = key_of(b"0123456789abcdef")
    names = {json.loads(message.value)["id"] for message in messages(3_000, 9)}
    assert {json.loads(line)["id"] for line in lines} <= {digest(name, key).hex() for name in names}
    assert len(lines) > 10
