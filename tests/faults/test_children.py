"""Children that do not want to go: one that ignores TERM, one in a session of its own, one that is stopped."""

from __future__ import annotations

import shutil
import signal

import pytest

STUBBORN = {
    "deaf": "trap '' TERM INT HUP; echo {name} >> ran.txt; while :; do sleep 0.05 || true; done",
    "deaf child": "(trap '' TERM INT HUP; sleep 600) & echo {name} >> ran.txt; wait",
    "own session": "setsid sleep 600 & echo {name} >> ran.txt; wait",
    "daemon": "(setsid sh -c 'setsid sleep 600 & exit 0' &); echo {name} >> ran.txt; sleep 600",
    "deaf in its own session": "setsid sh -c 'trap \"\" TERM INT HUP; sleep 600; :' & echo {name} >> ran.txt; wait",
    "stopped": "sh -c 'kill -STOP $$' & echo {name} >> ran.txt; wait",
    "stopped itself": "echo {name} >> ran.txt; kill -STOP $$; sleep 600",
}


def phases(**more: object) -> dict[str, object]:
    names = {kind: kind.replace(" ", "_") for kind in STUBBORN}
    return {names[kind]: {"run": text.format(name=names[kind]), **more} for kind, text in STUBBORN.items()}


def test_nobody_outlives_a_timeout_and_the_grace(project, processes):
    plan = phases(timeout="500ms")
    project.phases(plan, jobs=len(plan), retry={})
    ran = project.process().ended(1, "ran longer than its timeout")
    assert sorted(ran.lines("failed")) == sorted(plan), ran
    processes.gone(project)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.faults)], ids=["TERM", "INT"]
)
def test_nobody_outlives_a_stop_and_the_grace(project, processes, wait_until, number):
    plan = phases()
    project.phases(plan, jobs=len(plan))
    run = processes.start(project)
    wait_until(lambda: set(project.counts()) == set(plan))
    run.send_signal(number)
    assert run.wait(200) == 128 + number, processes.output(project)
    processes.gone(project)


def test_nobody_outlives_two_stops(project, processes, wait_until):
    """The second signal, once the children were asked, grants no more grace."""
    asked = "trap 'echo asked >> ran.txt' TERM; echo asks >> ran.txt; while :; do sleep 0.05 || true; done"
    plan = {**phases(), "asks": {"run": asked}}
    project.phases(plan, jobs=len(plan)).grant_grace(600)
    run = processes.start(project)
    wait_until(lambda: set(project.counts()) == set(plan))
    run.send_signal(signal.SIGINT)
    wait_until(lambda: "asked" in project.counts())
    run.send_signal(signal.SIGINT)
    assert run.wait(200) == 130, processes.output(project)
    processes.gone(project)


ALONE = "exec 9> lock; flock -n 9 || echo twice >> twice.txt; echo a >> ran.txt; setsid sleep 600 & "
"""A lock is held by who took it and all that came from it: a second attempt beside the first would find it taken."""
needs_flock = pytest.mark.skipif(not shutil.which("flock"), reason="the phase takes a lock with flock(1)")


def runs_twice_and_never_beside_itself(project, processes) -> None:
    project.process().ended(1, "tried 2 times")
    assert project.counts() == {"a": 2}
    assert not (project.root / "twice.txt").exists(), "a second attempt ran beside the first"
    processes.gone(project)


@needs_flock
def test_the_next_attempt_starts_when_nobody_is_left_of_the_last(project, processes):
    project.phases({"a": {"run": ALONE + "exit 75"}}, retry={"transient": {"attempts": 2, "wait": "10ms"}})
    runs_twice_and_never_beside_itself(project, processes)


@needs_flock
@pytest.mark.faults
def test_the_next_attempt_after_a_timeout_starts_when_nobody_is_left_of_the_last(project, processes):
    """The short form is the test before this one."""
    patience = {"timeout": {"attempts": 2, "wait": "10ms"}}
    project.phases({"a": {"run": ALONE + "sleep 600", "timeout": "3s"}}, retry=patience)
    runs_twice_and_never_beside_itself(project, processes)
