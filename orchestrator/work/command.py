"""A work's definition → the command line and environment that execute it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from phases import call_script
from phases.executor import Command, Elsewhere
from phases.masking import Masker

from ..config.matrix import as_text
from ..plan import Definition, Work
from ..variables import Variables

SHELL = "/bin/sh"
"""As doit and `shell=True` have it: each folder of PATH without an `sh` would cost a try to start it."""
RUN = "PHASEGATE_RUN"
TASK = "PHASEGATE_TASK"
ATTEMPT = "PHASEGATE_ATTEMPT"


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

    def marks(self, work: Work, attempt: int) -> dict[str, str]:
        """By these all processes of an attempt are known, in whatever session they are. Of an attempt, not of a work:
        a worker that was frozen clears up after its lost attempt while the next one may run on the same machine."""
        return {RUN: self.run, TASK: work.task, ATTEMPT: str(attempt)}


def argv_of(phase: str, definition: Definition, root: Path) -> tuple[str, ...]:
    """Text is a script for `sh -e`, a list is executed as it is, a callable gets an interpreter of its own."""
    run = definition.get("run")
    if isinstance(run, str):
        return (SHELL, "-e", "-c", run, phase)
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
    return {**with_our_python(inherited), **_of_phase(phase)}


def _of_phase(phase: str) -> dict[str, str]:
    return {"PHASEGATE_PHASE": phase}


def own_environment(work: Work, definition: Definition, attempt: int, around: Surroundings) -> dict[str, str]:
    """What the work finds in its environment, beside what is inherited. Parameters come as PARAM_NAME; its own `env`
    goes over everything but the marks.

    Raises:
        KeyError: its `env` names a variable that nobody set.
    """
    return {
        **_of_phase(work.phase),
        **{f"PARAM_{name.upper()}": as_text(value) for name, value in definition.get("params", {}).items()},
        **{name: around.variables.fill(value) for name, value in definition.get("env", {}).items()},
        **around.marks(work, attempt),
    }


def command_of(
    work: Work,
    attempt: int,
    log: Path,
    around: Surroundings,
    echo: Callable[[bytes], None] | None,
    files: Iterable[str] = (),
) -> Command:
    """Everything that an executor needs to execute one attempt.

    Args:
        files: those that its inputs are.

    Raises:
        KeyError: its `env` names a variable that nobody set.
    """
    definition = work.definition
    own = own_environment(work, definition, attempt, around)
    return Command(
        argv=argv_of(work.phase, definition, around.root),
        cwd=around.root / definition.get("cwd", "."),
        env={**with_our_python(around.inherited), **own},
        log=log,
        log_cap=around.log_cap,
        secrets=around.secrets,
        marks=around.marks(work, attempt),
        reports="call" in definition,
        timeout=work.timeout,
        echo=echo,
        elsewhere=None if work.executor == "local" else _elsewhere(work, around, own, files),
    )


def _elsewhere(work: Work, around: Surroundings, own: Mapping[str, str], files: Iterable[str]) -> Elsewhere:
    return Elsewhere(around.root, own, work.resources, tuple(files), work.outputs)
