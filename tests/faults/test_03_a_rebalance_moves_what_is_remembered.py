"""Three real `seawall run` on a real Kafka share one topic: they tell what one alone tells, whoever comes and goes."""

from __future__ import annotations

import signal
import threading
import time

import kserve_log
import traffic
from kafka import KafkaAdminClient, TopicPartition
from kafka_broker import Broker
from replica_processes import PARTITIONS, same, trickle
from topic_traffic import produce


def test_three_replicas_tell_what_one_tells(broker, topic, shifted, replicas, alone):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, shifted)
    one = alone(name, len(shifted))
    three = replicas(name)
    for number in range(3):
        three.start(number)
    three.wait_until_judged(one.saved()["judged"])
    assert [three.terminate(number) for number in range(3)] == [0, 0, 0]
    same(three, one)
    records = one.saved()["models"][traffic.MODEL]["judge"]["records"]
    told = three.said("state", "show")
    assert f"{three.group}.state: 1 model" in told
    assert f"{traffic.MODEL}: {records:,} records judged against sha256:" in told
    assert f"  {name}/3 counted to " in told
    assert three.said("state", "verify") == f"what is remembered of 1 model in {three.group}.state is whole\n"


def test_replicas_that_join_leave_die_and_wake_up_change_nothing(broker, topic, shifted, replicas, alone):
    name = topic(PARTITIONS, retention_ms=-1)
    several = replicas(name)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, shifted))
    several.start(0)
    writer.start()
    time.sleep(3)
    several.start(1)
    time.sleep(3)
    several.start(2)
    time.sleep(4)
    several.kill(0)
    time.sleep(2)
    several.start(3)
    several.send(1, signal.SIGSTOP)  # for longer than the group waits
    time.sleep(14)
    several.send(1, signal.SIGCONT)
    time.sleep(3)
    assert several.terminate(2) == 0
    writer.join()
    one = alone(name, len(shifted))
    several.wait_until_judged(one.saved()["judged"])
    assert [several.terminate(number) for number in (1, 3)] == [0, 0]
    same(several, one)


def test_who_counts_differently_waits_until_the_others_have_stopped(broker, topic, shifted, replicas):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, shifted[:3_000])
    several = replicas(name)
    several.start(0)
    several.wait_until_judged(1)
    several.start(1, allowed_lateness="20s")
    several.wait_until_logged(1, "another process counts differently")
    before = several.remembered()[traffic.MODEL]["judged"]
    produce(broker.bootstrap, name, PARTITIONS, shifted[3_000:6_000])
    several.wait_until_judged(before + 10)
    assert "partition assigned" not in several.log(1)
    assert several.terminate(0) == 0
    several.wait_until_logged(1, "models taken over")
    assert several.terminate(1) == 0


def test_a_process_of_the_group_that_joins_no_records_ends_in_words(broker, topic, replicas):
    """Halves of records cannot be joined by several."""
    name = topic(1, retention_ms=-1)
    produce(broker.bootstrap, name, 1, kserve_log.events(next(traffic.traffic(1, seed=1))))
    several = replicas(name)
    several.start(0)
    assert several.running[0].wait(40) == 1
    assert "one process joins them. Remove replicas" in several.log(0)
    assert "Traceback" not in several.log(0)


def test_partitions_whose_records_expired_while_they_were_idle_are_gone_on_with(broker, topic, shifted, replicas):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, shifted[:3_000])
    several = replicas(name)
    several.start(0, idle_timeout="1s")
    for number in range(PARTITIONS):
        several.wait_until_logged(0, f'"partition": {number}, "event": "partition idle"')
    time.sleep(3)
    assert several.terminate(0) == 0
    before = several.judged()
    expire(broker.bootstrap, name)
    several.start(1)
    produce(broker.bootstrap, name, PARTITIONS, shifted[3_000:9_000])
    several.wait_until_judged(before + 10)
    assert several.terminate(1) == 0


def expire(bootstrap: str, name: str) -> None:
    """Delete what is in a topic."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_records({TopicPartition(name, number): -1 for number in range(PARTITIONS)})
    admin.close()


def test_sigterm_ends_a_replica_in_time_though_the_brokers_are_gone(tmp_path, replicas, shifted):
    with Broker(tmp_path / "kafka") as own:
        own.create_topic("records", PARTITIONS, retention_ms=-1)
        produce(own.bootstrap, "records", PARTITIONS, shifted[:3_000])
        several = replicas("records", own.bootstrap)
        several.start(0)
        several.wait_until_judged(1)
        own.kill()
        time.sleep(1)
        assert several.terminate(0) == 0  # it is waited for 20 s
        assert "Traceback" not in several.log(0)


def test_brokers_that_hang_stop_no_replica_and_hold_up_no_sigterm(tmp_path, replicas, shifted):
    with Broker(tmp_path / "kafka") as own:
        own.create_topic("records", PARTITIONS, retention_ms=-1)
        produce(own.bootstrap, "records", PARTITIONS, shifted[:3_000])
        several = replicas("records", own.bootstrap)
        several.start(0)
        several.wait_until_judged(1)
        before = several.judged()
        produce(own.bootstrap, "records", PARTITIONS, shifted[3_000:6_000])
        own.pause()
        time.sleep(14)
        own.go_on()
        produce(own.bootstrap, "records", PARTITIONS, shifted[6_000:9_000])
        several.wait_until_judged(before + 10)
        produce(own.bootstrap, "records", PARTITIONS, shifted[9_000:12_000])
        own.pause()
        try:
            assert several.terminate(0) == 0  # it is waited for 20 s
        finally:
            own.go_on()
        assert "Traceback" not in several.log(0)
