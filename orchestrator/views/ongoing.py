"""What goes on in a run at this moment: works, gates that are judged or ask, and what waits for another try."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..plan import Phase, Work, title_of
from ..work.attempt import Attempt
from .lines import ASKS, JUDGING, RETRYING, RUNNING, how_to_approve, task_name
from .progress import Doing, running_for
from .words import seconds, which_try


class Ongoing:
    """Told by the console, in one thread at a time. All times are seconds on its clock.

    Args:
        mask: takes the secrets out of titles.
    """

    def __init__(self, phases: Iterable[Phase], mask: Callable[[str], str]) -> None:
        self._mask = mask
        self.open = {phase.name: phase for phase in phases}
        """Phases that have not ended."""
        self.done: set[str] = set()
        """Works that are over."""
        self._running: dict[str, tuple[Phase, float]] = {}
        self._judging: dict[str, tuple[Phase, float]] = {}
        self._waiting: dict[str, tuple[Phase, float, Attempt | None]] = {}
        self._asking: dict[str, Phase] = {}

    def starts(self, phase: Phase, work: Work, now: float) -> None:
        self._waiting.pop(work.task, None)
        self._running[work.task] = (phase, now)

    def finishes(self, work: Work) -> None:
        self._running.pop(work.task, None)
        self._waiting.pop(work.task, None)
        self.done.add(work.task)

    def waits(self, phase: Phase, work: Work, due: float, after: Attempt | None) -> None:
        self._running.pop(work.task, None)
        self._waiting[work.task] = (phase, due, after)

    def judges(self, phase: Phase, now: float) -> None:
        self._judging[phase.name] = (phase, now)

    def asks(self, phase: Phase) -> None:
        self._rests(phase)
        self._asking[phase.name] = phase

    def ends(self, phase: Phase) -> None:
        self._rests(phase)
        self.open.pop(phase.name, None)

    def _rests(self, phase: Phase) -> None:
        self._judging.pop(phase.name, None)
        self._asking.pop(phase.name, None)
        for work in phase.works:
            self.finishes(work)

    def since(self, now: float) -> dict[str, float]:
        """The works that run, each with its seconds so far."""
        return {task: now - began for task, (_, began) in self._running.items()}

    def _title(self, phase: Phase) -> str:
        return title_of(phase, self._mask)

    def doing(self, now: float, expected: Mapping[str, float]) -> list[Doing]:
        """All of it: first what wants a person, then what runs, the longest first, then what only waits.

        Args:
            expected: seconds of each work that has a history.
        """
        asking = [
            Doing(*ASKS, phase.name, self._title(phase), how_to_approve(phase)) for phase in self._asking.values()
        ]
        running = [
            Doing(*RUNNING, task_name(phase, task), self._title(phase), *running_for(now - began, expected.get(task)))
            for task, (phase, began) in self._running.items()
        ]
        judging = [
            Doing(*JUDGING, phase.name, self._title(phase), seconds(now - began))
            for phase, began in self._judging.values()
        ]
        waiting = [
            Doing(
                *RETRYING, task_name(phase, task), self._title(phase), f"in {seconds(left)}", "".join(which_try(after))
            )
            for task, (phase, due, after) in self._waiting.items()
            for left in [max(0.0, due - now)]
        ]
        return [*asking, *running, *judging, *waiting]
