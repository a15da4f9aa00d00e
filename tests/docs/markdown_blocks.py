"""Markdown → its fenced blocks, and what a test does with each. docs/writing-docs.md describes the scheme. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from pathlib import Path

FRAGMENTS = ("phases", "criteria", "orchestrator", "github")

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[^\s`]*) *(?P<about>[^`]*?)\s*$")
_HEADING = re.compile(r"^#{1,2} +(?P<title>.+?) *#*$")
_WHOLE = re.compile(r"^<!-- one project -->$", re.MULTILINE)
_DOCS = "docs/"


class Kind(Enum):
    """What a test does with a block."""

    NOTHING = "said to be no example"
    FILE = "written into the section's project"
    CHANGE = "made in a file of the section's project"
    CONSOLE = "run in the section's project"
    LOADED = "must load in a plan of its own"
    REFUSED = "must be refused with the messages in it"
    UNKNOWN = "not understood"


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    document: str
    line: int
    """Of the opening fence."""
    section: str
    """The heading of the first or second level above it; none on a page that is one project."""
    language: str
    about: str
    """The rest of the info string."""
    text: str

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def kind(self) -> Kind:
        words = self.about.split()
        if self.language == "text" or (words[:1] in (["skip:"], ["foreign:"]) and len(words) > 1):
            return Kind.NOTHING
        if self.language == "console" and not words:
            return Kind.CONSOLE
        if self.language == "yaml" and words and words[0] in FRAGMENTS:
            return {(): Kind.LOADED, ("refused",): Kind.REFUSED}.get(tuple(words[1:]), Kind.UNKNOWN)
        if self.language and len(words) == 1 and ("." in words[0] or "/" in words[0]):
            return Kind.CHANGE if self.language == "diff" else Kind.FILE
        return Kind.UNKNOWN


@dataclass(frozen=True)
class Command:
    """One command of a console block with what it should print."""

    line: str
    output: str
    exit_code: int


def read(path: Path, name: str = "") -> list[Block]:
    """The blocks of a document, in order; they call it by this name."""
    return list(_blocks(name or path.name, path.read_text("utf-8")))


def name_of(path: Path, repository: Path) -> str:
    """What a page is called: `README.md`, `configuration.md`, `how-to/approvals.md`."""
    return path.relative_to(repository).as_posix().removeprefix(_DOCS)


def sections(blocks: list[Block]) -> list[list[Block]]:
    """The blocks that build up and use a project, section by section."""
    used = [block for block in blocks if block.kind in (Kind.FILE, Kind.CHANGE, Kind.CONSOLE)]
    return [list(group) for _, group in groupby(used, key=lambda block: (block.document, block.section))]


def commands(block: Block) -> Iterator[Command]:
    """`$ command` lines, each with the lines after it; `[exit 4]` ends those of a command that fails."""
    head, *parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if head.strip() or not parts:
        raise AssertionError(f"{block.place}: a console block begins with `$ command`")
    for part in parts:
        line, _, output = part.partition("\n")
        code = re.search(r"^\[exit (\d+)\]\s*\Z", output, re.MULTILINE)
        yield Command(line, output[: code.start()] if code else output, int(code[1]) if code else 0)


def changed(block: Block, text: str) -> str:
    """A file's text after the change that a `diff` block shows: the lines that it shows, found once, put right."""
    old, new = (
        "".join(f"{line[1:]}\n" for line in block.text.splitlines() if line[:1] in kept) for kept in (" -", " +")
    )
    if text.count(old) != 1 or old == new:
        raise AssertionError(f"{block.place}: these lines must stand in {block.about} once, and change:\n{old}")
    return text.replace(old, new)


def agrees(expected: str, printed: str) -> bool:
    """Is this what should be printed? `…` stands for any text in a line, or alone for any lines; how wide a gap
    between words is does not count."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else ".*?".join(re.escape(part) for part in line.split("…")) + r"\n"
        for line in _lines(expected)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.rstrip().splitlines()]


def _blocks(document: str, text: str) -> Iterator[Block]:
    section = ""
    whole = _WHOLE.search(text) is not None
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if (heading := _HEADING.match(line)) and not whole:
            section = heading["title"]
        opening = _FENCE.match(line)
        if opening is None:
            continue
        inside: list[str] = []
        for _, each in lines:
            if re.fullmatch(rf" *{re.escape(opening['fence'])}[`~]* *", each):
                break
            inside.append(each.removeprefix(opening["indent"]))
        else:
            raise AssertionError(f"{document}:{number}: this block is never closed")
        yield Block(document, number, section, opening["language"], opening["about"], "\n".join(inside) + "\n")
