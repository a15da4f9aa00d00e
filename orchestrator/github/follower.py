"""A run as GitHub is shown it: a watcher of the session, which wakes the writer and draws its glimpses.

Where the plan stands is decided by standing.py, over files that the run is busy with; so a glimpse is where it stood
when the run began, with what became of phases since. At the end the decision is asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..plan import Phase, Work
from ..project import Project
from ..reasons import Reason, asked_of, rejection
from ..results import End, Result
from ..standing import PhaseState, Standing, stand
from ..state.lock import FileLock
from ..watchers import Watcher
from .access import LOCK, is_shown
from .connection import Connection, connect
from .render import Scene
from .settings import On, Settings
from .trouble import UNPROCESSABLE, Trouble
from .writer import Writer

STATES = {
    End.DONE: PhaseState.DONE,
    End.FAILED: PhaseState.FAILED,
    End.WAITING: PhaseState.WAITING,
    End.BLOCKED: PhaseState.BLOCKED,
}


class Follower(Watcher):
    """Shows one run on GitHub. Use `following`."""

    def __init__(self, project: Project, on: On, poll: float | None, lock: FileLock) -> None:
        self._lock = lock
        self._standings = stand_all(project)
        self._asking = asking(list(self._standings.values())) if is_shown(project, on) else frozenset()
        self._writer = Writer(
            lambda wait: connect(project, on, wait), self.glimpse, bring_about, poll, reads_first=bool(self._asking)
        )

    def start(self) -> None:
        """Begin."""
        self._writer.start()

    def expects(self, phase: str) -> bool:
        """May a vote on this phase have been given that is not read yet?"""
        return phase in self._asking and self._writer.reading_first

    def started(self, result: Result, work: Work) -> None:
        self._stands(result.phase, PhaseState.RUNNING, "")

    def asks(self, result: Result) -> None:
        self._stands(result.phase, PhaseState.WAITING, _why(result))

    def ended(self, result: Result) -> None:
        if result.end in STATES:
            self._stands(result.phase, STATES[result.end], _why(result))

    def glimpse(self, connection: Connection) -> Scene:
        """Where the plan stands, as far as this run tells."""
        return connection.scene(list(self._standings.values()))

    def finish(self, seconds: float) -> str | None:
        """Show where the plan stands at the end; why that was not possible, for people."""
        try:
            return self._writer.finish(seconds)
        finally:
            self._lock.release()

    def _stands(self, phase: Phase, state: PhaseState, why: str) -> None:
        reasons = (Reason(state.value, phase.name, why),) if why else ()
        self._standings[phase.name] = Standing(phase, state, reasons, state is PhaseState.DONE)
        self._writer.changed()


def following(project: Project, on: On, *, waits: bool) -> Follower | str:
    """The follower of a run that begins; why there can be none.

    Args:
        waits: whether the run stays for votes.
    """
    lock = FileLock(project.root / LOCK)
    if not lock.take():
        return "another process is writing there"
    return Follower(project, on, Settings.of(project.plan.github or {}).poll if waits else None, lock)


def asking(standings: Sequence[Standing]) -> frozenset[str]:
    """The phases on which somebody may have voted: those that ask, and those that a waiver could open."""
    return frozenset(s.phase.name for s in standings if s.state in (PhaseState.WAITING, PhaseState.FAILED))


def bring_about(connection: Connection) -> None:
    """Show where the plan stands, take the votes that were given there, and show what they changed.

    Raises:
        Trouble: not all of it was possible; what was taken stays taken.
    """

    def write() -> None:
        connection.write(connection.scene(list(stand_all(connection.project).values())), whole=True)

    refused = None
    try:
        write()
    except Trouble as error:
        if error.status != UNPROCESSABLE:
            raise
        refused = error  # which is no reason to leave votes unread
    before = connection.polls.taken
    connection.answer()
    if connection.polls.taken > before:
        write()
    if refused is not None:
        raise refused


def stand_all(project: Project) -> dict[str, Standing]:
    """Where every phase stands now."""
    with project.look.one_instant(project.plan):
        return stand(project.plan, project.look)


def _why(result: Result) -> str:
    """Why a phase is not done, from what became of it."""
    if result.end is End.BLOCKED:
        return f"after {', '.join(result.blocked_by)}"
    failed = [attempt.problem for attempt in result.last_attempts if attempt.problem]
    if failed:
        return "; ".join(failed)
    judgement = result.judgement
    if judgement is None or judgement.decision is None:
        return ""
    if judgement.rejected is not None:
        return rejection(judgement.rejected.by, judgement.rejected.reason)
    missing = judgement.decision.missing
    return f"waits for an approval{asked_of(result.phase.rule, missing)}" if missing else ""
