"""Log files with a cap: of much output the beginning and the end are kept, whenever the writer is killed.

The head of the output goes to the file itself, all further output to segments beside it, `name.1`, `name.2` and so on,
of which the last two are kept. At the end they are appended to the file, behind a line that tells how much is missing.

While that happens a file `name.merging` says where the head ends and which segments there are. It is written before the
first byte is appended, and removed after the last segment. So a reader knows in every state what counts: segments and
head while all the segments are there, and the file as it is when one is gone.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
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
        self._file: BinaryIO = _anew(path)
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
        self._file = segment_of(self._path, self._number + 1).open("wb", buffering=0)
        self._number += 1
        self._room = self._segment_size
        full.close()
        if self._number > 2:
            segment_of(self._path, self._number - 2).unlink(missing_ok=True)

    def _merge(self) -> None:
        first = max(1, self._number - 1)
        merge = Merge(self._head_size, first, self._number)
        try:
            merging_of(self._path).write_text(str(merge), "ascii")
            with self._path.open("ab", buffering=0) as whole:
                if first > 1:
                    _write(whole, marker((first - 1) * self._segment_size))
                for number in range(first, self._number + 1):
                    with segment_of(self._path, number).open("rb", buffering=0) as segment:
                        while chunk := segment.read(CHUNK):
                            _write(whole, chunk)
        except BaseException:
            with contextlib.suppress(OSError):
                _cut(self._path, self._head_size)
                merging_of(self._path).unlink(missing_ok=True)
            raise
        _remove_segments(self._path)


def _anew(path: Path) -> BinaryIO:
    """The file, empty, with nothing beside it of an earlier log."""
    try:
        return open(path, "xb", buffering=0)  # noqa: PTH123
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        _remove_segments(path)
    return path.open("wb", buffering=0)


def marker(missing: int) -> bytes:
    """The line that stands where so many bytes were left out."""
    return b"\n[phasegate: %s bytes left out here]\n" % f"{missing:,}".encode()


@dataclass(frozen=True, slots=True)
class Merge:
    """What `name.merging` says: the size of the head, and the numbers of the first and the last segment."""

    head: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.head} {self.first} {self.last}\n"

    @staticmethod
    def read(path: Path) -> Merge | None:
        """None too where it is not written to its end: then nothing was appended yet."""
        try:
            found = re.fullmatch(r"(\d+) (\d+) (\d+)\n", merging_of(path).read_text("ascii"))
        except FileNotFoundError:
            return None
        return Merge(*map(int, found.groups())) if found else None


def segment_numbers(path: Path) -> Iterator[int]:
    pattern = re.compile(re.escape(path.name) + r"\.([1-9][0-9]*)")
    return (int(found[1]) for entry in path.parent.iterdir() if (found := pattern.fullmatch(entry.name)))


def segment_of(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def merging_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.merging")


def _write(file: BinaryIO, data: bytes) -> None:
    """All of it: an unbuffered file may take less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _cut(path: Path, size: int) -> None:
    with path.open("r+b", buffering=0) as file:
        file.truncate(size)


def _remove_segments(path: Path) -> None:
    for number in list(segment_numbers(path)):
        segment_of(path, number).unlink(missing_ok=True)
    merging_of(path).unlink(missing_ok=True)
