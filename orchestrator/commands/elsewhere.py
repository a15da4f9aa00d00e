"""Where a run is shown beside the terminal: on GitHub, and to GitHub Actions. What fails there is a note, not more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..github.follower import Follower
    from ..project import Project

LAST_SYNC = 15.0
"""Seconds that it may take at the end of a run until GitHub shows where the plan stands."""


def follower_of(project: Project, tell: Callable[[Sequence[str]], None], *, waits: bool) -> Follower | None:
    """Who shows a run on GitHub, where there is one.

    Args:
        tell: takes the notes for people.
        waits: whether the run stays for votes.
    """
    if project.plan.github is None:
        return None
    from ..github.access import access_of
    from ..github.settings import Off

    access = access_of(project)
    if isinstance(access, Off):
        tell(_notes(access.why if access.wanted else None))
        return None
    from ..github.follower import Follower, following

    found = following(project, access, waits=waits)
    if isinstance(found, Follower):
        return found
    tell(_notes(found))
    return None


def end_following(follower: Follower | None, project: Project, seconds: float) -> list[str]:
    """Show where the plan stands at the end of a run; notes for people."""
    if follower is None:
        return []
    why = follower.finish(seconds)
    project.state.close()
    return _notes(why)


def catch_up(project: Project) -> list[str]:
    """Show what an earlier run could not, where the journal tells that there is something; notes for people."""
    if project.github is None:
        return []
    from ..github.access import access_of, in_step

    if in_step(project, access_of(project)):
        return []
    notes: list[str] = []
    follower = follower_of(project, notes.extend, waits=False)
    if follower is not None:
        follower.start()
    return [*notes, *end_following(follower, project, LAST_SYNC)]


def tell_actions(project: Project, about: Iterable[str]) -> None:
    """Where GitHub Actions runs us, tell it what became of these phases."""
    if os.environ.get("GITHUB_ACTIONS"):
        from ..annotations import in_actions
        from ..views.actions import tell_actions

        if in_actions(os.environ):
            phases = [project.plan.phases[name] for name in about]
            notes = tell_actions(project, phases, os.environ, sys.stderr)
            sys.stderr.write("".join(f"note: {note}\n" for note in notes))


def _notes(why: str | None) -> list[str]:
    """What to tell where GitHub does not show the plan."""
    return [] if why is None else [f"GitHub does not show this yet: {why}; the next run or `doit github` tries again"]
