"""The local executor, with real processes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from phases.executor import Command, Start
from phases.local import LocalExecutor
from phases.output import Output
from phases.processes import belonging


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


def runs(pid: int) -> bool:
    """Is it there, and more than a name in the table?"""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


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
    outcome, log = execute("sh", "-c", "sleep 600 & echo $!; exit 0")
    assert outcome.succeeded
    assert outcome.duration < 300
    os.kill(int(log), signal.SIGKILL)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-program",), "was not found"),
        (("/etc/passwd",), "could not be started"),
        (("a\0b",), "cannot be started"),
        (("sh", "-c", "#" * 5_000_000), "longer than this machine takes; put it into a file"),
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
    outcome, log = execute("sh", "-c", "sleep 600 & echo $!; wait", timeout=2)
    assert outcome.timed_out
    assert not outcome.succeeded
    assert not runs(int(log))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_pid_of_a_work_is_nobody_elses_until_the_rest_of_it_has_ended(execute, tmp_path):
    """Its rest is looked for by its pid: one who got that meanwhile would be ended with it."""
    sees = "trap 'cat /proc/$leader/stat > seen 2>&1; exit' TERM; touch up; while :; do sleep 0.01; done"
    work = f"leader=$$; echo $$; ({sees}) & until [ -e up ]; do sleep 0.01; done; exit 3"
    outcome, log = execute("sh", "-c", work)
    assert outcome.exit_code == 3
    assert (tmp_path / "seen").read_text().rpartition(")")[2].split()[0] == "Z"
    assert not Path(f"/proc/{int(log)}").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_work_whose_output_cannot_be_kept_leaves_nobody(execute):
    class Full(Output):
        def end(self) -> str:
            raise OSError(errno.ENOSPC, "full")

    begun: list[Start] = []
    with pytest.raises(OSError, match="full"):
        execute("sh", "-c", "sleep 600 &", executor=LocalExecutor(output=Full), started=begun.append)
    [start] = begun
    assert not Path(f"/proc/{start.pid}").exists()
    assert [process.pid for process in belonging([start.pid], {})] == []


@pytest.mark.parametrize("missing", [["pidfd_open"], ["pidfd_open", "waitid"]])
def test_a_system_that_announces_no_end_and_lets_nobody_look_does_as_well(execute, monkeypatch, missing):
    """As macOS, of which only Python 3.13 knows `waitid`."""
    for name in missing:
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr("phases.child.LOOKS", hasattr(os, "waitid"))
    outcome, log = execute("sh", "-c", "echo out; exit 3")
    assert (outcome.exit_code, log) == (3, b"out\n")
    assert execute("sh", "-c", "kill -9 $$")[0].signal == signal.SIGKILL
    assert execute("true")[0].succeeded


class HeldUp:
    """A clock, and somebody who reads the output and holds the executor up until the timeout is long over."""

    def __init__(self, until) -> None:
        self.time = 0.0
        self._until = until

    def monotonic(self) -> float:
        return self.time

    def read(self, output: bytes) -> None:
        self._until(int(output))
        self.time = 1000.0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("code", [0, 3])
def test_a_work_that_ended_while_nobody_looked_has_not_timed_out(execute, wait_until, tmp_path, code):
    def until_it_has_ended(pid: int) -> None:
        (tmp_path / "go").touch()
        wait_until(lambda: not runs(pid))

    held = HeldUp(until_it_has_ended)
    work = f"echo $$; until [ -e go ]; do sleep 0.01; done; exit {code}"
    outcome, _ = execute("sh", "-c", work, executor=LocalExecutor(held.monotonic), echo=held.read, timeout=100)
    assert (outcome.timed_out, outcome.exit_code) == (False, code)


def test_a_work_that_still_runs_when_somebody_looks_again_has_timed_out(execute):
    held = HeldUp(lambda pid: None)
    outcome, _ = execute(
        "sh", "-c", "echo $$; exec sleep 600", executor=LocalExecutor(held.monotonic), echo=held.read, timeout=100
    )
    assert outcome.timed_out


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_signal_that_came_to_the_run_as_well_says_nothing_about_the_work(execute, wait_until, monkeypatch):
    """A terminal sends INT to doit's group, of which a child is a member until it has a session of its own."""
    monkeypatch.setattr("phases.local.HEARD", 100)
    executor = LocalExecutor()
    begun, outcomes = [], []

    def run() -> None:
        outcomes.append(execute("sh", "-c", "kill -INT $$", executor=executor, started=begun.append)[0])

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: begun and not runs(begun[0].pid))
    executor.stop()
    thread.join(100)
    assert outcomes[0].stopped
    monkeypatch.setattr("phases.local.HEARD", 0.01)
    assert execute("sh", "-c", "kill -INT $$")[0].signal == signal.SIGINT


def test_stop_ends_what_runs_and_keeps_the_rest_from_starting(execute, tmp_path):
    executor = LocalExecutor()
    begun = threading.Event()
    outcomes = []

    def run() -> None:
        outcomes.append(execute("sleep", "60", executor=executor, started=lambda pid: begun.set())[0])

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(100)
    executor.stop()
    thread.join(100)
    assert outcomes[0].stopped
    assert execute("true", executor=executor)[0].stopped
