"""`doit watch`: run, and run again whenever what the phases are made from changes."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from criteria.words import listed

from .. import __version__
from ..config.load import load_plan
from ..config.problems import ConfigError
from ..plan import Phase, Plan
from ..project import Project
from ..views.words import plural
from ..watching.child import Runner
from ..watching.observer import Observer
from ..watching.sources import SETTINGS, Seen, changes, look, places, sources, unfound_modules
from .common import PlanCommand
from .run import Run
from .run_options import heed_options
from .selection import named, split, variables

OPT_POLL = {
    "name": "poll",
    "long": "poll",
    "type": bool,
    "default": False,
    "help": "look at the files again and again, where the file system tells no events (network, containers)",
}
RETRIES = 5
"""How often it is tried again to watch folders of which one vanished meanwhile."""


class Watch(PlanCommand):
    """The command `watch`."""

    name = "watch"
    doc_purpose = "run, and run again when an input, the configuration or code changes"
    doc_usage = "[PHASE ...] [options of run]"
    doc_description = "A run that is going on is finished first. Ctrl-C ends both."
    cmd_options = (*Run.cmd_options, OPT_POLL)

    def parse_execute(self, in_args: list[str]) -> int:
        self._folder = os.getcwd()  # doit goes to that of dodo.py before it calls `act`
        self._given = [part for part in self.options_first(in_args) if part != "--poll"]
        return super().parse_execute(in_args)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        heed_options(project, params)
        named(project.plan, args, project.root)
        self._poll = params["poll"]
        settings = [_dodo(params, self._folder, project.root), *SETTINGS]
        told, plan = "", project.plan
        environment = {**os.environ, **project.variables.withheld}
        with Runner([*variables(), *self._given], self._folder, environment) as runner:
            while runner.stopped_by is None:
                seen = _look(project, plan, settings)  # first: what changes while the plan is read is a change
                plan = _newest(project.root, plan)
                phases = _phases(plan, args, project.root)
                paths = sources(plan, phases)
                watching = _watching(project, [*paths, *settings], phases)
                if watching != told:
                    self._say(f"{watching}; Ctrl-C ends it")
                told = watching
                self._round(project, plan, [*paths, *unfound_modules(plan)], settings, seen, runner)
        return 128 + (runner.stopped_by or signal.SIGINT)

    def _round(
        self,
        project: Project,
        plan: Plan,
        paths: Sequence[str],
        settings: Sequence[str],
        seen: Seen,
        runner: Runner,
    ) -> None:
        """One run, and the wait for the next.

        Args:
            seen: the settings, as they were before the plan was read.
        """
        every = [*paths, *settings]
        observer = self._observer(project.root, every)
        try:
            before = {**_look(project, plan, paths), **seen}
            code = runner.run()
            if runner.stopped_by is None:
                self._say(f"{'' if code == 0 else _ended(code) + '; '}waiting for a change")
            awake, changed = bool(changes(before, _look(project, plan, every))), list[str]()
            while not changed and runner.stopped_by is None:
                if awake or observer.woken():
                    observer.settled()  # also where it began while the run went on: it may not be over
                    changed = changes(before, _look(project, plan, every))
                awake = False
            if runner.stopped_by is None:
                self._say(f"changed: {listed(changed)}, running")
        finally:
            observer.close()

    def _observer(self, root: Path, paths: Sequence[str]) -> Observer:
        """Somebody who watches; by polling where the system gives no more events."""
        for _ in range(RETRIES):
            try:
                return Observer(places(root, paths), poll=self._poll)
            except FileNotFoundError:
                continue
            except (OSError, RuntimeError) as error:
                if self._poll:
                    raise InvalidCommand(f"the files cannot be watched: {error}") from None
                self._say(f"no events from the file system ({error}); looking again and again instead")
                self._poll = True
        raise InvalidCommand("folders with inputs come and go; watch when they stay")

    def _say(self, line: str) -> None:
        self.outstream.write(f"{line}\n")
        self.outstream.flush()


def _newest(root: Path, plan: Plan) -> Plan:
    """The plan as it is written now; the one before, where that is wrong, which the run will say."""
    try:
        return load_plan(root, __version__)
    except ConfigError:
        return plan


def _phases(plan: Plan, args: Sequence[str], root: Path) -> list[Phase]:
    """Those that were named, as far as they are still in the plan, with all that they need."""
    tasks, _ = split(plan, args, root)
    return plan.closure(plan.phases_of(tasks) if args else plan.phases)


def _look(project: Project, plan: Plan, paths: Sequence[str]) -> Seen:
    return look(paths, plan, project.state.files.stamp)


def _dodo(params: Any, folder: str, root: Path) -> str:
    """The path of dodo.py, which may have been sought in the folders above."""
    path = os.path.join(folder, params["dodoFile"])
    return os.path.relpath(path, root) if os.path.exists(path) else os.path.basename(path)


def _watching(project: Project, paths: Sequence[str], phases: Sequence[Phase]) -> str:
    there = [path for path in paths if project.state.files.exists(path)]
    return f"watching {listed(there)} for {plural(len(phases), 'phase')}"


def _ended(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
