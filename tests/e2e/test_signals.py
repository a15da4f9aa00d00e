"""INT, TERM and HUP: children gone, state saved, a message, the usual exit code."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from doit_project import DOIT


def alive(pid: str) -> bool:
    """Is this process there and more than a name in the table?"""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_in_order(project, wait_until, number, jobs):
    project.phases(
        {
            "first": {"run": "echo first >> ran.txt"},
            "long": {"run": "sleep 600 & echo $! > child.pid; echo long >> ran.txt; sleep 600", "needs": ["first"]},
            "later": {"run": "true", "needs": ["long"]},
        },
        jobs=jobs,
    )
    run = project.start()
    wait_until(lambda: "long" in project.counts())
    run.send_signal(number)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 128 + number, out
    assert f"stopped by {number.name}; what is done is kept" in out
    assert "stopped  long" in out
    assert "Traceback" not in out
    assert not alive(project.read("child.pid").strip())
    assert project.status() == {"first": "done", "long": "pending", "later": "pending"}


@pytest.mark.parametrize("command", [[], ["watch"]])
def test_what_was_ignored_from_the_start_ends_nothing(project, wait_until, command):
    """`nohup doit` goes on when the terminal is closed, and a script's `doit &` at a Ctrl-C that is for the script."""
    project.phases(
        {"long": {"run": "echo long >> ran.txt; until [ -e go ]; do sleep 0.02; done", "inputs": ["in.txt"]}}
    )
    project.write("in.txt", "")
    ignoring = [shutil.which("nohup"), "sh", "-c", "trap '' INT; exec \"$@\"", "sh", DOIT, *command]
    run = subprocess.Popen(
        ignoring,
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: "long" in project.counts())
        run.send_signal(signal.SIGHUP)
        run.send_signal(signal.SIGINT)
        project.write("go", "")
        wait_until(lambda: project.journalled("run.ended"))
        if command:
            run.send_signal(signal.SIGTERM)
        out = run.communicate(timeout=200)[0]
    finally:
        run.kill()
    assert run.returncode == (143 if command else 0), out
    assert "done     long" in out


def test_a_second_signal_does_not_wait_for_children_that_ignore_the_first(project, wait_until):
    stubborn = "trap 'echo asked >> ran.txt' TERM; echo up >> ran.txt; while :; do sleep 0.05 || true; done"
    project.phases({"stubborn": {"run": stubborn}}).grant_grace(600)
    run = project.start()
    wait_until(lambda: "up" in project.counts())
    run.send_signal(signal.SIGINT)
    wait_until(lambda: "asked" in project.counts())
    run.send_signal(signal.SIGINT)
    assert run.wait(200) == 130, "less than the grace period that children get"


def test_a_signal_ends_what_a_criterion_started_and_judges_nothing(project, wait_until):
    project.phases(
        {"a": {"run": "echo a > a.txt", "outputs": ["a.txt"]}},
        {"a": [{"command": "echo $$ > child.pid; echo judging >> ran.txt; sleep 600"}]},
    )
    run = project.start()
    wait_until(lambda: "judging" in project.counts())
    run.send_signal(signal.SIGTERM)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 143, out
    assert "stopped  a" in out
    assert not alive(project.read("child.pid").strip())
    assert project.query("select count(*) from journal where event = 'gate.judged'") == [(0,)]
    assert project.status() == {"a": "pending"}


def test_a_signal_before_anything_started_is_no_error_of_ours(project, wait_until):
    """Here while leftovers of a killed run get their grace."""
    stubborn = "trap '' TERM; echo up >> ran.txt; while :; do sleep 0.05 || true; done"
    project.phases({"stubborn": {"run": stubborn}})
    killed = project.start()
    wait_until(lambda: "up" in project.counts() and project.journalled("attempt.started"))
    killed.kill()
    killed.wait()
    run = project.start()
    wait_until(lambda: project.query(f"select 1 from holder where pid = {run.pid}"))
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 130, out
    assert "stopped by SIGINT" in out
    assert "Traceback" not in out
    project.write("config/phases.json", '{"phases": {"stubborn": {"run": "true"}}}')
    project.doit().done("stubborn")
