"""Facts about Dask (distributed 2026.8) that phases/cluster/line.py leans on."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading

import pytest

distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install -e '.[test]'")


@pytest.fixture(scope="module")
def client():
    """A client of a scheduler and a worker in this process."""
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="tcp", host="127.0.0.1"
    )
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


def log_many(topic: str, count: int) -> None:
    worker = distributed.get_worker()
    for number in range(count):
        worker.log_event(topic, {"number": number, "data": bytes(range(256))})


def test_events_of_a_worker_arrive_all_in_order_and_before_the_end_of_its_task_with_bytes_as_bytes(client):
    heard: list[int] = []
    over = threading.Event()

    def hear(event):
        assert event[1]["data"] == bytes(range(256))
        heard.append(event[1]["number"])
        if len(heard) == 5000:
            over.set()

    client.subscribe_topic("numbers", hear)
    client.submit(log_many, "numbers", 5000, pure=False).result()
    assert over.wait(100)
    assert heard == list(range(5000))


def test_the_topic_of_a_client_is_forgotten_after_it_and_that_of_a_worker_too():
    for name in ("remove_client", "remove_worker"):
        source = inspect.getsource(getattr(distributed.Scheduler, name))
        assert "self._broker.truncate(" in source


def test_a_scheduler_remembers_a_thousand_events_of_a_topic(client):
    client.submit(log_many, "more", 1500, pure=False).result()
    assert len(client.get_events("more")) <= 1000


def test_a_text_is_evaluated_by_a_worker(client):
    assert client.submit(eval, "os + 1", {"os": 41}, pure=False).result() == 42


def test_a_submission_that_only_one_worker_may_take_goes_there(client):
    (address,) = client.scheduler_info(n_workers=-1)["workers"]
    future = client.submit(os.getpid, workers=[address], allow_other_workers=False, retries=0, pure=False)
    assert future.result() == os.getpid()


def test_a_worker_is_known_with_its_resources_and_when_it_was_last_seen(client):
    (info,) = client.scheduler_info(n_workers=-1)["workers"].values()
    assert info["resources"] == {}
    assert info["last_seen"] > 1e9


HALF_MADE = """
import gc, sys, phasegate, distributed
from phases.cluster import line
def fail(self, timeout=None, **more):
    runner.append(self._loop_runner)
    raise RuntimeError("the worker closed")
runner = []
distributed.Client._ensure_connected = fail
if sys.argv[1] == "mute":
    line._mute()
    line._mute()
try:
    distributed.Client("tcp://127.0.0.1:9", set_as_default=False)
except RuntimeError:
    runner.pop().stop()
gc.collect()
"""


@pytest.mark.parametrize("mute", [False, True])
def test_a_client_that_was_left_half_made_says_so_when_its_loop_is_gone_unless_it_is_mute(mute):
    argv = [sys.executable, "-c", HALF_MADE, "mute" if mute else "not"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert ("IOLoop is closed" in ran.stderr) is not mute, ran.stderr
    assert ("Traceback" in ran.stderr) is not mute, ran.stderr


def test_a_client_tells_one_connection_from_the_next(client):
    """`scheduler_comm` is another object after it connected again by itself."""
    assert client.scheduler_comm is client.scheduler_comm
    source = inspect.getsource(distributed.Client._reconnect)
    assert "self.scheduler_comm = None" in source
