"""Which process is meant, and which processes belong to a work: with real ones, ended and looked for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from phases import processes
from phases.identity import is_running, may_be_held, start_mark

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

WAIT = "import signal; signal.pause()"
GRACE = 10.0
"""Seconds that nobody here needs: who heeds TERM ends at once."""


def state(pid: int) -> str | None:
    """As the kernel tells it: S sleeps, T is stopped, Z has ended; None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def alive(pid: int) -> bool:
    return state(pid) not in (None, "Z")


@pytest.fixture
def marks():
    """Variables that only the processes of one test have."""
    return {"PHASEGATE_RUN": uuid.uuid4().hex, "PHASEGATE_TASK": "fetch:run"}


@pytest.fixture
def start(tmp_path, wait_until):
    """Start a Python program in a session of its own; the process, once the program has told that it is up, and the
    number that it told."""
    started: list[subprocess.Popen[bytes]] = []
    told: list[int] = []

    def start(code: str, marks: dict[str, str] | None = None) -> tuple[subprocess.Popen[bytes], int]:
        up = tmp_path / f"up.{len(started)}"
        code = f"import os, pathlib, signal, subprocess, sys\ndef up(pid): pathlib.Path({str(up)!r}).write_text(f'{{pid}}\\n')\n{code}"
        process = subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, **(marks or {})}, start_new_session=True
        )
        started.append(process)
        wait_until(lambda: up.exists() and up.read_text().endswith("\n"))
        told.append(int(up.read_text()))
        return process, told[-1]

    start.forget = told.remove  # what has this pid next is nobody of ours
    yield start
    for pid in {*told, *(process.pid for process in started if process.returncode is None)}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for process in started:
        process.wait()


PAUSE = "up(os.getpid()); signal.pause()"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); up(os.getpid()); signal.pause()"
ELSEWHERE = (
    f"child = subprocess.Popen([sys.executable, '-c', {WAIT!r}], start_new_session=True)\nup(child.pid)\n{{then}}"
)
"""A child that began a session of its own."""


# identity


def test_a_process_is_the_one_with_its_mark(start):
    _, pid = start(PAUSE)
    mark = start_mark(pid)
    assert mark is not None
    assert start_mark(pid) == mark
    assert is_running(pid, mark)
    assert is_running(os.getpid(), start_mark(os.getpid()))
    assert mark != start_mark(os.getpid())


def test_another_process_with_the_same_pid_is_not_meant(start):
    """The pid is given to somebody else, or the machine was started anew: the mark is another one."""
    _, pid = start(PAUSE)
    boot, _, ticks = str(start_mark(pid)).rpartition(" ")
    assert not is_running(pid, f"{boot} {int(ticks) + 1}")
    assert not is_running(pid, f"another-boot {ticks}")
    assert not is_running(pid, start_mark(os.getpid()))
    assert not is_running(pid, "")
    assert not is_running(pid, None), "somebody who had no mark"


def test_a_process_that_has_ended_is_not_running_be_it_still_in_the_table(start, wait_until):
    process, pid = start(PAUSE)
    mark = start_mark(pid)
    process.kill()
    wait_until(lambda: state(pid) == "Z")
    assert start_mark(pid) is None
    assert not is_running(pid, mark)
    process.wait()
    assert start_mark(pid) is None
    assert not is_running(pid, mark)


def test_a_pid_may_be_held_by_what_its_process_left_until_somebody_else_has_it(start, wait_until):
    process, pid = start(PAUSE)
    mark = str(start_mark(pid))
    boot, container, ticks = mark.split()
    for stage in ("it runs", "it has ended", "it is gone"):
        assert may_be_held(pid, mark), stage
        assert not may_be_held(pid, f"another-boot {container} {ticks}"), stage
        assert not may_be_held(pid, f"{boot} {int(container) + 1} {ticks}"), "another container on this machine"
        assert not may_be_held(pid, None), stage
        if stage == "it runs":
            assert not may_be_held(pid, f"{boot} {container} {int(ticks) + 1}"), "somebody else has it"
            process.kill()
            wait_until(lambda: state(pid) == "Z")
        else:
            process.wait()


