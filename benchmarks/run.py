"""The speed and size table: `make bench`. Ratios are taken in one run, since machines differ and are noisy.

ARGS="--records 2000000 --flat 10000000" for longer runs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import burst
import checkpoint
import judging
import replicas
import service
import stages
import traffic
from kafka_broker import Broker

HERE = Path(__file__).parent


PAIRS = 5
PARTITIONS = 4


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=500_000, help="records read from Kafka in each of the pairs")
    options.add_argument("--flat", type=int, default=10_000_000, help="records over which memory is watched")
    chosen = options.parse_args()
    size = len(next(traffic.values(1)))
    print(f"records of {size} bytes, 23 features (20 numbers, 3 categories), 2 scores\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        traffic.reference(folder / "reference")
        show_stages(folder)
        judging.show()
        checkpoint.show()
        with Broker(folder / "kafka") as broker:
            show_idle(folder, broker)
            show_kafka(folder, broker, chosen.records)
            show_burst(folder, broker)
            replicas.show(folder, broker)
        show_flat(folder, chosen.flat)


def show_stages(folder: Path) -> None:
    """Print what each stage costs on one core."""
    print("stage, without Kafka             µs a record    records/s a core")
    for stage, microseconds in stages.measure(folder):
        print(f"  {stage:<28} {microseconds:>10.2f} {1e6 / microseconds:>16,.0f}")


def show_idle(folder: Path, broker: Broker) -> None:
    """Print what `seawall run` takes when little happens."""
    for topic in ("first", "idle"):
        broker.create_topic(topic, PARTITIONS)
    service.idle(folder, broker.bootstrap, "first")  # a new installation compiles its modules at the first start
    idle = service.idle(folder, broker.bootstrap, "idle")
    share = service.share_of_a_core(folder, broker.bootstrap, "idle")
    print("\nseawall run")
    print(f"  idle, resident               {idle.megabytes:>10.1f} MB        (at most 80)")
    print(f"  first poll after             {idle.first_poll:>10.2f} s         (at most 1.5)")
    print(f"  at 1,000 records/s           {100 * share:>10.1f} % of a core (at most 5)")


def show_kafka(folder: Path, broker: Broker, records: int) -> None:
    """Print the whole monitor's speed over that of the bare poll loop, in pairs."""
    fill(broker, records)
    pairs = []
    for _ in range(PAIRS):
        (bare, bare_cpu), (whole, whole_cpu) = (loop(how, broker, records, folder) for how in ("bare", "monitor"))
        pairs.append((bare / whole, bare_cpu / whole_cpu, records / bare, records / whole))
    ratios, cpu, bares, wholes = zip(*pairs, strict=True)
    print(f"\nKafka, {records:,} records in {PARTITIONS} partitions, median of {PAIRS} pairs (lowest to highest)")
    print(f"  bare poll loop               {median(bares):>10,.0f} records/s")
    print(f"  whole monitor                {median(wholes):>10,.0f} records/s")
    spread = f"({min(ratios):.2f} to {max(ratios):.2f}, at least 0.6)"
    print(f"  ratio                        {median(ratios):>10.2f}           {spread}")
    print(f"  ratio of processor time      {median(cpu):>10.2f}           ({min(cpu):.2f} to {max(cpu):.2f})")


def fill(broker: Broker, records: int) -> None:
    """Produce the records that both loops read."""
    from kafka import KafkaProducer

    broker.create_topic("bench", PARTITIONS)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=50, batch_size=1 << 18, acks=1)
    for i, value in enumerate(traffic.values(records)):
        producer.send("bench", value, partition=i % PARTITIONS)
    producer.close()


def loop(how: str, broker: Broker, records: int, folder: Path) -> tuple[float, float]:
    """Return wall and processor seconds of one loop in a process of its own."""
    arguments = [sys.executable, HERE / "kafka_loop.py", how, broker.bootstrap, "bench", str(records), folder]
    wall, processor = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    return float(wall), float(processor)


def show_burst(folder: Path, broker: Broker) -> None:
    """Print how much memory ten times the records take."""
    broker.create_topic("burst", PARTITIONS)
    memory = burst.burst(folder, broker.bootstrap, "burst", PARTITIONS)
    print(f"\nmemory through a burst, {burst.QUIET:,} and then {burst.PEAK:,} records a second, most resident")
    print(f"  before                       {memory.before:>10.1f} MB")
    print(f"  with it                      {memory.after:>10.1f} MB")
    print(f"  ratio                        {memory.after / memory.before:>10.2f}           (at most 1.1)")


def show_flat(folder: Path, records: int) -> None:
    """Print resident memory on the way through many records."""
    arguments = [sys.executable, HERE / "flat.py", str(records), folder]
    seen = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    print(f"\nmemory over {records:,} records, resident MB at each tenth\n  {'  '.join(seen)}")


if __name__ == "__main__":
    main()
