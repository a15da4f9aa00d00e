"""The SQLite file: opening it, refusing one that is damaged or not ours, and transactions. SQL of no table stands here.

A log written ahead (WAL), and a wait for the disk of our own: of what was acknowledged nothing was lost in kill -9 and
simulated power cuts, where WAL with NORMAL alone lost some (docs/design.md, State). SQLite's own FULL waits inside the
transaction, one after the other; here threads that commit at about the same time wait together, and hold up nobody.
Where WAL does not work, as on network file systems, a rollback journal with EXTRA.
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
from types import TracebackType
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidCommand

from .ahead import Ahead

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


SYSTEM = (sqlite3.Error, UnicodeDecodeError, OSError)
"""What SQLite and the system raise."""


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
        self.guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._ahead: Ahead | None = None
        """The log that is written ahead (WAL), where there is one; without it SQLite itself waits for the disk."""
        self._untouched = False
        self._snapshot: Snapshot | None = None

    @property
    def exists(self) -> bool:
        """Is there a file yet? Commands that only read never make one."""
        with self.explained():
            return self.path.exists()

    def leave_untouched(self) -> None:
        """From now on read a copy alone, so that no file here changes, comes or goes."""
        self._untouched = True

    def create(self) -> None:
        """Make the file if there is none, whole or not at all: it gets its name when it is complete. SQLite waits until
        the folder is on the disk when it begins a log there, before anything is committed: the name is then, too."""
        if self.exists:
            return
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        with self.explained():
            new.unlink(missing_ok=True)
            connection = sqlite3.connect(new, isolation_level=None)
            header = f"pragma application_id={APPLICATION_ID}; pragma user_version={FORMAT};"
            connection.executescript(f"begin; {header} {SCHEMA} commit;")  # waits for the disk once
            connection.close()
            new.replace(self.path)

    def rows(self, statement: str, *parameters: Any) -> list[Any]:
        """All rows of a query; none while there is no file."""
        if self._connection is None and not self.exists:
            return []
        with self.guard, self.explained():
            return self._open().execute(statement, parameters).fetchall()

    def transaction(self, *, durable: bool = True) -> Transaction:
        """All that is executed inside is kept when it ends, or undone; inside another, it is part of that one.

        Args:
            durable: also when the power is cut. Without it the next durable one makes it so, which saves a wait for
                the disk; against `kill -9` both are the same.
        """
        return Transaction(self, durable)

    def begin(self) -> bool:
        """Begin a transaction; False where one goes on, of which this is a part. By the holder of `guard`."""
        if self._untouched:
            raise StateError(f"{self.path}: a command that only reads was about to write: a bug in phasegate")
        connection = self._open()
        if connection.in_transaction:
            return False
        self._still_there()
        if self._ahead is not None:
            self._ahead.must_be_whole()
        connection.execute("begin immediate")
        return True

    def end(self, *, keep: bool) -> int:
        """Commit or undo the transaction. What `reach_disk` is to be given."""
        connection = self._open()
        if not keep:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                    connection.execute("rollback")
            return 0
        try:
            connection.execute("commit")
        except BaseException:
            self.end(keep=False)
            raise
        return self._ahead.wrote() if self._ahead is not None else 0

    def settle(self) -> None:
        """Wait until all that was committed is on the disk."""
        ahead = self._ahead
        if ahead is not None:
            with self.explained():
                ahead.reach_disk(ahead.written)

    def reach_disk(self, written: int) -> None:
        """Wait until what was committed is on the disk."""
        ahead = self._ahead
        if ahead is not None and written:
            ahead.reach_disk(written)

    @property
    def connection(self) -> sqlite3.Connection:
        """For the holder of `guard`."""
        return self._open()

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
        with self.guard:
            if self._ahead is not None:
                self._ahead.close()
                self._ahead = None
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._snapshot is not None:
                self._snapshot.close()
                self._snapshot = None

    def _still_there(self) -> None:
        """A file that was taken away while it is open can be written to, and nobody will find what was written."""
        try:
            inode = os.stat(self.path).st_ino
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
        if mode != "wal" and not self._untouched and memory_is_shared(self.path.parent):
            with contextlib.suppress(sqlite3.OperationalError):  # read-only
                mode = connection.execute("pragma journal_mode=wal").fetchone()[0]
        self._ahead = Ahead(Path(f"{self.path}-wal")) if mode == "wal" else None
        connection.execute(f"pragma synchronous={'normal' if self._ahead else 'extra'}")

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Inside, what goes wrong with the file is told as a StateError."""
        try:
            yield
        except SYSTEM as error:
            raise self.explanation(error) from error

    def explanation(self, error: Exception) -> StateError:
        """What people are told of an error of SQLite or of the system."""
        if isinstance(error, OSError):
            return StateError(f"{error.filename or self.path}: {error.strerror}")
        if isinstance(error, sqlite3.OperationalError) and "decode" not in str(error):
            return StateError(f"{self.path}: {error}; is the disk full, or the folder read-only?")
        # damage may be quoted in SQLite's own message, as text that is no UTF-8, which it counts among the system's
        return self._refusal(f"is damaged ({error})")

    def _refusal(self, what: str) -> StateError:
        return StateError(
            f"{self.path} {what}. Nothing was changed. To start anew, move it away:"
            f" mv {self.path.name} {self.path.name}.bad; then `doit` runs every phase again and asks for every approval"
        )


def memory_is_shared(folder: Path) -> bool:
    """Can processes share memory through a file here? Where they cannot, as on some file systems over a network or into
    a container, SQLite takes to the log that is written ahead all the same, and then fails at each use of it
    (SQLITE_IOERR_SHMMAP)."""
    import mmap
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(mmap.PAGESIZE)
            mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
    except OSError:
        return False
    return True


class Transaction:
    """Use `Database.transaction`. Written out and no generator: a phase that runs goes through twenty of them."""

    __slots__ = ("_database", "_durable", "_outermost")

    def __init__(self, database: Database, durable: bool) -> None:
        self._database = database
        self._durable = durable
        self._outermost = False

    def __enter__(self) -> sqlite3.Connection:
        database = self._database
        database.guard.acquire()
        try:
            self._outermost = database.begin()
            return database.connection
        except BaseException as error:
            database.guard.release()
            if isinstance(error, SYSTEM):
                raise database.explanation(error) from error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        database = self._database
        try:
            written = 0
            try:
                if self._outermost:
                    written = database.end(keep=error is None)
            finally:
                database.guard.release()
            if self._durable:
                database.reach_disk(written)
        except SYSTEM as failure:
            raise database.explanation(failure) from failure
        if isinstance(error, SYSTEM):
            raise database.explanation(error) from error
