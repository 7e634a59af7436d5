"""Records come and none names the watched model: it is blind, and says so."""

from __future__ import annotations

import json

from watching import RECORD, TEN_MINUTES

RENAMED = RECORD.replace(b"credit-risk", b"credit-risk-v2")


def test_a_model_that_no_record_names_any_more_is_told_though_records_come(watch):
    one = watch()
    one.at(0, a=[RECORD])
    for minute in range(1, 10):
        one.at(60 * minute, a=[RENAMED] * 2)
    assert one.events() == []
    assert one.ready().well
    one.at(TEN_MINUTES, a=[RENAMED])
    words = "no record of model credit-risk for 10 min; 19 records name credit-risk-v2"
    assert [json.loads(line)["summary"] for line in one.told.getvalue().splitlines()] == [words]
    assert one.events() == [("opened", "quality.freshness", "error")]
    assert (one.ready().state, one.ready().why) == ("stuck", {"models": words})


def test_neither_other_names_nor_a_restart_end_it_the_models_next_record_does(watch):
    one = watch()
    one.at(0, a=[RENAMED])
    one.at(TEN_MINUTES)
    assert one.events() == [("opened", "quality.freshness", "error")]
    two = watch(states=one.state())
    two.at(0, a=[RENAMED])
    assert two.events() == []
    two.at(1, a=[RECORD])
    assert two.events() == [("resolved", "quality.freshness", "error")]
    assert two.ready().well
