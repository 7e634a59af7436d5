"""The secret under which callers are hashed."""

from __future__ import annotations

import stat
import threading

import pytest

from monitor.config.privacy import KEY_FILE, PrivacySection
from monitor.errors import BadReference

CONFIGURED = "a secret of sixteen characters or more"


def test_a_random_key_is_made_once_and_its_owner_alone_may_read_it(tmp_path):
    key = PrivacySection().key(tmp_path)
    assert len(key) == 64
    assert PrivacySection().key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / KEY_FILE]


def test_two_that_begin_at_once_have_the_same_key(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(PrivacySection().key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_configured_key_counts_and_nothing_is_written(tmp_path):
    section = PrivacySection(hash_key=CONFIGURED)
    assert section.key(tmp_path) == CONFIGURED.encode()
    assert list(tmp_path.iterdir()) == []
    assert CONFIGURED not in repr(section)


def test_where_no_key_can_be_made_it_says_what_to_set(tmp_path):
    with pytest.raises(BadReference, match=r"set privacy\.hash_key instead"):
        PrivacySection().key(tmp_path / "missing")
