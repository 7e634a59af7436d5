"""A version that cannot be read is not saved; one that is damaged later does not hide the others."""

from __future__ import annotations

import dataclasses
import math

import pytest
from reference_files import BY, files_of, folder_of

from detectors.closeness import Closeness
from monitor.errors import Damaged
from monitor.review.report import listed


def test_what_cannot_be_read_back_is_not_saved_and_the_promoted_one_stays(store, reference):
    store.save(reference, {})
    store.promote(reference.digest, **BY)
    before = files_of(store)
    broken = dataclasses.replace(reference, closeness=Closeness({"feature.income": math.inf}, {}, (), 1.0))
    with pytest.raises(Damaged, match=r"could not be read back .* nothing was saved or promoted"):
        store.save(broken, {})
    assert files_of(store) == before
    assert [path.name for path in store.folder.iterdir() if path.is_dir()] == [folder_of(store, reference).name]
    assert store.accepted().digest == reference.digest


def test_a_damaged_version_is_named_in_the_list_of_all(store, reference, capsys):
    whole = dataclasses.replace(reference, model="another")
    store.save(reference, {})
    store.save(whole, {})
    store.promote(reference.digest, **BY)
    (folder_of(store, reference) / "counts.npz").write_bytes(b"damaged")
    listed(store)
    said = capsys.readouterr()
    (arrow,) = (line for line in said.out.splitlines() if reference.digest[7:19] in line)
    assert "→" in arrow
    assert "damaged" in arrow
    assert whole.digest[7:19] in said.out
    assert f"{reference.digest[:19]} in {store.folder} cannot be read" in said.err
