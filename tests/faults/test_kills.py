"""SIGKILL to doit: at random moments, with children left behind, between two attempts, in the middle of an output."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time

import pytest

needs_flock = pytest.mark.skipif(not shutil.which("flock"), reason="phases take locks with flock(1)")

ALONE = "exec 9> locks/{name}; flock -n 9 || echo {name} >> twice.txt; echo {name} >> ran.txt; "
"""Notes a second copy of a phase: the lock is held by the first one and all that came from it, as long as any lives."""


def forty() -> dict[str, object]:
    """Two chains of twenty short phases."""
    return {
        f"p{n}": {
            "run": ALONE.format(name=f"p{n}") + f"echo half > build/{n}.txt; sleep 0.03; echo whole > build/{n}.txt",
            "inputs": [f"build/{n - 2}.txt"] if n > 1 else [],
            "outputs": [f"build/{n}.txt"],
        }
        for n in range(40)
    }


class Rounds:
    """Kill after kill over one plan; what was called done must never run again until it is forgotten."""

    def __init__(self, project, peek, processes) -> None:
        self.project, self.peek, self.processes = project, peek, processes
        self.chance = random.Random(7)
        self.kills = self.plans = 0
        self.promised: dict[str, int] = {}
        """Phase → how often it had run when it was first called done."""

    def go(self) -> None:
        """One run, killed at a random moment unless it ends before."""
        run = self.processes.start(self.project, "-n", "2")
        try:
            run.wait(self.chance.uniform(0.15, 0.6))
        except subprocess.TimeoutExpired:
            self.processes.kill(run)
            self.kills += 1
        output = self.processes.output(self.project)
        counts = self.project.counts()
        for name in self.processes.called_done(self.project) | self.peek.recorded(self.project):
            self.promised.setdefault(name, counts[name])
        assert {name: counts[name] for name in self.promised} == self.promised, "what was done ran again"
        assert "Traceback" not in output, output
        assert not (self.project.root / "twice.txt").exists(), self.project.read("twice.txt")
        assert run.returncode in (0, -9), output
        if run.returncode == 0:
            self.all_is_there()
            self.forget()

    def all_is_there(self) -> None:
        assert [self.project.read(f"build/{n}.txt") for n in range(40)] == ["whole\n"] * 40
        assert set(self.project.status().values()) == {"done"}

    def forget(self) -> None:
        self.plans += 1
        self.project.process("forget").ended(0)
        shutil.rmtree(self.project.root / "build")
        (self.project.root / "ran.txt").unlink()
        self.promised.clear()


def killed_over_and_over(kills, project, peek, processes) -> None:
    project.phases(forty())
    (project.root / "locks").mkdir()
    rounds = Rounds(project, peek, processes)
    begun = time.monotonic()
    while rounds.kills < kills:
        rounds.go()
    project.process("-n", "2").ended(0)
    rounds.all_is_there()
    assert {name: project.counts()[name] for name in rounds.promised} == rounds.promised
    assert project.query("pragma integrity_check") == [("ok",)]
    processes.gone(project)
    print(f"\n{rounds.kills} kills, {rounds.plans} whole plans between them, {time.monotonic() - begun:.0f} s")


@needs_flock
def test_kill_9_at_some_moments(project, peek, processes):
    killed_over_and_over(6, project, peek, processes)


@pytest.mark.faults
@needs_flock
def test_kill_9_at_200_moments(project, peek, processes):
    killed_over_and_over(200, project, peek, processes)


# -- what a killed run leaves behind --------------------------------------------------------------------------

THREE_DESCENDANTS = "sleep 600 & setsid sleep 600 & (setsid sh -c 'sleep 600; :' &); wait"


@needs_flock
def test_what_a_killed_run_left_behind_is_ended_before_anything_starts(project, processes, wait_until):
    tree = ALONE.format(name="tree") + f"[ -e go ] && exit 0; {THREE_DESCENDANTS}"
    project.phases({"tree": {"run": tree}}, jobs=2)
    (project.root / "locks").mkdir()
    run = processes.start(project)

    def sleepers() -> list[str]:
        return [line for line in processes.survivors(project) if line.endswith(" sleep 600")]

    wait_until(lambda: len(sleepers()) == 3 and project.journalled("attempt.started"))
    processes.kill(run)
    assert len(sleepers()) == 3, "the kill was for doit alone"
    bystander = subprocess.Popen(["tail", "-f", "/dev/null"], cwd=project.root)
    project.write("go", "")
    try:
        project.process().done("tree")
        assert not (project.root / "twice.txt").exists(), "a second copy ran beside the first"
        assert bystander.poll() is None, "who was not started by the run is left alone"
        assert outcomes(project) == ["interrupted", "succeeded"]
    finally:
        bystander.kill()
        bystander.wait()
    processes.gone(project)


@needs_flock
def test_what_has_neither_its_shell_nor_its_environment_any_more_is_ended_too(project, processes, wait_until):
    """Only its session ties it to the work, and that has no leader: doit was frozen when the shell ended, and killed."""
    left = "env -i flock -n -o locks/a sleep 600 & echo $$ > shell; until [ -e go ]; do sleep 0.02; done"
    project.phases({"a": {"run": f"[ -e go ] && exec flock -n locks/a true; {left}"}})
    (project.root / "locks").mkdir()
    run = processes.start(project)

    def others() -> list[str]:
        return [line for line in processes.survivors(project) if int(line.split()[0]) != run.pid]

    wait_until(lambda: len(others()) > 2 and project.journalled("attempt.started"))
    run.send_signal(signal.SIGSTOP)
    project.write("go", "")
    wait_until(lambda: [line.partition(" ")[2].split()[0] for line in others()] == ["flock", "sleep"])
    processes.kill(run)
    neighbour = subprocess.Popen(["sleep", "600"], cwd=project.root, start_new_session=True)
    try:
        project.process().done("a").ended(0, "2 processes that a killed run had left running were ended")
        assert neighbour.poll() is None, "who works in the same folder and was not started by the run is left alone"
    finally:
        neighbour.kill()
        neighbour.wait()
    processes.gone(project)


def outcomes(project) -> list[object]:
    """How the attempts ended, in the journal's words."""
    if not (project.root / ".doit.db").exists():
        return []
    rows = project.query("select data from journal where event = 'attempt.ended' order by seq")
    return [json.loads(str(data))["outcome"] for (data,) in rows]


