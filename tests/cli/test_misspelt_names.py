"""What a configuration says of names that its reference does not know is said by check-config, all at once."""

from __future__ import annotations

import pytest

from monitor.cli.main import main

CONFIG = """\
model: m
source: {type: file, path: live.jsonl}
reference: ./reference
"""


@pytest.fixture
def warned(folder, capsys):
    """Check a configuration with these lines beside a reference; return the warnings about the model."""
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0

    def warned(lines):
        (folder / "seawall.yaml").write_text(CONFIG + lines)
        capsys.readouterr()
        assert main(["check-config"]) == 0
        return [line.removeprefix("warning: ") for line in capsys.readouterr().err.splitlines()]

    return warned


@pytest.fixture
def refused(warned, folder, capsys):
    """Check a configuration that `run` would refuse; return the mistakes, all at once."""

    def refused(lines):
        warned("")
        (folder / "seawall.yaml").write_text(CONFIG + "http: 127.0.0.1:0\n" + lines)
        assert main(["check-config"]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert main(["run"]) != 0
        return [line.split(maxsplit=1)[1] for line in told.err.splitlines() if line.startswith("  ")]

    return refused


def test_every_name_that_the_reference_does_not_know_is_refused_with_a_guess(refused):
    found = refused("features: {inncome: {importance: low}, xyz: {ignore: true}, age: {type: categorical}}\n")
    all_known = "income, age, children, region, home_owner"
    assert found == [
        "features.inncome: the reference has no such feature. Did you mean income?",
        f"features.xyz: the reference has no such feature. It knows: {all_known}, country, customer_id",
        (
            "features.age.type is categorical, the reference was built with numeric. "
            "Build it again: seawall reference build DATA"
        ),
    ]


def test_what_the_reference_was_not_built_for_is_refused(refused):
    assert "was built without it, and does not say how close" in refused("detectors: [{type: queries}]\n")[0]
    assert "has no labels" in refused("labels: {source: {type: file, path: late.jsonl}}\n")[0]
    drift = "detectors: [{type: river, detector: DDM, signal: feature.income}]\n"
    assert refused(drift)[0].startswith("detectors[0]")


def test_shadow_checks_that_the_reference_does_not_bear_out_are_refused_with_it(refused):
    checks = "[{type: monotone, feature: region, direction: up}, {type: monotone, feature: incme, direction: up}]"
    endpoint = '{type: v2, url: "http://127.0.0.1:1", model: m}'
    measured, *found = refused(f"shadow: {{endpoint: {endpoint}, checks: {checks}}}\n")
    assert "has no accepted share of flipped answers for shadow.monotone." in measured
    assert [line for line in found if "no numeric feature" in line] == [
        "shadow.checks: monotone.region is no numeric feature that is sent. These are: income, age, children",
        "shadow.checks: monotone.incme is no numeric feature that is sent. Did you mean income?",
    ]
    assert [line for line in found if "no output prediction to watch" in line]


def test_names_without_effect_are_warned_of_with_a_guess(warned):
    assert warned(
        "tolerance: {feature.incom: 0.2, quality.missing.agee: 1, features: 0.2, prediction: 0.1, "
        "joint: 0.2, joint.pair.incom+age: 0.2}\n"
        "privacy: {show: [regio, income]}\n"
        "features: {region: {min: 3}}\n"
    ) == [
        (
            "m: features.region.min has no effect: the reference was built with categorical values. "
            "Build it again: seawall reference build DATA"
        ),
        "m: tolerance.feature.incom has no effect: the reference has no such signal. Did you mean feature.income?",
        (
            "m: tolerance.quality.missing.agee has no effect: the reference has no such signal. "
            "Did you mean quality.missing.age?"
        ),
        (
            "m: tolerance.joint.pair.incom+age has no effect: the reference has no such signal. "
            "Did you mean joint.pair.income+age?"
        ),
        'privacy.show: "regio" is no feature of the reference. Did you mean region?',
    ]


def test_what_is_watched_besides_is_listed(folder, capsys):
    more = (
        "detectors: [{type: auto}, {type: river, detector: ADWIN, signal: feature.income}]\n"
        "verdicts: {path: v.jsonl}\n"
        'shadow: {endpoint: {type: v2, url: "http://127.0.0.1:1", model: m}, '
        "checks: [{type: noise, severity: [0.1, 0.2]}]}\n"
    )
    (folder / "seawall.yaml").write_text(CONFIG + more)
    assert main(["check-config"]) == 0
    told = capsys.readouterr().out
    assert "  detects   auto; ADWIN (river) on feature.income\n" in told
    assert f"  verdicts  flagged to {folder}/v.jsonl\n" in told
    assert "            skew; noise 0.1; noise 0.2\n" in told


def test_what_the_reference_knows_is_not_warned_of(warned):
    known = (
        "tolerance: {features: 0.2, feature.income: 0.2, quality.late: 1, quality.missing.region: 1, anomaly.x: 0.1}"
    )
    assert warned(f"{known}\nprivacy: {{show: [income]}}\nfeatures: {{age: {{importance: high}}}}\n") == []


def test_a_reference_of_another_model_says_what_to_do_and_that_run_refuses_it(warned, folder, capsys):
    warned("")
    (folder / "seawall.yaml").write_text(CONFIG.replace("model: m", "model: credit"))
    words = (
        f"the reference in {folder}/reference is of model m, the configuration watches credit. Write model: m, or give "
        "credit a folder of its own and build its reference there: seawall reference build DATA\n"
    )
    assert main(["check-config"]) == 2
    assert capsys.readouterr().err == f"seawall.yaml: 1 mistake\n  credit  {words}"
    assert main(["replay", "a.jsonl"]) == 1
    assert capsys.readouterr().err.endswith(words)
