"""Whether a project has a GitHub, and what it shows as far as the state tells. Cheap: every run asks, also one with
nothing to do, so nothing of what talks to GitHub is loaded for it."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..git import git
from ..project import Project
from ..state.place import FOLDER
from ..state.projections import Projections
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


def known_of(project: Project, settings: Settings, on: On) -> Projections:
    """What is there of a repository. A number of one server is none of another's; the case of a name does not count."""
    host = "" if settings.api_url == API else f"{urlsplit(settings.api_url).netloc}/"
    return Projections(project.state.database, f"{host}{on.repository}".lower())


def in_step(project: Project, access: On | Off) -> bool:
    """Was the present state of the plan written there, as far as the journal tells? Nobody is asked."""
    if isinstance(access, Off):
        return False
    synced = known_of(project, Settings.of(project.plan.github or {}), access).get(SYNCED)
    now = (project.state.journal.head()[0], project.plan.key)
    return synced is not None and (synced.number, synced.hash) == now


def is_shown(project: Project, on: On) -> bool:
    """Has the plan an issue already, in whose comments votes may stand?"""
    known = known_of(project, Settings.of(project.plan.github or {}), on).get(PLAN)
    return known is not None and known.number is not None


def issue_link(settings: Settings, repository: str, number: int) -> str:
    """The address of an issue for people."""
    api = urlsplit(settings.api_url)
    host = "https://github.com" if settings.api_url == API else f"{api.scheme}://{api.netloc}"
    return f"{host}/{repository}/issues/{number}"
