"""A plan of many phases while workers, the scheduler and doit are killed and frozen, at random moments.

Its short form is in test_cluster_runs.py: a worker is killed while it executes a work of six.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable

import pytest
from cluster_of_processes import SHORT
from doit_project import DOIT

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not shutil.which("flock"), reason="works take locks with flock(1)"),
]

ALONE = "exec 9> locks/{n}; flock -n 9 || echo {n} >> twice.txt; echo {n} >> ran.txt; "
WORKERS = ("one", "two", "three")


@pytest.fixture(autouse=True)
def short_leases(cluster):
    cluster.lease = SHORT


def plan(size: int, pace: int, last: int) -> dict[str, object]:
    """Each phase but the first eight reads what two earlier ones made; some leave something in the background. Each
    takes `pace` seconds, and a little more; so many of the last do not end before the faults do."""
    chance = random.Random(size)
    phases: dict[str, object] = {}
    for n in range(size):
        inputs = sorted({f"build/{chance.randrange(max(0, n - 12), n)}.txt" for _ in range(2)}) if n >= 8 else []
        more = "setsid sleep 0.2 & " if n % 7 == 0 else ""
        script = f"{more}echo half > build/{n}.txt; sleep {pace}.{n % 3 + 1}; cat {' '.join(inputs) or '/dev/null'} > /dev/null"
        if n >= size - last:
            script += "; while [ ! -e calm ]; do sleep 0.1; done"
        phases[f"p{n}"] = {
            "run": ALONE.format(n=n) + f"{script}; echo whole > build/{n}.txt",
            "inputs": inputs,
            "outputs": [f"build/{n}.txt"],
        }
    return phases


class Storm:
    """Breaks something, and mends it."""

    def __init__(self, project, cluster, wait_until) -> None:
        self.project, self.cluster, self.wait_until = project, cluster, wait_until
        self.chance = random.Random(11)
        self.done: Counter[str] = Counter()
        self.run: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with (self.project.root / "console.txt").open("ab") as console:
            self.run = subprocess.Popen(
                [DOIT], cwd=self.project.root, env=self.project.environment(), stdout=console, stderr=subprocess.STDOUT
            )

    def strike(self, what: str) -> None:
        self.done[what] += 1
        getattr(self, what)()

    def kill_worker(self) -> None:
        name = self.chance.choice(WORKERS)
        self.cluster.kill(name)
        self.cluster.start_worker(name, threads=2)

    def freeze_worker(self) -> None:
        name = self.chance.choice(WORKERS)
        os.kill(self.cluster.workers[name].pid, signal.SIGSTOP)
        self.pause(5.0, 6.0)
        os.kill(self.cluster.workers[name].pid, signal.SIGCONT)

    def kill_scheduler(self) -> None:
        self.cluster.kill_scheduler()
        for worker in self.cluster.workers.values():
            worker.wait(30)
        self.cluster.start_scheduler()
        for name in WORKERS:
            self.cluster.start_worker(name, threads=2)

    def kill_doit(self) -> None:
        assert self.run is not None
        self.run.kill()
        self.run.wait()
        self.start()

    def pause(self, least: float, most: float) -> None:
        assert self.run is not None
        try:
            self.run.wait(self.chance.uniform(least, most))
        except subprocess.TimeoutExpired:
            return


def weathered(project, cluster, wait_until, plan: dict[str, object], strikes: Iterable[str], least: int) -> None:
    """Faults until the plan is done, or there are no more of them; at least so many."""
    size = len(plan)
    (project.root / "locks").mkdir(parents=True)
    (project.root / "build").mkdir()
    cluster.kill("one")
    cluster.kill("two")
    for name in WORKERS:
        cluster.start_worker(name, threads=2)
    project.phases(plan, executor="dask", jobs=6, executors=cluster.settings())
    storm = Storm(project, cluster, wait_until)
    begun = time.monotonic()
    storm.start()
    for what in strikes:
        storm.pause(1.0, 4.0)
        if storm.run.poll() is not None:
            break
        storm.strike(what)
    project.write("calm", "")
    storm.run.wait(600)
    assert storm.done.total() >= least
    said = project.read("console.txt")
    while storm.run.returncode == 1 and "lost with their workers" in said:  # bad luck, three times in a row
        storm.start()
        storm.run.wait(600)
        said = project.read("console.txt")
    assert storm.run.returncode == 0, said[-3000:]
    assert "Traceback" not in said
    assert not (project.root / "twice.txt").exists(), project.read("twice.txt")
    assert [project.read(f"build/{n}.txt") for n in range(size)] == ["whole\n"] * size
    rows = project.query("select phase, data from journal where event = 'attempt.ended'")
    ends = [(phase, json.loads(str(data))["outcome"]) for phase, data in rows]
    assert Counter(phase for phase, end in ends if end == "succeeded") == Counter({f"p{n}": 1 for n in range(size)})
    assert {end for _, end in ends} <= {"succeeded", "lost", "interrupted"}, Counter(ends)
    wait_until(lambda: [line for line in cluster.commands() if "sleep" not in line] == [])
    project.doit().nothing()
    print(
        f"\n{size} phases, {dict(storm.done)}, {dict(Counter(end for _, end in ends))}, {time.monotonic() - begun:.0f} s"
    )


def test_forty_phases_and_each_fault_once(project, cluster, wait_until):
    kinds = ["kill_worker", "kill_doit", "kill_scheduler", "freeze_worker"]
    weathered(project, cluster, wait_until, plan(40, 0, last=4), kinds, least=4)


def test_two_hundred_phases_and_a_fault_every_few_seconds(project, cluster, wait_until):
    kinds = ["kill_worker", "kill_worker", "freeze_worker", "kill_scheduler", "kill_doit"]
    weathered(project, cluster, wait_until, plan(200, 1, last=0), itertools.cycle(kinds), least=20)
