"""doit's runner, with slots and waits: which task starts when, and on which thread.

doit's own runners know one number, of threads. Here a task starts when a job is free and enough of each pool it takes;
one that waits to be tried again takes neither, nor a thread. The thread that calls decides, the others execute.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from doit.exceptions import TaskError, TaskFailed
from doit.runner import Runner
from doit.task import Task

from .schedule import Schedule, Slots

HOLD = "hold on"
"""What doit's dispatcher yields when all that is left waits for something that runs (doit 0.37)."""


AHEAD = 1000
"""Tasks that are looked at before one of them starts, so that the most urgent does. For all of a large plan the jobs
would have to wait too long. With one job none is: then they start in doit's order, each chain to its end."""

HEED = 1.0
"""Seconds for which the main thread waits in one go. A signal that comes between Python's last look for one and the
wait itself interrupts nothing, and would be heeded when the wait is over."""


class Again(TaskFailed):  # type: ignore[misc]
    """What an action returns when its task has to be executed again, after so many seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__("to be tried again", report=False)
        self.wait = wait


class Broken(TaskError):  # type: ignore[misc]
    """What an action returns when nothing more should start: not the work failed, but the state or the machine."""


class SlotRunner(Runner):  # type: ignore[misc]
    """Runs tasks, as many at a time as there are jobs.

    Args:
        of_doit: what doit's runner takes.
        takes: what a task takes of the pools, beside one job.
        urgency: of two tasks that may start, the one starts of which it is larger.
    """

    def __init__(
        self,
        *of_doit: Any,
        slots: Slots,
        takes: Callable[[Task], Mapping[str, int]],
        urgency: Callable[[Task], float] = lambda task: 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(*of_doit)
        self._stop_running: bool  # doit's: nothing more is to start
        self._takes = takes
        self._urgency = urgency
        self._monotonic = monotonic
        self._schedule: Schedule[Any] = Schedule(slots)
        self._ahead = AHEAD if slots.jobs > 1 else 0
        self._workers = Workers(lambda node: self.execute_task(node.task))
        self._ended: deque[Any] = deque()
        """Nodes that ended, of which the dispatcher was not told yet: it takes them one at a time."""

    def run_tasks(self, task_dispatcher: Any) -> None:
        """doit calls this: execute all that the dispatcher yields."""
        with contextlib.closing(self._workers):
            nodes = task_dispatcher.generator
            more, held = True, False
            while True:
                while more and (self._ended or not held) and self._wants_more:
                    node = next_node(nodes, self._ended)
                    more, held = node is not None, node == HOLD
                    if more and not held:
                        self._take_up(node, task_dispatcher.tasks)
                self._start()
                if not self._workers.busy and (self._stop_running or not self._schedule.waits):
                    return
                held = not self._settle() and held

    @property
    def _wants_more(self) -> bool:
        """Could another task start now, or be more urgent than those that are known?"""
        if self._schedule.ready >= self._ahead:
            self._start()
        return not self._stop_running and (self._schedule.has_room or self._schedule.ready < self._ahead)

    def _take_up(self, node: Any, tasks: Any) -> None:
        """Schedule a task, if it has to be executed."""
        if self.select_task(node, tasks):
            self._schedule.add(node, self._takes(node.task), self._urgency(node.task))
        else:
            self._ended.append(node)

    def _start(self) -> None:
        while not self._stop_running and (node := self._schedule.start(self._monotonic())) is not None:
            self._workers.execute(node)

    def _settle(self) -> bool:
        """Wait for the next execution to end, or for the time at which something may start; did one end?"""
        due = None if self._stop_running else self._schedule.next_due
        try:
            left = HEED if due is None else min(HEED, max(0.0, due - self._monotonic()))
            node, fail = self._workers.result(left)
        except queue.Empty:
            return False
        takes = self._takes(node.task)
        self._schedule.slots.give(takes)
        if isinstance(fail, Again):
            self._schedule.add_later(node, takes, self._monotonic() + fail.wait, self._urgency(node.task))
            return True
        self.process_task_result(node, fail)
        self._stop_running = self._stop_running or isinstance(fail, Broken)
        self._ended.append(node)
        return True


def next_node(nodes: Any, ended: deque[Any]) -> Any:
    """What the dispatcher yields next, told of one node that ended; None at its end."""
    try:
        return nodes.send(ended.popleft() if ended else None)
    except StopIteration:
        return None


class Workers:
    """Threads that execute; as many as there is ever to do at a time. They end with the process, whatever they do."""

    def __init__(self, execute: Callable[[Any], Any]) -> None:
        self._execute = execute
        self._todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Any, Any, BaseException | None]] = queue.SimpleQueue()
        self._threads = 0
        self.busy = 0
        """How many executions were begun whose results nobody took yet."""

    def execute(self, node: Any) -> None:
        """Execute on some thread."""
        self.busy += 1
        if self.busy > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        self._todo.put(node)

    def result(self, seconds: float) -> tuple[Any, Any]:
        """Which node ended, and what came of it.

        Raises:
            queue.Empty: none did in so many seconds.
            BaseException: what an execution raised.
        """
        node, result, error = self._done.get(timeout=seconds)
        self.busy -= 1
        if error is not None:
            raise error
        return node, result

    def close(self) -> None:
        """Let the threads end, each when it has nothing to do."""
        for _ in range(self._threads):
            self._todo.put(None)

    def _work(self) -> None:
        while (node := self._todo.get()) is not None:
            try:
                self._done.put((node, self._execute(node), None))
            except BaseException as error:
                self._done.put((node, None, error))
