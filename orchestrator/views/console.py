"""The console of a run: a line for each phase as it ends, what goes on now on a terminal, a summary at the end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TextIO

from ..estimate import CriticalPath
from ..outcomes import Outcomes
from ..plan import Phase, Plan, Work
from ..results import End, Result
from ..state.database import StateError
from ..watchers import Watcher
from ..work.attempt import Attempt
from .lines import Columns, Told, asks_lines, ended_lines, output_line, summary_lines, waits_line
from .ongoing import Ongoing
from .progress import Forecast, foot, heartbeat, quiet_for, region
from .terminal import Line, Terminal
from .words import printable

TICK = 0.25
"""Seconds between two looks at the clock."""
LEAST_AGE, AGE_PER_COST = 1.0, 20.0
"""Seconds for which a forecast holds at least, and how many times as long as it took: a large plan is no small sum."""
PLAIN_WIDTH = 120
"""Cells of a line where there is no terminal."""


class Console(Watcher):
    """Watches a session. Plain lines where there is no terminal, so that logs and pipes stay readable.

    Args:
        phases: those of this run, each after the ones that it needs.
        expected: looks up how many seconds works take; asked once, and only by a run that lasts.
        judged_only: phases of which only the gate is looked at.
        jobs: how many works run at the same time.
        mask: takes the secrets out of titles.
    """

    def __init__(
        self,
        plan: Plan,
        phases: Sequence[Phase],
        stream: TextIO,
        expected: Callable[[], Mapping[str, float]] = dict,
        judged_only: Collection[str] = (),
        jobs: int = 1,
        mask: Callable[[str], str] = str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._total = len(phases)
        self._now = Ongoing(phases, mask)
        self._expected = expected
        self._judged_only = judged_only
        self._jobs = jobs
        self._monotonic = monotonic
        self._begun = self._spoke = monotonic()
        self._told = 0
        """How often the log was told what goes on since something happened."""
        self._partial: dict[str, bytes] = {}
        self._forecast: Forecast | None = None
        self._left: CriticalPath | None = None
        self._left_at = self._left_until = 0.0
        """When that was found, and until when it holds."""
        self._terminal = Terminal(stream)
        room = self._terminal.size[0] if self._terminal.is_live else PLAIN_WIDTH
        self._columns = Columns.of(phases, room, mask)
        self._guard = threading.RLock()
        self._closing = threading.Event()
        self._ticking = threading.Thread(target=self._tick_on, daemon=True)

    def __enter__(self) -> Console:
        self._terminal.open()
        self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def notes(self, notes: Sequence[str]) -> None:
        """What the configuration asks for and does not get."""
        self._say([(f"note: {printable(note)}", "yellow")] for note in notes)

    def started(self, result: Result, work: Work) -> None:
        with self._guard:
            self._now.starts(result.phase, work, self._monotonic())
            self._draw()

    def finished(self, result: Result, work: Work) -> None:
        with self._guard:
            self._now.finishes(work)
            self._flush(work.task)
            self._draw()

    def waits(self, result: Result, work: Work, wait: float, after: Attempt | None) -> None:
        with self._guard:
            self._now.waits(result.phase, work, self._monotonic() + wait, after)
            self._flush(work.task)
            self._say([waits_line(self._columns, result, work, wait, after)])

    def judges(self, result: Result) -> None:
        with self._guard:
            self._now.judges(result.phase, self._monotonic())
            self._draw()

    def asks(self, result: Result) -> None:
        with self._guard:
            self._now.asks(result.phase)
            self._say(asks_lines(self._columns, result))

    def ended(self, result: Result) -> None:
        with self._guard:
            self._now.ends(result.phase)
            for work in result.phase.works:
                self._flush(work.task)
            self._say(ended_lines(self._columns, result))

    def unchanged(self, phase: Phase) -> None:
        with self._guard:
            self._now.ends(phase)

    def output(self, task: str, chunk: bytes) -> None:
        with self._guard:
            *lines, rest = (self._partial.get(task, b"") + chunk).split(b"\n")
            self._partial[task] = rest[-65536:]
            self._say([output_line(task, line) for line in lines])

    def summary(self, outcomes: Outcomes, reporter: Told, missed: Sequence[str], stopped_by: int | None) -> None:
        """What became of the plan, and what to do next."""
        self._stop()
        results = outcomes.results
        ends = [result.end for result in results.values() if result.end is not None]
        counts = [f"{ends.count(end)} {end.value}" for end in End if end in ends]
        if outcomes.current:
            counts.append(f"{len(outcomes.current)} up to date")
        if missed:
            counts.append(f"{len(missed)} not reached")
        took = self._monotonic() - self._begun
        self._terminal.say(summary_lines(self._plan.name, results, reporter, counts, took, stopped_by))

    def tick(self) -> None:
        """Time has passed: draw what goes on anew, or tell a log of it that heard nothing for long."""
        quiet = self._monotonic() - self._spoke
        if not self._terminal.is_live and quiet < quiet_for(self._told):
            return
        self._foresee()
        with self._guard:
            if self._terminal.is_live:
                self._draw()
            elif doing := self._now.doing(self._monotonic(), self._known):
                self._draw(heartbeat(self._columns, doing))
                self._spoke, self._told = self._monotonic(), self._told + 1

    def _tick_on(self) -> None:
        while not self._closing.wait(TICK):
            self.tick()

    def _say(self, lines: Iterable[Line]) -> None:
        """Lines that stay, because something happened."""
        with self._guard:
            self._draw(lines)
            self._spoke, self._told = self._monotonic(), 0

    def _draw(self, lines: Iterable[Line] = ()) -> None:
        """Lines that stay and, on a terminal, what goes on below them."""
        below: list[Line] = []
        if not self._terminal.is_live and not lines:
            return
        if self._terminal.is_live and not self._closing.is_set():
            doing = self._now.doing(self._monotonic(), self._known)
            end = foot(self._total - len(self._now.open), self._total, self._time_left())
            below = region(self._columns, doing, end, self._terminal.size)
        self._terminal.say(lines, below)

    @property
    def _known(self) -> Mapping[str, float]:
        return self._forecast.expected if self._forecast is not None else {}

    def _foresee(self) -> None:
        """How long works take, looked up once, and how long it all takes, now and then: both may be long looks, so that
        nobody has to wait for them."""
        if self._forecast is None:
            expected: Mapping[str, float] = {}
            with contextlib.suppress(StateError):  # whoever writes to the state will tell what is wrong with it
                expected = self._expected()
            self._forecast = Forecast(expected, self._jobs, self._judged_only)
        now = self._monotonic()
        if self._terminal.is_live and now >= self._left_until:
            with self._guard:
                left, begun, done = list(self._now.open.values()), self._now.since(now), set(self._now.done)
            self._left, self._left_at = self._forecast.left(left, begun, done), now
            self._left_until = now + max(LEAST_AGE, AGE_PER_COST * (self._monotonic() - now))

    def _time_left(self) -> CriticalPath | None:
        if self._left is None:
            return None
        return replace(self._left, seconds=self._left.seconds - (self._monotonic() - self._left_at))

    def _flush(self, task: str) -> None:
        rest = self._partial.pop(task, b"")
        if rest:
            self._say([output_line(task, rest)])

    def _stop(self) -> None:
        """Nothing goes on any more: take away what a terminal shows of it."""
        self._closing.set()
        if self._ticking.is_alive():
            self._ticking.join(timeout=1.0)
        self._terminal.close()
