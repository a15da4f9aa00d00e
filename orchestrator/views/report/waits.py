"""What waits for whom: each phase that somebody has to do something about, and what is blocked behind it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...standing import PhaseState, Standing

ASKING = (PhaseState.FAILED, PhaseState.WAITING)
"""The states that do not pass by themselves, nor by another `doit`."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A phase that waits for a person."""

    phase: str
    state: PhaseState
    behind: tuple[str, ...]
    """The phases that are blocked by it, directly or through others, in the plan's order."""


def waits(standings: Mapping[str, Standing]) -> list[Wait]:
    """Failed phases first, then those with most behind them.

    Args:
        standings: of a whole plan, each phase after the ones that it needs.
    """
    causes: dict[str, set[str]] = {}
    behind: dict[str, list[str]] = {}
    for name, standing in standings.items():
        causes[name] = set()
        if standing.state in ASKING:
            behind.setdefault(name, [])
        for need in standing.phase.needs:
            causes[name] |= {need} if standings[need].state in ASKING else causes[need]
        if standing.state is PhaseState.BLOCKED:
            for cause in causes[name]:
                behind[cause].append(name)
    found = [Wait(name, standings[name].state, tuple(blocked)) for name, blocked in behind.items()]
    return sorted(found, key=lambda wait: (ASKING.index(wait.state), -len(wait.behind)))
