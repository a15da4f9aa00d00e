"""The SQLite file: opening it, refusing one that is damaged or not ours, and transactions. SQL of no table stands here.

WAL with synchronous=FULL: of what was acknowledged nothing was lost in kill -9 and simulated power cuts, where
WAL with NORMAL lost some (docs/design.md, State). Where WAL does not work, as on network file systems, a rollback
journal with EXTRA.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidCommand

if TYPE_CHECKING:
    from .snapshot import Snapshot

APPLICATION_ID = 0x70676174
"""`pgat` in the file's header: tells our file from doit's own sqlite3 backend and from anything else."""

FORMAT = 5

SCHEMA = """
create table records (task text primary key, data text not null, seal integer not null) without rowid;
create table files (path blob primary key, signature text not null, settled integer not null, sha256 text not null,
    seal integer not null) without rowid;
create table journal (seq integer primary key autoincrement, at real not null, run text not null, phase text,
    task text, event text not null, data text not null, seal integer not null, hash text not null);
create index journal_phase on journal (phase, event, seq);
create table votes (phase text not null, digest text not null, by text not null, channel text not null,
    reason text not null, at real not null, answer text not null, criterion text not null, source text not null,
    until real, role text not null, seal integer not null, primary key (phase, digest, by, criterion)) without rowid;
create table projections (target text not null, key text not null, number integer, hash text not null,
    at real not null, data text not null, seal integer not null, primary key (target, key)) without rowid;
create table holder (pid integer not null, mark text, host text not null, since real not null, run text not null);
"""


class StateError(InvalidCommand):  # type: ignore[misc]
    """The state cannot be used; the text says why and what to do.

    One of the exceptions that doit prints without a traceback, with exit code 3: its own commands open our state too.
    """


def seal(*fields: Any) -> int:
    """A checksum over the fields of a row: SQLite notices damage only where its own structure suffers."""
    return zlib.crc32("\0".join(map(str, fields)).encode())


class Database:
    """A connection shared by the threads of one process.

    Raises:
        StateError: from every method, instead of sqlite3's exceptions.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._ahead = False
        """Is a log written ahead (WAL)? Only then may a transaction do without its own wait for the disk."""
        self._untouched = False
        self._snapshot: Snapshot | None = None

    @property
    def exists(self) -> bool:
        """Is there a file yet? Commands that only read never make one."""
        with self._explained():
            return self.path.exists()

    def leave_untouched(self) -> None:
        """From now on read a copy alone, so that no file here changes, comes or goes."""
        self._untouched = True

    def create(self) -> None:
        """Make the file if there is none, whole or not at all: it gets its name when it is complete."""
        if self.exists:
            return
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        with self._explained():
            new.unlink(missing_ok=True)
            connection = sqlite3.connect(new, isolation_level=None)
            connection.executescript(f"pragma application_id={APPLICATION_ID}; pragma user_version={FORMAT}; {SCHEMA}")
            connection.close()
            new.replace(self.path)

    def rows(self, statement: str, *parameters: Any) -> list[Any]:
        """All rows of a query; none while there is no file."""
        if not self.exists:
            return []
        with self._guard, self._explained():
            return self._open().execute(statement, parameters).fetchall()

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """All that is executed inside is kept when it ends, or undone; inside another, it is part of that one.

        Args:
            durable: also when the power is cut. Without it the next durable one makes it so, which saves a wait for
                the disk; against `kill -9` both are the same.
        """
        with self._guard, self._explained():
            if self._untouched:
                raise StateError(f"{self.path}: a command that only reads was about to write: a bug in phasegate")
            connection = self._open()
            if connection.in_transaction:
                yield connection
                return
            self._still_there()
            with self._synced(connection, durable):
                connection.execute("begin immediate")
                try:
                    yield connection
                    connection.execute("commit")
                except BaseException:
                    if connection.in_transaction:
                        with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                            connection.execute("rollback")
                    raise

    @contextlib.contextmanager
    def _synced(self, connection: sqlite3.Connection, durable: bool) -> Iterator[None]:
        if durable or not self._ahead:
            yield
            return
        connection.execute("pragma synchronous=normal")
        try:
            yield
        finally:
            connection.execute("pragma synchronous=full")

    def check(self, sealed: int, *fields: Any) -> None:
        """Hold the fields of a row against its seal.

        Raises:
            StateError: a bit of them is not what was written.
        """
        if seal(*fields) != sealed:
            raise self._refusal("is damaged (a row is not what was written)")

    def unsealed(self, text: str, sealed: int, *fields: Any) -> Any:
        """JSON from a column of a row whose fields were sealed.

        Raises:
            StateError: a bit of them is not what was written.
        """
        self.check(sealed, *fields)
        return json.loads(text)

    def close(self) -> None:
        """Close the connection; a later use opens a new one."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._snapshot is not None:
                self._snapshot.close()
                self._snapshot = None

    def _still_there(self) -> None:
        """A file that was taken away while it is open can be written to, and nobody will find what was written."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            inode = 0
        if inode != self._inode:
            raise StateError(f"{self.path} was taken away or replaced while it was in use; what follows is not kept")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            status = self.path.stat()
            self._inode = status.st_ino
            if status.st_size == 0:
                # SQLite takes an empty file for a new database; ours is never empty, so something emptied it.
                raise self._refusal("is empty")
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        """A connection that was looked over. In a folder where nothing can be written a log of SQLite's that is empty
        or not there is no hindrance to reading."""
        path = self.path
        if self._untouched:
            from .snapshot import Snapshot

            self._snapshot = Snapshot(path)
            path = self._snapshot.path
        log = path.with_name(f"{path.name}-wal")
        sealed = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
        name = f"{path.absolute().as_uri()}?immutable=1" if sealed else str(path)
        connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=10, uri=sealed)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("pragma application_id").fetchone()[0]
        version = connection.execute("pragma user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise self._refusal("is not phasegate's: another program wrote it")
        if version != FORMAT:
            raise self._refusal(f"has format {version}, this version of phasegate reads format {FORMAT}")
        mode = connection.execute("pragma journal_mode").fetchone()[0]
        if mode != "wal":
            with contextlib.suppress(sqlite3.OperationalError):  # read-only, or a file system without shared memory
                mode = connection.execute("pragma journal_mode=wal").fetchone()[0]
        self._ahead = mode == "wal"
        connection.execute(f"pragma synchronous={'full' if self._ahead else 'extra'}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "decode" in str(error):  # text that is no UTF-8, which sqlite3 counts among the errors of the system
                raise self._refusal(f"is damaged ({error})") from error
            raise StateError(f"{self.path}: {error}; is the disk full, or the folder read-only?") from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # damage may be quoted in SQLite's own message
            raise self._refusal(f"is damaged ({error})") from error
        except OSError as error:
            raise StateError(f"{error.filename or self.path}: {error.strerror}") from error

    def _refusal(self, what: str) -> StateError:
        return StateError(
            f"{self.path} {what}. Nothing was changed. To start anew, move it away:"
            f" mv {self.path.name} {self.path.name}.bad; then `doit` runs every phase again and asks for every approval"
        )
