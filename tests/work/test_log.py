"""Of much output the beginning and the end are kept, wherever the writer is killed and whoever reads meanwhile."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phases import log as module
from phases.log import MARKER, SMALLEST_CAP, CappedLog, marker
from phases.log_reader import follow, read


def output(size: int) -> bytes:
    """So many bytes in which every place can be told from every other."""
    return b"".join(b"%07d\n" % line for line in range(size // 8 + 1))[:size]


def end_of(kept: bytes, data: bytes) -> int:
    """The place in the data at which what is kept ends, once it is checked: pieces in order, with true lines between."""
    at = 0
    pieces = MARKER.split(kept)  # data, missing, data, …
    for index, piece in enumerate(pieces):
        if index % 2:
            at += int(piece.replace(b",", b""))
        else:
            assert data[at : at + len(piece)] == piece
            at += len(piece)
    return at


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "x.log"


def test_little_output_is_kept_as_it_is(path):
    with CappedLog(path, 1000) as log:
        log.write(b"one\n")
        log.write(b"")
        assert path.read_bytes() == b"one\n"
        log.write(b"two\n")
    assert path.read_bytes() == b"".join(read(path)) == b"one\ntwo\n"
    assert names(path) == ["x.log"]


def test_no_output(path):
    CappedLog(path, 1000).close()
    assert path.read_bytes() == b"".join(read(path)) == b""


@pytest.mark.parametrize("size", [500, 501, 900, 936])
def test_output_that_just_fits_is_whole(path, size):
    with CappedLog(path, 1000) as log:
        log.write(output(size))
    assert path.read_bytes() == output(size)
    assert names(path) == ["x.log"]


def test_head_and_tail_of_ten_times_the_cap(path):
    data = output(10_000)
    with CappedLog(path, 1000) as log:
        for at in range(0, len(data), 100):
            log.write(data[at : at + 100])
    kept = path.read_bytes()
    head, missing, tail = MARKER.split(kept)
    assert head == data[:500]
    assert data.endswith(tail)
    assert len(tail) >= 218, "a segment at least"
    assert int(missing.replace(b",", b"")) == len(data) - len(head) - len(tail)
    assert len(kept) <= 1000
    assert b"".join(read(path)) == kept
    assert names(path) == ["x.log"]


def test_the_line_between_is_for_people():
    assert marker(949_000_123) == b"\n[phasegate: 949,000,123 bytes left out here]\n"
    assert len(marker(2**63)) <= module.MARKER_ROOM


MEASURED = """
import sys, tracemalloc
from pathlib import Path
from phases.log import CHUNK, CappedLog
from phases.log_reader import read
path, cap = Path(sys.argv[1]), int(sys.argv[2])
chunk = b"x" * 1_000_000
tracemalloc.start()
with CappedLog(path, cap) as log:
    for _ in range(300):
        log.write(chunk)
    assert sum(entry.stat().st_size for entry in path.parent.iterdir()) <= cap
