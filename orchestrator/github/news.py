"""What a person has to be told with a comment: an approval that is asked for, a failure that is final, the end. Pure.

Each has a key from the entry that it begins with, so that it is told once, however often the plan is run meanwhile:
a gate that waits for the same digest still asks the same, a work that fails for the same reason still fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

from ..plan import Phase
from ..standing import PhaseState, Standing
from ..state.journal import Entry, Event

ASKED, FAILED, DONE = "asked", "failed", "done"
GATE = (Event.JUDGED, Event.OPENED, Event.REJECTED, Event.REVOKED, Event.FORGOTTEN)
PASSED_OVER = ("retrying", "stopped", "interrupted", "lost")
"""Outcomes of attempts that say nothing for good."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell."""

    kind: str
    """ASKED, FAILED or DONE."""
    phase: str | None
    """None where it is about the plan."""
    first: Entry
    """The one that it begins with."""
    entry: Entry
    """The newest one that says it."""

    @property
    def key(self) -> str:
        """Tells it from all that was or will be told: by the run too, for another clone, and a state that was lost,
        count their entries from one."""
        return f"comment {self.kind} {self.phase or ''} {self.first.seq} {self.first.run}"


def news(
    standings: Sequence[Standing], entries_of: Callable[[str], Sequence[Entry]], opened: Mapping[str, Entry]
) -> list[News]:
    """What has to be told as things stand.

    Args:
        standings: of the whole plan.
        entries_of: the entries of a phase, oldest first.
        opened: by phase, when its gate last opened.
    """
    stuck = [s for s in standings if s.state in (PhaseState.WAITING, PhaseState.FAILED) and not _is_rejected(s)]
    found = [request(standing.phase.name, entries_of(standing.phase.name)) for standing in stuck]
    if standings and all(standing.state is PhaseState.DONE for standing in standings):
        ends = [_became_done(standing.phase, entries_of, opened) for standing in standings]
        newest = max(filter(None, ends), key=lambda entry: entry.seq, default=None)
        found.append(None if newest is None else News(DONE, None, newest, newest))
    return [one for one in found if one is not None]


def request(phase: str, entries: Sequence[Entry]) -> News | None:
    """What a phase asks people for now: an approval, or help after a failure; None where it does not.

    Args:
        entries: of the phase, oldest first.
    """
    asks = [e for e in _streak((e for e in reversed(entries) if e.event in GATE), _asked_about) if _waits(e)]
    if asks:
        return News(ASKED, phase, asks[-1], asks[0])
    fails = _failures(reversed(entries))
    return News(FAILED, phase, fails[-1], fails[0]) if fails else None


def _became_done(
    phase: Phase, entries_of: Callable[[str], Sequence[Entry]], opened: Mapping[str, Entry]
) -> Entry | None:
    """When a phase was done that is done now. One that runs always opens its gate in every run, which is no news."""
    if not any(work.always for work in phase.works):
        return opened.get(phase.name)
    return next((entry for entry in entries_of(phase.name) if entry.event is Event.OPENED), None)


def _failures(newest_first: Iterable[Entry]) -> list[Entry]:
    """The newest entries that all tell of failures, as far back as runs failed like the last one, newest first. One run
    may tell of several: each work of a phase fails for itself."""
    failing = list(takewhile(lambda e: _fails(e) is not None, filter(_says_something, newest_first)))
    runs = [list(run) for _, run in groupby(failing, key=lambda entry: entry.run)]
    alike = takewhile(lambda run: set(map(_fails, runs[0])) <= set(map(_fails, run)), runs)
    return [entry for run in alike for entry in run]


def _is_rejected(standing: Standing) -> bool:
    """Who rejected it knows, and nobody else has to be told."""
    return any(reason.kind == "rejected" for reason in standing.reasons)


def _streak(newest_first: Iterable[Entry], what: Callable[[Entry], Any]) -> list[Entry]:
    """The newest entries that all say the same, newest first; none where the newest says nothing."""
    streak: list[Entry] = []
    for entry in newest_first:
        said = what(entry)
        if said is None or (streak and said != what(streak[0])):
            break
        streak.append(entry)
    return streak


def _waits(entry: Entry) -> bool:
    return entry.event is Event.JUDGED and entry.data["outcome"] == "waiting"


def _asked_about(entry: Entry) -> Any:
    """The digest that people are asked about; a rejection is an answer, and another may follow it."""
    rejected = entry.event is Event.REJECTED or (entry.event is Event.JUDGED and entry.data["rejected"] is not None)
    return entry.data["digest"] if rejected or _waits(entry) else None


def _says_something(entry: Entry) -> bool:
    if entry.event is Event.ATTEMPT_ENDED:
        return entry.data["outcome"] not in (*PASSED_OVER, "succeeded")
    return entry.event in (Event.JUDGED, Event.OPENED, Event.FORGOTTEN)


def _fails(entry: Entry) -> Any:
    if entry.event is Event.ATTEMPT_ENDED:
        return (entry.task, entry.data["problem"])
    shut = entry.event is Event.JUDGED and entry.data["outcome"] == "failed"
    return entry.data["digest"] if shut else None
