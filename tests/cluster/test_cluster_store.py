"""Workers that share no file system with doit: everything goes through a store."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from phases.cluster import staging
from phases.storage import Storage, StorageError

PLAN = {
    "split": {
        "run": "mkdir -p build/parts; for n in 1 2 3; do grep $n data/in.txt > build/parts/$n.txt; done; pwd",
        "inputs": ["data/in.txt"],
        "outputs": ["build/parts"],
    },
    "sum": {
        "call": "steps.total:main",
        "args": {"to": "build/sum.txt"},
        "inputs": ["build/parts/*.txt"],
        "outputs": ["build/sum.txt"],
    },
    "tool": {"run": "printf '#!/bin/sh\\necho ran' > build/tool; chmod +x build/tool", "outputs": ["build/tool"]},
    "tree": {"run": "mkdir -p build/tree/a/empty; echo x > build/tree/x", "outputs": ["build/tree"]},
    "use": {"run": "./tool > ../out.txt", "cwd": "build", "inputs": ["build/tool"], "outputs": ["out.txt"]},
}
TOTAL = """import glob
def main(to):
    numbers = [line for path in sorted(glob.glob("build/parts/*.txt")) for line in open(path)]
    open(to, "w").write(str(len(numbers)))
"""


@pytest.fixture
def apart(project, cluster, wait_until):
    """The plan, and two workers for which the project's folder is an empty one."""
    mount = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', str(project.root)]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can give a process a folder of its own")
    for name in ("one", "two"):
        cluster.kill(name)
        shutil.rmtree(cluster.folder / f"scratch-{name}", ignore_errors=True)
    scratch = cluster.folder / "tmp"
    scratch.mkdir()

    def apart(store: str, phases: dict[str, object] = PLAN, env: dict[str, str] | None = None, **more: object):
        for name in ("far", "away"):
            cluster.start_worker(name, before=mount, env={"TMPDIR": str(scratch), **(env or {})})
            wait_until(lambda name=name: cluster.is_registered(name))
        project.write("data/in.txt", "".join(f"{n % 4}\n" for n in range(20)))
        project.write("steps/total.py", TOTAL)
        project.write("steps/__init__.py", "")
        return project.phases(phases, executor="dask", jobs=2, executors=cluster.settings(store=store), **more)

    yield apart
    # a worker clears up when it has told how a command ended
    wait_until(lambda: [path.name for path in scratch.iterdir() if path.name.startswith("phasegate-")] == [])


def all_is_there(project) -> None:
    assert sorted(path.name for path in (project.root / "build/parts").iterdir()) == ["1.txt", "2.txt", "3.txt"]
    assert project.read("build/sum.txt") == "15"
    assert os.access(project.root / "build/tool", os.X_OK)
    assert project.read("out.txt") == "ran\n"
    assert project.read("build/tree/x") == "x\n"
    assert (project.root / "build/tree/a/empty").is_dir()
    assert list((project.root / ".doit").glob("staging-*")) == []
    project.doit().nothing()


def test_through_a_folder(project, apart, tmp_path):
    apart(f"file://{tmp_path}/store").doit("-v2").done(*PLAN)
    all_is_there(project)


@pytest.fixture
def s3(wait_until, monkeypatch):
    """An S3 on loopback."""
    for package in ("s3fs", "moto"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install -e '.[test]'")
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "cache")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    from s3_server import s3_server

    with s3_server(wait_until) as server:
        yield server


@pytest.mark.faults
def test_through_s3(project, apart, s3):
    account = {
        "AWS_ENDPOINT_URL": s3.endpoint,
        "AWS_ACCESS_KEY_ID": s3.options["key"],
        "AWS_SECRET_ACCESS_KEY": s3.options["secret"],
        "NO_PROXY": "127.0.0.1",
    }
    apart(f"{s3.bucket('cluster')}/plan", env=account).doit(env=account).done(*PLAN)
    all_is_there(project)


def test_what_is_not_named_is_not_there_and_failed_outputs_stay_away(project, apart, tmp_path):
    phases = {
        "needy": {"run": "cat data/in.txt"},
        "half": {"run": "echo half > half.txt; exit 3", "outputs": ["half.txt"]},
        "forgetful": {"run": "true", "outputs": ["never.txt"]},
    }
    ran = apart(f"file://{tmp_path}/store", phases).doit().ended(1, "did not make never.txt", "exit code 3")
    assert sorted(ran.lines("failed")) == ["forgetful", "half", "needy"]
    assert not (project.root / "half.txt").exists()


