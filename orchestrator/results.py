"""What becomes of a phase in a run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .gate.judgement import Judgement
from .plan import Phase
from .work.attempt import Attempt


class End(str, Enum):
    """What became of a phase in this run."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    STOPPED = "stopped"
    RAN = "ran"
    """Its work was named alone (`doit phase_3:run`), so its gate was not asked."""


@dataclass(slots=True)
class Result:
    """A phase in this run, so far."""

    phase: Phase
    started: float
    """Seconds on the monotonic clock."""
    end: End | None = None
    attempts: list[Attempt] = field(default_factory=list)
    judgement: Judgement | None = None
    duration: float = 0.0
    """Seconds from the start of its first work to the verdict."""
    blocked_by: tuple[str, ...] = ()
    waits_until: float = 0.0
    """Until when this run stays for approvals, in seconds on the monotonic clock; 0 before it was asked."""

    @property
    def last_attempts(self) -> list[Attempt]:
        """The newest attempt at each work."""
        return list({attempt.work.task: attempt for attempt in self.attempts}.values())

    def without_gate(self) -> End | None:
        """What became of the work, where the gate was not reached: None when nothing went wrong with it."""
        outcomes = {attempt.outcome for attempt in self.last_attempts}
        if "failed" in outcomes:
            return End.FAILED
        return End.STOPPED if outcomes & {"stopped", "retrying", "lost"} else None
