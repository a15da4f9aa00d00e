"""One attempt at a work: its record dropped first, executed, looked over, and recorded with what it was built from.

The record is gone, durably, before the work starts: whatever kills it, half-written outputs never count as done.
The inputs' states are those before the start: an input that is edited while the work runs is not recorded as built.
Large inputs that nobody has read yet, and no gate has judged, are read while the work runs. What they held before is
known from their signatures, or not at all; then the work has to run again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phases.executor import Executor, Outcome, Start
from phases.identity import start_mark

from ..config.paths import Links
from ..plan import Plan, Work
from ..state.files import State as FileState
from ..state.files import Taken, flat
from ..state.hashing import GivenUp
from ..state.journal import Event
from ..state.records import attempt_id
from ..state.state import State
from .attempt import Attempt, log_of, lost, problem_of, record_of_work
from .command import Surroundings, command_of
from .errors import Facts, classify
from .inputs import unfit
from .outputs import remove_all
from .retry import policy_of, retry_after
from .series import Series, Tries

if TYPE_CHECKING:
    from .sharing import Sharing


class Attempts:
    """Makes attempts, from any thread of a run."""

    def __init__(
        self,
        plan: Plan,
        state: State,
        executor: Executor,
        around: Surroundings,
        echo: Callable[[str, bytes], None] | None,
        stopping: Callable[[], bool],
        sharing: Sharing | None = None,
    ) -> None:
        self._plan = plan
        self._state = state
        self._executor = executor
        self._around = around
        self._echo = echo
        self._stopping = stopping
        self._sharing = sharing
        self._tries = Tries(state.journal)

    def wait(self, work: Work) -> float:
        """Seconds until the work may be tried again; 0 when it may be now."""
        seconds, earlier = self._tries.wait(work), self._tries.of(work).earlier
        if seconds and earlier is not None:
            told = {**earlier, "wait": round(seconds, 3)}
            self._state.journal.append(Event.ATTEMPT_WAITING, work.phase, work.task, durable=False, **told)
        return seconds

    def make(self, work: Work) -> Attempt:
        """Execute the work once, or restore what an attempt elsewhere made of the same. Whoever tells of it has to wait
        for the disk first (`Database.settle`).

        Raises:
            StateError, OSError: the state or the log cannot be written.
        """
        series = self._tries.of(work)
        number = series.number + 1
        relative = log_of(self._around.run, work, number)
        log = self._around.root / relative
        self._state.records.drop([work.task])
        before = self._sharing.seen(work) if self._sharing is not None else []
        inputs = self._taken(work)
        hindrance = unfit(work, inputs.now, self._state.records.get) if inputs is not None else None
        if inputs is not None and hindrance is None and self._sharing is not None:
            restored = self._sharing.restore(work, series.number, inputs.now)
            if restored is not None:
                self._tries.ended(work, series.number, 0, None)
                return restored

        def started(start: Start) -> None:
            elsewhere: dict[str, Any] = {}
            if start.worker is not None:
                elsewhere = {"worker": start.worker, "lease": start.lease}
            self._state.journal.append(
                Event.ATTEMPT_STARTED,
                work.phase,
                work.task,
                # nothing depends on it but what a kill leaves running, which no power cut does on this machine
                durable=start.worker is not None,
                attempt=number,
                tried=series.tried,
                pid=start.pid,
                mark=None if start.pid is None else start_mark(start.pid),
                log=relative,
                definition=work.mark,
                **elsewhere,
            )

        if inputs is None:
            outcome = Outcome(0.0, error="the run was stopped", stopped=True)
        elif hindrance:
            outcome = Outcome(0.0, error=hindrance)
        else:
            inputs.begin()
            files = [file for path, state in inputs.now.items() for file in flat(path, state)]
            outcome = self._execute(work, number, log, started, files)
        if outcome.error is not None and not outcome.lost:
            started(Start())
        states: Mapping[str, FileState] = {}
        if inputs is not None and outcome.succeeded:
            try:
                states = inputs.states(self._stopping)
            except GivenUp:  # the work is done, but from what will never be known
                outcome = replace(outcome, stopped=True)
        attempt = self._look_over(work, number, series, log, outcome, hindrance)
        if attempt.problem is not None and work.clean_on_failure:
            left = remove_all(self._around.root, work.outputs)
            attempt = replace(attempt, problem="; ".join([attempt.problem, *left]))
        self._record(attempt, outcome, states)
        if self._sharing is not None:
            self._sharing.hold(attempt, states, before)
        self._tries.ended(work, number, attempt.tried, attempt.retry, attempt.lost)
        return attempt

    def _taken(self, work: Work) -> Taken | None:
        """The inputs before the start; None when the run is stopped meanwhile.

        What another phase makes is never left for later: the work must not start on anything but what was judged. Nor
        is anything where the cache is asked, which goes by the contents.
        """
        asks = self._sharing is not None and work.cached
        unjudged = [given.path for given in work.inputs if not given.makers and not asks]
        try:
            return self._state.files.take([given.path for given in work.inputs], unjudged, self._stopping)
        except GivenUp:
            return None

    def _execute(
        self, work: Work, number: int, log: Path, started: Callable[[Start], None], files: list[str]
    ) -> Outcome:
        for folder in {os.path.dirname(os.path.join(self._around.root, output)) for output in work.outputs}:
            os.makedirs(folder, exist_ok=True)
        echo = self._echo
        to_terminal = None if echo is None else lambda chunk: echo(work.task, chunk)
        try:
            command = command_of(work, number, log, self._around, to_terminal, files)
        except KeyError as error:
            return Outcome(0.0, error=f"its env names the variable {error.args[0]}, which is neither set nor in .env")
        return self._executor.execute(command, started)

    def _look_over(
        self, work: Work, number: int, series: Series, log: Path, outcome: Outcome, hindrance: str | None
    ) -> Attempt:
        """What came of an execution, and whether another one follows."""
        tried = series.tried
        if outcome.lost and not outcome.stopped:
            return lost(work, number, series, log, outcome)
        if outcome.stopped:
            return Attempt(work, number, tried, outcome.duration, log, "was stopped with the run", stopped=True)
        exists, links = self._state.files.exists, Links(str(self._around.root))
        made = work.outputs if outcome.succeeded else ()
        missing = tuple(path for path in made if not exists(path))
        stray = tuple(path for path in made if links.outside(path))
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
            problem_of(work, facts),
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
        if attempt.lost:
            why["lost"] = attempt.lost
        with self._state.database.transaction(durable=False):
            if attempt.problem is None:
                id_ = attempt_id(self._around.run, attempt.number)
                self._state.records.save(work.task, record_of_work(work, id_, inputs))
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
