"""The digests of files, each kept under the signature that the file had: while that stands, it is not read again.

Several files are read on all cores. Threads that ask for one file at the same time read it once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping

from . import hashing
from .crew import LOOK, Crew
from .database import Database, seal
from .hashing import LARGE, GivenUp, GivesUp, never
from .listing import CLOCK_TICK_NS, Signature, is_settled, signature, tick_ns

ABSENT = "absent"

UNREADABLE = "unreadable"
"""Something is there of which nobody can say what it holds: no permission, or no file (a pipe, a device)."""

SHARED = 32 << 10
"""Bytes from which on a file is worth handing to another thread. Measured on two cores: of 8 KB files two threads hash
0.6 × as many as one, of 32 KB 1.3 ×, of 64 KB 1.7 ×."""

Row = tuple[str, bool, str]
"""Signature, settled and digest of a file."""

Statuses = Mapping[str, os.stat_result]


class Digests:
    """The table `files`, read once, and written by `save`.

    Args:
        wait: for so many seconds.
    """

    def __init__(self, root: str, database: Database, wait: Callable[[float], None]) -> None:
        self._root = root
        self._database = database
        self._wait = wait
        self._rows: dict[str, Row] | None = None
        self._fresh: dict[str, Row] = {}
        self._failed: set[str] = set()
        self._guard = threading.RLock()
        self._under_way: dict[tuple[str, Signature], threading.Event] = {}
        self._buffers: list[bytearray] = []
        self._closing = threading.Event()

    def known(self, path: str, status: os.stat_result) -> str | None:
        """The digest of a file that has this status, where it is known without reading."""
        row = self._loaded().get(path)
        return row[2] if row and row[1] and row[0] == _text(signature(status)) else None

    def trusted(self, path: str, digest: str) -> Signature | None:
        """The signature under which a file had this digest; None where it may have had another one under it."""
        text, settled, known = self._loaded().get(path, ("", False, ""))
        if not settled or known != digest:
            return None
        size, inode, mtime, ctime = map(int, text.split())
        return size, inode, mtime, ctime

    def read(self, files: Statuses, gives_up: GivesUp = never) -> dict[str, str]:
        """The digests of files with these statuses, or why there is none. What was written just now comes last, because
        it may be old enough by then.

        Raises:
            GivenUp: whoever wants them gave up.
        """
        now = time.time_ns()
        old = {path: status for path, status in files.items() if is_settled(status, now)}
        found = self._read(old, gives_up)
        if len(old) < len(files):
            young = {path: status for path, status in files.items() if path not in old}
            self._let_settle(young.values())
            found |= self._read(young, gives_up)
        self._buffers.clear()
        return found

    def read_later(self, files: Statuses) -> tuple[Statuses, Crew[str]]:
        """Those of the files that need not be read before something is started which may write to them, and the crew
        that reads them. Afterwards `known` tells of those whose content was the same all the time.

        They are large; they can be opened; and whatever is written to them from now on will be seen.
        """
        large = {path: status for path, status in files.items() if status.st_size >= LARGE and self._opens(path)}
        self._let_settle(large.values())
        now = time.time_ns()
        later = {path: status for path, status in large.items() if is_settled(status, now)}

        def take(path: str, gives_up: GivesUp) -> None:
            self._digest(path, later[path], gives_up)

        return later, Crew(_largest_first(later), take)

    def begin(self, crew: Crew[str]) -> None:
        """Let it read in the background, until `close`."""
        crew.begin(self._closing.is_set)

    @property
    def unsaved(self) -> bool:
        """Were digests taken that are not stored yet?"""
        return bool(self._fresh)

    def save(self) -> None:
        """Store the digests that were taken since the last time, those taken too early after a second look."""
        self.read(dict(self._unsettled()))
        with self._guard:
            fresh, self._fresh = self._fresh, {}
        if fresh:
            named = ((os.fsencode(path), row) for path, row in fresh.items())
            rows = [(name, *row, seal(name, *row)) for name, row in named]
            try:
                with self._database.transaction() as do:
                    do.executemany("insert or replace into files values (?, ?, ?, ?, ?)", rows)
            except BaseException:
                with self._guard:
                    self._fresh = {**fresh, **self._fresh}
                raise

    def close(self) -> None:
        """Let those who read in the background give up."""
        closing, self._closing = self._closing, threading.Event()
        closing.set()

    def _read(self, files: Statuses, gives_up: GivesUp) -> dict[str, str]:
        found: dict[str, str] = {}

        def take(path: str, gives_up: GivesUp) -> None:
            found[path] = self._digest(path, files[path], gives_up)

        shared = {path: status for path, status in files.items() if status.st_size >= SHARED}
        if len(shared) > 1 and sum(status.st_size for status in shared.values()) >= LARGE:
            Crew(_largest_first(shared), take).finish(gives_up)
        for path, status in files.items():
            if path not in found:
                if gives_up():
                    raise GivenUp
                found[path] = self._digest(path, status, gives_up)
        return found

    def _digest(self, path: str, status: os.stat_result, gives_up: GivesUp) -> str:
        """The digest of one file, read here or by whoever reads it already, or why there is none."""
        try:
            # of a young file the signature does not tell one content from another; a small one is read faster than that
            # somebody else reads it is found out
            if status.st_size < SHARED or not is_settled(status, time.time_ns()):
                return self._read_here(path, status, gives_up)
            key = (path, signature(status))
            while True:
                with self._guard:
                    digest, other = self.known(path, status), self._under_way.get(key)
                    if digest is None and other is None:
                        over = self._under_way[key] = threading.Event()
                if digest is not None:
                    return digest
                if other is None:
                    break
                while not other.wait(LOOK):
                    if gives_up():
                        raise GivenUp
            try:
                return self._read_here(path, status, gives_up)
            finally:
                with self._guard:
                    del self._under_way[key]
                over.set()
        except OSError as error:
            self._failed.add(path)
            return unseen(error)

    def _read_here(self, path: str, status: os.stat_result, gives_up: GivesUp) -> str:
        reading = hashing.read(os.path.join(self._root, path), status, self._buffers, gives_up)
        if reading.steady:
            with self._guard:
                self._loaded()[path] = self._fresh[path] = (_text(reading.signature), reading.settled, reading.digest)
        return reading.digest

    def _let_settle(self, files: Collection[os.stat_result]) -> None:
        """Wait until a later change of these files will be seen, where that is cheaper than to read them twice."""
        now = time.time_ns()
        left = [
            (tick_ns(status) - age, status.st_size)
            for status in files
            if 0 <= (age := now - status.st_ctime_ns) < tick_ns(status) <= CLOCK_TICK_NS
        ]
        if sum(size for _, size in left) >= LARGE:
            self._wait(max(left)[0] / 1e9)

    def _opens(self, path: str) -> bool:
        """Can it be read, as far as is known before?"""
        if path in self._failed:
            return False
        try:
            os.close(os.open(os.path.join(self._root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            return False
        return True

    def _unsettled(self) -> Iterator[tuple[str, os.stat_result]]:
        """Files of which a digest was taken too early, as they are now."""
        with self._guard:
            early = [path for path, (_, settled, _) in self._fresh.items() if not settled]
        for path in early:
            try:
                yield path, os.stat(os.path.join(self._root, path))
            except OSError:
                continue

    def _loaded(self) -> dict[str, Row]:
        if self._rows is None:
            rows = self._database.rows("select path, signature, settled, sha256, seal from files")
            # a row of which a bit has flipped is no loss: the file is read again
            found = {
                os.fsdecode(path): (text, bool(settled), digest)
                for path, text, settled, digest, sealed in rows
                if seal(path, text, bool(settled), digest) == sealed
            }
            with self._guard:  # what another thread has read meanwhile stays known
                self._rows = found if self._rows is None else self._rows
        return self._rows


def unseen(error: OSError) -> str:
    """The state of what could not be looked at."""
    return ABSENT if isinstance(error, (FileNotFoundError, NotADirectoryError)) else UNREADABLE


def _largest_first(files: Statuses) -> list[str]:
    """So that no thread begins with a large one when the others are about to end."""
    return sorted(files, key=lambda path: files[path].st_size, reverse=True)


def _text(of: Signature) -> str:
    size, inode, mtime, ctime = of
    return f"{size} {inode} {mtime} {ctime}"
