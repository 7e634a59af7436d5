"""A folder with records, and the command to build references of them."""

from __future__ import annotations

import pytest
from reference_records import MODEL, applicants, lines

from monitor.cli.main import main
from monitor.reference.store import Store

CONFIG = f"""\
model: {MODEL}
source: {{type: file, path: live.jsonl}}
reference: ./reference
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a configuration and two files of records, entered."""
    (tmp_path / "seawall.yaml").write_text(CONFIG)
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines(applicants())))
    (tmp_path / "b.jsonl").write_bytes(b"\n".join(lines(applicants(seed=2, income=0.5))))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def seawall(folder, capsys):
    """Call `seawall reference ARGUMENTS`; return the exit code, standard output and standard error."""

    def seawall(*arguments):
        code = main(["reference", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return seawall


@pytest.fixture
def store(folder):
    return Store(folder / "reference")
