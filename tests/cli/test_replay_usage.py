from __future__ import annotations

import re

import pytest

from monitor.cli.main import main


@pytest.mark.parametrize("option", ["--events", "--findings", "--dead-letters"])
@pytest.mark.parametrize("name", ["a.jsonl", "./seawall.yaml"])
def test_what_is_read_is_not_written_over(folder, capsys, option, name):
    before = (folder / name).read_bytes()
    assert main(["replay", "a.jsonl", option, str(folder / name)]) == 2
    assert "is named twice" in capsys.readouterr().err
    assert (folder / name).read_bytes() == before


def test_two_kinds_of_lines_do_not_share_a_file(folder, capsys):
    assert main(["replay", "a.jsonl", "--events", "out.jsonl", "--findings", "out.jsonl"]) == 2
    assert "out.jsonl is named twice" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "lacks"), [("--labels", "has no labels"), ("--answers", "nobody asked")])
def test_what_the_reference_knows_nothing_of_is_refused_with_what_to_do(folder, capsys, option, lacks):
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0
    (folder / "late.jsonl").touch()
    assert main(["replay", "a.jsonl", option, "late.jsonl"]) != 0
    said = capsys.readouterr().err
    assert lacks in said
    assert "seawall reference build DATA" in said


def test_the_last_words_count_what_was_judged(folder, capsys):
    (folder / "one.jsonl").write_text('{"features": {"income": 1.0}}\n')
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0
    assert main(["replay", "one.jsonl"]) == 0
    assert re.search(
        r"^1 record judged \(1 without a time of their own\), 0 unusable, 0 incidents opened, ",
        capsys.readouterr().err,
        re.MULTILINE,
    )


def test_the_last_words_say_why_records_were_unusable_and_what_was_written(folder, capsys):
    whole = '{"features": {"income": 1.0}}'
    (folder / "some.jsonl").write_text(f"{whole}\n{{\n[]\n[]\n")
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0
    assert main(["replay", "some.jsonl", "--events", "e.jsonl"]) == 0
    said = capsys.readouterr().err
    assert (
        "1 record judged (1 without a time of their own), 3 unusable (2 not_a_record, 1 not_json), 0 incidents opened, "
        in said
    )
    assert said.endswith("\nwrote e.jsonl\n")


def test_the_last_words_do_not_count_times_that_are_there(folder, capsys):
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0
    assert main(["replay", "a.jsonl"]) == 0
    assert "2,000 records judged, 0 unusable, " in capsys.readouterr().err


def test_the_last_words_name_the_model_whose_records_were_ignored(folder, capsys):
    (folder / "two.jsonl").write_text('{"features": {"income": 1.0}}\n{"model": "churn", "features": {}}\n')
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0
    assert main(["replay", "two.jsonl", "--fail-on", "info"]) == 0
    said = capsys.readouterr().err
    assert ", 0 unusable, 1 ignored (of another model, churn; watched: m), 0 incidents opened" in said


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "0 unusable."),
        ("a,b\n1,2\n", "2 unusable (2 not_json)."),
        ('{"model": "churn", "features": {}}\n' * 2, "2 ignored (of another model, churn; watched: m)."),
    ],
)
def test_a_gate_that_judged_nothing_fails_and_says_why(folder, capsys, lines, why):
    (folder / "wrong.jsonl").write_text(lines)
    assert main(["reference", "build", "a.jsonl", "--promote", "--by", "ann", "--why", "first"]) == 0
    assert main(["replay", "wrong.jsonl"]) == 0
    capsys.readouterr()
    assert main(["replay", "wrong.jsonl", "--fail-on", "critical"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("nothing was judged, so nothing is said by --fail-on: ")
    assert f"{why} Is this the right file, and the right model?" in last
    assert ("The first unusable one: Expecting value" in last) == ("not_json" in why)


def test_of_several_models_a_record_that_names_none_is_ignored_and_said_so(folder, capsys):
    both = "models: {credit: {}, other: {}}\nsource: {type: file, path: x.jsonl}\nreference: reference/{model}\n"
    (folder / "seawall.yaml").write_text(both)
    for model in ("credit", "other"):
        (folder / "named.jsonl").write_text(
            "".join(f'{{"model": "{model}", {line[1:]}' for line in (folder / "a.jsonl").read_text().splitlines(True))
        )
        given = ["--model", model, "--promote", "--by", "ann", "--why", "first"]
        assert main(["reference", "build", "named.jsonl", *given]) == 0
    assert main(["replay", "a.jsonl"]) == 0
    assert "ignored (without a model; watched: credit, other), 0 incidents" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["nan", "0", "-1", "1e-300", "inf"])
def test_a_rate_at_which_time_stands_still_or_ends_is_refused(folder, capsys, rate):
    assert main(["replay", "a.jsonl", "--rate", rate]) == 2
    assert "--rate" in capsys.readouterr().err
