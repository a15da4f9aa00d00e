"""Who listens to a command may go away, or was never there: no command is any the worse for it."""

from __future__ import annotations

import pytest
from doit_project import DOIT

COMMANDS = (
    "",
    "plan --all",
    "status",
    "status --json",
    "history",
    "logs a",
    "graph",
    "report -o -",
    "init elsewhere",
    "init --schemas",
    "completion bash",
)


@pytest.fixture
def listened(project):
    """A plan that is done; runs a command of doit's through a shell, with something behind it."""
    project.phases({"a": {"run": "echo said"}}).doit().done("a")

    def run(command: str, behind: str):
        return project.process(command=["bash", "-c", f"{DOIT} {command} {behind}"])

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_that_closes_and_an_output_that_is_closed_are_no_errors(listened, command):
    piped = listened(command, "| exec true; exit ${PIPESTATUS[0]}")
    assert (piped.code, piped.out) == (0, "")
    assert "Error" not in piped.ended(0).err
    assert listened(command, ">&-").ended(0).out == ""
    assert listened(command, ">&- 2>&-").ended(0).err == ""


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_an_output_that_takes_nothing_is_told(listened, command):
    listened(command, ">/dev/full").ended(3, "ERROR: the output: No space left on device")
