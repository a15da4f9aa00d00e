"""What a run tells its triggers: what happens to its phases, as happenings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..clock import now
from ..plan import Work
from ..results import End, Result
from ..triggers.model import Happening
from ..triggers.queue import Triggers
from ..watchers import Watcher
from ..work.attempt import Attempt

AT_END = {
    End.DONE: "phase.succeeded",
    End.FAILED: "phase.failed",
    End.WAITING: "phase.waiting",
    End.BLOCKED: "phase.blocked",
}


class Announcer(Watcher):
    """A watcher of the session that tells the triggers."""

    def __init__(self, triggers: Triggers, plan: str, run: str, clock: Callable[[], float] = now) -> None:
        self._triggers = triggers
        self._plan = plan
        self._run = run
        self._clock = clock
        self._seen: set[str] = set()
        self._asked: set[str] = set()

    def plan(self, event: str, **data: Any) -> None:
        """Something happened to the plan."""
        self._tell(event, None, data)

    def started(self, result: Result, work: Work) -> None:
        if result.phase.name not in self._seen:
            self._seen.add(result.phase.name)
            self._tell("phase.started", result, {})

    def waits(self, result: Result, work: Work, wait: float, after: Attempt | None) -> None:
        self._tell("phase.retrying", result, {"task": work.task, "wait": round(wait, 3), **_attempt(after)})

    def asks(self, result: Result) -> None:
        self._asked.add(result.phase.name)
        self._tell("phase.waiting", result, told(result))

    def ended(self, result: Result) -> None:
        if result.end is End.WAITING and result.phase.name in self._asked:
            return  # it was told when it began to wait
        if result.end in AT_END:
            self._tell(AT_END[result.end], result, told(result))

    def close(self, seconds: float) -> list[str]:
        """Wait so long for what is still to be delivered; what could not be."""
        return self._triggers.close(seconds)

    def _tell(self, event: str, result: Result | None, data: dict[str, Any]) -> None:
        phase = None if result is None else result.phase.name
        title = {} if result is None else {"title": result.phase.title}
        self._triggers.tell(Happening(event, self._plan, self._run, self._clock(), phase, {**title, **data}))


def told(result: Result) -> dict[str, Any]:
    """What is known of a phase at its end, or when it asks."""
    data: dict[str, Any] = {"duration_s": round(result.duration, 3)}
    if result.blocked_by:
        data["blocked_by"] = list(result.blocked_by)
    failed = [attempt for attempt in result.last_attempts if attempt.outcome == "failed"]
    if failed:
        data |= _attempt(failed[0])
    if result.judgement is not None:
        data["digest"] = result.judgement.digest
        data["verdicts"] = [verdict.as_data() for verdict in result.judgement.verdicts]
        data["changes"] = [dict(change) for change in result.judgement.changes]
    return data


def _attempt(attempt: Attempt | None) -> dict[str, Any]:
    if attempt is None:
        return {}
    return {
        "attempt": attempt.number,
        "tried": attempt.tried,
        "problem": attempt.problem,
        "class": None if attempt.classified is None else attempt.classified.error_class.value,
        "log": str(attempt.log),
    }
