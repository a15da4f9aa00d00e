"""doit's own commands, as `doit init` wires them: no traceback for a reader who leaves early, or for a slip."""

from __future__ import annotations

import os
import subprocess

import pytest
from doit_project import DOIT

ONE = {"a": {"title": "First", "run": "true"}}


@pytest.mark.parametrize("args", [("list",), ("list", "--all"), ("info", "a"), ("help",), ("help", "status")])
def test_a_reader_who_is_gone_is_no_error(project, args):
    project.phases(ONE)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [DOIT, *args],
            cwd=project.root,
            env=project.environment(),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_they_show_what_doit_shows(project):
    project.phases(ONE)
    assert project.doit("list").ended(0).out == "a   First\n"
    project.doit("list", "--all", "-s").ended(0, "a:run")
    project.doit("info", "a").ended(1, "task_dep")
    project.doit("help").ended(0, "show where every phase stands", "show help")
    project.doit("help", "status").ended(0, "--json")


def test_a_name_that_is_not_there_is_told(project):
    project.phases(ONE)
    for command in ("info", "list"):
        project.doit(command, "nope").ended(3, "ERROR: 'nope' is not a task.")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("-h",), "option -h not recognized; `doit help run` lists the options"),
        (("run", "-n"), "option -n requires argument; `doit help run` lists the options"),
        (("list", "-x"), "option -x not recognized; `doit help list` lists the options"),
    ],
)
def test_an_option_that_is_none_is_told_in_a_line(project, args, told):
    project.phases(ONE)
    assert project.doit(*args).ended(3).err == f"ERROR: {told}\n"


@pytest.mark.parametrize(
    "args", [("",), ("approve", "a", "--digest", ""), ("approve", "a", "-m", ""), ("plan", "--changed", "")]
)
def test_an_empty_argument_is_bad_usage_and_no_failed_work(project, args):
    project.phases(ONE)
    told = "ERROR: an argument is empty; leave it out, or set the variable that it was to come from\n"
    assert project.doit(*args).ended(3).err == told
    assert not (project.root / ".doit.db").exists()
