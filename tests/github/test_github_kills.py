"""SIGKILL to a run, with all that it started, while it writes to a GitHub that lives on: whatever moment it meets,
nothing is there twice, and the run that ends leaves the issue true.

Requests that create something are slow here, before it is there or after, because that is where a kill could double.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter

import pytest
from doit_project import until
from fake_faults import FAULTS

PHASES = 6


def plan(generation: int) -> dict[str, object]:
    """A chain whose last phase asks a person, and one phase beside it that fails: all that comments are made for."""
    phases: dict[str, object] = {
        f"p{n}": {
            "run": "sleep 0.02",
            "params": {"generation": generation},
            **({"needs": [f"p{n - 1}"]} if n else {}),
        }
        for n in range(PHASES)
    }
    phases["asks"] = {"run": f"echo {generation} > asks.txt", "outputs": ["asks.txt"], "approval": "manual"}
    phases["fails"] = {"run": f"exit {generation % 2 + 1}"}
    return phases


class Rounds:
    """Kill after kill. Whenever a run ends by itself all is looked over, and the plan changes so that there is more."""

    def __init__(self, github, project, kill, seed: int) -> None:
        self.github, self.project, self.kill = github, project, kill
        self.chance = random.Random(seed)
        self.kills = self.whole = self.generation = 0
        self.met: Counter[str] = Counter()
        """What the kills met: the request that was going on."""

    def go(self, until: int) -> None:
        self.change()
        while self.kills < until:
            self.slow()
            run = self.project.start()
            try:
                run.wait(self.chance.uniform(0.5, 3.0))
            except subprocess.TimeoutExpired:
                self.kill(run)
                self.kills += 1
                self.note()
                self.nothing_twice()
                continue
            assert run.stdout is not None
            assert run.returncode == 1, run.stdout.read()
            self.ended()
        self.settle()

    def change(self) -> None:
        self.generation += 1
        self.project.phases(plan(self.generation))

    def slow(self) -> None:
        """Let the next two creations be slow."""
        self.github.faults.clear()
        for _ in range(2):
            when, seconds = self.chance.choice(["before", "after"]), self.chance.uniform(0.1, 0.8)
            self.github.faults.add(
                "POST", "", FAULTS["slow"], when, seconds=seconds, skip=self.chance.choice([0, 0, 1])
            )

    def note(self) -> None:
        """A request whose answer nobody heard, or that was the last one heard."""
        last = list(self.github.exchanges)[-1:]
        self.met[f"{last[0].method} {last[0].path.rsplit('/', 1)[-1]}" if last else "before GitHub"] += 1

    def nothing_twice(self) -> None:
        self.quiet()
        issues = self.github.issues()
        marks = Counter(issue["body"].split("\n", 1)[0] for issue in issues)
        assert set(marks.values()) <= {1}, (marks, self.github.exchanges)
        for issue in issues:
            told = Counter(body.split("\n", 1)[0] for body in self.github.replies(issue["number"]))
            assert set(told.values()) <= {1}, (told, self.github.exchanges)

    def quiet(self) -> None:
        """Wait for what a killed run had asked for: it may still be done."""
        self.github.faults.release()

        def is_quiet() -> bool:
            newest = list(self.github.exchanges)[-1:]
            return all(one.status is not None or one.fault.startswith("hang") for one in newest)

        until(is_quiet)

    def ended(self) -> None:
        """A run that ended by itself: GitHub shows what the journal says, or the next run makes it so."""
        self.whole += 1
        self.settle()
        self.change()

    def settle(self) -> None:
        self.github.faults.clear()
        ran = self.project.doit()
        assert ran.code == 1, ran
        assert "GitHub does not show" not in ran.out, ran
        self.nothing_twice()
        [head] = self.project.query("select hash from journal order by seq desc limit 1")
        [issue] = [issue for issue in self.github.issues() if issue["title"] == "Plan test"]
        assert issue["state"] == "open"
        assert f"head `{head[0]}`" in issue["body"], (head, issue["body"])
        assert "| ❌ failed | `fails` |" in issue["body"]
        assert "| ✋ waiting | `asks` |" in issue["body"]


def killed_over_and_over(github, project, kill, kills: int, seed: int = 5) -> None:
    rounds = Rounds(github, project, kill, seed)
    begun = time.monotonic()
    rounds.go(kills)
    issues = len(github.issues())
    comments = sum(len(github.comments(issue["number"])) for issue in github.issues())
    print(
        f"\n{rounds.kills} kills, {rounds.whole} runs that ended, {rounds.generation} plans, {issues} issues,"
        f" {comments} comments, {time.monotonic() - begun:.0f} s; met: {dict(rounds.met.most_common())}"
    )


def test_kill_9_at_some_moments(github, on_github, kill):
    killed_over_and_over(github, on_github(github), kill, 2)


def test_kill_9_while_lists_lag_behind(github, on_github, kill):
    github.stale_lists(2)
    killed_over_and_over(github, on_github(github, issues="phase"), kill, 1, seed=6)


@pytest.mark.faults
def test_kill_9_at_100_moments(github, on_github, kill):
    killed_over_and_over(github, on_github(github), kill, 100)


@pytest.mark.faults
def test_kill_9_at_50_moments_with_an_issue_for_each_phase(github, on_github, kill):
    killed_over_and_over(github, on_github(github, issues="phase"), kill, 50, seed=8)


@pytest.mark.faults
def test_kill_9_at_50_moments_while_lists_lag_behind(github, on_github, kill):
    github.stale_lists(2)
    killed_over_and_over(github, on_github(github), kill, 50, seed=9)
