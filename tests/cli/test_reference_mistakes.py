"""`seawall reference`, with the exact words for mistakes."""

from __future__ import annotations

import pytest
from reference_records import applicants, lines

MISTAKES = {
    "no data": (["build"], 2, "Error: Missing argument 'DATA'."),
    "no such file": (["build", "nowhere.jsonl"], 1, "nowhere.jsonl: there is no such file"),
    "an unknown kind of file": (
        ["build", "a.parquet"],
        1,
        "a.parquet: Parquet is not read by this build. Write the table as .csv or .jsonl",
    ),
    "standard input": (
        ["build", "-"],
        1,
        "a reference is built in two readings, and standard input can be read only once. Save it to a file first.",
    ),
    "too few": (
        ["build", "few.jsonl"],
        1,
        (
            "499 usable records of model m, a reference wants 500 at least (10,000 see shifts of 0.1). "
            "Give more, or let `seawall run` learn them from live traffic (reference.learn)"
        ),
    ),
    "nobody accepts at once": (
        ["build", "a.jsonl", "--promote"],
        2,
        'Error: say who accepts it and why: --by ann --why "first release"',
    ),
    "nobody accepts": (["promote", "3f9c"], 2, 'Error: say who accepts it and why: --by ann --why "first release"'),
    "no reason": (
        ["promote", "3f9c", "--by", "ann"],
        2,
        'Error: say who accepts it and why: --by ann --why "first release"',
    ),
    "an unknown version": (
        ["promote", "3f9c", "--by", "ann", "--why", "x"],
        1,
        'reference "3f9c" is not there: {store} has none',
    ),
    "nothing to show": (
        ["show"],
        1,
        (
            "no reference in {store}: nothing says what this model's traffic should look like. "
            'Build one from accepted records: seawall reference build DATA --promote --by YOU --why "…"'
        ),
    ),
    "nothing to compare": (["diff", "3f9c"], 1, 'reference "3f9c" is not there: {store} has none'),
    "another model": (["list", "--model", "x"], 2, "Error: which model? --model m"),
    "no configuration": (["list", "-c", "no.yaml"], 2, None),
}


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_in_words(seawall, store, arguments, code, words):
    (store.folder.parent / "few.jsonl").write_bytes(b"\n".join(lines(applicants(499))))
    found, out, err = seawall(*arguments)
    assert (found, out) == (code, "")
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == words.format(store=store.folder) if words else err
    assert store.digests() == []
