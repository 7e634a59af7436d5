from __future__ import annotations

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
from reference_files import BY, files_of, folder_of

from detectors.closeness import Closeness
from detectors.sample import Accepted
from monitor.errors import BadReference
from monitor.reference.contexts import CYCLES, Contexts
from monitor.reference.notes import Note


def test_what_is_saved_is_what_is_loaded(store, reference):
    store.save(reference, {"source": "a.jsonl"})
    loaded = store.load(reference.digest)
    assert loaded.digest == reference.digest
    assert loaded.schema == reference.schema
    assert loaded.layout.detectors == reference.layout.detectors
    assert loaded.counts.tolist() == reference.counts.tolist()
    assert loaded.design_effects == reference.design_effects
    assert [s for s, _ in loaded.signals] == [s for s, _ in reference.signals]
    assert store.provenance(reference.digest) == {"source": "a.jsonl"}


def test_saving_again_succeeds_and_changes_nothing(store, reference):
    assert store.save(reference, {"source": "a.jsonl"}) is True
    before = files_of(store)
    assert store.save(reference, {"source": "b.jsonl"}) is False
    assert files_of(store) == before


def test_the_digest_is_of_the_content(reference):
    changed = {
        "model": "another",
        "rows": reference.rows + 1,
        "counts": reference.counts + 1,
        "first": 0,
        "last": 0,
        "provisional": True,
        "growing": ("feature.income",),
        "design_effects": {"feature.income": 9.0},
        "schema": dataclasses.replace(reference).schema.__class__(()),
        "closeness": Closeness({"feature.income": 0.0}, {"feature.income": 1.0}, (), 1.0),
        "accepted": Accepted(("feature.income",), (), ((1.0,),)),
        "contexts": (
            Contexts(
                "month",
                CYCLES["month"].names,
                ("feature.income",),
                np.zeros((12, len(reference.counts)), dtype=np.int64),
            ),
        ),
        "within": {"feature.income": 0.1},
        "slot": 1,
        "notes": (Note("clock", "feature.income"),),
        "layout": type(reference.layout)(reference.layout.detectors[:-1]),
    }
    assert {field.name for field in dataclasses.fields(reference)} == {*changed, "part_of"}
    others = {dataclasses.replace(reference, **{name: value}).digest for name, value in changed.items()}
    assert len(others | {reference.digest}) == len(changed) + 1


def test_a_version_is_found_by_the_beginning_of_its_digest(store, reference, other):
    store.save(reference, {})
    store.save(other, {})
    for name in (reference.digest, reference.digest[:19], reference.digest[7:19]):
        assert store.find(name) == reference.digest


@pytest.mark.parametrize("name", ["", "sha256:", "0123456789ab", "../x"])
def test_an_unknown_version_is_refused_and_the_known_ones_are_named(store, reference, name):
    store.save(reference, {})
    with pytest.raises(BadReference) as refused:
        store.load(name)
    assert str(refused.value) == f'reference "{name}" is not there: {store.folder} has {reference.digest[7:19]}'


def test_a_beginning_that_several_share_is_refused(store):
    digits = "0123456789abcdef"
    for first, second in (("a", "0"), ("a", "1")):
        folder = store.folder / (first + second + digits * 4)[:64]
        folder.mkdir(parents=True)
    with pytest.raises(BadReference, match=r'^reference "a" could be any of 2: .* has a00123456789, a10123456789$'):
        store.find("a")


@pytest.mark.parametrize("file", ["reference.json", "counts.npz"])
@pytest.mark.parametrize("damage", ["truncated", "emptied", "deleted", "noise"])
def test_a_damaged_file_is_refused_with_the_command_that_helps(store, reference, file, damage):
    store.save(reference, {})
    path = folder_of(store, reference) / file
    content = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes({"truncated": content[: len(content) // 2], "emptied": b"", "noise": os.urandom(99)}[damage])
    with pytest.raises(BadReference) as refused:
        store.load(reference.digest)
    words = str(refused.value)
    assert words.startswith(f"reference {reference.digest[:19]} in {store.folder} cannot be read (")
    assert words.endswith("). Build it again: seawall reference build DATA")


@pytest.mark.parametrize("file", ["reference.json", "counts.npz"])
def test_a_flipped_bit_is_refused_in_words_or_changes_nothing_that_is_loaded(store, reference, file):
    store.save(reference, {})
    path = folder_of(store, reference) / file
    content = path.read_bytes()
    refused = 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        try:
            loaded = store.load(reference.digest)
        except BadReference as why:
            assert str(why).endswith("Build it again: seawall reference build DATA")  # noqa: PT017 - either will do
            refused += 1
        else:
            assert loaded.document() == reference.document()
            assert loaded.counts.tolist() == reference.counts.tolist()
    assert refused > len(content) / 2


@pytest.mark.parametrize("bit", [0, 5, 6])
def test_counts_that_claim_to_be_encrypted_are_refused_in_words(store, reference, bit):
    store.save(reference, {})
    path = folder_of(store, reference) / "counts.npz"
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] ^= 1 << bit  # the flags in the zip's directory
    path.write_bytes(content)
    with pytest.raises(BadReference, match=r"cannot be read \(.*Build it again: seawall reference build DATA$"):
        store.load(reference.digest)


@pytest.mark.parametrize("file", ["reference.json", "counts.npz"])
def test_building_a_damaged_version_again_mends_it(store, reference, file):
    store.save(reference, {})
    (folder_of(store, reference) / file).write_bytes(b"damaged")
    assert store.save(reference, {}) is True
    assert store.load(reference.digest).digest == reference.digest


def test_counts_that_somebody_changed_are_refused(store, reference):
    store.save(reference, {})
    np.savez_compressed(folder_of(store, reference) / "counts.npz", counts=reference.counts + 1)
    with pytest.raises(BadReference, match="was changed after it was built: its content is sha256:"):
        store.load(reference.digest)


def test_a_field_that_somebody_changed_is_refused(store, reference):
    store.save(reference, {})
    path = folder_of(store, reference) / "reference.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": 1_000_000}))
    with pytest.raises(BadReference, match="was changed after it was built"):
        store.load(reference.digest)


