"""The SQLite file: whole or not there, durable, explained when it cannot be used."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from orchestrator.state.database import Database, StateError
from orchestrator.state.journal import Event
from orchestrator.state.state import State


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / ".doit.db")
    database.create()
    return database


def test_reading_makes_no_file(tmp_path):
    database = Database(tmp_path / ".doit.db")
    assert database.rows("select 1") == []
    assert list(tmp_path.iterdir()) == []


def test_it_is_durable_by_its_settings(database):
    assert database.rows("pragma journal_mode") == [("wal",)]
    assert database.rows("pragma synchronous") == [(2,)]  # FULL


def test_a_transaction_is_all_or_nothing_and_may_hold_others(database):
    def write_and_fail() -> None:
        with database.transaction() as do:
            do.execute("insert into records values ('a', '{}', 0)")
            with database.transaction() as inner:
                inner.execute("insert into records values ('b', '{}', 0)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert database.rows("select * from records") == []


def test_another_process_sees_what_was_committed(database):
    with database.transaction() as do:
        do.execute("insert into records values ('a', '{}', 0)")
    other = sqlite3.connect(database.path)
    assert other.execute("select task from records").fetchall() == [("a",)]


def test_threads_share_it(database):
    def write(n: int) -> None:
        for k in range(20):
            with database.transaction() as do:
                do.execute("insert into records values (?, '{}', 0)", (f"{n}-{k}",))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.rows("select count(*) from records") == [(80,)]


def test_a_newer_format_is_refused(database):
    with database.transaction() as do:
        do.execute("pragma user_version=99")
    database.close()
    with pytest.raises(StateError, match="has format 99"):
        Database(database.path).rows("select 1")


def test_the_journal_keeps_order_and_data(tmp_path):
    state = State(tmp_path)
    state.lock.take()
    for n in range(3):
        state.journal.append(Event.ATTEMPT_STARTED, "a", n=n)
    state.journal.append(Event.JUDGED, "b", outcome="open")
    assert [entry.data["n"] for entry in state.journal.of("a")] == [0, 1, 2]
    assert state.journal.latest(Event.ATTEMPT_STARTED, Event.JUDGED)["a"].data == {"n": 2}
    assert state.journal.count(Event.ATTEMPT_STARTED) == {"a": 3}
    state.close()


def test_the_lock_is_exclusive_and_released(tmp_path):
    first, second = State(tmp_path), State(tmp_path)
    first.lock.take("run-1")
    with pytest.raises(StateError, match="another run is going on here: pid"):
        second.lock.take()
    assert second.lock.run_is_alive("run-1")
    assert not second.lock.run_is_alive("run-0")
    first.close()
    second.lock.take()
    second.close()


def test_a_folder_that_cannot_be_written_is_explained(tmp_path):
    (tmp_path / ".doit").write_text("a file where a folder belongs")
    with pytest.raises(StateError, match="phasegate must be able to write there"):
        State(tmp_path).lock.take()
