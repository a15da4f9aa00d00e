"""What a report is made from, looked up once: nothing is written, and nothing is decided."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...plan import Plan
from ...project import Project
from ...standing import Standing, stand
from ...state.chain import Break, broken_links
from ...state.journal import Entry
from ...state.votes import Vote
from ..attempts import attempts_data
from ..status import status_data
from ..words import TAIL_LINES, tail

LONG_TAIL = 40
"""Lines of the log of an attempt that did not succeed; of the others the usual tail is enough."""
TAILS = 12
"""Logs of one phase: a matrix may have hundreds, and each stays where it is."""

Attempt = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileFact:
    """Something that is there under a path."""

    size: int | None
    """Bytes; None for a folder."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    root: Path
    plan: Plan
    status: Mapping[str, Any]
    """What `doit status --json` says."""
    standings: Mapping[str, Standing]
    entries: Sequence[Entry]
    attempts: Mapping[str, Sequence[Attempt]]
    """Of each phase, oldest first."""
    votes: Mapping[str, Sequence[Vote]]
    """Those that were not taken back, by phase."""
    alive: frozenset[str]
    """The runs that go on now: one or none."""
    files: Mapping[str, FileFact]
    """Those outputs, inputs and logs that are there."""
    tails: Mapping[str, Sequence[str]]
    """Log → its last lines."""
    head: str
    """The newest hash of the journal; empty for an empty one."""
    breaks: Sequence[Break]
    now: float
    """Seconds since 1970."""
    mask: Callable[[str], str] = str
    """Takes the secrets out of what the plan itself says."""


def facts_of(project: Project, now: float) -> Facts:
    """Look everything up.

    Raises:
        StateError: the state cannot be read.
    """
    plan, state = project.plan, project.state
    with project.look.one_instant(plan):
        standings = stand(plan, project.look)
    status = status_data(plan, list(standings.values()), state, project.masker.text)
    last = state.journal.last_seq()  # asked first: somebody may write meanwhile
    links = state.journal.links()
    entries = state.journal.everything()
    alive = frozenset(run for run in state.journal.unfinished_runs() if state.lock.run_is_alive(run))
    attempts = _attempts(plan, entries, alive)
    newest = {name: newest_of_each(made) for name, made in attempts.items()}
    logs = {log["log"]: log for chosen in newest.values() for log in chosen}
    tails = {
        path: tail(
            project.root / path,
            TAIL_LINES if log["outcome"] == "succeeded" else LONG_TAIL,
            project.masker.text,
        )
        for path, log in logs.items()
    }
    paths = [
        path for phase in plan for path in (*phase.outputs, *(given.path for w in phase.works for given in w.inputs))
    ]
    every_log = (attempt["log"] for made in attempts.values() for attempt in made)
    return Facts(
        root=project.root,
        plan=plan,
        status=status,
        standings=standings,
        entries=entries,
        attempts=attempts,
        votes=state.votes.all(),
        alive=alive,
        files=_files(project.root, [*paths, *every_log]),
        tails=tails,
        head=links[-1].hash if links else "",
        breaks=broken_links(links, last),
        now=now,
        mask=project.masker.text,
    )


def newest_of_each(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The newest attempt at each work, those first that did not succeed; of a large matrix not all."""
    newest = {attempt["task"]: attempt for attempt in attempts}
    return sorted(newest.values(), key=lambda attempt: attempt["outcome"] == "succeeded")[:TAILS]


def _attempts(plan: Plan, entries: Iterable[Entry], alive: Collection[str]) -> dict[str, list[Attempt]]:
    owners = {work.task: phase.name for phase in plan for work in phase.works}
    found: dict[str, list[Attempt]] = {name: [] for name in plan.phases}
    for attempt in attempts_data(entries, owners.keys(), alive.__contains__):
        found[owners[attempt["task"]]].append(attempt)
    return found


def _files(root: Path, paths: Iterable[str]) -> dict[str, FileFact]:
    found = {}
    for path in dict.fromkeys(paths):
        try:
            status = os.stat(os.path.join(root, path))
        except (OSError, ValueError):
            continue
        found[path] = FileFact(None if stat.S_ISDIR(status.st_mode) else status.st_size)
    return found
