"""What runs, what does not, and why: the promises of docs/design.md, Two tasks, with the real doit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def step(name: str, *inputs: str, output: str | None = None, **more: object) -> dict[str, object]:
    """A phase that copies its inputs into its output and leaves its name in ran.txt."""
    output = output or f"build/{name}.txt"
    run = f"echo {name} >> ran.txt; cat {' '.join(inputs) or '/dev/null'} > {output}; echo {name} >> {output}"
    return {"title": name.upper(), "run": run, "inputs": list(inputs), "outputs": [output], **more}


@pytest.fixture
def chain(project):
    """Four phases: a ← src.txt, b ← a, c ← b, and d, which stands alone."""
    project.write("src.txt", "source\n")
    return project.phases(
        {
            "a": step("a", "src.txt"),
            "b": step("b", "build/a.txt"),
            "c": step("c", "build/b.txt"),
            "d": step("d"),
        },
        {name: [{"file": f"build/{name}.txt"}] for name in "abcd"},
    )


def test_first_run_runs_everything_and_the_second_nothing(chain):
    chain.doit().done("a", "b", "c", "d")
    chain.doit().nothing()
    assert chain.counts() == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_a_phase_runs_with_what_it_needs_and_no_more(chain):
    chain.doit("b").done("a", "b")
    chain.doit("b").nothing()
    chain.doit().done("c", "d")


def test_an_edited_input_runs_its_phase_and_what_follows_while_bytes_change(chain):
    chain.doit()
    chain.write("src.txt", "other\n")
    assert chain.status() == {"a": "stale", "b": "stale", "c": "stale", "d": "done"}
    chain.doit().done("a", "b", "c")


def test_identical_output_stops_the_wave(project):
    """b reads a's output, which is the same again: b is not run, its gate not judged."""
    project.write("src.txt", "one\n")
    phases = {
        "a": {"run": "echo a >> ran.txt; wc -l < src.txt > a.txt", "inputs": ["src.txt"], "outputs": ["a.txt"]},
        "b": step("b", "a.txt"),
    }
    project.phases(phases).doit().done("a", "b")
    project.write("src.txt", "two\n")
    project.doit()
    assert project.counts() == {"a": 2, "b": 1}


def test_touching_an_input_runs_nothing(chain):
    chain.doit()
    (chain.root / "src.txt").touch()
    chain.doit().nothing()


