"""`Project`: a throw-away folder in which the real `doit` runs.

    project.phases({"a": {"run": "echo x > a.txt", "outputs": ["a.txt"]}})
    project.doit("a").done("a")

A failed assertion shows the command, the folder, the exit code and both outputs.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import inprocess

DOIT = str(Path(sys.executable).with_name("doit"))
STARTER = Path(__file__).parent.parent / "orchestrator" / "starter"


class Ran:
    """A `doit` process that has ended."""

    def __init__(self, command: list[str], folder: Path, code: int, out: str, err: str) -> None:
        self.command, self.folder, self.code, self.out, self.err = command, folder, code, out, err

    def __repr__(self) -> str:
        return f"\n$ {' '.join(self.command)}   [exit {self.code}] in {self.folder}\n{self.out}{self.err}"

    def lines(self, state: str) -> list[str]:
        """The phases that the console named with this state."""
        return [line.split()[1] for line in self.out.splitlines() if line.startswith(f"{state} ")]

    def done(self, *phases: str) -> Ran:
        """These phases, no others, were done, and the run ended with 0."""
        assert self.code == 0, self
        assert sorted(self.lines("done")) == sorted(phases), self
        return self

    def nothing(self) -> Ran:
        """There was nothing to do."""
        assert self.code == 0, self
        assert "nothing to do" in self.out, self
        return self

    def ended(self, code: int, *parts: str) -> Ran:
        """This exit code, and each part in the output."""
        assert self.code == code, self
        for part in parts:
            assert part in self.out + self.err, (part, self)
        assert "Traceback" not in self.out + self.err, self
        return self


class Project:
    """A folder with dodo.py, doit.cfg and config/."""

    in_processes = False
    """Whether each doit gets a process of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        for name in ("dodo.py", "doit.cfg"):
            (root / name).write_text((STARTER / name).read_text())

    def write(self, path: str, text: str | bytes) -> Path:
        """A file, with the folders above it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def config(self, kind: str, data: object) -> None:
        """config/KIND.json."""
        self.write(f"config/{kind}.json", json.dumps(data, indent=1))

    def phases(
        self, phases: dict[str, object], criteria: dict[str, object] | None = None, **orchestrator: object
    ) -> Project:
        """The plan, its criteria, and keys of orchestrator.yaml."""
        self.config("phases", {"plan": "test", "phases": phases})
        self.config("criteria", criteria or {})
        self.config("orchestrator", orchestrator)
        return self

    def environment(self, **more: str) -> dict[str, str]:
        """What doit finds in its environment."""
        return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}

    def doit(self, *args: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
        """Run doit to its end, in this process. It gets one of its own where the option --processes asks for it, where
        a grace was granted, which changes what is imported, and in a thread, where others may run at the same time."""
        if self.in_processes or threading.current_thread() is not threading.main_thread():
            return self.process(*args, env=env, cwd=cwd)
        folder = cwd or self.root
        code, out, err = inprocess.doit(list(args), folder, self.environment(**(env or {})))
        return Ran([DOIT, *args], folder, code, out, err)

    def process(
        self, *args: str, env: dict[str, str] | None = None, command: list[str] | None = None, cwd: Path | None = None
    ) -> Ran:
        """Run doit to its end in a process of its own, at most five minutes: for what a process alone can show.

        Args:
            command: what stands in the place of the word `doit`.
        """
        argv = [*(command or [DOIT]), *args]
        folder = cwd or self.root
        ran = subprocess.run(
            argv,
            cwd=folder,
            env=self.environment(**(env or {})),
            capture_output=True,
            text=True,
            timeout=inprocess.CEILING,
            check=False,
        )
        return Ran(argv, folder, ran.returncode, ran.stdout, ran.stderr)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start doit and go on."""
        return subprocess.Popen(
            [DOIT, *args],
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def counts(self, path: str = "ran.txt") -> dict[str, int]:
        """How often each word stands in a file that phases append their names to."""
        words = self.read(path).split() if (self.root / path).exists() else []
        return {word: words.count(word) for word in words}

    def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Rows of the state."""
        connection = sqlite3.connect(self.root / ".doit.db")
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def journalled(self, event: str, phase: str | None = None) -> int:
        """How many of these events the journal has, be it of a run that has yet to begin it. What a work does is no sign
        of its start: that is written down once there is a process, which may be far by then."""
        if not (self.root / ".doit.db").exists():
            return 0
        try:
            statement = "select 1 from journal where event = ? and ifnull(?, phase) is phase"
            return len(self.query(statement, event, phase))
        except sqlite3.OperationalError:
            return 0

    def grant_grace(self, seconds: float) -> None:
        """So long is what runs are to end left alone after TERM: with ten minutes, who is killed sooner was not waited
        for, however slow the machine is."""
        self.write("dodo.py", self.read("dodo.py") + f"\nimport phases.local\n\nphases.local.GRACE = {seconds}\n")
        self.in_processes = True

    def status(self) -> dict[str, str]:
        """Phase → state, as `doit status` sees it."""
        ran = self.doit("status", "--json")
        assert ran.code == 0, ran
        return {phase["phase"]: phase["state"] for phase in json.loads(ran.out)["phases"]}


def until(condition, seconds: float = 100.0) -> None:
    """Wait for something that another process does; the only wait in the tests, and it ends with the event. So patience
    costs nothing where all is well, whatever else the machine has to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
