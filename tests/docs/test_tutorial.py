"""docs/tutorial.md, command by command, on a machine that has Python and nothing of ours."""

from __future__ import annotations

from pathlib import Path

import markdown_blocks
import pytest
from example_project import REPOSITORY
from fresh_machine import FreshMachine, wheel_of_this_project
from markdown_blocks import Kind

BLOCKS = markdown_blocks.read(REPOSITORY / "docs/tutorial.md")


@pytest.fixture
def machine(tmp_path: Path) -> FreshMachine:
    """A fresh machine."""
    wheel = wheel_of_this_project(tmp_path)
    if wheel is None:
        pytest.skip("no package index can be reached")
    return FreshMachine(tmp_path, wheel)


def test_the_tutorial_does_what_it_shows(machine: FreshMachine) -> None:
    """Every block, in order: what is shown is what is printed."""
    for block in BLOCKS:
        machine.play(block)
    where = machine.shell("python -c 'import phasegate; print(phasegate.__file__)'").stdout
    assert where.startswith(str(machine.root / "weather/.venv")), "it was not the installed one that ran"


def test_the_tutorial_shows_nothing_that_is_not_run() -> None:
    """A tutorial has no block that is skipped."""
    assert {block.kind for block in BLOCKS} == {Kind.FILE, Kind.CHANGE, Kind.CONSOLE} - {Kind.FILE}
