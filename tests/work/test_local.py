"""The local executor, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from phases.executor import Command
from phases.local import LocalExecutor


@pytest.fixture
def execute(tmp_path):
    """Run an argv list; the outcome and what the log holds."""

    def execute(*argv: str, executor: LocalExecutor | None = None, started=lambda pid: None, **more):
        command = Command(argv, more.pop("cwd", tmp_path), dict(os.environ), tmp_path / "logs/x.log", **more)
        outcome = (executor or LocalExecutor()).execute(command, started)
        return outcome, (tmp_path / "logs/x.log").read_bytes()

    return execute


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_output_and_exit_code(execute):
    outcome, log = execute("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (outcome.exit_code, outcome.signal, outcome.succeeded) == (3, None, False)
    assert log == b"out\nerr\n"


def test_death_by_signal(execute):
    outcome, _ = execute("sh", "-c", "kill -9 $$")
    assert (outcome.exit_code, outcome.signal) == (None, signal.SIGKILL)


def test_binary_output_is_kept_as_it_is_and_echoed(execute):
    seen: list[bytes] = []
    raw = bytes(range(256)) * 1000
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)"
    outcome, log = execute(*python(code), echo=seen.append)
    assert outcome.succeeded
    assert log == raw == b"".join(seen)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_much_output_takes_little_memory(tmp_path):
    """In a process of its own, by VmHWM: `ru_maxrss` is handed down by fork and exec, from a parent that had more."""
    script = (
        "import os, sys, pathlib\n"
        "import phasegate\n"
        "from phases.executor import Command\n"
        "from phases.local import LocalExecutor\n"
        "code = 'import sys\\nfor _ in range(3000): sys.stdout.buffer.write(b\"x\" * 100_000)'\n"
        "command = Command((sys.executable, '-c', code), pathlib.Path('.'), dict(os.environ), pathlib.Path('log'))\n"
        "assert LocalExecutor().execute(command, lambda pid: None).succeeded\n"
        "print(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 37_000_000 < (tmp_path / "log").stat().st_size <= 50_000_000
    assert int(ran.stdout) < 100_000, "kilobytes"
    (tmp_path / "log").unlink()


def test_a_background_child_that_holds_the_pipe_does_not_hold_the_phase(execute, tmp_path):
    outcome, log = execute("sh", "-c", "sleep 60 & echo $!; exit 0")
    assert outcome.succeeded
    assert outcome.duration < 30
    os.kill(int(log), signal.SIGKILL)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-program",), "was not found"),
        (("/etc/passwd",), "could not be started"),
        (("a\0b",), "cannot be started"),
    ],
)
def test_what_cannot_be_started_is_explained(execute, argv, words):
    outcome, _ = execute(*argv)
    assert words in outcome.error
    assert not outcome.succeeded


def test_a_missing_folder_is_explained(execute, tmp_path):
    outcome, _ = execute("true", cwd=tmp_path / "nowhere")
    assert "nowhere is not there" in outcome.error


def test_a_timeout_ends_the_whole_group(execute):
    outcome, log = execute("sh", "-c", "sleep 60 & echo $!; wait", timeout=0.2)
    assert outcome.timed_out
    assert not outcome.succeeded
    stat = Path(f"/proc/{int(log)}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_stop_ends_what_runs_and_keeps_the_rest_from_starting(execute, tmp_path):
    executor = LocalExecutor()
    begun = threading.Event()
    outcomes = []

    def run() -> None:
        outcomes.append(execute("sleep", "60", executor=executor, started=lambda pid: begun.set())[0])

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)
    executor.stop()
    thread.join(10)
    assert outcomes[0].stopped
    assert execute("true", executor=executor)[0].stopped
