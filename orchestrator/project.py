"""A project: its folder, its plan, its state, and what dodo.py gives to doit."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidDodoFile

from . import __version__
from .config.compiled import store
from .config.load import Configuration
from .state import rest
from .state.place import FOLDER, NAME
from .state.rest import Rest

if TYPE_CHECKING:
    from doit.task import Task

    from phases.masking import Masker

    from .lookup import Lookup
    from .plan import Plan
    from .state.backend import Checker
    from .state.listing import Signature
    from .state.state import State
    from .triggers.queue import Triggers
    from .variables import Variables

PROJECT = "phasegate"
"""The key of DOIT_CONFIG under which our commands find the project."""


class Project:
    """One folder with a `config/`. The plan and the state are loaded when they are first asked for: where all is done,
    a run has no need of them (state/rest.py)."""

    def __init__(self, root: Path) -> None:
        """Read what `config/` holds.

        Raises:
            InvalidDodoFile: every problem of the configuration.
        """
        self.root = root
        self._to_keep: list[Callable[[], None]] = []
        self._may_write: bool | None = None
        """Not known before it is known which command this is."""
        with _told(root):
            self._configuration = Configuration(root, __version__)
        found = rest.load(root, self._configuration.key)
        self._rest = found if found is not None and self._configuration.fits(found.modules) else None
        if self.github is not None:
            from .secrets import token_variable

            if name := token_variable(self.github):
                self.variables.withhold(name)

    @classmethod
    def here(cls) -> Project:
        """The project in the present folder, which doit makes the one of dodo.py.

        Raises:
            InvalidDodoFile: every problem of the configuration; doit prints it and exits with 3.
        """
        return cls(Path.cwd())

    @cached_property
    def plan(self) -> Plan:
        """What the configuration says."""
        with _told(self.root):
            plan = self._configuration.plan(lambda *what: self._to_keep.append(lambda: store(*what)))
        self._keep()
        return plan

    @property
    def name(self) -> str:
        """The plan's."""
        return self.plan.name if self._rest is None else self._rest.name

    @property
    def github(self) -> Mapping[str, Any] | None:
        """What github.yaml asks for; None where the project has none."""
        return self.plan.github if self._rest is None else self._rest.github

    @property
    def phases(self) -> Sequence[str]:
        """The names of all phases, in the plan's order."""
        return list(self.plan.phases) if self._rest is None else self._rest.phases

    @cached_property
    def state(self) -> State:
        """What lasts."""
        from .state.state import State

        return State(self.root, lambda text: self.masker.text(text))

    @cached_property
    def look(self) -> Lookup:
        """What standing.py asks."""
        from .lookup import Lookup

        return Lookup(self.state, mask=lambda text: self.masker.text(text))

    def is_at_rest(self) -> bool:
        """Was every phase done when that was last asked, and is all as it was then? Where it cannot be told: no."""
        return self._rest is not None and rest.is_same(self._rest, self.root, time.time())

    def rest_found(self, since: float, state: Signature | None) -> Rest | None:
        """What to keep after every phase was found done, inside `look.one_instant()`; None where something cannot be
        told at a glance.

        Args:
            since: when the asking began, in seconds since 1970.
            state: what `rest.state_signature` said at that time, before the state was read.
        """
        plan = self.plan
        paths = {path for phase in plan for path in phase.reads}
        paths.update(given.path for phase in plan for work in phase.works for given in work.inputs)
        glance = self.state.files.glance(paths) if state is not None else None
        if state is None or glance is None:
            return None
        from .reasons import lapse

        until = [moment for phase in plan if (moment := lapse(phase, self.look, since)) is not None]
        there = {path: signature for path, signature in glance.files.items() if signature is not None}
        return Rest(
            name=plan.name,
            phases=list(plan.phases),
            jobs=plan.jobs,
            github=plan.github,
            modules=dict(plan.modules),
            state=state,
            since=since,
            until=min(until, default=None),
            paths=list(there),
            signatures=list(there.values()),
            absent=[path for path in glance.files if path not in there],
            groups=dict(glance.groups),
        )

    def keep_rest(self, found: Rest | None) -> None:
        """Let the next run see that all is done, if nobody wrote to the state since `found` was found. The state must
        be closed."""
        if found is not None and rest.state_signature(self.root) == found.state:
            rest.store(self.root, self._configuration.key, found)

    def keep_plan(self) -> None:
        """Let the next command find the plan compiled. Not done before it is known which command this is, nor in one
        that has promised to write nothing."""
        self._may_write = self._may_write is not False
        self._keep()

    def leave_untouched(self) -> None:
        """From now on nothing in the folder is written."""
        self._may_write = False
        self.state.database.leave_untouched()

    def _keep(self) -> None:
        while self._may_write and self._to_keep:
            self._to_keep.pop()()

    @cached_property
    def variables(self) -> Variables:
        """What `${NAME}` in a phase's `env` may stand for."""
        from .variables import Variables

        return Variables(self.root)

    def withhold_from_works(self) -> None:
        """Let the credentials of the shared cache reach only what names them: with them one can vote."""
        from .secrets import cache_credentials

        for name in cache_credentials(self.plan):
            self.variables.withhold(name)

    def leave_cache_alone(self) -> None:
        """Go on as if the plan had no shared cache; its credentials are still nobody's business."""
        self.withhold_from_works()
        self.plan = replace(self.plan, cache=None)

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

        def checker() -> Checker:
            from .state.backend import Checker

            return Checker(self.state.files)

        return {
            "backend": "phasegate",
            "dep_file": NAME,
            "check_file_uptodate": checker,
            "default_tasks": list(self.phases),
            "continue": True,
            "num_process": self.plan.jobs if self._rest is None else self._rest.jobs,
            "par_type": "thread",
            PROJECT: self,
        }

    def tasks(self) -> Iterator[Task]:
        """All phases as doit tasks, for the commands of doit that look at them."""
        from .tasks import tasks_of

        self.keep_plan()
        yield from tasks_of(self.plan, self.look, None)


@contextlib.contextmanager
def _told(root: Path) -> Iterator[None]:
    """Problems of the configuration in the way in which doit prints them, and GitHub Actions shows them.

    Raises:
        InvalidDodoFile: in the place of ConfigError.
    """
    try:
        yield
    except Exception as error:
        from .config.problems import ConfigError

        if not isinstance(error, ConfigError):
            raise
        from .annotations import tell_problems

        tell_problems(error.problems, root, sys.stderr)
        raise InvalidDodoFile(str(error)) from None
