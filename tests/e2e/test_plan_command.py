"""`doit plan`: what it says, what it refuses, and that it leaves every byte and every time as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHAIN = {
    "fetch": {"title": "Fetch", "run": "cp in/a out/a", "inputs": ["in/a"], "outputs": ["out/a"], "params": {"n": 1}},
    "tidy": {"run": "cp out/a out/b", "inputs": ["out/a"], "outputs": ["out/b"], "approval": "manual"},
    "train": {"run": "cp out/b out/c", "inputs": ["out/b"], "outputs": ["out/c"]},
    "beside": {"run": "true", "inputs": ["in/b"]},
}


@pytest.fixture(scope="module")
def kept():
    """The one project that all copies are made of."""
    return []


@pytest.fixture
def chain(project, kept, tmp_path, tmp_path_factory):
    """Four phases, done; `tidy` was approved by a person."""
    if not kept:
        first = type(project)(tmp_path_factory.mktemp("chain"))
        first.write("in/a", "1")
        first.write("in/b", "1")
        first.phases(CHAIN, {"fetch": [{"metric": "v", "from": "out/a", "at": r"\d+", "pass": "<= 5"}]})
        first.doit().ended(4)
        first.doit("approve", "tidy").ended(0)
        first.doit().ended(0)
        kept.append(first)
    shutil.copytree(kept[0].root, tmp_path / "copy")
    return type(project)(tmp_path / "copy")


def told(project, *args: str) -> dict:
    """What it says, with each phase under its name."""
    ran = project.doit("plan", "--json", *args).ended(0)
    data = json.loads(ran.out)
    return {**data, "steps": {step["phase"]: step for step in data["phases"]}}


def actions(project, *args: str) -> dict[str, str]:
    return {name: step["action"] for name, step in told(project, *args)["steps"].items()}


def reasons(step: dict) -> list[tuple[str, str]]:
    return [(reason["kind"], reason["detail"]) for reason in step["reasons"]]


# -- what it says -------------------------------------------------------------------------------------------------


def test_where_nothing_is_to_do_it_says_so(chain):
    assert set(actions(chain).values()) == {"skip"}
    assert chain.doit("plan").ended(0).out == "test: 4 up to date\n"
    chain.doit().nothing()


def test_it_shows_what_is_up_to_date_where_that_is_asked_for(chain):
    assert chain.doit("plan", "--all").out.count("skip ") == 4
    assert chain.doit("plan", "fetch").out.splitlines() == ["skip     fetch  Fetch", "test: 1 up to date"]


def test_every_reason_is_told_not_only_the_first(chain):
    chain.write("in/a", "2")
    chain.write("in/more", "new")
    (chain.root / "out/a").unlink()
    fetch = {**CHAIN["fetch"], "params": {"n": 2}, "inputs": ["in/a", "in/more"]}
    chain.phases({**CHAIN, "fetch": fetch}, {"fetch": [{"file": "out/a"}]})
    assert reasons(told(chain)["steps"]["fetch"]) == [
        ("definition", "params changed: {'n': 1} → {'n': 2}"),
        ("output", "out/a is missing"),
        ("input", "in/a changed"),
        ("input", "in/more is new"),
        ("criteria", "criteria changed"),
        ("content", "out/a is missing"),
    ]


def test_what_follows_from_a_change_is_told_as_what_may_follow(chain):
    """`tidy` runs only if `fetch` makes other bytes; then it waits, because nobody has seen those."""
    chain.write("in/a", "2")
    data = told(chain)
    steps = data["steps"]
    assert {name: (step["action"], step["may"], step["gate"]) for name, step in steps.items()} == {
        "fetch": ("run", False, "open"),
        "tidy": ("run", True, "waiting"),
        "train": ("blocked", False, None),
        "beside": ("skip", False, "open"),
    }
    assert reasons(steps["tidy"]) == [("upstream", "fetch runs, and makes out/a")]
    assert [steps[name]["rests_on"] for name in CHAIN] == [[], ["fetch"], ["tidy"], []]
    assert data["exit_code"] == 4
    chain.doit().ended(4)


def test_a_gate_that_nobody_can_open_blocks_for_certain(chain):
    """Nothing that `fetch` makes was ever approved: whatever it is, `tidy` waits."""
    chain.doit("forget", "tidy").ended(0)
    steps = told(chain)["steps"]
    assert (steps["tidy"]["action"], steps["tidy"]["gate"]) == ("run", "waiting")
    assert (steps["train"]["action"], steps["train"]["rests_on"]) == ("blocked", [])


def test_bytes_that_come_back_find_their_approval(chain):
    """An output that is edited and put back is judged again, and nobody is asked."""
    chain.write("out/b", "7")
    assert told(chain)["steps"]["tidy"]["action"] == "wait"
    chain.doit().ended(4)
    chain.write("out/b", "1")
    steps = told(chain)["steps"]
    assert (steps["tidy"]["action"], steps["tidy"]["gate"]) == ("judge", "open")
    assert steps["train"]["rests_on"] == []
    chain.doit().ended(0)


def test_a_threshold_is_looked_at_before_the_run(chain):
    """A criterion that only reads changes nothing when it is asked early."""
    chain.phases(CHAIN, {"fetch": [{"metric": "v", "from": "out/a", "at": r"\d+", "pass": "<= 0"}]})
    data = told(chain)
    assert (data["steps"]["fetch"]["action"], data["steps"]["fetch"]["gate"]) == ("judge", "shut")
    assert reasons(data["steps"]["fetch"]) == [
        ("criteria", "criteria changed"),
        ("verdict", "v 1, must be <= 0 (out/a: \\d+)"),
    ]
    assert [data["steps"][name]["action"] for name in ("tidy", "train")] == ["blocked", "blocked"]
    assert data["exit_code"] == 1
    chain.doit().ended(1)


def test_a_command_among_the_criteria_is_not_started(chain):
    chain.phases(CHAIN, {"fetch": [{"command": "touch started"}]})
    assert told(chain)["steps"]["fetch"]["action"] == "judge"
    assert not (chain.root / "started").exists()
    chain.doit().ended(0)
    assert (chain.root / "started").exists()


def test_where_there_are_no_outputs_another_attempt_asks_again(project):
    """The attempt stands in for them, so the approval is not for the next one."""
    project.write("in/a", "1")
    project.phases({"bare": {"run": "true", "inputs": ["in/a"], "approval": "manual"}})
    project.doit().ended(4)
    project.doit("approve", "bare").ended(0)
    project.doit().ended(0)
    project.write("in/a", "2")
    assert told(project)["steps"]["bare"]["gate"] == "waiting"
    assert told(project, "--assume", "bare=unchanged")["steps"]["bare"]["gate"] == "waiting"
    project.doit().ended(4)


def test_an_output_that_was_lost_may_come_back_as_it_was(chain):
    """What reads it runs only if it does not, and that is said."""
    (chain.root / "out/a").unlink()
    steps = told(chain, "--assume", "tidy=approved")["steps"]
    assert [(steps[name]["action"], steps[name]["may"]) for name in ("fetch", "tidy")] == [
        ("run", False),
        ("run", True),
    ]
    assert reasons(steps["tidy"])[-2:] == [("input", "out/a is missing"), ("upstream", "fetch runs, and makes out/a")]
    chain.doit().done("fetch")


def test_one_combination_of_a_matrix_and_who_reads_it(project):
    """Who reads the other combination has nothing to do."""
    project.write("in/x", "1")
    project.write("in/y", "1")
    made = {"run": "cp in/{k} out/{k}", "matrix": {"k": ["x", "y"]}, "inputs": ["in/{k}"], "outputs": ["out/{k}"]}
    readers = {f"of_{k}": {"run": "true", "inputs": [f"out/{k}"]} for k in ("x", "y")}
    project.phases({"m": made, **readers})
    project.doit().ended(0)
    project.write("in/y", "2")
    steps = told(project)["steps"]
    assert steps["m"]["works"] == ["m:run:y"]
    assert [steps[name]["action"] for name in ("m", "of_x", "of_y")] == ["run", "skip", "run"]
    alone = told(project, "m:run:x")["steps"]
    assert (alone["m"]["works"], alone["m"]["gate"]) == ([], None)


def test_always_ignored_and_what_needs_them(project):
    project.phases(
        {
            "always": {"run": "true", "always": True},
            "after": {"run": "true", "needs": ["always"]},
            "left": {"run": "true"},
            "behind": {"run": "true", "needs": ["left"]},
        }
    )
    project.doit().ended(0)
    project.doit("ignore", "left").ended(0)
    steps = told(project)["steps"]
    assert {name: step["action"] for name, step in steps.items()} == {
        "always": "run",
        "after": "skip",
        "left": "skip",
        "behind": "skip",
    }
    assert reasons(steps["behind"]) == [("upstream", "left is ignored")]
    project.doit("plan").ended(0, "test: 1 runs, 2 passed over, 1 up to date")


def test_how_long_is_told_from_history_along_the_longest_way(chain):
    chain.write("in/a", "2")
    data = told(chain, "--assume", "tidy=approved")
    assert data["critical_path"] == ["fetch", "tidy", "train"]
    assert data["total_s"] == pytest.approx(sum(step["expected_s"] for step in data["phases"]), abs=1e-6)
    assert data["unknown"] == []
    chain.phases({**CHAIN, "new": {"run": "true"}})
    assert told(chain)["unknown"] == ["new"]
    assert chain.doit("plan").out.splitlines()[-1].endswith("not counting 1 phase of unknown duration")


def test_the_mode_is_that_of_the_run(project):
    project.phases({"a": {"run": "true"}})
    assert told(project)["exit_code"] == 0
    assert told(project, "--mode", "manual")["exit_code"] == 4
    project.doit("plan", "--mode", "loud").ended(3, "--mode 'loud' is not one of auto, manual")


def test_what_keeps_a_run_from_starting_is_told(chain):
    (chain.root / "in/a").unlink()
    data = told(chain)
    assert data["exit_code"] == 3
    assert "input 'in/a' is not there" in data["problems"][0]
    chain.doit("plan").ended(0, "the next `doit` refuses to start: config/phases.json")
    chain.doit().ended(3)


def test_hostile_words_do_not_reach_the_terminal(project):
    project.phases({"a": {"title": "\x1b[31mred\x1b[0m\nsecond", "run": "true", "inputs": ["in/\x1b[2J*"]}})
    project.write("in/\x1b[2Jx", "1")
    out = project.doit("plan").ended(0).out
    assert "\x1b" not in out
    assert "second" in out.splitlines()[0]


def test_a_task_beside_the_plan_is_not_forecast(chain):
    dodo = chain.read("dodo.py")
    chain.write("dodo.py", f"{dodo}\ndef task_mine():\n    return {{'actions': ['true'], 'file_dep': ['out/a']}}\n")
    chain.write("in/a", "2")
    data = told(chain, "mine")
    assert data["own_tasks"] == ["mine"]
    assert {name: step["action"] for name, step in data["steps"].items()} == {"fetch": "run"}
    chain.doit("plan", "mine").ended(0, "of mine nothing is said")
    chain.doit("plan", "nobody").ended(3, "nobody")


def test_a_run_that_is_going_on_is_no_hindrance(project, wait_until):
    project.phases({"slow": {"run": "touch started; while [ ! -e go ]; do sleep 0.02; done"}})
    run = project.start()
    wait_until(lambda: (project.root / "started").exists() and project.journalled("attempt.started"))
    try:
        assert told(project)["running"] == ["slow"]
        project.doit("plan").ended(0, "a run is going on (slow); this is what is left if it ended now")
    finally:
        project.write("go", "")
        run.communicate()
    assert told(project)["running"] == []


# -- what if ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assumed", "expected", "code"),
    [
        (["tidy=approved"], ["run", "run", "run"], 0),
        (["tidy=done"], ["run", "skip", "skip"], 0),
        (["tidy=rejected"], ["run", "run", "blocked"], 1),
        (["fetch=failed"], ["run", "blocked", "blocked"], 1),
        (["fetch=unchanged"], ["run", "skip", "skip"], 0),
        (["fetch=done"], ["skip", "skip", "skip"], 0),
        (["t*=approved", "fetch=unchanged"], ["run", "skip", "skip"], 0),
        (["fetch=failed", "fetch=done"], ["skip", "skip", "skip"], 0),
    ],
)
def test_what_is_assumed_takes_the_place_of_what_is(chain, assumed, expected, code):
    chain.write("in/a", "2")
    data = told(chain, *(word for each in assumed for word in ("--assume", each)))
    assert [data["steps"][name]["action"] for name in ("fetch", "tidy", "train")] == expected
    assert data["exit_code"] == code


@pytest.mark.parametrize("word", ["rejected", "failed"])
def test_a_phase_that_is_done_may_be_assumed_to_end_badly(chain, word):
    data = told(chain, "--assume", f"tidy={word}")
    assert data["steps"]["tidy"]["gate"] == "shut"
    assert reasons(data["steps"]["tidy"])[0] == ("assumed", f"{word}, it is assumed")
    assert (data["steps"]["train"]["action"], data["steps"]["train"]["rests_on"]) == ("blocked", [])


@pytest.mark.parametrize(
    ("path", "phase", "detail"),
    [
        ("in/a", "fetch", "in/a changed"),
        ("./in/a", "fetch", "in/a changed"),
        ("in", "beside", "in/b changed"),
        ("out/a", "fetch", "out/a changed"),
        ("out/b", "train", "out/b changed"),
    ],
)
def test_what_follows_if_a_file_had_changed(chain, path, phase, detail):
    assert detail in [told for _, told in reasons(told(chain, "--changed", path)["steps"][phase])]
    assert set(actions(chain).values()) == {"skip"}


def test_a_file_that_a_pattern_would_match(project):
    project.write("in/1.csv", "1")
    project.phases({"a": {"run": "true", "inputs": ["in/*.csv"]}})
    project.doit().ended(0)
    assert reasons(told(project, "--changed", "in/2.csv")["steps"]["a"]) == [("input", "in/2.csv is new")]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--assume", "tidy"], "--assume 'tidy': say PHASE=approved|rejected|done|failed|unchanged"),
        (["--assume", "tidy=open"], "say PHASE=approved"),
        (["--assume", "=done"], "say PHASE=approved"),
        (["--assume", "nobody=done"], "'nobody' is no phase"),
        (["--assume", "tidy:run=done"], "'tidy:run' is no phase"),
        (["--changed", "elsewhere"], "no phase reads or makes it"),
        (["--changed", "../x"], "leaves the project"),
        (["--changed="], "must not be empty"),
        (["--changed", "x" * 5000], "no phase reads or makes it"),
        (["--bogus"], "--bogus"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(chain, args, message):
    chain.doit("plan", *args).ended(3, message)


# -- nothing is written -------------------------------------------------------------------------------------------


def everything(project) -> dict[str, tuple]:
    """Each file and folder with its times and bytes. Reading sets the time of access, and nothing else."""
    found = {}
    for path in [project.root, *sorted(project.root.rglob("*"))]:
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        facts = (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        found[str(path.relative_to(project.root))] = (*facts, content)
    return found


@pytest.fixture
def bytecode(monkeypatch):
    """As on a user's machine, where Python keeps the bytecode of what it imports."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}

    def bytecode(project):
        monkeypatch.setattr(project, "environment", lambda **more: {**environment, **more})
        return project

    return bytecode


