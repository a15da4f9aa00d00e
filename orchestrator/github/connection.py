"""A project's GitHub: whether there is one, and what is needed to talk to it, put together in one place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..git import git
from ..lookup import Lookup
from ..project import Project
from ..standing import Standing
from ..state.journal import Event
from ..state.place import FOLDER
from ..state.projections import Projections
from ..views.graph.model import nodes_of
from ..views.status import status_data
from .client import Client
from .creation import Creation
from .news import news
from .polls import Desk, Polls
from .render import PLAN, Picture, Scene, is_issue, picture
from .settings import API, Off, On, Settings, access
from .sync import Sync

LOCK = f"{FOLDER}/github.lock"
SYNCED = "synced"
"""The key under which the state of the last whole sync is remembered."""


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
            status_data(self.project.plan, standings, state),
            nodes_of(standings),
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


def access_of(project: Project) -> On | Off:
    """Whether a project has a GitHub, and where."""
    if project.plan.github is None:
        return Off("there is no config/github.yaml", False)
    return access(
        Settings.of(project.plan.github),
        project.variables.get,
        lambda: git(project.root, "remote", "get-url", "origin"),
    )


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


def in_step(project: Project) -> bool:
    """Was the present state of the plan written, as far as the journal tells? Cheap: nobody is asked."""
    rows = project.state.database.rows("select number, hash from projections where key = ?", SYNCED)
    return (project.state.journal.head()[0], project.plan.key) in [tuple(row) for row in rows]


def shown(project: Project) -> dict[str, Any]:
    """Whether GitHub is on, and what it shows, in JSON's types (docs/json.md)."""
    found = access_of(project)
    if isinstance(found, Off):
        return {"on": False, "why": found.why, "issue": None, "in_step": False}
    known = Projections(project.state.database, found.repository).get(PLAN)
    settings = Settings.of(project.plan.github or {})
    number = known.number if known is not None else None
    link = issue_link(settings, found.repository, number) if number is not None else None
    return {"on": True, "why": None, "issue": link, "in_step": in_step(project)}


def is_shown(project: Project, on: On) -> bool:
    """Has the plan an issue already, in whose comments votes may stand?"""
    known = Projections(project.state.database, on.repository).get(PLAN)
    return known is not None and known.number is not None


def issue_link(settings: Settings, repository: str, number: int) -> str:
    """The address of an issue for people."""
    api = urlsplit(settings.api_url)
    host = "https://github.com" if settings.api_url == API else f"{api.scheme}://{api.netloc}"
    return f"{host}/{repository}/issues/{number}"