def test_an_edit_of_the_same_size_with_the_old_time_is_seen(chain):
    chain.doit()
    path = chain.root / "src.txt"
    before = path.stat()
    path.write_text("SOURCE\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    chain.doit().done("a", "b", "c")


def test_a_changed_definition_runs_the_phase(chain):
    chain.doit()
    phases = json.loads(chain.read("config/phases.json"))["phases"]
    phases["d"]["params"] = {"month": 2}
    chain.phases(phases, {name: [{"file": f"build/{name}.txt"}] for name in "abcd"})
    ran = chain.doit("status")
    assert "params changed: nothing → {'month': 2}" in ran.out, ran
    chain.doit()
    assert chain.counts() == {"a": 1, "b": 1, "c": 1, "d": 2}


def test_a_changed_threshold_judges_the_gate_and_runs_no_work(project):
    project.write("metrics.json", '{"mae": 14.2}')
    phases = {
        "m": {"run": "echo m >> ran.txt; cp metrics.json out.json", "inputs": ["metrics.json"], "outputs": ["out.json"]}
    }
    metric = {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 15"}
    project.phases(phases, {"m": [metric]}).doit().done("m")
    project.phases(phases, {"m": [{**metric, "pass": "<= 12"}]})
    project.doit().ended(1, "mae 14.2, must be <= 12 (out.json: mae)")
    project.phases(phases, {"m": [{**metric, "pass": "<= 14.5"}]})
    project.doit().done("m")
    assert project.counts() == {"m": 1}


def test_an_edited_output_shuts_its_gate_and_makes_the_rest_stale(chain):
    chain.doit()
    chain.write("build/a.txt", "")
    ran = chain.doit("status")
    assert "build/a.txt changed" in ran.out, ran
    assert chain.status() == {"a": "stale", "b": "stale", "c": "stale", "d": "done"}
    chain.doit().ended(1, "build/a.txt is empty", "doit forget a")
    assert chain.counts() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert chain.status() == {"a": "failed", "b": "blocked", "c": "blocked", "d": "done"}
    chain.doit("forget", "a")
    chain.doit()
    assert chain.counts()["a"] == 2
    chain.doit().nothing()


def test_a_missing_output_is_made_again(chain):
    chain.doit()
    (chain.root / "build/b.txt").unlink()
    chain.doit()
    assert chain.counts() == {"a": 1, "b": 2, "c": 1, "d": 1}
    chain.doit().nothing()


def test_a_failed_phase_blocks_what_needs_it_and_nothing_else(project):
    project.phases(
        {
            "bad": {"title": "Bad", "run": "echo to be read; exit 3", "outputs": ["bad.txt"]},
            "after": step("after", "bad.txt"),
            "later": step("later", "build/after.txt"),
            "other": step("other"),
        }
    )
    ran = project.doit().ended(1, "ended with exit code 3", "| to be read", "log: .doit/logs/")
    assert ran.lines("failed") == ["bad"]
    assert ran.lines("blocked") == ["after", "later"]
    assert [line for line in ran.out.splitlines() if line.startswith("blocked")][1].endswith("by bad"), ran
    assert ran.lines("done") == ["other"]
    assert project.counts() == {"other": 1}


def test_a_blocked_phase_that_was_done_is_not_run_again_when_the_way_is_free(project):
    """doit forgets the record of a blocked task; ours must not."""
    project.write("limit.txt", "5")
    gate = {"command": "test $(cat limit.txt) -lt 10"}
    phases = {"a": step("a"), "b": step("b", "build/a.txt")}
    project.phases(phases, {"a": [gate]}).doit().done("a", "b")
    project.write("limit.txt", "50")
    project.phases(phases, {"a": [{**gate, "name": "limit"}]})
    assert project.doit().ended(1).lines("blocked") == ["b"]
    project.write("limit.txt", "5")
    project.doit()
    assert project.counts() == {"a": 1, "b": 1}


def test_work_that_does_not_make_its_output_fails(project):
    project.phases({"a": {"run": "true", "outputs": ["out/a.txt"]}})
    project.doit().ended(1, "ended with exit code 0 but did not make out/a.txt")


def test_no_continue_stops_at_the_first_failure(project):
    project.phases({"bad": {"run": "exit 1"}, "other": step("other")})
    project.doit("--no-continue").ended(1)
    assert project.counts() == {}


def test_needs_orders_but_does_not_make_stale(project):
    project.write("src.txt", "1")
    project.phases({"first": step("first", "src.txt"), "second": step("second", needs=["first"])}, jobs=4)
    project.doit()
    assert project.read("ran.txt").split() == ["first", "second"]
    project.write("src.txt", "2")
    project.doit()
    assert project.counts() == {"first": 2, "second": 1}


def test_always_runs_every_time_and_only_itself(project):
    project.phases(
        {
            "probe": {"run": "echo probe >> ran.txt; echo same > p.txt", "outputs": ["p.txt"], "always": True},
            "use": step("use", "p.txt"),
        }
    )
    project.doit()
    project.doit()
    assert project.counts() == {"probe": 2, "use": 1}
    assert project.status() == {"probe": "done", "use": "done"}


def test_a_phase_without_inputs_and_outputs_runs_once(project):
    project.phases({"once": {"run": "echo once >> ran.txt"}}).doit().done("once")
    project.doit().nothing()


def test_folders_and_globs_are_inputs_and_outputs(project):
    project.write("sql/a.sql", "a").parent.joinpath("b.sql").write_text("b")
    phases = {
        "split": {
            "run": "echo split >> ran.txt; mkdir -p out/parts; cp sql/*.sql out/parts/",
            "inputs": ["sql/*.sql"],
            "outputs": ["out/parts"],
        },
        "join": {
            "run": "echo join >> ran.txt; cat out/parts/* > all.txt",
            "inputs": ["out/parts/*.sql"],
            "outputs": ["all.txt"],
        },
        "show": {"run": "echo show >> ran.txt; ls out > list.txt", "inputs": ["out"], "outputs": ["list.txt"]},
    }
    project.phases(phases, {"split": [{"file": "out/parts"}]}).doit().done("split", "join", "show")
    project.doit().nothing()
    project.write("sql/c.sql", "c")
    ran = project.doit("status")
    assert "sql/c.sql is new" in ran.out, ran
    project.doit()
    assert project.counts() == {"split": 2, "join": 2, "show": 2}
    (project.root / "out/parts/c.sql").unlink()
    assert "out/parts/c.sql is gone" in project.doit("status").out
    project.doit()
    assert project.counts()["split"] == 2


def test_a_matrix_has_one_work_for_each_combination_and_one_gate(project):
    project.phases(
        {
            "slices": {
                "matrix": {"carrier": ["AA", "UA"], "year": [2012, 2013]},
                "run": "echo {carrier}{year} >> ran.txt; echo '{\"n\": '$PARAM_YEAR'}' > build/{carrier}-{year}.json",
                "outputs": ["build/{carrier}-{year}.json"],
            },
            "all": step("all", "build/*.json", output="all.txt"),
        },
        {
            "slices": [
                {"metric": "n_{carrier}_{year}", "from": "build/{carrier}-{year}.json", "at": "n", "pass": ">= 2012"}
            ]
        },
    )
    project.doit().done("slices", "all")
    assert project.counts() == {"AA2012": 1, "AA2013": 1, "UA2012": 1, "UA2013": 1, "all": 1}
    assert len(json.loads(project.doit("status", "--json").out)["phases"][0]["verdicts"]) == 4
    (project.root / "build/UA-2013.json").unlink()
    project.doit()
    assert project.counts()["UA2013"] == 2
    assert project.counts()["AA2012"] == 1
    assert "slices:run:UA:2013" in project.doit("list", "--all").out


def test_selection_by_output_by_pattern_and_by_work(chain):
    chain.doit("build/b.txt").done("a", "b")
    chain.doit("./build/b.txt").nothing()
    chain.doit("*d").done("d")
    assert chain.doit("c:run").ended(0).lines("ran") == ["c"]
    chain.doit().done("c")
    assert chain.counts()["c"] == 1


def test_unknown_names_are_refused(chain):
    chain.doit("nosuch").ended(3, '"nosuch"')
    chain.doit("status", "nosuch").ended(3, '"nosuch"')
    chain.doit("forget", "nosuch").ended(3, '"nosuch"')


def test_always_execute_runs_everything_again(chain):
    chain.doit()
    chain.doit("-a").done("a", "b", "c", "d")
    assert chain.counts() == {"a": 2, "b": 2, "c": 2, "d": 2}


def test_single_runs_a_phase_without_what_it_needs(chain):
    chain.doit()
    chain.write("src.txt", "new")
    chain.doit("-s", "c").ended(0)
    assert chain.counts() == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_forget_resets_a_phase_or_the_plan(chain):
    chain.doit()
    chain.doit("forget", "d").ended(0, "forgetting d")
    chain.doit().done("d")
    chain.doit("forget", "-s", "b")
    chain.doit()
    assert chain.counts() == {"a": 2, "b": 2, "c": 1, "d": 2}
    chain.doit("forget").ended(0)
    assert set(chain.status().values()) == {"pending"}
    chain.doit().done("a", "b", "c", "d")


def test_clean_removes_outputs_folders_too(project):
    project.phases({"a": {"run": "mkdir -p out/d; touch out/d/x", "outputs": ["out/d"]}}).doit().done("a")
    assert "out/d" in project.doit("clean", "-n").out
    assert (project.root / "out/d/x").exists()
    project.doit("clean").ended(0)
    assert not (project.root / "out/d").exists()
    project.doit().done("a")


def test_list_shows_phases_and_info_says_why(chain):
    assert chain.doit("list").out.split() == ["a", "A", "b", "B", "c", "C", "d", "D"]
    chain.doit()
    assert chain.doit("info", "a").code == 0
    chain.write("src.txt", "x")
    assert "src.txt changed" in chain.doit("info", "a:run").out


def test_ignore_skips_until_forget(chain):
    chain.doit("ignore", "a")
    ran = chain.doit().ended(0)
    assert ran.lines("done") == ["d"], ran
    assert "a" in ran.lines("skipped")
    chain.doit("forget", "a")
    chain.doit().done("a", "b", "c")


def test_parallel_runs_are_the_same(chain):
    chain.doit("-n", "4").done("a", "b", "c", "d")
    chain.doit("-n", "4").nothing()


def test_output_goes_to_a_log_and_when_asked_to_the_terminal(project):
    project.phases({"talk": {"run": "echo out; echo err >&2; printf 'no newline'"}})
    ran = project.doit("-v", "2")
    assert [line for line in ran.out.splitlines() if line.startswith("talk:run | ")] == [
        "talk:run | out",
        "talk:run | err",
        "talk:run | no newline",
    ], ran
    logs = list((project.root / ".doit/logs").rglob("talk.1.log"))
    assert [log.read_text() for log in logs] == ["out\nerr\nno newline"]


def test_an_input_edited_while_the_work_runs_is_not_recorded_as_built(project):
    project.write("src.txt", "before")
    project.phases(
        {
            "a": {
                "run": "cat src.txt > out.txt; echo after > src.txt; echo a >> ran.txt",
                "inputs": ["src.txt"],
                "outputs": ["out.txt"],
            }
        }
    )
    project.doit().done("a")
    assert project.status() == {"a": "stale"}
    project.doit()
    assert project.counts() == {"a": 2}


def test_a_callable_runs_in_its_own_interpreter_and_its_module_is_an_input(project):
    module = "import os, sys\ndef main(month, who):\n    print(os.getpid())\n    open('out.txt', 'w').write(f'{month} {who} {os.environ[\"PARAM_X\"]}')\n"
    project.write("steps/build.py", module)
    project.phases(
        {
            "c": {
                "call": "steps.build:main",
                "args": {"month": 1, "who": "me"},
                "params": {"x": True},
                "outputs": ["out.txt"],
            }
        }
    )
    project.doit().done("c")
    assert project.read("out.txt") == "1 me true"
    project.doit().nothing()
    project.write("steps/build.py", module.replace("month}", "month} of"))
    assert "steps/build.py changed" in project.doit("status").out
    project.doit().done("c")
    assert project.read("out.txt") == "1 of me true"


def test_a_list_is_executed_without_a_shell_and_cwd_env_and_params_arrive(project):
    project.write("sub/here.txt", "")
    run = [
        "python",
        "-c",
        "import os, sys; print(os.listdir('.'), sys.argv[1], os.environ['A'], os.environ['PARAM_N'], os.environ['PHASEGATE_PHASE'])",
        "$HOME *",
    ]
    project.phases({"l": {"run": run, "cwd": "sub", "env": {"A": "b"}, "params": {"n": 3}}})
    assert "l:run | ['here.txt'] $HOME * b 3 l" in project.doit("-v", "2").out


def test_a_command_that_is_not_there_is_a_failure_with_its_name(project):
    project.phases({"l": {"run": ["no-such-program", "x"]}})
    project.doit().ended(1, "'no-such-program' was not found; is it installed, and on PATH?")


def test_timeout_ends_the_work_and_its_children(project):
    project.phases({"slow": {"run": "sleep 600 & echo $! > child.pid; sleep 600", "timeout": "3s"}})
    project.doit().ended(1, "ran longer than its timeout of 3 s and was ended")
    stat = Path(f"/proc/{project.read('child.pid').strip()}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_user_task_in_dodo_py_stands_beside_the_plan(chain):
    chain.write(
        "dodo.py",
        chain.read("dodo.py")
        + "\ndef task_hello():\n    return {'actions': ['echo hello > hello.txt'], 'file_dep': ['build/a.txt'], 'targets': ['hello.txt']}\n",
    )
    chain.doit("hello").ended(0)
    assert chain.read("hello.txt") == "hello\n"
    assert chain.counts() == {"a": 1}
    chain.doit().done("b", "c", "d")


def test_with_output_a_phase_is_done_before_what_needs_it_prints(project):
    names = [f"p{n}" for n in range(30)]
    project.phases(
        {name: {"run": f"echo printed by {name}", "needs": names[n - 1 : n]} for n, name in enumerate(names)}
    )
    ran = project.doit("-v", "2").done(*names)
    told = [line.split()[1] if line.startswith("done") else line.split(":")[0] for line in ran.out.splitlines()[:-1]]
    assert told == [name for name in names for _ in range(2)], ran
