"""A `doit` that sees at a glance that nothing is to be done, and one that asks for every phase, do the same.

What happens to a project happens to a copy of it too, from which was taken what the glance needs (orchestrator/state/
rest.py). In the copy every file has another inode, so that there nothing is trusted that was not read.
"""

from __future__ import annotations

import copy
import itertools
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plan_property import EDITS, UNSHRUNK, Life, plans

from orchestrator.project import Project
from orchestrator.standing import stand
from orchestrator.state.rest import PATH

QUIET = ("same length", "same length", "replaced", "another file", "nothing", "damaged", "touched state")
"""What happens to files so that size and mtime stay, beside the edits of the forecast's test; and what changes nothing,
after which nothing may run either."""


class Lives(Life):
    """A project, and what happens to it and to its copies."""

    def come_to_rest(self) -> bool:
        """Run, approving what waits, until all is done and a run has kept that; whether it came so far."""
        for _ in range(6):
            ran = self.project.doit()
            if "nothing to do" in ran.out and self.is_at_rest():
                return True
            for phase in self.waiting():
                for who in ("ada", "grace"):
                    self.quietly("approve", phase.name, "-m", "why", env={"LOGNAME": who})
        return False

    def is_at_rest(self) -> bool:
        """Does a glance say that all is done? Then asking for every phase must say so, too."""
        at_a_glance = Project(self.project.root).is_at_rest()
        asked = Project(self.project.root)
        with asked.look.one_instant():
            reasons = [standing.reasons for standing in stand(asked.plan, asked.look).values()]
        asked.state.close()
        assert not (at_a_glance and any(reasons)), (reasons, self.phases)
        self.seen["at a glance"] += at_a_glance
        self.seen["asked in vain"] += not at_a_glance and not any(reasons)
        self.seen["to do"] += any(map(bool, reasons))
        return at_a_glance

    def happen(self, what: str, place: int, value: int) -> None:
        phase = self.phases[place % len(self.phases)]
        key = phase.keys[value % len(phase.keys)]
        file = self.project.root / (f"out/{phase.name}{key}.json" if value % 2 else f"in/{phase.name}{key}.txt")
        if what in EDITS:
            self.edit(what, place, value)
        elif what in ("same length", "replaced") and file.exists():
            times, content = file.stat(), file.read_bytes()
            other = file.with_name("other") if what == "replaced" else file
            other.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if content else b"")
            os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
            other.replace(file)
        elif what == "another file":
            self.project.write(f"out/{phase.name}-z.json", "{}")  # where a glob over matrix outputs finds it
        elif what == "damaged" and (self.project.root / PATH).exists():
            kept = self.project.root / PATH
            kept.write_bytes(kept.read_bytes()[: 40 * value] + b"x")
        elif what == "touched state":
            os.utime(self.project.root / ".doit.db")

    def compare_with_copy(self, folder: Path, *args: str) -> None:
        """Run here and in a copy that has to ask for everything, and hold the one against the other."""
        twin = copy.copy(self)
        shutil.copytree(self.project.root, folder, symlinks=True)
        (folder / PATH).unlink(missing_ok=True)
        twin.project = type(self.project)(folder)
        ran, asked = (life.run_once(*args) for life in (self, twin))
        assert ran == asked, (args, self.phases)
        self.seen["run twice"] += 1

    def run_once(self, *args: str) -> tuple[object, ...]:
        newest = self.newest()
        ran = self.project.doit(*args)
        assert "Traceback" not in ran.out + ran.err, ran
        ended = self.ended(ran.code, newest)
        return ended.code, ended.works, ended.failed, ended.gates, "nothing to do" in ran.out


EDIT = st.tuples(st.sampled_from(EDITS + QUIET * 2), st.integers(0, 6), st.integers(0, 4))
ROUND = st.tuples(st.lists(EDIT, min_size=1, max_size=4), st.integers(0, 15))
"""Edits, after each of which a glance is held against the asking; then, in half of the cases, what is asked for in the
project and in its copy."""


@pytest.fixture
def lives(new_project, tmp_path):
    numbers, seen = itertools.count(), Counter()

    def lives(phases: list, rounds: list) -> None:
        life = Lives(new_project(f"project-{next(numbers)}"), phases, seen)
        for edits, asked in rounds:
            seen["came to rest"] += life.come_to_rest()
            for edit in edits:
                life.happen(*edit)
                life.is_at_rest()
            args = {2: [phases[0].name], 4: ["--mode", "manual"], 6: ["-a"]}.get(asked, [])
            if asked % 2:
                continue
            life.compare_with_copy(tmp_path / f"copy-{next(numbers)}", *args)

    yield lives
    print(f"\n{dict(seen)}")
    assert seen["at a glance"], "nothing was shown: no plan came to rest"


@settings(max_examples=4, **UNSHRUNK)
@given(plans(), st.lists(ROUND, min_size=2, max_size=3))
def test_at_a_glance_or_asked_the_same_phases_run(lives, phases, rounds):
    lives(phases, rounds)


@pytest.mark.faults
@settings(max_examples=80, **UNSHRUNK)
@given(plans(), st.lists(ROUND, min_size=2, max_size=4))
def test_at_a_glance_or_asked_the_same_phases_run_80_times(lives, phases, rounds):
    lives(phases, rounds)
