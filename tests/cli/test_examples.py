"""The examples and the quick start do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from monitor.config.source import KafkaSource
from monitor.reference.build import build

SEAWALL = Path(sys.executable).with_name("seawall")
ROOT = Path(__file__).parents[2]
PRODUCER = ROOT / "examples/log_predictions.py"
PAGES = ("examples/README.md", "docs/quickstart.md")


def seawall(*arguments, cwd):
    return subprocess.run([SEAWALL, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_configuration_is_valid_with_all_that_is_commented_out(tmp_path):
    text = (ROOT / "examples/seawall.yaml").read_text()
    (tmp_path / "plain.yaml").write_text(text)
    optional = re.sub(
        r"^(\s*)# (?=[a-z]+[a-z_ ]*:|- \{|  [a-z ]+: \{)(?!Watches|Check)", r"\1", text, flags=re.MULTILINE
    )
    optional = re.sub(r"^reference: \./reference.*\n", "", optional, flags=re.MULTILINE)
    assert optional.count("#") < text.count("#")
    (tmp_path / "whole.yaml").write_text(optional)
    for name in ("plain.yaml", "whole.yaml"):
        run = seawall("check-config", name, cwd=tmp_path)
        assert run.returncode == 0, run.stderr


def test_what_the_producer_logs_becomes_a_reference_and_raises_no_alert(tmp_path):
    for name, count in (("accepted.jsonl", 1_000), ("later.jsonl", 500)):
        with (tmp_path / name).open("w") as out:
            subprocess.run([sys.executable, PRODUCER, str(count)], stdout=out, check=True)
    (tmp_path / "seawall.yaml").write_text((ROOT / "examples/seawall.yaml").read_text())
    built = seawall("reference", "build", "accepted.jsonl", "--promote", "--by", "ann", "--why", "test", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    run = seawall("replay", "later.jsonl", "--fail-on", "info", cwd=tmp_path)
    assert run.returncode == 0, run.stdout
    assert "500 records judged, 0 unusable, 0 incidents opened" in run.stderr


def test_what_the_producer_sends_is_read_from_the_topic(broker, topic):
    name = topic(partitions=2)
    subprocess.run([sys.executable, PRODUCER, "600", broker.bootstrap, name], check=True)
    source = KafkaSource(type="kafka", bootstrap_servers=broker.bootstrap, topics=[name]).build("diagnosis")
    source.open({})
    blocks = []
    while sum(map(len, blocks)) < 600:
        blocks += source.poll(1.0).values()
    source.close(5.0)
    reference = build(lambda: blocks, model="diagnosis", options={}, from_table=False, stamped=True)
    assert reference.rows == 600
    assert {feature.type for feature in reference.schema.features} == {"numeric"}
    assert (reference.schema.prediction, set(reference.schema.scores)) == ("class", {"malignant", "benign"})


@pytest.mark.parametrize("number", range(2))
def test_each_configuration_of_the_quick_start_is_valid(tmp_path, number):
    configs = re.findall(r"```yaml\n(model: .+?)```", (ROOT / "docs/quickstart.md").read_text(), re.DOTALL)
    assert len(configs) == 2
    (tmp_path / "seawall.yaml").write_text(configs[number])
    run = seawall("check-config", "seawall.yaml", cwd=tmp_path)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists(tmp_path, page):
    text = (ROOT / page).read_text()
    lines = re.findall(r"(?:^\$ |`)seawall ([^`\n]+)", text, re.MULTILINE)
    assert lines
    for line in lines:
        words = list(takewhile(re.compile("[a-z][a-z-]*").fullmatch, line.split()))
        run = seawall(*words, "--help", cwd=tmp_path)
        assert run.returncode == 0, f"{words}: {run.stderr}"
        options = {word for word in line.split() if word.startswith("--")}
        assert options <= set(re.findall(r"--[a-z-]+", run.stdout)), line


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
