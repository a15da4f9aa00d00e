"""Which workers can take a work, and which seem frozen."""

from __future__ import annotations

import pytest

from phases.cluster.placement import Attendance, Worker, impossible

PLAIN = Worker({}, 0.0)
GPU = Worker({"GPU": 1.0, "MEM": 16.0}, 0.0)


@pytest.mark.parametrize(
    ("wanted", "workers", "problem"),
    [
        ({}, {"a": PLAIN}, None),
        ({"GPU": 1}, {"a": PLAIN, "b": GPU}, None),
        ({"GPU": 1}, {}, None),
        ({"GPU": 1}, {"a": PLAIN}, "GPU: 1 is asked for, and the 1 worker has no resources"),
        ({"GPU": 2}, {"a": PLAIN, "b": GPU, "c": GPU}, "GPU: 2 is asked for, and the 3 workers have GPU: 1, MEM: 16 or no resources"),
        ({"GPU": 1, "DISK": 0.5}, {"b": GPU}, "DISK: 0.5, GPU: 1 is asked for, and the 1 worker has GPU: 1, MEM: 16"),
    ],
)  # fmt: skip
def test_resources_that_nobody_has(wanted, workers, problem):
    assert impossible(wanted, workers) == problem


def test_who_says_nothing_new_for_long_is_silent_until_it_does():
    attendance = Attendance(patience=5.0)
    workers = {"a": Worker({}, 1.0), "b": Worker({}, 1.0)}
    assert attendance.look(workers, 100.0) == frozenset()
    assert attendance.look({**workers, "b": Worker({}, 2.0)}, 104.0) == frozenset()
    assert attendance.look({**workers, "b": Worker({}, 2.0)}, 106.0) == {"a"}
    assert attendance.look({"a": Worker({}, 9.0), "b": Worker({}, 2.0)}, 107.0) == frozenset()
    assert attendance.look({"b": Worker({}, 3.0)}, 120.0) == frozenset()
    assert attendance.look(workers, 121.0) == frozenset(), "who comes anew is heard of for the first time"
