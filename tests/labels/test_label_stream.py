from __future__ import annotations

from random import Random

import pytest
from labels_world import LABELS, REQUESTS, empty, ended, message, reused, world
from left_behind import forget, harmed, plain

from monitor.labels.halves import Halves
from monitor.remembered import SNAPSHOT
from monitor.state import snapshot


def five(_):
    return 0.05


def doubles(number):
    return 0.05 if number < 3_000 else 0.2


def test_every_prediction_is_judged_by_its_own_label_once(lived):
    assert lived(world(60, 1, wrong=five)).joined == 6_000


def test_a_model_that_is_as_often_wrong_as_accepted_is_quiet(lived):
    assert lived(world(150, 2, wrong=five)).events == []


def test_a_model_that_is_wrong_more_often_is_told_though_nothing_else_changed(lived):
    (opened, *_) = lived(world(80, 3, wrong=doubles)).events
    assert opened["event"] == "opened"
    assert {s["signal"] for s in opened["signals"]} <= {"performance.error", "performance.calibration"}
    assert opened["records"] > opened["since_records"] > 2_000  # of the labels' own stream


@pytest.mark.parametrize("seed", range(3))
def test_however_it_is_read_the_same_is_joined_and_told(lived, seed, tmp_path):
    made = world(70, 4, wrong=doubles, parts=2, mess=True)
    once = lived(made, seed=0)
    forget(tmp_path)
    again = lived(made, seed=seed + 1)
    assert again.events == once.events != []
    assert plain(again.state) == plain(once.state)


DDM = {"detectors": [{"type": "river", "detector": "DDM", "signal": "performance.error"}]}


@pytest.mark.parametrize("seed", range(2))
def test_a_librarys_detector_takes_the_errors_of_pairs_the_same_however_they_are_read(lived, seed, tmp_path):
    made = world(70, 4, wrong=doubles, parts=2, mess=True)
    once = lived(made, seed=0, **DDM)
    forget(tmp_path)
    again = lived(made, seed=seed + 1, **DDM)
    assert again.events == once.events
    assert plain(again.state) == plain(once.state)
    signals = {signal["signal"]: signal for event in once.events for signal in event["signals"]}
    assert signals["performance.error.DDM"]["evidence"] is None  # no budget covers it


def test_a_librarys_detector_goes_on_after_every_death(started, lived, tmp_path):
    made = world(70, 4, wrong=doubles, parts=2, mess=True)
    once = lived(made, **DDM)
    forget(tmp_path)
    for steps in (5, 9, 14):
        pipeline = started(made, Random(steps), **DDM)
        pipeline.open()
        pipeline.parts.sides[0].open()
        for _ in range(steps):
            pipeline.step()
        pipeline.parts.outbox.close(pipeline, pipeline.clock())
        pipeline.parts.sides[0].close()
    again = lived(made, seed=3, **DDM)
    assert again.events == once.events != []
    assert plain(again.state) == plain(once.state)


def test_one_partition_or_several_give_the_same(lived, tmp_path):
    made = world(70, 5, wrong=doubles)
    once = lived(made)
    forget(tmp_path)
    assert lived(_spread(made)).events == once.events != []


def _spread(made):
    """Return the same records in three partitions of each topic."""
    apart = empty(3)
    rng = Random(0)
    for logs, log in ((apart.requests, made.requests[REQUESTS]), (apart.labels, made.labels[LABELS])):
        for each in log:
            where = rng.choice(list(logs))
            logs[where].append(message(where, logs[where], each.value, each.timestamp))
    return apart


class DiedError(Exception):
    """The process is gone."""


@pytest.mark.parametrize("seed", range(8))
def test_whenever_it_dies_the_same_is_joined_and_told(started, lived, tmp_path, monkeypatch, seed):
    """Also where the newest snapshot was harmed: the file of halves then is of a later moment than the one before."""
    made = world(70, 6, wrong=doubles, parts=2, mess=True)
    if seed % 2:
        made = reused(made, 1_500)
    undisturbed = lived(made)
    forget(tmp_path)
    rng = Random(seed)
    left = 0

    def dying(effect):
        def step(*given, **more):
            nonlocal left
            left -= 1
            if left == 0:
                raise DiedError
            result = effect(*given, **more)
            left -= 1
            if left == 0:
                raise DiedError
            return result

        return step

    monkeypatch.setattr(snapshot, "save", dying(snapshot.save))
    monkeypatch.setattr(Halves, "commit", dying(Halves.commit))
    monkeypatch.setattr(Halves, "pairs", dying(Halves.pairs))
    deaths = 0
    for effects in [*(rng.randrange(1, 100) for _ in range(12)), 10**9]:
        left = effects
        pipeline = started(made, rng)
        try:
            pipeline.run()
        except DiedError:
            deaths += 1
            left = 10**9
            for dispatcher in pipeline.parts.outbox.dispatchers.values():
                dispatcher.close(5.0)  # what was handed over is told: nobody can take it back
            if seed >= 4 and rng.random() < 0.7:
                harmed(tmp_path / "state" / SNAPSHOT, rng)
    end = ended(pipeline, tmp_path)
    assert deaths > 5
    assert end.events == undisturbed.events != []
    assert plain(end.state) == plain(undisturbed.state)


def test_with_too_many_waiting_a_smaller_share_is_kept_the_same_after_every_restart(lived, started, tmp_path):
    made = world(60, 7, wrong=five, delays=[300])
    labels = {"source": {"type": "file", "path": "labels"}, "wait": "10m", "max_pending": 1_000}
    once = lived(made, labels=labels)
    assert 0 < once.joined < 4_000
    forget(tmp_path)
    pipeline = started(made, Random(9), labels=labels)
    pipeline.open()
    pipeline.parts.sides[0].open()
    for _ in range(12):
        pipeline.step()
    pipeline.parts.outbox.close(pipeline, pipeline.clock())
    pipeline.parts.sides[0].close()
    assert lived(made, seed=3, labels=labels).joined == once.joined


def test_a_share_of_ids_is_the_same_on_both_sides(lived):
    labels = {"source": {"type": "file", "path": "labels"}, "share": 0.25}
    joined = lived(world(60, 8, wrong=five), labels=labels).joined
    assert 1_300 < joined < 1_700


def test_labels_that_cannot_be_used_are_dead_letters_and_stop_nothing(lived, tmp_path):
    made = world(30, 9, wrong=five)
    log = made.labels[LABELS]
    odd = [b"{torn", b"[]", {"label": "spam"}, {"id": "x"}, {"id": "x", "label": None}, {"id": "x", "label": {}}]
    for value in odd:
        log.append(message(LABELS, log, value, log[-1].timestamp))
    assert lived(made).joined == 3_000
    letters = (tmp_path / "state" / "dead-letters.jsonl").read_text().splitlines()
    assert len(letters) == len(odd)
    assert all('"topic": "labels"' in letter or '"topic":"labels"' in letter for letter in letters)
