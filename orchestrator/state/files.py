"""What stands under a path: the SHA-256 of a file's content, or those of all files of a folder or glob.

SHA-256, so that anyone can check an approved output with `sha256sum`. A file is read again only when its size, inode,
mtime or ctime changed since it was hashed; doit's own checker trusts an equal mtime alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..config.paths import is_glob
from . import listing
from .database import Database, seal
from .listing import CLOCK_TICK_NS, Signature

State = str | dict[str, str]
"""A file's digest, or path → digest for a folder or glob."""

ABSENT = "absent"

UNREADABLE = "unreadable"
"""Something is there of which nobody can say what it holds: no permission, or no file (a pipe, a device)."""

LARGE = 1 << 20


class Glance(NamedTuple):
    """By what it is seen that files are what they were, without reading one."""

    files: Mapping[str, Signature | None]
    """Of each path that is a file; None of one that is not there."""
    groups: Mapping[str, list[tuple[str, Signature | None]]]
    """The files of each folder and glob, in their order."""


class Files:
    """Digests of the project's files, cached in the database under each file's signature."""

    def __init__(self, root: Path, database: Database, wait: Callable[[float], None] = time.sleep) -> None:
        self._root = str(root)
        self._database = database
        self._wait = wait
        self._known: dict[str, tuple[str, bool, str]] | None = None
        self._fresh: dict[str, tuple[str, bool, str]] = {}
        self._instant: dict[str, State] | None = None

    @contextlib.contextmanager
    def one_instant(self) -> Iterator[None]:
        """Inside, each path is looked at once: for asking about many phases that share files."""
        self._instant = {}
        try:
            yield
        finally:
            self._instant = None

    def state(self, path: str) -> State:
        """What stands under `path` now; `ABSENT` where nothing does, an empty dict for an empty folder or glob."""
        if self._instant is None:
            return self._look(path)
        if path not in self._instant:
            self._instant[path] = self._look(path)
        return self._instant[path]

    def exists(self, path: str) -> bool:
        """Is there a file or folder, or for a glob at least one match?"""
        if is_glob(path):
            return next(listing.matches(self._root, path), None) is not None
        return os.path.exists(os.path.join(self._root, path))

    @property
    def unsaved(self) -> bool:
        """Were digests taken that are not stored yet?"""
        return bool(self._fresh)

    def save(self) -> None:
        """Store the digests that were taken since the last time, those taken too early after a second look."""
        for path in [path for path, (_, settled, _) in self._fresh.items() if not settled]:
            self._digest(path)
        if self._fresh:
            rows = [(path, *known, seal(path, *known)) for path, known in _encoded(self._fresh)]
            with self._database.transaction() as do:
                do.executemany("insert or replace into files values (?, ?, ?, ?, ?)", rows)
            self._fresh = {}

    def _look(self, path: str) -> State:
        if not is_glob(path):
            try:
                status = os.stat(os.path.join(self._root, path))
            except OSError as error:
                return _unseen(error)
            if not stat.S_ISDIR(status.st_mode):
                return self._digest(path, status)
        return {
            file: digest
            for file in listing.files_under(self._root, path) or ()
            if (digest := self._digest(file)) != ABSENT
        }

    def stamp(self, path: str) -> list[tuple[str, Signature | None]]:
        """Another one as soon as anything under the path was written, even if it was put back."""
        return listing.stamp(self._root, path)

    def glance(self, paths: Iterable[str]) -> Glance | None:
        """By what it is seen later that nothing under these paths changed since they were looked at, inside
        `one_instant`; None where that cannot be told: of a file that was written just then, or cannot be read."""
        files: dict[str, Signature | None] = {}
        groups: dict[str, list[tuple[str, Signature | None]]] = {}
        for path in paths:
            state = (self._instant or {}).get(path, UNREADABLE)
            found = {file: self._trusted(file, digest) for file, digest in flat(path, state).items()}
            if None in found.values() and state != ABSENT:
                return None
            if isinstance(state, str):
                files.update(found)
            else:
                groups[path] = list(found.items())
        return Glance(files, groups)

    def _trusted(self, path: str, digest: str) -> Signature | None:
        """The signature under which a file had this digest; None where it may have had another one under it."""
        text, settled, known = self._cached().get(path, ("", False, ""))
        if not settled or known != digest:
            return None
        size, inode, mtime, ctime = map(int, text.split())
        return size, inode, mtime, ctime

    def _digest(self, path: str, status: os.stat_result | None = None) -> str:
        full = os.path.join(self._root, path)
        try:
            status = status or os.stat(full)
            if not stat.S_ISREG(status.st_mode):
                return UNREADABLE
            signature = _signature(status)
            known = self._cached().get(path)
            if known and known[0] == signature and known[1]:
                return known[2]
            settled = self._settled(status)
            digest = _sha256(full)
        except OSError as error:
            return _unseen(error)
        self._cached()[path] = self._fresh[path] = (signature, settled, digest)
        return digest

    def _settled(self, status: os.stat_result) -> bool:
        """Will a later change of this file be seen? For a large one it is cheaper to wait until it will than to read it
        twice."""
        age = time.time_ns() - status.st_ctime_ns
        if 0 <= age < listing.tick_ns(status) <= CLOCK_TICK_NS and status.st_size >= LARGE:
            self._wait((CLOCK_TICK_NS - age) / 1e9)
            return True
        return listing.is_settled(status, status.st_ctime_ns + age)

    def _cached(self) -> dict[str, tuple[str, bool, str]]:
        if self._known is None:
            rows = self._database.rows("select path, signature, settled, sha256, seal from files")
            # a row of which a bit has flipped is no loss: the file is read again
            self._known = {
                os.fsdecode(path): (signature, bool(settled), digest)
                for path, signature, settled, digest, sealed in rows
                if seal(path, signature, bool(settled), digest) == sealed
            }
        return self._known


def _encoded(known: Mapping[str, tuple[str, bool, str]]) -> Iterator[tuple[bytes, tuple[str, bool, str]]]:
    return ((os.fsencode(path), row) for path, row in known.items())


def differences(before: State | None, now: State, path: str) -> list[str]:
    """How two states of a path differ, in words: `build/x.csv changed`, `build/charts/a.png is gone`."""
    if before == now:
        return []
    if before is None:
        return [f"{path} is new"]
    if isinstance(before, str) or isinstance(now, str):
        return [f"{path} is missing" if now == ABSENT else f"{path} changed"]
    return (
        [f"{file} changed" for file in now if file in before and before[file] != now[file]]
        + [f"{file} is new" for file in now if file not in before]
        + [f"{file} is gone" for file in before if file not in now]
    )


def unreadable(states: Mapping[str, State]) -> list[str]:
    """The files among these states that cannot be read."""
    files = {file: digest for path, state in states.items() for file, digest in flat(path, state).items()}
    return [file for file, digest in files.items() if digest == UNREADABLE]


def flat(path: str, state: State) -> Mapping[str, str]:
    """A state as path → digest, also where it is that of one file."""
    return {path: state} if isinstance(state, str) else state


def _unseen(error: OSError) -> str:
    """The state of what could not be looked at."""
    return ABSENT if isinstance(error, (FileNotFoundError, NotADirectoryError)) else UNREADABLE


def _signature(status: os.stat_result) -> str:
    size, inode, mtime, ctime = listing.signature(status)
    return f"{size} {inode} {mtime} {ctime}"


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
