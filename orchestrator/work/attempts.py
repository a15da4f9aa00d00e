"""One attempt at a work: its record dropped first, executed, looked over, and recorded with what it was built from.

The record is gone, durably, before the work starts: whatever kills it, half-written outputs never count as done.
The inputs' states are taken before the start: an input that is edited while the work runs is not recorded as built.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from phases.executor import Executor, Outcome

from ..config.paths import is_glob
from ..plan import Work
from ..state.files import ABSENT
from ..state.files import State as FileState
from ..state.journal import Event
from ..state.records import DEFINITION, record_of
from ..state.state import FOLDER, State
from .command import command_of


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a work, ended."""

    work: Work
    number: int
    duration: float
    """Seconds."""
    log: Path
    problem: str | None
    """Why it did not succeed; None when it did."""
    stopped: bool = False
    """It was ended with the run, and says nothing about the work."""


class Attempts:
    """Makes attempts, from any thread of a run."""

    def __init__(self, root: Path, state: State, executor: Executor, echo: Callable[[str, bytes], None] | None) -> None:
        self._root = root
        self._state = state
        self._executor = executor
        self._echo = echo

    def make(self, work: Work) -> Attempt:
        """Execute the work once."""
        inputs = {given.path: self._state.files.state(given.path) for given in work.inputs}
        number, log = self._start(work)
        gone = [path for path, state in inputs.items() if state == ABSENT or (is_glob(path) and not state)]
        if gone:
            attempt = Attempt(work, number, 0.0, log, f"its input {gone[0]} is not there")
        else:
            outcome = self._execute(work, number, log)
            attempt = Attempt(work, number, outcome.duration, log, self._problem(work, outcome), outcome.stopped)
        self._record(attempt, inputs)
        return attempt

    def _start(self, work: Work) -> tuple[int, Path]:
        """Number the attempt, drop the work's record, and say so in the journal, at once and durably."""
        journal = self._state.journal
        with self._state.database.transaction():
            number = journal.count_of(Event.ATTEMPT_STARTED, work.phase, work.task) + 1
            log = self._log(work, number)
            self._state.records.drop([work.task])
            journal.append(
                Event.ATTEMPT_STARTED, work.phase, work.task, attempt=number, log=str(log.relative_to(self._root))
            )
        for output in work.outputs:
            (self._root / output).parent.mkdir(parents=True, exist_ok=True)
        return number, log

    def _record(self, attempt: Attempt, inputs: Mapping[str, FileState]) -> None:
        work = attempt.work
        with self._state.database.transaction():
            if attempt.problem is None:
                values = {DEFINITION: work.definition_text, "attempt": attempt.number}
                self._state.records.save(work.task, record_of(values, inputs))
            self._state.journal.append(
                Event.ATTEMPT_ENDED,
                work.phase,
                work.task,
                attempt=attempt.number,
                duration=round(attempt.duration, 3),
                outcome="stopped" if attempt.stopped else "succeeded" if attempt.problem is None else "failed",
                problem=attempt.problem,
            )

    def _execute(self, work: Work, number: int, log: Path) -> Outcome:
        echo = self._echo
        to_terminal = None if echo is None else lambda chunk: echo(work.task, chunk)
        return self._executor.execute(command_of(work, self._root, number, log, to_terminal), lambda pid: None)

    def _problem(self, work: Work, outcome: Outcome) -> str | None:
        if outcome.stopped:
            return "was stopped with the run"
        if outcome.error is not None:
            return outcome.error
        if outcome.timed_out:
            return f"ran longer than its timeout of {work.timeout:g} s and was ended"
        if outcome.signal is not None:
            return f"was ended by {_signal_name(outcome.signal)}"
        if outcome.exit_code:
            return f"ended with exit code {outcome.exit_code}"
        missing = [output for output in work.outputs if not self._state.files.exists(output)]
        if missing:
            return f"ended with exit code 0 but did not make {', '.join(missing)}"
        return None

    def _log(self, work: Work, number: int) -> Path:
        _, _, *combination = work.task.split(":")
        name = ".".join(filter(None, (work.phase, ",".join(combination), str(number), "log")))
        return self._root / FOLDER / "logs" / self._state.journal.run / name


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
