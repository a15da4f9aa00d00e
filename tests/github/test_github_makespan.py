"""How long a run takes, from the journal's `run.started` to its `run.ended`, without GitHub and with one that fails.

It prints figures (`pytest -m faults -s`), and asserts no timing: that the phases are the same is what can be wrong here.
"""

from __future__ import annotations

import statistics

import pytest
from fake_faults import FAULTS
from test_tracking_issue import chain

ROUNDS = 3
PHASES = 8
ALWAYS = ("502", "reset", "hang", "truncated", "html", "403 secondary", "429 retry-after", "401", "slow")


def makespan(project) -> float:
    [(began,), (ended,)] = project.query(
        "select at from journal where event in ('run.started', 'run.ended') order by seq desc limit 2"
    )[::-1]
    return float(str(ended)) - float(str(began))


@pytest.mark.faults
def test_the_makespan_with_a_github_that_fails(github, on_github, new_project):
    project = on_github(github)
    without = new_project("without")
    phases = {name: {**phase, "run": f"sleep 0.4; {phase['run']}"} for name, phase in chain(PHASES).items()}
    taken: dict[str, list[float]] = {}

    def run(case: str, which) -> None:
        ran = which.phases(phases).doit("-a")
        assert sorted(ran.lines("done")) == sorted(phases), ran
        assert ran.code == 0, ran
        taken.setdefault(case, []).append(makespan(which))

    for _ in range(ROUNDS):
        run("off", without)
        github.faults.clear()
        run("on", project)
        for fault in ALWAYS:
            github.faults.clear()
            github.faults.add("*", "", FAULTS[fault], "before", times=None, seconds=1.0 if fault == "slow" else 600.0)
            run(fault, project)
    off = statistics.median(taken["off"])
    print(f"\n{PHASES} phases of 0.4 s in a chain, median of {ROUNDS} interleaved rounds; GitHub off: {off:.2f} s")
    for case, seconds in taken.items():
        middle = statistics.median(seconds)
        print(f"{case:16} {middle:.2f} s  {middle / off - 1:+.1%}  ({min(seconds):.2f} to {max(seconds):.2f})")
    github.exchanges.clear()
