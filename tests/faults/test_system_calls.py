"""Every system call on the database: doit is killed at it, or it fails because the disk does not work or is full.

With one phase at a time one thread makes all calls, and another one waits for the disk; strace counts calls of each name
by itself: N from 1 to the number of calls of that name meets each call once. With two phases at a time each thread has
counts of its own, and N meets the Nth call of every thread.

Every call means every one, but for EIO and `fcntl`: every fifth. An unlock that fails leaves SQLite waiting for itself,
ten seconds at a time.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

TEN = {
    f"p{n}": {
        "run": f"echo p{n} >> ran.txt; echo {n} > build/{n}.txt",
        "inputs": [f"build/{n - 1}.txt"] if n else [],
        "outputs": [f"build/{n}.txt"],
    }
    for n in range(10)
}
GATES = {name: [{"file": phase["outputs"][0]}] for name, phase in TEN.items()}

TAKING_SPACE = ("openat", "mmap", "pwrite64", "fdatasync", "fsync", "ftruncate", "fallocate", "rename")
FAULTS = {
    "KILL": ("signal=KILL", (*TAKING_SPACE, "unlink", "pread64", "fcntl", "newfstatat", "fchown", "close")),
    # an injected error keeps the call from being made, which for `close` is a leak and no fault
    "EIO": ("error=EIO", (*TAKING_SPACE, "unlink", "pread64", "fcntl", "newfstatat", "fchown")),
    "ENOSPC": ("error=ENOSPC", TAKING_SPACE),
}
"""What strace injects, and into which calls."""


class Breaker:
    """Breaks runs of ten phases, and says what did not hold after it."""

    def __init__(self, strace, new_project, fault: str, jobs: int, lasting: bool) -> None:
        self.strace, self.new_project, self.fault, self.jobs, self.lasting = strace, new_project, fault, jobs, lasting
        self.runs = self.injected = 0
        self.slowest = (0.0, "")
        self.codes: Counter[int] = Counter()

    def ten(self, name: str):
        return self.new_project(name).phases(TEN, GATES, jobs=self.jobs)

    def places(self) -> list[tuple[str, int]]:
        """The calls of a run without a fault, as name and number."""
        ran, trace = self.strace.doit(self.ten("counted"))
        ran.done(*TEN)
        counted = {call: times for call, times in self.strace.counted(trace).items() if call in FAULTS[self.fault][1]}
        print(f"\n{sum(counted.values())} calls: " + ", ".join(f"{call} {n}" for call, n in sorted(counted.items())))
        step = {"fcntl": 5} if self.fault == "EIO" else {}
        return [(call, n) for call, times in sorted(counted.items()) for n in range(1, times + 1, step.get(call, 1))]

    def at(self, place: tuple[str, int]) -> list[str]:
        """Break one run at this call, run again without a fault, and look."""
        call, n = place
        project = self.ten(f"{call}-{n}")
        inject = f"{call}:{FAULTS[self.fault][0]}:when={n}{'+' if self.lasting else ''}"
        begun = time.monotonic()
        broken, trace = self.strace.doit(project, inject=inject, calls=(call,))
        self.slowest = max(self.slowest, (time.monotonic() - begun, f"{call}, call {n}"))
        promised = broken.lines("done")
        mended = project.process()
        counts = project.counts()
        self.runs += 1
        self.injected += broken.code == -9 if self.fault == "KILL" else "(INJECTED)" in trace
        self.codes[broken.code] += 1
        wrong = {
            "a traceback": "Traceback" in broken.out + broken.err + mended.out + mended.err,
            "a false success": broken.code == 0 and sorted(promised) != sorted(TEN),
            "no message": broken.code > 0 and not (broken.out + broken.err).strip(),
            "an exit code that is no error of the machine": broken.code not in (0, 2, 3, -9),
            "not mended by the next run": mended.code != 0,
            "an output is missing": [n for n in range(10) if not (project.root / f"build/{n}.txt").exists()],
            "done, and ran again": [name for name in promised if counts.get(name) != 1],
            "the database is damaged": project.query("pragma integrity_check") != [("ok",)],
        }
        if not any(wrong.values()):
            shutil.rmtree(project.root)
        return [f"{call}, call {n}: {what}{broken}{mended}" for what, so in wrong.items() if so]

    def all_hold(self, places: list[tuple[str, int]]) -> None:
        begun = time.monotonic()
        with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
            wrong = [text for texts in pool.map(self.at, places) for text in texts]
        codes = ", ".join(f"exit {code}: {times}" for code, times in sorted(self.codes.items()))
        print(
            f"\n{self.fault}{' and from then on' if self.lasting else ''}, {self.jobs} at a time: {self.runs} runs,"
            f" {self.injected} with the fault, {codes}; {len(wrong)} wrong;"
            f" {time.monotonic() - begun:.0f} s, the longest {self.slowest[0]:.0f} s ({self.slowest[1]})"
        )
        assert not wrong, f"{len(wrong)} of {self.runs}:\n" + "\n".join(
            wrong[:10] + [w.splitlines()[0] for w in wrong[10:]]
        )
        assert self.injected * 2 >= self.runs, "the faults were not injected"


def spread(places: list[tuple[str, int]], count: int) -> list[tuple[str, int]]:
    """So many of them, evenly."""
    return places[:: max(1, len(places) // count)][:count]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_some_calls(strace, new_project, fault):
    breaker = Breaker(strace, new_project, fault, 1, lasting=False)
    breaker.all_hold(spread([place for place in breaker.places() if place[0] != "fcntl"], 7))


@pytest.mark.faults
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_call(strace, new_project, fault):
    breaker = Breaker(strace, new_project, fault, 1, lasting=False)
    breaker.all_hold(breaker.places())


@pytest.mark.faults
@pytest.mark.parametrize("fault", ["EIO", "ENOSPC"])
def test_a_fault_that_stays_from_a_call_on(strace, new_project, fault):
    """The disk does not recover during the run. Every 17th call."""
    breaker = Breaker(strace, new_project, fault, 1, lasting=True)
    breaker.all_hold(breaker.places()[::17])


@pytest.mark.faults
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_threads_of_two_phases_at_a_time(strace, new_project, fault):
    """Every 17th call of the first, in every thread that makes so many."""
    breaker = Breaker(strace, new_project, fault, 2, lasting=False)
    breaker.all_hold(breaker.places()[::17])
