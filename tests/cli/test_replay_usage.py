from __future__ import annotations

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


@pytest.mark.parametrize("rate", ["nan", "0", "-1", "1e-300", "inf"])
def test_a_rate_at_which_time_stands_still_or_ends_is_refused(folder, capsys, rate):
    assert main(["replay", "a.jsonl", "--rate", rate]) == 2
    assert "--rate" in capsys.readouterr().err
