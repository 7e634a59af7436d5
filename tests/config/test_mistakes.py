"""Each file in `mistakes` holds what a user got wrong; beside it stand the exact words for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.loading import read
from monitor.errors import ConfigError

FOLDER = Path(__file__).with_name("mistakes")
SECRETS = {"SECRET": "a-value-nobody-should-see", "ROUTING_KEY": "0123456789abcdef0123456789abcdef"}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_a_mistake_is_told_in_these_words(name, monkeypatch):
    monkeypatch.chdir(FOLDER)
    with pytest.raises(ConfigError) as refused:
        read(Path(f"{name}.yaml"), secrets=True, environ=SECRETS)
    assert f"{refused.value}\n" == Path(f"{name}.txt").read_text()
    assert refused.value.exit_code == 2


def test_every_mistake_has_its_words_and_no_words_are_left_over():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {path.stem for path in FOLDER.glob("*.txt")}


def test_no_words_hold_a_secret():
    told = "".join(path.read_text() for path in FOLDER.glob("*.txt"))
    assert [value for value in SECRETS.values() if value in told] == []


def test_a_file_that_is_not_there_is_told_with_its_folder(tmp_path):
    with pytest.raises(ConfigError, match=f"there is no such file in {tmp_path}$"):
        read(tmp_path / "seawall.yaml", secrets=True)


def test_whoever_named_no_file_is_told_how(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"in {tmp_path}. Name yours: -c FILE"):
        read(Path("seawall.yaml"), secrets=True)


def test_a_folder_instead_of_a_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read(tmp_path, secrets=True)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"model: \xff", "not UTF-8 at byte 7"),
        (b"model: \x07", "not YAML: it holds a character that YAML does not allow"),
        (b"[" * 5_000, "nested too deeply"),
        (b"#" * 1_100_000, "1,100,000 bytes are too many"),
    ],
)
def test_what_is_no_text_fit_for_a_configuration_is_told(tmp_path, raw, words):
    (tmp_path / "seawall.yaml").write_bytes(raw)
    with pytest.raises(ConfigError, match=words):
        read(tmp_path / "seawall.yaml", secrets=True)