@pytest.mark.parametrize("name", ["a b", "x) S 1 1", ") Z 0"])
def test_a_name_that_looks_like_a_line_of_the_table_confuses_nobody(start, name):
    _, pid = start(f"pathlib.Path('/proc/self/comm').write_text({name!r}); " + PAUSE)
    assert f"({name})" in Path(f"/proc/{pid}/stat").read_text()
    assert is_running(pid, start_mark(pid))
    assert str(start_mark(pid)).rpartition(" ")[2].isdigit()


# sessions


def test_a_session_counts_by_who_works_in_the_folder(start, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "below").mkdir(parents=True)
    there.mkdir()
    code = ELSEWHERE.replace(", start_new_session=True", "").format(then="")
    ours, _ = start(f"os.chdir({str(here / 'below')!r}); " + code)
    others, _ = start(f"os.chdir({str(there)!r}); " + code)
    assert ours.wait(100) == others.wait(100) == 0
    assert processes.sessions_in(here, [ours.pid, others.pid]) == {ours.pid}
    assert processes.sessions_in(here, [others.pid]) == set()


# belonging


def pids(leaders, marks) -> set[int]:
    return {process.pid for process in processes.belonging(leaders, marks)}


def test_the_first_process_belongs_with_all_that_it_started(start):
    leader, child = start(ELSEWHERE.format(then="signal.pause()"))
    assert pids([leader.pid], {}) == {leader.pid, child}
    processes.end([leader.pid], {}, GRACE)
    assert not alive(child)


def test_parents_come_before_their_children(start):
    """A shell whose command is ended first goes on with the next one."""
    leader, child = start(ELSEWHERE.format(then="signal.pause()"))
    assert [process.pid for process in processes.belonging([leader.pid], {})] == [leader.pid, child]


def test_who_is_left_in_the_session_of_the_first_belongs_when_that_has_ended(start):
    leader, child = start(ELSEWHERE.replace(", start_new_session=True", "").format(then=""))
    assert leader.wait(30) == 0
    assert pids([leader.pid], {}) == {child}


def test_a_grandchild_in_a_session_of_its_own_is_known_by_the_marks_in_its_environment(start, marks):
    """Nothing else ties it to the work: its parent has ended."""
    leader, orphan = start(ELSEWHERE.format(then=""), marks)
    assert leader.wait(30) == 0
    assert pids([leader.pid], {}) == set()
    assert pids([], marks) == {orphan}
    assert processes.end([], marks, GRACE) == 1
    assert not alive(orphan)


def test_all_marks_must_be_there(start, marks):
    _, pid = start(PAUSE, marks)
    assert pids([], {"PHASEGATE_RUN": marks["PHASEGATE_RUN"]}) == {pid}
    assert pids([], {**marks, "PHASEGATE_TASK": "other:run"}) == set()
    assert pids([], {**marks, "PHASEGATE_RUN": ""}) == set()


def test_by_no_marks_nobody_is_found(start):
    start(PAUSE)
    assert processes.belonging([], {}) == []
    assert processes.end([], {}, GRACE) == 0


LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


@pytest.fixture
def start_as(start):
    """Start a program under a pid that was somebody else's. Others take pids too, so that it may need several tries."""
    if not os.access(LAST_PID, os.W_OK):
        pytest.skip("which pid is given next can only be said by root")

    def start_as(wanted: int, code: str, marks: dict[str, str]) -> None:
        for _ in range(200):
            try:
                LAST_PID.write_text(str(wanted - 1))
            except OSError as error:
                pytest.skip(f"which pid is given next cannot be said here: {error.strerror}")
            process, pid = start(code, marks)
            if pid == wanted:
                return
            process.kill()
            process.wait()
            start.forget(pid)
        pytest.skip(f"{wanted} is not given again")

    return start_as


