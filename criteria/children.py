"""A child process with a timeout: its own session, its output in a file, so that nothing it leaves behind blocks."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from criteria.model import Trouble
from criteria.words import one_line

_TAIL = 8192  # bytes of output that are read
_LONGEST = 10 * 365 * 86400.0  # seconds; beyond some centuries the system's clocks overflow


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: `code` below 0 is the signal that ended it, None that its time was up."""

    code: int | None
    last_line: str  # of its output, stdout and stderr together; "" if there is none

    def __str__(self) -> str:
        if self.code is None:
            return "was ended, its time was up"
        return f"was ended by {_signal(-self.code)}" if self.code < 0 else f"exited with {self.code}"


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float, fds: tuple[int, ...] = ()) -> Ended:
    """Runs to the end or for `timeout` seconds. The child inherits `fds`. Raises Trouble where it cannot start."""
    with tempfile.TemporaryFile() as output:
        child = _start(argv, cwd, env, fds, output)
        try:
            code = child.wait(min(timeout, _LONGEST))
        except subprocess.TimeoutExpired:
            _end(child)
            return Ended(None, _last_line(output))
        except BaseException:  # Ctrl-C does not reach a child in another session
            _end(child)
            raise
        return Ended(code, _last_line(output))


def _start(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], fds: tuple[int, ...], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=fds,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise Trouble(f"{argv[0]} was not found" if cwd.is_dir() else f"the folder {cwd} is missing") from None
    except (OSError, ValueError) as error:
        raise Trouble(f"{argv[0]} cannot be started: {getattr(error, 'strerror', None) or error}") from None


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _last_line(output: IO[bytes]) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - _TAIL))
    lines = output.read(_TAIL).decode("utf-8", errors="replace").splitlines()
    return next((line for line in map(one_line, reversed(lines)) if line), "")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
