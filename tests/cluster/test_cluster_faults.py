"""Whoever dies: one accepted attempt for each phase, none beside another, no orphans, and the run goes on or resumes.

Most of it takes seconds of waiting for a lease, which a machine that is busy enough also takes from healthy works: so it is
in the long suite. Its short forms are in test_cluster_runs.py (a worker is killed), test_keeper.py, test_lease.py and
test_placement.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from cluster_of_processes import ALONE, ONCE, SHORT, TREE, worker_of
from doit_project import DOIT

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not shutil.which("flock"), reason="works take locks with flock(1)"),
]


@pytest.fixture(autouse=True)
def short_leases(cluster):
    cluster.lease = SHORT


def start(project) -> subprocess.Popen[bytes]:
    """A run whose output goes to console.txt, where it can be looked at meanwhile."""
    with (project.root / "console.txt").open("ab") as console:
        return subprocess.Popen([DOIT], cwd=project.root, env=project.environment(), stdout=console, stderr=console)


def never_twice(project) -> None:
    assert not (project.root / "twice.txt").exists(), "a second copy ran beside the first"


def is_there(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for task in tasks for child in task.read_text().split()]


def test_a_frozen_worker(project, cluster, outcomes, hanging, wait_until):
    run, worker = hanging()
    os.kill(cluster.workers[worker].pid, signal.SIGSTOP)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert outcomes("a") == ["lost", "succeeded"]
    wait_until(lambda: cluster.commands() == [])  # although its worker is frozen
    os.kill(cluster.workers[worker].pid, signal.SIGCONT)
    never_twice(project)
    assert project.doit().nothing()


def test_a_worker_that_thaws_leaves_the_next_attempt_alone(project, cluster, outcomes, hanging, wait_until):
    """Both are on one machine, where it clears up after the attempt that was lost with it."""
    again = (
        "[ ! -e go ] || { touch again; until [ -e over ]; do sleep 0.05; done; exit 0; }; touch go; " + TREE + "wait"
    )
    run, worker = hanging(again)
    os.kill(cluster.workers[worker].pid, signal.SIGSTOP)
    wait_until((project.root / "again").exists)
    frozen = cluster.workers[worker].pid
    wait_until(lambda: children(frozen))  # its keeper has ended, and waits for it
    os.kill(frozen, signal.SIGCONT)
    wait_until(lambda: not children(frozen))
    project.write("over", "")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert outcomes("a") == ["lost", "succeeded"]
    never_twice(project)


def test_works_that_wait_for_a_frozen_worker_go_elsewhere(project, cluster, outcomes, hanging, wait_until):
    """The scheduler would leave them with it for five minutes."""
    project.write("go", "")
    wait_until(lambda: cluster.is_registered("one") and cluster.is_registered("two"))
    os.kill(cluster.workers["one"].pid, signal.SIGSTOP)
    plan = {f"p{n}": {"run": ALONE.format(name=f"p{n}")} for n in range(6)}
    project.phases(plan, executor="dask", jobs=6, executors=cluster.settings())
    project.doit().done(*plan)
    assert project.counts() == dict.fromkeys(plan, 1)
    os.kill(cluster.workers["one"].pid, signal.SIGCONT)
    never_twice(project)


def test_kill_9_of_the_scheduler_and_another_one_comes(project, cluster, outcomes, hanging):
    run, _ = hanging()
    cluster.kill_scheduler()
    for worker in cluster.workers.values():
        worker.wait(100)
    cluster.start_scheduler()
    cluster.start_worker("three")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert "the connection to the scheduler" in out
    assert outcomes("a") == ["lost", "succeeded"]
    never_twice(project)


def test_kill_9_of_the_scheduler_and_none_comes(project, cluster, outcomes, hanging, wait_until):
    run, _ = hanging(wait=3)
    cluster.kill_scheduler()
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 2, out
    assert "cannot be reached for 3 s" in out
    assert "Traceback" not in out
    wait_until(lambda: cluster.commands() == [])
    assert outcomes("a") == ["lost"]
    cluster.start_scheduler()
    cluster.start_worker("three")
    project.doit().done("a")
    never_twice(project)


def test_a_scheduler_that_freezes_while_a_work_runs(project, cluster, outcomes, hanging, wait_until):
    """Its connections stay up, and it answers nothing."""
    run, _ = hanging(wait=3)
    os.kill(cluster.scheduler.pid, signal.SIGSTOP)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 2, out
    assert "the connection to the scheduler" in out
    assert "cannot be reached for 3 s" in out
    assert "Traceback" not in out
    assert outcomes("a") == ["lost"]
    wait_until(lambda: cluster.commands() == [])


def test_a_scheduler_that_freezes_while_a_work_waits_for_a_worker(project, cluster, wait_until):
    for name in ("one", "two"):
        cluster.kill(name)
    wait_until(cluster.is_up)
    project.phases({"a": {"run": "true"}}, executor="dask", executors=cluster.settings(wait=15))
    run = start(project)
    wait_until(lambda: "has no worker" in project.read("console.txt"))
    os.kill(cluster.scheduler.pid, signal.SIGSTOP)
    assert run.wait(200) == 2
    said = project.read("console.txt")
    assert "the connection to the scheduler" in said
    assert "cannot be reached for 15 s" in said
    assert "Traceback" not in said


def test_kill_9_of_doit(project, cluster, outcomes, hanging, kill, wait_until):
    run, _ = hanging()
    kill(run)
    assert is_there(int(project.read("shell.pid"))), "the kill was for doit alone"
    ran = project.doit().done("a")
    assert "until nothing that a killed run started on the cluster runs any more" in ran.out
    assert outcomes("a") == ["interrupted", "succeeded"]
    never_twice(project)
    wait_until(lambda: cluster.commands() == [])


def test_kill_9_of_doit_in_the_middle_of_a_flood_leaves_the_worker_free(project, cluster, kill, wait_until):
    cluster.kill("two")
    project.phases({"a": {"run": "[ -e go ] || yes"}}, executor="dask", executors=cluster.settings())
    run = project.start()
    wait_until(lambda: any(log.stat().st_size > 1e6 for log in (project.root / ".doit/logs").glob("*/a.1.log")))
    kill(run)
    wait_until(lambda: cluster.commands() == [])
    project.write("go", "")
    project.doit().done("a")


def test_kill_9_of_doit_and_nobody_comes_back(cluster, hanging, kill, wait_until):
    run, _ = hanging()
    kill(run)
    wait_until(lambda: cluster.commands() == [])


def test_doit_that_was_stopped_for_long_finds_its_attempt_lost(project, cluster, outcomes, hanging, wait_until):
    run, _ = hanging()
    os.kill(run.pid, signal.SIGSTOP)
    wait_until(lambda: cluster.commands() == [])
    os.kill(run.pid, signal.SIGCONT)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert outcomes("a") == ["lost", "succeeded"]
    never_twice(project)


def test_a_reader_that_pauses_costs_no_work(project, cluster, outcomes, wait_until):
    """`doit -v 2 | less`: while nobody reads, doit cannot write, and the work waits as at a pipe."""
    lease = 4
    flood = f"(yes | head -c 2000000) & sleep {3 * lease}; touch survived; wait"
    project.phases(
        {"a": {"run": ALONE.format(name="a") + flood}}, executor="dask", executors=cluster.settings(lease=lease)
    )
    run = project.start("-v2")
    wait_until((project.root / "survived").exists)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out[-3000:]
    assert outcomes("a") == ["succeeded"]
    assert out.count("a:run | y") == 1_000_000
    never_twice(project)


def keepers(cluster) -> list[int]:
    return [int(line.split()[0]) for line in cluster.commands() if "keeper_script" in line]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_keeper_that_dies_or_freezes_takes_its_command_along(project, cluster, outcomes, hanging, number, wait_until):
    run, _ = hanging()
    (keeper,) = keepers(cluster)
    os.kill(keeper, number)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert outcomes("a") == ["lost", "succeeded"]
    never_twice(project)
    wait_until(lambda: cluster.commands() == [])


def test_a_work_that_kills_its_workers_is_not_executed_for_ever(project, cluster, outcomes, wait_until):
    cluster.start_worker("three")
    parent = "$(awk '/PPid/ {print $2}' /proc/$PPID/status)"  # the keeper's parent
    project.phases(
        {"a": {"run": ALONE.format(name="a") + f"kill -9 {parent}; sleep 600"}},
        executor="dask",
        executors=cluster.settings(),
    )
    ran = project.doit().ended(1, "3 attempts in a row were lost with their workers")
    assert outcomes("a") == ["lost", "lost", "failed"], ran
    never_twice(project)
    wait_until(lambda: cluster.commands() == [])


def test_the_log_of_a_work_can_be_followed(project, cluster, hanging, wait_until):
    run, _ = hanging("echo first; touch go; " + TREE + "wait")
    wait_until(lambda: "first" in next((project.root / ".doit/logs").glob("*/a.1.log")).read_text())
    ran = project.doit("logs", "a")
    assert "first" in ran.out, ran
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=200)
    wait_until(lambda: cluster.commands() == [])


def test_a_run_that_breaks_and_is_stopped_says_of_no_attempt_that_it_ended(project, cluster, outcomes, wait_until):
    """One is on a worker that is frozen: nobody knows what becomes of it before its lease is over. The run that comes
    next waits for that."""
    project.grant_grace(0.2)
    hurry = "\nimport orchestrator.session\n\norchestrator.session.LAST_WORDS = 0.2\n"
    project.write("dodo.py", project.read("dodo.py") + hurry)
    breaks = "until [ -e break ]; do sleep 0.05; done; for run in .doit/logs/*/; do mkdir $run/c.1.log; done; touch b"
    project.phases(
        {
            "a": {"run": ALONE.format(name="a") + ONCE},
            "b": {"run": breaks, "outputs": ["b"], "executor": "local"},
            "c": {"run": "true", "inputs": ["b"], "executor": "local"},
        },
        executor="dask",
        jobs=2,
        executors=cluster.settings(lease=600),
    )
    wait_until(lambda: cluster.is_registered("one") and cluster.is_registered("two"))
    run = start(project)
    wait_until(lambda: (project.root / "shell.pid").exists() and project.read("shell.pid").strip())
    os.kill(cluster.workers[worker_of(project, cluster)].pid, signal.SIGSTOP)
    project.write("break", "")
    wait_until(lambda: "failed   c " in project.read("console.txt"))
    run.send_signal(signal.SIGINT)
    assert run.wait(200) == 130, project.read("console.txt")
    assert outcomes("a") == []
    again = start(project)
    try:
        wait_until(lambda: "waiting 602 s, until nothing that a killed run started" in project.read("console.txt"))
    finally:
        again.kill()
        again.wait()
    never_twice(project)
