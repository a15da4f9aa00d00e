"""What stands under a path: the SHA-256 of a file's content, or those of all files of a folder or glob.

SHA-256, so that anyone can check an approved output with `sha256sum`. A file is read again only when its size, inode,
mtime or ctime changed since it was hashed; doit's own checker trusts an equal mtime alone.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..config.paths import is_glob
from .database import Database, seal

State = str | dict[str, str]
"""A file's digest, or path → digest for a folder or glob."""

ABSENT = "absent"

CLOCK_TICK_NS = 20_000_000
"""A file written again within the kernel's clock tick keeps its times: so early a digest is not trusted later."""

LARGE = 1 << 20


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
            return next(self._matches(path), None) is not None
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
        if is_glob(path):
            return {match: digest for match in sorted(self._matches(path)) if (digest := self._digest(match)) != ABSENT}
        try:
            status = os.stat(os.path.join(self._root, path))
        except OSError:
            return ABSENT
        if stat.S_ISDIR(status.st_mode):
            return {file: digest for file in sorted(self._below(path)) if (digest := self._digest(file)) != ABSENT}
        return self._digest(path, status)

    def _matches(self, pattern: str) -> Iterator[str]:
        for match in glob.iglob(pattern, root_dir=self._root, recursive=True):
            if os.path.isfile(os.path.join(self._root, match)):
                yield match

    def _below(self, folder: str) -> Iterator[str]:
        project = os.stat(self._root)
        seen = {(project.st_dev, project.st_ino)}  # a link to the whole project would bring in our own state
        for parent, folders, names in os.walk(os.path.join(self._root, folder), followlinks=True):
            status = os.stat(parent)
            if (status.st_dev, status.st_ino) in seen:  # a link that leads back up
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            inside = os.path.relpath(parent, self._root)
            yield from (f"{inside}/{name}" for name in names)

    def _digest(self, path: str, status: os.stat_result | None = None) -> str:
        full = os.path.join(self._root, path)
        try:
            status = status or os.stat(full)
            if not stat.S_ISREG(status.st_mode):
                return ABSENT
            signature = f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"
            known = self._cached().get(path)
            if known and known[0] == signature and known[1]:
                return known[2]
            settled = self._settled(status)
            digest = _sha256(full)
        except OSError:
            return ABSENT
        self._cached()[path] = self._fresh[path] = (signature, settled, digest)
        return digest

    def _settled(self, status: os.stat_result) -> bool:
        """Will a later change of this file be seen in its times? For a large file it is cheaper to wait until it will
        than to read it twice.

        Told by the ctime, which the kernel sets at each change. The mtime is anyone's to set, also to the future.
        """
        age = time.time_ns() - status.st_ctime_ns
        if 0 <= age < CLOCK_TICK_NS and status.st_size >= LARGE:
            self._wait((CLOCK_TICK_NS - age) / 1e9)
            return True
        return age >= CLOCK_TICK_NS

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


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
