"""Defects that were found once: each has its test, so that it stays mended."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

COPY = "echo {n} >> ran.txt; cp {n}.in {n}.out"


def test_many_gates_at_once_keep_their_baselines_and_approvals(project):
    """A cache shared by threads lost both: gates opened that were to stay shut."""
    names = [f"p{n}" for n in range(60)]
    project.write("good.json", '{"mae": 10}')
    project.write("bad.json", '{"mae": 10}')
    phases, criteria = {}, {}
    for n, name in enumerate(names):
        source = "bad.json" if n % 3 == 0 else "good.json"
        phases[name] = {"run": f"cp {source} {name}.json", "inputs": [source], "outputs": [f"{name}.json"]}
        criteria[name] = [{"metric": "mae", "from": f"{name}.json", "at": "mae", "pass": "<= 1.02 * approved"}]
    project.phases(phases, criteria).doit("-n", "4").done(*names)
    project.write("bad.json", '{"mae": 1000}')
    project.write("good.json", '{"mae": 9.9}')
    ran = project.doit("-n", "4").ended(1)
    assert set(ran.lines("failed")) == {name for n, name in enumerate(names) if n % 3 == 0}, ran
    assert set(ran.lines("done")) == {name for n, name in enumerate(names) if n % 3}, ran


def test_one_vote_of_two_does_not_move_the_baseline(project):
    phase = {"a": {"run": "cp in.json out.json", "inputs": ["in.json"], "outputs": ["out.json"]}}
    metric = {
        "metric": "mae",
        "from": "out.json",
        "at": "mae",
        "pass": "<= 1.02 * approved",
        "review": "<= 5 * approved",
    }
    project.write("in.json", '{"mae": 10}')
    project.phases(phase, {"a": [metric]}, approval={"quorum": 2}).doit().done("a")
    project.write("in.json", '{"mae": 30}')
    project.doit().ended(4)
    project.doit("approve", "a").ended(0, "1 more must approve")
    project.doit().ended(4)
    project.doit("approve", "a", env={"LOGNAME": "grace"}).ended(0, "next: doit")
    project.doit().done("a")
    project.write("in.json", '{"mae": 30.5}')
    project.doit().done("a")


def test_reset_dep_cannot_open_a_gate(project):
    project.phases({"a": {"run": "echo hi > o", "outputs": ["o"], "approval": "manual"}})
    project.doit().ended(4)
    project.doit("reset-dep").ended(3, "only a run records what was built")
    project.doit("approve", "a")
    project.doit().done("a")
    project.write("o", "bad")
    project.doit("reset-dep").ended(3)
    project.doit().ended(4)


def test_an_expired_approval_can_be_given_again(project, move_clock):
    project.phases({"a": {"run": "echo a > o", "outputs": ["o"], "approval": {"expires": "7d"}}})
    project.doit()
    project.doit("approve", "a").ended(0)
    project.doit().done("a")
    move_clock(8)
    assert project.status() == {"a": "stale"}
    project.doit().ended(4)
    project.doit("approve", "a").ended(0)
    project.doit().done("a")


def test_an_approval_given_while_the_work_runs_counts_in_that_run(project, wait_until):
    work = (
        "echo a >> ran.txt; [ ! -e slow ] || while [ ! -e go ]; do sleep 0.02; done; cat in > /dev/null; echo same > o"
    )
    project.write("in", "1")
    project.phases({"a": {"run": work, "inputs": ["in"], "outputs": ["o"], "approval": "manual"}})
    project.doit().ended(4)
    project.write("in", "2")
    project.write("slow", "")
    run = project.start()
    wait_until(lambda: project.counts() == {"a": 2})
    project.doit("approve", "a").ended(0)
    project.write("go", "")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out


@pytest.mark.parametrize(
    ("args", "ran"),
    [
        (["a:run", "z"], {"a": 1, "z": 1}),
        (["m:run:1"], {"m1": 1}),
        (["m:run"], {"m1": 1, "m2": 1}),
        (["m:run:1", "m:run:2"], {"m1": 1, "m2": 1}),
        (["out/month=1/o"], {"z": 1}),
        (["out/month=1/o", "a"], {"z": 1, "a": 1}),
        (["d/inside"], {"d": 1}),
        (["a*", "z"], {"a": 1, "z": 1}),
    ],
)
def test_names_on_the_command_line(project, args, ran):
    project.phases(
        {
            "a": {"run": "echo a >> ran.txt"},
            "z": {"run": "echo z >> ran.txt; echo > out/month=1/o", "outputs": ["out/month=1/o"]},
            "m": {"run": "echo m{x} >> ran.txt", "matrix": {"x": [1, 2]}},
            "d": {"run": "echo d >> ran.txt; mkdir d; touch d/inside", "outputs": ["d"]},
        }
    )
    project.doit(*args).ended(0)
    assert project.counts() == ran
    again = project.doit(*args).ended(0)
    assert project.counts() == ran, again


def test_names_that_mean_nothing_are_refused_everywhere(project):
    project.phases({"a": {"run": "true", "outputs": []}})
    for name in ("q*", "a:nope", "nope:run"):
        for command in ([], ["status"], ["forget"]):
            project.doit(*command, name).ended(3, name)
    project.doit("forget", "x=y").ended(3, "is a variable to doit, and no phase")


def test_an_output_with_an_equals_sign_is_forgotten_alone(project):
    project.phases({"a": {"run": "echo > d=1", "outputs": ["d=1"]}, "b": {"run": "true"}}).doit()
    assert project.doit("forget", "d=1").ended(0).out == "forgetting a\n"
    assert project.status() == {"a": "pending", "b": "done"}


def test_a_matrix_tells_every_failure_and_status_remembers(project):
    project.phases({"m": {"matrix": {"x": ["A", "B", "C"]}, "run": "echo {x}; test {x} = C"}})
    ran = project.doit().ended(1, "m:run:A: ended with exit code 1", "m:run:B: ended with exit code 1")
    assert ran.lines("failed") == ["m"]
    assert project.status() == {"m": "failed"}
    assert "m:run:A ended with exit code 1 (permanent)" in project.doit("status").out


def test_folders_behind_links_belong_to_an_input_and_circles_end(project):
    project.write("real/x", "1")
    project.write("data/plain", "1")
    (project.root / "data/link").symlink_to("../real")
    (project.root / "real/up").symlink_to("..")
    project.phases(
        {
            "a": {"run": "echo a >> ran.txt", "inputs": ["data/link"]},
            "b": {"run": "echo b >> ran.txt", "inputs": ["real/x"]},
        }
    )
    project.doit()
    project.write("real/x", "2")
    project.doit()
    assert project.counts()["b"] == 2


def test_criteria_find_the_same_python_as_the_work(project):
    project.phases({"a": {"run": "python -c pass"}}, {"a": [{"command": "python -c 'import rich'"}]})
    project.doit(env={"PATH": "/usr/bin:/bin"}).done("a")


def test_clean_waits_for_nobody_and_disturbs_nobody(project, kill, wait_until):
    project.phases({"a": {"run": "echo a >> ran.txt; echo > o; [ -e go ] || sleep 600", "outputs": ["o"]}})
    run = project.start()
    wait_until(lambda: (project.root / "o").exists())
    project.doit("clean").ended(3, f"pid {run.pid}")
    assert (project.root / "o").exists()
    kill(run)


def test_clean_with_forget_ends_the_approval_too(project):
    project.phases({"a": {"run": "echo a > o", "outputs": ["o"], "approval": "manual"}})
    project.doit()
    project.doit("approve", "a")
    project.doit().done("a")
    project.doit("clean", "--forget").ended(0)
    project.doit().ended(4)


def test_an_empty_folder_is_an_input_like_any_other(project):
    (project.root / "empty").mkdir()
    project.phases({"a": {"run": "echo a >> ran.txt", "inputs": ["empty"]}}).doit().done("a")
    project.write("empty/x", "")
    project.doit().done("a")


def test_file_names_that_are_no_text(project):
    project.phases(
        {"a": {"run": "mkdir -p out; printf x > out/$(printf '\\377.txt')", "outputs": ["out"]}},
        {"a": [{"file": "out"}]},
    )
    project.doit().done("a")
    project.doit().nothing()
    (project.root / "out" / os.fsdecode(b"\xff.txt")).write_text("y")
    project.doit("status").ended(0, "changed")


def test_a_damaged_record_is_refused_with_the_remedy(project):
    project.phases({"a": {"run": "true"}}).doit()
    import sqlite3

    connection = sqlite3.connect(project.root / ".doit.db")
    connection.execute("update records set data = replace(data, 'true', 'tree')")
    connection.commit()
    connection.close()
    for command in ([], ["status"], ["list", "-s"]):
        project.doit(*command).ended(3, "is damaged", "mv .doit.db .doit.db.bad")


def test_own_tasks_in_dodo_py_fail_and_are_blocked_in_their_own_right(project):
    project.phases({"a": {"run": "echo > o", "outputs": ["o"], "approval": "manual"}})
    own = (
        "\ndef task_bad():\n    return {'actions': ['false']}\n"
        "def task_after():\n    return {'actions': ['touch after'], 'file_dep': ['o']}\n"
        "def task_good():\n    return {'actions': ['touch good'], 'targets': ['good'], 'uptodate': [True]}\n"
    )
    project.write("dodo.py", project.read("dodo.py") + own)
    project.doit("bad").ended(1, "failed   bad")
    project.doit("after").ended(4, "blocked  after by a")
    project.doit("good").ended(0)
    project.doit("approve", "a")
    project.doit("after").ended(0)
    assert (project.root / "after").exists()
    project.doit("forget", "good").ended(0, "forgetting good")


def test_what_dodo_py_makes_the_default_is_the_default(project):
    project.phases({"a": {"run": "echo a >> ran.txt"}, "b": {"run": "echo b >> ran.txt"}})
    project.write("dodo.py", project.read("dodo.py") + "\nDOIT_CONFIG['default_tasks'] = ['b']\n")
    project.doit().done("b")
    project.doit().nothing()
    assert project.counts() == {"b": 1}


def test_another_reporter_of_doit_has_the_output_for_itself(project):
    project.phases({"a": {"run": "true"}, "b": {"run": "false"}})
    ran = project.doit("-r", "json")
    assert ran.code == 1, ran
    results = {task["name"]: task["result"] for task in json.loads(ran.out)["tasks"]}
    assert results["a"] == "success"
    assert results["b:run"] == "fail"


def test_output_can_go_to_a_file(project):
    project.phases({"a": {"run": "true"}})
    assert project.doit("-o", "out.txt").ended(0).out == ""
    assert "1 done" in project.read("out.txt")


def test_started_from_elsewhere_doits_own_run_harms_nothing(project, tmp_path):
    project.phases({"a": {"run": "echo a >> ran.txt", "inputs": ["in"]}}).write("in", "1")
    project.doit().done("a")
    project.write("in", "2")
    ran = project.doit("-f", str(project.root / "dodo.py"), cwd=tmp_path)
    assert ran.code == 3, ran
    assert "start it in the project's folder" in ran.err
    assert project.doit("forget", "-f", str(project.root / "dodo.py"), cwd=tmp_path).code == 3
    assert project.status() == {"a": "stale"}


def test_another_file_for_the_state_is_refused(project):
    project.phases({"a": {"run": "true"}})
    for command in ([], ["list", "-s"], ["status"]):
        project.doit(*command, "--db-file", "x.db").ended(3, "leave --db-file out")


@pytest.mark.faults
def test_a_timeout_reaches_those_who_ignore_the_first_signal(project):
    """The short form is tests/faults/test_children.py, where a phase may be as late as it likes."""
    stubborn = "sh -c 'trap \"\" TERM; echo $$ > pid; sleep 600' & sleep 600"
    project.phases({"a": {"run": stubborn, "timeout": "3s"}}).grant_grace(0.5)
    project.doit().ended(1, "ran longer than its timeout")
    stat = Path(f"/proc/{project.read('pid').strip()}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_touched_input_is_read_once_and_then_known(project):
    project.write("in", "x" * 100)
    project.phases({"a": {"run": "true", "inputs": ["in"]}}).doit().done("a")
    (project.root / "in").touch()
    project.doit().nothing()
    [(signature,)] = project.query("select signature from files where path = cast('in' as blob)")
    status = (project.root / "in").stat()
    assert signature == f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def test_a_callable_keeps_the_paths_that_the_environment_names(project, tmp_path):
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra/helper.py").write_text("NAME = 'helped'\n")
    project.write("steps/use.py", "import helper, sys\ndef main():\n    print(helper.NAME, sys.argv[1:])\n")
    project.phases({"a": {"call": "steps.use:main"}})
    ran = project.doit("-v", "2", env={"PYTHONPATH": str(tmp_path / "extra"), "PYTHONSAFEPATH": "1"}).ended(0)
    assert "helped []" in ran.out


def test_a_failing_callable_shows_its_own_lines_alone(project):
    project.write("steps/bad.py", "def main():\n    raise ValueError('mine')\n")
    project.phases({"a": {"call": "steps.bad:main"}})
    ran = project.doit()
    assert ran.code == 1, ran
    assert "ValueError: mine" in ran.out
    assert "call_script.py" not in ran.out


def test_a_misspelt_file_in_config_is_noticed(project):
    project.phases({"a": {"run": "true"}})
    (project.root / "config/criteria.json").rename(project.root / "config/criterias.json")
    project.doit().ended(3, "there is no file 'criterias.json' in a plan; did you mean 'criteria'?")


def test_a_misspelt_file_that_comes_when_the_plan_was_compiled_is_noticed(project):
    project.phases({"a": {"run": "true"}})
    (project.root / "config/criteria.json").unlink()
    project.doit().done("a")
    project.doit().nothing()
    project.write("config/criterias.yaml", "a: [{file: nope}]\n")
    for args in ([], ["-a"], ["plan"], ["status"]):
        project.doit(*args).ended(3, "there is no file 'criterias.yaml' in a plan; did you mean 'criteria'?")
    (project.root / "config/criterias.yaml").rename(project.root / "config/criteria.yaml")
    project.doit().ended(1, "nope")


def test_a_long_chain_is_run_and_looked_at_in_linear_time(project):
    """By the depth alone: 1,100 phases in a row, which recursion or a list of ancestors for each would not survive."""
    phases = {
        f"p{n}": {"run": ["cp", f"{n}.txt", f"{n + 1}.txt"], "inputs": [f"{n}.txt"], "outputs": [f"{n + 1}.txt"]}
        for n in range(1100)
    }
    project.write("0.txt", "x")
    project.phases(phases).doit("p1099").ended(0)
    project.doit().nothing()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a private mount")
def test_a_read_only_tree_can_be_looked_at(project):
    import subprocess

    project.phases({"a": {"run": "true"}}).doit().done("a")
    script = f"mount --bind {project.root} {project.root} && mount -o remount,ro,bind {project.root} && doit status && doit list -s"
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    ran = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"cd / && {script.replace('doit', 'cd ' + str(project.root) + ' && doit')}"],
        env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in ran.stderr or "mount:" in ran.stderr:
        pytest.skip(f"no private mount here: {ran.stderr.strip()}")
    assert ran.returncode == 0, ran.stderr
    assert "test: done" in ran.stdout


def test_clean_means_what_the_other_commands_mean(project):
    project.phases(
        {
            "a": {"run": "echo > out/month=1/a", "outputs": ["out/month=1/a"]},
            "b": {"run": "mkdir -p dir/sub; echo > dir/sub/b", "outputs": ["dir"], "needs": ["a"]},
        }
    ).doit()
    project.doit("clean", "x=1").ended(3, "is a variable to doit")
    project.doit("clean", "z*").ended(3, "z*")
    project.doit("clean", "out/month=1/a").ended(0)
    assert (project.root / "dir/sub/b").exists()
    project.doit("a")
    project.doit("clean", "dir/sub/b").ended(0)
    assert not (project.root / "dir").exists()
    assert (project.root / "out/month=1/a").exists()
    project.doit()
    project.doit("clean", "-c", "b").ended(0)
    assert not (project.root / "out/month=1/a").exists()


def test_own_tasks_wait_for_the_gate_of_a_folder_that_they_read_from(project):
    project.phases({"b": {"run": "mkdir -p dir; echo x > dir/b", "outputs": ["dir"], "approval": "manual"}})
    own = "\ndef task_own():\n    return {'actions': ['cp dir/b own'], 'file_dep': ['dir/b'], 'targets': ['own']}\n"
    project.write("dodo.py", project.read("dodo.py") + own)
    project.doit("own").ended(4, "blocked  own by b")
    assert not (project.root / "own").exists()
    project.doit("approve", "b")
    project.doit("own").ended(0)
    assert project.read("own") == "x\n"
    project.doit("forget", "own").ended(0, "forgetting own")
    project.doit("clean", "own").ended(0)


def test_own_tasks_do_not_get_around_the_preflight(project, tmp_path):
    project.phases({"e": {"run": "echo > esc/x", "outputs": ["esc/x"]}, "k": {"run": "true"}})
    project.write(
        "dodo.py", project.read("dodo.py") + "\ndef task_own():\n    return {'actions': ['true'], 'task_dep': ['e']}\n"
    )
    project.doit("k").done("k")
    (tmp_path / "elsewhere").mkdir()
    (project.root / "esc").symlink_to(tmp_path / "elsewhere")
    project.doit("own").ended(3, "leaves the project")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_forgetting_a_work_alone_keeps_the_baseline_and_what_waits(project):
    phase = {"a": {"run": "cp in.json out.json", "inputs": ["in.json"], "outputs": ["out.json"]}}
    project.write("in.json", '{"m": 5}')
    project.phases(phase, {"a": [{"metric": "m", "from": "out.json", "at": "m", "pass": "<= 1.1 * approved"}]}).doit()
    project.doit("forget", "a:run").ended(0)
    project.write("in.json", '{"m": 50}')
    project.doit().ended(1, "<= 5.5 (1.1 * approved 5)")
    project.doit("forget", "a")
    project.doit().done("a")


@pytest.mark.parametrize("pattern", ["m:*", "m:run:*", "*:run:1"])
def test_patterns_reach_works(project, pattern):
    project.phases({"m": {"run": "echo m{x} >> ran.txt", "matrix": {"x": [1, 2]}}})
    project.doit(pattern).ended(0)
    assert "m1" in project.counts()


def test_a_negative_number_of_phases_at_a_time_is_refused(project):
    project.phases({"a": {"run": "true"}})
    project.doit("-n", "-1").ended(3, "0 or more")


def test_status_offers_an_approval_only_of_what_is_there(project):
    project.phases({"a": {"run": "echo a > o", "outputs": ["o"], "approval": "manual"}})
    project.doit().ended(4)
    assert project.status() == {"a": "waiting"}
    project.write("o", "other")
    assert project.status() == {"a": "pending"}
    project.doit("approve", "a").ended(3, "changed since it was judged")
    project.doit().ended(4)
    project.doit("forget", "a")
    [phase] = json.loads(project.doit("status", "--json").out)["phases"]
    assert (phase["state"], phase["digest"], phase["verdicts"]) == ("pending", None, [])


def test_options_for_the_output_hold_when_there_is_nothing_to_do(project):
    project.phases({"a": {"run": "true"}}).doit()
    assert project.doit("-o", "out.txt").ended(0).out == ""
    assert "nothing to do" in project.read("out.txt")
    assert json.loads(project.doit("-r", "json").ended(0).out)["tasks"] == []
    project.doit("-o", "nowhere/x").ended(3, "-o nowhere/x: No such file or directory")
    for place in ("dodo.py", "config/phases.json", ".doit.db"):
        before = (project.root / place).read_bytes()
        project.doit("-o", place).ended(3, f"-o {place} ", "name another file")
        assert (project.root / place).read_bytes() == before


def test_a_long_chain_can_be_cleaned(project):
    phases = {f"p{n}": {"run": "true", "needs": [f"p{n - 1}"] if n else []} for n in range(1200)}
    project.phases(phases)
    project.doit("clean", "-c", "p1199").ended(0)
    project.doit("clean").ended(0)


def test_a_link_to_the_project_does_not_bring_in_its_state(project):
    project.write("data/x", "1")
    (project.root / "data/up").symlink_to("..")
    project.phases({"a": {"run": "echo a >> ran.txt", "inputs": ["data"]}}).doit().done("a")
    project.doit().nothing()
