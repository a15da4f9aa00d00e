"""The log that SQLite writes ahead, and how much of it has reached the disk."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

SYNC = getattr(os, "fdatasync", os.fsync)  # macOS has only the one


class Ahead:
    """Waits for the disk, for all threads that committed meanwhile at once.

    Of a log that was cut short by a loss of power SQLite takes the transactions that are whole, in their order: so one
    wait makes all durable that were committed before it. With synchronous=NORMAL SQLite waits for the disk by itself
    where it moves the log into the database (https://www.sqlite.org/pragma.html#pragma_synchronous).

    Raises:
        OSError: the disk does not keep what was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._guard = threading.Lock()
        self._written = self._on_disk = 0
        self._failure: OSError | None = None
        """Why the disk did not keep something. The system says so once; what is committed after that stands behind a
        gap, and would be lost with it (https://wiki.postgresql.org/wiki/Fsync_Errors)."""

    def wrote(self) -> int:
        """Another transaction was committed; its number."""
        self._written += 1
        return self._written

    @property
    def written(self) -> int:
        """The number of the newest transaction."""
        return self._written

    def must_be_whole(self) -> None:
        """Raise where the disk did not keep what was committed before."""
        if self._failure is not None:
            raise self._failure

    def reach_disk(self, number: int) -> None:
        """Wait until this transaction is on the disk, with all that were committed before it."""
        with self._guard:
            if self._on_disk >= number:  # somebody who waited meanwhile waited for this one too
                return
            self.must_be_whole()
            written = self._written
            try:
                self._sync()
            except OSError as error:
                self._failure = error
                raise
            self._on_disk = written

    def _sync(self) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY)
        SYNC(self._file)
        if not os.fstat(self._file).st_nlink:
            raise OSError(errno.ENOENT, "was taken away while it was in use; what follows is not kept", str(self._path))

    def close(self) -> None:
        """No more is written. SQLite moves what there is into the database, and waits for the disk."""
        with self._guard:
            if self._file is not None:
                os.close(self._file)
                self._file = None
