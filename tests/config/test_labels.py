from __future__ import annotations

import pytest
import yaml

from monitor.config.loading import load
from monitor.errors import ConfigError

KAFKA = {"type": "kafka", "bootstrap_servers": "one:9092", "topics": ["requests"], "security_protocol": "SSL"}


def configured(folder, **labels):
    path = folder / "seawall.yaml"
    path.write_text(yaml.safe_dump({"model": "m", "source": KAFKA, "reference": "./reference", "labels": labels}))
    return path


def test_labels_come_from_the_same_brokers_unless_it_is_said(tmp_path):
    config = load(configured(tmp_path, source={"type": "kafka", "topics": ["labels"]}), secrets=False)
    assert config.labels.source.bootstrap_servers == ("one:9092",)
    assert config.labels.source.security_protocol == "SSL"
    assert config.labels.source.topics == ("labels",)
    assert config.labels.source.group_id == "seawall-m-labels"
    other = {"type": "kafka", "topics": ["labels"], "bootstrap_servers": "two:9092", "group_id": "mine"}
    config = load(configured(tmp_path, source=other), secrets=False)
    assert config.labels.source.bootstrap_servers == ("two:9092",)
    assert config.labels.source.group_id == "mine"


def test_a_labels_file_stands_beside_the_configuration(tmp_path):
    config = load(configured(tmp_path, source={"type": "file", "path": "labels.jsonl"}), secrets=False)
    assert config.labels.source.path == str(tmp_path / "labels.jsonl")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({}, "labels.source  missing. Where labels come from"),
        ({"source": {"type": "kafka", "topics": "labels"}}, "labels.source.topics"),
        ({"source": {"type": "file", "path": "-"}}, "labels.source.path  standard input cannot be read on"),
        ({"source": {"type": "file", "path": "l"}, "share": 0}, "labels.share  0 is too small"),
        ({"source": {"type": "file", "path": "l"}, "wat": "1h"}, "labels.wat  unknown key. Did you mean wait?"),
    ],
)
def test_mistakes_about_labels_are_said(tmp_path, labels, words):
    with pytest.raises(ConfigError) as raised:
        load(configured(tmp_path, **labels), secrets=False)
    assert words in str(raised.value)
