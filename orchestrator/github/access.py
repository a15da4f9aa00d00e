"""Whether a project has a GitHub, and what it shows as far as the state tells. Cheap: every run asks, also one with
nothing to do, so nothing of what talks to GitHub is loaded for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..git import git
from ..project import Project
from ..state.projections import Projections
from ..state.state import FOLDER
from .settings import API, Off, On, Settings, access

LOCK = f"{FOLDER}/github.lock"
PLAN = "issue"
"""The key of the plan's issue."""
SYNCED = "synced"
"""The key under which the state of the last whole sync is remembered."""


def access_of(project: Project) -> On | Off:
    """Whether a project has a GitHub, and where."""
    if project.plan.github is None:
        return Off("there is no config/github.yaml", False)
    return access(
        Settings.of(project.plan.github),
        project.variables.get,
        lambda: git(project.root, "remote", "get-url", "origin"),
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