def killed(project, wait_until, kill) -> None:
    """A run that is killed while a work goes on leaves what it wrote in SQLite's log."""
    project.phases({**CHAIN, "slow": {"run": "touch started; sleep 600"}})
    run = project.start()
    wait_until(lambda: (project.root / "started").exists() and project.journalled("attempt.started", "slow"))
    kill(run)
    run.communicate()
    assert (project.root / ".doit.db-wal").stat().st_size


ASKED = (
    (),
    ("--json",),
    ("--all",),
    ("fetch:run",),
    ("--changed", "in/a"),
    ("--assume", "tidy=approved"),
    ("--mode", "manual"),
    ("mine",),
)


def stir(project) -> None:
    """All that tempts a command to write: a plan that was not compiled yet, digests that were not taken yet, and a
    task that needs every task to be loaded."""
    dodo = project.read("dodo.py")
    project.write("dodo.py", f"{dodo}\ndef task_mine():\n    return {{'actions': ['true'], 'file_dep': ['out/a']}}\n")
    project.write("in/a", "2")
    project.phases({**CHAIN, "another": {"run": "true", "inputs": ["in/*"]}})
    shutil.rmtree(project.root / "__pycache__", ignore_errors=True)


def test_nothing_on_disk_changes(chain, bytecode):
    stir(chain)
    before = everything(chain)
    for args in ASKED:
        bytecode(chain).doit("plan", *args).ended(0)
        assert everything(chain) == before, args
    chain.doit("plan", "nobody").ended(3)
    assert everything(chain) == before


