"""What the console calls done is on the disk, and what a work writes to is recorded no more: the power is cut there.

The disk is played from the system calls of a real run: what was written counts from the end of a wait for the disk that
began after it, and all else is lost. That is the worst that a power cut does to a disk that keeps its word.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from doit_project import DOIT

NAMES = [f"p{n}" for n in range(12)]
CALL = re.compile(r"(\d+) +(?:<\.\.\. \w+ resumed>|(\w+)\()(.*)")
SAID = re.compile(r"^(done|began) +(\w+)", re.MULTILINE)
FILE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})+)>")
WRITTEN = re.compile(r'"((?:\\x[0-9a-f]{2})*)", \d+(?:, (\d+))?')


def calls(trace: str) -> Iterator[tuple[str, str, str, str]]:
    """`begins` or `ends`, the thread, the system call, and its arguments: of each call both, in their order."""
    unfinished: dict[str, tuple[str, str]] = {}
    for line in trace.splitlines():
        if (found := CALL.fullmatch(line)) is None:
            continue
        thread, name, rest = found.groups()
        if name is not None:
            yield "begins", thread, name, rest
        if rest.endswith("<unfinished ...>"):
            unfinished[thread] = (name, rest)
            continue
        name, rest = (name, rest) if name is not None else unfinished.pop(thread)
        yield "ends", thread, name, rest


def plain(text: str) -> bytes:
    return bytes.fromhex(text.replace(r"\x", ""))


class Disk:
    """The files of the state: how they were before the run, and what was written to them since."""

    def __init__(self, before: Path) -> None:
        self._before = before
        self._written: list[tuple[str, int, bytes]] = []
        self._waits: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        """File → how many of all writes were made before the last wait for it began that has ended."""

    def hears(self, when: str, thread: str, call: str, arguments: str) -> None:
        found = FILE.match(arguments)
        file = Path(plain(found[1]).decode()).name if found is not None else ""
        if not file.startswith(".doit.db"):
            return
        if call == "pwrite64" and when == "ends" and (what := WRITTEN.search(arguments)) is not None:
            self._written.append((file, int(what[2]), plain(what[1])))
        elif call in ("fsync", "fdatasync") and when == "begins":
            self._waits[thread] = len(self._written)
        elif call in ("fsync", "fdatasync"):
            self._kept[file] = max(self._kept.get(file, 0), self._waits.pop(thread))

    def after_a_power_cut(self, folder: Path) -> set[str]:
        """The tasks that have a record."""
        shutil.copytree(self._before, folder)
        for number, (file, offset, data) in enumerate(self._written):
            if number < self._kept.get(file, 0):
                (folder / file).touch()
                with (folder / file).open("r+b") as there:
                    there.seek(offset)
                    there.write(data)
        with contextlib.closing(sqlite3.connect(folder / ".doit.db")) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
            return {task for (task,) in connection.execute("select task from records")}


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("again", [False, True])
def test_at_every_line_that_calls_a_phase_done_and_where_each_work_begins(project, strace, tmp_path, jobs, again):
    """Also where all have a record of an earlier run."""
    phases = {
        name: {
            "run": f"echo began {name}; cat in > {name}",
            "inputs": ["in"],
            "outputs": [name],
            "needs": NAMES[max(0, n - 3) : n : 3],
        }
        for n, name in enumerate(NAMES)
    }
    project.phases({"first": {"run": "true"}, **phases}, jobs=jobs)
    project.write("in", "1")
    project.doit("first" if not again else "--continue").ended(0)
    project.write("in", "2")
    before = tmp_path / "before"
    before.mkdir()
    for file in project.root.glob(".doit.db*"):
        shutil.copy(file, before)
    trace = tmp_path / "trace"
    watched = [
        "strace",
        "-f",
        "-y",
        "-xx",
        "-s",
        "70000",
        "-e",
        "trace=pwrite64,fsync,fdatasync,write",
        "-o",
        str(trace),
    ]
    project.process(command=[*watched, DOIT]).done(*NAMES)
    disk, told, begun = Disk(before), set(), set()
    for when, thread, call, arguments in calls(trace.read_text()):
        disk.hears(when, thread, call, arguments)
        if call == "write" and when == "begins" and (text := WRITTEN.search(arguments)) is not None:
            for word, name in SAID.findall(plain(text[1]).decode(errors="replace")):
                heard = told if word == "done" else begun
                if name in heard:  # what a work says is written to its log as well
                    continue
                heard.add(name)
                recorded = disk.after_a_power_cut(tmp_path / f"{word}-{name}")
                assert told <= recorded
                assert {f"{name}:run" for name in told} <= recorded
                assert word == "done" or f"{name}:run" not in recorded
    assert told == begun == set(NAMES)
