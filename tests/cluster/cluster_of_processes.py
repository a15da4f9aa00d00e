"""A cluster of real processes on loopback: a scheduler, and workers that can be killed, frozen and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MARK = "CLUSTER_TEST"
"""An environment variable with the test's folder, which everything that a worker starts inherits."""
LONG = 600
"""Seconds of a lease that nothing healthy loses, however busy the machine is."""
SHORT = 4
"""Seconds of a lease that is to be lost: as few as a machine that has much else to do lets a pulse and its answer take."""
ALONE = "exec 9> {name}.lock; flock -n 9 || echo {name} >> twice.txt; echo {name} >> ran.txt; "
"""Notes a second copy of a work: the lock is held by the first one and all that came from it, as long as any lives."""
TREE = "setsid sleep 600 & sleep 600 & echo $$ > shell.pid; "
ONCE = "[ -e go ] && exit 0; touch go; " + TREE + "wait"
"""Runs for ever the first time, with descendants; the second time it is done."""


class Cluster:
    """A scheduler at one address, and workers by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claim = socket.socket()
        """Keeps the port from being given to anybody else, also while there is no scheduler. Who listens may share it."""
        self._claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._claim.bind(("127.0.0.1", 0))
        self.port = self._claim.getsockname()[1]
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.tls: list[str] = []
        """Options with certificates."""
        self.lease = LONG

    @property
    def address(self) -> str:
        return f"{'tls' if self.tls else 'tcp'}://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._start("scheduler", *options, *self.tls)

    def start_worker(
        self,
        name: str,
        *options: str,
        threads: int = 1,
        env: dict[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> None:
        """A worker without a nanny: who is killed stays dead. `before` is put in front of its command line."""
        own = ["--name", name, "--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        scratch = ["--local-directory", str(self.folder / f"scratch-{name}")]
        more = [*own, *scratch, *self.tls, *options]
        self.workers[name] = self._start(f"worker-{name}", self.address, *more, env=env, before=before)

    def is_up(self) -> bool:
        """Does the scheduler listen?"""
        return "Scheduler at:" in (self.folder / "scheduler.log").read_text()

    def is_registered(self, name: str) -> bool:
        """Does the scheduler know this worker?"""
        return "Registered to" in (self.folder / f"worker-{name}.log").read_text()

    def _start(
        self, name: str, *arguments: str, env: dict[str, str] | None = None, before: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        kind = name.partition("-")[0]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*before, sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments],
                cwd=self.folder,
                env={**os.environ, MARK: str(self.folder), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def settings(self, **more: object) -> dict[str, object]:
        """What goes under `executors`."""
        return {"dask": {"address": self.address, "lease": self.lease, **more}}

    def kill(self, name: str) -> None:
        """SIGKILL to a worker, and to nobody else."""
        os.kill(self.workers[name].pid, signal.SIGKILL)
        self.workers.pop(name).wait()

    def kill_scheduler(self) -> None:
        assert self.scheduler is not None
        os.kill(self.scheduler.pid, signal.SIGKILL)
        self.scheduler.wait()

    def commands(self) -> list[str]:
        """Who lives of all that works started, and keepers, as `pid command`."""
        own = {worker.pid for worker in self.workers.values()} | ({self.scheduler.pid} if self.scheduler else set())
        return [line for line in self.everybody() if int(line.split()[0]) not in own]

    def everybody(self) -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if process.joinpath("stat").read_text().rpartition(")")[2][1] == "Z":
                    continue
                if f"{MARK}={self.folder}".encode() in process.joinpath("environ").read_bytes().split(b"\0"):
                    command = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found.append(f"{process.name} {command.strip()}")
        return found

    def close(self) -> None:
        while left := self.everybody():
            for line in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(line.split()[0]), signal.SIGKILL)
        for process in [*self.workers.values(), *([self.scheduler] if self.scheduler else [])]:
            process.wait()
        self._claim.close()


def worker_of(project, cluster, phase: str = "a") -> str:
    """The worker that the newest attempt at a phase runs on."""
    newest = "select data from journal where event = 'attempt.started' and phase = ? order by seq desc limit 1"
    rows = project.query(newest, phase)
    address = json.loads(str(rows[0][0]))["worker"]
    return next(name for name in cluster.workers if address in (cluster.folder / f"worker-{name}.log").read_text())
