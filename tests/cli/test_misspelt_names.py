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


def test_every_name_that_the_reference_does_not_know_is_warned_of_with_a_guess(warned):
    found = warned(
        "tolerance: {feature.incom: 0.2, quality.missing.agee: 1, features: 0.2, prediction: 0.1}\n"
        "privacy: {show: [regio, income]}\n"
        "features: {inncome: {importance: low}, xyz: {ignore: true}, age: {type: categorical}, region: {min: 3}}\n"
    )
    refused, all_known = "m: `seawall run` would refuse: ", "income, age, children, region, home_owner"
    assert [line.removeprefix(refused) for line in found[:3]] == [
        "features.inncome: the reference has no such feature. Did you mean income?",
        f"features.xyz: the reference has no such feature. It knows: {all_known}, country, customer_id",
        (
            "features.age.type is categorical, the reference was built with numeric. "
            "Build it again: seawall reference build DATA"
        ),
    ]
    assert all(line.startswith(refused) for line in found[:3])
    assert found[3:] == [
        (
            "m: features.region.min has no effect: the reference was built with categorical values. "
            "Build it again: seawall reference build DATA"
        ),
        "m: tolerance.feature.incom has no effect: the reference has no such signal. Did you mean feature.income?",
        (
            "m: tolerance.quality.missing.agee has no effect: the reference has no such signal. "
            "Did you mean quality.missing.age?"
        ),
        'privacy.show: "regio" is no feature of the reference. Did you mean region?',
    ]


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
    assert main(["check-config"]) == 0
    assert capsys.readouterr().err == f"warning: credit: `seawall run` would refuse: {words}"
    assert main(["replay", "a.jsonl"]) == 1
    assert capsys.readouterr().err.endswith(words)
