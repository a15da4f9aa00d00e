"""`doit plan` and the next `doit` agree, whatever the plan is and whatever was edited, voted, forgotten or broken.

What is held against the journal is the promise of orchestrator/forecast.py: a phase does what its step says, or a phase
that the step rests on came out otherwise than *its* step says.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

UNSHRUNK = {
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],  # smaller examples would take minutes to find
    "suppress_health_check": list(HealthCheck),
}
EDITS = (
    *("input", "input", "touch", "definition", "output", "output", "lose", "bound", "rule"),
    *("approve", "approve", "approve", "reject", "revoke", "forget", "forget work", "ignore"),
    *("break", "mend", "mend", "shut"),
)
LINKS = ("none", "none", "needs", "reads", "reads", "glob", "judges")
RULES = ("auto", "manual", "auto", "auto", {"expires": "1ms"}, "auto", {"quorum": 2}, "auto", "auto", "auto", "manual")
KEYS = ("a", "b")
GATES = {"open": "open", "waiting": "waiting", "failed": "shut"}


@dataclass
class Made:
    """A phase."""

    name: str
    links: dict[str, str]
    """Phase before it → how it is needed."""
    matrix: bool
    outputs: bool
    fresh: bool
    """Each execution makes other bytes."""
    always: bool
    retry: bool
    rule: object
    metric: bool
    command: bool
    bound: int = 2
    parameter: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"-{key}" for key in KEYS) if self.matrix else ("",)

    def works(self) -> dict[str, str]:
        """Work → its output."""
        return {f"{self.name}:run{key.replace('-', ':')}": f"out/{self.name}{key}.json" for key in self.keys}

    def config(self, by_name: dict[str, Made]) -> dict[str, object]:
        key = "-{k}" if self.matrix else ""
        source, target = f"in/{self.name}{key}.txt", f"out/{self.name}{key}.json"
        inputs, needs = [source], []
        for name, link in self.links.items():
            if link == "needs":
                needs.append(name)
            elif link == "reads" and by_name[name].outputs:
                inputs.append(list(by_name[name].works().values())[-1])  # of a matrix, one of two
            elif link == "glob" and by_name[name].outputs:
                inputs.append(f"out/{name}*.json")
        stir = "od -An -N8 -tx1 /dev/urandom" if self.fresh else f"cat {' '.join(inputs)} | cksum"
        make = f'printf \'{{"v": %s, "x": "%s"}}\' "$(cat {source})" "$({stir})" > {target}' if self.outputs else "true"
        made: dict[str, object] = {
            "run": f"if grep -q broken {source}; then exit 1; fi; {make}",
            "inputs": inputs,
            "needs": needs,
            "approval": self.rule if isinstance(self.rule, str) else {"by": ["ada", "grace"], **self.rule},
            "params": {"n": self.parameter},
            "always": self.always,
        }
        if self.outputs:
            made["outputs"] = [target]
        if self.matrix:
            made["matrix"] = {"k": list(KEYS)}
        if self.retry:
            made["retry"] = {"attempts": 2, "wait": 0}
        return made

    def criteria(self, by_name: dict[str, Made]) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        if self.metric and self.outputs:
            bounds = {"at": "v", "pass": f"<= {self.bound}", "review": f"<= {self.bound + 1}"}
            found += [{"metric": f"v{n}", "from": path, **bounds} for n, path in enumerate(self.works().values())]
        if self.command:
            found.append({"command": f"test ! -e shut-{self.name}"})
        for name, link in self.links.items():
            if link == "judges" and by_name[name].outputs:
                found.append({"file": next(iter(by_name[name].works().values()))})
        return found


@st.composite
def plans(draw) -> list[Made]:
    made: list[Made] = []
    few = st.sampled_from((True, False, False, False))
    for n in range(draw(st.integers(1, 7))):
        links = {before.name: draw(st.sampled_from(LINKS)) for before in made[-3:]}
        rule = draw(st.sampled_from(RULES))
        made.append(
            Made(
                name=f"p{n}",
                links=links,
                matrix=draw(few),
                outputs=not draw(few),
                fresh=draw(st.booleans()),
                always=draw(few) and draw(st.booleans()),
                retry=draw(few),
                rule=rule,
                metric=draw(st.booleans()),
                command=draw(few),
            )
        )
    return made


@dataclass
class Ended:
    """What one run did, read from the journal."""

    code: int
    works: dict[str, set[str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    """Phases of which an attempt failed."""
    gates: dict[str, str] = field(default_factory=dict)
    """How the gates stand that were judged."""
    same: set[str] = field(default_factory=set)
    """Phases with a work that ran and made what was there before."""


class Life:
    """A project, what happens to it, and what is told before each run."""

    def __init__(self, project, phases: list[Made], seen: Counter) -> None:
        self.project, self.phases, self.seen = project, phases, seen
        self.by_name = {phase.name: phase for phase in phases}
        for phase in phases:
            for key in phase.keys:
                project.write(f"in/{phase.name}{key}.txt", "1")
        self.write_config()

    def write_config(self) -> None:
        self.project.phases(
            {phase.name: phase.config(self.by_name) for phase in self.phases},
            {phase.name: found for phase in self.phases if (found := phase.criteria(self.by_name))},
        )

    def edit(self, what: str, place: int, value: int) -> None:
        phase = self.phases[place % len(self.phases)]
        key = phase.keys[value % len(phase.keys)]
        source, target = f"in/{phase.name}{key}.txt", f"out/{phase.name}{key}.json"
        there = (self.project.root / target).exists()
        work = list(phase.works())[value % len(phase.keys)]
        if what in ("input", "mend") and (value or place):
            self.project.write(source, str(value))
        elif what == "input":
            (self.project.root / source).unlink(missing_ok=True)
        elif what == "break":
            self.project.write(source, "broken")
        elif what == "touch" and (self.project.root / source).exists():
            os.utime(self.project.root / source)
        elif what == "definition":
            phase.parameter += 1
        elif what == "bound":
            phase.bound = value
        elif what == "rule":
            phase.rule = RULES[value]
        elif what == "output" and there:
            self.project.write(target, json.dumps({"v": value, "x": "by hand"}))
        elif what == "lose" and there:
            (self.project.root / target).unlink()
        elif what == "shut":
            flag = self.project.root / f"shut-{phase.name}"
            flag.unlink() if flag.exists() else flag.touch()
        elif what in ("approve", "reject", "revoke") and self.newest():
            phase = next((asks for asks in self.waiting() if place), phase)
            why = ["-m", "why"] if what != "revoke" else []
            self.quietly(what, phase.name, *why, env={"LOGNAME": ("ada", "grace")[value % 2]})
        elif what == "forget":
            self.quietly("forget", phase.name)
        elif what == "forget work":
            self.quietly("forget", work)
        elif what == "ignore" and self.newest():
            self.quietly("ignore", phase.name if value % 2 else work)
        if what in ("definition", "bound", "rule"):
            self.write_config()

    def waiting(self) -> list[Made]:
        """The phases whose gates were last found waiting."""
        judged = self.project.query("select phase, data from journal where event = 'gate.judged' order by seq")
        last = {phase: json.loads(data)["outcome"] for phase, data in judged}
        return [phase for phase in self.phases if last.get(phase.name) == "waiting"]

    def quietly(self, *args: str, env: dict[str, str] | None = None) -> None:
        ran = self.project.doit(*args, env=env)
        assert ran.code in ((0, 3) if env else (0,)), ran
        assert "Traceback" not in ran.err, ran

    # -- told, and done -------------------------------------------------------------------------------------------

    def compare(self, *args: str) -> None:
        """Ask, run, and hold the one against the other."""
        before = self.outputs()
        asked = self.project.doit("plan", "--json", *args).ended(0)
        told = json.loads(asked.out)
        newest = self.newest()
        ran = self.project.doit(*args)
        assert "Traceback" not in ran.out + ran.err, ran
        ended = self.ended(ran.code, newest, before)
        self.hold(told, ended, (asked, ran, self.phases))

    def hold(self, told: dict, ended: Ended, story: object) -> None:
        self.seen["cases"] += 1
        if told["problems"]:
            assert ended.code == told["exit_code"] == 3, story
            assert not ended.works, story
            assert not ended.gates, story
            self.seen["refused"] += 1
            return
        steps = {step["phase"]: step for step in told["phases"]}
        assert set(ended.works) | set(ended.gates) <= set(steps), story
        gates = self.gates(steps, ended)
        otherwise = {name for name, step in steps.items() if self.came_out_otherwise(step, ended, gates)}
        for name, step in steps.items():
            as_told = self.did_as_told(step, ended)
            explained = otherwise.intersection(step["rests_on"])
            assert as_told or explained, (name, step, ended, story)
            judged = step["action"] in ("judge", "wait") and as_told and not explained
            if judged and not self.by_name[name].command:
                assert gates[name] == step["gate"], (name, step, ended, story)
                assert (gates[name] == "waiting") == (step["action"] == "wait"), (name, step, ended, story)
            self.seen[step["action"]] += 1
            self.seen["certain" if not step["rests_on"] else "resting"] += 1
            self.seen["otherwise, explained"] += not as_told
        if not otherwise:
            assert ended.code == told["exit_code"], story
            self.seen["agreed in all"] += 1

    def did_as_told(self, step: dict, ended: Ended) -> bool:
        name = step["phase"]
        if ended.works.get(name, set()) != set(step["works"]):
            return False
        if step["action"] == "run":
            return True
        return (name in ended.gates) == (step["action"] in ("judge", "wait"))

    def came_out_otherwise(self, step: dict, ended: Ended, gates: dict[str, str | None]) -> bool:
        name = step["phase"]
        return (
            not self.did_as_told(step, ended)
            or gates[name] != step["gate"]
            or name in ended.failed
            or name in ended.same
        )

    def gates(self, steps: dict[str, dict], ended: Ended) -> dict[str, str | None]:
        """How each gate stands after the run: as it was judged, or open if it was reached and found current."""
        found: dict[str, str | None] = {}
        ignored = {task for task, data in self.project.query("select task, data from records") if '"ignore:"' in data}
        passed: set[str] = set()
        for name, step in steps.items():
            phase = self.by_name[name]
            needs = [need for need in self.needs(phase) if need in steps]
            tasks = {name, *phase.works()}
            if ignored & tasks or passed.intersection(needs):
                passed.add(name)
                found[name] = None
            elif name in ended.gates:
                found[name] = ended.gates[name]
            elif any(found[need] != "open" for need in needs) or name in ended.failed:
                found[name] = None
            else:
                found[name] = None if step["gate"] is None and step["action"] != "blocked" else "open"
        return found

    def needs(self, phase: Made) -> list[str]:
        reads = [name for name, link in phase.links.items() if link != "none"]
        return [name for name in reads if phase.links[name] == "needs" or self.by_name[name].outputs]

    # -- what there is --------------------------------------------------------------------------------------------

    def newest(self) -> int:
        if not (self.project.root / ".doit.db").exists():
            return 0
        return self.project.query("select coalesce(max(seq), 0) from journal")[0][0]

    def outputs(self) -> dict[str, bytes]:
        folder = self.project.root / "out"
        return {f"out/{path.name}": path.read_bytes() for path in folder.glob("*")} if folder.exists() else {}

    def ended(self, code: int, newest: int, before: dict[str, bytes]) -> Ended:
        ended, after = Ended(code), self.outputs()
        if not (self.project.root / ".doit.db").exists():
            return ended
        entries = self.project.query(f"select phase, task, event, data from journal where seq > {newest} order by seq")
        for phase, task, event, text in entries:
            data = json.loads(text)
            if event == "attempt.started":
                ended.works.setdefault(phase, set()).add(task)
                output = self.by_name[phase].works()[task]
                if before.get(output) is not None and before.get(output) == after.get(output):
                    ended.same.add(phase)
            elif event == "attempt.ended" and data["outcome"] != "succeeded":
                ended.failed.add(phase)
            elif event == "gate.judged":
                ended.gates[phase] = GATES[data["outcome"]]
        return ended


EDIT = st.tuples(st.sampled_from(EDITS), st.integers(0, 6), st.integers(0, 4))
ROUND = st.tuples(st.lists(EDIT, min_size=1, max_size=4), st.integers(0, 15), st.booleans())
"""Edits, then what is asked for: mostly the whole plan, and whether in manual mode."""


@pytest.fixture
def lives(new_project):
    """One example: a plan, and rounds of edits, each followed by a forecast and a run."""
    numbers, seen = itertools.count(), Counter()

    def lives(phases: list[Made], rounds: list) -> None:
        life = Life(new_project(f"project-{next(numbers)}"), phases, seen)
        life.compare()
        for edits, asked, manual in rounds:
            for edit in edits:
                life.edit(*edit)
            phase = phases[asked % len(phases)]
            names = [phase.name] if asked in (1, 2) else [next(iter(phase.works()))] if asked == 3 else []
            life.compare(*names, *(["--mode", "manual"] if manual and asked in (4, 5) else []))

    yield lives
    print(f"\n{dict(seen)}")
    assert seen["otherwise, explained"] < seen["certain"]


@settings(max_examples=8, **UNSHRUNK)
@given(plans(), st.lists(ROUND, min_size=1, max_size=2))
def test_the_next_run_does_what_the_plan_says(lives, phases, rounds):
    lives(phases, rounds)


@pytest.mark.faults
@settings(max_examples=250, **UNSHRUNK)
@given(plans(), st.lists(ROUND, min_size=1, max_size=3))
def test_the_next_run_does_what_the_plan_says_500_times(lives, phases, rounds):
    """Each example has two to four cases: a forecast and the run that follows."""
    lives(phases, rounds)
