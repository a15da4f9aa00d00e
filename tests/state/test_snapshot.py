"""A copy of the state as it is at one instant."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from orchestrator.state import snapshot
from orchestrator.state.database import Database, StateError
from orchestrator.state.snapshot import Snapshot, Unsteady


def wal(path, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode=wal")
    for statement in statements:
        connection.execute(statement)
    return connection


def sums(path) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        return connection.execute("select sum(n), count(*) from t").fetchall()


def test_it_has_what_stands_only_in_the_log_and_goes_when_closed(tmp_path):
    with closing(wal(tmp_path / "x", "create table t (n)", "insert into t values (7)")):
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        taken = Snapshot(tmp_path / "x")
        assert sums(taken.path) == [(7, 1)]
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        taken.close()
        assert not taken.path.parent.exists()


def test_while_somebody_writes_it_is_whole(tmp_path):
    """Each transaction leaves the sum at nothing; the log is written into the file again and again."""
    over = threading.Event()
    with closing(wal(tmp_path / "x", "create table t (n)", "pragma wal_autocheckpoint=3")) as connection:

        def write() -> None:
            number = 0
            while not over.is_set():
                number += 1
                connection.execute(f"insert into t values ({number}), ({-number})")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(30):
                try:
                    taken = Snapshot(tmp_path / "x")
                except Unsteady:
                    continue
                [(total, count)] = sums(taken.path)
                assert (total or 0, count % 2) == (0, 0)
                taken.close()
        finally:
            over.set()
            writer.join()


def test_what_is_written_to_all_the_time_is_said_to_be(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"1")
    stamps = iter(range(1000))
    monkeypatch.setattr(snapshot, "_stamp", lambda path: next(stamps))
    with pytest.raises(OSError, match="try again"):
        Snapshot(tmp_path / "x")


def test_a_database_that_is_to_stay_untouched_writes_nothing(tmp_path):
    database = Database(tmp_path / ".doit.db")
    database.create()
    database.leave_untouched()
    before = (tmp_path / ".doit.db").stat()
    assert database.rows("select * from journal") == []
    with pytest.raises(StateError, match="a bug in phasegate"), database.transaction():
        pass
    database.close()
    assert (tmp_path / ".doit.db").stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in tmp_path.iterdir()] == [".doit.db"]
