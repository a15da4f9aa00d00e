"""A wall clock that jumps while phases run and wait: timeouts and waits are counted on the clock that does not."""

from __future__ import annotations

import json

import pytest


def test_a_phase_gets_all_of_its_time(project, clock, processes, wait_until):
    """After each jump doit turns its loop once more, because there is output, and still lets the phase run."""
    steps = """
    echo up >> ran.txt
    for jump in +2h -1d; do
        while [ ! -e jumped$jump ]; do sleep 0.02; done
        echo a turn after $jump
    done
    while [ ! -e go ]; do sleep 0.02; done
    """
    project.phases({"a": {"run": steps, "timeout": "10m"}})
    run = processes.start(project, env=clock.environment)
    wait_until(lambda: "up" in project.counts())
    (log,) = project.root.glob(".doit/logs/*/a.1.log")
    for jump in ("+2h", "-1d"):
        clock.jump(jump)
        project.write(f"jumped{jump}", "")
        wait_until(lambda jump=jump: f"a turn after {jump}" in log.read_text())
    project.write("go", "")
    assert run.wait(200) == 0, processes.output(project)
    project.process().nothing()


@pytest.mark.faults
def test_a_phase_gets_no_more_than_its_time(project, clock, processes, wait_until):
    """In seconds that pass. The short form is tests/work/test_local.py: timeouts go by the clock that is handed in."""
    project.phases({"a": {"run": "echo up >> ran.txt; sleep 600", "timeout": "5s"}}, retry={})
    run = processes.start(project, env=clock.environment)
    wait_until(lambda: "up" in project.counts() or run.poll() is not None)
    clock.jump("-1d")
    assert run.wait(200) == 1, processes.output(project)
    assert "ran longer than its timeout of 5 s" in processes.output(project)
    processes.gone(project)


def test_a_wait_for_the_next_attempt_is_as_long_as_it_was_meant(project, clock, processes, wait_until):
    """The phase notes the seconds since the machine started at each attempt; the journal has the waits that were drawn
    between them. After each jump one whole wait at least is over, and an attempt that has not yet looked for `go`."""
    noting = "cut -d' ' -f1 /proc/uptime >> ran.txt; [ -e go ] || exit 75"
    often = {"transient": {"attempts": 100, "wait": "400ms", "factor": 1, "max_wait": "400ms"}}
    project.phases({"a": {"run": noting}}, retry=often)
    run = processes.start(project, env=clock.environment)
    for jump in ("+2h", "-1d", None):
        before = project.journalled("attempt.ended")
        wait_until(lambda n=before + 2: project.journalled("attempt.ended") >= n or run.poll() is not None)
        if jump:
            clock.jump(jump)
    project.write("go", "")
    assert run.wait(200) == 0, processes.output(project)
    begun = [float(seconds) for seconds in project.read("ran.txt").split()]
    rows = project.query("select data from journal where event = 'attempt.ended' order by seq")
    waits = [json.loads(str(data)).get("wait") for (data,) in rows][:-1]
    assert len(begun) == len(waits) + 1 >= 7
    for before, after, wait in zip(begun, begun[1:], waits, strict=False):
        assert wait - 0.1 < after - before < wait + 30


def test_what_was_done_before_the_clock_went_back_is_done(project, clock):
    """And what is edited after it is noticed, although the clock says that nothing has happened yet."""
    project.write("in.txt", "old\n")
    project.phases({"a": {"run": "cp in.txt build/a.txt", "inputs": ["in.txt"], "outputs": ["build/a.txt"]}})
    project.process(env=clock.environment).done("a")
    clock.jump("-1d")
    project.process(env=clock.environment).nothing()
    project.write("in.txt", "new\n")
    project.process(env=clock.environment).done("a")
    assert project.read("build/a.txt") == "new\n"
    project.process(env=clock.environment).nothing()
