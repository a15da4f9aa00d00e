"""What a worker of the cluster does for one attempt: ask doit, keep a keeper, and hand on what either says.

The keeper is started before doit's permission is there, so that one wait covers the other. Messages to doit have these
keys: `ready` (may it start?), `refused` (it cannot, and why), `pulse`, `output`, `ended` (with the outcome), and `gone`
(the keeper died, and nothing of the command runs any more). From doit come `go`, `no`, `answer` (to a pulse), `taken`
(so many messages with output), `stop` and `kill`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .. import call_script
from ..child import has_exited
from . import frames, keeper_script
from .lease import PULSES, Lease, now

ON_THE_WAY = 16
"""Messages with output that may be on the way to doit; a command that writes faster has to wait, as at a pipe."""
FIRST_LOOK = 0.2
"""Seconds after which a question is asked again, the first time: a new worker may not yet hear what doit answers."""
FOLDER = str(Path(__file__).parents[2])
"""Where our packages lie."""


class Line(Protocol):
    """The way to doit."""

    address: str

    def send(self, message: Mapping[str, Any]) -> None: ...
    def get(self, seconds: float) -> Mapping[str, Any] | None: ...
    def put(self, message: Mapping[str, Any]) -> None:
        """Let `get` find this, as if doit had sent it."""


def attempt(order: Mapping[str, Any], line: Line, version: str) -> None:
    """Make one attempt, if doit permits it. `version` is the one of phasegate on this machine."""
    problem = hindrance(order, line.address, version)
    if problem is not None:
        line.send({"refused": problem})
        return
    with _started_keeper() as process:
        Attempt(order, line, process).make()


def hindrance(order: Mapping[str, Any], address: str, version: str) -> str | None:
    """Why this worker cannot execute the order."""
    if order["version"] != version:
        return f"worker {address} has phasegate {version}, and doit has {order['version']}; install the same one"
    if order["witness"] is not None and not os.path.exists(order["witness"]):
        where = f"{order['root']} of doit is not the folder of that name on worker {address}"
        return f"{where}; doit and workers need a file system that they share"
    return None


def _started_keeper() -> subprocess.Popen[bytes]:
    path = json.dumps([FOLDER, *(entry for entry in sys.path if entry)])
    return subprocess.Popen(
        [sys.executable, "-I", "-S", keeper_script.__file__, path],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


class Attempt:
    """One attempt on this worker."""

    def __init__(self, order: Mapping[str, Any], line: Line, keeper: subprocess.Popen[bytes]) -> None:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        self._order = order
        self._line = line
        self._keeper = keeper
        self._to, self._from = keeper.stdin.fileno(), keeper.stdout.fileno()
        self._lease = Lease(order["lease"])
        self._nonce = secrets.token_hex(4)
        self._room = threading.Semaphore(ON_THE_WAY)
        self._over = threading.Event()
        self._sending = threading.Lock()
        self._sent = 0
        self._heard = now()
        """When the keeper said something last."""
        self._is_full = False
        """Does the keeper have to wait, because doit takes no more output now?"""

    def make(self) -> None:
        """Ask, execute, tell how it ended. Returns when nothing of it runs any more."""
        scratch = tempfile.mkdtemp(prefix="phasegate-") if self._order["store"] else None
        try:
            if self._is_permitted():
                at_home = self._at_home(scratch or self._order["root"])
                more = {"store": self._order["store"], "scratch": scratch, "token": self._order["token"]}
                frames.write(self._to, {**self._order["command"], **at_home, **more, "until": self._lease.until})
                reader = threading.Thread(target=self._read, daemon=True)
                reader.start()
                self._attend()
        except BrokenPipeError:
            self._clear_up()
        finally:
            self._over.set()
            self._keeper.stdin.close()  # type: ignore[union-attr]
            self._keeper.wait()
            if scratch is not None:
                shutil.rmtree(scratch, ignore_errors=True)

    def _is_permitted(self) -> bool:
        """Ask until there is an answer, or until nobody can be there any more to give one."""
        wait, asked = FIRST_LOOK, 0.0
        while asked < 2 * self._order["lease"]:
            self._line.send({"ready": self._nonce, "pulse": self._lease.pulse(), "worker": self._line.address})
            message = self._line.get(wait)
            if message is not None and message.get("nonce") == self._nonce:
                if "go" not in message:
                    return False
                self._lease.answered(message["go"])
                return not self._lease.is_over
            asked, wait = asked + wait, min(wait * 2, self._order["lease"])
        return False

    def _at_home(self, root: str) -> dict[str, Any]:
        """What is different on this machine: its environment, its Python, where our script lies, and the project, or
        the folder that stands in for it."""
        own = self._order["command"]
        path = os.pathsep.join(filter(None, (os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath))))
        argv = own["argv"]
        if own["reports"]:
            argv = [sys.executable, "-u", call_script.__file__, root, *argv[4:]]
        cwd = os.path.normpath(os.path.join(root, os.path.relpath(own["cwd"], self._order["root"])))
        return {"argv": argv, "cwd": cwd, "env": {**os.environ, "PATH": path, **own["env"]}}

    def _attend(self) -> None:
        """Hand on what doit says, and send pulses, until the keeper has told how it ended, or is gone."""
        every = self._order["lease"] / PULSES
        self._heard = now()
        due = now() + every
        while True:
            message = self._line.get(max(0.0, due - now())) or {}
            if now() >= due:
                if self._is_deserted:
                    self._clear_up()
                    return
                self._end_what_is_stuck()
                self._send({"pulse": self._lease.pulse()})
                due = now() + every
            if "answer" in message:
                frames.write(self._to, {"until": self._lease.answered(message["answer"])})
            elif "taken" in message:
                self._room.release(message["taken"])
            elif "stop" in message or "kill" in message:
                frames.write(self._to, {key: True for key in ("stop", "kill") if key in message})
            elif "nonce" in message and "go" not in message:
                frames.write(self._to, {"kill": True})
            elif "keeper" in message:
                if message["keeper"] == "gone":
                    self._clear_up()
                return

    @property
    def _is_deserted(self) -> bool:
        """Is the keeper gone, and nobody there any more who takes what it had said?"""
        return self._lease.is_over and has_exited(self._keeper)

    def _end_what_is_stuck(self) -> None:
        """A keeper that is frozen, and it alone, would keep its command for ever."""
        if not self._is_full and now() - self._heard > 2 * self._order["lease"]:
            os.kill(self._keeper.pid, signal.SIGKILL)  # Popen's own `kill` would reap one that has ended

    def _read(self) -> None:
        """Hand on what the keeper says."""
        told = "gone"
        while (frame := frames.read(self._from)) is not None:
            message, data = frame
            self._heard = now()
            if "alive" in message:
                continue
            if "ended" in message:
                told = "ended"
                self._send(message)
                break
            self._is_full = True
            while not self._room.acquire(timeout=1.0):
                if self._over.is_set():
                    return
            self._is_full, self._heard = False, now()
            self._send({"output": data})
        self._line.put({"keeper": told})

    def _clear_up(self) -> None:
        """The keeper is gone, and did not say how the command ended: end what is left of that. It is reaped after that,
        so that its pid is still nobody else's."""
        from .. import processes

        processes.kill([self._keeper.pid], self._order["command"]["marks"])
        self._send({"gone": "the process that kept it ended"})

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._sending:
            self._line.send({"nonce": self._nonce, "seq": self._sent, **message})
            self._sent += 1
