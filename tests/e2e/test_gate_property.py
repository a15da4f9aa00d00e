"""Whatever is edited, voted, forgotten and killed in between: what stands behind each gate, held against a small model."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

VOTES = ("approve", "approve", "approve", "reject", "reject")
STEPS = (*VOTES, "input", "output", "lose", "bound", "outputs", "forget", "kill")
PLACES = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 4))
"""Mostly the same phases, so that votes meet each other."""
VALUES = st.integers(1, 4)
"""Few, so that bytes, bounds and votes come back."""

PEOPLE = ("ada", "grace")

UNSHRUNK = {
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],  # smaller examples would take minutes to find
    "suppress_health_check": list(HealthCheck),
}


@dataclass
class Gated:
    """A phase, as the model sees it."""

    name: str
    needs: list[str]
    reads: list[str]
    """Phases of which it has an output as an input."""
    manual: bool
    metric: bool
    bound: int
    notes: bool = True
    """Is what its work notes beside, always the same, one of its outputs?"""
    votes: list[tuple[object, str]] = field(default_factory=list)
    """What was said about which content, since it was last forgotten."""


@st.composite
def plans(draw) -> list[Gated]:
    phases: list[Gated] = []
    for n in range(draw(st.integers(2, 5))):
        above = [phase.name for phase in phases]
        links = {name: draw(st.sampled_from(["none", "needs", "reads"])) for name in above}
        needs = [name for name, kind in links.items() if kind == "needs"]
        reads = [name for name, kind in links.items() if kind == "reads"]
        phases.append(Gated(f"p{n}", needs, reads, n == 0 or draw(st.booleans()), draw(st.booleans()), draw(VALUES)))
    return phases


class Model:
    """A project, and what has to hold of it."""

    def __init__(self, project, phases: list[Gated], wait_until) -> None:
        self.project, self.phases, self.wait_until = project, phases, wait_until
        for phase in phases:
            self.edit(f"in/{phase.name}.json", 1)
        self.write_config()

    def write_config(self) -> None:
        """A metric reads what the work copied from its input; up to one more than its bound a person decides."""
        phases, criteria = {}, {}
        for phase in self.phases:
            source, target, notes = f"in/{phase.name}.json", f"out/{phase.name}.json", f"out/{phase.name}.txt"
            work = f"echo {phase.name} >> ran.txt; while [ -e slow ]; do sleep 0.02; done; cp {source} {target}; : > {notes}"
            phases[phase.name] = {
                "run": work,
                "inputs": [source, *(f"out/{name}.json" for name in phase.reads)],
                "outputs": [target, notes] if phase.notes else [target],
                "needs": phase.needs,
                "approval": "manual" if phase.manual else "auto",
            }
            if phase.metric:
                bounds = {"pass": f"<= {phase.bound}", "review": f"<= {phase.bound + 1}"}
                criteria[phase.name] = [{"metric": "v", "from": target, "at": "v", **bounds}]
        self.project.phases(phases, criteria)

    def edit(self, path: str, value: int) -> None:
        self.project.write(path, json.dumps({"v": value}))

    # -- steps ----------------------------------------------------------------------------------------------------

    def step(self, what: str, phase: Gated, value: int) -> None:
        output = f"out/{phase.name}.json"
        there = (self.project.root / output).exists()
        if what in VOTES:
            ran = self.project.doit(what, phase.name, "-m", "why", env={"LOGNAME": PEOPLE[value % 2]})
            assert ran.code in (0, 3), ran
            assert "Traceback" not in ran.err, ran
            if ran.code == 0:
                phase.votes.append((self.content(phase), what))
        elif what == "input":
            self.edit(f"in/{phase.name}.json", value)
        elif what == "output" and there:
            self.edit(output, value)
        elif what == "lose" and there:
            (self.project.root / output).unlink()
        elif what == "bound":
            phase.bound = value
            self.write_config()
        elif what == "outputs":
            phase.notes = value % 2 == 0
            self.write_config()
        elif what == "forget":
            self.project.doit("forget", phase.name).ended(0)
            phase.votes.clear()
        elif what == "kill":
            self.kill()

    def kill(self) -> None:
        """A power cut while the first work of a run goes on; nothing where no work has to run."""
        before = len(self.pids())
        self.project.write("slow", "")
        run = self.project.start()
        self.wait_until(lambda: len(self.pids()) > before or run.poll() is not None)
        if run.poll() is None:
            run.kill()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pids()[-1], signal.SIGKILL)
        run.communicate()
        (self.project.root / "slow").unlink()

    def pids(self) -> list[int]:
        """Of all attempts that ever began."""
        if not (self.project.root / ".doit.db").exists():
            return []
        pid = "json_extract(data, '$.pid')"
        return [
            int(pid)
            for (pid,) in self.project.query(f"select {pid} from journal where event = 'attempt.started' order by seq")
        ]

    def run(self) -> None:
        ran = self.project.doit()
        assert "Traceback" not in ran.out + ran.err, ran
        wanted = self.states()
        assert self.project.status() == wanted, (self.phases, ran)
        ends = set(wanted.values())
        assert ran.code == (1 if "failed" in ends else 4 if "waiting" in ends else 0), ran
        self.gates_that_are_open_were_opened(wanted)
        self.nothing_ran_behind_a_shut_gate()
        if ran.code == 0:
            before = self.trace()
            self.project.doit().nothing()
            assert self.trace() == before

    # -- what has to hold -----------------------------------------------------------------------------------------

    def trace(self) -> list[str]:
        path = self.project.root / "ran.txt"
        return path.read_text().split() if path.exists() else []

    def content(self, phase: Gated) -> object:
        """What a vote is for: the outputs, and the bound that one was held against."""
        return self.project.read(f"out/{phase.name}.json"), phase.notes, phase.bound if phase.metric else None

    def states(self) -> dict[str, str]:
        """Where every phase has to stand after a run."""
        found: dict[str, str] = {}
        for phase in self.phases:
            shut = any(found[need] != "done" for need in (*phase.needs, *phase.reads))
            found[phase.name] = "blocked" if shut else self.gate(phase)
        return found

    def gate(self, phase: Gated) -> str:
        value = json.loads(self.project.read(f"out/{phase.name}.json"))["v"] if phase.metric else 0
        if phase.metric and value > phase.bound + 1:
            return "failed"
        said = [vote for content, vote in phase.votes if content == self.content(phase)]
        if said and said[-1] == "reject":
            return "failed"
        asks = phase.manual or (phase.metric and value > phase.bound)
        return "waiting" if asks and not said else "done"

    def gates_that_are_open_were_opened(self, states: dict[str, str]) -> None:
        """With a record, and an approval of exactly its digest: by a person where one has to be asked."""
        records = {task: json.loads(data) for task, data in self.project.query("select task, data from records")}
        votes = self.project.query("select phase, digest, by, answer from votes order by at")
        for phase in self.phases:
            if states[phase.name] != "done":
                continue
            values = records[phase.name]["_values_:"]
            given = [vote[2:] for vote in votes if vote[:2] == (phase.name, values["digest"])]
            people = [answer for by, answer in given if by in PEOPLE]
            assert people[-1:] != ["reject"], (phase, votes)
            assert people if phase.manual or values["review"] else given, (phase, votes)

    def nothing_ran_behind_a_shut_gate(self) -> None:
        """In the journal's order, and the works have noted the same one."""
        is_open: dict[str, bool] = {}
        rejected: dict[str, bool] = {}
        started: list[str] = []
        needs = {phase.name: [*phase.needs, *phase.reads] for phase in self.phases}
        for phase, task, event, data in self.project.query("select phase, task, event, data from journal order by seq"):
            if event == "attempt.started":
                started.append(phase)
                for need in needs[phase]:
                    assert is_open.get(need), (phase, need, started)
                    assert not rejected.get(need), (phase, need, started)
            elif event == "gate.judged":
                is_open[phase] = False
                rejected[phase] = json.loads(data)["rejected"] is not None
            elif event == "gate.opened":
                is_open[phase] = True
            elif event == "phase.forgotten" and task == phase:
                is_open[phase] = rejected[phase] = False
            elif event in ("gate.rejected", "gate.approved"):
                rejected[phase] = event == "gate.rejected"
        in_order = iter(started)
        assert all(name in in_order for name in self.trace()), (started, self.trace())


STEP = st.tuples(st.sampled_from(STEPS), PLACES, VALUES, st.booleans())
"""What, to which phase, with which value or by whom, and whether a run follows."""


@pytest.fixture
def lives(new_project, wait_until):
    """One example: a plan, and what people do to it. It begins and ends with a run."""
    numbers = itertools.count()

    def lives(phases: list[Gated], steps: list[tuple[str, int, int, bool]]) -> None:
        model = Model(new_project(f"project-{next(numbers)}"), phases, wait_until)
        model.run()
        for what, place, value, run in steps:
            model.step(what, phases[place % len(phases)], value)
            if run:
                model.run()
        model.run()
        model.project.doit("history", "--verify").ended(0)

    return lives


@settings(max_examples=3, **UNSHRUNK)
@given(plans(), st.lists(STEP, min_size=4, max_size=10))
def test_a_gate_is_open_only_for_what_was_approved(lives, phases, steps):
    lives(phases, steps)


@pytest.mark.faults
@settings(max_examples=100, **UNSHRUNK)
@given(plans(), st.lists(STEP, min_size=6, max_size=16))
def test_a_gate_is_open_only_for_what_was_approved_100_times(lives, phases, steps):
    lives(phases, steps)
