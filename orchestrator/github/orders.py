"""What people write into comments to vote: `/approve phase_3 ab12cd3 looks right`. Pure.

An order stands at the start of a line and takes that line; what is quoted, indented or in a fenced block is none, so
that people can talk about orders. A line with another word after the slash is for somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..gate.digest import SHORT
from ..state.votes import Answer

VERBS = {"approve": Answer.APPROVE, "reject": Answer.REJECT, "waive": Answer.WAIVE}
USAGE = {
    Answer.APPROVE: "/approve PHASE DIGEST why",
    Answer.REJECT: "/reject PHASE why",
    Answer.WAIVE: "/waive PHASE CRITERION DIGEST why",
}
MOST = 20
"""Orders of one comment that are read; whoever writes more is no person."""

_LINE = re.compile(r"/([A-Za-z]+)(?:[ \t]+(.*))?$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DIGEST = re.compile(rf"[0-9a-f]{{{SHORT},64}}", re.IGNORECASE)
_WAIVER = re.compile(rf"(\S+)\s+(.+?)\s+({_DIGEST.pattern})(?:\s+(.*))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Order:
    """One line that votes."""

    answer: Answer
    phase: str
    criterion: str
    """What is waived; empty for the others."""
    digest: str
    """As it was typed; empty for a rejection that names none."""
    reason: str


@dataclass(frozen=True, slots=True)
class Misread:
    """A line that begins like an order, and is none."""

    line: str
    why: str


def orders(text: str) -> list[Order | Misread]:
    """The orders of a comment, in its order, at most MOST of them."""
    found = []
    for line in _lines(text):
        match = _LINE.match(line)
        answer = VERBS.get(match[1].lower()) if match else None
        if match is not None and answer is not None:
            found.append(_order(answer, line, (match[2] or "").replace("`", "").strip()))
    return found[:MOST]


def _lines(text: str) -> Iterator[str]:
    """The lines outside of fenced blocks."""
    fence = ""
    for line in re.split("\r\n|\r|\n", text):  # Markdown knows no other ends of lines
        match = _FENCE.match(line)
        if match and not fence:
            fence = match[1]
        elif match and match[1].startswith(fence) and not line.strip(" `~"):
            fence = ""
        elif not fence:
            yield line.rstrip()


def _order(answer: Answer, line: str, rest: str) -> Order | Misread:
    if answer is Answer.WAIVE:
        match = _WAIVER.match(rest)
        if match is None:
            return _misread(answer, line)
        return Order(answer, match[1], match[2], match[3], match[4] or "")
    phase, _, words = rest.partition(" ")
    first, _, others = words.strip().partition(" ")
    if answer is Answer.APPROVE:
        return Order(answer, phase, "", first, others.strip()) if first else _misread(answer, line)
    if not phase or not first:
        return _misread(answer, line)
    names_digest = _DIGEST.fullmatch(first) and re.search("[0-9]", first)  # `defaced` is a word, and a good reason
    return (
        Order(answer, phase, "", first, others.strip()) if names_digest else Order(answer, phase, "", "", words.strip())
    )


def _misread(answer: Answer, line: str) -> Misread:
    return Misread(line, f"write `{USAGE[answer]}`")
