"""doit's side: an executor that has workers of a cluster execute."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..executor import Command, Elsewhere, Outcome, Start
from ..local import GRACE
from ..output import Output
from ..storage import Storage, StorageError
from . import staging
from .execution import STOPPED, Execution, Stops, Unplaced
from .lease import now
from .office import ClusterGone, Office
from .settings import Settings

PLACES = 5
"""How often a worker may take an attempt and go away before it was permitted to start."""


class ClusterExecutor:
    """Executes commands on a cluster.

    Args:
        version: of phasegate; workers must have the same.
        witness: a file of this run's in the project, by which a worker sees that it shares the file system.
        note: is told what people should know of the cluster.
    """

    def __init__(self, settings: Settings, version: str, witness: Path, note: Callable[[str], None]) -> None:
        self._office = Office(settings, note)
        self._version = version
        self._witness = witness
        self._idle = threading.Condition()
        self._running = 0
        self._stops = Stops()
        self._storage = None if settings.store is None else Storage(settings.store)

    def execute(self, command: Command, started: Callable[[Start], None]) -> Outcome:
        with self._idle:
            if self._stops.stop:
                return STOPPED
            self._running += 1
        try:
            return self._execute(command, started)
        except ClusterGone:
            if self._stops.stop:
                return STOPPED
            raise
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def stop(self) -> None:
        self._stops.stop = True
        self._office.give_up()
        self._office.wake_all()
        with self._idle:
            self._idle.wait_for(lambda: not self._running, timeout=3 * GRACE)
        self._office.close()
        self._witness.unlink(missing_ok=True)

    def sweep(self, marks: Mapping[str, str]) -> None:
        """Nothing: keepers end all that commands started."""

    def kill(self) -> None:
        self._stops.kill = self._stops.stop = True
        self._office.wake_all()

    def _execute(self, command: Command, started: Callable[[Start], None]) -> Outcome:
        begun = now()
        failed = 0
        with Output(command) as output:
            order = self._order(command)
            while True:
                execution = Execution(self._office, command, order, started, output, self._stops)
                outcome = execution.make()
                if isinstance(outcome, Unplaced):
                    failed += outcome.counts
                    if failed < PLACES:
                        continue
                    outcome = Outcome(0.0, error=f"no worker could start it: {outcome.why}")
                if outcome.succeeded:
                    self._take_outputs(command, execution.token)
                return replace(outcome, duration=outcome.duration or now() - begun, output=output.end())

    def _order(self, command: Command) -> dict[str, Any]:
        """What a worker has to know, but for the token and where to answer. What has to be there for it, is."""
        elsewhere = command.elsewhere
        assert elsewhere is not None
        if self._storage is None:
            self._witness.parent.mkdir(parents=True, exist_ok=True)
            self._witness.touch()
        return {
            "version": self._version,
            "witness": None if self._storage else str(self._witness),
            "store": self._stored(elsewhere),
            "root": str(elsewhere.root),
            "lease": self._office.settings.lease,
            "command": {
                "argv": list(command.argv),
                "cwd": str(command.cwd),
                "env": dict(elsewhere.env),
                "marks": dict(command.marks),
                "reports": command.reports,
                "timeout": command.timeout,
            },
        }

    def _stored(self, elsewhere: Elsewhere) -> dict[str, Any] | None:
        """Where the worker finds the inputs, which are put there, and puts the outputs."""
        if self._storage is None:
            return None
        with _told():
            files = staging.put_files(self._storage, elsewhere.root, elsewhere.inputs)
        return {
            "url": self._office.settings.store,
            "files": staging.told(files),
            "outputs": list(elsewhere.outputs),
        }

    def _take_outputs(self, command: Command, token: str) -> None:
        if self._storage is not None and command.elsewhere is not None:
            with _told():
                staging.take_outputs(self._storage, command.elsewhere.root, command.elsewhere.outputs, token)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A store that does not work says nothing against a work: it ends the run, as a disk would.

    Raises:
        ClusterGone: in the place of StorageError.
    """
    try:
        yield
    except StorageError as error:
        raise ClusterGone("executors.dask.store", str(error)) from None
