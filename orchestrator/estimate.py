"""How long works take, from their history, and how long what is left takes at least. Pure.

An estimate is the median of the newest attempts that succeeded: one slow morning moves it little, and a change of
the work is forgotten after a few runs. What never succeeded has no estimate: whoever asks is told so, and not a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median

from .plan import Phase

NEWEST = 5
"""Attempts that count."""
LEAST = 0.001
"""Seconds that any work counts for: of two chains that take no time the longer one is the more urgent."""


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The chain of phases that takes longest: with any number of jobs it is not done sooner."""

    seconds: float
    phases: tuple[str, ...]
    unknown: tuple[str, ...]
    """Phases of all that was looked at that never ran: they count as nothing, so the time is a lower bound."""


def work_durations(ended: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The expected seconds of each work.

    Args:
        ended: task and seconds of attempts that succeeded, oldest first.
    """
    newest: dict[str, list[float]] = {}
    for task, duration in ended:
        newest.setdefault(task, []).append(duration)
    return {task: median(durations[-NEWEST:]) for task, durations in newest.items()}


def phase_seconds(phase: Phase, durations: Mapping[str, float]) -> float | None:
    """The expected seconds of a phase whose works run side by side; None while one of them has no estimate."""
    known = [durations[work.task] for work in phase.works if work.task in durations]
    return max(known, default=0.0) if len(known) == len(phase.works) else None


def critical_path(phases: Iterable[Phase], expected: Mapping[str, float | None]) -> CriticalPath:
    """The longest way through these phases.

    Args:
        phases: each after the ones that it needs; needs that are not among them are done.
        expected: seconds that are left of each; None where nobody knows.
    """
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    unknown = []
    for phase in phases:
        needs = [need for need in phase.needs if need in ends]
        longest = max(needs, key=ends.__getitem__, default=None)
        own = expected.get(phase.name)
        if own is None:
            unknown.append(phase.name)
        before[phase.name] = longest
        ends[phase.name] = (ends[longest] if longest is not None else 0.0) + (own or 0.0)
    path: list[str] = []
    at = max(ends, key=ends.__getitem__, default=None)
    seconds = ends[at] if at is not None else 0.0
    while at is not None:
        path.append(at)
        at = before[at]
    return CriticalPath(seconds, tuple(reversed(path)), tuple(unknown))


def urgencies(phases: Iterable[Phase], durations: Mapping[str, float]) -> dict[str, float]:
    """How urgent each work is: seconds from its start to the end of the longest chain of phases that it begins.

    A work that never ran counts as the usual one; where none ever did, the chain with the most phases is the longest.

    Args:
        phases: each after the ones that it needs.
        durations: the expected seconds of works.
    """
    usual = max(LEAST, median(durations.values())) if durations else 1.0
    behind: dict[str, float] = {}
    found: dict[str, float] = {}
    for phase in reversed(list(phases)):
        after = behind.get(phase.name, 0.0)
        own = {work.task: after + max(LEAST, durations.get(work.task, usual)) for work in phase.works}
        found |= own
        for need in phase.needs:
            behind[need] = max(behind.get(need, 0.0), *own.values())
    return found


def time_left(phases: Iterable[Phase], works: Mapping[str, float], jobs: int) -> CriticalPath:
    """How long phases take at least with so many jobs: their longest chain, or all their works shared among the jobs
    where that is longer.

    Args:
        phases: as `critical_path` takes them.
        works: seconds that are left of each work; none where nobody knows.
    """
    phases = list(phases)
    path = critical_path(phases, {phase.name: phase_seconds(phase, works) for phase in phases})
    shared = sum(works.get(work.task, 0.0) for phase in phases for work in phase.works) / max(1, jobs)
    return replace(path, seconds=max(path.seconds, shared))
