"""An executor that hands each command to the one it is for: this machine's, or one of other machines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from .executor import Command, Executor, Outcome, Start


class Dispatch:
    """Commands that say `elsewhere` go to `elsewhere`, which is made when the first one comes; the others to `here`."""

    def __init__(self, here: Executor, elsewhere: Callable[[], Executor]) -> None:
        self._here = here
        self._make = elsewhere
        self._making = threading.Lock()
        self._elsewhere: Executor | None = None
        self._stopped = False

    def execute(self, command: Command, started: Callable[[Start], None]) -> Outcome:
        return (self._here if command.elsewhere is None else self._other()).execute(command, started)

    def stop(self) -> None:
        with self._making:  # one that is being made now is to be stopped, too
            self._stopped = True
            there = self._elsewhere
        stopping = threading.Thread(target=there.stop) if there is not None else None
        if stopping is not None:
            stopping.start()  # neither waits for the grace of the other's commands
        self._here.stop()
        if stopping is not None:
            stopping.join()

    def sweep(self, marks: Mapping[str, str]) -> None:
        self._here.sweep(marks)
        if self._elsewhere is not None:
            self._elsewhere.sweep(marks)

    def kill(self) -> None:
        self._stopped = True
        self._here.kill()
        if self._elsewhere is not None:
            self._elsewhere.kill()

    def _other(self) -> Executor:
        with self._making:
            if self._stopped:
                return self._here  # which starts nothing any more
            if self._elsewhere is None:
                self._elsewhere = self._make()
            return self._elsewhere
