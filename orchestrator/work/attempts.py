"""One attempt at a work: its record dropped first, executed, looked over, and recorded with what it was built from.

The record is gone, durably, before the work starts: whatever kills it, half-written outputs never count as done.
The inputs' states are taken before the start: an input that is edited while the work runs is not recorded as built.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phases.executor import Executor, Outcome
from phases.identity import start_mark

from ..config.paths import leaves_through_link
from ..plan import Plan, Work
from ..state.files import State as FileState
from ..state.journal import Event
from ..state.place import FOLDER
from ..state.records import DEFINITION, record_of
from ..state.state import State
from .command import Surroundings, command_of
from .errors import Classified, Facts, classify
from .inputs import unfit
from .outputs import remove_all
from .retry import Retry, policy_of, retry_after
from .series import Tries


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

    @property
    def outcome(self) -> str:
        """As the journal names it."""
        if self.stopped:
            return "stopped"
        if self.problem is None:
            return "succeeded"
        return "retrying" if self.retry else "failed"


class Attempts:
    """Makes attempts, from any thread of a run."""

    def __init__(
        self,
        plan: Plan,
        state: State,
        executor: Executor,
        around: Surroundings,
        echo: Callable[[str, bytes], None] | None,
    ) -> None:
        self._plan = plan
        self._state = state
        self._executor = executor
        self._around = around
        self._echo = echo
        self._tries = Tries(state.journal)

    def wait(self, work: Work) -> float:
        """Seconds until the work may be tried again; 0 when it may be now."""
        seconds, earlier = self._tries.wait(work), self._tries.of(work).earlier
        if seconds and earlier is not None:
            told = {**earlier, "wait": round(seconds, 3)}
            self._state.journal.append(Event.ATTEMPT_WAITING, work.phase, work.task, durable=False, **told)
        return seconds

    def make(self, work: Work) -> Attempt:
        """Execute the work once.

        Raises:
            StateError, OSError: the state or the log cannot be written.
        """
        series = self._tries.of(work)
        number = series.number + 1
        log = self._log(work, number)
        self._state.records.drop([work.task])
        inputs = {given.path: self._state.files.state(given.path) for given in work.inputs}
        hindrance = unfit(work, inputs, self._state.records.get)

        def started(pid: int | None) -> None:
            self._state.journal.append(
                Event.ATTEMPT_STARTED,
                work.phase,
                work.task,
                durable=False,  # nothing depends on it but what a kill leaves running, which no power cut does
                attempt=number,
                tried=series.tried,
                pid=pid,
                mark=None if pid is None else start_mark(pid),
                log=str(log.relative_to(self._around.root)),
                definition=work.mark,
            )

        unstarted = Outcome(0.0, error=hindrance) if hindrance else None
        outcome = unstarted or self._execute(work, number, log, started)
        if outcome.error is not None:
            started(None)
        attempt = self._look_over(work, number, series.tried, log, outcome, hindrance)
        if attempt.problem is not None and work.clean_on_failure:
            lost = remove_all(self._around.root, work.outputs)
            attempt = replace(attempt, problem="; ".join([attempt.problem, *lost]))
        self._record(attempt, outcome, inputs)
        self._tries.ended(work, number, attempt.tried, attempt.retry)
        return attempt

    def _execute(self, work: Work, number: int, log: Path, started: Callable[[int], None]) -> Outcome:
        for output in work.outputs:
            (self._around.root / output).parent.mkdir(parents=True, exist_ok=True)
        echo = self._echo
        to_terminal = None if echo is None else lambda chunk: echo(work.task, chunk)
        try:
            command = command_of(work, number, log, self._around, to_terminal)
        except KeyError as error:
            return Outcome(0.0, error=f"its env names the variable {error.args[0]}, which is neither set nor in .env")
        return self._executor.execute(command, started)

    def _look_over(
        self, work: Work, number: int, tried: int, log: Path, outcome: Outcome, hindrance: str | None
    ) -> Attempt:
        """What came of an execution, and whether another one follows."""
        if outcome.stopped:
            return Attempt(work, number, tried, outcome.duration, log, "was stopped with the run", stopped=True)
        exists, root = self._state.files.exists, str(self._around.root)
        made = work.outputs if outcome.succeeded else ()
        missing = tuple(path for path in made if not exists(path))
        stray = tuple(path for path in made if leaves_through_link(root, path))
        if outcome.succeeded and not missing and not stray:
            return Attempt(work, number, 0, outcome.duration, log)
        paths = [given.path for given in work.inputs]
        mask = self._around.secrets.text  # before anything is cut: of half a secret nothing is recognized
        unset = outcome.report.get("unset_variable")
        facts = Facts(
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            start_error=None if outcome.error is None else mask(outcome.error),
            timed_out=outcome.timed_out,
            output=outcome.output,
            exceptions=tuple(map(mask, outcome.report.get("exceptions", ()))),
            unset_variable=None if unset is None else mask(unset),
            unfit_input=hindrance or next((f"its input {path} is gone" for path in paths if not exists(path)), None),
            missing_outputs=missing,
            stray_outputs=stray,
        )
        classified = classify(facts, self._plan.errors)
        policy = policy_of(self._plan.retry, work.retry, classified.error_class)
        return Attempt(
            work,
            number,
            tried + 1,
            outcome.duration,
            log,
            _problem(work, facts),
            classified,
            retry_after(policy, tried + 1),
        )

    def _record(self, attempt: Attempt, outcome: Outcome, inputs: Mapping[str, FileState]) -> None:
        work, classified, retry = attempt.work, attempt.classified, attempt.retry
        why: dict[str, Any] = {}
        if classified is not None:
            why = {"class": classified.error_class.value, "rule": classified.because if classified.by_rule else None}
        if retry is not None:
            why |= {"of": retry.of, "wait": round(retry.wait, 3)}
        with self._state.database.transaction():
            if attempt.problem is None:
                values = {DEFINITION: work.definition_text, "attempt": attempt.number}
                self._state.records.save(work.task, record_of(values, inputs))
            self._state.journal.append(
                Event.ATTEMPT_ENDED,
                work.phase,
                work.task,
                attempt=attempt.number,
                outcome=attempt.outcome,
                problem=attempt.problem,
                exit_code=outcome.exit_code,
                signal=outcome.signal,
                duration=round(attempt.duration, 3),
                peak_memory=outcome.peak_memory,
                tried=attempt.tried,
                definition=work.mark,
                **why,
            )

    def _log(self, work: Work, number: int) -> Path:
        _, _, *combination = work.task.split(":")
        which = "@" + ",".join(combination) if combination else ""  # no phase has an @ in its name
        name = f"{work.phase}{which}.{number}.log"
        return self._around.root / FOLDER / "logs" / self._around.run / name


def _problem(work: Work, facts: Facts) -> str:
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