assert max(map(len, read(path))) <= CHUNK
print(tracemalloc.get_traced_memory()[1])
"""
"""Prints the greatest number of bytes that were allocated: in a process of its own, where no other thread allocates."""


def test_an_output_of_300_mb_takes_little_room_and_memory(path):
    cap = 8_000_000
    argv = [sys.executable, "-c", MEASURED, str(path), str(cap)]
    ran = subprocess.run(argv, cwd=Path(module.__file__).parents[1], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 1_000_000
    assert cap * 0.75 - 1000 < path.stat().st_size <= cap


def test_one_write_of_many_times_the_cap(path):
    data = output(100_000)
    with CappedLog(path, 1000) as log:
        log.write(data)
    assert end_of(path.read_bytes(), data) == len(data)


@given(st.integers(SMALLEST_CAP, 2000), st.lists(st.integers(0, 700), max_size=30))
def test_whatever_is_written_the_beginning_and_the_end_are_kept(tmp_path_factory, cap, sizes):
    path = tmp_path_factory.getbasetemp() / "whatever.log"
    data = output(sum(sizes))
    at = 0
    with CappedLog(path, cap) as log:
        for size in sizes:
            log.write(data[at : at + size])
            at += size
            assert end_of(b"".join(read(path)), data) == at
    kept = path.read_bytes()
    assert len(kept) <= cap
    assert end_of(kept, data) == len(data)
    assert kept[: cap // 2] == data[: cap // 2]
    assert b"".join(read(path)) == kept
    assert MARKER.search(kept) or kept == data


def test_a_cap_that_holds_nothing(path):
    with pytest.raises(ValueError, match="132 are the least"):
        CappedLog(path, 131)


def test_an_earlier_log_of_this_name_leaves_nothing(path):
    for name in ("x.log", "x.log.9", "x.log.10", "x.log.old"):
        (path.parent / name).write_text("old\n")
    (path.parent / "x.log.merging").write_text("2 9 10\n")
    with CappedLog(path, 1000) as log:
        log.write(b"new\n")
        assert b"".join(read(path)) == b"new\n"
    assert names(path) == ["x.log", "x.log.old"]


def test_a_log_that_is_not_there(path):
    with pytest.raises(FileNotFoundError):
        list(read(path))
    with pytest.raises(FileNotFoundError):
        list(read(path.parent / "nowhere" / "x.log"))


# --- killed


def each_line(do: Callable[[], None], step: Callable[[], None]) -> None:
    """Do it, with a step before every line of the module under test."""

    def trace(frame, event, _):
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            step()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)


def test_what_was_written_is_kept_wherever_the_writer_is_killed(path):
    """A child is ended before its first line, before its second one, and so on, until it reaches its end."""
    data = output(300)
    ends = []
    for life in range(10_000):
        log = CappedLog(path, 240)
        child = os.fork()
        if child == 0:
            lines = iter(range(life))

            def step(lines: Iterator[int] = lines) -> None:
                if next(lines, None) is None:
                    os._exit(1)

            def write(log: CappedLog = log) -> None:
                for at in range(0, len(data), 60):
                    log.write(data[at : at + 60])
                log.close()

            with contextlib.suppress(BaseException):
                each_line(write, step)
                os._exit(0)
            os._exit(2)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 1)
        ends.append(end_of(b"".join(read(path)), data))
        log.close()
        if code == 0:
            break
    assert ends == sorted(ends)
    assert ends[0] == 0
    assert ends[-1] == ends[-20] == len(data)


def test_a_killed_log_can_be_read_with_what_is_missing(path):
    data = output(10_000)
    log = CappedLog(path, 1000)
    log.write(data)
    assert len(names(path)) == 3
    kept = b"".join(read(path))
    assert kept.startswith(data[:500] + b"\n[phasegate: ")
    assert end_of(kept, data) == len(data)
    (path.parent / "x.log.merging").write_bytes(b"500 4")  # not written to its end
    assert b"".join(read(path)) == kept
    log.close()
    assert path.read_bytes() == kept
    assert names(path) == ["x.log"]


# --- followed


def test_follow_yields_what_is_added(path):
    log = CappedLog(path, 1000)
    lines = [b"one\n", b"two\n", b"three\n"]
    log.write(b"zero\n")
    seen = list(follow(path, lambda: not lines, lambda: log.write(lines.pop(0))))
    assert seen == [b"zero\n", b"one\n", b"two\n", b"three\n"]
    log.close()


def test_follow_waits_for_a_log_and_sees_what_was_written_last(path):
    looks = iter(range(3))

    def pause() -> None:
        if next(looks) == 2:
            with CappedLog(path, 1000) as log:
                log.write(b"all\n")

    assert list(follow(path, path.exists, pause)) == [b"all\n"]
    assert list(follow(path.with_name("never.log"), lambda: True, pause)) == []


class Writer(threading.Thread):
    """Writes a log to its end, some lines of its code at a time."""

    def __init__(self, path: Path, data: bytes, piece: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self._log = CappedLog(path, 240)
        self._pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
        self._allowed, self._reached = threading.Semaphore(0), threading.Semaphore(0)

    def start(self) -> None:
        super().start()
        self._reached.acquire()

    def run(self) -> None:
        each_line(self._write, self._step)
        self.ended.set()
        self._reached.release()

    def go_on(self, lines: int) -> None:
        """Let it execute so many lines, or end."""
        for _ in range(lines):
            if not self.ended.is_set():
                self._allowed.release()
                self._reached.acquire()

    def _write(self) -> None:
        for piece in self._pieces:
            self._log.write(piece)
        self._log.close()

    def _step(self) -> None:
        self._reached.release()
        self._allowed.acquire()


@pytest.fixture
def writer(path) -> Writer:
    writer = Writer(path, output(1200), 20)
    writer.start()
    return writer


@pytest.mark.parametrize("lines", [1, 2, 3, 5, 8, 13, 40, 100, 300])
def test_follow_through_all_states_of_a_log(path, writer, lines):
    """The writer goes on between two looks of the reader."""
    seen = b"".join(follow(path, writer.ended.is_set, lambda: writer.go_on(lines)))
    assert end_of(seen, output(1200)) == 1200
    if lines < 40:
        assert seen == output(1200), "nothing was left out before it could be read"


@pytest.mark.parametrize("lines", [2, 9])
def test_read_and_follow_while_the_log_changes(path, lines):
    """The writer goes on before every line of the reader's code, which begins after one line, two lines, and so on."""
    data = output(300)
    for begin in range(10_000):
        writer = Writer(path, data, 60)
        writer.start()
        writer.go_on(begin)
        at_least = end_of(b"".join(read(path)), data)
        ended = writer.ended.is_set()
        seen: list[bytes] = []
        reader = follow(path, writer.ended.is_set, lambda: None) if begin % 2 else read(path)
        each_line(lambda: seen.extend(reader), lambda: writer.go_on(lines))  # noqa: B023 - called at once
        end = end_of(b"".join(seen), data)
        assert end == len(data) if begin % 2 else end >= at_least
        writer.go_on(10_000)
        writer.join()
        if ended:
            break


