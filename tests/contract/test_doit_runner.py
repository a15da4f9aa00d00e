"""Facts about doit 0.37 that orchestrator/runner.py and engine.py lean on: its dispatcher and its runner."""

from __future__ import annotations

import inspect

from doit.action import BaseAction
from doit.cmd_run import Run
from doit.control import TaskControl
from doit.exceptions import BaseFail, TaskFailed
from doit.runner import Runner
from doit.task import Stream, Task

from orchestrator.runner import HOLD


def dispatcher(*tasks: Task):
    control = TaskControl(list(tasks))
    control.process([task.name for task in tasks])
    return control.task_dispatcher()


def test_the_dispatcher_holds_on_while_all_that_is_left_waits():
    first, second = Task("a", []), Task("b", [], task_dep=["a"])
    nodes = dispatcher(first, second).generator
    node = nodes.send(None)
    assert node.task is first
    assert nodes.send(None) == HOLD
    assert nodes.send(None) == HOLD, "as often as it is asked"
    node.run_status = "successful"
    assert nodes.send(node).task is second


def test_the_dispatcher_takes_several_ended_nodes_one_at_a_time():
    tasks = [Task("a", []), Task("b", []), Task("c", [], task_dep=["a", "b"])]
    nodes = dispatcher(*tasks).generator
    a, b = nodes.send(None), nodes.send(None)
    assert nodes.send(None) == HOLD
    a.run_status = b.run_status = "successful"
    assert nodes.send(a) == HOLD
    assert nodes.send(b).task.name == "c"


def test_a_task_gives_back_the_failure_that_its_action_gave():
    fail = TaskFailed("no", report=False)

    class Fails(BaseAction):
        def execute(self, out=None, err=None):
            return fail

    task = Task("a", [Fails()])
    assert task.execute(Stream(0)) is fail
    assert isinstance(fail, BaseFail)


def test_a_runner_has_what_ours_calls():
    assert {"select_task", "execute_task", "process_task_result", "run_tasks", "run_all", "finish"} <= set(dir(Runner))
    runner = Runner(None, None, True, False, Stream(0))
    assert runner._stop_running is False


def test_execute_does_what_engine_does_in_its_place():
    """A new option or step of `Run._execute` would be missing from ours."""
    assert list(inspect.signature(Run._execute).parameters)[1:] == [
        "outfile",
        "verbosity",
        "always",
        "continue_",
        "reporter",
        "num_process",
        "par_type",
        "single",
        "auto_delayed_regex",
        "force_verbosity",
        "failure_verbosity",
        "pdb",
    ]
    source = inspect.getsource(Run._execute)
    assert "control.process(self.sel_tasks)" in source
    assert "return runner.run_all(self.control.task_dispatcher())" in source
