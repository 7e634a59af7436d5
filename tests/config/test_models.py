"""Several models in one process: what each is watched by."""

from __future__ import annotations

import pytest

TOP = """\
source: {type: kafka, bootstrap_servers: "localhost:9092", topics: [inference]}
reference: ./references/{model}
"""


@pytest.fixture
def models(config):
    return lambda text, **environ: config(TOP + text, **environ).models_resolved()


def test_each_model_has_the_keys_of_the_top_but_its_own(models):
    found = models("tolerance: 0.2\nresolve_after: 1m\nmodels: {fraud: {tolerance: 0.3}, churn: }\n")
    assert found["fraud"].tolerance.number == 0.3
    assert found["churn"].tolerance.number == 0.2
    assert {model.resolve_after for model in found.values()} == {60_000}


def test_a_model_s_own_default_value_counts_too(models):
    found = models("remind_every: 1h\nmodels: {fraud: {remind_every: 24h}, churn: }\n")
    assert (found["fraud"].remind_every, found["churn"].remind_every) == (86_400_000, 3_600_000)


def test_settings_of_every_model_stand_between_the_top_and_the_model(models, tmp_path):
    (tmp_path / "references/late").mkdir(parents=True)
    found = models('tolerance: 0.1\nmodels: {fraud: {tolerance: 0.3}, "*": {tolerance: 0.2, resolve_after: 1h}}\n')
    assert (found["fraud"].tolerance.number, found["fraud"].resolve_after) == (0.3, 3_600_000)
    assert (found["late"].tolerance.number, found["late"].resolve_after) == (0.2, 3_600_000)


def test_every_model_is_every_folder_of_a_reference(models, tmp_path):
    for name in ("fraud", "churn", ".hidden"):
        (tmp_path / "references" / name).mkdir(parents=True)
    (tmp_path / "references/README").write_text("no folder")
    found = models('models: {"*": }\n')
    assert {name: model.reference.path for name, model in found.items()} == {
        "churn": tmp_path / "references/churn",
        "fraud": tmp_path / "references/fraud",
    }


def test_every_model_may_be_none_yet(models):
    assert models('models: {"*": }\n') == {}


def test_features_of_the_top_and_of_the_model_are_watched_together(models):
    found = models("features: {id: {ignore: true}, age: {min: 0}}\nmodels: {fraud: {features: {age: {max: 9}}}}\n")
    assert found["fraud"].features["id"].ignore
    assert (found["fraud"].features["age"].min, found["fraud"].features["age"].max) == (None, 9)


def test_one_file_sink_with_a_place_is_a_sink_of_its_own_for_each_model(models, tmp_path):
    found = models("sinks: [{type: stdout}, {type: file, path: '{model}.jsonl'}]\nmodels: {a b: , c: }\n")
    assert [sink.name for sink in found["a b"].sinks] == ["stdout", "file-a-b"]
    assert [sink.name for sink in found["c"].sinks] == ["stdout", "file-c"]
    assert found["c"].sinks[1].path == tmp_path / "c.jsonl"


@pytest.mark.parametrize(
    ("models", "group"),
    [
        ("{b: , a: }", "seawall-a-b"),
        ('{b: , "*": }', "seawall"),
        ("{only: }", "seawall-only"),
    ],
)
def test_the_consumer_group_is_named_for_what_is_watched(config, models, group):
    assert config(f"{TOP}models: {models}\n").source.group_id == group


def test_a_long_list_of_models_still_makes_a_short_group_that_is_theirs(config):
    names = [f"model-{number}" for number in range(100)]
    groups = {config(f"{TOP}models: {{{': , '.join(names[:n])}: }}\n").source.group_id for n in (98, 99, 100)}
    assert len(groups) == 3
    assert max(map(len, groups)) <= 200


def test_a_group_that_is_configured_stays(config):
    text = TOP.replace("topics:", "group_id: mine, topics:")
    assert config(f"{text}models: {{a: , b: }}\n").source.group_id == "mine"
