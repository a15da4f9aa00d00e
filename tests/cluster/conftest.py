"""`cluster`, `shared_cluster`: each a scheduler and two workers (cluster_of_processes.py).
`hanging`: a run whose work hangs on a worker."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_of_processes import ALONE, ONCE, Cluster, worker_of
from doit_project import Project

pytest.importorskip("distributed", reason="distributed is not installed: pip install -e '.[test]'")


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Cluster]:
    """A scheduler and two workers, `one` and `two`, each for one command at a time."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("who is left is looked for in /proc/PID/environ, which this system does not have")
    folder.mkdir()
    cluster = Cluster(folder)
    cluster.start_scheduler()
    cluster.start_worker("one")
    cluster.start_worker("two")
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster for one test, which may do with it what it wants."""
    with started(tmp_path / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for all tests of a module that give it works and no trouble."""
    with started(tmp_path_factory.mktemp("shared") / "cluster") as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def doit_in_processes(monkeypatch):
    """A client of a cluster leaves threads and loops in its process."""
    monkeypatch.setattr(Project, "in_processes", True)


@pytest.fixture
def hanging(project, cluster, wait_until):
    """A run whose only work hangs, on one of the workers; and the name of that worker."""

    def hanging(script: str = ONCE, **settings: object):
        project.phases(
            {"a": {"run": ALONE.format(name="a") + script}}, executor="dask", executors=cluster.settings(**settings)
        )
        wait_until(lambda: cluster.is_registered("one") and cluster.is_registered("two"))
        run = project.start()
        wait_until(lambda: (project.root / "shell.pid").exists() and project.read("shell.pid").strip())
        wait_until(lambda: project.journalled("attempt.started"))
        return run, worker_of(project, cluster)

    return hanging


@pytest.fixture
def outcomes(project):
    """How the attempts at a phase ended, in the journal's words."""

    def outcomes(phase: str) -> list[str]:
        rows = project.query(
            f"select data from journal where event = 'attempt.ended' and phase = '{phase}' order by seq"
        )
        return [json.loads(str(data))["outcome"] for (data,) in rows]

    return outcomes
