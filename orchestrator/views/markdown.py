"""A plan in GitHub's Markdown: for the summary of a job, and for the body of an issue. Pure.

What comes from outside is text and nothing else: it is no markup, pings nobody (`@name`), links nothing (`#123`,
`https://…`) and stays in its cell. GitHub looks for names and numbers when the markup is gone already, where an escape
is of no use: a space without width behind the `@` is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from criteria.words import one_line

from ..state.votes import POLICY
from .tally import tally_of
from .words import plural, seconds

Row = Sequence[str]
"""Cells of Markdown."""

LONGEST = 200
"""Characters of a text in a cell."""
LARGEST = 60_000
"""Characters of a table: an issue takes 65,536."""

ICONS = {
    "done": "✅",
    "failed": "❌",
    "waiting": "✋",
    "blocked": "⛔",
    "running": "🏃",
    "stale": "♻️",
    "pending": "⚪",
}

_GAP = "&#8203;"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "$": "&#36;"}
UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""What is not seen, and may turn the direction of what follows."""
_ACTIVE = re.compile(
    r"(?P<live>@(?=\w)|#(?=\w)|\bGH-(?=\d)|:(?=[\w+-]+:)|:(?=//)|\bwww(?=\.))"  # people, issues, pictures, addresses
    r"|(?P<entity>[&<>|$])"
    r"|[\\`*~\[\]#!^]|(?<![^\W_])_|_(?![^\W_])|^[-+=]|^\d{1,9}[.)](?=\s|$)",
    re.IGNORECASE,
)


def cell(text: str, longest: int = LONGEST) -> str:
    """A text from outside as one line that shows it and does nothing, in a table and out of it."""
    return _ACTIVE.sub(_passive, one_line(UNSEEN.sub("", text), longest))


def code(text: str) -> str:
    """A text from outside as code; nothing where there is none."""
    line = one_line(UNSEEN.sub("", text), LONGEST)
    if "`" in line or "|" in line:  # of which a table takes the second, whatever it stands in
        return f"<code>{cell(line)}</code>"
    return f"`{line}`" if line else ""


def table(rows: Iterable[Row]) -> str:
    """Rows as a table; the first one is its head."""
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rest))


def plan_table(data: Mapping[str, Any], largest: int = LARGEST) -> str:
    """The phases of `status_data`, a row each: state, verdicts, duration, and who approved or what it waits for.

    Args:
        largest: characters that there is room for. Of what does not fit a line below says how many phases it is; those
            that are done are left out before others, and later ones before earlier ones.
    """
    phases = data["phases"]
    rows = [_row(phase) for phase in phases]
    order = sorted(range(len(rows)), key=lambda at: phases[at]["state"] == "done")
    kept = sorted(_fitting(order, [sum(map(len, row)) + 3 * len(row) + 3 for row in rows], largest - 200))
    text = table([("state", "phase", "title", "criteria", "took", "approval"), *(rows[at] for at in kept)])
    return text + _rest(len(rows) - len(kept), "phase")


def open_points(data: Mapping[str, Any], largest: int = LARGEST) -> str:
    """What keeps the plan from being done: each phase that waits or failed, with why and what a person can do. Nothing
    where nothing does."""
    stuck = [phase for state in ("waiting", "failed") for phase in data["phases"] if phase["state"] == state]
    points = ["\n".join(_point(phase)) for phase in stuck]
    kept = _fitting(range(len(points)), [len(point) + 1 for point in points], largest - 200)
    return "\n".join(points[at] for at in kept) + _rest(len(points) - len(kept), "phase")


def state_line(data: Mapping[str, Any]) -> str:
    """The plan in a line: `✋ **flights** is waiting: 3 done, 1 waiting`."""
    states = [phase["state"] for phase in data["phases"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ICONS if state in states)
    return f"{ICONS[data['state']]} **{cell(data['plan'])}** is {data['state']}: {counts or 'no phases'}"


def _row(phase: Mapping[str, Any]) -> Row:
    state, took = phase["state"], phase["duration_s"]
    title = "" if phase["title"] == phase["phase"] else cell(phase["title"], 60)
    return (
        f"{ICONS[state]} {state}",
        code(phase["phase"]),
        title,
        _held(phase),
        "" if took is None else seconds(took),
        _approval(phase) if state == "done" else cell(phase["reason"] or ""),
    )


def _held(phase: Mapping[str, Any]) -> str:
    """How many criteria hold, what is to be said of the others, and which shut the gate."""
    counted = tally_of(phase)
    broken = [verdict["name"] for verdict in phase["verdicts"] if verdict["result"] == "fail"]
    held = [f"{counted.held} of {counted.of}", *map(cell, counted.others)] if counted.of else []
    return ", ".join([*held, *(f"not {code(name)}" for name in broken[:3]), *(["…"] if len(broken) > 3 else [])])


def _approval(phase: Mapping[str, Any]) -> str:
    approval = phase["approval"]
    return "" if approval is None or approval["channel"] == POLICY else f"by {cell(approval['by'])}"


def _point(phase: Mapping[str, Any]) -> Iterator[str]:
    yield f"- {ICONS[phase['state']]} {code(phase['phase'])}: {cell(phase['reason'] or phase['state'])}"
    for verdict in phase["verdicts"]:
        if verdict["result"] in ("fail", "review"):
            yield f"  - {cell(verdict['message'], 500)}"
    if phase["next"]:
        yield f"  - next: {phase['next']}"  # our own words, and names that hold no markup


def _fitting(order: Iterable[int], sizes: Sequence[int], room: int) -> list[int]:
    """The first ones that there is room for."""
    kept = []
    for at in order:
        room -= sizes[at]
        if room < 0:
            break
        kept.append(at)
    return kept


def _rest(count: int, word: str) -> str:
    return f"\n\n… and {plural(count, f'more {word}')}" if count else ""


def _passive(found: re.Match[str]) -> str:
    text = found[0]
    if found["live"]:
        return ("\\" if text == "#" else "") + text + _GAP
    return _ENTITIES.get(text) or f"{text[:-1]}\\{text[-1]}"
