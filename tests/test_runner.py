"""The runner that hands tasks to threads: on real tasks and doit's real dispatcher."""

from __future__ import annotations

import queue
import signal

import pytest
from doit.action import BaseAction
from doit.control import TaskControl
from doit.exceptions import TaskError, TaskFailed
from doit.task import Stream, Task

from orchestrator.runner import Again, Broken, SlotRunner, Workers
from orchestrator.schedule import Slots


class Says(BaseAction):
    """An action that notes that it was executed, and gives back what it was told to."""

    def __init__(self, name: str, done: list[str], *answers: object) -> None:
        self.name, self.done, self.answers = name, done, list(answers)
        self.out = self.err = self.result = None
        self.values: dict[str, object] = {}

    def execute(self, out=None, err=None):
        self.done.append(self.name)
        return self.answers.pop(0) if self.answers else None


class Ears:
    """A reporter that notes what it hears, and a bookkeeping in which nothing is up to date."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def __getattr__(self, event):
        def hear(*args):
            self.heard.append((event, args[0].name if args and isinstance(args[0], Task) else ""))

        return hear


class Books:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def status_is_ignore(self, task):
        return False

    def get_status(self, task, tasks):
        class Result:
            status = "run"

        return Result()

    def save_success(self, task, result_hash=None):
        self.heard.append(f"success {task.name}")

    def remove_success(self, task):
        self.heard.append(f"failure {task.name}")

    def close(self):
        self.heard.append("close")


def run(tasks, slots, *, continue_=True, urgency=lambda task: 0.0, takes=lambda task: {}, **clock):
    control = TaskControl(list(tasks))
    control.process([task.name for task in tasks])
    ears, books = Ears(), Books()
    runner = SlotRunner(books, ears, continue_, False, Stream(0), slots=slots, takes=takes, urgency=urgency, **clock)
    return runner.run_all(control.task_dispatcher()), ears, books


def test_a_task_is_executed_again_when_it_asks_for_it():
    done: list[str] = []
    result, _, books = run([Task("a", [Says("a", done, Again(0.0), Again(0.0))])], Slots(1))
    assert (result, done, books.heard) == (0, ["a"] * 3, ["success a", "close"])


def test_who_waits_to_be_executed_again_lets_others_pass():
    """By a clock that stands still until they have."""
    done: list[str] = []
    tasks = [Task("a", [Says("a", done, Again(0.3))]), Task("b", [Says("b", done)]), Task("c", [Says("c", done)])]
    run(tasks, Slots(1), monotonic=lambda: 1000.0 if "c" in done else 0.0)
    assert done == ["a", "b", "c", "a"]


def test_of_all_that_may_start_the_most_urgent_does():
    done: list[str] = []
    tasks = [Task(name, [Says(name, done)]) for name in "abcd"]
    urgency = {"c": 9.0, "d": 5.0}
    slots = Slots(2, {"one": 1})  # one after the other, of two jobs: with one job none is looked at before it starts
    run(tasks, slots, urgency=lambda task: urgency.get(task.name, 0.0), takes=lambda task: {"one": 1})
    assert done == ["c", "d", "a", "b"]


def test_what_waits_for_a_pool_keeps_no_later_one_waiting_however_much_of_it_there_is(monkeypatch):
    monkeypatch.setattr("orchestrator.runner.AHEAD", 3)
    done: list[str] = []
    tasks = [Task(f"{number}", [Says(f"{number}", done)]) for number in range(20)]
    tasks.append(Task("plain", [Says("plain", done)]))
    takes = {**{f"{number}": {"gpu": 1} for number in range(20)}, "plain": {}}
    run(tasks, Slots(2, {"gpu": 1}), takes=lambda task: takes[task.name])
    assert sorted(done[:3]) == ["0", "1", "plain"]
    assert len(done) == 21


@pytest.mark.parametrize(("continue_", "then"), [(True, ["a", "b"]), (False, ["a"])])
def test_after_a_failure_others_go_on_where_doit_says_so(continue_, then):
    done: list[str] = []
    tasks = [Task("a", [Says("a", done, TaskFailed("no"))]), Task("b", [Says("b", done)])]
    result, _, _ = run(tasks, Slots(1), continue_=continue_)
    assert (result, done) == (1, then)


def test_an_error_of_the_machine_is_two():
    assert run([Task("a", [Says("a", [], TaskError("no"))])], Slots(1))[0] == 2


def test_workers_hand_on_what_an_execution_raised():
    workers = Workers(lambda node: 1 / node)
    workers.execute(0)
    with pytest.raises(ZeroDivisionError):
        workers.result(10)
    workers.execute(2)
    assert workers.result(10) == (2, 0.5)
    with pytest.raises(queue.Empty):
        workers.result(0)
    workers.close()


def test_after_a_break_of_the_machine_nothing_more_starts():
    done: list[str] = []
    tasks = [Task("a", [Says("a", done, Broken("disk full"))]), Task("b", [Says("b", done)])]
    result, ears, _ = run(tasks, Slots(1))
    assert (result, done) == (2, ["a"])
    assert ("add_failure", "a") in ears.heard


def test_a_task_that_waits_when_the_run_breaks_is_not_executed_again():
    done: list[str] = []
    tasks = [Task("a", [Says("a", done, Again(60.0))]), Task("b", [Says("b", done, Broken("disk full"))])]
    assert run(tasks, Slots(1))[0] == 2
    assert done == ["a", "b"]


def test_a_wait_of_centuries_is_a_wait(project, wait_until):
    """Clocks and locks of the system overflow long before."""
    project.phases(
        {
            "a": {"run": "exit 75", "retry": {"wait": "99999999d", "max_wait": "99999999d", "factor": 1}},
            "b": {"run": "echo b >> ran.txt", "timeout": "999999999999d", "needs": []},
        }
    )
    run = project.start()
    wait_until(
        lambda: (
            project.query("select 1 from journal where phase = 'b' and event = 'gate.opened'")
            if project.counts()
            else []
        )
    )
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 130, out
    assert "Traceback" not in out
