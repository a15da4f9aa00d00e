"""A run on a real pseudo-terminal, read by a terminal emulator: what is on the screen, at which moment."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from pathlib import Path

import pyte
import pytest
from doit_project import DOIT

HOLD = "echo {name} >> ran.txt; until test -e go; do sleep 0.02; done"


class Window:
    """A terminal window in which `doit` runs."""

    def __init__(self, folder: Path, env: dict[str, str], args: tuple[str, ...], columns: int, lines: int) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self._guard = threading.Lock()
        self.raw = b""
        master, slave = pty.openpty()
        self._master = master
        self._tell_size(columns, lines)
        self.process = subprocess.Popen(
            [DOIT, *args],
            cwd=folder,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C becomes a signal
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # nobody has the other end any more
                return
            with self._guard:
                self.raw += data
                self._stream.feed(data)

    def _tell_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        with self._guard:
            self.screen.resize(lines, columns)
            self._tell_size(columns, lines)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    @property
    def lines(self) -> list[str]:
        """All that can be read, scrolled away or not."""
        with self._guard:
            columns = self.screen.columns
            above = ["".join(line[at].data for at in range(columns)) for line in self.screen.history.top]
            shown = [line.rstrip() for line in [*above, *self.screen.display]]
        return shown[: max((at for at, line in enumerate(shown) if line), default=-1) + 1]

    def shows(self, *parts: str) -> bool:
        lines = self.lines
        return all(any(part in line for line in lines) for part in parts)

    def end(self) -> list[str]:
        """What is left when the run is over."""
        self.code = self.process.wait(200)
        self._reader.join(10)
        return self.lines


@pytest.fixture
def window(project):
    """Opens windows."""
    opened = []

    def window(*args: str, columns: int = 80, lines: int = 24, **env: str) -> Window:
        given = {"TERM": "xterm-256color", "COLUMNS": "7", "LINES": "3", **env}  # of before it was resized
        around = {name: value for name, value in project.environment().items() if name not in ("NO_COLOR", "CI")}
        opened.append(Window(project.root, {**around, **given}, args, columns, lines))
        return opened[-1]

    yield window
    project.write("go", "")
    for each in opened:
        each.process.kill()
        each.process.wait()


def held(*names: str, **more: object) -> dict[str, object]:
    return {name: {"title": f"Title of {name}", "run": HOLD.format(name=name), **more} for name in names}


def rows(window: Window, word: str) -> list[str]:
    return [line for line in window.lines if line.split()[:1] == [word]]


def test_what_runs_stands_below_what_ended_and_is_gone_at_the_end(project, window, wait_until):
    project.phases({"first": {"run": "true"}, **held("a", "b", needs=["first"])}, jobs=3)
    shown = window()
    wait_until(lambda: shown.shows("running  a", "running  b", "1 of 3 phases"))
    first, *running, foot = shown.lines
    assert first.startswith("done     first")
    assert sorted(line[:28] for line in running) == ["running  a      Title of a  ", "running  b      Title of b  "]
    assert foot == "1 of 3 phases"
    project.write("go", "")
    left = shown.end()
    assert [line.split()[0] for line in left] == ["done", "done", "done", "test:"]
    assert shown.code == 0
    assert not shown.screen.cursor.hidden
    assert pyte.modes.DECAWM in shown.screen.mode


def test_how_long_it_usually_takes_is_known_from_the_run_before(project, window, wait_until):
    project.phases(held("a"), jobs=2)
    project.write("go", "")
    project.doit().done("a")
    (project.root / "go").unlink()
    shown = window("-a")
    wait_until(lambda: shown.shows("running  a  Title of a", "(usually ") or shown.shows("of about "))


def test_a_narrow_window(project, window, wait_until):
    project.phases(held("phase_with_a_long_name"), jobs=2)
    shown = window(columns=20)
    wait_until(lambda: shown.shows("phase_wit", "0 of 1 phase"))
    assert len(shown.lines) == 2
    project.write("go", "")
    shown.end()
    assert shown.code == 0


def test_more_runs_than_there_are_lines(project, window, wait_until):
    project.phases(held(*(f"p{number:02}" for number in range(20))), jobs=20)
    shown = window(lines=12)
    wait_until(lambda: len(project.counts()) == 20 and shown.shows("… and 16 more"))
    assert len(rows(shown, "running")) == 4
    assert len(shown.lines) == 6
    project.write("go", "")
    left = shown.end()
    assert [line.split()[0] for line in left] == ["done"] * 20 + ["test:"]


def test_a_window_that_is_resized(project, window, wait_until):
    project.phases({"first": {"run": "true"}, **held("a", "b", "c", needs=["first"])}, jobs=3)
    shown = window(columns=100)
    wait_until(lambda: shown.shows("running  c      Title of c"))
    for columns, lines, part in ((16, 8, "1 of 4 phases"), (120, 40, "running  c      Title of c"), (30, 5, "… and 2")):
        shown.resize(columns, lines)
        wait_until(lambda part=part: shown.shows(part))
        assert len([line for line in shown.lines if "of 4 phases" in line or "1/4" in line]) == 1
    project.write("go", "")
    shown.end()
    assert shown.code == 0
    assert rows(shown, "running") == []


def test_titles_that_are_wide_or_hostile(project, window, wait_until):
    phases = held("wide", "hostile")
    phases["wide"]["title"] = "日本語のとても長いデータ"
    phases["hostile"]["title"] = "\x1b[2J\x1b[31mred\x1b]0;owned\x07\nnext\r\x1b[?25l"
    project.phases(phases, jobs=2)
    shown = window(columns=60)
    wait_until(lambda: shown.shows("running  wide", "running  hostile"))
    assert len(shown.lines) == 3
    assert shown.screen.title == ""
    project.write("go", "")
    assert len(shown.end()) == 3
    assert not shown.screen.cursor.hidden


@pytest.mark.parametrize(("key", "number"), [(b"\x03", signal.SIGINT), (b"", signal.SIGTERM)])
def test_a_run_that_is_stopped_leaves_the_terminal_in_order(project, window, wait_until, key, number):
    project.phases(held("a", "b"), jobs=2)
    shown = window()
    wait_until(lambda: shown.shows("running  a", "running  b") and len(project.counts()) == 2)
    if key:
        shown.press(key)
    else:
        shown.process.send_signal(number)
    left = shown.end()
    assert shown.code == 128 + number
    assert sorted(left[:2]) == ["stopped  a  Title of a", "stopped  b  Title of b"]
    assert left[-1].startswith(f"stopped by {number.name}")
    assert not any("running" in line or " of 2 phases" in line or "^C" in line for line in left)
    assert not shown.screen.cursor.hidden
    assert pyte.modes.DECAWM in shown.screen.mode


def test_a_crash_of_ours_leaves_no_rest(project, window, wait_until):
    project.phases(held("a"), jobs=2)
    shown = window()
    wait_until(lambda: shown.shows("running  a"))
    (project.root / ".doit.db").rename(project.root / "moved.db")
    project.write("go", "")
    left = shown.end()
    assert shown.code not in (0, 1)
    assert not any(line.startswith("running") or " of 1 phase" in line for line in left)
    assert any("taken away" in line for line in left)


def test_what_others_print_stands_above(project, window, wait_until):
    """A task of the user's own that prints, beside a phase that runs."""
    own = """
def task_own():
    def act():
        import time
        print("printed\\nby my task")
    return {"actions": [act], "verbosity": 2, "task_dep": ["first"]}
"""
    project.write("dodo.py", project.read("dodo.py") + own)
    project.phases({"first": {"run": "true"}, **held("a")}, jobs=2)
    shown = window("own", "a")
    wait_until(lambda: shown.shows("running  a", "by my task"))
    assert shown.lines.index("by my task") == shown.lines.index("printed") + 1
    assert shown.lines.index("by my task") < [line[:10] for line in shown.lines].index("running  a")
    project.write("go", "")
    shown.end()


@pytest.mark.parametrize(("name", "value", "live"), [("TERM", "dumb", False), ("NO_COLOR", "1", True)])
def test_a_terminal_that_wants_less(project, window, wait_until, name, value, live):
    project.phases({"first": {"run": "true"}, **held("a", needs=["first"])}, jobs=2)
    shown = window(**{name: value})
    wait_until(lambda: shown.shows("done     first") and project.counts())
    if live:
        wait_until(lambda: shown.shows("running  a"))
    project.write("go", "")
    shown.end()
    assert shown.code == 0
    assert (b"\x1b" in shown.raw) == live
    assert b"\x1b[3" not in shown.raw, "no colours"


def test_a_pipe_gets_plain_lines_even_where_colours_are_forced(project):
    project.phases({"a": {"run": "true"}})
    ran = project.doit(env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert "\r" not in ran.out
    assert "\x1b[J" not in ran.out
    assert "\x1b[32mdone" in ran.out, "colours, because they are asked for"
    assert "\x1b" not in project.doit("-a").out
