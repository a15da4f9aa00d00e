"""How much happens at the same time: jobs, and pools that works share."""

from __future__ import annotations

import time

import pytest

WORK = "sh mark.sh"
MARK = 'echo "+" >> marks; sleep 0.1; echo "-" >> marks\n'
"""A work that takes a moment, and says when it begins and ends."""
MEET = """
echo "+" >> marks
tries=0
while [ $(grep -c "+" marks) -lt $1 ]; do
    tries=$((tries + 1)); test $tries -lt 600 || exit 9
    sleep 0.05
done
sleep 0.1
echo "-" >> marks
"""
"""One that ends only when so many have begun: it fails where they may not be there together."""


def greatest_overlap(project) -> int:
    """How many works were going on at the same time, at most."""
    here = most = 0
    for mark in project.read("marks").split():
        here += 1 if mark == "+" else -1
        most = max(most, here)
    assert here == 0, "all have ended"
    return most


@pytest.fixture
def plan(project):
    """A plan with the two scripts."""

    def plan(phases, **orchestrator):
        project.write("mark.sh", MARK)
        project.write("meet.sh", MEET)
        return project.phases(phases, **orchestrator)

    return plan


def test_a_pool_of_one_lets_one_work_in_at_a_time_whatever_the_jobs(plan):
    """Across phases, and the works of a matrix."""
    gpu = {"run": WORK, "pools": {"gpu": 1}}
    project = plan({"a": gpu, "b": gpu, "slices": {**gpu, "matrix": {"fold": [1, 2, 3]}}}, pools={"gpu": 1})
    project.doit("-n", "4").done("a", "b", "slices")
    assert project.read("marks").split().count("+") == 5
    assert greatest_overlap(project) == 1


def test_a_pool_of_two_lets_two_in_and_who_takes_both_is_alone(plan):
    two = {"run": "sh meet.sh 2", "pools": {"licence": 1}}
    all_of_it = {
        "run": 'mkdir alone; test $(grep -c "+" marks) = $(grep -c -e - marks); sleep 0.1; rmdir alone',
        "pools": {"licence": 2},
    }
    late = {"run": "test ! -e alone; sh mark.sh", "pools": {"licence": 1}}
    project = plan({"a": two, "b": two, "both": all_of_it, "c": late, "d": late}, pools={"licence": 2}, jobs=4)
    project.doit().done("a", "b", "both", "c", "d")
    assert greatest_overlap(project) == 2


def test_who_waits_for_a_pool_lets_others_pass(plan):
    """`gpu_1` ends only when `plain` has begun, though `gpu_2` came before that."""
    project = plan(
        {
            "gpu_1": {"run": "sh meet.sh 2", "pools": {"gpu": 1}},
            "gpu_2": {"run": WORK, "pools": {"gpu": 1}},
            "plain": {"run": WORK},
        },
        pools={"gpu": 1},
        jobs=2,
    )
    project.doit().done("gpu_1", "gpu_2", "plain")


def test_a_work_may_take_of_several_pools(plan):
    project = plan(
        {
            "a": {"run": WORK, "pools": {"gpu": 1, "disk": 2}},
            "b": {"run": WORK, "pools": {"disk": 1}},
            "c": {"run": WORK, "pools": {"gpu": 1}},
        },
        pools={"gpu": 1, "disk": 2},
        jobs=3,
    )
    project.doit().done("a", "b", "c")
    assert greatest_overlap(project) <= 2


def test_as_many_run_as_there_are_jobs(plan):
    project = plan({f"p{number}": {"run": "sh meet.sh 3"} for number in range(6)}, jobs=3)
    project.doit().ended(0)
    assert greatest_overlap(project) == 3


def started(project) -> list[str]:
    """The phases of the newest run, in the order in which they started."""
    query = "select phase from journal where event = 'attempt.started' and run = (select max(run) from journal) order by seq"
    return [phase for (phase,) in project.query(query)]


def test_the_longest_chain_starts_first_by_its_phases_and_once_it_is_known_by_its_time(plan):
    # The two that start first end only when both have started. `long` takes longer than `first` and `second` together:
    # as long as it took until both were there, and a second more.
    together = "sh meet.sh 2; "
    longer = "until [ -e second ]; do sleep 0.05; done; sleep $(($(date +%s) - $(cat began) + 1)); "
    phases = {
        "a": {"run": together + "echo > a", "outputs": ["a"]},
        "b": {"run": together + "echo > b", "outputs": ["b"]},
        "first": {"run": together + "echo > first", "outputs": ["first"]},
        "second": {"run": "cat first > second", "inputs": ["first"], "outputs": ["second"]},
        "long": {"run": together + longer + "echo > long", "outputs": ["long"]},
    }
    project = plan(phases, jobs=2)
    for options, chosen in ([], {"a", "first"}), (["-a"], {"long"}):
        project.write("marks", "")
        project.write("began", str(int(time.time())))
        project.doit(*options).done(*phases)
        assert chosen <= set(started(project)[:2])


