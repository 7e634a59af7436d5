"""Kafka forgets where a group was to go on: nobody guesses; partitions that are new begin as ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions
from replica_processes import PARTITIONS, Replicas
from topic_traffic import produce

from monitor.cli.main import main


@pytest.fixture
def counted(broker, topic, shifted, replicas) -> Callable[..., Replicas]:
    """Return a function that makes replicas which have read some records and ended."""

    def make(start: str) -> Replicas:
        several = replicas(topic(PARTITIONS, retention_ms=-1))
        several.start(0)  # begins at the earliest, whatever those after it say
        produce(broker.bootstrap, several.name, PARTITIONS, shifted[:3_000])
        several.wait_until_judged(1)
        assert several.terminate(0) == 0
        several.source["start"] = start
        return several

    return make


def begun(several: Replicas, number: int) -> list[str]:
    return [line for line in several.log(number).splitlines() if '"partition begun"' in line]


@pytest.mark.parametrize("start", ["earliest", "latest", "2026-01-01T00:00:00Z"])
def test_a_group_whose_commits_have_expired_is_refused_until_it_is_reset(broker, counted, start, capsys):
    several = counted(start)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.delete_groups([several.group])  # as they are when they have expired
    admin.close()
    several.start(1)
    assert several.running.pop(1).wait(40) == 1
    told = several.log(1)
    assert f"the group {several.group} has counted {several.name}/0 to offset " in told
    assert "has no commit for it any more" in told
    assert "To forget what was judged and begin there: seawall state reset" in told
    assert "Traceback" not in told
    assert "partition assigned" not in told
    config = str(several.folder / f"{several.group}-1" / "seawall.yaml")
    assert main(["state", "verify", "-c", config]) == 1
    (refused,) = capsys.readouterr().err.splitlines()
    assert refused in told
    assert main(["state", "show", "-c", config]) == 0
    assert f"! {refused}" in capsys.readouterr().out.splitlines()
    assert main(["state", "reset", "--yes", "-c", config]) == 0
    several.start(2)
    several.wait_until_logged(2, "partition begun")
    assert several.terminate(2) == 0


@pytest.mark.parametrize("start", ["earliest", "latest"])
def test_partitions_that_are_added_to_a_counted_topic_begin_at_their_beginning(broker, counted, shifted, start):
    several = counted(start)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_partitions({several.name: NewPartitions(PARTITIONS + 1)})
    admin.close()
    before = several.judged()
    produce(broker.bootstrap, several.name, PARTITIONS + 1, shifted[3_000:6_000])
    several.start(1)
    several.wait_until_judged(before + 5)
    assert several.terminate(1) == 0
    (line,) = begun(several, 1)
    assert f'"partition": {PARTITIONS}, "offset": 0,' in line
