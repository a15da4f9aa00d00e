"""INT, TERM, HUP and twice INT at many moments: the state is kept, and nobody is left."""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SIGNALS = {
    "INT": [signal.SIGINT],
    "TERM": [signal.SIGTERM],
    "HUP": [signal.SIGHUP],
    "INT twice": [signal.SIGINT, signal.SIGINT],
}


def plan(count: int) -> dict[str, object]:
    """Short phases in two chains, each with a child that the signal has to find, and at the end of both chains one
    that lasts: whatever the moment, the run has not ended before it."""
    phases: dict[str, object] = {
        f"p{n}": {
            "run": f"echo p{n} >> ran.txt; sleep 0.02 & wait $!; echo {n} > build/{n}.txt",
            "inputs": [f"build/{n - 2}.txt"] if n > 1 else [],
            "outputs": [f"build/{n}.txt"],
        }
        for n in range(count)
    }
    lasts = "echo {name} >> ran.txt; [ -e go ] && exit 0; sleep 600 & (sleep 600 &); wait"
    for n, name in enumerate(("long", "longer"), start=count - 2):
        phases[name] = {"run": lasts.format(name=name), "inputs": [f"build/{n}.txt"]}
    return phases


class Stopper:
    """Stops runs of such a plan, each at another moment, and says what did not hold."""

    def __init__(self, kind: str, jobs: int, new_project, processes, wait_until) -> None:
        self.kind, self.jobs, self.new_project = kind, jobs, new_project
        self.processes, self.wait_until = processes, wait_until

    def stopped(self, phases: dict[str, object], begun: str) -> None:
        """A moment after this phase has begun; not always the same, so that it may fall into the making of a record."""
        numbers = SIGNALS[self.kind]
        project = self.new_project(f"stopped-{self.jobs}-{begun}").phases(phases, jobs=self.jobs)
        run = self.processes.start(project)
        self.wait_until(lambda: begun in project.counts())
        time.sleep(random.Random(begun).uniform(0, 0.05))
        for number in numbers:
            self.processes.signal(run, number)
        code, out = run.wait(200), self.processes.output(project)
        assert code == 128 + numbers[0], (code, out)
        assert f"stopped by {numbers[0].name}; what is done is kept" in out, out
        assert "Traceback" not in out, out
        self.processes.gone(project)
        self.goes_on(project, self.processes.called_done(project))

    def goes_on(self, project, promised: set[str]) -> None:
        """The next run does what is not done, and nothing else."""
        standing = project.status()
        assert {name: standing[name] for name in promised} == dict.fromkeys(promised, "done"), standing
        project.write("go", "")
        project.process().ended(0)
        counts = project.counts()
        assert {name: counts[name] for name in promised} == dict.fromkeys(promised, 1), counts
        project.process().nothing()
        assert project.query("pragma integrity_check") == [("ok",)]

    def all_hold(self, count: int, moments: list[str]) -> None:
        def outcome(begun: str) -> str:
            try:
                self.stopped(plan(count), begun)
            except AssertionError as error:
                return f"{self.kind}, {self.jobs} at a time, when {begun} had begun: {error}"
            return ""

        with ThreadPoolExecutor(2) as pool:
            wrong = [text for text in pool.map(outcome, moments) if text]
        print(f"\n{self.kind}, {self.jobs} at a time: {len(moments)} moments, {len(wrong)} wrong")
        assert not wrong, f"{len(wrong)} of {len(moments)}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_stop_keeps_what_is_done_and_leaves_nobody(kind, new_project, processes, wait_until):
    """Among short phases, and when two at a time last."""
    Stopper(kind, 1, new_project, processes, wait_until).all_hold(4, ["p2"])
    Stopper(kind, 2, new_project, processes, wait_until).all_hold(4, ["longer"])


@pytest.mark.faults
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("kind", SIGNALS)
def test_a_stop_at_20_moments(kind, jobs, new_project, processes, wait_until):
    stopper = Stopper(kind, jobs, new_project, processes, wait_until)
    stopper.all_hold(20, [*(f"p{n}" for n in range(1, 20)), "long"])


@pytest.mark.faults
@pytest.mark.parametrize("work", ["ends", "goes on"])
def test_a_doit_that_was_frozen_past_a_timeout_judges_by_what_it_finds(project, processes, wait_until, work):
    """Ctrl-Z and `fg`, or a machine that pauses. The work itself freezes doit, so that it cannot come too late.
    The short form, with a clock that is handed in, is in tests/work/test_local.py (`Held`)."""
    then = {"ends": "exit 0", "goes on": "exec sleep 600"}[work]
    project.phases({"a": {"run": f"kill -STOP $PPID; echo a >> ran.txt; {then}", "timeout": "5s"}}, retry={})
    run = processes.start(project)
    stat = Path(f"/proc/{run.pid}/stat")
    wait_until(lambda: "a" in project.counts() and stat.read_text().rpartition(")")[2].split()[0] == "T")
    if work == "ends":
        wait_until(lambda: [line.split()[0] for line in processes.survivors(project)] == [str(run.pid)])
    over = time.monotonic() + 5
    wait_until(lambda: time.monotonic() > over)
    run.send_signal(signal.SIGCONT)
    code, out = run.wait(200), processes.output(project)
    if work == "ends":
        assert code == 0, out
    else:
        assert code == 1, out
        assert "ran longer than its timeout" in out
    processes.gone(project)
