"""Fixtures for all tests: a project to run doit in (doit_project.py), a clock to move, an event to wait for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import inprocess
import pytest
from doit_project import Project, until
from hypothesis import settings
from webhook import Hooks

import phasegate  # noqa: F401 - binds criteria, orchestrator and phases before pytest puts tests/ on sys.path

# The same environment wherever the tests are run: what makes output another one (LANG, NO_COLOR, CI, PYTHONUNBUFFERED …)
# or names a person or a repository is left out, and a test that wants it sets it. What stays finds programs, folders,
# package indexes and this test run.
STAYS = re.compile(
    "PATH|HOME|SHELL|TMPDIR|TEMP|TMP|XDG_CACHE_HOME|PHASEGATE_TESTS_.*|PYTEST_.*|PLAYWRIGHT_.*|LD_LIBRARY_PATH"
    "|(NO|HTTP|HTTPS|ALL)_PROXY|PIP_.*|NPM_CONFIG_.*|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE",
    re.IGNORECASE,
)
for variable in [name for name in os.environ if not STAYS.fullmatch(name)]:
    del os.environ[variable]

# No deadline, because it is a timing. The same examples each time: a red run is about the change that was made.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)  # other examples each time: .ci/faults
settings.load_profile("steady")

# What these tests are told to ignore, by `nohup` or as a background job of a script, doit would ignore as well; what is
# handled here it gets as ever.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", action="store_true", help="give each doit a process of its own")


def pytest_xdist_auto_num_workers() -> int:
    """How many processes `-n auto` means: two for each core, because half of their time they wait for children."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    Project.in_processes = config.getoption("--processes")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path / "project")


@pytest.fixture
def new_project(tmp_path: Path):
    """Makes projects by name."""
    return lambda name: Project(tmp_path / name)


@pytest.fixture(scope="session")
def wait_until():
    """`until`."""
    return until


@pytest.fixture
def move_clock(tmp_path, monkeypatch):
    """Moves the wall clock of all later commands, so many days from the true one; the times of files stay true.

    In this process the commands find another `time.time`; in one of its own Python's door for that is a `sitecustomize`
    module, which every process imports that a command starts as well.
    """
    folder = tmp_path / "clock"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}".rstrip(":"))

    def move_clock(days: float) -> None:
        seconds = days * 86_400
        monkeypatch.setattr(inprocess, "ahead", seconds)
        moved = f"import time\ntime.time = lambda true=time.time: true() + {seconds}\n"
        (folder / "sitecustomize.py").write_text(moved)

    return move_clock


@pytest.fixture
def kill():
    """SIGKILL to a whole session of processes, as a power cut would: nobody gets to say goodbye."""

    def kill(process: subprocess.Popen[str]) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    return kill


@pytest.fixture
def hooks(monkeypatch):
    """A webhook's server, running."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Hooks() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()
