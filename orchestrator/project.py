"""A project: its folder, its plan, its state, and what dodo.py gives to doit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidDodoFile

from . import __version__
from .config.cache import store
from .config.load import load_plan
from .lookup import Lookup
from .plan import Plan
from .state.backend import Checker
from .state.state import FOLDER, NAME, State

if TYPE_CHECKING:
    from doit.task import Task

    from phases.masking import Masker

    from .triggers.queue import Triggers
    from .variables import Variables

PROJECT = "phasegate"
"""The key of DOIT_CONFIG under which our commands find the project."""


class Project:
    """One folder with a `config/`."""

    def __init__(self, root: Path, plan: Plan) -> None:
        self.root = root
        self.plan = plan
        self.state = State(root, lambda text: self.masker.text(text))
        self.look = Lookup(self.state, mask=lambda text: self.masker.text(text))
        self._compiled: list[Callable[[], None]] = []
        if plan.github is not None:
            from .secrets import token_variable

            if name := token_variable(plan):
                self.variables.withhold(name)

    @classmethod
    def here(cls) -> Project:
        """The project in the present folder, which doit makes the one of dodo.py.

        Raises:
            InvalidDodoFile: every problem of the configuration; doit prints it and exits with 3.
        """
        root = Path.cwd()
        compiled: list[Callable[[], None]] = []
        try:
            project = cls(root, load_plan(root, __version__, lambda *what: compiled.append(lambda: store(*what))))
        except Exception as error:
            from .config.problems import ConfigError

            if isinstance(error, ConfigError):
                from .annotations import tell_problems

                tell_problems(error.problems, root, sys.stderr)
                raise InvalidDodoFile(str(error)) from None
            raise
        project._compiled = compiled
        return project

    def keep_plan(self) -> None:
        """Let the next command find the plan compiled. Not done before it is known which command this is: one may
        have promised to write nothing."""
        while self._compiled:
            self._compiled.pop()()

    def leave_untouched(self) -> None:
        """From now on nothing in the folder is written."""
        self._compiled.clear()
        self.state.database.leave_untouched()

    @cached_property
    def variables(self) -> Variables:
        """What `${NAME}` in a phase's `env` may stand for."""
        from .variables import Variables

        return Variables(self.root)

    @cached_property
    def masker(self) -> Masker:
        """What is secret here, taken out of what is stored or shown."""
        from .secrets import masker

        return masker(self.plan, self.variables)

    def triggers(self, run: str = "") -> Triggers:
        """The triggers, ready to be told what happens in a run, or without one in a command."""
        from .triggers.queue import Triggers
        from .work.command import with_our_python

        log = self.root / FOLDER / (f"logs/{run}/triggers.log" if run else "triggers.log")
        environment = with_our_python(os.environ)
        return Triggers(self.plan.triggers, self.root, environment, self.variables.fill, self.masker, log)

    @property
    def doit_config(self) -> dict[str, Any]:
        """DOIT_CONFIG: phases at the same time are threads, because their work is processes; branches go on after a
        failure; and without `default_tasks` doit's `forget` breaks (doit #478)."""
        return {
            "backend": "phasegate",
            "dep_file": NAME,
            "check_file_uptodate": lambda: Checker(self.state.files),
            "default_tasks": list(self.plan.phases),
            "continue": True,
            "num_process": self.plan.jobs,
            "par_type": "thread",
            PROJECT: self,
        }

    def tasks(self) -> Iterator[Task]:
        """All phases as doit tasks, for the commands of doit that look at them."""
        from .tasks import tasks_of

        self.keep_plan()
        yield from tasks_of(self.plan, self.look, None)
