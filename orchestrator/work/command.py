"""A work's definition → the command line and environment that execute it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from phases import call_script
from phases.executor import Command
from phases.masking import Masker

from ..config.matrix import as_text
from ..plan import Definition, Work
from ..variables import Variables

RUN = "PHASEGATE_RUN"
TASK = "PHASEGATE_TASK"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all works of a run have in common."""

    root: Path
    run: str
    """The run's id."""
    inherited: Mapping[str, str]
    """The environment of `doit`, copied once: os.environ decodes every variable whenever it is read."""
    variables: Variables
    secrets: Masker
    log_cap: int
    """Bytes."""

    def marks(self, work: Work) -> dict[str, str]:
        """By these all processes of a work are known, in whatever session they are."""
        return {RUN: self.run, TASK: work.task}


def argv_of(phase: str, definition: Definition, root: Path) -> tuple[str, ...]:
    """Text is a script for `sh -e`, a list is executed as it is, a callable gets an interpreter of its own."""
    run = definition.get("run")
    if isinstance(run, str):
        return ("sh", "-e", "-c", run, phase)
    if run is not None:
        return tuple(run)
    args = json.dumps(definition.get("args", {}))
    return (sys.executable, "-u", call_script.__file__, str(root), definition["call"], args)


def with_our_python(inherited: Mapping[str, str]) -> dict[str, str]:
    """With PATH beginning with the folder of the Python that runs doit, so that `python` in a plan means the same one
    whether its venv was activated or not. That folder is not resolved: a venv's python is a link."""
    path = os.pathsep.join(filter(None, (os.path.dirname(sys.executable), inherited.get("PATH", os.defpath))))
    return {**inherited, "PATH": path}


def phase_environment(phase: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """What work and criteria of a phase find alike."""
    return {**with_our_python(inherited), "PHASEGATE_PHASE": phase}


def environment(work: Work, definition: Definition, attempt: int, around: Surroundings) -> dict[str, str]:
    """What the work finds in its environment. Parameters come as PARAM_NAME; its own `env` goes over everything.

    Raises:
        KeyError: its `env` names a variable that nobody set.
    """
    return {
        **phase_environment(work.phase, around.inherited),
        "PHASEGATE_ATTEMPT": str(attempt),
        **{f"PARAM_{name.upper()}": as_text(value) for name, value in definition.get("params", {}).items()},
        **{name: around.variables.fill(value) for name, value in definition.get("env", {}).items()},
        **around.marks(work),
    }


def command_of(
    work: Work, attempt: int, log: Path, around: Surroundings, echo: Callable[[bytes], None] | None
) -> Command:
    """Everything that an executor needs to execute one attempt.

    Raises:
        KeyError: its `env` names a variable that nobody set.
    """
    definition = work.definition
    return Command(
        argv=argv_of(work.phase, definition, around.root),
        cwd=around.root / definition.get("cwd", "."),
        env=environment(work, definition, attempt, around),
        log=log,
        log_cap=around.log_cap,
        secrets=around.secrets,
        marks=around.marks(work),
        reports="call" in definition,
        timeout=work.timeout,
        echo=echo,
    )
