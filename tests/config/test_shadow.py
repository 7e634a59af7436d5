from __future__ import annotations

import pytest
import yaml

from monitor.config.loading import load
from monitor.errors import ConfigError

KAFKA = {"type": "kafka", "bootstrap_servers": "one:9092", "topics": ["requests"]}
ENDPOINT = {"type": "v2", "url": "http://localhost:8080", "model": "m"}


def configured(folder, shadow, **own):
    path = folder / "seawall.yaml"
    smallest = {"model": "m", "source": KAFKA, "reference": "./reference", "shadow": shadow}
    path.write_text(yaml.safe_dump(smallest | own))
    return path


def test_an_endpoint_alone_is_enough(tmp_path):
    shadow = load(configured(tmp_path, {"endpoint": ENDPOINT}), secrets=False).models_resolved()["m"].shadow
    assert shadow.questions == {("noise", 0.05), ("noise", 0.1), ("noise", 0.2)}
    assert (shadow.share, shadow.budget.per_second, shadow.budget.per_day) == (0.01, 5, 100_000)


def test_answers_go_to_a_topic_of_the_same_brokers_read_by_a_group_of_its_own(tmp_path):
    config = load(configured(tmp_path, {"endpoint": ENDPOINT, "answers": {"topic": "answers"}}), secrets=False)
    source = config.answers_source()
    assert (source.topics, source.group_id) == (("answers",), "seawall-m-answers")
    assert source.bootstrap_servers == ("one:9092",)


@pytest.mark.parametrize(
    ("shadow", "own", "words"),
    [
        ({}, {}, "shadow.endpoint  missing. Who answers"),
        ({"endpoint": ENDPOINT | {"type": "v1"}}, {}, 'shadow.endpoint.type  "v1" is not carried out by this build'),
        ({"endpoint": ENDPOINT | {"type": "http"}}, {}, 'shadow.endpoint.type  "http" is not carried out'),
        ({"endpoint": {"type": "in-process", "path": "m.skops"}}, {}, 'shadow.endpoint.type  "in-process" is not'),
        ({"endpoint": ENDPOINT | {"url": "localhost:8080"}}, {}, "shadow.endpoint.url  this is not a URL"),
        ({"endpoint": ENDPOINT | {"url": "http://u:p@h/"}}, {}, "shadow.endpoint.url  only scheme, host, port"),
        ({"endpoint": ENDPOINT, "share": 0}, {}, "shadow.share  0 is too small"),
        ({"endpoint": ENDPOINT, "budget": {"per_second": 0}}, {}, "shadow.budget.per_second  0 is too small"),
        ({"endpoint": ENDPOINT, "checks": [{"type": "nois"}]}, {}, "shadow.checks[0].type"),
        ({"endpoint": ENDPOINT, "checks": [{"type": "skew"}]}, {}, "shadow.checks[0].type  skew is always on: every"),
        (
            {"endpoint": ENDPOINT, "checks": [{"type": "noise", "severity": [0.1, 0.1]}]},
            {},
            "shadow  a check of one severity, or of one feature, is named twice in checks",
        ),
        (
            {"endpoint": ENDPOINT, "checks": [{"type": "monotone", "feature": "a", "direction": "sideways"}]},
            {},
            "shadow.checks[0].direction",
        ),
        ({"endpoint": ENDPOINT, "answers": {"topic": "a b"}}, {}, "shadow.answers.topic"),
        (
            {"endpoint": ENDPOINT, "answers": {"topic": "answers"}},
            {"source": {"type": "file", "path": "a.jsonl"}},
            "shadow.answers  a file has no brokers",
        ),
        (
            {"endpoint": ENDPOINT},
            {"reference": {"path": "./reference", "learn": 20_000}},
            "shadow  needs a reference for which the endpoint was asked",
        ),
    ],
)
def test_mistakes_about_shadow_checks_are_said(tmp_path, shadow, own, words):
    with pytest.raises(ConfigError) as raised:
        load(configured(tmp_path, shadow, **own), secrets=False)
    assert words in str(raised.value)


def test_answers_of_all_models_go_to_one_topic(tmp_path):
    own = {name: {"shadow": {"endpoint": ENDPOINT, "answers": {"topic": name}}} for name in ("one", "two")}
    path = tmp_path / "seawall.yaml"
    path.write_text(yaml.safe_dump({"source": KAFKA, "reference": "./references/{model}", "models": own}))
    with pytest.raises(ConfigError) as raised:
        load(path, secrets=False)
    assert "models.two.shadow  answers of all models go to one topic. Name one here too" in str(raised.value)
