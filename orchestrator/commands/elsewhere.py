"""What a run has to do with elsewhere: GitHub, GitHub Actions, a shared cache. What fails there is a note, not more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..cache.cache import Cache
    from ..github.follower import Follower
    from ..project import Project
    from ..voting import Ballot

LAST_SYNC = 15.0
"""Seconds that it may take at the end of a run until GitHub shows where the plan stands."""

LAST_WORD = 15.0
"""Seconds that a command which votes waits at most until the shared cache has the vote."""


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


def cache_of(project: Project, tell: Callable[[Sequence[str]], None], *, asks: bool) -> Cache | None:
    """The shared cache, where the plan has one.

    Args:
        tell: takes the notes for people.
        asks: whether outputs may be taken from it.
    """
    settings = project.plan.cache
    if settings is None:
        return None
    from ..cache.opening import open_cache

    project.withhold_from_works()
    try:
        return open_cache(
            settings,
            project.root,
            project.variables.fill,
            project.masker,
            asks=asks,
            tell=lambda note: tell([note]),
        )
    except KeyError as error:
        tell([f"the cache is left alone: it names ${{{error.args[0]}}}, which is neither set nor in .env"])
        return None


def tell_others(project: Project, ballot: Ballot, tell: Callable[[Sequence[str]], None], *, revoked: bool) -> None:
    """Put the votes that stand on a digest into the shared cache, or that they were taken back.

    Args:
        tell: takes the notes for people.
    """
    settings = project.plan.cache
    if settings is None or not (settings.approvals and settings.write):
        return
    from ..cache.ballots import REVOKE, Said, shared

    cache = cache_of(project, tell, asks=False)
    if cache is None:
        return
    person = ballot.person
    back = Said(ballot.phase.name, ballot.digest, REVOKE, person.name, person.source, ballot.reason, ballot.at)
    cache.tell_others([back] if revoked else shared(project.state.votes.of(ballot.phase.name), ballot.digest))
    tell(cache.close(min(settings.wait, LAST_WORD)))


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
