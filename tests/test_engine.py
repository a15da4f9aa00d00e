"""What of doit's own machinery is replaced, held against what it replaces."""

from __future__ import annotations

import pytest
from doit.control import TaskControl
from doit.exceptions import InvalidTask
from doit.task import Task
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine import Control

FILES = st.sets(st.sampled_from("abcdef"))


@given(st.data())
def test_tasks_depend_on_those_that_make_their_files_as_doit_has_it(data):
    free, made, read, needs = set("abcdef"), [], [], []
    for number in range(data.draw(st.integers(1, 6))):
        made.append(sorted(data.draw(FILES) & free))
        free -= set(made[-1])
        read.append(sorted(data.draw(FILES)))
        needs.append(sorted(data.draw(st.sets(st.sampled_from([f"t{n}" for n in range(number)])))) if number else [])

    def tasks() -> list[Task]:
        rows = enumerate(zip(made, read, needs, strict=True))
        return [Task(f"t{n}", [], targets=m, file_dep=r, task_dep=list(d)) for n, (m, r, d) in rows]

    ours, theirs = Control(tasks()), TaskControl(tasks())
    assert ours.targets == theirs.targets
    for name, task in theirs.tasks.items():
        assert sorted(ours.tasks[name].task_dep) == sorted(task.task_dep)
        assert ours.tasks[name].task_dep[: len(needs[int(name[1:])])] == needs[int(name[1:])]


def test_two_tasks_that_make_one_file_are_refused_as_doit_does():
    with pytest.raises(InvalidTask, match="common target"):
        Control([Task("a", [], targets=["x"]), Task("b", [], targets=["x"])])


class Unsearched(list):
    """doit's own step looks through the list for each file: for a gate of 100,000 works that takes a minute."""

    def __contains__(self, item: object) -> bool:
        raise AssertionError("looked through")


def test_what_a_task_depends_on_is_not_looked_through_for_each_of_its_files():
    works = [Task(f"m:run:{n}", [], targets=[f"{n}"]) for n in range(3)]
    gate = Task("m", [], file_dep=["0", "1", "2"])
    gate.task_dep = Unsearched(work.name for work in works)
    Control([gate, *works])
    assert list(gate.task_dep) == ["m:run:0", "m:run:1", "m:run:2"]