def test_a_kill_between_two_attempts_takes_none_away_and_gives_none(project, processes, wait_until, move_clock):
    """Waits are drawn, here with dice that are loaded: the first is as short as may be, the second as long."""
    dice = "import random\nrandom.uniform = lambda least, most: most if most > 1 else least\n"
    project.write("dodo.py", dice + project.read("dodo.py"))
    patience = {"transient": {"attempts": 3, "wait": "100ms", "factor": 36_000, "max_wait": "1h"}}
    project.phases({"a": {"run": "echo a >> ran.txt; exit 75"}}, retry=patience)
    run = processes.start(project)
    wait_until(lambda: run.poll() is not None or outcomes(project) == ["retrying", "retrying"])
    assert run.poll() is None, processes.output(project)
    processes.kill(run)
    assert project.counts() == {"a": 2}
    assert outcomes(project) == ["retrying", "retrying"]
    move_clock(1 / 12)
    project.process().ended(1, "failed   a")
    assert project.counts() == {"a": 3}
    assert outcomes(project) == ["retrying", "retrying", "failed"]
    processes.gone(project)


# -- half-written outputs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("always", [False, True], ids=["doit", "doit -a"])
def test_an_output_that_a_kill_left_half_written_does_not_count(project, processes, wait_until, always):
    half = "echo a >> ran.txt; echo half > a.txt; [ -e go ] || exec sleep 600; echo whole > a.txt"
    project.phases({"a": {"run": half, "outputs": ["a.txt"]}}, {"a": [{"file": "a.txt"}]})
    if always:
        project.write("go", "")
        project.process().done("a")
        (project.root / "go").unlink()
    run = processes.start(project, *(["-a"] if always else []))
    wait_until(lambda: (project.root / "a.txt").exists() and project.read("a.txt") == "half\n")
    processes.kill(run)
    assert project.status() == {"a": "stale" if always else "pending"}
    project.write("go", "")
    project.process().done("a")
    assert project.read("a.txt") == "whole\n"
    project.process().nothing()
    processes.gone(project)
