"""One run at a time: an flock, which the kernel releases however its holder dies, and who holds it, for messages.

The holder is kept in the database and not in the lock file, so that reading it never races with taking the lock.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Any

from phases.identity import is_running, start_mark

from .database import Database, StateError


class Held(StateError):
    """Another run has the lock."""


class FileLock:
    """An flock on a file: one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Does this process hold it?"""
        return self._file is not None

    def take(self) -> bool:
        """Take it, at once or not at all; is it held now?

        Raises:
            StateError: the file cannot be opened.
        """
        if self._file is not None:
            return True
        try:
            self._path.parent.mkdir(exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StateError(f"{self._path}: {error.strerror}; phasegate must be able to write there") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class RunLock:
    """The right to change records. Taken once for a process; `release` gives it back."""

    def __init__(self, path: Path, database: Database) -> None:
        self._lock = FileLock(path)
        self._database = database

    def take(self, run: str = "") -> None:
        """Take the lock, at once or not at all.

        Args:
            run: the id of the run that takes it, empty for a command that only changes records.

        Raises:
            Held: naming pid, host and since when.
            StateError: the lock file cannot be opened.
        """
        if self._lock.held:
            return
        if not self._lock.take():
            raise Held(self._who())
        try:
            self._database.create()
            with self._database.transaction() as do:
                if self._another_holds(do):  # whose lock file was taken away
                    raise Held(self._who())
                do.execute("delete from holder")
                pid = os.getpid()
                row = (pid, start_mark(pid), os.uname().nodename, time.time(), run)
                do.execute("insert into holder values (?, ?, ?, ?, ?)", row)
        except BaseException:
            self._lock.release()
            raise

    @property
    def held(self) -> bool:
        """Does this process hold it?"""
        return self._lock.held

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if not self._lock.held:
            return
        try:
            with self._database.transaction(durable=False) as do:
                do.execute("delete from holder where pid = ?", (os.getpid(),))
        except StateError:
            pass  # what ends a process ends its claim, too
        finally:
            self._lock.release()

    def _another_holds(self, do: Any) -> bool:
        rows = do.execute("select pid, mark, host from holder").fetchall()
        own = (os.getpid(), os.uname().nodename)
        return any((pid, host) != own and host == own[1] and is_running(pid, mark) for pid, mark, host in rows)

    def run_is_alive(self, run: str) -> bool:
        """Is this the run that goes on now? Answered without the lock, which a look must never hold."""
        rows = self._database.rows("select pid, mark, host from holder where run = ?", run)
        return any(host == os.uname().nodename and is_running(pid, mark) for pid, mark, host in rows)

    def _who(self) -> str:
        rows = self._database.rows("select pid, host, since from holder")
        if not rows:
            return "another run is starting here; wait for it, or stop it"
        from datetime import datetime, timezone

        pid, host, since = rows[0]
        moment = datetime.fromtimestamp(since, timezone.utc).astimezone()
        age = max(0, round(time.time() - since))
        return (
            f"another run is going on here: pid {pid} on {host}, since {moment:%Y-%m-%d %H:%M:%S} ({age} s ago);"
            " wait for it, or stop it"
        )
