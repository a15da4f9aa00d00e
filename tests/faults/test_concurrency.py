"""Others at the same time: second runs, and people who edit while a run goes on."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

HOLDS = "echo a >> ran.txt; while [ ! -e go ]; do sleep 0.02; done; echo a > build/a.txt"
"""Begun when its name stands in ran.txt, and ended by a file `go`."""


# -- two runs -------------------------------------------------------------------------------------------------


def test_a_second_run_exits_at_once_and_says_who_runs(project, processes, wait_until):
    """Three at the same time: each is told, and the first does not notice."""
    project.phases({"a": {"run": HOLDS, "outputs": ["build/a.txt"]}, "b": {"run": "echo b >> ran.txt", "needs": ["a"]}})
    first = processes.start(project)
    wait_until(lambda: "a" in project.counts())
    with ThreadPoolExecutor(3) as pool:
        seconds = list(pool.map(lambda args: project.process(*args), [[], ["-n", "2"], ["-a", "b"]]))
    assert first.poll() is None, "none of them waited for its end"
    for second in seconds:
        second.ended(3, f"pid {first.pid}", os.uname().nodename, "wait for it, or stop it")
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", second.out + second.err), second
    project.write("go", "")
    assert first.wait(200) == 0
    assert project.counts() == {"a": 1, "b": 1}


def test_many_runs_that_start_together_run_every_phase_once(project):
    """Whoever comes first runs; the others are refused, or find it done."""
    project.phases({f"p{n}": {"run": f"echo p{n} >> ran.txt; sleep 0.05"} for n in range(6)})
    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(lambda _: project.process(), range(6)))
    assert {run.code for run in runs} <= {0, 3}, runs
    assert any(run.code == 0 for run in runs), runs
    for run in runs:
        run.ended(run.code, *(["another run is"] if run.code == 3 else []))
    project.doit().nothing()
    assert project.counts() == {f"p{n}": 1 for n in range(6)}
    assert project.query("pragma integrity_check") == [("ok",)]


def test_a_run_that_was_killed_holds_nothing(project, processes, wait_until):
    """Although its children live on: the lock is the kernel's, and theirs it never was."""
    project.phases({"a": {"run": HOLDS, "outputs": ["build/a.txt"]}})
    run = processes.start(project)
    wait_until(lambda: "a" in project.counts())
    processes.kill(run)
    project.write("go", "")
    project.doit().done("a")
    processes.gone(project)


# -- edited meanwhile -----------------------------------------------------------------------------------------


def edited_meanwhile(project, processes, wait_until, edit) -> int:
    """Start, edit when the first phase has begun, let it end; the exit code."""
    run = processes.start(project)
    wait_until(lambda: "a" in project.counts())
    edit()
    project.write("go", "")
    return run.wait(200)


def test_an_input_that_was_edited_meanwhile_is_not_recorded_as_built(project, processes, wait_until):
    project.write("in.txt", "old\n")
    project.phases(
        {"a": {"run": "cat in.txt > build/seen.txt; " + HOLDS, "inputs": ["in.txt"], "outputs": ["build/a.txt"]}}
    )
    edited_meanwhile(project, processes, wait_until, lambda: project.write("in.txt", "new\n"))
    assert project.read("build/seen.txt") == "old\n"
    project.doit().done("a")
    assert project.read("build/seen.txt") == "new\n"
    project.doit().nothing()


def test_an_input_of_a_later_phase_that_was_edited_meanwhile_is_the_new_one(project, processes, wait_until):
    project.write("in.txt", "old\n")
    later = {"run": "cat in.txt > build/seen.txt", "inputs": ["in.txt", "build/a.txt"], "outputs": ["build/seen.txt"]}
    project.phases({"a": {"run": HOLDS, "outputs": ["build/a.txt"]}, "later": later})
    assert edited_meanwhile(project, processes, wait_until, lambda: project.write("in.txt", "new\n")) == 0
    assert project.read("build/seen.txt") == "new\n"
    project.doit().nothing()


def test_an_input_of_the_same_size_and_time_is_still_another(project, processes, wait_until):
    """An editor that keeps the time of the last change hides nothing."""
    path = project.write("in.txt", "old\n")
    before = path.stat()
    project.phases(
        {"a": {"run": "cat in.txt > build/seen.txt; " + HOLDS, "inputs": ["in.txt"], "outputs": ["build/a.txt"]}}
    )

    def edit() -> None:
        path.write_text("new\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    edited_meanwhile(project, processes, wait_until, edit)
    project.doit().done("a")
    assert project.read("build/seen.txt") == "new\n"


def test_a_run_keeps_to_the_plan_and_the_criteria_that_it_started_with(project, processes, wait_until):
    first = {"run": HOLDS, "outputs": ["build/a.txt"]}
    later = {"run": "echo old > build/b.txt", "inputs": ["build/a.txt"], "outputs": ["build/b.txt"]}
    project.phases({"a": first, "later": later}, {"later": [{"file": "build/b.txt"}]})

    def edit() -> None:
        new = {"run": "echo new > build/b.txt", "inputs": ["build/a.txt"], "outputs": ["build/b.txt"]}
        project.phases({"a": first, "later": new}, {"later": [{"file": "build/b.txt", "min_size": "1MB"}]})

    assert edited_meanwhile(project, processes, wait_until, edit) == 0
    assert project.read("build/b.txt") == "old\n"
    assert project.status()["later"] != "done"
    project.doit().ended(1, "failed   later")
    assert project.read("build/b.txt") == "new\n"


def test_a_plan_that_was_broken_meanwhile_does_not_break_the_run(project, processes, wait_until):
    project.phases({"a": {"run": HOLDS, "outputs": ["build/a.txt"]}, "later": {"run": "true", "needs": ["a"]}})
    assert edited_meanwhile(project, processes, wait_until, lambda: project.write("config/phases.json", "{")) == 0
    project.doit().ended(3, "config/phases.json")


def test_a_state_that_was_taken_away_meanwhile(project, processes, wait_until):
    """Somebody cleans up, under a run. It may end well or not, but never with a traceback, and the next one does."""
    project.phases({"a": {"run": HOLDS, "outputs": ["build/a.txt"]}, "later": {"run": "true", "needs": ["a"]}})
    run = processes.start(project)
    wait_until(lambda: "a" in project.counts())
    subprocess.run(["sh", "-c", "rm -rf .doit .doit.db .doit.db-wal .doit.db-shm"], cwd=project.root, check=True)
    project.write("go", "")
    code, output = run.wait(200), processes.output(project)
    assert code in (0, 2, 3), output
    assert "Traceback" not in output, output
    project.doit().ended(0)
    project.doit().nothing()
