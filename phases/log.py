"""Log files with a cap: of much output the beginning and the end are kept, whenever the writer is killed.

The head of the output goes to the file itself, all further output to segments beside it, `name.1`, `name.2` and so on,
of which the last two are kept. At the end they are appended to the file, behind a line that tells how much is missing.

While that happens a file `name.merging` says where the head ends and which segments there are. It is written before the
first byte is appended, and removed after the last segment. So a reader knows in every state what counts: segments and
head while all the segments are there, and the file as it is when one is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

CHUNK = 1 << 16
MARKER_ROOM = 64
"""Bytes; no marker is longer."""
SMALLEST_CAP = 2 * MARKER_ROOM + 4
"""Bytes."""
MARKER = re.compile(rb"\n\[phasegate: ([0-9,]+) bytes left out here\]\n")


class CappedLog:
    """A log of at most `cap` bytes, for one writer.

    Of much output the first half of the cap is kept, and the last quarter to half of it. What was written is in files
    when `write` returns. What an earlier log left at `path` is removed.

    OSError when a file cannot be opened, written or removed: what was written before remains readable. ValueError when
    the cap is smaller than SMALLEST_CAP.
    """

    def __init__(self, path: Path, cap: int) -> None:
        if cap < SMALLEST_CAP:
            raise ValueError(f"a log cannot be capped at {cap} bytes: {SMALLEST_CAP} are the least")
        self._head_size = cap // 2
        self._segment_size = (cap - self._head_size - MARKER_ROOM) // 2
        self._path = path
        self._number = 0
        """Of the segment that is written; 0 is the head."""
        self._failed = False
        if path.exists():
            _remove_segments(path)
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._room = self._head_size

    def __enter__(self) -> CappedLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Add to the end. After an OSError it is not known how much of the data was written."""
        try:
            rest = memoryview(data)
            while rest:
                if not self._room:
                    self._begin_segment()
                written = self._file.write(rest[: self._room])
                self._room -= written
                rest = rest[written:]
        except OSError:
            self._failed = True
            raise

    def close(self) -> None:
        """Make one file of it. Raises no OSError when `write` did: then what could not be merged stays as it is."""
        if self._file.closed:
            return
        try:
            self._file.close()
            if self._number:
                self._merge()
        except OSError:
            if not self._failed:
                raise

    def _begin_segment(self) -> None:
        full = self._file
        self._file = _segment(self._path, self._number + 1).open("wb", buffering=0)
        self._number += 1
        self._room = self._segment_size
        full.close()
        if self._number > 2:
            _segment(self._path, self._number - 2).unlink(missing_ok=True)

    def _merge(self) -> None:
        first = max(1, self._number - 1)
        merge = _Merge(self._head_size, first, self._number)
        try:
            _merging(self._path).write_text(str(merge), "ascii")
            with self._path.open("ab", buffering=0) as whole:
                if first > 1:
                    _write(whole, marker((first - 1) * self._segment_size))
                for number in range(first, self._number + 1):
                    with _segment(self._path, number).open("rb", buffering=0) as segment:
                        while chunk := segment.read(CHUNK):
                            _write(whole, chunk)
        except BaseException:
            with contextlib.suppress(OSError):
                _cut(self._path, self._head_size)
                _merging(self._path).unlink(missing_ok=True)
            raise
        _remove_segments(self._path)


def read(path: Path) -> Iterator[bytes]:
    """All that is kept, in pieces of at most 64 KiB, whether the log is written, was merged, or its writer was killed.

    Raises OSError, FileNotFoundError where there is no log.
    """
    with contextlib.ExitStack() as files:
        yield from _Reader().pieces(_look(path, files))


def follow(path: Path, ended: Callable[[], bool], pause: Callable[[], None]) -> Iterator[bytes]:
    """What is there, and then what is added, until `ended()` and all was read; `pause()` is called between two looks.

    A log that is not there yet is waited for. Every byte comes once, in order; where bytes were left out before they
    could be read, the line that tells so comes instead. `path` must not be opened for another log meanwhile.
    """
    reader = _Reader()
    while True:
        last = ended()  # asked before the look, which then sees all that was written before the end
        with contextlib.ExitStack() as files:
            try:
                layout = _look(path, files)
            except FileNotFoundError:
                layout = None
            if layout is not None:
                yield from reader.pieces(layout)
        if last:
            return
        pause()


def marker(missing: int) -> bytes:
    """The line that stands where so many bytes were left out."""
    return b"\n[phasegate: %s bytes left out here]\n" % f"{missing:,}".encode()


