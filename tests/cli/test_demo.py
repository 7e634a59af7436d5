from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from kafka import KafkaAdminClient

from monitor.demo.story import STORY_SECONDS
from monitor.demo.traffic import AIM, CHUNK_MS, MISREAD, PROBES, Service, Traffic

SEAWALL = Path(sys.executable).with_name("seawall")
FIRST_CHANGE = "2026-01-01T00:00:11Z"
CHANGES = (11, 18, 35, 39, 49, 53, 67)
"""Seconds: noise, a dead row, release 2, release 3, darker pens, the prober, labels."""
FRAGILE, PENS, PROBED = CHANGES[3:6]
PLAIN = {name: value for name, value in os.environ.items() if name != "SEAWALL_BOOTSTRAP"}


def play(folder, *options, **env):
    command = [SEAWALL, "demo", "--fast", "--dir", folder, *options]
    return subprocess.run(command, env=PLAIN | env, capture_output=True, text=True, timeout=300, check=False)


def events_in(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def answers_in(folder):
    answers = events_in(folder / "state/answers.jsonl")
    return [answer for answer in answers if answer["time"] < answers[0]["time"] + STORY_SECONDS - 1]


def in_time(lines):
    """Requests, labels and answers have a clock each: what they tell comes in the order of each."""
    return sorted(lines.splitlines())


def opened(events):
    return [event for event in events if event["event"] == "opened"]


def second(time):
    return (datetime.fromisoformat(time) - datetime.fromisoformat("2026-01-01T00:00:00Z")).total_seconds()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "run"
    run = play(folder)
    run.folder = folder
    return run


@pytest.fixture(scope="module")
def events(demo):
    return sorted(events_in(demo.folder / "events.jsonl"), key=lambda event: event["time"])


def test_it_ends_by_itself_with_0_and_complains_of_nothing(demo):
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stderr == ""


def test_nothing_is_told_before_the_first_change(demo, events):
    assert min(event["time"] for event in events) > FIRST_CHANGE
    assert "71,000 requests judged, 0 unusable. Alerts before the first change: 0" in demo.stdout


def test_each_change_is_one_incident_that_says_what_happened(events):
    noise, row, release, fragile, pens, prober, labels = opened(events)
    assert noise["summary"] == "row5_col1 shifted up"
    assert noise["severity"] == "warning"
    assert {signal["group"] for signal in noise["signals"]} == {"features"}
    assert row["summary"] == "8 features missing: row5_col1, row5_col2, row5_col3 and 5 more"
    assert re.match(r"\d+ features above the accepted range: ", release["summary"])
    assert release["version"] == "2"
    assert "model version 2 began at 2026-01-01T00:00:35Z" in release["notes"][0]
    assert re.fullmatch(r"noise of 0.4 sd: \d\d % of answers flip", fragile["summary"])
    assert {signal["group"] for signal in pens["signals"]} >= {"features"}
    assert [signal["signal"] for signal in prober["signals"]] == ["anomaly.queries"]
    assert labels["signals"][0]["signal"] == "performance.error"
    assert re.fullmatch(r"error: \d\d % of labelled predictions wrong", labels["summary"])


def test_the_prober_is_named_by_its_hash_alone(demo, events):
    told = next(event["summary"] for event in opened(events) if "near-duplicates" in event["summary"])
    assert re.fullmatch(r"caller [0-9a-f]{12} sends near-duplicates of one input", told)
    kept = [path.read_text() for path in (demo.folder / "events.jsonl", demo.folder / "seawall.log")]
    pages = [path.read_text() for path in demo.folder.glob("slack-*.html")]
    assert [text for text in kept + pages if "client-" in text] == []


def test_the_prober_is_caught_before_it_has_asked_fifty_times_and_would_have_found_what_it_wants(events):
    told = next(second(event["time"]) for event in opened(events) if "near-duplicates" in event["summary"])
    assert (told - PROBED) * 1_000 // CHUNK_MS * len(PROBES) < 50
    service = Service()
    prober = Traffic(service, 0).prober
    assert len(prober.asked) == 180
    assert service.predict(prober.best[None])[0][0] != AIM
    begun, ended = (np.linalg.norm(x - service.example(AIM)) for x in (service.example(MISREAD), prober.best))
    assert ended < begun / 2


def test_a_retraining_is_held_while_the_model_is_probed_and_started_then(demo, events):
    pens, prober = opened(events)[4:6]
    said = [(e["time"], note) for e in events for note in e["notes"] if note.startswith("retraining nightly: ")]
    assert f"held, an attack is open: {prober['incident']} (anomaly.queries)" in said[0][1]
    resolved = next(e for e in events if e["event"] == "resolved" and e["incident"] == prober["incident"])
    when, note = next((when, note) for when, note in said if "started" in note)
    assert when == resolved["time"]
    call = json.loads((demo.folder / "retraining-1.json").read_text())
    assert f"started as {call['id']}" in note
    assert call["subject"] == pens["incident"]
    assert len(list(demo.folder.glob("retraining-*.json"))) == 1
    assert "A retraining was started once" in demo.stdout


def test_labels_say_what_each_breakage_cost(demo):
    cost = dict(re.findall(r"^(dead row|release 2) .* ([0-9.]+) % wrong$", demo.stdout, re.MULTILINE))
    assert 5 < float(cost["dead row"]) < 20
    assert float(cost["release 2"]) > 90


def test_a_release_that_looks_right_and_is_fragile_is_told_by_the_shadow_checks_alone(demo, events):
    told = [e for e in opened(events) if FRAGILE < second(e["time"]) <= PENS]
    assert [signal["group"] for e in told for signal in e["signals"]] == ["robustness"]
    assert told[0]["version"] == "3"
    else_wrong, wrong = (
        float(re.search(words, demo.stdout)[1]) for words in (r"else ([0-9.]+) %", r"release 3 .* ([0-9.]+) % wrong")
    )
    assert wrong < else_wrong + 1


def test_the_curve_is_shown_beside_the_accepted_one_with_what_is_tolerated(demo):
    rows = re.findall(r"^ +(0\.\d) sd +([0-9.]+) % +([0-9.]+) %   (.*)$", demo.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == ["0.1", "0.2", "0.4"] * 2
    assert all(abs(float(now) - float(accepted)) < 3 for _, accepted, now, _ in rows[:3])
    assert [len(bar.partition("╎")[0]) for *_, bar in rows[:3]] == [round(float(row[1]) + 3) for row in rows[:3]]
    assert [bool(bar.partition("╎")[2]) for *_, bar in rows[:3]] == [False] * 3
    assert float(rows[-1][2]) > float(rows[-1][1]) + 10
    assert len(rows[-1][3]) > 15


def test_no_feature_and_no_id_is_in_the_answers_that_are_kept(demo):
    told = (demo.folder / "state/answers.jsonl").read_text()
    assert "row" not in told
    assert "request-" not in told


def test_an_alert_while_the_model_is_still_right_is_explained(demo):
    before, after = demo.stdout.split("The inputs moved and the model still copes", 1)
    assert "the camera gets slightly noisy; model right on 96.3 %" in before
    assert "row5_col1 shifted up" in after
    assert "still copes" not in after


def test_every_alert_comes_within_five_seconds_of_its_change(events):
    told = [second(event["time"]) for event in opened(events)]
    assert all(0 < at - change <= 5 for at, change in zip(told, CHANGES, strict=True))


def test_what_is_mended_is_resolved_and_what_stays_is_told_again_with_what_is_new(events):
    changes = {}
    for event in events:
        changes.setdefault(event["incident"], []).append(event["event"])
    noise, row, release, fragile, pens, prober, labels = changes.values()
    assert [noise, row, release, fragile, prober] == [["opened", "resolved"]] * 5
    assert pens == ["opened", "updated", "updated", "updated"]
    assert labels == ["opened"]


def test_each_message_is_kept_as_it_would_be_seen(demo):
    events = events_in(demo.folder / "events.jsonl")
    pages = [(demo.folder / f"slack-{number + 1}.html").read_text() for number in range(len(events))]
    assert len(list(demo.folder.glob("slack-*.html"))) == len(events)
    for page, event in zip(pages, events, strict=True):
        mark = {"opened": f"▲ {event['severity']}", "updated": f"↺ {event['severity']}", "resolved": "✓ resolved"}
        assert mark[event["event"]] in page
        assert event["incident"] in page
    assert f"{len(events)} Slack messages" in demo.stdout


def test_all_it_says_fits_a_terminal(demo):
    lines = demo.stdout.splitlines()
    assert len(lines) <= 120
    assert [
        line for line in lines if len(line) > 100 and str(demo.folder) not in line and str(SEAWALL) not in line
    ] == []


def test_a_replay_of_its_traffic_tells_the_same(demo, tmp_path):
    command = [SEAWALL, "replay", demo.folder / "traffic.jsonl.gz", "--labels", demo.folder / "labels.jsonl"]
    command += ["--answers", demo.folder / "state/answers.jsonl", "-c", demo.folder / "seawall.yaml"]
    subprocess.run([*command, "--events", tmp_path / "events"], env=PLAIN, capture_output=True, check=True)
    assert in_time((tmp_path / "events").read_text()) == in_time((demo.folder / "events.jsonl").read_text())


def test_another_run_through_a_real_kafka_tells_the_same_and_leaves_no_topic(demo, broker, tmp_path):
    run = play(tmp_path / "kafka", SEAWALL_BOOTSTRAP=broker.bootstrap)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"through Kafka at {broker.bootstrap}" in run.stdout
    told = [(folder / "events.jsonl").read_text() for folder in (tmp_path / "kafka", demo.folder)]
    assert in_time(told[0]) == in_time(told[1])
    assert answers_in(tmp_path / "kafka") == answers_in(demo.folder)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        assert [name for name in admin.list_topics() if name.startswith("seawall-demo")] == []
    finally:
        admin.close()


def test_a_broker_that_is_not_there_is_named(tmp_path):
    run = play(tmp_path / "kafka", "--bootstrap-servers", "127.0.0.1:1")
    assert run.returncode == 1
    assert "Kafka at 127.0.0.1:1" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "seawall.yaml").write_text("model: mine\n")
    run = play(tmp_path)
    assert run.returncode == 1
    assert "--dir" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["seawall.yaml"]


SERVING = """
import sys
from pathlib import Path
from monitor.cli.run import asked_to_stop
from monitor.demo.run import Options, play
sys.exit(0 if play(Options(Path(sys.argv[1]), fast=True, serve=True, listen="127.0.0.1:0"), asked_to_stop()) else 1)
"""


def test_serving_goes_on_with_clean_traffic_until_ctrl_c(tmp_path):
    serving = subprocess.Popen(
        [sys.executable, "-u", "-c", SERVING, tmp_path / "run"], env=PLAIN, stdout=subprocess.PIPE, text=True
    )
    try:
        address = next(found[1] for line in serving.stdout if (found := re.search(r"http://(\S+)/metrics", line)))
        assert any("until Ctrl-C" in line for line in serving.stdout)
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        assert 'seawall_incidents_total{event="opened",model="digits",severity="error"} 6.0' in metrics
        assert 'seawall_deliveries_total{outcome="delivered",sink="slack"} 14.0' in metrics
    finally:
        serving.send_signal(signal.SIGINT)
        serving.stdout.close()
        assert serving.wait(30) == 0


def test_ctrl_c_before_the_end_is_an_interruption(tmp_path):
    live = subprocess.Popen(
        [SEAWALL, "demo", "--dir", tmp_path / "run"],
        env=PLAIN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    live.stdout.readline()
    live.send_signal(signal.SIGINT)
    _, said = live.communicate(timeout=60)
    assert live.returncode == 130
    assert said == "interrupted\n"
