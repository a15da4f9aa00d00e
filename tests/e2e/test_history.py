"""`doit history`: what happened, and whether anybody changed the record of it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.state.journal import Event
from orchestrator.state.state import State

LOW = {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 10"}


@pytest.fixture(scope="module")
def kept():
    """Projects that are made once, by name."""
    return {}


@pytest.fixture
def a_copy_of(project, kept, tmp_path_factory, tmp_path):
    """A copy of a project that is made when it is first asked for."""

    def a_copy_of(name: str, make):
        if name not in kept:
            kept[name] = type(project)(tmp_path_factory.mktemp(name))
            make(kept[name])
        shutil.copytree(kept[name].root, tmp_path / name)
        return type(project)(tmp_path / name)

    return a_copy_of


@pytest.fixture
def told(a_copy_of):
    """Two phases, run with four values of `mae`, of which the last one shuts the gate of `m`."""

    def make(project) -> None:
        work = {"run": "cp in.json out.json", "inputs": ["in.json"], "outputs": ["out.json"]}
        project.phases({"m": work, "after": {"run": "true", "needs": ["m"]}}, {"m": [LOW]})
        for mae in (9, 8, 10, 12):
            project.write("in.json", json.dumps({"mae": mae}))
            project.doit()

    return a_copy_of("told", make)


@pytest.fixture
def sealed(a_copy_of):
    """One phase, which ran once."""

    def make(project) -> None:
        project.phases({"m": {"run": "echo '{\"mae\": 12}' > out.json", "outputs": ["out.json"]}}, {"m": [LOW]})
        project.doit().ended(1)

    return a_copy_of("sealed", make)


def change(project, *statements: str) -> None:
    """Do to the file what somebody with `sqlite3` could."""
    with closing(sqlite3.connect(project.root / ".doit.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def history(project, *args: str) -> dict:
    ran = project.doit("history", *args, "--json")
    assert ran.code == 0, ran
    return json.loads(ran.out)


def breaks(project) -> list[tuple[int, str]]:
    """What `--verify --json` finds, held against what people are told."""
    ran = project.doit("history", "--verify", "--json")
    found = [(each["seq"], each["what"]) for each in json.loads(ran.out)["breaks"]]
    lines = project.doit("history", "--verify").ended(ran.code)
    assert ran.code == (1 if found else 0), ran
    assert [f"entry {seq} {what}:" in lines.out for seq, what in found] == [True] * len(found)
    return found


def write_entries(project, number: int) -> None:
    """So many more entries, as our own journal writes them."""
    state = State(project.root)
    with state.database.transaction():
        for n in range(number):
            verdict = {"name": "mae", "kind": "metric", "value": n % 97, "bound": "<= 10", "result": "pass"}
            data = {"outcome": "open", "digest": "0" * 64, "verdicts": [verdict]}
            state.journal.append(Event.JUDGED, "m", "m", **data)
    state.close()


# -- the seal -----------------------------------------------------------------------------------------------------


def test_a_journal_that_nobody_touched_holds(told):
    ran = told.doit("history", "--verify").ended(0, "none edited, removed or moved; the newest hash is ")
    data = history(told, "--verify")
    [(count, newest)] = told.query("select count(*), (select hash from journal order by seq desc limit 1) from journal")
    assert data == {"entries": count, "newest": newest, "breaks": []}
    assert ran.out.startswith(f"{count} entries")
    assert newest in ran.out


EDITS = {
    "what it says": "data = replace(data, '12', '10')",
    "when": "at = at + 3600",
    "the run": "run = 'another'",
    "the phase": "phase = 'after'",
    "no phase": "phase = null",
    "the event": "event = 'gate.approved'",
    "its hash": "hash = '0'",
    "no JSON": "data = '{'",
    "an event that there is not": "event = 'gate.exploded'",
    "bytes in place of text": "data = x'00ff'",
    "text in place of a number": "at = 'yesterday'",
    "a time that is infinite": "at = 9e999",
    "a number in place of text": "run = 7",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_entry_is_named(sealed, edit):
    """Whatever became of it, and without a traceback."""
    judged = sealed.query("select max(seq) from journal where event = 'gate.judged'")[0][0]
    change(sealed, f"update journal set {edit} where seq = {judged}")
    ran = sealed.doit("history", "--verify").ended(1, f"entry {judged} edited:")
    assert f"entry {judged - 1} " not in ran.out
    assert "Traceback" not in sealed.doit("history").err


@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_removed_entry_is_named(sealed, which):
    count = sealed.query("select count(*) from journal")[0][0]
    gone = {"first": 1, "middle": count // 2, "last": count}[which]
    change(sealed, f"delete from journal where seq = {gone}")
    assert breaks(sealed) == [(gone, "removed")]


def test_all_that_were_removed_are_named_together(sealed):
    sealed.doit()
    count = sealed.query("select count(*) from journal")[0][0]
    change(sealed, f"delete from journal where seq in (2, 3, {count - 1}, {count})")
    ran = sealed.doit("history", "--verify").ended(1, "entry 2 removed: it and all up to 3 are gone")
    assert f"entry {count - 1} removed: it and all up to {count} are gone" in ran.out


def test_an_empty_journal_of_a_project_that_ran_is_none(sealed):
    change(sealed, "delete from journal")
    assert breaks(sealed) == [(1, "removed")]


def test_a_newest_entry_that_was_removed_is_missed_after_more_were_written_too(sealed):
    count = sealed.query("select count(*) from journal")[0][0]
    change(sealed, f"delete from journal where seq = {count}")
    sealed.doit()
    assert (count, "removed") in breaks(sealed)


def test_entries_that_changed_places_are_named(sealed):
    change(
        sealed,
        "update journal set seq = -1 where seq = 2",
        "update journal set seq = 2 where seq = 3",
        "update journal set seq = 3 where seq = -1",
    )
    found = breaks(sealed)
    assert found == [(2, "moved"), (3, "moved"), (4, "moved")]
    sealed.doit("history", "--verify").ended(1, "entry 2 moved: it was written after what is entry 3 now")


def test_an_entry_that_was_put_in_is_found(sealed):
    change(
        sealed,
        "update journal set seq = seq + 1000 where seq > 2",
        "update journal set seq = seq - 999 where seq > 1000",
        "insert into journal select 3, at, run, 'm', 'm', 'gate.approved', '{}', 0, '0' from journal where seq = 2",
    )
    assert [seq for seq, _ in breaks(sealed)][:2] == [3, 4]


def test_who_writes_while_it_is_checked_is_no_break(project):
    """`doit history` works during a run: entries that come while it reads are none that are missing."""
    project.phases({"m": {"run": "true"}})
    project.doit().done("m")
    write_entries(project, 5_000)
    over = threading.Event()

    def write() -> None:
        state = State(project.root)
        while not over.is_set():
            state.journal.append(Event.APPROVED, "m", digest="0" * 64, by="ada", reason="", durable=False)
        state.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            project.doit("history", "--verify").ended(0, "none edited, removed or moved")
    finally:
        over.set()
        writer.join()
    project.doit("history", "--verify").ended(0)


# -- what happened ------------------------------------------------------------------------------------------------


def test_a_line_an_entry_and_the_same_as_data(told):
    ran = told.doit("history").ended(0)
    entries = history(told)["entries"]
    assert len(ran.out.splitlines()) == len(entries) == told.query("select count(*) from journal")[0][0]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert set(entries[0]) == {"seq", "at", "run", "phase", "task", "event", "data"}
    assert (entries[0]["event"], entries[0]["phase"]) == ("run.started", None)
    documented = (Path(__file__).parents[2] / "docs/json.md").read_text()
    assert {entry["event"] for entry in entries} <= {word for word in documented.split("`") if "." in word}


def test_one_phase_and_several(told):
    for names in (["m"], ["after"], ["m", "after"], ["m:run"], ["out.json"]):
        wanted = {"m": {"m"}, "after": {"after"}}.get(names[0] if len(names) == 1 else "", {"m"})
        wanted = {"m", "after"} if len(names) == 2 else wanted
        assert {entry["phase"] for entry in history(told, *names)["entries"]} == wanted
    of_m = told.doit("history", "m").out.splitlines()
    assert {line.split()[3] for line in of_m} == {"m", "m:run"}
    assert sum("attempt.started" in line for line in of_m) == 4


def test_votes_are_told_with_who_and_why(told):
    told.doit("waive", "m", "mae", "-m", "known", env={"LOGNAME": "ada"}).ended(0)
    told.doit().ended(0)
    told.doit("reject", "m", "-m", "the wrong month", env={"LOGNAME": "grace"}).ended(0)
    told.doit("approve", "m", "-m", "right", env={"LOGNAME": "ada"}).ended(0)
    told.doit("revoke", "m", "-m", "enough", env={"LOGNAME": "eve"}).ended(0)
    votes = [
        (entry["event"], entry["data"]["by"], entry["data"]["reason"], entry["run"])
        for entry in history(told, "m")["entries"]
        if entry["event"].startswith("gate.") and "by" in entry["data"] and entry["data"]["by"] != "policy"
    ]
    assert votes == [
        ("gate.waived", "ada", "known", None),
        ("gate.rejected", "grace", "the wrong month", None),
        ("gate.approved", "ada", "right", None),
        ("gate.revoked", "eve", "enough", None),
    ]
    lines = told.doit("history", "m").out
    for who, why in (("ada", "known"), ("grace", "the wrong month"), ("ada", "right"), ("eve", "enough")):
        assert [line for line in lines.splitlines() if who in line and why in line], (who, why, lines)


def test_a_metric_over_time(told):
    ran = told.doit("history", "m", "--metric", "mae").ended(0)
    *lines, bars = ran.out.splitlines()
    assert [line.split()[2:] for line in lines] == [
        ["pass", "9", "<=", "10"],
        ["pass", "8", "-1", "<=", "10"],
        ["pass", "10", "+2", "<=", "10"],
        ["fail", "12", "+2", "<=", "10"],
    ]
    assert bars == "▃▁▅█"
    data = history(told, "m", "--metric", "mae")
    assert data["metric"] == "mae"
    assert [(value["value"], value["result"], value["bound"]) for value in data["values"]] == [
        (9, "pass", "<= 10"), (8, "pass", "<= 10"), (10, "pass", "<= 10"), (12, "fail", "<= 10")
    ]  # fmt: skip
    assert set(data["values"][0]) == {"seq", "at", "run", "value", "bound", "result"}


def test_a_metric_that_could_not_be_read_has_no_number(told):
    told.write("in.json", "no json")
    told.doit().ended(1)
    told.write("in.json", '{"mae": 9}')
    told.doit().ended(0)
    values = history(told, "m", "--metric", "mae")["values"]
    assert values[-2]["value"] is None or isinstance(values[-2]["value"], str)
    ran = told.doit("history", "m", "--metric", "mae").ended(0)
    assert "-3" in ran.out.splitlines()[-2], "held against the newest number before"


def test_history_outlasts_forget(told):
    before = history(told)["entries"]
    told.doit("forget").ended(0)
    after = history(told)["entries"]
    assert after[: len(before)] == before
    assert {entry["event"] for entry in after[len(before) :]} == {"phase.forgotten"}
    assert len(history(told, "m", "--metric", "mae")["values"]) == 4
    assert breaks(told) == []


def test_what_makes_no_sense_is_refused(told):
    told.doit("history", "nosuch").ended(3, '"nosuch"')
    told.doit("history", "--metric", "mae").ended(3, "--metric is about one phase")
    told.doit("history", "m", "after", "--metric", "mae").ended(3, "--metric is about one phase")
    told.doit("history", "m", "--metric", "r2").ended(3, "m was never judged by 'r2'; it was by mae")
    told.doit("history", "after", "--metric", "mae").ended(3, "after was never judged by 'mae'; it was by nothing")
    told.doit("history", "m", "--verify").ended(3, "--verify checks the whole journal")
    told.doit("history", "--verify", "--metric", "mae").ended(3, "--verify checks the whole journal")
    told.doit("history", "--nonsense").ended(3, "nonsense")


def test_a_project_that_never_ran_has_no_history(project):
    project.phases({"m": {"run": "true"}})
    assert project.doit("history").ended(0).out == ""
    assert history(project) == {"entries": []}
    project.doit("history", "--verify").ended(0, "0 entries")
    assert history(project, "--verify") == {"entries": 0, "newest": None, "breaks": []}
    project.doit("history", "m", "--metric", "mae").ended(3, "never judged")
    assert not (project.root / ".doit.db").exists(), "it only reads"


def test_a_long_journal(sealed):
    write_entries(sealed, 5_000)
    count = sealed.query("select count(*) from journal")[0][0]
    assert len(sealed.doit("history").ended(0).out.splitlines()) == count
    assert len(sealed.doit("history", "m", "--metric", "mae").ended(0).out.splitlines()[-1]) == 60
    sealed.doit("history", "--verify").ended(0, f"{count} entries")
    change(sealed, "update journal set data = '{}' where seq = 2500")
    sealed.doit("history", "--verify").ended(1, "entry 2500 edited")
    change(sealed, "update journal set data = '{}'")
    assert len(sealed.doit("history", "--verify").ended(1).out.splitlines()) == 20


def test_whoever_has_seen_enough_may_go(sealed):
    write_entries(sealed, 2_000)
    pipes = "doit history | head -n 1; doit history --json | head -n 1"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = sealed.process(command=["sh", "-c", pipes], env={"PATH": path})
    assert ran.err == "", ran
