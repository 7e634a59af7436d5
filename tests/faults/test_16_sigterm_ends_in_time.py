"""16. SIGTERM drains and saves within 20 s, whatever is away or hangs; a second one ends the process at once."""

from __future__ import annotations

import signal
import time

import pytest
import traffic
from dripping import serving
from kafka_broker import Broker
from monitor_process import told_once
from tallying import ended, send, steady
from tcp_proxy import proxy
from topic_traffic import produce

PARTITIONS = 11
QUIET_SOON = {"slot": "5s", "idle_timeout": "5s"}


@pytest.fixture
def behind(tmp_path):
    """A broker that is reached through a proxy only, and the proxy."""
    with proxy() as between:
        settings = {"advertised.listeners": f"PLAINTEXT://{between.address}"}
        broker = Broker(tmp_path / "kafka", settings=settings)
        between.to = broker.nodes[0].port
        with broker:
            broker.create_topic("t", PARTITIONS, retention_ms=-1)
            broker.create_topic("t.dead-letter", 1)
            yield broker, between


@pytest.fixture
def silent():
    """A server that takes what it is sent and never answers."""
    with serving(lambda _, done: done.wait() and None) as port:
        yield f"http://127.0.0.1:{port}/hook"


def records():
    return list(traffic.traffic(60, seed=8, changed=range(30, 60), change=traffic.higher_income))


@pytest.mark.parametrize("what", ["all is well", "broker killed", "broker stopped", "line half open", "line slow"])
def test_it_ends_within_20_seconds_and_a_restart_loses_and_repeats_nothing(behind, monitor, silent, what):
    broker, between = behind
    sinks = [{"type": "file", "path": "events.jsonl"}, {"type": "webhook", "url": silent}]
    one = monitor("t", bootstrap=between.address, dead_letters={"to": "topic"}, sinks=sinks, **QUIET_SOON)
    sent = [*records(), *[b"torn"] * 50]
    produce(broker.bootstrap, "t", PARTITIONS, sent)
    one.start()
    one.wait_until_read(len(sent))
    process = broker.nodes[0].process
    produce(broker.bootstrap, "t", PARTITIONS, [b"torn"] * 50)  # under way to the dead letters
    harm(what, broker, between)
    time.sleep(6)  # meanwhile it asks whether there is more in the partitions that have gone quiet
    try:
        code = one.terminate()  # waits 20 s and no longer
    finally:
        mend(what, broker, between, process)
    assert code == 0
    told = told_once(one.events())
    assert "opened" in [event["event"] for event in told]
    one.start()
    one.wait_until_assigned(PARTITIONS)
    one.wait_until_read(len(sent) + 50)
    assert one.terminate() == 0
    assert told_once(one.events())[: len(told)] == told


def harm(what, broker, between):
    match what:
        case "broker killed":
            broker.kill()
        case "broker stopped":
            broker.nodes[0].process.send_signal(signal.SIGSTOP)
        case "line half open":
            between.mute.set()
        case "line slow":
            between.delay = 0.5


def mend(what, broker, between, process):
    between.mute.clear()
    between.delay = 0.0
    if what == "broker killed":
        broker.start()
    else:
        process.send_signal(signal.SIGCONT)


def test_a_second_sigterm_ends_it_at_once(behind, monitor, silent):
    broker, between = behind
    one = monitor("t", bootstrap=between.address, sinks=[{"type": "webhook", "url": silent}])
    produce(broker.bootstrap, "t", PARTITIONS, records())
    one.start()
    one.wait_until_read(6_000)
    between.mute.set()
    one.process.terminate()
    time.sleep(1.5)  # sooner, it would be taken for the same one
    assert one.process.poll() is None
    one.process.terminate()
    assert one.process.wait(2) == 128 + signal.SIGTERM
    between.mute.clear()


def test_sigterm_while_there_is_no_broker_yet_ends_it(monitor):
    one = monitor("t", bootstrap="127.0.0.1:9")
    one.start()
    one.wait_until(lambda: "source" in one.asked("/readyz").get("why", {}))
    assert one.terminate() == 0


def test_sigterm_amid_a_backlog_saves_and_the_next_start_goes_on(broker, topic, witnessed_monitor):
    name = topic(2, retention_ms=-1)
    send(broker.bootstrap, name, [*steady(0, 1_500), *steady(0, 1_500, 1)])
    one = witnessed_monitor(name, max_ahead="1h")
    one.start()
    one.wait_until_read(1)
    assert one.terminate() == 0
    one.start()
    assert ended(one) == {"records": 30_000, "late": 0, "dead": 0}


def test_it_ends_with_0_and_a_restart_tells_nothing_again(topic, broker, monitor):
    name = topic(4, retention_ms=-1)
    changed = traffic.traffic(140, seed=8, changed=range(30, 60), change=traffic.higher_income)
    sent = [*changed, *[b"torn"] * 40]
    produce(broker.bootstrap, name, 4, sent)
    one = monitor(name)
    one.start()
    one.wait_until_read(len(sent))
    assert one.terminate() == 0
    told, letters = one.events(), one.dead_letters()
    assert [event["event"] for event in told] == ["opened", "resolved"]
    one.start()
    one.wait_until_assigned(4)
    assert one.terminate() == 0
    assert one.events() == told
    assert one.dead_letters() == letters
    assert one.read_through() == len(sent)
