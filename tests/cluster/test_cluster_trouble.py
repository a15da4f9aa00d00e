"""Clusters that are not as they should be, and what is said of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANOTHER_VERSION = f"""
__file__ = {str(ROOT / "phasegate.py")!r}
exec(compile(open(__file__).read(), __file__, "exec"), globals())
import orchestrator
orchestrator.__version__ = "0.0.9"
"""


def one_work(project, cluster, **settings: object):
    return project.phases({"a": {"run": "true"}}, executor="dask", executors=cluster.settings(**settings))


def with_another_phasegate(cluster, text: str) -> dict[str, str]:
    """An environment in which `import phasegate` finds this."""
    folder = cluster.folder / "another"
    folder.mkdir()
    (folder / "phasegate.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


@pytest.fixture
def other_workers(cluster, wait_until):
    """Workers of another kind in the place of the two."""

    def other_workers(**options: object) -> None:
        for name in ("one", "two"):
            cluster.kill(name)
        cluster.start_worker("other", **options)
        wait_until(lambda: cluster.is_registered("other"))

    return other_workers


def test_another_version_on_a_worker(project, cluster, other_workers):
    other_workers(env=with_another_phasegate(cluster, ANOTHER_VERSION))
    one_work(project, cluster).doit().ended(1, "has phasegate 0.0.9, and doit has", "install the same one")


@pytest.mark.faults
def test_no_phasegate_on_a_worker(project, cluster, other_workers):
    missing = "raise ModuleNotFoundError(\"No module named 'phasegate'\", name='phasegate')"
    other_workers(env=with_another_phasegate(cluster, missing))
    ran = one_work(project, cluster).doit()
    ran.ended(1, "phasegate must be installed where the workers run")
    assert cluster.workers["other"].poll() is None, "it did not die of that"


def test_a_folder_that_is_another_one_on_the_worker(project, cluster, other_workers):
    mount = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', str(project.root)]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can give a process a folder of its own")
    other_workers(before=mount)
    ran = one_work(project, cluster).doit()
    ran.ended(1, "is not the folder of that name on worker tcp://", "need a file system that they share")


def test_nobody_at_the_address(project):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        dask = {"address": address, "wait": 1}
        project.phases({"a": {"run": "true"}}, executor="dask", executors={"dask": dask})
        project.doit().ended(2, f"{address}: cannot be reached for 1 s", "start it, or correct executors.dask")


@pytest.mark.faults
def test_somebody_else_at_the_address(project):
    """Who takes the connection and says nothing."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        dask = {"address": f"tcp://127.0.0.1:{deaf.getsockname()[1]}", "wait": 1}
        project.phases({"a": {"run": "true"}}, executor="dask", executors={"dask": dask})
        project.doit().ended(2, "cannot be reached for 1 s")


@pytest.mark.faults
def test_a_cluster_without_workers_and_one_that_comes_late(project, cluster, wait_until):
    for name in ("one", "two"):
        cluster.kill(name)
    wait_until(cluster.is_up)
    one_work(project, cluster, wait=5).doit().ended(2, "has no worker, waiting 5 s for one", "had no worker for 5 s")
    one_work(project, cluster, wait=100)
    run = project.start()
    wait_until(lambda: len(list((project.root / ".doit/logs").glob("*/a.1.log"))) == 2)
    cluster.start_worker("late")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out


def certificates(folder: Path) -> dict[str, str]:
    """An authority, and a certificate that it signed."""
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
        "req -newkey rsa:2048 -nodes -keyout own.key -out own.csr -subj /CN=own",
        "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out own.pem -days 2",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return {"ca": str(folder / "ca.pem"), "cert": str(folder / "own.pem"), "key": str(folder / "own.key")}


@pytest.mark.faults
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")
def test_a_cluster_behind_tls(project, cluster, wait_until):
    for name in ("one", "two"):
        cluster.kill(name)
    cluster.kill_scheduler()
    tls = certificates(cluster.folder)
    cluster.tls = ["--tls-ca-file", tls["ca"], "--tls-cert", tls["cert"], "--tls-key", tls["key"]]
    cluster.start_scheduler()
    cluster.start_worker("safe")
    one_work(project, cluster, address=cluster.address, tls=tls).doit().done("a")
    naked = {"address": cluster.address.replace("tls:", "tcp:"), "wait": 1}
    project.phases({"a": {"run": "true", "always": True}}, executor="dask", executors={"dask": naked})
    project.doit().ended(2, "cannot be reached")


# -- a cluster of doit's own ----------------------------------------------------------------------------------


def family(project) -> list[str]:
    """All processes that came from a doit, by the folder that they work in or their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("stat").read_text().rpartition(")")[2][1] == "Z":
                continue
            if f"CLUSTER_TEST={project.root}".encode() in process.joinpath("environ").read_bytes().split(b"\0"):
                found.append(process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


@pytest.fixture
def own(project, wait_until, monkeypatch):
    """A run whose work hangs, on a cluster of doit's own."""
    monkeypatch.setenv("CLUSTER_TEST", str(project.root))
    patient = "trap 'echo asked >> ran.txt; exit 1' TERM; echo up >> ran.txt; while :; do sleep 0.05 || true; done"
    dask = {"workers": 2, "lease": 2}
    project.phases({"a": {"run": patient}}, executor="dask", executors={"dask": dask})
    run = project.start()
    wait_until(lambda: "up" in project.counts())
    return run


@pytest.mark.faults
def test_a_terminals_interrupt_goes_to_works_and_not_to_workers(project, own, wait_until):
    os.killpg(own.pid, signal.SIGINT)
    out = own.communicate(timeout=200)[0]
    assert own.returncode == 130, out
    assert "stopped  a" in out
    assert "Traceback" not in out
    assert "asked" in project.counts()
    wait_until(lambda: family(project) == [])


@pytest.mark.faults
def test_kill_9_of_a_doit_with_a_cluster_of_its_own(project, own, wait_until):
    own.kill()
    own.wait()
    wait_until(lambda: family(project) == [])
    project.config("phases", {"phases": {"a": {"run": "true"}}})
    project.doit().done("a")


def test_without_the_package(project):
    project.phases({"a": {"run": "true"}}, executor="dask")
    hidden = "import sys; sys.modules['distributed'] = None; sys.argv[0] = 'doit'; from doit.__main__ import main; sys.exit(main())"
    ran = project.process(command=[sys.executable, "-c", hidden])
    ran.ended(
        3, "config/phases.json:4:8: a runs on a Dask cluster, and distributed is not installed", "phasegate[dask]"
    )


def test_a_stop_while_a_cluster_of_its_own_starts_is_no_traceback(project, wait_until):
    project.phases({"a": {"run": "sleep 600", "outputs": ["a"]}}, executor="dask", jobs=2)
    run = project.start()
    try:
        wait_until(lambda: list(project.root.glob(".doit/logs/*/cluster")))
        os.killpg(run.pid, signal.SIGINT)
    finally:
        said, _ = run.communicate(timeout=200)
    assert run.returncode == 130, said
    assert "stopped  a" in said
    assert "Traceback" not in said, said
