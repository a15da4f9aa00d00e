"""`executor: dask` as it is meant to be used: on a cluster that is there, and on one that doit starts."""

from __future__ import annotations

import json
import shutil
import signal
import sys

import pytest
from cluster_of_processes import ALONE, ONCE, worker_of

ON_DASK = {"executor": "dask"}


def test_works_run_on_the_workers_and_end_as_locally(project, shared_cluster, wait_until):
    project.phases(
        {
            "make": {"run": "echo made > a.txt; echo $CLUSTER_TEST; echo err >&2", "outputs": ["a.txt"]},
            "fails": {"run": "echo why; exit 3", "inputs": ["a.txt"]},
            "slow": {"run": "sleep 600", "timeout": "300ms"},
            "lazy": {"run": "true", "outputs": ["never.txt"]},
            "missing": {"run": ["no-such-program"]},
            "signal": {"run": "kill -9 $$"},
        },
        executor="dask",
        jobs=4,
        executors=shared_cluster.settings(),
        retry={"timeout": {"attempts": 1}},
    )
    ran = project.doit("-v2").ended(
        1,
        "fails:run | why",
        "ended with exit code 3",
        "ran longer than its timeout of 0.3 s",
        "did not make never.txt",
        "'no-such-program' was not found",
        "was ended by SIGKILL",
    )
    assert ran.lines("done") == ["make"], ran
    assert f"make:run | {shared_cluster.folder}" in ran.out, "it ran below a worker"
    assert "make:run | err" in ran.out
    log = next((project.root / ".doit/logs").glob("*/make.1.log"))
    assert log.read_text() == f"{shared_cluster.folder}\nerr\n"
    started = project.query("select data from journal where event = 'attempt.started' and phase = 'make'")
    assert json.loads(str(started[0][0]))["worker"].startswith("tcp://127.0.0.1:")
    wait_until(lambda: shared_cluster.commands() == [])


def test_a_callable_gets_the_workers_python_and_tells_its_exception(project, shared_cluster):
    project.write(
        "steps.py", "import sys\ndef ok(x):\n    print(sys.executable, x)\ndef bad():\n    raise KeyError('k')\n"
    )
    project.phases(
        {"ok": {"call": "steps:ok", "args": {"x": [1]}}, "bad": {"call": "steps:bad"}},
        executor="dask",
        executors=shared_cluster.settings(),
        errors=[{"exception": "KeyError", "class": "dependency"}],
    )
    ran = project.doit("-v2")
    for part in (f"{sys.executable} [1]", "KeyError: 'k'", "dependency: exception KeyError"):
        assert part in ran.out, ran
    assert ran.lines("done") == ["ok"]


def test_the_environment_is_the_workers_and_what_the_plan_says(project, cluster, wait_until):
    cluster.start_worker("three", "--resources", "A=1", env={"THEIRS": "worker"})
    wait_until(lambda: cluster.is_registered("three"))
    project.write(".env", "PASSWORD=open-sesame\n")
    shown = "echo [$MINE] [$THEIRS] [$PARAM_DEPTH] $TOKEN; echo $PHASEGATE_PHASE $PHASEGATE_ATTEMPT"
    own = {"env": {"TOKEN": "${PASSWORD}"}, "params": {"depth": 3}, "resources": {"A": 1}}
    project.phases({"a": {"run": shown, **own}}, executor="dask", executors=cluster.settings())
    ran = project.doit("-v2", env={"MINE": "doit"}).ended(0, "a:run | [] [worker] [3] ***", "a:run | a 1")
    assert "open-sesame" not in ran.out
    assert "open-sesame" not in next((project.root / ".doit/logs").glob("*/a.*.log")).read_text()


def test_single_phases_can_be_for_the_cluster(project, shared_cluster):
    project.phases(
        {"here": {"run": "echo [$CLUSTER_TEST]"}, "there": {"run": "echo [$CLUSTER_TEST]", **ON_DASK}},
        executors=shared_cluster.settings(),
    )
    ran = project.doit("-v2").done("here", "there")
    assert "here:run | []" in ran.out
    assert f"there:run | [{shared_cluster.folder}]" in ran.out


