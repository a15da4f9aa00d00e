"""Digests: what counts as changed, and what is read again."""

from __future__ import annotations

import hashlib
import os
import time

import pytest

from orchestrator.state.database import seal
from orchestrator.state.digests import ABSENT, UNREADABLE
from orchestrator.state.files import Files, differences, unreadable
from orchestrator.state.hashing import LARGE
from orchestrator.state.listing import CLOCK_TICK_NS
from orchestrator.state.state import State


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path)
    state.lock.take()
    yield state
    state.close()


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_is_its_sha256(state, tmp_path):
    (tmp_path / "a").write_text("x")
    assert state.files.state("a") == sha("x")


def test_folders_and_globs_are_their_files(state, tmp_path):
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/b").write_text("1")
    (tmp_path / "d/e/c").write_text("2")
    assert state.files.state("d") == {"d/b": sha("1"), "d/e/c": sha("2")}
    assert state.files.state("d/**/*") == {"d/b": sha("1"), "d/e/c": sha("2")}
    assert state.files.state("d/*") == {"d/b": sha("1")}
    assert state.files.state("nothing/*") == {}


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.symlink_to("nowhere")])
def test_what_is_not_there_is_absent(state, tmp_path, make):
    make(tmp_path / "a")
    assert state.files.state("a") == ABSENT


def test_what_nobody_can_read_is_no_content_that_could_be_approved(state, tmp_path):
    os.mkfifo(tmp_path / "a")
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d/b")
    assert state.files.state("a") == UNREADABLE
    assert state.files.state("d") == {"d/b": UNREADABLE}
    assert unreadable({path: state.files.state(path) for path in ("a", "d")}) == ["a", "d/b"]


def test_a_stamp_tells_of_a_file_that_was_written_and_put_back(state, tmp_path, wait_until):
    path = tmp_path / "a"
    path.write_text("x")
    before, times = state.files.stamp("a"), path.stat()
    wait_until(lambda: time.time_ns() - times.st_ctime_ns > CLOCK_TICK_NS)
    path.write_text("y")
    path.write_text("x")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert state.files.stamp("a") != before


def test_a_file_is_read_again_only_when_its_signature_changes(state, tmp_path, wait_until):
    """Shown by a lie in the cache: it is believed while size, inode, mtime and ctime stand, and then no more."""
    path = tmp_path / "a"
    path.write_text("x")
    wait_until(lambda: time.time_ns() - path.stat().st_ctime_ns > CLOCK_TICK_NS)
    state.files.state("a")
    state.files.save()
    with state.database.transaction() as do:
        row = do.execute("select path, signature, settled from files").fetchone()
        do.execute("update files set sha256 = 'a lie', seal = ?", (seal(*row[:2], bool(row[2]), "a lie"),))
    assert Files(tmp_path, state.database).state("a") == "a lie"
    before = path.stat()
    path.write_text("y")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size and mtime: the ctime tells
    assert Files(tmp_path, state.database).state("a") == sha("y")


def test_a_row_of_which_a_bit_has_flipped_is_not_believed(state, tmp_path, wait_until):
    path = tmp_path / "a"
    path.write_text("x")
    wait_until(lambda: time.time_ns() - path.stat().st_ctime_ns > CLOCK_TICK_NS)
    state.files.state("a")
    state.files.save()
    with state.database.transaction() as do:
        do.execute("update files set sha256 = 'a flipped bit'")
    assert Files(tmp_path, state.database).state("a") == sha("x")


def test_a_digest_taken_within_the_clock_tick_is_taken_again(state, tmp_path):
    path = tmp_path / "a"
    path.write_text("x")
    first = state.files.state("a")
    path.write_text("y")  # may have the same signature, if the tick has not passed
    assert state.files.state("a") == sha("y") != first


def test_a_large_fresh_file_is_waited_for_and_a_small_one_is_not(tmp_path):
    """By a file whose last change is as near as can be: tried until one is met within the tick."""
    waits = []
    files = Files(tmp_path, State(tmp_path).database, wait=waits.append)
    for n in range(500):
        (tmp_path / f"small{n}").write_bytes(b"0")
        files.state(f"small{n}")
        assert waits == []
        (tmp_path / f"large{n}").write_bytes(b"0" * LARGE)
        files.state(f"large{n}")
        if waits:
            break
    assert len(waits) == 1
    assert 0 < waits[0] <= CLOCK_TICK_NS / 1e9


def test_nobody_waits_for_a_time_in_the_future(tmp_path, wait_until):
    """An archive unpacked with a wrong clock: the mtime says nothing about when the file was written, the ctime does."""
    waits = []
    path = tmp_path / "large"
    path.write_bytes(b"0" * LARGE)
    os.utime(path, ns=(0, time.time_ns() + 10**18))
    wait_until(lambda: time.time_ns() - path.stat().st_ctime_ns > CLOCK_TICK_NS)
    state = State(tmp_path)
    state.lock.take()
    files = Files(tmp_path, state.database, wait=waits.append)
    files.state("large")
    files.save()
    assert waits == []
    assert state.database.rows("select settled from files") == [(1,)], "and it is known from now on"
    state.close()


def test_differences_name_each_file():
    assert differences("a", "b", "x") == ["x changed"]
    assert differences("a", ABSENT, "x") == ["x is missing"]
    assert differences(None, "a", "x") == ["x is new"]
    assert differences({"d/a": "1", "d/b": "1"}, {"d/b": "2", "d/c": "1"}, "d") == [
        "d/b changed",
        "d/c is new",
        "d/a is gone",
    ]
    assert differences({"d/a": "1"}, ABSENT, "d") == ["d is missing"]
    assert differences("a", "a", "x") == []
