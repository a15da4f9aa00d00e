"""Much output, lines without an end, bytes that are no text: little memory, a log of bounded size, and the run goes on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

MB = 1_000_000
LINES = "echo the first line; yes 'a line like many others' | head -c {size}; echo; echo the last line"
KINDS = {
    "lines": LINES,
    "no newline": "echo the first line; head -c {size} /dev/zero | tr '\\0' x; echo; echo the last line",
    "no UTF-8": "echo the first line; head -c {size} /dev/zero | tr '\\0' '\\377'; echo; echo the last line",
    "NUL": "echo the first line; head -c {size} /dev/zero; echo; echo the last line",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


def peak_memory(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def much_output(project, processes, wait_until, kind: str, size: int, *args: str, fail: bool = False) -> None:
    """The peak is read while a second phase waits: by then doit has printed what became of the loud one."""
    loud = KINDS[kind].format(size=size) + ("; exit 2" if fail else "")
    project.phases(
        {"loud": {"run": loud}, "after": {"run": "echo after >> ran.txt; while [ ! -e go ]; do sleep 0.02; done"}}
    )
    run = processes.start(project, *args)
    wait_until(lambda: "after" in project.counts() or run.poll() is not None, 100)
    assert run.poll() is None, processes.output(project)[-2000:]
    peak = peak_memory(run.pid)
    project.write("go", "")
    assert run.wait(200) == (1 if fail else 0)
    assert "Traceback" not in Path(project.root / "console.txt").read_bytes().decode(errors="replace")
    (log,) = project.root.glob(".doit/logs/*/loud.1.log")
    kept = sum(file.stat().st_size for file in project.root.glob(".doit/logs/**/*") if file.is_file())
    print(f"\n{size / MB:.0f} MB of {kind}: {peak / MB:.0f} MB of memory, {kept / MB:.1f} MB of logs")
    with log.open("rb") as file:
        head = file.read(100)
        file.seek(-100, os.SEEK_END)
        tail = file.read()
    assert head.startswith(b"the first line\n")
    assert tail.endswith(b"\nthe last line\n")
    assert peak < 100 * MB
    assert kept < 51 * MB, "50 MB of it, and a line that says what was left out"
    processes.gone(project)


@pytest.mark.parametrize("kind", KINDS)
def test_60_mb_of_output(project, processes, wait_until, kind):
    much_output(project, processes, wait_until, kind, 60 * MB, fail=kind == "no newline")


@pytest.mark.parametrize("kind", ["no newline", "no UTF-8", "NUL"])
def test_output_that_is_shown_as_it_comes(project, processes, wait_until, kind):
    much_output(project, processes, wait_until, kind, 5 * MB, "-v", "2")


@pytest.mark.faults
@pytest.mark.parametrize(("kind", "size"), [("lines", 1000 * MB), ("no newline", 300 * MB), ("NUL", 1000 * MB)])
def test_1_gb_of_output(project, processes, wait_until, kind, size):
    much_output(project, processes, wait_until, kind, size)