def test_nothing_on_disk_changes_before_the_first_run(project, bytecode):
    project.write("in/a", "1")
    project.write("in/b", "1")
    project.phases(CHAIN)
    before = everything(project)
    bytecode(project).doit("plan").ended(0, "3 run")
    assert everything(project) == before


def test_nothing_on_disk_changes_after_a_kill(chain, bytecode, wait_until, kill):
    """Whoever closes such a file last writes SQLite's log into it: here that must be the next run."""
    killed(chain, wait_until, kill)
    before = everything(chain)
    steps = told(bytecode(chain))["steps"]
    assert everything(chain) == before
    assert steps["slow"]["action"] == "run"
    assert told(chain)["running"] == []


def read_only_command(folder) -> list[str]:
    """A command line before which whatever follows sees the folder under a read-only mount."""
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(folder)]


@pytest.fixture
def read_only(tmp_path):
    """Runs doit where nothing can be written to the project's folder."""
    probe = tmp_path / "probe"
    probe.mkdir()
    mounts = (
        shutil.which("unshare") is not None
        and not subprocess.run(
            [*read_only_command(probe), "sh", "-c", "! touch x"], capture_output=True, check=False
        ).returncode
    )
    if not mounts and os.geteuid() == 0:
        pytest.skip("root may write everywhere, and this machine has no mounts of its own for a process")

    def read_only(project, doit: str, *args: str):
        if mounts:
            return project.process(*args, command=[*read_only_command(project.root), doit])
        paths = [project.root, *project.root.rglob("*")]
        modes = {path: path.stat().st_mode for path in paths}
        try:
            for path, mode in modes.items():
                path.chmod(mode & ~0o222)
            return project.doit(*args)
        finally:
            for path, mode in modes.items():
                path.chmod(mode)

    return read_only