@pytest.mark.faults
@pytest.mark.parametrize("more", ["", "y"])
def test_a_content_that_is_another_one_is_not_used_and_gives_way(project, apart, tmp_path, more):
    apart(f"file://{tmp_path}/store", {"a": {"run": "cat data/in.txt", "inputs": ["data/in.txt"]}})
    held = project.read("data/in.txt")
    content = tmp_path / "store/content" / hashlib.sha256(held.encode()).hexdigest()
    content.parent.mkdir(parents=True)
    content.write_text("x" * len(held) + more)
    ran = project.doit("-v2").done("a")
    assert f"a:run | {held.splitlines()[0]}" in ran.out
    assert content.read_text() == held
    rows = project.query("select data from journal where event = 'attempt.ended' order by seq")
    ends = [json.loads(str(data))["outcome"] for (data,) in rows]
    assert ends == (["succeeded"] if more else ["lost", "succeeded"]), "another size is seen before it is sent anywhere"


class Edited(Storage):
    """A store, and somebody who edits a file so many times right before it is put there."""

    def __init__(self, url: str, edits: int) -> None:
        super().__init__(url)
        self.edits = edits

    def put(self, path: Path, key: str) -> None:
        if self.edits:
            self.edits -= 1
            path.write_text(f"{path.read_text()}{self.edits}\n")
        super().put(path, key)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "content").iterdir()}


def test_a_file_that_is_edited_while_it_is_put_there_is_read_again(tmp_path):
    (tmp_path / "a").write_text("a\n")
    [file] = staging.put_files(Edited(f"{tmp_path}/store", 1), tmp_path, ["a"])
    assert (file.digest, file.size) == (hashlib.sha256(b"a\n0\n").hexdigest(), 4)
    assert contents(tmp_path / "store") == {file.digest: file.digest}


def test_a_file_that_is_edited_all_the_time_is_not_put_there(tmp_path):
    (tmp_path / "a").write_text("a\n")
    with pytest.raises(StorageError, match="a is written to while it is read"):
        staging.put_files(Edited(f"{tmp_path}/store", 100), tmp_path, ["a"])
    assert contents(tmp_path / "store") == {}


def test_a_store_that_does_not_work_ends_the_run(project, apart, tmp_path):
    (tmp_path / "store").write_text("a file")
    apart(f"file://{tmp_path}/store").doit("split").ended(2, "executors.dask.store")


def test_a_store_that_cannot_be_opened_is_told_before_anything_runs(project):
    dask = {"store": "nonsense://x"}
    project.phases({"a": {"run": "true"}}, executor="dask", executors={"dask": dask})
    project.doit().ended(3, "config/phases.json:4:8: a runs on a Dask cluster with the store nonsense://x: ")


@pytest.mark.faults
def test_a_worker_that_is_killed_between(project, apart, cluster, tmp_path, wait_until):
    phases = {
        "a": {
            "run": f"echo a >> {tmp_path}/ran.txt; [ $(wc -l < {tmp_path}/ran.txt) = 2 ] || sleep 600; echo a > a.txt",
            "outputs": ["a.txt"],
        }
    }
    apart(f"file://{tmp_path}/store", phases)
    run = project.start()
    wait_until(lambda: (tmp_path / "ran.txt").exists())
    started = project.query("select data from journal where event = 'attempt.started' order by seq desc limit 1")
    address = json.loads(str(started[0][0]))["worker"]
    worker = next(name for name in cluster.workers if address in (cluster.folder / f"worker-{name}.log").read_text())
    cluster.kill(worker)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert project.read("a.txt") == "a\n"


@pytest.mark.faults
def test_what_a_killed_run_was_bringing_is_cleared_away(project, tmp_path, wait_until, kill):
    """A run with a cluster of its own, for which all is on one machine."""
    executors = {"dask": {"lease": 2, "store": f"file://{tmp_path}/store"}}
    project.phases({"a": {"run": f"[ -e {tmp_path}/go ] || sleep 600"}}, executor="dask", executors=executors)
    run = project.start()
    wait_until(lambda: project.journalled("attempt.started"))
    kill(run)
    project.write(".doit/staging-0a1b2c3d/half.txt", "half")
    (tmp_path / "go").write_text("")
    project.doit().done("a")
    assert list((project.root / ".doit").glob("staging-*")) == []
