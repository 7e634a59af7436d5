"""One KafkaConsumer as a member of its group: which partitions it has, and how far it is in them.

The listener's methods run on kafka-python's own thread, while ours waits inside `poll`; they must not ask the broker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.structs import MemberState

from monitor.sources.kafka_portions import Portions
from monitor.types import Partition, RawMessage

PATIENCE_MS = 2_000

log = structlog.get_logger()


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """A consumer that has subscribed.

    Parameters
    ----------
    wanted : callable
        Returns the offset to read a partition from, or None to leave that to what the group committed.

    Attributes
    ----------
    partitions : set
        What the group gave us.
    settled : bool
        Whether the group has given us anything yet, be it nothing.
    given : Counter
        How often each partition was given to us: between two polls it may have been another's.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        topics: Sequence[str],
        wanted: Callable[[TopicPartition], int | None],
        held: Set[Partition],
        given: Counter[Partition],
    ) -> None:
        self.consumer = consumer
        self.given = given
        self.partitions: set[TopicPartition] = set()
        self.settled = False
        self._topics = topics
        self._wanted = wanted
        self._held = held
        # Read-only uses of what kafka-python has no public name for: its public calls ask the broker, without a limit.
        self._cluster = consumer._cluster
        self._subscription = consumer._subscription
        self._coordinator = consumer._coordinator
        self._fetcher = consumer._fetcher  # not only read: see `_let_held_records_in`
        self._portions = Portions(self._fetcher)
        consumer.subscribe(topics=list(topics), listener=self)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        for partition in assigned:
            offset = self._wanted(partition)
            if offset is not None:
                self.consumer.seek(partition, offset)
            if partition in self._held:
                self.consumer.pause(partition)
            self.partitions.add(partition)
            self.given[Partition(*partition)] += 1
            log.info("partition assigned", topic=partition.topic, partition=partition.partition, offset=offset)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.partitions.difference_update(revoked)
        for partition in revoked:
            log.info("partition revoked", topic=partition.topic, partition=partition.partition)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.partitions.difference_update(lost)
        for partition in lost:
            log.warning("partition lost", topic=partition.topic, partition=partition.partition)

    @property
    def fenced(self) -> bool:
        """Whether another process took our `group_instance_id`.

        kafka-python 3.0.12 only stops its heartbeats then: it reads on and spins.
        """
        coordinator = self._coordinator
        beats = coordinator._heartbeat_enabled
        return self.settled and not beats and coordinator.stable() and not coordinator.rejoin_needed

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        """Return what has come. Raises what kafka-python raises."""
        joining = self._coordinator._join_task
        if joining is not None and joining.is_done and joining.succeeded():
            self.consumer._net.run(self._finish_joining, joining.value)
        self._let_held_records_in()
        self._portions.begin(len(self.partitions))
        try:
            records: Mapping[Partition, Sequence[RawMessage]] = self.consumer.poll(timeout_ms=int(seconds * 1_000))
        finally:  # also where what was committed is no longer there, which the same poll may find out
            if not self.settled:
                self.settled = self.consumer.group_metadata().state == MemberState.STABLE
        return records

    async def _finish_joining(self, assignment: bytes) -> None:
        """Take what the group gave between two polls.

        kafka-python 3.0.12 forgets it then: it joins again, which disturbs all others, or waits for ever.
        """
        coordinator = self._coordinator
        with coordinator._lock:
            coordinator._join_task = None
            coordinator.rejoining = coordinator.rejoin_needed = False
            coordinator.state = MemberState.STABLE
            coordinator._enable_heartbeat()
        now = coordinator._generation
        await coordinator._on_join_complete_async(now.generation_id, now.member_id, now.protocol, assignment)

    def _let_held_records_in(self) -> None:
        """Clear the place that records of a partition no longer held wait for.

        kafka-python 3.0.12 looks whether it `is None`, and leaves what it has read to the end in it: the partition
        would never be read again.
        """
        if not self._fetcher._next_partition_records:
            self._fetcher._next_partition_records = None

    def hold(self, partitions: Set[Partition]) -> None:
        """Pause exactly these."""
        self._held = partitions
        self.consumer.pause(*(partition for partition in self.partitions if partition in partitions))
        self.consumer.resume(*(partition for partition in self.partitions if partition not in partitions))

    def positions(self) -> dict[TopicPartition, int | None]:
        """Return the next offset to read, None where it is not known yet."""
        states = {partition: self._subscription.assignment.get(partition) for partition in self.partitions}
        return {
            partition: state.position.offset if state is not None and state.position is not None else None
            for partition, state in states.items()
        }

    def ends(self, partitions: Set[TopicPartition]) -> dict[TopicPartition, int] | None:
        """Ask where the log ends, for those who read committed records; None when nobody answers."""
        try:
            ends: dict[TopicPartition, int] = self.consumer.end_offsets(list(partitions), timeout_ms=PATIENCE_MS)
        except Exception as why:  # noqa: BLE001 - any failure means the same: it is not known
            log.debug("log end not known", why=str(why) or type(why).__name__)
            return None
        return ends

    def lag(self, ends: Mapping[TopicPartition, int]) -> dict[Partition, int]:
        """Return log end minus position, from the last fetch or from `ends`, whichever is further."""
        lag: dict[Partition, int] = {}
        for partition, position in self.positions().items():
            state = self._subscription.assignment.get(partition)
            known = [end for end in (state and state.highwater, ends.get(partition)) if end is not None]
            if position is not None and known:
                lag[Partition(*partition)] = max(0, max(known) - position)
        return lag

    def commit(self, next_offsets: Mapping[Partition, int], words: Mapping[Partition, str]) -> None:
        """Commit for those of the partitions that are ours. While the group moves the broker would let us wait."""
        mine = {
            partition: OffsetAndMetadata(next_offsets[partition], words.get(Partition(*partition), ""), -1)
            for partition in self.partitions
            if partition in next_offsets
        }
        if not mine or self._coordinator.coordinator_id is None or not self._coordinator.stable():
            return
        try:
            self.consumer.commit(mine, timeout_ms=PATIENCE_MS)
        except Exception as why:  # noqa: BLE001 - the next one tells as much; of a partition that went, its new owner's
            log.info("commit refused", why=str(why) or type(why).__name__)

    def known_partitions(self) -> set[Partition]:
        """Return all partitions of the topics, as the brokers last told."""
        return {
            Partition(topic, number)
            for topic in self._topics
            for number in self._cluster.partitions_for_topic(topic) or ()
        }

    def hindrance(self) -> str | None:
        """Return why the group gives us nothing, as far as the brokers have told."""
        for topic in self._topics:
            if topic in self._cluster.unauthorized_topics:
                return f'topic "{topic}": this user is not allowed to read it'
            ours = any(partition.topic == topic for partition in self.partitions)
            if self.settled and not ours and self._cluster.partitions_for_topic(topic) is None:
                return f'topic "{topic}" does not exist (Seawall does not create it)'
        group = self.consumer.config["group_id"]
        if self._coordinator.coordinator_id is None:
            return f'no broker coordinates group "{group}" at present'
        return None if self.settled else f'group "{group}" has not given out its partitions yet'
