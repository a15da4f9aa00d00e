"""What an attempt at a work is, once it has ended, and how it is told. Pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from phases.executor import Outcome

from ..plan import ErrorClass, Work
from ..state.files import State as FileState
from ..state.place import FOLDER
from ..state.records import ATTEMPT, DEFINITION, OUTPUTS, Record, record_of
from .errors import Classified, Facts
from .retry import Retry
from .series import Series

if TYPE_CHECKING:
    from ..cache.manifest import Made

LOSSES = 3
"""Attempts in a row that may be lost with their machines."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a work, ended."""

    work: Work
    number: int
    """Counted over all attempts at this work."""
    tried: int
    """How many tries in a row have failed, this one included."""
    duration: float
    """Seconds."""
    log: Path
    problem: str | None = None
    """Why it did not succeed; None when it did."""
    classified: Classified | None = None
    """What kind of failure it is; None when it is none."""
    retry: Retry | None = None
    """The try that follows."""
    stopped: bool = False
    """It was ended with the run, and says nothing about the work."""
    restored: Made | None = None
    """The attempt elsewhere that made what was taken from the shared cache; then there was none here."""
    lost: int = 0
    """How many attempts in a row were lost with the machine that executed them, this one included."""

    @property
    def outcome(self) -> str:
        """As the journal names it."""
        if self.stopped:
            return "stopped"
        if self.restored is not None:
            return "restored"
        if self.problem is None:
            return "succeeded"
        if self.retry is not None and self.lost:
            return "lost"
        return "retrying" if self.retry else "failed"


def log_of(run: str, work: Work, number: int) -> str:
    """Where the log of an attempt lies, in the project."""
    _, _, *combination = work.task.split(":")
    which = "@" + ",".join(combination) if combination else ""  # no phase has an @ in its name
    return f"{FOLDER}/logs/{run}/{work.phase}{which}.{number}.log"


def record_of_work(work: Work, attempt: str, inputs: Mapping[str, FileState]) -> Record:
    """The record of a work that an attempt made of these inputs."""
    values = {DEFINITION: work.definition_text, ATTEMPT: attempt, OUTPUTS: list(work.outputs)}
    return record_of(values, inputs)


def lost(work: Work, number: int, series: Series, log: Path, outcome: Outcome) -> Attempt:
    """An attempt that was lost with its machine: no try of the policy's, and executed again; but not for ever, because
    the work itself may be what its machines die of."""
    count, problem = series.lost + 1, outcome.error or "was lost"
    attempt = Attempt(work, number, series.tried, outcome.duration, log, problem, lost=count)
    if count < LOSSES:
        return replace(attempt, retry=Retry(count, LOSSES, 0.0))
    why = f"{count} attempts in a row were lost with their workers"
    return replace(
        attempt,
        tried=series.tried + 1,
        problem=f"{problem}; {why}, as if the work were what they die of",
        classified=Classified(ErrorClass.PERMANENT, why, "lost with its worker", by_rule=False),
    )


def problem_of(work: Work, facts: Facts) -> str:
    """What went wrong, in words."""
    if facts.start_error is not None:
        return facts.start_error
    ended = _ended(work, facts)
    return f"{ended}; {facts.unfit_input}" if facts.unfit_input else ended


def _ended(work: Work, facts: Facts) -> str:
    if facts.timed_out:
        return f"ran longer than its timeout of {work.timeout:g} s and was ended"
    if facts.signal is not None:
        return f"was ended by {_signal_name(facts.signal)}"
    if facts.exit_code:
        return f"ended with exit code {facts.exit_code}"
    if facts.missing_outputs:
        return f"ended with exit code 0 but did not make {', '.join(facts.missing_outputs)}"
    return f"ended with exit code 0 but made {facts.stray_outputs[0]} a link that leads out of the project"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
