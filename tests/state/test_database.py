"""The SQLite file: whole or not there, durable, explained when it cannot be used."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import subprocess
import sys
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
    assert database.rows("pragma synchronous") == [(1,)]  # NORMAL: the wait for the disk is our own


def test_where_no_memory_can_be_shared_it_is_durable_without_a_log_that_is_written_ahead(database, monkeypatch):
    def refused(*args: object) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr("mmap.mmap", refused)  # as on 9p, and on FUSE with direct_io
    with database.transaction() as do:
        do.execute("insert into records values ('a', '{}', 0)")
    assert database.rows("pragma journal_mode") == [("delete",)]
    assert database.rows("pragma synchronous") == [(3,)]  # EXTRA
    database.settle()
    database.close()
    assert [path.name for path in database.path.parent.iterdir()] == [".doit.db"]
    assert database.rows("select task from records") == [("a",)]


def test_who_only_reads_does_not_try_whether_memory_can_be_shared(database, monkeypatch):
    """That would make a file in the project, be it for a moment."""
    monkeypatch.setattr("mmap.mmap", lambda *args: pytest.fail("tried"))
    database.leave_untouched()
    assert database.rows("select task from records") == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_what_is_acknowledged_is_on_the_disk(database, tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from orchestrator.state.database import Database\n"
        "database = Database(Path(sys.argv[1]))\n"
        "for number, durable in ((1, True), (2, False), (3, True)):\n"
        "    with database.transaction(durable=durable) as do:\n"
        "        do.execute('insert into records values (?, ?, 0)', (str(number), '{}'))\n"
        "    os.write(1, b'committed %d' % number)\n"
    )
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", trace, "-e", "trace=pwrite64,write,fsync,fdatasync"]
    subprocess.run([*command, sys.executable, "-c", script, database.path], check=True, stdout=subprocess.DEVNULL)
    unsynced, on_disk = False, {}
    for line in trace.read_text().splitlines():
        if "pwrite64" in line and "-wal>" in line:
            unsynced = True
        elif "sync(" in line and "-wal>" in line:
            unsynced = False
        elif "committed " in line:
            on_disk[line.partition("committed ")[2][0]] = not unsynced
    assert on_disk == {"1": True, "2": False, "3": True}


def test_those_who_commit_together_wait_for_the_disk_once(database, monkeypatch):
    with database.transaction() as do:
        do.execute("insert into records values ('first', '{}', 0)")
    waits, waiting, all_wrote = [], threading.Event(), threading.Event()

    def sync(file: int) -> None:
        waits.append(file)
        waiting.set()
        assert all_wrote.wait(100)

    def write(name: str) -> None:
        with database.transaction() as do:
            do.execute("insert into records values (?, '{}', 0)", (name,))

    monkeypatch.setattr("orchestrator.state.ahead.SYNC", sync)
    leader = threading.Thread(target=write, args=("leader",))
    leader.start()
    assert waiting.wait(100)
    with database.transaction(durable=False) as do:  # nobody who only commits has to wait meanwhile
        do.execute("insert into records values ('quick', '{}', 0)")
    followers = [threading.Thread(target=write, args=(f"follower {n}",)) for n in range(3)]
    for thread in followers:
        thread.start()
    while len(database.rows("select task from records")) < 6:
        pass
    all_wrote.set()
    for thread in (leader, *followers):
        thread.join()
    assert len(waits) == 2


def test_what_the_disk_did_not_keep_is_not_forgotten_by_the_next_wait(database, monkeypatch):
    """Linux tells of a failed write once; the next fdatasync succeeds, with a gap in the log behind which all is lost."""
    answers = iter([OSError(errno.EIO, "Input/output error")])

    def sync(file: int) -> None:
        for answer in answers:
            raise answer

    monkeypatch.setattr("orchestrator.state.ahead.SYNC", sync)
    for _ in range(2):
        with pytest.raises(StateError, match="Input/output error"), database.transaction() as do:
            do.execute("insert or replace into records values ('a', '{}', 0)")
    database.close()
    with database.transaction() as do:  # whoever opens it anew reads what there is
        do.execute("insert or replace into records values ('a', '{}', 0)")


def test_nothing_is_acknowledged_whose_log_was_taken_away(database):
    with database.transaction() as do:
        do.execute("insert into records values ('a', '{}', 0)")
    database.path.with_name(".doit.db-wal").unlink()
    for _ in range(2):
        with pytest.raises(StateError, match="-wal: was taken away while it was in use"), database.transaction() as do:
            do.execute("insert or replace into records values ('b', '{}', 0)")


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