@pytest.mark.parametrize("before", [0, 100, 500, 700, 2000])
def test_follow_when_the_log_is_merged_between_two_looks(path, before):
    data = output(5000)
    log = CappedLog(path, 1000)
    log.write(data[:before])
    states = iter(["write", "close", "end"])
    state = "begin"

    def pause() -> None:
        nonlocal state
        state = next(states)
        if state == "close":
            log.write(data[before:])
            log.close()

    seen = b"".join(follow(path, lambda: state == "end", pause))
    assert end_of(seen, data) == len(data)
    assert seen.startswith(data[: max(before if before < 937 else 0, 500)])


def test_follow_beside_a_writer_at_full_speed(path):
    data = output(4_000_000)
    log = CappedLog(path, 100_000)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            for at in range(0, len(data), 1000):
                log.write(data[at : at + 1000])
            log.close()
            os._exit(0)
        os._exit(1)
    code: list[int] = []

    def ended() -> bool:
        if not code:
            pid, status = os.waitpid(child, os.WNOHANG)
            code.extend([os.waitstatus_to_exitcode(status)] if pid else [])
        return bool(code)

    seen = b"".join(follow(path, ended, lambda: None))
    assert code == [0]
    assert end_of(seen, data) == len(data)
    log.close()


# --- a full disk


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writes beyond fail, as on a full disk; they may be short before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_once(path):
    data = output(1000)
    log = CappedLog(path, 10_000)
    with files_of_at_most(300):
        log.write(data[:250])
        with pytest.raises(OSError, match="large"):
            log.write(data[250:])
        log.close()
    assert b"".join(read(path)) == path.read_bytes() == data[:300]


def test_a_disk_that_is_full_when_the_log_is_merged(path):
    data = output(10_000)
    log = CappedLog(path, 1000)
    log.write(data)
    with files_of_at_most(600), pytest.raises(OSError, match="large"):
        log.close()
    assert path.read_bytes() == data[:500]
    assert end_of(b"".join(read(path)), data) == len(data)
    assert "x.log.merging" not in names(path)
    log.close()


def test_a_disk_that_is_full_while_a_segment_is_written(path):
    data = output(10_000)
    log = CappedLog(path, 1000)
    log.write(data[:5000])
    with files_of_at_most(100), pytest.raises(OSError, match="large"):
        log.write(data[5000:])
    with files_of_at_most(600):
        log.close()
    end = end_of(b"".join(read(path)), data)
    assert 5000 <= end < 5500
    assert len(names(path)) == 3
