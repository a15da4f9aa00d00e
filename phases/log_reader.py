"""Reading capped logs: at once or as they grow, whether their writer goes on, has ended or was killed (log.py)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .log import CHUNK, MARKER, MARKER_ROOM, Merge, marker, segment_numbers, segment_of


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
                segments = tuple((number, _open(segment_of(path, number), opened)) for number in numbers)
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


def _list(path: Path) -> tuple[Merge | None, list[int]]:
    """The merge that goes on or was killed, and the numbers of the segments."""
    return Merge.read(path), sorted(segment_numbers(path))


def _open(path: Path, files: contextlib.ExitStack) -> _Part:
    file = files.enter_context(path.open("rb", buffering=0))
    return _Part(file, file.seek(0, os.SEEK_END))
