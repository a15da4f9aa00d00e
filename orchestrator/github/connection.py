"""What is needed to talk to a project's GitHub, put together in one place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..git import git
from ..lookup import Lookup
from ..project import Project
from ..standing import Standing
from ..state.journal import Event
from ..state.projections import Projections
from ..views.graph.model import nodes_of
from ..views.status import status_data
from .access import PLAN, SYNCED, issue_link
from .client import Client
from .creation import Creation
from .news import news
from .polls import Desk, Polls
from .render import Picture, Scene, is_issue, picture
from .settings import On, Settings
from .sync import Sync


@dataclass(frozen=True, slots=True)
class Connection:
    """All that a sync needs."""

    project: Project
    settings: Settings
    on: On
    client: Client
    known: Projections
    sync: Sync
    polls: Polls
    commit: str | None
    """What statuses are about; None where none are asked for, or git knows no commit."""

    def link(self, number: int) -> str:
        """Where an issue is looked at."""
        return issue_link(self.settings, self.on.repository, number)

    @property
    def issue_number(self) -> int | None:
        """The number of the plan's issue, once it is there."""
        known = self.known.get(PLAN)
        return known.number if known is not None else None

    def refresh(self) -> None:
        """Look whether the issues still show what was written last; what somebody changed is written again.

        Raises:
            Trouble: GitHub could not be asked.
        """
        for key, issue in self.known.all().items():
            if is_issue(key) and issue.number is not None and issue.hash:
                self.sync.compare(key, issue)

    def scene(self, standings: list[Standing]) -> Scene:
        """Where the plan stands, as it is shown; `standings` of all phases."""
        state = self.project.state
        return Scene(
            self.project.plan,
            status_data(self.project.plan, standings, state, self.project.masker.text),
            nodes_of(standings, self.project.masker.text),
            news(standings, state.journal.of, state.journal.latest(Event.OPENED)),
            state.journal.head(),
        )

    def picture(self, scene: Scene) -> Picture:
        """What GitHub should show of it."""
        return picture(scene, phase_issues=self.settings.phase_issues, statuses=self.settings.statuses)

    def write(self, scene: Scene, *, whole: bool) -> None:
        """Bring GitHub to it.

        Args:
            whole: it is where the plan really stands, and no glimpse of a run.

        Raises:
            Trouble: something could not be written.
        """
        self.sync.bring_about(self.picture(scene), self.commit, self.link)
        if whole:
            self.known.put(SYNCED, scene.head[0], self.project.plan.key)

    def answer(self) -> None:
        """Take the votes that were given in comments, and answer them.

        Raises:
            Trouble: something could not be read or written; what was taken stays taken.
        """
        self.polls.read()
        for reply in self.polls.replies():
            self.sync.comment(reply)


def connect(project: Project, on: On, wait: Callable[[float], None]) -> Connection:
    """Everything put together; nothing is asked yet.

    Args:
        wait: waits so many seconds, or raises what ends the waiting.
    """
    settings = Settings.of(project.plan.github or {})
    known = Projections(project.state.database, on.repository)
    client = Client(settings, on, wait)
    # a look of its own: the run's is used by other threads
    look = Lookup(project.state, mask=project.look.mask)
    return Connection(
        project,
        settings,
        on,
        client,
        known,
        Sync(client, known, settings.labels, Creation(known, wait)),
        Polls(Desk(project.plan, project.state, look), settings, client, known, time.time),
        git(project.root, "rev-parse", "HEAD") if settings.statuses else None,
    )
