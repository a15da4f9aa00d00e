"""What a person has to be told with a comment: an approval that is asked for, a failure that is final, the end. Pure.

Each has a key from the entry that it begins with, so that it is told once, however often the plan is run meanwhile:
a gate that waits for the same digest still asks the same, a work that fails for the same reason still fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..standing import PhaseState, Standing
from ..state.journal import Entry, Event

ASKED, FAILED, DONE = "asked", "failed", "done"
GATE = (Event.JUDGED, Event.OPENED, Event.REJECTED, Event.REVOKED, Event.FORGOTTEN)
PASSED_OVER = ("retrying", "stopped", "interrupted")
"""Outcomes of attempts that say nothing for good."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell."""

    kind: str
    """ASKED, FAILED or DONE."""
    phase: str | None
    """None where it is about the plan."""
    since: int
    """The number of the entry that it begins with."""
    entry: Entry
    """The newest one that says it."""

    @property
    def key(self) -> str:
        """Tells it from all that was or will be told."""
        return f"comment {self.kind} {self.phase or ''} {self.since}"


def news(standings: Sequence[Standing], entries_of: Callable[[str], Sequence[Entry]]) -> list[News]:
    """What has to be told as things stand.

    Args:
        standings: of the whole plan.
        entries_of: the entries of a phase, oldest first.
    """
    found = []
    for standing in standings:
        if standing.state in (PhaseState.WAITING, PhaseState.FAILED):
            found += _of_phase(standing, entries_of(standing.phase.name))
    if standings and all(standing.state is PhaseState.DONE for standing in standings):
        opened = [e for s in standings for e in entries_of(s.phase.name) if e.event is Event.OPENED]
        if opened:
            newest = max(opened, key=lambda entry: entry.seq)
            found.append(News(DONE, None, newest.seq, newest))
    return found


def _of_phase(standing: Standing, entries: Sequence[Entry]) -> list[News]:
    name = standing.phase.name
    if standing.state is PhaseState.WAITING:
        streak = _streak((e for e in reversed(entries) if e.event in GATE), _asks)
        return [News(ASKED, name, streak[-1].seq, streak[0])] if streak else []
    if any(reason.kind == "rejected" for reason in standing.reasons):
        return []  # who rejected it knows
    ended = [e for e in reversed(entries) if _says_something(e)]
    streak = _streak(ended, _fails)
    return [News(FAILED, name, streak[-1].seq, streak[0])] if streak else []


def _streak(newest_first: Iterable[Entry], what: Callable[[Entry], Any]) -> list[Entry]:
    """The newest entries that all say the same, newest first; none where the newest says nothing."""
    streak: list[Entry] = []
    for entry in newest_first:
        said = what(entry)
        if said is None or (streak and said != what(streak[0])):
            break
        streak.append(entry)
    return streak


def _asks(entry: Entry) -> Any:
    asks = entry.event is Event.JUDGED and entry.data["outcome"] == "waiting"
    return entry.data["digest"] if asks else None


def _says_something(entry: Entry) -> bool:
    if entry.event is Event.ATTEMPT_ENDED:
        return entry.data["outcome"] not in (*PASSED_OVER, "succeeded")
    return entry.event in (Event.JUDGED, Event.OPENED, Event.FORGOTTEN)


def _fails(entry: Entry) -> Any:
    if entry.event is Event.ATTEMPT_ENDED:
        return (entry.task, entry.data["problem"])
    shut = entry.event is Event.JUDGED and entry.data["outcome"] == "failed"
    return entry.data["digest"] if shut else None
