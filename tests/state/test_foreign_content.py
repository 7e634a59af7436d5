"""A snapshot that is whole and holds something else: said in words, with the file and the command that helps."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import numpy as np
import pytest
import traffic

from monitor.assembly import SNAPSHOT, running, watched_models
from monitor.config.loading import load
from monitor.errors import ForeignSnapshot
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.reference.build import build
from monitor.reference.store import Store
from monitor.state import snapshot
from monitor.state.migration import VERSION
from monitor.types import Message


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a configuration, a reference and what a run remembered."""
    folder = tmp_path_factory.mktemp("monitor")
    data = traffic.lines(traffic.traffic(60, seed=1))
    (folder / "data.jsonl").write_bytes(data)
    messages = [Message("t", 0, i, traffic.START, None, line) for i, line in enumerate(data.splitlines())]
    built = build(lambda: iter([messages]), model=traffic.MODEL, options={}, from_table=False)
    store = Store(folder / "reference")
    store.save(built, {"source": "traffic"})
    store.promote(built.digest, by="ann", why="tests", at="2026-01-01T00:00:00Z")
    source = {"type": "file", "path": str(folder / "data.jsonl")}
    (folder / "seawall.yaml").write_text(
        json.dumps({"model": traffic.MODEL, "source": source, "reference": "reference", "http": "127.0.0.1:0"})
    )
    load(folder / "seawall.yaml", secrets=False).state_dir.mkdir()
    started(folder).run()
    return folder


def started(folder):
    path = folder / "seawall.yaml"
    config = load(path, secrets=False)
    models = watched_models(config, str(path))
    return running(config, models, Health(0.0), Metrics("0"), stopping=threading.Event())


@pytest.fixture
def remembered(folder):
    """What the snapshot holds; the file is as it was when the test has ended."""
    path = folder / "state" / SNAPSHOT
    whole = path.read_bytes()
    yield snapshot.load(path)
    path.write_bytes(whole)


def refused(folder, content):
    """Whether the words name the file and what helps."""
    path = folder / "state" / SNAPSHOT
    snapshot.save(path, content)
    with pytest.raises(ForeignSnapshot) as told:
        started(folder)
    return str(path) in str(told.value) and "seawall state reset" in str(told.value)


@pytest.mark.parametrize("content", [[], "text", {}, {"version": VERSION}], ids=repr)
def test_something_else_altogether_is_refused_in_words(folder, remembered, content):
    assert refused(folder, content)


@pytest.mark.parametrize(
    "key", ["partitions", "judged", "models", "unsent", "pending", "threads", "dead_letters", "slot"]
)
def test_a_part_that_is_missing_or_of_another_type_is_refused_in_words(folder, remembered, key):
    assert refused(folder, {**remembered, key: [[7]]})
    del remembered[key]
    assert refused(folder, remembered)


@pytest.mark.parametrize("part", ["judge", "policy", "conditions", "signals", "reference"])
def test_a_models_part_that_is_something_else_is_refused_in_words(folder, remembered, part):
    (model,) = remembered["models"].values()
    model[part] = {"other": 1.5}
    assert refused(folder, remembered)


@pytest.mark.parametrize("change", [lambda a: a[:-1], lambda a: a.astype(np.float32), lambda a: a[None]])
@pytest.mark.parametrize("part", ["log_r", "onset", "earlier", "recent", "squares"])
def test_a_judge_with_other_numbers_is_refused_in_words(folder, remembered, part, change):
    (model,) = remembered["models"].values()
    family = model["judge"]["families"][0]
    family[part] = change(family[part])
    assert refused(folder, remembered)


@pytest.mark.parametrize("command", [("run",), ("state", "show"), ("state", "verify")])
def test_every_command_ends_in_words_with_exit_code_2(folder, remembered, command):
    snapshot.save(folder / "state" / SNAPSHOT, {"version": VERSION})
    told = ended(folder, *command)
    assert (told.returncode, "Traceback" in told.stderr) == (2, False)
    assert told.stderr.splitlines()[-1].endswith("To forget it and begin anew: seawall state reset")


def ended(folder, *command):
    """Return how a command ended, in a process of its own."""
    program = "import sys; from monitor.cli.main import main; sys.exit(main())"
    arguments = [sys.executable, "-c", program, *command, "-c", str(folder / "seawall.yaml")]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [("run",), ("state", "show"), ("state", "verify")])
def test_every_command_ends_in_words_with_exit_code_1_where_neither_is_whole_or_a_later_build_wrote_it(
    folder, remembered, command
):
    path = folder / "state" / SNAPSHOT
    for content, words in ((None, "nothing is left to go on from"), ({"version": 99, "build": "7.1"}, "Seawall 7.1")):
        snapshot.save(path, content or {}, twice=True)
        if content is None:
            path.write_bytes(b"torn")
            snapshot.previous(path).write_bytes(b"")
        told = ended(folder, *command)
        assert (told.returncode, "Traceback" in told.stderr) == (1, False)
        assert words in told.stderr.splitlines()[-1]
        snapshot.previous(path).unlink()


def test_what_was_remembered_is_taken(folder, remembered):
    parts = started(folder).parts
    parts.letters.close()
    assert parts.models[0].judge.records == remembered["models"][traffic.MODEL]["judge"]["records"] > 0
