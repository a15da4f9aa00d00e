"""What the fault tests break things with: kills, failing system calls, full disks and clocks that jump.

Each scenario has a short form in the default suite. Its numbers are those of `.ci/faults`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from doit_project import DOIT

MARK = "FAULTS_FOLDER"
"""An environment variable with the test's folder, or the project's, which every process inherits from doit."""


@pytest.fixture(autouse=True)
def folder_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, str(tmp_path))


# -- processes ------------------------------------------------------------------------------------------------


def survivors_of(folder: Path) -> list[str]:
    """The living processes that work in a folder, or have its name in their environment, as `pid command`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) == os.getpid() or process.joinpath("stat").read_text().rpartition(")")[2][1] == "Z":
                continue
            here = Path(os.readlink(process / "cwd")).is_relative_to(folder)
            if here or str(folder).encode() in process.joinpath("environ").read_bytes():
                command = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(f"{process.name} {command.strip()}")
    return found


class Processes:
    """Starts doit, kills it, and looks who is left."""

    def start(self, project, *args: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start doit with its output in `console.txt`, where it can be read whatever becomes of doit."""
        with (project.root / "console.txt").open("wb") as console:
            return subprocess.Popen(
                [DOIT, *args],
                cwd=project.root,
                env=project.environment(**{MARK: str(project.root), **(env or {})}),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self, project) -> str:
        """What the run that was started last has printed."""
        return (project.root / "console.txt").read_bytes().decode(errors="replace")

    def called_done(self, project) -> set[str]:
        """The phases that it called done: a promise from then on."""
        return {line.split()[1] for line in self.output(project).splitlines() if line.startswith("done ")}

    def kill(self, run: subprocess.Popen[bytes]) -> None:
        """SIGKILL to doit and to nobody else: its children live on."""
        os.kill(run.pid, signal.SIGKILL)
        run.wait()

    def signal(self, run: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Send a signal, and wait until it was taken: two that are not yet taken are one."""
        run.send_signal(number)
        status = Path(f"/proc/{run.pid}/status")
        while run.poll() is None and int(re.findall(r"ShdPnd:\s*(\w+)", status.read_text())[0], 16):
            time.sleep(0.001)

    def survivors(self, project) -> list[str]:
        """Who works in the project's folder, or was started for it."""
        return survivors_of(project.root)

    def gone(self, project) -> None:
        """Nobody is left, or will be left in a moment, which may be a long one: who is overlooked stays for ten minutes."""
        deadline = time.monotonic() + 100
        while left := survivors_of(project.root):
            assert time.monotonic() < deadline, left
            time.sleep(0.01)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Skips where there is no /proc. What is left at the end of the test is killed."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("who is left is looked for in /proc")
    yield Processes()
    while left := survivors_of(tmp_path):
        for line in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)


# -- the state, from outside ----------------------------------------------------------------------------------


