"""What is needed to talk to a project's GitHub, put together in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..clock import now
from ..git import git
from ..lookup import Lookup
from ..project import Project
from ..standing import Standing
from ..state.journal import Event
from ..state.projections import Projections
from ..triggers.model import LAST_CALL, Happening
from ..views.graph.model import nodes_of
from ..views.status import status_data
from .access import PLAN, SYNCED, in_step, issue_link, known_of
from .client import Client
from .creation import Creation
from .news import news
from .polls import Desk, Polls
from .render import Picture, Scene, is_issue, picture
from .settings import On, Settings
from .sync import Sync, differences
from .transport import Transport


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
        return _scene(self.project, standings)

    def picture(self, scene: Scene) -> Picture:
        """What GitHub should show of it."""
        return _picture(scene, self.settings, self.known, self.commit)

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
        try:
            self.polls.read()
            for reply in self.polls.replies():
                self.sync.comment(reply)
        finally:
            self._announce(self.polls.happened())

    def _announce(self, happened: list[Happening]) -> None:
        """Tell the triggers, as `doit approve` does; what cannot be delivered is in their log."""
        if happened:
            triggers = self.project.triggers()
            for each in happened:
                triggers.tell(each)
            triggers.close(LAST_CALL)


def connect(project: Project, on: On, wait: Callable[[float], None]) -> Connection:
    """Everything put together; nothing is asked yet.

    Args:
        wait: waits so many seconds, or raises what ends the waiting.
    """
    settings = Settings.of(project.plan.github or {})
    known = known_of(project, settings, on)
    transport = Transport(settings, on, wait, mask=project.masker.text)
    client = Client(transport, is_app=settings.app is not None)
    # a look of its own: the run's is used by other threads
    look = Lookup(project.state, mask=project.look.mask)
    return Connection(
        project,
        settings,
        on,
        client,
        known,
        Sync(client, known, settings.labels, Creation(known, wait)),
        Polls(Desk(project.plan, project.state, look), settings, client, known, now),
        git(project.root, "rev-parse", "HEAD") if settings.statuses else None,
    )


def shown(project: Project, on: On, standings: list[Standing]) -> dict[str, Any]:
    """What GitHub shows, in JSON's types (docs/json.md).

    Args:
        standings: of all phases. A file that somebody edited makes the issue untrue, and is in no journal.
    """
    settings = Settings.of(project.plan.github or {})
    known = known_of(project, settings, on)
    issue = known.get(PLAN)
    number = issue.number if issue is not None else None
    link = issue_link(settings, on.repository, number) if number is not None else None
    is_true = in_step(project, on) and not differences(
        _picture(_scene(project, standings), settings, known, None), known, None
    )
    return {"on": True, "why": None, "issue": link, "in_step": is_true}


def _scene(project: Project, standings: list[Standing]) -> Scene:
    state, mask = project.state, project.masker.text
    return Scene(
        project.plan,
        status_data(project.plan, standings, state, mask),
        nodes_of(standings, mask),
        news(standings, state.journal.of, state.journal.latest(Event.OPENED)),
        state.journal.head(),
    )


def _picture(scene: Scene, settings: Settings, known: Projections, commit: str | None) -> Picture:
    there = known.all()
    written = [key for key, issue in there.items() if is_issue(key) and issue.number is not None]
    prefix = f"status {commit} "
    said = [key.removeprefix(prefix) for key in there if key.startswith(prefix)]
    return picture(scene, written, said, phase_issues=settings.phase_issues, statuses=settings.statuses)
