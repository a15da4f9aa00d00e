"""Large files: read while the work runs, once, and never recorded as built from what came later; a stop is heeded.

Files of which it matters that they take long to read have no blocks on the disk.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys

import pytest

LONG = 1 << 40
"""Bytes: more than anybody reads while a test waits."""


@pytest.fixture(autouse=True)
def heeds_int():
    """So that whoever is started here does, also where this was started with `&` by a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def sparse(path, size: int = LONG) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.truncate(path, size)


def stopped(run, number: int = signal.SIGINT) -> str:
    """Its output, once it ended because of the signal, long before the file was read."""
    run.send_signal(number)
    try:
        out = run.communicate(timeout=200)[0]
    finally:
        run.kill()
    assert run.returncode == 128 + number, out
    assert "Traceback" not in out, out
    return out


def test_a_large_input_is_read_while_the_work_runs_and_a_stop_is_heeded(project, wait_until):
    sparse(project.root / "in")
    project.phases({"a": {"run": "echo a >> ran.txt; touch out", "inputs": ["in"], "outputs": ["out"]}})
    run = project.start()
    wait_until(lambda: project.counts() == {"a": 1})  # long before the input is read
    wait_until(lambda: project.query("select 1 from journal where event = 'attempt.started'"))
    stopped(run)
    assert project.query("select task from records") == []
    assert project.query("select path from files where path = cast('in' as blob)") == []
    os.truncate(project.root / "in", 5)
    project.doit().done("a")
    project.doit().nothing()
    assert project.counts() == {"a": 2}


def test_a_run_that_is_killed_while_it_reads_has_recorded_nothing(project, wait_until, kill):
    sparse(project.root / "in")
    project.phases({"a": {"run": "echo a >> ran.txt; touch out", "inputs": ["in"], "outputs": ["out"]}})
    run = project.start()
    wait_until(lambda: project.counts() == {"a": 1})
    kill(run)
    assert project.query("select task from records") == []
    os.truncate(project.root / "in", 5)
    project.doit().done("a")
    assert project.counts() == {"a": 2}


def test_a_stop_is_heeded_while_a_gate_reads(project, wait_until):
    project.phases({"a": {"run": f"echo a >> ran.txt; truncate -s {LONG} out", "outputs": ["out"]}})
    run = project.start()
    wait_until(lambda: project.counts() and project.query("select 1 from records where task = 'a:run'"))
    stopped(run, signal.SIGTERM)
    project.write("out", "now small")
    project.doit().done("a")
    assert project.counts() == {"a": 1}, "the work had been done"


@pytest.mark.parametrize("command", [[], ["status"], ["plan"]])
def test_a_stop_is_heeded_while_is_asked_where_the_plan_stands(project, wait_until, command):
    for name in ("one", "two", "three"):
        project.write(name, "small")
    project.phases({"a": {"run": "cat one two three > out", "inputs": ["one", "two", "three"], "outputs": ["out"]}})
    project.doit().done("a")
    for name in ("one", "two"):
        sparse(project.root / name)
    run = project.start(*command)
    wait_until(lambda: any(os.path.exists(f"/proc/{run.pid}/fd/{fd}") and is_open(run.pid, fd) for fd in range(3, 20)))
    stopped(run)


def is_open(pid: int, descriptor: int) -> bool:
    """Does the process read one of the large files?"""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/fd/{descriptor}")) in ("one", "two")
    except OSError:
        return False


@pytest.mark.parametrize("when", ["before", "while", "after"])
def test_a_large_input_that_was_edited_meanwhile_is_not_recorded_as_built(project, wait_until, when):
    """By the work itself as its first step, by somebody at any moment, and as the last thing. Size and mtime are kept,
    as by an editor that hides what it did."""
    path = project.write("in", b"old " * (64 << 18))
    edit = "cp -p in kept; printf new! | dd of=in conv=notrunc bs=4 seek=9 status=none; touch -r kept in; rm kept"
    first = f"echo a >> ran.txt; head -c 40 in | tail -c 4 > out; if [ ! -e go ]; then touch go; {edit}; fi"
    last = f"echo a >> ran.txt; head -c 40 in | tail -c 4 > out; if [ ! -e go ]; then sleep 0.3; touch go; {edit}; fi"
    waits = "echo a >> ran.txt; head -c 40 in | tail -c 4 > out; while [ ! -e go ]; do sleep 0.02; done"
    work = {"before": first, "after": last, "while": waits}[when]
    project.phases({"a": {"run": work, "inputs": ["in"], "outputs": ["out"]}})
    run = project.start()
    if when == "while":
        wait_until(lambda: (project.root / "out").exists() and project.read("out") == "old ")
        times = path.stat()
        with path.open("r+b") as file:
            file.seek(36)
            file.write(b"new!")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        project.write("go", "")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert project.read("out") == "old "
    project.doit().done("a")
    assert project.read("out") == "new!"
    project.doit().nothing()
    assert project.counts() == {"a": 2}


def test_a_large_input_that_is_left_alone_is_read_once_and_makes_nothing_stale(project):
    path = project.write("in", os.urandom(8 << 20))
    project.phases({name: {"run": "wc -c < in", "inputs": ["in"]} for name in "abc"}, jobs=3)
    project.doit().done("a", "b", "c")
    project.doit().nothing()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert project.query("select path, settled, sha256 from files") == [(b"in", 1, digest)]


def test_a_work_that_fails_does_not_wait_for_its_inputs(project):
    sparse(project.root / "in")
    project.phases({"a": {"run": "exit 3", "inputs": ["in"]}})
    project.doit().ended(1, "exit code 3")


def test_a_large_input_that_is_touched_by_its_work_settles_after_one_more_run(project):
    project.write("in", os.urandom(8 << 20))
    project.phases({"a": {"run": "echo a >> ran.txt; touch in", "inputs": ["in"]}})
    for _ in range(3):
        project.doit()
    project.doit().nothing()
    assert project.counts()["a"] <= 2


def test_a_file_criterion_holds_a_large_output_against_the_digest_that_the_gate_took(project):
    digest = hashlib.sha256(b"0123456789abcdef" * (1 << 18)).hexdigest()
    make = "import sys; open('out', 'wb').write(b'0123456789abcdef' * (1 << 18))"
    for wanted in (digest, "0" * 64):
        project.phases(
            {"a": {"run": [sys.executable, "-c", make], "outputs": ["out"]}}, {"a": [{"file": "out", "sha256": wanted}]}
        )
        ran = project.doit()
        if wanted == digest:
            ran.done("a")
        else:
            ran.ended(1, f"has sha256 {digest}, must be {wanted}")