class Peek:
    """A look at a copy of the state that a killed run left: opening the state itself would mend it before doit has to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def query(self, project, statement: str) -> list[tuple[object, ...]]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            for name in (".doit.db", ".doit.db-wal"):
                if (project.root / name).exists():
                    shutil.copy(project.root / name, folder)
            if not Path(folder, ".doit.db").exists():
                return []
            with contextlib.closing(sqlite3.connect(Path(folder, ".doit.db"))) as connection:
                return connection.execute(statement).fetchall()

    def recorded(self, project) -> set[str]:
        """The phases whose work the state calls done."""
        rows = self.query(project, "select task from records where task like '%:run'")
        return {str(task).removesuffix(":run") for (task,) in rows}


@pytest.fixture
def peek(tmp_path: Path) -> Peek:
    return Peek(tmp_path)


# -- system calls that fail -----------------------------------------------------------------------------------

DATABASE_FILES = [f".doit.db{end}" for end in ("", "-wal", "-shm", "-journal", ".$$.new", ".$$.new-journal")]
CALLS = (
    "openat", "close", "mmap", "pread64", "pwrite64", "fdatasync", "fsync", "ftruncate", "fallocate",
    "unlink", "rename", "fcntl", "newfstatat", "fchown",
)  # fmt: skip
"""Those that a run makes on these files."""


class Strace:
    """Runs doit with faults in the system calls that touch the database.

    `strace -D` makes doit a child of the shell's process: so `$$`, which is part of the new database's name, is its
    pid, and the exit code is its own. strace counts `when=N` for each thread and each system call by itself. With one
    phase at a time one thread makes all calls of one name but some waits for the disk, so N from 1 to their number
    meets every call once. `--seccomp-bpf` makes the rest of the calls fast, but with it strace 6.1 injects errors and
    no signals.
    """

    def doit(self, project, *args: str, inject: str = "", calls: tuple[str, ...] = CALLS):
        """The run, and its trace."""
        trace = project.root / "trace.txt"
        paths = " ".join(f'-P "{project.root}/{name}"' for name in DATABASE_FILES)
        inject = f"-e inject={inject}" if inject else ""
        names = ",".join(f"?{call}" for call in calls)
        fast = "" if "signal=" in inject else "--seccomp-bpf"
        shell = f'exec strace -D -f {fast} -qq -e signal=none -o "{trace}" {paths} -e trace={names} {inject} "$@"'
        ran = project.process(*args, command=["sh", "-c", shell, "sh", DOIT])
        return ran, trace.read_text()

    @staticmethod
    def counted(trace: str) -> Counter[str]:
        """System call → how often the thread made it that made it most."""
        each = Counter(re.findall(r"^(\d+) +(\w+)\(", trace, re.MULTILINE))
        most: Counter[str] = Counter()
        for (_, call), times in each.items():
            most[call] = max(most[call], times)
        return most


@pytest.fixture
def strace(tmp_path: Path) -> Strace:
    """Skips where strace is missing or may not trace."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    probe = ["sh", "-c", "exec strace -D -f --seccomp-bpf -qq -e trace=openat -o /dev/null true"]
    probed = subprocess.run(probe, capture_output=True, text=True, check=False)
    if probed.returncode:
        pytest.skip(f"strace --seccomp-bpf cannot trace here: {probed.stderr.strip()[-200:]}")
    return Strace()


# -- disks ----------------------------------------------------------------------------------------------------


class SmallDisk:
    """A file system of its own, of 256 KB."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, leave: int = 0) -> None:
        """Until nothing more goes in, but for so many bytes."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(bytes(4096))
            ballast.truncate(max(0, ballast.tell() - leave))

    def free(self) -> None:
        """Room for everything: a state alone takes more than 256 KB after a few runs."""
        (self.folder / "ballast").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,size=8m", str(self.folder)], check=True)

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)

    def writable(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", str(self.folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Skips where nothing can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a disk that is small")
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield SmallDisk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def project_on_small_disk(small_disk: SmallDisk, new_project):
    """A project that has 256 KB for everything."""
    return new_project(f"{small_disk.folder.name}/project")


# -- clocks ---------------------------------------------------------------------------------------------------


class Clock:
    """The wall clock as doit and its children see it. The monotonic clock and the times of files stay true."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "NO_FAKE_STAT": "1",
        }
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """From now on the clock is off by so much, as a process that starts now confirms: `+2h`, `-1d`."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)
        hours = int(offset.strip("hd")) * (24 if offset.endswith("d") else 1)
        shown = subprocess.run(
            [sys.executable, "-c", "import time; print(time.time())"],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert round((float(shown.stdout) - time.time()) / 3600, 1) == hours, "the clock is not faked"


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """Skips where libfaketime is missing."""
    places = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime", "/usr/lib64/faketime")
    found = [path for place in places for path in sorted(Path("/").glob(f"{place[1:]}/libfaketimeMT.so*"))]
    if not found:
        pytest.skip("libfaketime is not installed")
    return Clock(found[0], tmp_path / "clock.txt")
