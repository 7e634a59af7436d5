from __future__ import annotations

from labels_world import REQUESTS, world

from monitor.cli.main import main


def test_a_file_that_holds_no_labels_ends_a_replay_in_words(configured, tmp_path, capsys):
    requests = tmp_path / "requests.jsonl"
    requests.write_bytes(b"\n".join(m.value for m in world(30, 1, wrong=lambda _: 0.05).requests[REQUESTS]) + b"\n")
    assert main(["replay", str(requests), "-c", str(configured()), "--labels", str(requests)]) == 1
    words = capsys.readouterr().err
    assert "labels: 100 % of the last 1,000 records are unusable" in words
    assert f"Is {requests} the right file?" in words
