"""Large inputs that are read while something runs: the digest of what was there when it started, or none."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.state.digests import ABSENT
from orchestrator.state.files import UNREAD, Files
from orchestrator.state.hashing import CHUNK, LARGE, GivenUp, never
from orchestrator.state.listing import CLOCK_TICK_NS
from orchestrator.state.state import State

CHUNKS = 3
OLD = b"old " * (CHUNKS * CHUNK // 4)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def in_place(path: Path, at: int) -> None:
    """Some bytes, with size and mtime kept, as somebody would who hides it."""
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"new!")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def append(path: Path, at: int) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def truncate(path: Path, at: int) -> None:
    os.truncate(path, at)


def replace(path: Path, at: int) -> None:
    new = path.with_name("new")
    new.write_bytes(OLD[:at] + b"new!" + OLD[at + 4 :])
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.replace(path)


def touch(path: Path, at: int) -> None:
    os.utime(path)


def rewrite(path: Path, at: int) -> None:
    path.write_bytes(OLD)


def remove(path: Path, at: int) -> None:
    path.unlink()


def remains(path: Path, at: int) -> None:
    """Nothing."""


EDITS = [in_place, append, truncate, replace, touch, rewrite, remove, remains]
MOMENTS = ["before", *range(1, CHUNKS + 1), "after"]
"""Of an edit: before a byte is read, after a chunk, after the end."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("taken")


EDITED = {
    "edits": st.dictionaries(st.sampled_from(MOMENTS), st.sampled_from(EDITS), max_size=2),
    "at": st.integers(0, len(OLD) - 4),
    "young": st.booleans(),
}


@settings(max_examples=40)
@given(**EDITED)
def test_never_is_a_digest_recorded_that_was_not_there_when_it_was_taken(folder, edits, at, young):
    edited(folder, edits, at, young)


@pytest.mark.faults
@settings(max_examples=400)
@given(**EDITED)
def test_never_is_one_recorded_in_400_ways_to_edit_the_file(folder, edits, at, young):
    edited(folder, edits, at, young)


def edited(folder, edits, at, young):
    """Take a file's digest while it is edited at these moments."""
    path = folder / "in"
    path.write_bytes(OLD)
    if not young:
        while time.time_ns() - path.stat().st_ctime_ns <= CLOCK_TICK_NS:
            pass
    state = State(folder)
    files = state.files
    taken = files.take(["in"], ["in"])
    assert taken.now == {"in": UNREAD}

    def edit(moment: str | int) -> bool:
        if moment in edits and path.exists():
            edits[moment](path, at)
        return False

    chunks = iter(range(1, 100))
    edit("before")
    states = taken.states(lambda: edit(next(chunks)))
    recorded = states["in"]
    edit("after")
    assert recorded in (sha(OLD), UNREAD)
    if not {edit for moment, edit in edits.items() if moment != "after"} - {remains}:
        assert recorded == sha(OLD)
    now = path.read_bytes() if path.exists() else None
    assert files.state("in") == (ABSENT if now is None else sha(now)), "and whoever asks now is told what is there now"
    if now is not None and now != OLD:
        assert files.state("in") != recorded


def test_what_is_small_or_known_is_not_left_for_later(tmp_path, files, wait_until):
    (tmp_path / "small").write_bytes(b"x" * (LARGE - 1))
    (tmp_path / "known").write_bytes(OLD)
    wait_until(lambda: time.time_ns() - (tmp_path / "known").stat().st_ctime_ns > CLOCK_TICK_NS)
    files.state("known")
    assert UNREAD not in files.take(["small", "known"], ["small", "known"]).now.values()


def test_a_file_that_is_too_young_to_be_trusted_is_read_at_once(tmp_path):
    """Where waiting does not make it older, as on a file system that keeps whole seconds."""
    files, met = Files(tmp_path, State(tmp_path).database, wait=lambda seconds: None), 0
    for number in range(50):
        path = tmp_path / f"{number}"
        path.write_bytes(b"x" * LARGE)
        state = files.take([path.name], [path.name]).now[path.name]
        if time.time_ns() - path.stat().st_ctime_ns < CLOCK_TICK_NS:
            met += 1
            assert state == sha(b"x" * LARGE)
    assert met


def test_what_may_not_wait_is_read_at_once(tmp_path, files):
    (tmp_path / "d").mkdir()
    for name in ("a", "d/b", "d/c"):
        (tmp_path / name).write_bytes(OLD)
    taken = files.take(["a", "d"], ["d"])
    assert taken.now == {"a": sha(OLD), "d": {"d/b": UNREAD, "d/c": UNREAD}}
    taken.begin()
    assert taken.states() == {"a": sha(OLD), "d": {"d/b": sha(OLD), "d/c": sha(OLD)}}


def test_of_a_folder_only_the_file_that_was_written_to_is_not_known(tmp_path, files):
    (tmp_path / "d").mkdir()
    for name in ("d/a", "d/b"):
        (tmp_path / name).write_bytes(OLD)
    taken = files.take(["d"], ["d"])
    in_place(tmp_path / "d/b", 7)
    taken.begin()
    assert taken.states() == {"d": {"d/a": sha(OLD), "d/b": UNREAD}}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_opened_is_known_before(tmp_path, files):
    path = tmp_path / "in"
    path.write_bytes(OLD)
    path.chmod(0)
    assert files.take(["in"], ["in"]).now == {"in": "unreadable"}


def test_reading_in_the_background_ends_with_the_state(tmp_path, files):
    """What was not read to its end is not known, and whoever waits for it does not for ever."""
    path = tmp_path / "in"
    path.touch()
    os.truncate(path, 100 << 30)
    taken = files.take(["in"], ["in"])
    taken.begin()
    files.close()
    with pytest.raises(GivenUp):
        taken.states(never)
    assert not files.unsaved
