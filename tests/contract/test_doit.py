"""Facts about doit 0.37 that the code leans on. When one of these fails, a new doit moved something: read where it is
used (named in each docstring) before anything else."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from doit.action import BaseAction, create_action
from doit.dependency import Dependency, JSONCodec
from doit.doit_cmd import DoitMain
from doit.exceptions import InvalidCommand, InvalidDodoFile, TaskFailed
from doit.task import Task
from doit.version import VERSION


def test_the_version_is_the_one_that_was_studied():
    assert VERSION[:2] == (0, 37)


class Recorder:
    """A backend that notes what doit asks of it."""

    def __init__(self, name, codec, *, module_name=None):
        self.name = name
        self.calls: list[tuple[str, ...]] = []

    def set(self, task, key, value):
        self.calls.append(("set", task, key))

    def get(self, task, key):
        return None

    def in_(self, task):
        return False

    def remove(self, task):
        self.calls.append(("remove", task))

    def remove_all(self): ...

    def dump(self):
        self.calls.append(("dump",))


class AnyFile:
    """A checker to which everything is there."""

    CheckerError = OSError

    def exists(self, path):
        return True

    def info(self, path):
        return path

    def check_modified(self, path, info, state):
        return False

    def get_state(self, path, current):
        return "state"


def test_save_success_sets_deps_last():
    """state/backend.py commits a record when `deps:` is set."""
    manager = Dependency(Recorder, "x", checker_cls=AnyFile)
    manager.save_success(Task("t", None, file_dep=["a", "b"]))
    keys = [call[2] for call in manager.backend.calls]
    assert keys[-1] == "deps:"
    assert set(keys) == {"_values_:", "checker:", "a", "b", "deps:"}


def test_a_backend_gets_the_codec_and_the_module_name():
    """state/backend.py has this signature."""
    assert "module_name=module_name" in inspect.getsource(Dependency.__init__)
    assert Dependency(Recorder, "x", checker_cls=AnyFile, codec_cls=JSONCodec).backend.name == "x"


def test_ignore_sets_one_key_alone():
    """state/backend.py commits when `ignore:` is set."""
    manager = Dependency(Recorder, "x", checker_cls=AnyFile)
    manager.ignore(Task("t", None))
    assert manager.backend.calls == [("set", "t", "ignore:")]


def test_a_checker_may_be_any_callable_without_arguments():
    """project.py gives doit one that is bound to the project's digests."""
    manager = Dependency(Recorder, "x", checker_cls=lambda: AnyFile())
    assert manager.checker.__class__ is AnyFile


def test_a_task_may_have_actions_and_subtasks():
    """tasks.py makes the gate the owner of its works."""
    gate = Task("p", [Noop()], task_dep=["p:run"], has_subtask=True)
    work = Task("p:run", [Noop()], subtask_of="p")
    assert gate.has_subtask
    assert work.subtask_of == "p"


class Noop(BaseAction):
    def execute(self, out=None, err=None):
        return None


def test_an_action_object_is_taken_as_it_is():
    """tasks.py makes its own actions, because PythonAction swaps sys.stdout."""
    action = Noop()
    task = Task("t", [action])
    assert create_action(action, task, "actions") is action
    assert task.actions == [action]


@pytest.mark.parametrize("error", [InvalidDodoFile, InvalidCommand])
def test_user_errors_are_printed_without_a_traceback_and_end_with_3(tmp_path, error):
    """ConfigError becomes InvalidDodoFile, StateError is an InvalidCommand."""
    (tmp_path / "dodo.py").write_text(
        f"from doit.exceptions import {error.__name__}\nraise {error.__name__}('what; remedy')\n"
    )
    ran = subprocess.run([sys.executable, "-m", "doit"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (3, "ERROR: what; remedy\n")


def test_a_command_of_the_same_name_replaces_doits(tmp_path):
    """doit.cfg and pyproject.toml name our `run` and `forget`."""
    (tmp_path / "own.py").write_text(
        "from doit.cmd_base import Command\nclass Run(Command):\n    def execute(self, params, args):\n        print('mine')\n        return 7\n"
    )
    (tmp_path / "doit.cfg").write_text("[COMMAND]\nrun = own:Run\n")
    ran = subprocess.run([sys.executable, "-m", "doit"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (7, "mine\n")


def test_a_blocked_task_loses_its_record(tmp_path):
    """engine.py keeps it: this is what it works around."""
    dodo = (
        "DOIT_CONFIG = {'continue': True, 'backend': 'json', 'dep_file': 'db'}\n"
        "import os\n"
        "def task_a():\n    return {'actions': ['test ! -e stop'], 'uptodate': [False]}\n"
        "def task_b():\n    return {'actions': ['true'], 'task_dep': ['a'], 'file_dep': ['in']}\n"
    )
    (tmp_path / "dodo.py").write_text(dodo)
    (tmp_path / "in").write_text("")

    def run() -> str:
        subprocess.run([sys.executable, "-m", "doit"], cwd=tmp_path, capture_output=True, check=False)
        return (tmp_path / "db").read_text()

    assert '"b"' in run()
    (tmp_path / "stop").write_text("")
    assert '"b"' not in run()


def test_task_failed_can_be_kept_from_doits_own_report():
    """tasks.py returns it for what the console shows in its own way."""
    assert TaskFailed("x", report=False).report is False


def test_options_are_read_before_the_first_name_only():
    """commands/common.py reorders the command line for our commands."""
    source = inspect.getsource(__import__("doit.cmdparse", fromlist=["CmdParse"]).CmdParse.parse_only)
    assert "getopt.getopt(" in source


def test_doit_reads_pyproject_and_doit_cfg():
    """The plugins of this repository stand in pyproject.toml, those of a starter in doit.cfg."""
    defaults = inspect.signature(DoitMain.__init__).parameters["config_filenames"].default
    assert defaults == ("pyproject.toml", "doit.cfg")


def test_forget_breaks_without_default_tasks(tmp_path):
    """project.py sets them (doit #478); when this passes no more, that line can go."""
    (tmp_path / "dodo.py").write_text("def task_a():\n    return {'actions': ['true']}\n")
    ran = subprocess.run(
        [sys.executable, "-m", "doit", "forget"], cwd=Path(tmp_path), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 3
    assert "TypeError" in ran.stderr
