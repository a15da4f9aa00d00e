"""What is put into the cache beside a run: in order, never waited for without end, and nothing after a failure."""

from __future__ import annotations

import threading

import pytest

from orchestrator.cache.parallel import each
from orchestrator.cache.uploads import Upload, Uploads
from phases.storage import StorageError


def test_all_is_there_when_it_is_closed():
    done = []
    uploads = Uploads()
    for number in range(20):
        uploads.add(Upload(str(number), lambda go_on, n=number: done.append(n)))
    assert uploads.close(60)[0] == []
    assert done == list(range(20))


def test_no_thread_is_begun_for_nothing():
    before = threading.active_count()
    assert Uploads().close(60)[0] == []
    assert threading.active_count() == before


def test_one_that_hangs_is_named_with_all_behind_it_and_told_to_end():
    told, begun = threading.Event(), threading.Event()

    def hang(go_on):
        begun.set()
        while go_on():
            told.wait(0.01)
        told.set()

    uploads = Uploads()
    for what in ("a", "b", "b"):
        uploads.add(Upload(what, hang))
    assert begun.wait(100)
    left, why = uploads.close(0.01)
    assert left == ["a", "b"]
    assert "took longer than 0.01 s" in why
    assert told.wait(100)


@pytest.mark.parametrize("error", [StorageError("denied"), OSError("gone"), ZeroDivisionError("a bug")])
def test_after_a_failure_nothing_more_is_tried(error):
    tried = []

    def fail(go_on):
        tried.append(1)
        raise error

    uploads = Uploads()
    uploads.add(Upload("a", fail))
    uploads.add(Upload("b", fail))
    left, why = uploads.close(60)
    uploads.add(Upload("c", fail))
    assert (left, why) == (["a", "b"], str(error))
    assert uploads.close(60)[0] == ["a", "b", "c"]
    assert len(tried) == 1


def test_each_does_all_and_raises_the_first_failure():
    done = set()
    each(done.add, range(100))
    assert done == set(range(100))

    def fail(number):
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        each(fail, [0])
    with pytest.raises(ValueError, match=r"^\d$"):
        each(fail, range(100))
