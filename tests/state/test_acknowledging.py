"""What went well is told once it is on the disk, and never where the disk did not keep it."""

from __future__ import annotations

import threading

import pytest

from orchestrator.state.acknowledging import Acknowledging


def test_nothing_is_told_before_it_is_on_the_disk_and_one_wait_serves_all_that_came_meanwhile():
    waiting, on_disk, waits, told = threading.Event(), threading.Event(), [], []

    def settle() -> None:
        waits.append(list(told))
        waiting.set()
        assert on_disk.wait(100)

    acknowledging = Acknowledging(settle)
    acknowledging.add(lambda: told.append("a"))
    assert waiting.wait(100)
    for name in "bcd":
        acknowledging.add(lambda name=name: told.append(name))
    assert told == []
    on_disk.set()
    assert acknowledging.close(100)
    assert told == ["a", "b", "c", "d"]
    assert waits in ([[], ["a"]], [[], ["a"], ["a", "b", "c", "d"]]), "the last one is that of the end"


def test_who_catches_up_has_waited_for_the_disk_and_for_all_that_was_to_be_told():
    told, waits = [], []
    acknowledging = Acknowledging(lambda: waits.append(list(told)))
    acknowledging.catch_up()
    assert waits == [[]]
    for name in "abc":
        acknowledging.add(lambda name=name: told.append(name))
    acknowledging.catch_up()
    assert told == ["a", "b", "c"]
    assert not acknowledging.is_behind
    acknowledging.add(lambda: told.append("d"))
    assert acknowledging.close(100)
    assert told == ["a", "b", "c", "d"]


def test_who_catches_up_is_told_that_the_disk_did_not_keep_it_also_the_second_time():
    def settle() -> None:
        raise OSError("Input/output error")

    acknowledging = Acknowledging(settle)
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output error"):
            acknowledging.catch_up()


def test_who_catches_up_after_the_end_waits_for_the_disk_alone():
    waits = []
    acknowledging = Acknowledging(lambda: waits.append(1))
    assert acknowledging.close(100)
    acknowledging.catch_up()
    assert waits == [1, 1]


def test_the_end_waits_for_the_disk_also_where_there_is_nothing_to_tell():
    waits = []
    assert Acknowledging(lambda: waits.append(1)).close(100)
    assert waits == [1]


def test_an_end_that_takes_too_long_is_not_waited_for():
    over = threading.Event()
    acknowledging = Acknowledging(lambda: over.wait(100))
    assert not acknowledging.close(0.0)
    over.set()


def test_what_the_disk_did_not_keep_is_never_told_nor_what_came_after_it():
    told, fails = [], threading.Event()

    def settle() -> None:
        assert fails.wait(100)
        raise OSError("Input/output error")

    acknowledging = Acknowledging(settle)
    acknowledging.add(lambda: told.append("a"))
    fails.set()
    with pytest.raises(OSError, match="Input/output error"):
        acknowledging.close(100)
    acknowledging.add(lambda: told.append("b"))
    with pytest.raises(OSError, match="Input/output error"):
        acknowledging.close(100)
    assert told == []
