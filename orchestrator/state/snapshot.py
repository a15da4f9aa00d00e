"""A copy of an SQLite file as it is at one instant, for whoever must not touch the file itself.

SQLite makes files beside a database with a log (WAL) even where it only reads, and the last one to close it writes the
log into it: after `kill -9` a mere look would change what is on disk.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

TRIES = 20
"""How often it is copied anew because a run wrote the log into the file meanwhile."""

HEADER = 32
"""Bytes at the beginning of a log; others as soon as it is begun anew."""


class Unsteady(OSError):
    """The file was written to during each try."""


class Snapshot:
    """The copy, with its log; it is gone when closed."""

    def __init__(self, path: Path) -> None:
        """Copy it.

        Raises:
            OSError: that is not possible.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="phasegate-")
        self.path = Path(self._folder.name) / path.name
        try:
            if not any(self._copied(path) for _ in range(TRIES)):
                raise Unsteady(0, "a run writes to it all the time; try again", str(path))
        except BaseException:
            self._folder.cleanup()
            raise

    def close(self) -> None:
        """Remove it."""
        self._folder.cleanup()

    def _copied(self, path: Path) -> bool:
        """Copy both files; are they of one instant? A log that grew meanwhile does no harm: SQLite reads whole
        transactions alone."""
        log = path.with_name(f"{path.name}-wal")
        before = _stamp(path), _begin(log)
        shutil.copyfile(path, self.path)
        own_log = self.path.with_name(log.name)
        own_log.unlink(missing_ok=True)
        if before[1]:
            try:
                shutil.copyfile(log, own_log)
            except FileNotFoundError:
                return False
        return before == (_stamp(path), _begin(log))


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _begin(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(HEADER)
    except FileNotFoundError:
        return b""
