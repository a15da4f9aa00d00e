"""A `doit` that has nothing to do: seen at a glance, and never where something is to be done after all."""

import json
import os
import sys
import time

import pytest

from orchestrator.project import Project
from orchestrator.state import rest
from orchestrator.state.listing import is_settled

ADA = {"LOGNAME": "ada"}
TELLING = (
    "import sys; from doit.doit_cmd import DoitMain; code = DoitMain().run(sys.argv[1:]);"
    "print('loaded:', *(name for name in ('sqlite3', 'orchestrator.plan', 'yaml', 'rich') if name in sys.modules));"
    "sys.exit(code)"
)
"""doit, and what of the costly modules it loaded."""


@pytest.fixture
def rested(project, come_to_rest):
    """A project of which all is done, and of which a run has seen that."""
    project.write("in.txt", "1").chmod(0o644)
    project.write("data/x.csv", "1")
    a = {"run": "cat in.txt > a.txt", "inputs": ["in.txt"], "outputs": ["a.txt"]}
    b = {"run": "cat a.txt data/*.csv > b.txt", "inputs": ["a.txt", "data/*.csv"], "outputs": ["b.txt"]}
    project.phases({"a": a | {"approval": {"by": ["ada"], "expires": "7d"}}, "b": b}, {"b": [{"file": "b.txt"}]})
    project.doit().ended(4)
    project.doit("approve", "a", "-m", "fine", env=ADA).ended(0)
    project.doit().done("a", "b")
    come_to_rest(project)
    return project


@pytest.fixture
def come_to_rest(wait_until):
    """Brings a project to rest: what was written just now is not trusted before it was looked at again, and that again.
    A run takes less than the tick of the file system's clock, so each waits until what the last one wrote is settled."""

    def come_to_rest(project) -> None:
        for _ in range(3):
            wait_until(lambda: is_settled((project.root / ".doit.db").stat(), time.time_ns()))
            project.doit().nothing()
            if Project(project.root).is_at_rest():
                return
        raise AssertionError("it never comes to rest")

    return come_to_rest


def loaded(project, *args: str) -> str:
    """What a doit that has nothing to do loads."""
    ran = project.process(*args, command=[sys.executable, "-c", TELLING]).nothing()
    return ran.out.splitlines()[-1].removeprefix("loaded:").strip()


def test_neither_the_plan_nor_the_state_is_loaded(rested):
    assert loaded(rested) == ""
    assert rested.doit().nothing().out == "test: all 2 phases are done, nothing to do\n"


def test_it_is_a_cache_that_can_be_deleted_and_comes_back(rested):
    (rested.root / rest.PATH).unlink()
    assert "sqlite3" in loaded(rested)
    assert loaded(rested) == ""


def test_whatever_else_is_asked_for_is_asked(rested, come_to_rest):
    for args in (["a"], ["--mode", "auto"], ["b.txt"]):
        assert "orchestrator.plan" in loaded(rested, *args)
    assert Project(rested.root).is_at_rest(), "so it was not for want of a glance"
    assert rested.doit("--mode", "manual").ended(4).lines("waiting") == ["b"]
    rested.doit().done("b")
    come_to_rest(rested)
    rested.doit("-a").done("a", "b")


@pytest.mark.parametrize(
    ("command", "phases"),
    [
        (["revoke", "a"], ["a"]),
        (["reject", "a", "-m", "no"], ["a"]),
        (["forget", "b"], ["b"]),
        (["forget", "b:run"], ["b"]),
        (["ignore", "b"], ["b"]),
        (["clean", "b"], ["b"]),
    ],
)
def test_what_other_commands_did_is_seen(rested, command, phases):
    rested.doit(*command, env=ADA).ended(0)
    assert not Project(rested.root).is_at_rest()
    ran = rested.doit()
    assert "nothing to do" not in ran.out, ran
    assert [line for state in ("done", "waiting", "failed", "skipped") for line in ran.lines(state)][:1] == phases


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / "in.txt").write_text("2"),
        lambda root: (root / "b.txt").write_text("by hand"),
        lambda root: (root / "b.txt").unlink(),
        lambda root: (root / "data/y.csv").write_text("2"),
        lambda root: (root / "data/x.csv").unlink(),
        lambda root: (root / ".doit.db").unlink(),
    ],
)
def test_what_happened_to_files_is_seen(rested, edit):
    edit(rested.root)
    ran = rested.doit()
    assert "nothing to do" not in ran.out + ran.err, ran


def test_bytes_that_changed_under_the_same_size_and_mtime_are_seen(rested):
    file = rested.root / "in.txt"
    times = file.stat()
    file.write_text("2")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.stat().st_size == times.st_size
    assert "a" in rested.doit().ended(4).lines("waiting")


def test_what_changes_nothing_is_seen_to_change_nothing(rested):
    os.utime(rested.root / "in.txt")
    assert "sqlite3" in loaded(rested), "it had to be read"
    loaded(rested)
    assert loaded(rested) == ""


def test_an_edit_of_the_configuration_is_seen(rested):
    phases = json.loads(rested.read("config/phases.json"))["phases"]
    phases["b"]["params"] = {"n": 1}
    rested.phases(phases, {"b": [{"file": "b.txt"}]})
    rested.doit().done("b")


def test_an_approval_expires_though_nothing_is_written(rested, move_clock):
    for days, code in ((6.9, 0), (7.1, 4), (-1, 0)):
        move_clock(days)
        ran = rested.doit().ended(code)
        assert ("nothing to do" in ran.out) is (code == 0), ran
        if code == 4:
            rested.doit("approve", "a", "-m", "fine", env=ADA).ended(0)
            rested.doit().done("a")


def test_tasks_of_the_users_own_run_as_ever(rested):
    own = "\ndef task_own():\n    return {'actions': ['echo own >> ran.txt'], 'uptodate': [False]}\n"
    rested.write("dodo.py", rested.read("dodo.py") + own)
    rested.doit().nothing()
    rested.doit("own").ended(0)
    assert rested.counts() == {"own": 1}
    rested.write("dodo.py", rested.read("dodo.py") + "DOIT_CONFIG['default_tasks'] = ['own']\n")
    rested.doit().ended(0)
    assert rested.counts() == {"own": 2}


def test_a_broken_configuration_is_told_though_all_was_done(rested):
    good = rested.read("config/phases.json")
    rested.write("config/phases.json", good + "}")
    rested.doit().ended(3, "config/phases.json:")
    rested.write("config/phases.json", good)
    assert loaded(rested) == ""


def test_a_module_that_appears_is_seen_though_nothing_else_changed(project, come_to_rest):
    project.phases({"a": {"call": "os:getcwd"}})
    project.doit().done("a")
    come_to_rest(project)
    project.write("os.py", "def getcwd():\n    return 1\n")
    assert not Project(project.root).is_at_rest()


def test_a_phase_that_is_never_up_to_date_runs_each_time(project):
    project.phases({"a": {"run": "echo a >> ran.txt", "always": True}})
    for _ in range(4):
        project.doit().done("a")
    assert project.counts() == {"a": 4}


def test_what_may_not_be_written_is_no_trouble(rested):
    (rested.root / rest.PATH).unlink()
    (rested.root / rest.PATH).mkdir()
    rested.doit().nothing()
    rested.doit().nothing()
