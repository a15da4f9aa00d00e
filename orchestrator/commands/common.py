"""What our commands share: reading the command line, the project at hand, and refusing what cannot end well."""

from __future__ import annotations

import getopt
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand, InvalidDodoFile

from ..project import PROJECT, Project
from ..state.place import NAME
from .selection import given

if TYPE_CHECKING:
    from ..config.problems import Problem
    from ..plan import Phase

NO_DODO = "Could not find dodo file"
"""How doit 0.37 begins to say so; problems of the configuration come as the same exception, out of dodo.py."""
OPT_JSON = {"name": "json", "long": "json", "type": bool, "default": False, "help": "print JSON (docs/json.md)"}


for _stream in ("stdout", "stderr"):
    if getattr(sys, _stream) is None:  # closed (`>&-`): whoever did that wants to hear nothing
        setattr(sys, _stream, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


class AnyOrder:
    """Options in any place of the command line: doit reads them only before the first name."""

    name: str
    cmdparser: Any

    def parse_execute(self, in_args: list[str]) -> int:
        """People write `doit approve phase_3 -m why`."""
        return super().parse_execute(self.options_first(in_args))  # type: ignore[misc, no-any-return]

    def options_first(self, in_args: list[str]) -> list[str]:
        """The same command line in the order that doit reads.

        Raises:
            InvalidCommand: there is no such option, or its value is missing.
        """
        found, names = options_of(self.name, self.cmdparser, in_args, getopt.gnu_getopt)
        takes_value = {f"-{mark}" for mark in re.findall("(.):", self.cmdparser.get_short())}
        takes_value |= {f"--{name[:-1]}" for name in self.cmdparser.get_long() if name.endswith("=")}
        options = [
            part for option, value in found for part in ((option, value) if option in takes_value else (option,))
        ]
        return [*options, "--", *names]


class PlanCommand(AnyOrder, DoitCmdBase):  # type: ignore[misc]
    """A command about the plan: doit's options, in any place of the command line, and the project at hand."""

    doc_description: str | None = None
    writes = True
    """Whether it may write in the project's folder."""
    as_typed = False
    """Whether it takes words with a `=`, which doit keeps for variables, as they were typed: values of options, too."""

    def parse_execute(self, in_args: list[str]) -> int:
        return super().parse_execute(_as_typed(self.name, in_args) if self.as_typed else in_args)

    def execute(self, params: Any, args: Sequence[str]) -> int:
        if not self.writes:
            sys.dont_write_bytecode = True  # dodo.py is imported next
        set_up(self.loader, params)
        params.update_defaults(self.loader.load_doit_config())
        project = project_of(params)
        if self.writes:
            project.keep_plan()
        else:
            project.leave_untouched()
        if not self.as_typed:
            args = given(project, args)
        try:
            return heard(lambda: self.act(project, params, args))
        finally:
            project.state.close()

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        """Do what the command is for; the exit code."""
        raise NotImplementedError


def options_of(
    name: str, cmdparser: Any, in_args: list[str], read: Callable[..., Any] = getopt.getopt
) -> tuple[list[tuple[str, str]], list[str]]:
    """The options of a command with their values, and what follows them. doit refuses a wrong one with all that it
    knows of each of its options (doit 0.37).

    Raises:
        InvalidCommand: there is no such option, or its value is missing.
    """
    try:
        return read(in_args, cmdparser.get_short(), cmdparser.get_long())  # type: ignore[no-any-return]
    except getopt.GetoptError as error:
        raise InvalidCommand(f"{error}; `doit help {name}` lists the options") from None


def heard(act: Callable[[], int]) -> int:
    """What a command ends with, whatever becomes of those who listen.

    Raises:
        InvalidCommand: something could not be read or written.
    """
    try:
        code = act()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read it has seen enough
        _give_up_on_output()
        return 0
    except OSError as error:
        _give_up_on_output()
        raise InvalidCommand(f"{error.filename or 'the output'}: {error.strerror}") from None


def _give_up_on_output() -> None:
    """Drop what standard output does not take: Python would try again at its end, complain, and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_typed(name: str, in_args: list[str]) -> list[str]:
    """The words behind a command's name, as they were typed: doit takes every one with a `=` for a variable, also one
    that is the value of an option."""
    words = list(sys.argv[1:])
    if name in words:
        words.remove(name)
        if [word for word in words if word in in_args] == in_args:
            return words
    return in_args


def set_up(loader: Any, params: Any) -> None:
    """Find dodo.py and import it.

    Raises:
        InvalidDodoFile: there is none, or no plan can be made of the configuration.
    """
    try:
        loader.setup(params)
    except InvalidDodoFile as error:
        if not str(error).startswith(NO_DODO):
            raise
        remedy = "Or run `doit init`, which writes one beside a plan that is there, and leaves that as it is."
        raise InvalidDodoFile(f"{str(error).rstrip()}\n{remedy}") from None


def project_of(params: Any) -> Project:
    """The project that dodo.py put into DOIT_CONFIG."""
    project = params.get(PROJECT)
    if not isinstance(project, Project):
        raise InvalidDodoFile(
            "dodo.py has no plan. It should say: from phasegate import Project; project = Project.here();"
            " DOIT_CONFIG = project.doit_config; task_phases = project.tasks"
        )
    if params["dep_file"] != NAME:
        raise InvalidCommand(f"phasegate keeps its state in {NAME}; leave --db-file out")
    return project


def preflight(project: Project, phases: Iterable[Phase]) -> None:
    """Refuse to start what cannot end well.

    Raises:
        InvalidDodoFile: with every problem.
    """
    problems = hindrances(project, phases)
    if problems:
        from ..annotations import tell_problems
        from ..config.problems import ConfigError

        tell_problems(problems, project.root, sys.stderr)
        raise InvalidDodoFile(str(ConfigError(problems)))


def hindrances(project: Project, phases: Iterable[Phase]) -> tuple[Problem, ...]:
    """Why these phases cannot end well, as far as it is known before they start."""
    from importlib.util import find_spec

    from ..config.preflight import escapes, missing, unmakeable, unready, unset

    phases = list(phases)
    return (
        *missing(project.root, phases, project.state.files.exists),
        *escapes(project.root, phases),
        *unset(phases, project.variables.get),
        *unready(phases, lambda package: find_spec(package) is not None, lambda: _closed_store(project)),
        *unmakeable(project.root, phases, project.look.opened_with),
        *_of_the_cache(project),
    )


def _of_the_cache(project: Project) -> Iterable[Problem]:
    """Why the shared cache cannot be used on this machine."""
    settings = project.plan.cache
    if settings is None:
        return ()
    from ..cache.opening import problems

    return problems(settings, project.root, project.variables.fill)


def _closed_store(project: Project) -> str | None:
    """Why the cluster's store cannot be opened on this machine."""
    url = (project.plan.dask or {}).get("store")
    if url is None:
        return None
    from phases.storage import Storage, StorageError

    try:
        Storage(url).open()
    except StorageError as error:
        return str(error)
    return None
