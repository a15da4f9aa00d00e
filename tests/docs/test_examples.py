"""Every fenced block of README.md and below docs/ is written, run or loaded. docs/writing-docs.md says how."""

from __future__ import annotations

from pathlib import Path

import markdown_blocks
import pytest
from example_project import REPOSITORY, ExampleProject, told, with_fragment
from markdown_blocks import Block, Kind, agrees, commands, sections

DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCKS = [
    block for path in DOCUMENTS for block in markdown_blocks.read(path, markdown_blocks.name_of(path, REPOSITORY))
]
ELSEWHERE = {"tutorial.md": "test_tutorial.py"}
"""Pages that another test follows."""
SECTIONS = [section for section in sections(BLOCKS) if section[0].document not in ELSEWHERE]


def _of(*kinds: Kind) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: f"{section[0].document}: {section[0].section}")
def test_section_does_what_it_shows(section: list[Block], tmp_path: Path) -> None:
    """The files of a section are written and its commands run, in the order they stand there."""
    from_nothing = any(
        command.line.startswith("doit init")
        for block in section
        if block.kind is Kind.CONSOLE
        for command in commands(block)
    )
    project = ExampleProject(tmp_path, wired=not from_nothing)
    for block in section:
        project.play(block)
    if section[-1].kind is Kind.FILE and any((tmp_path / "config").glob("phases.*")):
        loaded = project.doit("list")
        assert loaded.returncode == 0, f"{section[-1].place}: {loaded.stdout}"


@pytest.mark.parametrize("block", _of(Kind.LOADED), ids=lambda block: block.place)
def test_fragment_loads(block: Block, tmp_path: Path) -> None:
    """A piece of configuration is accepted by a plan that holds nothing else."""
    listed = with_fragment(tmp_path, block).doit("list")
    assert listed.returncode == 0, listed.stdout
    assert "problem" not in listed.stdout


@pytest.mark.parametrize("block", _of(Kind.REFUSED), ids=lambda block: block.place)
def test_mistake_is_refused_as_shown(block: Block, tmp_path: Path) -> None:
    """A mistake is refused with exit code 3 and exactly the messages that stand in the block as comments."""
    refused = with_fragment(tmp_path, block).doit("list")
    head, _, messages = refused.stdout.partition("\n")
    assert refused.returncode == 3
    assert "in the configuration" in head
    assert told(block), "the messages are missing, as comments that begin with `# config/`"
    assert agrees(told(block), messages), messages


def test_every_block_is_understood() -> None:
    """A block that no rule covers would be an example that nobody checks."""
    assert [f"{block.place}: ```{block.language} {block.about}".rstrip() for block in _of(Kind.UNKNOWN)] == []


def test_own_folders_with_our_names_are_no_trouble(tmp_path: Path) -> None:
    """`python -m doit` puts the project first on sys.path; the plan runs even so, whatever its folders are called."""
    project = ExampleProject(tmp_path)
    project.write("phases/work.py", "def main():\n    print('made')\n")
    project.write("criteria.py", "raise RuntimeError('not ours')\n")
    project.write("orchestrator/__init__.py", "raise RuntimeError('not ours')\n")
    project.write("config/phases.yaml", "phases:\n  make: {call: 'phases.work:main'}\n")
    done = project.doit("-v", "2")
    assert (done.returncode, "make:run | made" in done.stdout) == (0, True), done.stdout
