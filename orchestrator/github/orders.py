"""What people write into comments to vote: `/approve phase_3 ab12cd3 looks right`. Pure.

An order stands at the start of a line and takes that line; what is quoted, indented, in a fenced block or in a hidden
`<!-- -->` is none, so that people can talk about orders, and give none that they do not see: a line ends where GitHub
ends it. A line with another word after the slash is for somebody else. Strangers may write 65,536 characters, so
reading takes time in proportion to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..gate.digest import SHORT
from ..state.votes import Answer
from ..views.markdown import UNSEEN

VERBS = {"approve": Answer.APPROVE, "reject": Answer.REJECT, "waive": Answer.WAIVE}
USAGE = {
    Answer.APPROVE: "/approve PHASE DIGEST why",
    Answer.REJECT: "/reject PHASE why",
    Answer.WAIVE: "/waive PHASE CRITERION DIGEST why",
}
MOST = 20
"""Orders of one comment that are read."""

_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"/([A-Za-z]+)(?:\s+(.*))?$")
_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})")
_HIDDEN = re.compile(r" {0,3}<!--")
_DIGEST = re.compile(rf"[0-9a-f]{{{SHORT},64}}", re.IGNORECASE)


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
    """The orders of a comment, in its order: MOST of them, and where there are more one that says so."""
    found: list[Order | Misread] = []
    for line in _lines(UNSEEN.sub("", text)):
        match = _LINE.match(line)
        answer = VERBS.get(match[1].lower()) if match else None
        if match is None or answer is None:
            continue
        if len(found) == MOST:
            return [
                *found,
                Misread(line, f"the first {MOST} orders of a comment are read; write the others into a new one"),
            ]
        found.append(_order(answer, line, (match[2] or "").replace("`", "").split()))
    return found


def _lines(text: str) -> Iterator[str]:
    """The lines that are shown as they are: outside of fenced blocks, and of what is hidden."""
    fence, hidden = "", False
    for line in _END.split(text):
        match = _FENCE.match(line)
        if hidden or (not fence and _HIDDEN.match(line)):
            hidden = "-->" not in line
        elif match and not fence:
            fence = match[1]
        elif match and match[1].startswith(fence) and not line.strip(" `~"):
            fence = ""
        elif not fence:
            yield line.rstrip()


def _order(answer: Answer, line: str, words: Sequence[str]) -> Order | Misread:
    if answer is Answer.WAIVE:
        at = next((at for at, word in enumerate(words) if at > 1 and _DIGEST.fullmatch(word)), None)
        if at is None:
            return _misread(answer, line)
        return Order(answer, words[0], " ".join(words[1:at]), words[at], " ".join(words[at + 1 :]))
    if len(words) < 2:
        return _misread(answer, line)
    phase, first, *others = words
    is_digest = _DIGEST.fullmatch(first) and re.search("[0-9]", first)  # `defaced` is a word, and a good reason
    if answer is Answer.APPROVE or is_digest:
        return Order(answer, phase, "", first, " ".join(others))
    return Order(answer, phase, "", "", " ".join(words[1:]))


def _misread(answer: Answer, line: str) -> Misread:
    return Misread(line, f"write `{USAGE[answer]}`")
