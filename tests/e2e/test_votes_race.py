"""Votes at the same instant, under a run that waits for them: each is recorded once, and none is lost."""

from __future__ import annotations

import subprocess

import pytest
from doit_project import DOIT

BARRIER = """
import os
from pathlib import Path

if "MEET" in os.environ:  # whoever votes waits here until the other one is there too
    Path(os.environ["MEET"] + str(os.getpid())).touch()
    meeting = Path(os.environ["MEET"])
    while len(list(meeting.parent.glob(meeting.name + "*"))) < 2:
        pass
"""


@pytest.fixture
def at_once(project):
    """Two commands, each as some person, that come to their votes at the same instant; their exit codes and outputs.

    dodo.py is where they meet: doit reads it last, so nothing but the vote itself is left to do.
    """
    project.write("dodo.py", project.read("dodo.py") + BARRIER)
    project.write("meet/.keep", "")
    meetings = iter(range(1_000_000))

    def at_once(*votes: tuple[str, list[str]]) -> list[tuple[int, str]]:
        meet = str(project.root / f"meet/{next(meetings)}-")
        processes = [
            subprocess.Popen(
                [DOIT, *args],
                cwd=project.root,
                env=project.environment(LOGNAME=person, MEET=meet),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for person, args in votes
        ]
        outputs = [process.communicate(timeout=200)[0] for process in processes]
        return [(process.returncode, out) for process, out in zip(processes, outputs, strict=True)]

    return at_once


@pytest.fixture
def rounds(project, at_once, wait_until):
    """So many phases wait in one run; ada and grace approve each of them at the same instant."""

    def rounds(number: int) -> None:
        names = [f"p{n}" for n in range(number)]
        rule = {"by": ["ada", "grace"], "quorum": 2}
        project.phases({name: {"run": "true", "approval": rule} for name in names}, jobs=2)
        run = project.start("--wait", "1h")
        judged = "select count(distinct phase) from journal where event = 'gate.judged'"
        wait_until(lambda: (project.root / ".doit.db").exists() and project.query(judged) == [(number,)], 120)
        for name in names:
            votes = at_once(("ada", ["approve", name, "-m", "a"]), ("grace", ["approve", name, "-m", "g"]))
            assert [code for code, _ in votes] == [0, 0], votes
            assert sorted(out.rpartition("; ")[2].strip() for _, out in votes) == ["1 more must approve", "next: doit"]
        out = run.communicate(timeout=200)[0]
        assert run.returncode == 0, out
        assert {line.split()[1] for line in out.splitlines() if line.startswith("done ")} == set(names)
        each_once = sorted((name, person) for name in names for person in ("ada", "grace"))
        in_force = project.query("select phase, by from votes where channel != 'policy' order by phase, by")
        assert in_force == each_once
        by = "json_extract(data, '$.by')"
        on_record = project.query(f"select phase, {by} from journal where event = 'gate.approved' order by phase, {by}")
        assert on_record == each_once
        opened = project.query("select phase, count(*) from journal where event = 'gate.opened' group by phase")
        assert opened == [(name, 1) for name in sorted(names)]
        project.doit("history", "--verify").ended(0, "none edited, removed or moved")
        project.doit().nothing()

    return rounds


def test_two_people_at_the_same_instant(rounds):
    rounds(3)


@pytest.mark.faults
def test_two_people_at_the_same_instant_200_times(rounds):
    rounds(200)


def test_the_same_person_twice_at_the_same_instant_has_one_vote(project, at_once):
    """On two machines, say: one of the two is told that it is said already."""
    project.phases({"m": {"run": "true", "approval": {"quorum": 2}}})
    project.doit().ended(4)
    for _ in range(3):
        votes = at_once(*[("ada", ["approve", "m"])] * 2)
        assert sorted(code for code, _ in votes) == [0, 3], votes
        assert "ada has approved" in "".join(out for _, out in votes)
        assert project.query("select by from votes") == [("ada",)]
        project.doit("revoke", "m").ended(0)


def test_yes_and_no_at_the_same_instant(project, at_once):
    """Whichever comes last decides; both are on record, and the gate is what the record says."""
    project.phases({"m": {"run": "true", "approval": "manual"}})
    project.doit().ended(4)
    for _ in range(3):
        votes = at_once(("ada", ["approve", "m"]), ("grace", ["reject", "m", "-m", "no"]))
        assert [code for code, _ in votes] == [0, 0], votes
        entries = "event in ('gate.approved', 'gate.rejected')"
        [(last,)] = project.query(f"select event from journal where {entries} order by seq desc limit 1")
        assert project.doit().code == (0 if last == "gate.approved" else 1), last
        project.doit("revoke", "m").ended(0)
        project.doit().ended(4)
    project.doit("history", "--verify").ended(0)
