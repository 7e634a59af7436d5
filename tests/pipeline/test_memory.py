"""How much memory a process takes, and may take: as version 1 and version 2 of cgroups write it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.memory import cgroup_limit, resident


@pytest.fixture
def system(tmp_path):
    """Return a function that writes files of cgroups and says what the limit is."""

    def limit(memberships: str, **files: str) -> int | None:
        own = tmp_path / "cgroup"
        own.write_text(memberships)
        for name, content in files.items():
            path = tmp_path / "groups" / name.replace("__", "/").replace("_limit", ".limit").replace("_max", ".max")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return cgroup_limit(tmp_path / "groups", own)

    return limit


def test_version_2_in_a_container(system):
    assert system("0::/\n", memory_max="268435456\n") == 268435456


def test_version_2_without_a_limit(system):
    assert system("0::/\n", memory_max="max\n") is None


def test_version_2_below_a_group_that_is_smaller(system):
    files = {"pods__memory_max": "1000000\n", "pods__one__memory_max": "2000000\n"}
    assert system("0::/pods/one\n", **files) == 1_000_000


def test_version_1(system):
    memberships = "9:cpu:/pods/one\n4:memory:/pods/one\n0::/\n"
    assert system(memberships, memory__pods__one__memory_limit_in_bytes="536870912\n") == 536870912


def test_version_1_without_a_limit(system):
    assert system("4:memory:/\n", memory__memory_limit_in_bytes="9223372036854771712\n") is None


def test_version_1_in_a_container_that_sees_its_group_as_root(system):
    host = "4:memory:/kubepods/burstable/pod1/one\n"
    assert system(host, memory__memory_limit_in_bytes="268435456\n") == 268435456


def test_no_cgroups_at_all(tmp_path):
    assert cgroup_limit(tmp_path, tmp_path / "cgroup") is None


def test_what_is_resident_grows_with_what_is_used():
    program = (
        "from monitor.memory import resident; before = resident(); "
        "held = bytearray(1 << 25); print(resident() - before)"
    )
    grown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert 0.9 * (1 << 25) < int(grown) < 1.2 * (1 << 25)
    assert resident() > 1 << 24
