"""One run: the lock, the attempts, the gates, and what became of each phase. doit decides when; this does it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from phases.executor import Executor

from .gate.judge import Judge
from .gate.judgement import GateState
from .gate.people import login
from .plan import Phase, Work
from .project import Project
from .results import End, Result, Watcher
from .state.database import StateError
from .state.journal import Event
from .state.place import FOLDER
from .work.attempts import Attempts
from .work.command import RUN, Surroundings
from .work.leftovers import close_attempts, end_leftovers
from .work.retry import Later

LAST_WORDS = 15.0
"""Seconds that threads get to record how their attempts ended, once the run was stopped."""


LOOK_AGAIN = 1.0
"""Seconds between two looks for votes at a gate that waits."""


class Session:
    """A run of a project. Use `open_session`."""

    def __init__(
        self,
        project: Project,
        executor: Executor,
        watcher: Watcher,
        echo: bool,
        wait: float,
        expects: Callable[[str], bool],
    ) -> None:
        self._watcher = watcher
        self._guard = threading.Condition()
        self._busy = 0
        self._executor = executor
        self._marks = {RUN: project.state.journal.run}
        self._stopping = False
        self._wait = wait
        self._expects = expects
        self._monotonic: Callable[[], float] = time.monotonic
        around = Surroundings(
            root=project.root,
            run=project.state.journal.run,
            inherited=dict(os.environ),
            variables=project.variables,
            secrets=project.masker,
            log_cap=project.plan.logs.max_size,
        )
        self._attempts = Attempts(project.plan, project.state, executor, around, self._output if echo else None)
        self._judge = Judge(project.state, around, time.time)
        self.broke = False
        """Did phasegate itself, or the machine, fail? Then attempts may be left of which nobody wrote the end."""
        self.results: dict[str, Result] = {}
        self.current: set[str] = set()
        """Phases that doit found up to date, after what they need had run."""

    def work(self, phase: Phase, work: Work) -> str | Later | None:
        """Make an attempt at a work; why it failed, or when it has to be tried again, or None."""
        with self._occupied():
            wait = self._attempts.wait(work)
            with self._guard:
                result = self._result(phase)
                if wait:
                    self._watcher.waits(result, work, wait, None)
                    return Later(wait)
                self._watcher.started(result, work)
            attempt = self._attempts.make(work)
            with self._guard:
                result.attempts.append(attempt)
                result.duration = self._monotonic() - result.started
                if attempt.retry is not None:
                    self._watcher.waits(result, work, attempt.retry.wait, attempt)
                    return Later(attempt.retry.wait)
                self._watcher.finished(result, work)
                if attempt.problem is not None and len(phase.works) == 1:
                    self._end(result, result.without_gate())
            return attempt.problem

    def gate(self, phase: Phase) -> str | Later | None:
        """Judge a gate; why it is not open, or when to look again, or None."""
        with self._occupied():
            if self._expects(phase.name):
                return Later(LOOK_AGAIN)
            result = self._result(phase)
            if result.waits_until > self._monotonic() and not self._judge.would_differ(result.judgement):
                return Later(LOOK_AGAIN)
            with self._guard:
                self._watcher.judges(result)
            judgement = self._judge.judge(phase, lambda: self._stopping)
            if judgement is None:
                return "the run was stopped"
            ends = {GateState.OPEN: End.DONE, GateState.WAITING: End.WAITING, GateState.SHUT: End.FAILED}
            with self._guard:
                asked = result.judgement.digest if result.judgement is not None else ""
                result.judgement = judgement
                result.duration = self._monotonic() - result.started
                if judgement.state is GateState.WAITING and self._stays(result):
                    if judgement.digest != asked:
                        self._watcher.asks(result)
                    return Later(LOOK_AGAIN)
                self._end(result, ends[judgement.state])
            return None if judgement.state is GateState.OPEN else f"the gate is {judgement.state.value}"

    def _stays(self, result: Result) -> bool:
        """Is it still time to wait for approvals at this gate?"""
        if not result.waits_until:
            result.waits_until = self._monotonic() + self._wait
        return self._monotonic() < result.waits_until

    def blocked(self, phase: Phase) -> None:
        """A gate or work that cannot start, because something before it did not end well: another phase, or, for a
        gate, its own work."""
        with self._guard:
            result = self._result(phase)
            self._end(result, result.without_gate())
            if result.end is None:
                stuck = (End.FAILED, End.WAITING, End.BLOCKED, End.STOPPED)
                needs = [self.results[need] for need in phase.needs if need in self.results]
                result.blocked_by = tuple(
                    dict.fromkeys(
                        name for need in needs if need.end in stuck for name in need.blocked_by or (need.phase.name,)
                    )
                )
                self._end(result, End.BLOCKED)

    def still_open(self, phase: Phase) -> None:
        """A gate that doit found current: when the work ran before it, its outputs are the bytes that were approved."""
        with self._guard:
            if phase.name in self.results:
                self._end(self.results[phase.name], End.DONE)
            else:
                self.current.add(phase.name)
                self._watcher.unchanged(phase)

    def stop(self) -> None:
        """End works, and what criteria started."""
        self._stopping = True
        self._executor.stop()
        self._executor.sweep(self._marks)

    def close(self, alone: Collection[str]) -> None:
        """Wait for what is still going on in other threads; nothing more happens in this run after that.

        Args:
            alone: the phases whose works were to run, and not their gates.
        """
        with self._guard:
            self._guard.wait_for(lambda: not self._busy, timeout=LAST_WORDS)
            for result in self.results.values():
                if result.judgement is not None and result.judgement.state is GateState.WAITING:
                    self._end(result, End.WAITING)
                elif result.attempts or self._stopping:
                    self._end(result, result.without_gate() or self._without_verdict(result, alone))

    def _without_verdict(self, result: Result, alone: Collection[str]) -> End | None:
        """What became of a phase whose work is done and whose gate was not asked; None where the run ended before."""
        if self._stopping:
            return End.STOPPED
        return End.RAN if result.phase.name in alone else None

    def counts(self) -> dict[str, int]:
        """How many phases ended how."""
        with self._guard:
            ends = [result.end.value for result in self.results.values() if result.end is not None]
        return {end: ends.count(end) for end in sorted(set(ends))}

    def missed(self, names: Iterable[str]) -> list[str]:
        """Those of these phases that nothing became of: the run ended before."""
        with self._guard:
            ended = {name for name, result in self.results.items() if result.end is not None}
            return [name for name in names if name not in ended | self.current]

    def broken(self, phase: Phase) -> None:
        """A phase at which phasegate itself, or the machine, failed; the reporter has the message."""
        with self._guard:
            self.broke = True
            self._end(self._result(phase), End.FAILED)

    def skipped(self, phase: Phase) -> None:
        """A phase that is passed over because of `doit ignore`."""
        with self._guard:
            result = self._result(phase)
            if result.end is None:
                self._end(result, End.SKIPPED)

    @contextmanager
    def _occupied(self) -> Iterator[None]:
        with self._guard:
            self._busy += 1
        try:
            yield
        finally:
            with self._guard:
                self._busy -= 1
                self._guard.notify_all()

    def _result(self, phase: Phase) -> Result:
        with self._guard:
            return self.results.setdefault(phase.name, Result(phase, self._monotonic()))

    def _end(self, result: Result, end: End | None) -> None:
        if result.end is None and end is not None:
            result.end = end
            self._watcher.ended(result)

    def _output(self, task: str, chunk: bytes) -> None:
        with self._guard:
            self._watcher.output(task, chunk)


def new_run() -> str:
    """An id for a run: later ones sort behind earlier ones."""
    now = datetime.now(timezone.utc)
    return f"{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


@contextmanager
def open_session(
    project: Project,
    run: str,
    executor: Executor,
    watcher: Watcher,
    echo: bool,
    wait: float,
    expects: Callable[[str], bool],
) -> Iterator[Session]:
    """Take the lock, journal the run, and leave nothing running at its end.

    Args:
        run: its id.
        echo: whether the watcher gets what works print.
        wait: seconds to stay at a gate that waits for a person.
        expects: whether votes on a phase may be on their way, so that its gate is not judged before they are in.

    Raises:
        StateError: another run goes on here, or the state cannot be used.
    """
    project.state.lock.take(run)
    project.state.journal.run = run
    try:
        project.state.records.refresh()
        watcher.notes(end_leftovers(project.root, project.plan, project.state))
        by: dict[str, Any] = {"by": login().name}
        if "GITHUB_ACTIONS" in os.environ:  # there the login is `runner`, whoever it was
            by["actor"] = os.environ.get("GITHUB_ACTOR", "")
            by["again_by"] = os.environ.get("GITHUB_TRIGGERING_ACTOR", "")  # who let a job of somebody else's run again
        project.state.journal.append(Event.RUN_STARTED, pid=os.getpid(), host=os.uname().nodename, **by)
        session = Session(project, executor, watcher, echo, wait, expects)
        yield session
        _prune_logs(project)
        try:
            if session.broke:
                watcher.notes(close_attempts(run, project.root, project.plan, project.state))
            project.state.journal.append(Event.RUN_ENDED, ends=session.counts())
        except StateError as error:  # of what was done nothing is lost: the next run sees that this one did not end
            watcher.notes([str(error)])
    finally:
        executor.stop()
        with contextlib.suppress(StateError):  # digests that could not be kept are taken again
            project.state.close()


def _prune_logs(project: Project) -> None:
    logs = project.root / FOLDER / "logs"
    if logs.is_dir():
        older = sorted(folder for folder in logs.iterdir() if folder.name != project.state.journal.run)
        for old in older[: len(older) + 1 - project.plan.logs.keep_runs]:
            shutil.rmtree(old, ignore_errors=True)
