"""The scheme of docs/writing-docs.md notices what is wrong: a check that never fails would check nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_project import ExampleProject
from markdown_blocks import Kind, agrees, changed, commands, read, sections

DOCUMENT = """\
# Title
```yaml config/phases.yaml
phases: {}
```
## One
- in a list:
  ```console
  $ echo one
  one
  $ exit 4
  [exit 4]
  ```
## Two
```console
$ echo two
```
```sh skip: needs a network
curl example.org
```
```sh skip:
```
```yaml criteria refused
x: 1
```
```yaml
a: 1
```
```text
free
```
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(DOCUMENT, "utf-8")
    return path


def test_blocks_are_told_apart(document: Path) -> None:
    """Language and the words after it say what a block is for; nothing is skipped without a reason."""
    kinds = [block.kind for block in read(document)]
    assert kinds == [
        Kind.FILE,
        Kind.CONSOLE,
        Kind.CONSOLE,
        Kind.NOTHING,
        Kind.UNKNOWN,
        Kind.REFUSED,
        Kind.UNKNOWN,
        Kind.NOTHING,
    ]
    assert [[block.line for block in section] for section in sections(read(document))] == [[2], [7], [14]]


def test_commands_with_their_output(document: Path) -> None:
    """What stands below a command is its output; `[exit 4]` is its exit code."""
    shown = [(command.line, command.output, command.exit_code) for command in commands(read(document)[1])]
    assert shown == [("echo one", "one\n", 0), ("exit 4", "", 4)]


def test_output_that_is_not_shown_is_noticed(document: Path, tmp_path: Path) -> None:
    """A command that prints more than the page shows fails the test, with both texts."""
    with pytest.raises(AssertionError, match=r"page\.md:14"):
        ExampleProject(tmp_path).play(read(document)[2])


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("done … s\n", "done    0.1 s\n", True),
        ("done … s\n", "done    0.1 s\nmore\n", False),
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("a\n…\nz\n", "a\nz\n", True),
        ("a\n…\nz\n", "a\nb\n", False),
        ("", "", True),
        ("", "a\n", False),
        ("a  b\n", "a b\n\n", True),
    ],
)
def test_ellipsis(shown: str, printed: str, same: bool) -> None:
    """`…` covers any text in a line, or any lines; the rest must be there word for word."""
    assert agrees(shown, printed) is same


def test_cd_carries_over(tmp_path: Path) -> None:
    """Each command has a shell of its own; only the folder stays."""
    page = tmp_path / "page.md"
    page.write_text("# A\n```console\n$ mkdir inside\n$ cd inside\n$ basename $PWD\ninside\n```\n", "utf-8")
    ExampleProject(tmp_path).play(read(page)[0])


ONE_PROJECT = """\
# Title
<!-- one project -->
## One
```yaml a.yaml
same: 1
value: 1
```
## Two
```diff a.yaml
 same: 1
-value: 1
+value: 2
```
```make foreign: Makefile
all:
```
```make foreign:
```
"""


def test_a_page_can_be_one_project(tmp_path: Path) -> None:
    """Headings begin nothing new there; a change belongs to it; what is another tool's says so."""
    page = tmp_path / "page.md"
    page.write_text(ONE_PROJECT, "utf-8")
    blocks = read(page)
    assert [block.kind for block in blocks] == [Kind.FILE, Kind.CHANGE, Kind.NOTHING, Kind.UNKNOWN]
    assert [[block.line for block in section] for section in sections(blocks)] == [[4, 9]]
    project = ExampleProject(tmp_path)
    for block in blocks[:2]:
        project.play(block)
    assert (tmp_path / "a.yaml").read_text("utf-8") == "same: 1\nvalue: 2\n"


@pytest.mark.parametrize("before", ["value: 1\n", "same: 1\nvalue: 1\nsame: 1\nvalue: 1\n"])
def test_a_change_must_fit_once(tmp_path: Path, before: str) -> None:
    """Lines that are not there, or are there twice, are no place for a change."""
    page = tmp_path / "page.md"
    page.write_text(ONE_PROJECT, "utf-8")
    with pytest.raises(AssertionError, match=r"must stand in a\.yaml once"):
        changed(read(page)[1], before)
