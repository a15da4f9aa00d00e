"""What becomes of the phases of one run, kept and told: from any thread, one thing at a time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable
from functools import partial

from .gate.judgement import GateState, Judgement
from .plan import Phase, Work
from .results import End, Result
from .state.acknowledging import Acknowledging
from .state.database import StateError
from .watchers import Watcher
from .work.attempt import Attempt

STUCK = (End.FAILED, End.WAITING, End.BLOCKED, End.STOPPED)
"""Ends that block what comes after."""


class Outcomes:
    """The results of a run, so far.

    What went well is told when it is on the disk, and nobody else waits for that. Whoever tells of anything else has
    waited for the disk before (`catch_up`), and for what went well before that.

    Args:
        settle: waits until all that was committed is on the disk.
    """

    def __init__(
        self, watcher: Watcher, settle: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._watcher = watcher
        self._monotonic = monotonic
        self._guard = threading.RLock()
        self._acknowledging = Acknowledging(settle)
        self.results: dict[str, Result] = {}
        self.current: set[str] = set()
        """Phases that doit found up to date, after what they need had run."""
        self.broke = False
        """Did phasegate itself, or the machine, fail? Then attempts may be left of which nobody wrote the end."""
        self.all_told = False
        """Is there nothing more to tell?"""

    def of(self, phase: Phase) -> Result:
        """The result of a phase of which something begins or ends."""
        with self._guard:
            return self.results.setdefault(phase.name, Result(phase, self._monotonic()))

    def catch_up(self) -> None:
        """Wait until what was committed until now is on the disk, and all that went well is told.

        Raises:
            StateError: the disk did not keep it.
        """
        self._acknowledging.catch_up()

    def waits(self, phase: Phase, work: Work, wait: float) -> None:
        """A work takes over a wait of so many seconds from an earlier run."""
        with self._guard:
            self._watcher.waits(self.of(phase), work, wait, None)

    def begins(self, phase: Phase, work: Work) -> None:
        """An attempt begins."""
        with self._guard:
            self._watcher.started(self.of(phase), work)

    def tried(self, phase: Phase, attempt: Attempt) -> None:
        """An attempt ended."""
        with self._guard:
            result = self.of(phase)
            result.attempts.append(attempt)
            result.duration = self._monotonic() - result.started
            if attempt.retry is not None:
                self._watcher.waits(result, attempt.work, attempt.retry.wait, attempt)
                return
            self._watcher.finished(result, attempt.work)
            if attempt.problem is not None and len(phase.works) == 1:
                self._end(result, result.without_gate())

    def judges(self, phase: Phase) -> None:
        """A gate is looked at."""
        with self._guard:
            self._watcher.judges(self.of(phase))

    def asks(self, judgement: Judgement) -> None:
        """A gate waits for a person, and the run stays. Said once for each content."""
        with self._guard:
            result = self.of(judgement.phase)
            asked = result.judgement.digest if result.judgement is not None else ""
            self._take(result, judgement)
            if judgement.digest != asked:
                self._watcher.asks(result)

    def judged(self, judgement: Judgement) -> None:
        """A gate was looked at, for the last time in this run."""
        with self._guard:
            result = self.of(judgement.phase)
            self._take(result, judgement)
            if judgement.state is GateState.OPEN:
                self._acknowledging.add(partial(self._is_done, result))
            else:
                self._end(result, End.WAITING if judgement.state is GateState.WAITING else End.FAILED)

    def still_open(self, phase: Phase) -> None:
        """A gate that doit found current: when the work ran before it, its outputs are the bytes that were approved."""
        with self._guard:
            if phase.name in self.results:
                self._acknowledging.add(partial(self._is_done, self.results[phase.name]))
            else:
                self.current.add(phase.name)
                self._watcher.unchanged(phase)

    def blocked(self, phase: Phase) -> None:
        """A gate or work that cannot start, because something before it did not end well: another phase, or, for a
        gate, its own work."""
        with self._guard:
            result = self.of(phase)
            self._end(result, result.without_gate())
            if result.end is None:
                needs = [self.results[need] for need in phase.needs if need in self.results]
                result.blocked_by = tuple(
                    dict.fromkeys(
                        name for need in needs if need.end in STUCK for name in need.blocked_by or (need.phase.name,)
                    )
                )
                self._end(result, End.BLOCKED)

    def broken(self, phase: Phase) -> None:
        """A phase at which phasegate itself, or the machine, failed; the reporter has the message."""
        with self._guard:
            self.broke = True
            self._end(self.of(phase), End.FAILED)

    def skipped(self, phase: Phase) -> None:
        """A phase that is passed over because of `doit ignore`."""
        with self._guard:
            self._end(self.of(phase), End.SKIPPED)

    def note(self, text: str) -> None:
        """Something that people should know."""
        with self._guard:
            self._watcher.notes([text])

    def output(self, task: str, chunk: bytes) -> None:
        """A work printed something: it comes after the end of what it needed."""
        if self._acknowledging.is_behind:
            with contextlib.suppress(StateError):  # told by `close`
                self.catch_up()
        with self._guard:
            self._watcher.output(task, chunk)

    def close(self, seconds: float, *, stopped: bool, alone: Collection[str]) -> None:
        """Tell what is left to tell.

        Args:
            seconds: to wait for the disk.
            stopped: whether the run was.
            alone: the phases whose works were to run, and not their gates.
        """
        try:
            self.all_told = self._acknowledging.close(seconds)
        except StateError:  # told where the end of the run is to be written, which is not possible either
            self.broke = True
        with self._guard:
            for result in self.results.values():
                if result.judgement is not None and result.judgement.state is GateState.WAITING:
                    self._end(result, End.WAITING)
                elif self.all_told and (result.attempts or stopped):
                    self._end(result, result.without_gate() or self._without_verdict(result, stopped, alone))

    def counts(self) -> dict[str, int]:
        """How many phases ended how."""
        with self._guard:
            ends = [result.end.value for result in self.results.values() if result.end is not None]
        return {end: ends.count(end) for end in sorted(set(ends))}

    def missed(self, names: Iterable[str]) -> list[str]:
        """Those of these phases that nothing became of: the run ended before."""
        with self._guard:
            ended = {name for name, result in self.results.items() if result.end is not None}
            return [name for name in names if name not in ended | self.current]

    def _take(self, result: Result, judgement: Judgement) -> None:
        result.judgement = judgement
        result.duration = self._monotonic() - result.started

    @staticmethod
    def _without_verdict(result: Result, stopped: bool, alone: Collection[str]) -> End | None:
        """What became of a phase whose work is done and whose gate was not asked; None where the run ended before."""
        if stopped:
            return End.STOPPED
        return End.RAN if result.phase.name in alone else None

    def _is_done(self, result: Result) -> None:
        with self._guard:
            self._end(result, End.DONE)

    def _end(self, result: Result, end: End | None) -> None:
        if result.end is None and end is not None:
            result.end = end
            self._watcher.ended(result)
