from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.config.config import Config
from monitor.config.durations import Budget
from monitor.config.tolerance import Allowed
from monitor.errors import ConfigError
from sinks.stdout import StdoutConfig


def test_the_smallest_file_has_the_documented_defaults(config, smallest, tmp_path):
    found = config(smallest)
    (model,) = found.models_resolved().values()
    assert model.name == "credit-risk"
    assert model.reference.path == tmp_path / "reference"
    assert model.false_alarm_every == Budget(30 * 86_400_000, "ms")
    assert model.sinks == (StdoutConfig(),)
    assert (model.resolve_after, model.remind_every) == (300_000, 86_400_000)
    assert (found.slot, found.allowed_lateness, found.idle_timeout) == (10_000, 30_000, 60_000)
    assert (found.max_ahead, found.freshness) == (600_000, 600_000)
    assert (found.format.type, found.format.wait) == ("auto", 60_000)
    assert (found.dead_letters_to, found.dead_letters.max_share) == ("topic", 0.5)
    assert found.state_dir == tmp_path / "state"
    assert found.http.address == ("127.0.0.1", 9464)
    assert found.source.group_id == "seawall-credit-risk"


def test_a_configuration_cannot_be_changed(config, smallest):
    with pytest.raises(ValidationError, match="frozen"):
        config(smallest).slot = 1


def test_json_is_yaml(config, smallest, tmp_path):
    written = {
        "model": "credit-risk",
        "source": {"type": "kafka", "bootstrap_servers": "localhost:9092", "topics": ["inference"]},
        "reference": "./reference",
    }
    assert config(json.dumps(written)) == config(smallest)


def test_anchors_and_merges_mean_what_they_mean_in_yaml(config, smallest):
    found = config(
        smallest + "features:\n  income: &money {min: 0, importance: high}\n  amount: {<<: *money, importance: low}\n"
    )
    assert found.features["amount"].min == 0
    assert found.features["amount"].importance == "low"


@pytest.mark.parametrize("name", ["1", "on", "null", "2026-01-01", "3.5"])
def test_a_feature_may_be_called_what_yaml_takes_for_something_else(config, smallest, name):
    assert list(config(f"{smallest}features: {{{name}: {{ignore: true}}}}\n").features) == [name]


def test_an_unquoted_time_is_a_time(config, smallest):
    found = config(smallest.replace("topics:", "start: 2026-01-31T14:05:00Z, topics:"))
    assert found.source.start == 1_769_868_300_000


def test_paths_are_relative_to_the_file_whatever_the_working_folder(config, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    found = config(
        "model: m\nsource: {type: file, path: in.jsonl}\nreference: {path: refs, learn: 500}\nstate_dir: /var/s\n"
        "sinks: [{type: file, path: out/events.jsonl}]\n"
    )
    assert found.source.path == str(tmp_path / "in.jsonl")
    assert found.reference.path == tmp_path / "refs"
    assert found.state_dir == Path("/var/s")
    assert found.sinks[0].path == tmp_path / "out/events.jsonl"


def test_standard_input_is_no_path(config):
    assert config("model: m\nsource: {type: file, path: '-'}\nreference: r\n").source.path == "-"


def test_the_name_of_the_model_stands_in_every_path(config, tmp_path):
    found = config(
        "model: m\nsource: {type: file, path: '{model}.jsonl'}\nreference: refs/{model}\nstate_dir: state/{model}\n"
        "sinks: [{type: file, path: '{model}-events.jsonl'}]\n"
    )
    assert found.source.path == str(tmp_path / "m.jsonl")
    assert found.state_dir == tmp_path / "state/m"
    (model,) = found.models_resolved().values()
    assert model.reference.path == tmp_path / "refs/m"
    assert [(sink.name, sink.path) for sink in model.sinks] == [("file", tmp_path / "m-events.jsonl")]


def test_the_feature_s_own_tolerance_counts_for_its_values_unless_the_signal_is_named(config, smallest):
    (model,) = (
        config(
            smallest + "tolerance: {features: 0.3, feature.age: 0.05}\n"
            "features: {income: {tolerance: 0.2}, age: {tolerance: 0.4}, rank: {tolerance: 0}}\n"
        )
        .models_resolved()
        .values()
    )
    assert model.tolerance_of("feature.income", "features") == Allowed(0.2, 0.1)
    assert model.tolerance_of("feature.age", "features") == Allowed(0.05, 0.1)
    assert model.tolerance_of("feature.rank", "features") == Allowed(0.0, 0.0)
    assert model.tolerance_of("feature.other", "features") == Allowed(0.3, 0.1)
    assert model.tolerance_of("quality.missing.income", "quality") == Allowed(0.1, 0.1)


def test_loading_a_mistake_leaves_nothing_behind(config, smallest, tmp_path):
    with pytest.raises(ConfigError):
        config(smallest + "slot: ten\n")
    assert [path.name for path in tmp_path.iterdir()] == ["seawall.yaml"]


def test_every_top_key_of_the_contract_is_known():
    keys = "model models source format reference slot allowed_lateness false_alarm_every tolerance features sinks"
    more = "freshness idle_timeout max_ahead dead_letters state_dir http privacy"
    assert set(f"{keys} {more}".split()) <= set(Config.model_fields)