@pytest.mark.parametrize("state", ["done", "killed"])
def test_a_folder_that_cannot_be_written_is_enough(chain, bytecode, read_only, wait_until, kill, state):
    if state == "killed":
        killed(chain, wait_until, kill)
    stir(chain)
    before = everything(chain)
    doit = str(Path(sys.executable).with_name("doit"))
    expected = [bytecode(chain).doit("plan", *args).ended(0).out for args in ASKED]
    for args, out in zip(ASKED, expected, strict=True):
        ran = read_only(chain, doit, "plan", *args).ended(0)
        if "--json" in args:
            ours, theirs = json.loads(ran.out), json.loads(out)
            assert ours["phases"] == theirs["phases"]
            assert ours["exit_code"] == 3, "the next run could not write there, and that is said"
        else:
            assert out in ran.out, args
    assert [fact[:4] + fact[5:] for fact in everything(chain).values()] == [
        fact[:4] + fact[5:] for fact in before.values()
    ]


def test_variables_are_for_dodo_py_as_they_are_for_doit(project):
    project.phases({"a": {"run": "mkdir -p month=1; touch month=1/x", "outputs": ["month=1/x"]}, "b": {"run": "true"}})
    everything = project.doit("plan").ended(0).out
    assert project.doit("plan", "month=3").ended(0).out == everything
    named = project.doit("plan", "month=1/x").ended(0).out
    assert named != everything
    assert named == project.doit("plan", "a").out
    assert project.doit("plan", "--changed", "month=1/x").out == everything, "the value of an option is no name"
    assert project.doit("plan", "--changed=month=1/x").out == everything
    project.doit("approve", "a", "-m", "month=1/x").ended(3, "a was not judged yet")
    project.doit("month=1/x").done("a")
    project.doit("month=3").done("b")