def test_moving_to_a_cluster_makes_nothing_stale(project, shared_cluster):
    phases = {"a": {"run": "echo a >> ran.txt"}}
    project.phases(phases).doit().done("a")
    project.phases(phases, executor="dask", executors=shared_cluster.settings()).doit().nothing()
    assert project.counts() == {"a": 1}


def test_much_output_arrives_whole_and_in_order(project, shared_cluster):
    lines = 40_000
    project.phases(
        {"a": {"run": f"seq {lines}; seq {lines} >&2", "timeout": 60}},
        executor="dask",
        executors=shared_cluster.settings(),
    )
    project.doit().done("a")
    log = next((project.root / ".doit/logs").glob("*/a.1.log")).read_text().split()
    assert log == [str(number) for number in range(1, lines + 1)] * 2


def test_a_resource_that_no_worker_has_fails_at_once(project, shared_cluster, wait_until):
    wait_until(lambda: shared_cluster.is_registered("one") and shared_cluster.is_registered("two"))
    project.phases(
        {"a": {"run": "true", "resources": {"GPU": 1}}}, executor="dask", executors=shared_cluster.settings()
    )
    project.doit().ended(1, "GPU: 1 is asked for, and the 2 workers have no resources", "config")


def test_a_resource_lets_one_work_in_at_a_time(project, cluster, wait_until):
    cluster.start_worker("gpu", "--resources", "GPU=1", threads=3)
    wait_until(lambda: cluster.is_registered("gpu"))
    alone = {"run": "mkdir alone; sleep 0.05; rmdir alone", "resources": {"GPU": 1}}
    project.phases(dict.fromkeys("abc", alone), executor="dask", jobs=3, executors=cluster.settings())
    project.doit().done("a", "b", "c")


def test_a_cluster_of_ones_own(project):
    project.phases(
        {
            **{f"p{n}": {"run": f"echo {n} > {n}.txt", "outputs": [f"{n}.txt"]} for n in range(4)},
            "gpu": {"run": "true", "resources": {"GPU": 1}},
        },
        executor="dask",
        jobs=3,
        executors={"dask": {"workers": 2, "resources": {"GPU": 1}}},
    )
    ran = project.doit().ended(0)
    assert len(ran.lines("done")) == 5
    assert ran.err == ""
    project.doit().nothing()


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.faults)])
def test_a_signal_ends_works_on_the_cluster_in_order(project, shared_cluster, wait_until, number):
    patient = "trap 'echo asked >> ran.txt; exit 1' TERM; echo up >> ran.txt; while :; do sleep 0.05 || true; done"
    project.phases({"a": {"run": patient}}, executor="dask", executors=shared_cluster.settings())
    run = project.start()
    wait_until(lambda: "up" in project.counts())
    run.send_signal(number)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 128 + number, out
    assert "stopped  a" in out
    assert "asked" in project.counts(), "TERM came first"
    wait_until(lambda: shared_cluster.commands() == [])
    assert project.status() == {"a": "pending"}


@pytest.mark.skipif(not shutil.which("flock"), reason="works take locks with flock(1)")
def test_kill_9_of_a_worker(project, cluster, outcomes, wait_until):
    """The short form of test_cluster_faults.py and test_cluster_storms.py: one accepted attempt for each phase. What a busy
    machine may do is lose a lease more than the one; that changes nothing of what is promised."""
    cluster.lease = 8
    plan = {
        f"p{n}": {"run": ALONE.format(name=f"p{n}") + f"echo {n} > {n}.txt", "outputs": [f"{n}.txt"]} for n in range(5)
    }
    plan["a"] = {"run": ALONE.format(name="a") + ONCE, "inputs": ["0.txt"]}
    project.phases(plan, executor="dask", jobs=2, executors=cluster.settings())
    run = project.start()
    wait_until(lambda: (project.root / "shell.pid").exists() and project.journalled("attempt.started", "a"))
    cluster.kill(worker_of(project, cluster, "a"))
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert "executed again: was lost with worker tcp://" in out
    for phase in plan:
        *lost, last = outcomes(phase)
        assert (set(lost) <= {"lost"}, last) == (True, "succeeded"), phase
    assert not (project.root / "twice.txt").exists(), "a second copy ran beside the first"
    wait_until(lambda: cluster.commands() == [])
    project.doit().nothing()
