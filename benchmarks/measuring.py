"""A whole process, with what it took: the time that passed, the processor's, and the peak of its memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took."""

    wall: float
    """Seconds that passed."""
    cpu: float
    """Seconds of user and system time, of all its processes."""
    peak: int
    """Bytes of the largest of its processes."""


class Failed(Exception):
    """The tool did not do what it was asked for: the message says what happened."""


class TooLong(Exception):
    """It was ended, because it took longer than the limit."""


def run(command: Sequence[str], folder: Path, env: Mapping[str, str], limit: float) -> Usage:
    """Run `command` in `folder` for at most `limit` seconds.

    Raises Failed where it ends with anything but 0, and TooLong where it was ended.
    """
    os.sync()  # what another tool has left unwritten is not to be waited for by one that makes its state durable
    said = folder.with_name(f"{folder.name}.log")
    program = shutil.which(command[0]) or command[0]
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(said), program, *command[1:]]
    with subprocess.Popen(
        launch, cwd=folder, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            printed, _ = process.communicate(timeout=limit)
        except BaseException as stop:
            end(process)
            if isinstance(stop, subprocess.TimeoutExpired):
                raise TooLong(f"more than {limit:g} s") from None
            raise
    if process.returncode != 0:
        raise Failed(f"{program} cannot be started")
    code, wall, cpu, peak = (float(part) for part in printed.split())
    if code != 0:
        raise Failed(f"ended with {code:.0f}: {last_words(said)}")
    return Usage(wall, cpu, int(peak))


def end(process: subprocess.Popen[str], grace: float = 20.0) -> None:
    """End its whole group: TERM, so that who has children in other groups ends them, and KILL after `grace` seconds."""
    for sign in (int(signal.SIGTERM), int(signal.SIGKILL)):
        until = time.monotonic() + grace
        while time.monotonic() < until:
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                return
            sign = 0
            process.poll()
            time.sleep(0.05)


def last_words(file: Path) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in file.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