def test_who_has_the_pid_of_somebody_that_was_seen_before_is_found_as_well(start, start_as, marks):
    stranger, pid = start(PAUSE)
    assert pids([], marks) == set()
    stranger.kill()
    stranger.wait()
    start_as(pid, PAUSE, marks)
    assert pids([], marks) == {pid}
    assert pids([pid], {}) == {pid}
    assert processes.end([], marks, GRACE) == 1
    assert not alive(pid)


def test_we_ourselves_never_belong(marks):
    """A run that a work of a killed run has started finds that work, and ends it: but not itself, though it has its
    marks, is in its session and descends from it."""
    code = (
        "import os, phasegate\n"
        "from phases import processes\n"
        f"found = [process.pid for process in processes.belonging([os.getsid(0)], {marks!r})]\n"
        "print(os.getppid() in found, os.getpid() in found)"
    )
    ran = subprocess.run(
        ["sh", "-c", '"$0" -c "$1"; :', sys.executable, code],
        env={**os.environ, **marks},
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    assert ran.stdout == "True False\n"


# end


def test_who_has_ended_is_not_counted_though_nobody_took_its_exit_code(start, marks, wait_until):
    process, pid = start(PAUSE, marks)
    process.kill()
    wait_until(lambda: state(pid) == "Z")
    assert processes.belonging([pid], marks) == []
    assert processes.end([pid], marks, GRACE) == 0
    assert process.wait(200) == -signal.SIGKILL, "the exit code was left to the parent"


def test_who_heeds_term_is_asked_and_not_killed(start, marks):
    process, pid = start("signal.signal(signal.SIGTERM, lambda *_: os._exit(7)); " + PAUSE, marks)
    assert processes.end([pid], marks, GRACE) == 1
    assert process.wait(200) == 7


def test_who_ignores_term_is_killed(start, marks):
    process, pid = start(STUBBORN, marks)
    assert processes.end([pid], marks, 0.05) == 1
    assert process.wait(200) == -signal.SIGKILL


def test_a_stopped_process_is_woken_to_end(start, marks, wait_until):
    process, pid = start("signal.signal(signal.SIGTERM, lambda *_: os._exit(7)); " + PAUSE, marks)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: state(pid) == "T")
    assert processes.end([pid], marks, GRACE) == 1
    assert process.wait(200) == 7


def test_a_stopped_process_that_ignores_term_is_killed_all_the_same(start, marks, wait_until):
    process, pid = start(STUBBORN, marks)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: state(pid) == "T")
    assert processes.end([pid], marks, 0.05) == 1
    assert process.wait(200) == -signal.SIGKILL


def test_who_starts_another_one_when_it_is_asked_to_end_leaves_that_not_behind(start, marks, tmp_path):
    """The one that it starts was not there when the processes were looked for."""
    heir = tmp_path / "heir"
    code = (
        "def flee(*_):\n"
        f"    child = subprocess.Popen([sys.executable, '-c', {WAIT!r}], start_new_session=True)\n"
        f"    pathlib.Path({str(heir)!r}).write_text(str(child.pid))\n"
        "    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, flee)\n"
    )
    process, pid = start(code + PAUSE, marks)
    processes.end([pid], marks, GRACE)
    assert process.wait(200) == 0
    assert not alive(int(heir.read_text()))


def test_other_peoples_processes_are_left_alone(start, marks):
    """One without marks, one of another run, one that only knows the run's id as an argument."""
    other = {**marks, "PHASEGATE_RUN": uuid.uuid4().hex}
    strangers = [start(PAUSE), start(PAUSE, other), start(f"run = {marks['PHASEGATE_RUN']!r}; " + PAUSE)]
    _, pid = start(PAUSE, marks)
    assert processes.end([pid], marks, GRACE) == 1
    assert not alive(pid)
    for process, stranger in strangers:
        assert alive(stranger)
        assert process.poll() is None
