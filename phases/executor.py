"""The seam behind which work is executed: locally now; on other machines without a change to what stands before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .masking import Masker

LOG_CAP = 50_000_000
NOTHING_SECRET = Masker(())


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What there is to know of a command that another machine executes."""

    root: Path
    """The project."""
    env: Mapping[str, str]
    """The part of the environment that goes along: what the plan says, and nothing that `doit` inherited."""
    resources: Mapping[str, float] = field(default_factory=dict)
    """What the machine must have, and how much of it this takes."""
    inputs: tuple[str, ...] = ()
    """The files that it reads, relative to the project."""
    outputs: tuple[str, ...] = ()
    """The files and folders that it makes, relative to the project."""


@dataclass(frozen=True, slots=True)
class Command:
    """One execution, ready to start."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    """The whole environment."""
    log: Path
    """Where standard output and error go, in the order written."""
    log_cap: int = LOG_CAP
    """Bytes that the log may have; of more, head and tail are kept."""
    secrets: Masker = NOTHING_SECRET
    """What is masked in the output, before it goes anywhere."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """The part of `env` that tells the processes of this work from all others."""
    reports: bool = False
    """It tells more about its failure than an exit code, as call_script.py does."""
    timeout: float | None = None
    """Seconds."""
    echo: Callable[[bytes], None] | None = None
    """Takes the output as it comes, too."""
    stdin: bytes = b""
    """What it may read from its standard input."""
    elsewhere: Elsewhere | None = None
    """None where this machine executes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution ended. Exactly one of `exit_code`, `signal` and `error` is set."""

    duration: float
    """Seconds."""
    exit_code: int | None = None
    signal: int | None = None
    error: str | None = None
    """Why it could not be started, or how it was lost."""
    lost: bool = False
    """The machine that executed it went away: it neither succeeded nor failed, and none of it runs any more."""
    timed_out: bool = False
    stopped: bool = False
    """`stop` ended it, or kept it from starting."""
    output: str = ""
    """The last of what it wrote, masked: at most TAIL bytes of it."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """What a command that `reports` told."""
    peak_memory: int | None = None
    """Bytes that its largest process held; None where that is not known."""

    @property
    def succeeded(self) -> bool:
        """Did it end by itself with exit code 0?"""
        return self.exit_code == 0 and not self.timed_out and not self.stopped


@dataclass(frozen=True, slots=True)
class Start:
    """That an execution started, and how to find what is left of it."""

    pid: int | None = None
    """On this machine."""
    worker: str | None = None
    """The address of the machine that executes it, where that is another one."""
    lease: float | None = None
    """Seconds for which the other machine goes on without hearing from this process; then it ends the command."""


class Executor(Protocol):
    """Executes commands; called from several threads at once."""

    def execute(self, command: Command, started: Callable[[Start], None]) -> Outcome:
        """Run to the end. `started` is told right after the start, or right before. What the command does never raises.

        Raises:
            OSError: the log cannot be written, and what else this machine cannot do. Nothing is left running then.
        """

    def stop(self) -> None:
        """End everything that is running, children and grandchildren; every `execute` then returns, and none starts."""

    def sweep(self, marks: Mapping[str, str]) -> None:
        """End what else has these variables in its environment, after a `stop`."""

    def kill(self) -> None:
        """Let nobody have a grace period any more. May be called in a signal handler, whenever."""