@dataclass(frozen=True, slots=True)
class _Merge:
    """What `name.merging` says: the size of the head, and the numbers of the first and the last segment."""

    head: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.head} {self.first} {self.last}\n"

    @staticmethod
    def read(path: Path) -> _Merge | None:
        """None too where it is not written to its end: then nothing was appended yet."""
        try:
            found = re.fullmatch(r"(\d+) (\d+) (\d+)\n", _merging(path).read_text("ascii"))
        except FileNotFoundError:
            return None
        return _Merge(*map(int, found.groups())) if found else None


@dataclass(frozen=True, slots=True)
class _Part:
    """An open file, and how much of it counts."""

    file: BinaryIO
    size: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a log consisted of at one instant."""

    head: _Part
    segments: tuple[tuple[int, _Part], ...]
    """With their numbers. All but the last one are full; and the first one is, unless its number is 1."""


class _Reader:
    """Reads a log over several looks at it, each byte once."""

    def __init__(self) -> None:
        self._at = 0
        """How much of the output was read or skipped; or, while `_head` is None, of the file."""
        self._head: int | None = None
        """The size of the head, once segments were seen and as long as they are not merged."""

    def pieces(self, layout: _Layout) -> Iterator[bytes]:
        if not layout.segments:
            if self._head is not None:
                yield from self._enter_merged(layout.head, self._head)
            yield from self._rest(layout.head, 0)
            return
        self._head = layout.head.size
        yield from self._rest(layout.head, 0)
        size = layout.segments[0][1].size
        for number, part in layout.segments:
            start = self._head + (number - 1) * size
            if self._at < start:
                yield marker(start - self._at)
                self._at = start
            yield from self._rest(part, start)

    def _enter_merged(self, file: _Part, head: int) -> Iterator[bytes]:
        """From a place in the output to the same place in the file that was made of it."""
        file.file.seek(head)
        found = MARKER.match(file.file.read(MARKER_ROOM))
        skipped, line = (int(found[1].replace(b",", b"")), len(found[0])) if found else (0, 0)
        missed = head + skipped - self._at
        if missed > 0:
            yield marker(missed)
            self._at += missed
        self._at += line - skipped
        self._head = None

    def _rest(self, part: _Part, start: int) -> Iterator[bytes]:
        """What was not read yet of a part that begins at `start`."""
        part.file.seek(max(0, self._at - start))
        while (left := start + part.size - self._at) > 0:
            chunk = part.file.read(min(CHUNK, left))
            if not chunk:
                return
            self._at += len(chunk)
            yield chunk


def _look(path: Path, files: contextlib.ExitStack) -> _Layout:
    """Open what belongs to a log now. Sizes are taken too, because later the head may be appended to."""
    while True:
        listing = _list(path)
        merge, numbers = listing
        with contextlib.ExitStack() as opened:
            head = _open(path, opened)
            try:
                segments = tuple((number, _open(_segment(path, number), opened)) for number in numbers)
            except FileNotFoundError:
                continue
            if _list(path) != listing:
                continue
            files.push(opened.pop_all())
        if merge is None:
            return _Layout(head, segments)
        if set(range(merge.first, merge.last + 1)) <= set(numbers):
            return _Layout(_Part(head.file, merge.head), segments)
        return _Layout(head, ())


def _list(path: Path) -> tuple[_Merge | None, list[int]]:
    """The merge that goes on or was killed, and the numbers of the segments."""
    return _Merge.read(path), sorted(_numbers(path))


def _numbers(path: Path) -> Iterator[int]:
    pattern = re.compile(re.escape(path.name) + r"\.([1-9][0-9]*)")
    return (int(found[1]) for entry in path.parent.iterdir() if (found := pattern.fullmatch(entry.name)))


def _segment(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _merging(path: Path) -> Path:
    return path.with_name(f"{path.name}.merging")


def _open(path: Path, files: contextlib.ExitStack) -> _Part:
    file = files.enter_context(path.open("rb", buffering=0))
    return _Part(file, file.seek(0, os.SEEK_END))


def _write(file: BinaryIO, data: bytes) -> None:
    """All of it: an unbuffered file may take less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _cut(path: Path, size: int) -> None:
    with path.open("r+b", buffering=0) as file:
        file.truncate(size)


def _remove_segments(path: Path) -> None:
    for number in list(_numbers(path)):
        _segment(path, number).unlink(missing_ok=True)
    _merging(path).unlink(missing_ok=True)
