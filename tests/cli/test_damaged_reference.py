"""A reference that is not what was promoted fails a check of the configuration; one that may still come does not."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from reference_records import applicants, built

from monitor.cli.main import main

BY = {"by": "ann", "why": "first release", "at": "2026-01-01T00:00:00Z"}


def corrupt(folder):
    (folder / "counts.npz").write_bytes(b"damaged")


def alter(folder):
    path = folder / "reference.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": 1_000_000}))


def recount(folder):
    with np.load(folder / "counts.npz") as arrays:
        counts = arrays["counts"] + 1
    np.savez_compressed(folder / "counts.npz", counts=counts)


def check(capsys):
    code = main(["check-config", "seawall.yaml"])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize("damage", [corrupt, alter, recount, shutil.rmtree])
def test_a_damaged_reference_is_a_mistake_with_its_path_and_what_to_do(store, capsys, damage):
    reference = built(applicants(600))
    store.save(reference, {})
    store.promote(reference.digest, **BY)
    assert check(capsys)[0] == 0
    damage(store.folder / reference.digest.removeprefix("sha256:"))
    code, out, err = check(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("seawall.yaml: 1 mistake\n  reference  reference ")
    assert str(store.folder) in err
    assert "Build it again: seawall reference build DATA" in err


def test_a_reference_that_is_missing_or_not_promoted_yet_is_a_warning(store, capsys):
    code, _, err = check(capsys)
    assert (code, err.startswith("warning: m: no reference in")) == (0, True)
    store.save(built(applicants(600)), {})
    code, _, err = check(capsys)
    assert (code, "is promoted. Look" in err) == (0, True)
