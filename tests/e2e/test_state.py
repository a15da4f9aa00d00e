"""What survives: kill -9, two runs at once, a damaged database, a plan that changes under a run."""

from __future__ import annotations

import os
import random

import pytest

SIXTEEN = {
    f"p{n}": {
        "run": f"echo p{n} >> ran.txt; echo half > build/{n}.txt; sleep 0.05; echo {n} > build/{n}.txt",
        "inputs": [f"build/{n - 1}.txt"] if n else [],
        "outputs": [f"build/{n}.txt"],
    }
    for n in range(16)
}
GATES = {name: [{"file": phase["outputs"][0]}] for name, phase in SIXTEEN.items()}


@pytest.mark.parametrize("jobs", [1, 3])
def test_kill_9_in_the_middle_of_a_phase_runs_nothing_finished_again(project, kill, wait_until, jobs):
    project.phases(SIXTEEN, GATES, jobs=jobs)
    run = project.start()
    wait_until(lambda: "p7" in project.counts())
    kill(run)
    started = max(int(name[1:]) for name in project.counts())
    project.doit().ended(0)
    again = {name for name, times in project.counts().items() if times > 1}
    assert len(again) <= 1
    assert all(int(name[1:]) >= started for name in again), "the next may have begun, and said so when nobody looked"
    assert project.query("pragma integrity_check") == [("ok",)]
    project.doit().nothing()


def test_kill_9_at_random_moments(project, kill):
    """Whatever the moment: done stays done, half-written stays undone, and the run ends well at last."""
    chance = random.Random(7)
    project.phases(SIXTEEN, GATES)
    finished: dict[str, int] = {}
    for _ in range(8):
        run = project.start()
        try:
            run.wait(chance.uniform(0.15, 0.6))
        except Exception:
            kill(run)
        if (project.root / ".doit.db").exists():
            recorded = {
                str(task) for (task,) in project.query("select task from records") if str(task).endswith(":run")
            }
            counts = project.counts()
            for task in recorded:
                name = task.removesuffix(":run")
                assert finished.setdefault(name, counts[name]) == counts[name], f"{name} ran again"
    project.doit().ended(0)
    assert [project.read(f"build/{n}.txt") for n in range(16)] == [f"{n}\n" for n in range(16)]


def test_a_half_written_output_does_not_count_under_always_execute_either(project, kill, wait_until):
    project.phases(
        {
            "a": {
                "run": "echo a >> ran.txt; echo half > a.txt; [ -e go ] || sleep 600; echo whole > a.txt",
                "outputs": ["a.txt"],
            }
        }
    )
    project.write("go", "")
    project.doit().done("a")
    (project.root / "go").unlink()
    run = project.start("-a")
    wait_until(lambda: project.read("a.txt") == "half\n")
    kill(run)
    project.write("go", "")
    project.doit().done("a")
    assert project.read("a.txt") == "whole\n"


def test_a_second_run_says_who_holds_the_lock(project, kill, wait_until):
    project.phases({"a": {"run": "echo a >> ran.txt; [ -e go ] || sleep 600"}})
    run = project.start()
    wait_until(lambda: "a" in project.counts() and project.journalled("attempt.started"))
    project.doit().ended(3, f"pid {run.pid}", "since", "wait for it, or stop it")
    project.doit("forget").ended(3, f"pid {run.pid}")
    assert project.status() == {"a": "running"}
    assert project.doit("list").code == 0
    kill(run)
    project.write("go", "")
    project.doit().done("a")


@pytest.mark.parametrize(
    "content",
    [b"", b"not a database at all, but long enough to be looked at as one" * 20, b"SQLite format 3\0" + b"\xff" * 4096],
    ids=["empty", "garbage", "broken header"],
)
def test_a_damaged_database_is_refused_with_the_remedy(project, content):
    project.phases({"a": {"run": "true"}})
    project.write(".doit.db", content)
    for command in ([], ["status"], ["forget"], ["list", "-s"], ["approve", "a"]):
        project.doit(*command).ended(3, ".doit.db", "mv .doit.db .doit.db.bad")
    assert (project.root / ".doit.db").read_bytes() == content
    (project.root / ".doit.db").rename(project.root / ".doit.db.bad")
    project.doit().done("a")


def test_a_database_cut_short_is_refused(project):
    project.phases(SIXTEEN, GATES).doit()
    path = project.root / ".doit.db"
    path.write_bytes(path.read_bytes()[:6000])
    project.doit().ended(3, "mv .doit.db .doit.db.bad")


def test_a_database_of_plain_doit_is_refused(project):
    project.phases({"a": {"run": "true"}})
    project.write("plain.py", "def task_x():\n    return {'actions': ['true']}\n")
    project.process("run", "--backend", "sqlite3", "-f", "plain.py", command=[*_plain()]).ended(0)
    project.doit().ended(3, "is not phasegate's")


def _plain() -> list[str]:
    import sys

    return [
        sys.executable,
        "-c",
        "import sys; from doit.doit_cmd import DoitMain; sys.exit(DoitMain(config_filenames=()).run(sys.argv[1:]))",
    ]


def test_a_damaged_plan_cache_is_rebuilt_without_a_word(project):
    project.phases({"a": {"run": "true"}}).doit().done("a")
    cache = project.root / ".doit/plan"
    good = cache.read_bytes()
    for bad in (b"", good[:50], good[:-1], good.replace(b"true", b"fals"), os.urandom(500)):
        cache.write_bytes(bad)
        project.doit("a").nothing()  # named, because a plain `doit` sees that all is done without the plan
    assert cache.read_bytes() == good


def test_a_run_uses_the_configuration_that_it_started_with(project, wait_until):
    slow = {"run": "echo a >> ran.txt; while [ ! -e go ]; do sleep 0.02; done; echo old > a.txt", "outputs": ["a.txt"]}
    project.phases({"a": slow, "b": {"run": "echo old > b.txt", "inputs": ["a.txt"], "outputs": ["b.txt"]}})
    run = project.start()
    wait_until(lambda: "a" in project.counts())
    project.phases({"a": slow, "b": {"run": "echo new > b.txt", "inputs": ["a.txt"], "outputs": ["b.txt"]}})
    project.write("go", "")
    assert run.wait(200) == 0
    assert project.read("b.txt") == "old\n"
    project.doit().done("b")
    assert project.read("b.txt") == "new\n"


def test_commands_that_only_look_write_nothing(project):
    project.phases({"a": {"run": "true"}})
    for command in (["list"], ["status"], ["info", "a"]):
        project.doit(*command)
    assert not (project.root / ".doit.db").exists()


def test_logs_of_old_runs_are_pruned(project):
    project.phases({"a": {"run": "true", "always": True}})
    for _ in range(3):
        project.doit()
    for n in range(30):
        (project.root / f".doit/logs/20000101T{n:06}-0000").mkdir()
    project.doit()
    assert len(list((project.root / ".doit/logs").iterdir())) == 20
