"""6. A record that comes again (same id, partition and slot) counts once; and what exactly-once reading leaves out."""

from __future__ import annotations

import pytest
from kafka import KafkaProducer
from tallying import at, ended, send, steady


def test_a_record_sent_again_counts_once_in_its_partition_and_slot(broker, topic, tallied):
    name = topic(2, retention_ms=-1)
    again = [at(5, "0-50"), at(5.2, "0-50"), at(6, "0-50"), at(5, "0-50", 1)]  # the last two: another slot, partition
    send(broker.bootstrap, name, [*steady(0, 7), *steady(0, 7, 1), *again, *steady(7, 10)])
    assert tallied(name) == {"records": 172, "late": 0, "dead": 0}


@pytest.mark.parametrize("kill", [False, True])
def test_what_a_producer_aborted_is_not_read_and_what_it_committed_is_counted_once(broker, topic, tallied, kill):
    name = topic(1, retention_ms=-1)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=f"tx-{name}")
    producer.init_transactions()
    for second in range(10):
        producer.begin_transaction()
        for sent in steady(second, second + 1):
            producer.send(name, sent.value, partition=0, timestamp_ms=sent.stamp)
        producer.flush()
        (producer.abort_transaction if second % 2 else producer.commit_transaction)()
    producer.close()
    assert tallied(name, kill=kill) == {"records": 50, "late": 0, "dead": 0}


def test_what_an_open_transaction_commits_in_the_end_is_counted(broker, topic, witnessed_monitor):
    name = topic(2, retention_ms=-1)
    send(broker.bootstrap, name, [*steady(0, 4), *steady(0, 4, 1)])
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=f"tx-{name}")
    producer.init_transactions()
    producer.begin_transaction()
    for sent in steady(4, 8):
        producer.send(name, sent.value, partition=0, timestamp_ms=sent.stamp)
    producer.flush()
    one = witnessed_monitor(name)
    one.start()
    one.wait_until_read(80)
    producer.commit_transaction()
    producer.close()
    one.wait_until_read(120)
    assert ended(one) == {"records": 120, "late": 0, "dead": 0}
