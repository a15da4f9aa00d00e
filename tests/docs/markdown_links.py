"""Markdown → its links and the anchors that GitHub gives its headings. Pure, but for reading the files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ELSEWHERE = re.compile(r"^[a-z][a-z+.-]*:")


@dataclass(frozen=True)
class Link:
    """A link, or a picture, in a page."""

    page: Path
    line: int
    target: str

    def broken(self) -> str | None:
        """Why it leads nowhere; None if it does not, or leads to another server, which is not asked."""
        if ELSEWHERE.match(self.target):
            return None
        path, _, anchor = self.target.partition("#")
        file = (self.page.parent / path).resolve() if path else self.page
        if not file.exists():
            return f"{self.page.name}:{self.line}: {self.target}: there is no {path}"
        if anchor and anchor not in anchors(file):
            return f"{self.page.name}:{self.line}: {self.target}: no heading makes #{anchor}"
        return None


def links(page: Path) -> list[Link]:
    """The links and pictures of a page, in order."""
    return list(_links(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """What may stand behind `#`: headings, lower case, without punctuation, spaces as dashes, numbered if twice."""
    found: set[str] = set()
    for text in _headings(_tokens(page)):
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number = 0
        while (unique := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(unique)
    return frozenset(found)


@cache
def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))


def _links(page: Path) -> Iterator[Link]:
    line = 0
    for token in _tokens(page):
        line = token.map[0] + 1 if token.map else line
        for inner in token.children or ():
            target = inner.attrGet("href") or inner.attrGet("src")
            if isinstance(target, str):
                yield Link(page, line, target)


def _headings(tokens: list[Token]) -> Iterator[str]:
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            yield "".join(inner.content for inner in token.children or () if inner.type in ("text", "code_inline"))
