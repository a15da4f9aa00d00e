"""Plan → doit tasks: the one place where a phase becomes its two tasks (docs/design.md, Two tasks).

`phase_3:run` is the work, `phase_3` the gate. The gate owns the works as subtasks, so that `doit list` shows phases
alone and `doit forget phase_3` means both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any, Protocol, TextIO

from doit.action import BaseAction
from doit.exceptions import TaskError, TaskFailed
from doit.task import Task

from criteria.words import one_line

from .plan import Phase, Work, title_of
from .reasons import Evidence, Reason, gate_reasons, work_reasons
from .runner import Again, Broken
from .state.database import StateError
from .work import outputs
from .work.retry import Later


class Runner(Protocol):
    """What the tasks of a run do. Each returns why it failed, that it has to be executed again, or None."""

    def work(self, phase: Phase, work: Work) -> str | Later | None: ...
    def gate(self, phase: Phase) -> str | Later | None: ...


def tasks_of(phases: Iterable[Phase], look: Evidence, runner: Runner | None) -> Iterator[Task]:
    """The doit tasks of these phases. Needs that are not among them count as met.

    Args:
        runner: what executes them; None for commands that only look at tasks.
    """
    chosen = {phase.name: phase for phase in phases}
    for phase in chosen.values():
        needs = [need for need in phase.needs if need in chosen]
        yield Task(
            phase.name,
            [_Action(methodcaller("gate", phase), runner)],
            file_dep=phase.reads,
            task_dep=[work.task for work in phase.works],
            uptodate=[_Current(partial(gate_reasons, phase, look))],
            has_subtask=True,
            doc=one_line(title_of(phase, look.mask)),
        )
        for work in phase.works:
            yield _WorkTask(
                work.task,
                [_Action(methodcaller("work", phase, work), runner)],
                file_dep=[given.path for given in work.inputs],
                targets=work.outputs,
                task_dep=needs,
                uptodate=[_Current(partial(work_reasons, work, look))],
                subtask_of=phase.name,
                doc=one_line(title_of(phase, look.mask)),
            )


class _WorkTask(Task):  # type: ignore[misc]
    """A task that cleans folders too: doit's own `clean` leaves one that is not empty."""

    def clean(self, outstream: TextIO, dryrun: bool) -> None:
        root = Path()
        for output in outputs.there(root, self.targets):
            if not outputs.may_go(root, output):
                outstream.write(f"{self.name} - left alone, because it leads out of the project: '{output}'\n")
                continue
            outstream.write(f"{self.name} - removing '{output}'\n")
            if not dryrun:
                outputs.remove(root, output)


class _Current:
    """doit's `uptodate`, answered by standing.py. Its text is what `doit info` prints as the reason."""

    def __init__(self, reasons: Callable[[], list[Reason]]) -> None:
        self._reasons = reasons

    def __call__(self) -> bool:
        return not self._reasons()

    def __repr__(self) -> str:
        return "; ".join(reason.detail for reason in self._reasons()) or "current"


class _Action(BaseAction):  # type: ignore[misc]
    """An action of doit that leaves sys.stdout alone: its PythonAction swaps it, and in threads catches the output of
    others (doit #363)."""

    def __init__(self, do: Callable[[Runner], str | Later | None], runner: Runner | None) -> None:
        self._do = do
        self._runner = runner
        self.task: Any = None
        self.out: str | None = None
        self.err: str | None = None
        self.result: Any = None
        self.values: dict[str, Any] = {}

    def execute(self, out: Any = None, err: Any = None) -> TaskFailed | TaskError | None:
        if self._runner is None:
            return TaskError(
                "doit's own `run` cannot run a plan of phases. Put `run = phasegate:Run` under [COMMAND] in doit.cfg,"
                " or under [tool.doit.plugins.command] in pyproject.toml"
            )
        try:
            problem = self._do(self._runner)
        except StateError as error:
            return Broken(str(error))
        except OSError as error:
            return Broken(f"{error.filename or self.task.name}: {error.strerror}; mend that, then `doit` goes on")
        except Exception as error:
            return TaskError("this is a bug in phasegate, please report it with what follows:", error)
        if isinstance(problem, Later):
            return Again(problem.wait)
        return TaskFailed(problem, report=False) if problem else None
