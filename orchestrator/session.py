"""One run: the lock, the attempts and the gates. doit decides when, this does it; outcomes.py keeps what came of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phases.executor import Executor

from .clock import now
from .gate.judge import Judge
from .gate.judgement import GateState, Judgement
from .gate.people import login
from .outcomes import Outcomes
from .plan import Phase, Work
from .project import Project
from .results import Result
from .state.database import StateError
from .state.journal import Event
from .state.place import FOLDER, INCOMING
from .watchers import Watcher
from .work.attempts import Attempts
from .work.command import RUN, Surroundings
from .work.leftovers import close_attempts, end_leftovers
from .work.orphans import notes_of_orphans
from .work.retry import Later

if TYPE_CHECKING:
    from .cache.cache import Cache

LAST_WORDS = 15.0
"""Seconds that threads get to record how their attempts ended, once the run was stopped."""


LOOK_AGAIN = 1.0
"""Seconds between two looks for votes at a gate that waits for people."""

ANSWER = 0.05
"""Seconds between two looks whether GitHub has answered, which takes it less than a second."""

ASK_AGAIN = 10.0
"""Seconds between two looks for such votes in the shared cache."""


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
        cache: Cache | None = None,
    ) -> None:
        self.outcomes = Outcomes(watcher, project.state.database.settle)
        self._cache = cache
        self._shared_votes = None
        if cache is not None:
            from .cache.voting import SharedVotes

            self._shared_votes = SharedVotes(cache, project.state, project.look, self.outcomes.note)
        self._idle = threading.Condition()
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
        echoed = self.outcomes.output if echo else None
        sharing = None
        if cache is not None:
            from .work.sharing import Sharing

            sharing = Sharing(cache, project.state, around, self._stops)
        self._attempts = Attempts(project.plan, project.state, executor, around, echoed, self._stops, sharing)
        self._judge = Judge(project.state, around, now)
        self._asked_at: dict[str, float] = {}
        """When the shared cache was asked for votes on a phase."""

    def work(self, phase: Phase, work: Work) -> str | Later | None:
        """Make an attempt at a work; why it failed, or when it has to be tried again, or None."""
        with self._occupied():
            wait = self._attempts.wait(work)
            if wait:
                self.outcomes.waits(phase, work, wait)
                return Later(wait)
            self.outcomes.begins(phase, work)
            attempt = self._attempts.make(work)
            if attempt.problem is not None:
                self.outcomes.catch_up()
            self.outcomes.tried(phase, attempt)
            return attempt.problem if attempt.retry is None else Later(attempt.retry.wait)

    def gate(self, phase: Phase) -> str | Later | None:
        """Judge a gate; why it is not open, or when to look again, or None."""
        with self._occupied():
            if self._expects(phase.name):
                return Later(ANSWER)
            result = self.outcomes.of(phase)
            if result.waits_until > self._monotonic() and not self._has_news(result):
                return Later(LOOK_AGAIN)
            self.outcomes.judges(phase)
            judgement = self._judgement(phase)
            if judgement is None:
                return "the run was stopped"
            if self._cache is not None:
                self._cache.release(phase.name, put=judgement.state is not GateState.SHUT)
            if judgement.state is not GateState.OPEN:
                self.outcomes.catch_up()
            if judgement.state is GateState.WAITING and self._stays(result):
                self.outcomes.asks(judgement)
                return Later(LOOK_AGAIN)
            self.outcomes.judged(judgement)
            return None if judgement.state is GateState.OPEN else f"the gate is {judgement.state.value}"

    def _judgement(self, phase: Phase) -> Judgement | None:
        """Judge a gate, with the votes that stand in the shared cache; None where the run is stopped."""
        judgement = self._judge.judge(phase, self._stops)
        if self._shared_votes is not None and judgement is not None:
            self._asked_at[phase.name] = self._monotonic()
            if self._shared_votes.take(judgement):
                judgement = self._judge.judge(phase, self._stops)
            if judgement is not None:
                self._shared_votes.tell_others(judgement)
        return judgement

    def _has_news(self, result: Result) -> bool:
        """Might a gate that waits be judged otherwise than the last time?"""
        if self._judge.would_differ(result.judgement, self._stops):
            return True
        due = self._asked_at.get(result.phase.name, 0.0) + ASK_AGAIN
        return self._shared_votes is not None and due <= self._monotonic()

    def _stays(self, result: Result) -> bool:
        """Is it still time to wait for approvals at this gate?"""
        if not result.waits_until:
            result.waits_until = self._monotonic() + self._wait
        return self._monotonic() < result.waits_until

    def stop(self) -> None:
        """End works, and what criteria started."""
        self._stopping = True
        if self._cache is not None:
            self._cache.stop()
        self._executor.stop()
        self._executor.sweep(self._marks)

    def _stops(self) -> bool:
        return self._stopping

    def close(self, alone: Collection[str]) -> None:
        """Wait for what is still going on in other threads; nothing more happens in this run after that.

        Args:
            alone: the phases whose works were to run, and not their gates.
        """
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, timeout=LAST_WORDS)
            if self._cache is not None:
                self._cache.release_all()
        self.outcomes.close(LAST_WORDS, stopped=self._stopping, alone=alone)

    @property
    def works_go_on(self) -> bool:
        """Is there a work or a gate of which another thread has yet to say how it ended?"""
        return self._busy > 0

    @property
    def is_busy(self) -> bool:
        """Is something still going on in other threads?"""
        return self.works_go_on or not self.outcomes.all_told

    @contextmanager
    def _occupied(self) -> Iterator[None]:
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()


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
    cache: Cache | None = None,
) -> Iterator[Session]:
    """Take the lock, journal the run, and leave nothing running at its end.

    Args:
        run: its id.
        echo: whether the watcher gets what works print.
        wait: seconds to stay at a gate that waits for a person.
        expects: whether votes on a phase may be on their way, so that its gate is not judged before they are in.
        cache: what is shared with other clones, where there is something.

    Raises:
        StateError: another run goes on here, or the state cannot be used.
    """
    project.state.lock.take(run)
    project.state.journal.run = run
    try:
        project.state.records.refresh()
        watcher.notes(end_leftovers(project.root, project.plan, project.state, lambda note: watcher.notes([note])))
        watcher.notes(notes_of_orphans(project.plan, project.state.records.all(), project.state.files.exists))
        by: dict[str, Any] = {"by": login().name}
        if "GITHUB_ACTIONS" in os.environ:  # there the login is `runner`, whoever it was
            by["actor"] = os.environ.get("GITHUB_ACTOR", "")
            by["again_by"] = os.environ.get("GITHUB_TRIGGERING_ACTOR", "")  # who let a job of somebody else's run again
        project.state.journal.append(Event.RUN_STARTED, pid=os.getpid(), host=os.uname().nodename, **by)
        if cache is not None:
            _clear_incoming(project.root)
        session = Session(project, executor, watcher, echo, wait, expects, cache)
        yield session
        if cache is not None:
            _clear_incoming(project.root)
        _prune_logs(project)
        try:
            if session.outcomes.broke and not session.works_go_on:
                watcher.notes(close_attempts(run, project.root, project.plan, project.state))
            if not session.is_busy:  # else the next run sees to what is left, as after a kill
                project.state.journal.append(Event.RUN_ENDED, ends=session.outcomes.counts())
        except StateError as error:  # of what was done nothing is lost: the next run sees that this one did not end
            watcher.notes([str(error)])
    finally:
        executor.stop()
        with contextlib.suppress(StateError):  # digests that could not be kept are taken again
            project.state.close()


def _clear_incoming(root: Path) -> None:
    """Remove what killed runs left of entries of the shared cache that they were bringing. The lock must be held."""
    shutil.rmtree(root / INCOMING, ignore_errors=True)


def _prune_logs(project: Project) -> None:
    logs = project.root / FOLDER / "logs"
    if logs.is_dir():
        older = sorted(folder for folder in logs.iterdir() if folder.name != project.state.journal.run)
        for old in older[: len(older) + 1 - project.plan.logs.keep_runs]:
            shutil.rmtree(old, ignore_errors=True)
