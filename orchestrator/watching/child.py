"""A run as a process of its own, which reads configuration and code afresh, and the signals that are meant for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType

from ..signals import heeded


class Runner:
    """Makes runs, one at a time. Inside `with`, a signal goes on to the run that is going on, if there is one.

    Nothing is raised by a signal: between the start of a process and our knowing it there is no good moment for that.

    Args:
        arguments: of `doit run`.
        folder: in which the command line was given.
        environment: the whole one: what is withheld from works in this process is not to be missed by its runs.
    """

    def __init__(self, arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "doit", "run", *arguments]
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped_by: int | None = None
        """The first signal that came."""

    def __enter__(self) -> Runner:
        self._before = {number: signal.signal(number, self._heed) for number in heeded()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def run(self) -> int:
        """Run to the end; the exit code, or the number of the signal that ended it, negative.

        The terminal sends Ctrl-C to its whole group of processes; in a session of its own the run hears it once, from
        us, and a second time only where a person insists.
        """
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if self.stopped_by is not None:  # it came while the process began
                self._process.send_signal(self.stopped_by)
            return self._process.wait()
        finally:
            self._process = None

    def _heed(self, number: int, frame: FrameType | None) -> None:
        self.stopped_by = self.stopped_by or number
        if self._process is not None:
            self._process.send_signal(number)