def test_a_pickle_in_the_counts_is_not_opened(store, reference):
    store.save(reference, {})
    np.savez(folder_of(store, reference) / "counts.npz", counts=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BadReference, match="cannot be read"):
        store.load(reference.digest)


@pytest.mark.parametrize(
    ("key", "value"),
    [("format", 2), ("schema", []), ("detectors", [{"kind": "forest"}]), ("detectors", None), ("rows", None)],
)
def test_a_reference_of_another_schema_is_refused(store, reference, key, value):
    store.save(reference, {})
    path = folder_of(store, reference) / "reference.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(BadReference, match=r"Build it again"):
        store.load(reference.digest)


def test_a_build_that_was_killed_leaves_nothing_that_counts(store, reference):
    half = store.folder / f".{reference.digest[7:]}.123"
    half.mkdir(parents=True)
    (half / "reference.json").write_bytes(reference.document())
    assert store.digests() == []
    assert store.save(reference, {}) is True
    assert store.digests() == [reference.digest]


def test_versions_are_listed_oldest_first_even_where_the_provenance_is_lost(store, reference, other):
    for built, version in (("2026-01-02T00:00:00Z", reference), ("2026-01-01T00:00:00Z", other)):
        store.save(version, {"built": built})
    assert store.digests() == [other.digest, reference.digest]
    (folder_of(store, reference) / "provenance.json").unlink()
    assert store.digests() == [reference.digest, other.digest]
    assert store.provenance(reference.digest) == {}


def test_the_last_promotion_counts(store, reference, other):
    store.save(reference, {})
    store.save(other, {})
    assert store.promote(reference.digest, **BY) is True
    assert store.promote(other.digest, **BY) is True
    assert store.promote(reference.digest, **BY | {"why": "back again"}) is True
    assert store.promoted() == reference.digest
    assert store.accepted().digest == reference.digest
    assert [p["why"] for p in store.promotions()] == ["first release", "first release", "back again"]


def test_promoting_what_is_promoted_succeeds_and_writes_nothing(store, reference):
    store.save(reference, {})
    assert store.promote(reference.digest, **BY) is True
    assert store.promote(reference.digest, **BY | {"by": "bob"}) is False
    assert [p["by"] for p in store.promotions()] == ["ann"]


@pytest.mark.parametrize(
    "torn", ['{"reference": "sha256:12', '{"reference": "sha256:12\n', "null\n", '"text"\n', "{}\n", "\xff\xfe\n"]
)
def test_a_line_torn_by_a_crash_costs_nothing_before_or_after_it(store, reference, other, torn):
    store.save(reference, {})
    store.save(other, {})
    store.promote(reference.digest, **BY)
    with (store.folder / "promotions.jsonl").open("ab") as log:
        log.write(torn.encode("latin-1"))
    assert store.promoted() == reference.digest
    store.promote(other.digest, **BY)
    assert store.promoted() == other.digest
    assert len(store.promotions()) == 2


def test_what_seawall_promoted_itself_is_accepted_once_a_person_promotes_it(store, reference):
    learned = dataclasses.replace(reference, provisional=True)
    store.save(learned, {})
    assert store.promote(learned.digest, **BY | {"by": "seawall"}) is True
    assert store.promote(learned.digest, **BY | {"by": "seawall"}) is False
    assert store.unaccepted(learned)
    assert store.promote(learned.digest, **BY) is True
    assert store.promote(learned.digest, **BY) is False
    assert not store.unaccepted(learned)
    assert [promotion["by"] for promotion in store.promotions()] == ["seawall", BY["by"]]


def test_nothing_promoted_names_the_command_and_the_only_version(store, reference):
    store.save(reference, {})
    with pytest.raises(BadReference) as refused:
        store.accepted()
    assert str(refused.value) == (
        f"no reference in {store.folder} is promoted. Look: seawall reference show {reference.digest[7:19]}. "
        f'Then accept it: seawall reference promote {reference.digest[7:19]} --by YOU --why "…"'
    )


def test_of_several_versions_none_promoted_the_newest_is_not_held_out(store, reference, other):
    store.save(reference, {})
    store.save(other, {})
    with pytest.raises(BadReference) as refused:
        store.accepted()
    assert str(refused.value) == (
        f"no reference in {store.folder} is promoted. Look: seawall reference list, then show VERSION. "
        'Then accept it: seawall reference promote VERSION --by YOU --why "…"'
    )


def test_no_reference_at_all_names_the_command(store):
    with pytest.raises(BadReference) as refused:
        store.accepted()
    assert str(refused.value) == (
        f"no reference in {store.folder}: nothing says what this model's traffic should look like. "
        'Build one from accepted records: seawall reference build DATA --promote --by YOU --why "…"'
    )


def test_a_promoted_version_that_is_gone_is_said_plainly(store, reference):
    store.save(reference, {})
    store.promote(reference.digest, **BY)
    shutil.rmtree(folder_of(store, reference))
    with pytest.raises(BadReference, match=r"is not there: .* has none\. It is the promoted one\. Build"):
        store.accepted()
