"""Triggers, what they are told, and which of them one happening concerns. Pure; imports the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

PHASE_EVENTS = tuple(
    f"phase.{what}"
    for what in ("started", "succeeded", "failed", "retrying", "waiting", "approved", "rejected", "blocked")
)
PLAN_EVENTS = tuple(f"plan.{what}" for what in ("started", "done", "failed", "waiting"))
EVENTS = (*PHASE_EVENTS, *PLAN_EVENTS)
"""All that a trigger may be on."""
LAST_CALL = 10.0
"""Seconds that triggers get when all else is over."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A line of `triggers` in orchestrator.yaml. Exactly one of `run` and `webhook` is set."""

    on: str
    """An event, or a pattern of events."""
    phases: tuple[str, ...]
    """Patterns of the phases whose events it gets; where there are none, it gets those of all, and of the plan."""
    run: str | tuple[str, ...] | None
    """A script for `sh -e`, or an argv list."""
    webhook: str | None
    """A URL, as it is written: `${NAME}` is not filled in."""
    timeout: float
    """Seconds that one try may take."""
    secret: str | None
    """What signs the webhook's body, as it is written: `${NAME}` is not filled in."""
    place: str
    """`file:line:column` of the trigger."""

    def as_row(self) -> tuple[Any, ...]:
        """A tuple of JSON's types; `from_row` reads it back, also where JSON made lists of its tuples."""
        return (self.on, self.phases, self.run, self.webhook, self.timeout, self.secret, self.place)

    @classmethod
    def from_row(cls, row: Any) -> Trigger:
        """The trigger whose `as_row` this is."""
        on, phases, run, *rest = row
        return cls(on, tuple(phases), tuple(run) if isinstance(run, list) else run, *rest)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a phase or to the plan."""

    event: str
    """One of EVENTS."""
    plan: str
    """The plan's name."""
    run: str
    """The run's id."""
    at: float
    """Seconds since the epoch."""
    phase: str | None = None
    """None where it happened to the plan."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What else is known, in JSON's types. No name of a field above is used in it."""

    def as_json(self) -> str:
        """One line of ASCII. What JSON has no type for is written as its text."""
        own = {"event": self.event, "plan": self.plan, "run": self.run, "at": self.at, "phase": self.phase}
        return json.dumps({**own, **self.data, **own}, default=str)

    def masked(self, mask: Callable[[str], str]) -> Happening:
        """The same, with every text in `data` masked: in the values, so that it stays JSON whatever a secret is."""
        return replace(self, data={key: _masked(value, mask) for key, value in self.data.items()})


def matches(trigger: Trigger, happening: Happening) -> bool:
    """Does the trigger want to know?"""
    if not fnmatchcase(happening.event, trigger.on):
        return False
    if not trigger.phases:
        return True
    phase = happening.phase
    return phase is not None and any(fnmatchcase(phase, pattern) for pattern in trigger.phases)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(part, mask) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(part, mask) for part in value]
    return value if value is None or isinstance(value, (bool, int, float)) else mask(str(value))