def test_one_job_does_the_phases_one_by_one_in_the_order_in_which_they_are_written(plan):
    phases = {name: {"run": f"echo > {name}", "outputs": [name]} for name in ("a", "b")}
    phases["c"] = {"run": "sleep 0.3; cat x > c", "inputs": ["x"], "outputs": ["c"]}
    phases["x"] = {"run": "echo > x", "outputs": ["x"]}
    project = plan(phases, jobs=1)
    for _ in range(2):
        run = project.doit("-a").done(*phases)
        assert started(project) == ["a", "b", "x", "c"]
        assert [line.split()[1] for line in run.out.splitlines() if line.startswith("done")] == ["a", "b", "x", "c"]
        began = "select phase, event from journal where event in ('attempt.started', 'gate.opened') and run = (select max(run) from journal) order by seq"
        assert [phase for phase, _ in project.query(began)] == ["a", "a", "b", "b", "x", "x", "c", "c"]


def test_one_job_brings_a_chain_to_its_end_before_it_begins_the_next(plan):
    phases = {}
    for chain in ("a", "b"):
        for n in range(3):
            needs = [f"{chain}{n - 1}"] if n else []
            phases[f"{chain}{n}"] = {"run": f"echo > {chain}{n}", "outputs": [f"{chain}{n}"], "needs": needs}
    project = plan(phases, jobs=1)
    project.doit().done(*phases)
    assert started(project) == list(phases)


@pytest.mark.parametrize(("jobs", "option", "most"), [(1, "2", 2), (4, "1", 1), (4, "0", 1), (1, None, 1)])
def test_the_option_goes_over_jobs(plan, jobs, option, most):
    """`-n 0` means, as in doit, that nothing happens at the same time."""
    script = f"sh meet.sh {most}" if most > 1 else WORK
    project = plan({f"p{number}": {"run": script} for number in range(4)}, jobs=jobs)
    project.doit(*([] if option is None else ["-n", option])).ended(0)
    assert greatest_overlap(project) == most


def test_works_of_a_matrix_are_jobs_each(plan):
    project = plan({"slices": {"matrix": {"fold": [1, 2, 3, 4]}, "run": "sh meet.sh 2"}}, jobs=2)
    project.doit().done("slices")
    assert greatest_overlap(project) == 2


def test_tasks_beside_the_plan_are_jobs_too(plan):
    """Tasks in dodo.py, which a worker thread of ours executes: at most `jobs` with the works of the plan."""
    project = plan({"a": {"run": "sh meet.sh 2"}, "b": {"run": "sh meet.sh 2"}}, jobs=2)
    own = "\n".join(f"def task_own{number}():\n    return {{'actions': ['sh meet.sh 2']}}\n" for number in range(4))
    project.write("dodo.py", project.read("dodo.py") + own)
    project.doit("own*", "a", "b").done("a", "b")
    assert project.read("marks").split().count("+") == 6
    assert greatest_overlap(project) == 2


def test_a_pool_that_is_not_there_is_refused(project):
    project.write("config/orchestrator.yaml", "pools: {gpu: 1, licence: 2}\n")
    project.write(
        "config/phases.yaml",
        "phases:\n  a:\n    run: echo a >> ran.txt\n    pools: {gpus: 1}\n"
        "  b: {run: echo b >> ran.txt, pools: {network: 2}}\n",
    )
    project.doit().ended(
        3,
        "config/phases.yaml:4:13: a takes of a pool 'gpus' that config/orchestrator.yaml does not have; did you mean 'gpu'?",
        "config/phases.yaml:5:39: b takes of a pool 'network' that config/orchestrator.yaml does not have; add pools: {network: 2} there",
    )
    assert project.counts() == {}


def test_more_of_a_pool_than_there_is_is_refused(project):
    """It would be waited for without end."""
    project.write("config/orchestrator.yaml", "pools: {gpu: 1}\n")
    project.write(
        "config/phases.yaml", "phases:\n  a: {run: echo a >> ran.txt}\n  b:\n    run: x\n    pools: {gpu: 2}\n"
    )
    project.doit().ended(
        3,
        "config/phases.yaml:5:18: b takes 2 of the pool 'gpu', which has 1; take fewer, or give gpu more in config/orchestrator.yaml",
    )
    assert project.counts() == {}


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "many"])
def test_how_many_is_a_whole_number(project, count):
    project.write("config/orchestrator.yaml", f"pools: {{gpu: {count}}}\n")
    project.write("config/phases.yaml", "phases:\n  a: {run: x}\n")
    project.doit().ended(3, "config/orchestrator.yaml:1:14: pools.gpu is", "a whole number of at least 1 belongs here")


def test_less_than_no_jobs_are_refused(project):
    project.phases({"a": {"run": "echo a >> ran.txt"}})
    project.doit("-n", "-1").ended(3, "-n -1")
    assert project.counts() == {}
