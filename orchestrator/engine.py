"""doit as the engine of a run: its book-keeping and its reporter, with the records and the talking left to us."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from doit.control import TaskControl
from doit.dependency import Dependency, DependencyStatus
from doit.exceptions import BaseFail, TaskError, UnmetDependency
from doit.task import Stream, Task

from .estimate import urgencies
from .outcomes import Outcomes
from .plan import Plan
from .runner import SlotRunner
from .schedule import Slots
from .state.backend import Backend, Checker
from .state.place import NAME
from .state.state import State


class Control(TaskControl):  # type: ignore[misc]
    """doit's, without a step that takes the square of what a task depends on: a gate of 100,000 works 53 seconds."""

    @staticmethod
    def set_implicit_deps(targets: dict[str, str], task_list: Iterable[Task]) -> None:
        """Let each task depend on those that make its files (doit 0.37, `TaskControl.set_implicit_deps`).

        Raises:
            InvalidTask: two tasks make the same file.
        """
        TaskControl.set_implicit_deps(targets, [_Made(task) for task in task_list])
        for task in task_list:
            known = set(task.task_dep)
            makers = dict.fromkeys(targets[path] for path in task.file_dep if path in targets)
            task.task_dep.extend(maker for maker in makers if maker not in known)


class _Made:
    """A task as far as it makes files: of what it reads doit is told nothing."""

    file_dep: tuple[str, ...] = ()

    def __init__(self, task: Task) -> None:
        self.name, self.targets = task.name, task.targets


class Bookkeeping(Dependency):  # type: ignore[misc]
    """Answers doit from the records, and lets nobody but attempts and gates write those of the plan's tasks.

    They commit a record in the moment the work ends, on its own thread. And doit would delete the record of every task
    that is blocked (doit 0.37, `remove_success`): work that is done would be run again once the way is free.
    """

    def __init__(self, plan: Plan, state: State) -> None:
        super().__init__(
            lambda name, codec, module_name: Backend(name, codec, module_name=module_name, state=state),
            NAME,
            checker_cls=lambda: Checker(state.files),
        )
        self._plan = plan

    def get_status(self, task: Task, tasks_dict: Any, get_log: bool = False) -> Any:
        """Of a task of the plan doit's own check would ask the same question (tasks.py), and then compare each file
        again; and it looks for the parameters of who answers it, which takes longer than all else of both (doit 0.37).
        """
        if get_log or self._plan.phase_of(task.name) is None:
            return super().get_status(task, tasks_dict, get_log)
        [(is_current, _, _)] = task.uptodate
        status = DependencyStatus(get_log)
        status.status = "up-to-date" if is_current() else "run"
        return status

    def close(self) -> None:
        """The session closes the state, after the last view of it."""

    def save_success(self, task: Task, result_hash: str | None = None) -> None:
        if self._plan.phase_of(task.name) is None:
            super().save_success(task, result_hash)

    def remove_success(self, task: Task) -> None:
        if self._plan.phase_of(task.name) is None:
            super().remove_success(task)


class Reporter:
    """doit's reporter: says which phases doit did not start, and why; of what did start the session tells.

    doit calls it from worker threads too, and an exception here would end the run (doit 0.37), so it only passes on.
    """

    desc = "one line for each phase"

    def __init__(self, plan: Plan, outcomes: Outcomes, mask: Callable[[str], str], also: Any = None) -> None:
        self._plan = plan
        self._outcomes = outcomes
        self._mask = mask
        self._also = also
        """Another reporter of doit's that is told everything, for `doit -r json`."""
        self.errors: list[str] = []
        """Failures of phasegate, or of the machine."""
        self.failures: list[str] = []
        """Failures of tasks that somebody wrote into dodo.py."""
        self.blocked: list[str] = []
        """Tasks of that kind which could not start."""

    def add_failure(self, task: Task, fail: BaseFail) -> None:
        self._tell("add_failure", task, fail)
        phase = self._plan.phase_of(task.name)
        text = self._mask(f"{fail.message} {''.join(fail.traceback)}".strip())
        if isinstance(fail, UnmetDependency):
            if phase is None:
                self.blocked.append(f"{task.name} by {text}")
            else:
                self._outcomes.blocked(phase)
        elif isinstance(fail, TaskError):
            self.errors.append(f"{task.name}: {text}")
            if phase is not None:
                self._outcomes.broken(phase)
        elif phase is None:
            self.failures.append(f"{task.name}: {text}")

    def skip_uptodate(self, task: Task) -> None:
        self._tell("skip_uptodate", task)
        if task.name in self._plan.phases:
            self._outcomes.still_open(self._plan.phases[task.name])

    def skip_ignore(self, task: Task) -> None:
        self._tell("skip_ignore", task)
        phase = self._plan.phase_of(task.name)
        if phase is not None:
            self._outcomes.skipped(phase)

    def cleanup_error(self, exception: BaseFail) -> None:
        self._tell("cleanup_error", exception)
        self.errors.append(self._mask(exception.get_msg()))

    def runtime_error(self, msg: str) -> None:
        self._tell("runtime_error", msg)
        self.errors.append(self._mask(msg))

    def initialize(self, tasks: Any, selected_tasks: Any) -> None:
        if hasattr(self._also, "initialize"):
            self._tell("initialize", tasks, selected_tasks)

    def get_status(self, task: Task) -> None:
        self._tell("get_status", task)

    def execute_task(self, task: Task) -> None:
        self._tell("execute_task", task)

    def add_success(self, task: Task) -> None:
        self._tell("add_success", task)

    def teardown_task(self, task: Task) -> None:
        self._tell("teardown_task", task)

    def complete_run(self) -> None:
        self._tell("complete_run")

    def _tell(self, event: str, *details: Any) -> None:
        if self._also is not None:
            getattr(self._also, event)(*details)


def execute(
    plan: Plan,
    tasks: Sequence[Task],
    selected: Sequence[str],
    bookkeeping: Bookkeeping,
    reporter: Reporter,
    params: Any,
    durations: Mapping[str, float],
) -> None:
    """Have doit execute the selected tasks with all that they need. In the place of `Run._execute` (doit 0.37), which
    names its runners itself.

    Args:
        params: the options of doit's `run`.
        durations: how many seconds works are expected to take, as far as that is known.
    """
    control = Control(list(tasks))
    control.process(list(selected))
    if params["single"]:
        _cut_needs(control)
    jobs = max(1, params["num_process"])
    pools = {work.task: work.pools for phase in plan for work in phase.works if work.pools}
    runner = SlotRunner(
        bookkeeping,
        reporter,
        params["continue"],
        params["always"],
        Stream(params["verbosity"]),
        slots=Slots(jobs, dict(plan.pools)),
        takes=lambda task: pools.get(task.name, {}),
        urgency=_urgency(plan, durations, jobs),
    )
    runner.run_all(control.task_dispatcher())


def _urgency(plan: Plan, durations: Mapping[str, float], jobs: int) -> Callable[[Task], float]:
    """Which of the tasks that may start does: a gate, which takes no time and for which others wait; then the work with
    the longest chain behind it. With one job any order takes the same time: then it is the one that is written."""
    if jobs == 1:
        return lambda task: float(task.name in plan.phases)
    known = urgencies(plan, durations)
    return lambda task: known.get(task.name, math.inf)


def _cut_needs(control: TaskControl) -> None:
    """What `-s` means: the selected tasks alone, a gate with its works."""
    for name in control.selected_tasks:
        task = control.tasks[name]
        for alone in [control.tasks[sub] for sub in task.task_dep] if task.has_subtask else [task]:
            alone.task_dep = []
