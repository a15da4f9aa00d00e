"""`doit logs`: what the attempts at a phase printed. Reads only, also while a run is going on."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from doit.exceptions import InvalidCommand

from phases.log_reader import follow, read

from ..project import Project
from ..state.journal import Entry, Event
from ..views.attempts import RUNNING, attempt_line, attempts_data
from ..views.words import made_by
from .common import PlanCommand
from .selection import named

PAUSE = 0.2
"""Seconds between two looks at a log that grows."""

NEWEST = -1

OPT_ATTEMPT = {
    "name": "attempt",
    "long": "attempt",
    "type": int,
    "default": NEWEST,
    "help": "the attempt with this number, and not the newest",
}
OPT_FOLLOW = {
    "name": "follow",
    "long": "follow",
    "type": bool,
    "default": False,
    "help": "go on until it has ended, and with the attempts that follow it",
}
OPT_JSON = {
    "name": "json",
    "long": "json",
    "type": bool,
    "default": False,
    "help": "print what is known of each attempt as JSON (docs/json.md), and no log",
}

Attempt = dict[str, Any]


class Logs(PlanCommand):
    """The command `logs`. The log goes to standard output as it is, whose log it is to standard error."""

    name = "logs"
    doc_purpose = "show what a phase printed"
    doc_usage = "PHASE [--attempt N] [--follow]"
    doc_description = "Of a matrix name one work, phase:run:value, or see the newest of all."
    cmd_options = (OPT_ATTEMPT, OPT_FOLLOW, OPT_JSON)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if len(args) != 1:
            raise InvalidCommand("`doit logs` takes one phase: doit logs phase_3")
        tasks = _works(project, args[0])
        if params["json"]:
            self.outstream.write(json.dumps({"attempts": _attempts(project, tasks)}, indent=2) + "\n")
            return 0
        chosen = _chosen(project, tasks, args[0], params["attempt"])
        pieces = _followed(project, chosen) if params["follow"] else _whole(project, chosen)
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        return 0


def _works(project: Project, name: str) -> list[str]:
    """The works that a name means."""
    return [
        work.task
        for task in named(project.plan, [name], project.root)
        for work in project.plan.phases[project.plan.phases_of([task])[0]].works
        if task in (work.task, work.phase)
    ]


def _attempts(project: Project, tasks: Sequence[str]) -> list[Attempt]:
    entries = [entry for phase in project.plan.phases_of(tasks) for entry in project.state.journal.of(phase)]
    return attempts_data(entries, tasks, project.state.lock.run_is_alive)


def _chosen(project: Project, tasks: Sequence[str], name: str, number: int) -> Attempt:
    """The newest attempt, or the newest with this number.

    Raises:
        InvalidCommand: there is none.
    """
    attempts = _attempts(project, tasks)
    if not attempts:
        restored = _restored(project, tasks)
        if restored is not None:
            told = f"{made_by(restored.data['made'])}, where its log is"
            raise InvalidCommand(f"{name} was restored from {restored.data['cache']}: {told}")
        raise InvalidCommand(f"{name} was not tried yet, so it has no log; run doit {name}")
    found = [attempt for attempt in attempts if number in (NEWEST, attempt["attempt"])]
    if not found:
        numbers = sorted({attempt["attempt"] for attempt in attempts})
        raise InvalidCommand(f"{name} has no attempt {number}; it has {numbers[0]} to {numbers[-1]}")
    return found[-1]


def _restored(project: Project, tasks: Sequence[str]) -> Entry | None:
    """The newest entry that says of these works that they came from the shared cache."""
    newest = project.state.journal.latest(Event.ATTEMPT_RESTORED, Event.FORGOTTEN, of_each="task")
    found = [newest[task] for task in tasks if task in newest and newest[task].event is Event.ATTEMPT_RESTORED]
    return max(found, key=lambda entry: entry.seq, default=None)


def _whole(project: Project, attempt: Attempt) -> Iterator[bytes]:
    sys.stderr.write(attempt_line(attempt) + "\n")
    try:
        yield from read(project.root / attempt["log"])
    except FileNotFoundError:
        kept = project.plan.logs.keep_runs
        raise InvalidCommand(f"{attempt['log']} is gone: the logs of the last {kept} runs are kept") from None


def _followed(project: Project, first: Attempt) -> Iterator[bytes]:
    """This attempt as it goes on, then those that follow it, until no other will."""
    attempt: Attempt | None = first
    while attempt is not None:
        sys.stderr.write(attempt_line(attempt) + "\n")
        yield from follow(project.root / attempt["log"], partial(_has_ended, project, attempt), _pause)
        attempt = _next(project, attempt)


def _newest(project: Project, attempt: Attempt) -> Attempt:
    return _attempts(project, [attempt["task"]])[-1]


def _has_ended(project: Project, attempt: Attempt) -> bool:
    newest = _newest(project, attempt)
    return bool(newest["attempt"] != attempt["attempt"] or newest["outcome"] != RUNNING)


def _next(project: Project, attempt: Attempt) -> Attempt | None:
    """The attempt after this one, waited for while there is one to come."""
    while (newest := _newest(project, attempt))["attempt"] == attempt["attempt"]:
        if newest["outcome"] != "retrying" or not project.state.lock.run_is_alive(newest["run"]):
            return None
        _pause()
    return newest


def _pause() -> None:
    time.sleep(PAUSE)
