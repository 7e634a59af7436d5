"""`seawall replay` writes the events of the stream, and its exit code says how it went."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import traffic
from http_receiver import Answer, receiving
from msgspec.structs import replace
from sample_events import SHIFT
from traffic import lines

from monitor.cli.main import main
from monitor.replay import Told

MAIN = "import sys; from monitor.cli.main import main; sys.exit(main())"
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def shift(tmp_path):
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(traffic.traffic(130, seed=2, changed=range(40, 80), change=traffic.higher_income)))
    return data


def test_the_events_file_is_the_golden_one_and_findings_are_a_line_a_slot_and_signal(shift, tmp_path, configured):
    events, findings = tmp_path / "events.jsonl", tmp_path / "findings.jsonl"
    events.write_text("from an earlier run\n")
    given = ["replay", str(shift), "-c", str(configured()), "--events", str(events), "--findings", str(findings)]
    assert main(given) == 0
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert told == [json.loads(line) for line in (GOLDEN / "shift.jsonl").read_text().splitlines()]
    found = [json.loads(line) for line in findings.read_text().splitlines()]
    assert {"time", "records", "slot_records", "signal", "group", "evidence", "w", "psi", "points"} <= found[0].keys()
    assert len({(row["time"], row["signal"]) for row in found}) == len(found)
    assert len({row["time"] for row in found}) == 130


def test_what_is_named_gz_is_written_packed_the_same_bytes_each_time(shift, tmp_path, configured):
    path, packed = str(configured()), tmp_path / "f.jsonl.gz"
    assert main(["replay", str(shift), "-c", path, "--findings", str(tmp_path / "f.jsonl")]) == 0
    assert main(["replay", str(shift), "-c", path, "--findings", str(packed), "--events", f"{tmp_path}/e.gz"]) == 0
    first = packed.read_bytes()
    assert gzip.decompress(first) == (tmp_path / "f.jsonl").read_bytes()
    events = gzip.decompress((tmp_path / "e.gz").read_bytes()).splitlines()
    assert [json.loads(line)["event"] for line in events] == ["opened", "resolved"]
    assert main(["replay", str(shift), "-c", path, "--findings", str(packed)]) == 0
    assert packed.read_bytes() == first
    assert main(["plot", str(packed), "--events", str(tmp_path / "e.gz"), "--out", str(tmp_path / "page.html")]) == 0


def test_slots_without_a_record_are_neither_judged_nor_written(tmp_path, replayed):
    first, second, *_ = traffic.traffic(1, seed=2)
    apart = [first, second | {"time": "2026-03-01T00:00:00Z"}]
    (tmp_path / "data.jsonl").write_bytes(lines(apart))
    seen = replayed(tmp_path / "data.jsonl")
    assert [row["slot_records"] for row in seen.findings if row["signal"] == "feature.income"] == [1, 1]


def test_findings_say_what_alarms_and_what_it_is_held_against(shift, configured, replayed):
    seen = replayed(shift, tolerance={"features": 0.2, "quality": 0.5})
    assert seen.findings
    alarmed = {(row["time"], row["signal"]) for row in seen.findings if row["alarm"]}
    opened = [(e["time"], s["signal"]) for e in seen.events if e["event"] == "opened" for s in e["signals"]]
    assert opened
    assert set(opened) <= alarmed
    ((name, needed, _, _), *_) = seen.pipeline.parts.models[0].judge.limits()
    assert {row["needed"] for row in seen.findings if row["signal"] == name} == {round(needed, 5)}
    assert {row["tolerance"] for row in seen.findings if row["group"] in {"features", "quality"}} == {0.2, 0.5}


def test_a_signal_without_a_record_has_no_evidence(tmp_path, replayed):
    records = [r | {"features": {"rent": 10.0}} for r in traffic.traffic(3, seed=2)]
    (tmp_path / "data.jsonl").write_bytes(lines(records))
    seen = replayed(tmp_path / "data.jsonl")
    assert {row["evidence"] for row in seen.findings if row["signal"] == "feature.income"} == {None}


def test_it_writes_no_state_and_tells_no_sink_unless_asked(shift, tmp_path, configured):
    told = tmp_path / "told.jsonl"
    path = configured(sinks=[{"type": "file", "path": str(told)}])
    assert main(["replay", str(shift), "-c", str(path)]) == 0
    assert not told.exists()
    assert not (tmp_path / "state").exists()
    assert main(["replay", str(shift), "-c", str(path), "--send"]) == 0
    sent = [json.loads(line) for line in told.read_text().splitlines()]
    assert sent == [json.loads(line) for line in (GOLDEN / "shift.jsonl").read_text().splitlines()]


def test_a_sink_that_is_down_for_a_moment_loses_nothing_and_the_log_stays_off_standard_output(shift, configured):
    with receiving() as receiver:
        receiver.script = [Answer(503)]
        path = configured(sinks=[{"type": "stdout"}, {"type": "webhook", "url": receiver.url}])
        run = replayed_apart(shift, path, "--send")
    assert run.returncode == 0, run.stderr
    assert [json.loads(line)["event"] for line in run.stdout.splitlines()] == ["opened", "resolved"]
    assert [request.json["data"]["event"] for request in receiver.requests] == ["opened", "opened", "resolved"]
    assert "delivery retried" in run.stderr


def test_what_a_sink_does_not_take_is_said_and_fails(shift, configured, monkeypatch, capsys):
    monkeypatch.setattr("monitor.replay.DRAIN_SECONDS", 0.5)
    with receiving() as receiver:
        receiver.script = [Answer(400), *[Answer(503)] * 99]
        path = configured(sinks=[{"type": "webhook", "url": receiver.url}])
        with pytest.raises(SystemExit, match="1"):
            main(["replay", str(shift), "-c", str(path), "--send"])
    assert capsys.readouterr().err.splitlines()[-1] == "not delivered: 2 to webhook"


def replayed_apart(data, config, *more):
    command = [sys.executable, "-c", MAIN, "replay", str(data), "-c", str(config), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("severity", "code"), [("info", 3), ("error", 3), ("critical", 0)])
def test_fail_on_is_a_gate(shift, configured, severity, code):
    given = ["replay", str(shift), "-c", str(configured()), "--fail-on", severity]
    run = subprocess.run([sys.executable, "-c", MAIN, *given], capture_output=True, text=True, check=False)
    assert run.returncode == code, run.stderr


def test_the_gate_sees_what_became_worse_after_it_was_opened():
    told = Told(None, {})
    for severity in ("warning", "error"):
        told.put("m", [replace(SHIFT, severity=severity, event="opened" if severity == "warning" else "updated")])
    assert (told.worst(), len(told.opened)) == ("error", 1)


def test_dead_letters_are_kept_as_they_came_and_can_be_replayed(tmp_path, configured):
    records = list(traffic.traffic(20, seed=2))
    for record in records[::50]:
        record["time"] = "yesterday"
    data, kept, again = tmp_path / "data.jsonl", tmp_path / "dead.jsonl", tmp_path / "again.jsonl"
    data.write_bytes(lines(records))
    assert main(["replay", str(data), "-c", str(configured()), "--dead-letters", str(kept)]) == 0
    letters = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [json.loads(letter["value"]) for letter in letters] == records[::50]
    assert {(letter["reason"], letter["topic"], letter["partition"]) for letter in letters} == {
        ("bad_time", str(data), 0)
    }
    whole = data.read_bytes()
    assert all(whole[letter["offset"] :].startswith(letter["value"].encode() + b"\n") for letter in letters)
    main(["replay", str(kept), "-c", str(configured()), "--dead-letters", str(again)])
    assert [json.loads(line)["value"] for line in again.read_text().splitlines()] == [x["value"] for x in letters]


def test_a_file_that_is_no_traffic_ends_with_1_in_words(tmp_path, configured, capsys):
    data = tmp_path / "data.jsonl"
    rng = Random(1)
    data.write_bytes(b"".join(b"%d,%d\n" % (rng.randrange(9), rng.randrange(9)) for _ in range(3_000)))
    assert main(["replay", str(data), "-c", str(configured())]) == 1
    words = capsys.readouterr().err
    assert "100 % of the last 1,000 records are unusable, at most 50 % are allowed" in words
    assert "reading has stopped (first: not_json: " in words
    assert words.endswith("the right file?\n")


def test_a_file_of_another_format_than_the_configured_one_ends_with_the_way_out(tmp_path, configured, capsys):
    data = tmp_path / "data.jsonl"
    data.write_bytes(b"{}\n" * 1_500)
    assert main(["replay", str(data), "-c", str(configured(format="seawall"))]) == 1
    words = capsys.readouterr().err
    assert words.endswith("The configuration says format: seawall; format: auto finds out by itself.\n")


def test_fewer_than_a_thousand_unusable_records_stop_nothing(tmp_path, configured, capsys):
    data = tmp_path / "data.jsonl"
    data.write_bytes(b"not a record\n" * 999)
    assert main(["replay", str(data), "-c", str(configured())]) == 0
    assert "0 records judged, 999 unusable" in capsys.readouterr().err


def test_max_share_is_the_configurations(tmp_path, configured, replayed):
    records = traffic.traffic(20, seed=2)
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(b"cut" if number % 5 == 0 else record for number, record in enumerate(records)))
    assert main(["replay", str(data), "-c", str(configured(dead_letters={"max_share": 0.19}))]) == 1
    assert main(["replay", str(data), "-c", str(configured(dead_letters={"max_share": 0.2}))]) == 0
