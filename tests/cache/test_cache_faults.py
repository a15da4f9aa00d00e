"""Kills, damage, several jobs at once and a cache that hangs: never a wrong output, and never a run that fails for it."""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import time

import pytest

COUNT = 8
PLAN = {
    f"p{number}": {
        "run": f"echo p{number} >> ran.txt; mkdir -p out/{number}; for i in 1 2 3; do"
        f" head -c 200000 /dev/zero | tr '\\0' {number} > out/{number}/$i; echo $i >> out/{number}/$i; done",
        "inputs": [f"out/{number - 1}"] if number else ["in.txt"],
        "outputs": [f"out/{number}"],
    }
    for number in range(COUNT)
}


@pytest.fixture
def new(new_project):
    def new(name, **cache):
        project = new_project(name).phases(PLAN, cache={"url": "../shared", **cache})
        project.write("in.txt", "in")
        return project

    return new


def contents(project):
    return {str(p.relative_to(project.root)): p.read_bytes() for p in (project.root / "out").rglob("*") if p.is_file()}


@pytest.fixture
def expected(new):
    project = new("expected")
    project.doit("--no-cache").done(*PLAN)
    return contents(project)


def test_a_damaged_entry_is_told_not_used_and_replaced(new, tmp_path, expected):
    new("one").doit()
    shared = tmp_path / "shared" / "v1"
    for number, path in enumerate(sorted(shared.glob("contents/*/*"))[:3]):
        path.write_bytes(path.read_bytes()[:-1] + b"?" if number else b"")
    other = new("other")
    ran = other.doit().done(*PLAN)
    assert 0 < len(other.counts()) <= 3
    assert ran.out.count("is not used: the content of") == len(other.counts())
    assert contents(other) == expected
    third = new("third")
    assert "note" not in third.doit().done(*PLAN).out
    assert third.counts() == {}
    assert contents(third) == expected


def test_a_reader_without_leave_to_write_runs_what_is_damaged(new, tmp_path, expected):
    new("one").doit()
    for path in (tmp_path / "shared" / "v1" / "works").glob("*/*"):
        path.write_bytes(b"{}")
    other = new("other", write=False)
    other.doit().done(*PLAN)
    assert len(other.counts()) == COUNT
    assert contents(other) == expected


def kills(new, kill, wait_until, expected, tmp_path, times, *, restoring):
    """Kill a run that fills the cache, or one that restores from it; what comes after must be right."""
    chance = random.Random(7)
    for number in range(times):
        shared = tmp_path / "shared"
        shutil.rmtree(shared, ignore_errors=True)
        if restoring:
            new(f"source{number}").doit().done(*PLAN)
        victim = new(f"victim{number}")
        process = victim.start()
        wait_until((victim.root / ".doit.db").exists)
        time.sleep(chance.uniform(0.0, 0.4))  # the moment is the matter here: nobody could be asked for it
        kill(process)
        process.stdout.close()
        after = new(f"after{number}")
        assert "is not used" not in after.doit().done(*PLAN).out
        assert contents(after) == expected
        victim.doit().ended(0)
        assert contents(victim) == expected
        assert not any((victim.root / ".doit" / "incoming").glob("*"))
        for name in ("source", "victim", "after"):
            shutil.rmtree(tmp_path / f"{name}{number}", ignore_errors=True)


@pytest.mark.parametrize("restoring", [False, True], ids=["while it fills the cache", "while it restores"])
def test_a_kill_leaves_nothing_wrong(new, kill, wait_until, expected, tmp_path, restoring):
    kills(new, kill, wait_until, expected, tmp_path, 3, restoring=restoring)


@pytest.mark.faults
@pytest.mark.parametrize("restoring", [False, True], ids=["while it fills the cache", "while it restores"])
def test_50_kills_leave_nothing_wrong(new, kill, wait_until, expected, tmp_path, restoring):
    kills(new, kill, wait_until, expected, tmp_path, 50, restoring=restoring)


def test_jobs_that_run_at_once_share_without_harm(new, expected):
    jobs = [new(f"job{number}") for number in range(3)]
    processes = [job.start() for job in jobs]
    for process in processes:
        out, _ = process.communicate(timeout=200)
        assert process.returncode == 0, out
    for job in jobs:
        assert contents(job) == expected
    last = new("last")
    assert "note" not in last.doit().done(*PLAN).out
    assert last.counts() == {}
    assert contents(last) == expected


@pytest.fixture
def deaf():
    """A server that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.settimeout(60)
        yield server


def hanging(deaf, **more):
    options = {"endpoint_url": f"http://127.0.0.1:{deaf.getsockname()[1]}", "key": "k", "secret": "s"}
    return {"url": "s3://bucket/x", "options": options, "timeout": "1s", "wait": "1s", **more}


@pytest.mark.usefixtures("s3fs")
def test_a_cache_that_hangs_is_asked_once(new, deaf, expected, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    project = new("one", **hanging(deaf))
    ran = project.doit().done(*PLAN)
    assert "this run goes on without the cache: s3://bucket/x did not answer within 1 s" in ran.out
    assert ran.out.count("did not answer") <= 2
    assert contents(project) == expected


@pytest.mark.usefixtures("s3fs")
def test_a_stop_does_not_wait_for_a_cache_that_hangs(new, deaf, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    project = new("one", **hanging(deaf, timeout="10m", wait="10m"))
    process = project.start()
    connection, _ = deaf.accept()
    with connection:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=200)
    assert process.returncode == 130, out
    assert project.counts() == {}
    assert "Traceback" not in out
    [(ended,)] = project.query("select data from journal where event = 'run.ended'")
    assert json.loads(ended)["ends"].keys() <= {"stopped"}


@pytest.mark.parametrize("interrupted", [False, True], ids=["for as long as it may take", "until it is interrupted"])
@pytest.mark.usefixtures("s3fs")
def test_nobody_waits_for_a_cache_that_hangs_once_the_run_has_ended(new, deaf, monkeypatch, wait_until, interrupted):
    """Not either for the threads that put something there, which Python joins before it ends."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    wait = "10m" if interrupted else "1s"
    project = new("one", **hanging(deaf, timeout="10m", wait=wait, read=False, approvals=False))
    process = project.start()
    try:
        if interrupted:
            wait_until(lambda: project.journalled("run.ended"))
            process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode == (130 if interrupted else 0), out
    assert interrupted or "not put into the cache: p0, " in out
    assert "Traceback" not in out
    assert set(project.status().values()) == {"done"}


def test_an_output_that_is_too_large_for_the_disk_is_not_brought(new, tmp_path):
    """What the entry says is held against the room there is, before anything is brought."""
    import hashlib

    from orchestrator.plan import canonical

    new("one").doit()
    for path in (tmp_path / "shared" / "v1" / "works").glob("*/*"):
        body = json.loads(path.read_bytes())
        del body["checksum"]
        body["files"][0][2] = 2**52
        body["checksum"] = hashlib.sha256(canonical(body).encode()).hexdigest()
        path.write_text(canonical(body))
    other = new("other")
    other.doit().done(*PLAN).ended(0, "there is no room here for its")
    assert len(other.counts()) == COUNT
