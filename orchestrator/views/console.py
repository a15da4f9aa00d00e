"""The console of a run: a line for each phase as it ends, what is running now on a terminal, a summary at the end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console as Terminal
from rich.live import Live
from rich.text import Text

from criteria import Result as VerdictResult

from ..gate.digest import SHORT
from ..gate.judgement import GateState, Judgement
from ..plan import Phase, Plan, Work
from ..reasons import asked_of, rejection
from ..results import End, Result
from ..session import Session
from ..work.attempts import Attempt
from .words import change_lines, failure, next_step, next_try, plural, printable, seconds, tail, verdict_line

COLOURS = {
    End.DONE: "green",
    End.FAILED: "bold red",
    End.WAITING: "bold yellow",
    End.BLOCKED: "magenta",
    End.SKIPPED: "dim",
    End.STOPPED: "bold magenta",
    End.RAN: "cyan",
}
STATE_WIDTH = 9


class Told(Protocol):
    """What doit told of tasks, beside what the session knows of phases."""

    errors: list[str]
    failures: list[str]
    blocked: list[str]


class Console:
    """Watches a session. Plain lines where there is no terminal, so that logs and pipes stay readable."""

    def __init__(
        self, plan: Plan, phases: Sequence[Phase], stream: TextIO, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no `≤` is no reason to fail
        self._plan = plan
        self._total = len(phases)
        self._names = max((len(phase.name) for phase in phases), default=0)
        self._monotonic = monotonic
        self._begun = monotonic()
        self._running: dict[str, tuple[Phase, float]] = {}
        self._asking: dict[str, Phase] = {}
        self._waiting: dict[str, tuple[Phase, float, Attempt | None]] = {}
        self._ended = 0
        self._partial: dict[str, bytes] = {}
        self._terminal = Terminal(file=stream, highlight=False, markup=False, soft_wrap=True)
        room = self._terminal.width // 3 if self._terminal.is_terminal else 40
        self._titles = min(40, room, max((len(phase.title) for phase in phases), default=0))
        self._live = (
            Live(console=self._terminal, get_renderable=self._now, transient=True, refresh_per_second=4)
            if self._terminal.is_terminal
            else None
        )

    def __enter__(self) -> Console:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def notes(self, notes: Sequence[str]) -> None:
        """What the configuration asks for and does not get."""
        for note in notes:
            self._terminal.print(Text(f"note: {note}", style="yellow"))

    def started(self, result: Result, work: Work) -> None:
        self._waiting.pop(work.task, None)
        self._running[work.task] = (result.phase, self._monotonic())

    def waits(self, result: Result, work: Work, seconds: float, after: Attempt | None) -> None:
        self._running.pop(work.task, None)
        self._flush(work.task)
        self._waiting[work.task] = (result.phase, self._monotonic() + seconds, after)
        name = work.task if len(result.phase.works) > 1 else result.phase.name
        line = Text(f"{'retrying':{STATE_WIDTH}}", style="yellow")
        line.append(f"{name:{self._names}}  {self._title(result.phase)}  ", style="default")
        line.append(next_try(seconds, after), style="default dim")
        self._terminal.print(line)

    def asks(self, result: Result) -> None:
        assert result.judgement is not None
        self._rest(result)
        line = Text(f"{'asks':{STATE_WIDTH}}", style=COLOURS[End.WAITING])
        line.append(f"{result.phase.name:{self._names}}  {self._title(result.phase)}  ", style="default not bold")
        line.append(f"`doit approve {result.phase.name}`", style="default not bold")
        self._terminal.print(line)
        for detail in self._details(result):
            self._terminal.print(Text(f"{'':{STATE_WIDTH}}{detail}", style="dim"))
        self._asking[result.phase.name] = result.phase

    def ended(self, result: Result) -> None:
        assert result.end is not None
        self._ended += 1
        self._asking.pop(result.phase.name, None)
        self._rest(result)
        self._terminal.print(self._line(result))
        for detail in self._details(result):
            self._terminal.print(Text(f"{'':{STATE_WIDTH}}{detail}", style="" if result.end is End.FAILED else "dim"))

    def _rest(self, result: Result) -> None:
        """Nothing of the phase runs any more."""
        for work in result.phase.works:
            self._running.pop(work.task, None)
            self._waiting.pop(work.task, None)
            self._flush(work.task)

    def output(self, task: str, chunk: bytes) -> None:
        *lines, rest = (self._partial.get(task, b"") + chunk).split(b"\n")
        self._partial[task] = rest[-65536:]
        for line in lines:
            self._print_output(task, line)

    def summary(self, session: Session, reporter: Told, missed: Sequence[str], stopped_by: int | None) -> None:
        """What became of the plan, and what to do next."""
        results = session.results
        self._stop()
        ends = [result.end for result in results.values() if result.end is not None]
        counts = [f"{ends.count(end)} {end.value}" for end in End if end in ends]
        if session.current:
            counts.append(f"{len(session.current)} up to date")
        if missed:
            counts.append(f"{len(missed)} not reached")
        for word, texts in (("error", reporter.errors), ("failed", reporter.failures), ("blocked", reporter.blocked)):
            for text in texts:
                self._terminal.print(Text(f"{word:{STATE_WIDTH}}{printable(text)}", style="bold red"))
        took = seconds(self._monotonic() - self._begun)
        self._terminal.print(Text(f"{self._plan.name}: {', '.join(counts) or 'nothing to do'} ({took})", style="bold"))
        if stopped_by is not None:
            name = signal.Signals(stopped_by).name
            self._terminal.print(Text(f"stopped by {name}; what is done is kept, and `doit` goes on from there"))
        for step in next_steps(results):
            self._terminal.print(Text(f"next: {step}"))

    def _line(self, result: Result) -> Text:
        assert result.end is not None
        text = Text(f"{result.end.value:{STATE_WIDTH}}", style=COLOURS[result.end])
        text.append(f"{result.phase.name:{self._names}}  {self._title(result.phase)}  ", style="default not bold")
        if result.end in (End.DONE, End.FAILED, End.WAITING, End.RAN):
            text.append(f"{seconds(result.duration):>8}  ", style="default not bold dim")
        if result.end is End.DONE:
            text.append(_why_open(result.judgement), style="default not bold dim")
        if result.end is End.RAN:
            text.append("its gate was not asked", style="default not bold dim")
        if result.end is End.BLOCKED and result.blocked_by:
            text.append(f"by {', '.join(result.blocked_by)}", style="default not bold")
        text.rstrip()
        return text

    def _title(self, phase: Phase) -> str:
        return f"{printable(phase.title)[: self._titles]:{self._titles}}"

    def _details(self, result: Result) -> list[str]:
        lines: list[str] = []
        for attempt in (attempt for attempt in result.last_attempts if attempt.outcome == "failed"):
            what = f"{attempt.work.task}: " if len(result.phase.works) > 1 else ""
            lines += [f"{what}{failure(attempt)}", *self._log(attempt.log)]
        if result.judgement is not None:
            decided = result.end is End.DONE
            shown = {VerdictResult.FAIL, VerdictResult.WARN} | (set() if decided else {VerdictResult.REVIEW})
            told = [v for v in result.judgement.verdicts if v.result in shown]
            lines += [f"{'warning: ' if v.result is VerdictResult.WARN else ''}{printable(v.message)}" for v in told]
            if result.end is End.FAILED:
                lines += [line for attempt in result.last_attempts for line in self._log(attempt.log)]
            if result.judgement.rejected is not None:
                lines.append(printable(rejection(result.judgement.rejected.by, result.judgement.rejected.reason)))
            if result.judgement.state is GateState.WAITING:
                lines += waiting_lines(result.judgement)
        return lines

    def _log(self, log: Path) -> list[str]:
        lines = [f"| {line}" for line in tail(log)]
        return [*lines, f"log: {log.relative_to(Path.cwd()) if log.is_relative_to(Path.cwd()) else log}"]

    def _now(self) -> Text:
        """What a terminal shows below the lines: the phases running, with the time since each began."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for task, (phase, since) in list(self._running.items()):
            elapsed = seconds(self._monotonic() - since)
            name = task if len(phase.works) > 1 else phase.name
            text.append(f"{'running':{STATE_WIDTH}}{name:{self._names}}  {printable(phase.title)}  {elapsed}\n", "cyan")
        for task, (phase, due, after) in list(self._waiting.items()):
            name = task if len(phase.works) > 1 else phase.name
            left = next_try(max(0.0, due - self._monotonic()), after)
            text.append(f"{'retrying':{STATE_WIDTH}}{name:{self._names}}  {printable(phase.title)}  {left}\n", "yellow")
        for phase in list(self._asking.values()):
            text.append(f"{'asks':{STATE_WIDTH}}{phase.name:{self._names}}  {printable(phase.title)}\n", "bold yellow")
        text.append(f"{self._ended} of {plural(self._total, 'phase')}", "dim")
        return text

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _flush(self, task: str) -> None:
        rest = self._partial.pop(task, b"")
        if rest:
            self._print_output(task, rest)

    def _print_output(self, task: str, line: bytes) -> None:
        text = Text(f"{task} | ", style="dim")
        text.append(printable(line.decode("utf-8", "replace")), style="default not dim")
        self._terminal.print(text)


def _why_open(judgement: Judgement | None) -> str:
    if judgement is None:
        return "same outputs, the gate stays open"
    by = judgement.decision.by if judgement.decision is not None else ()
    approved = f"approved by {', '.join(map(printable, by))}" if by else ""
    return ", ".join(filter(None, (verdict_line(judgement.verdicts), approved)))


def next_steps(results: Mapping[str, Result]) -> list[str]:
    """What a person can do about the first phases that did not end well."""
    ended = [r for end in (End.FAILED, End.WAITING) for r in [r for r in results.values() if r.end is end][:3]]
    return [step for r in ended if r.end and (step := _step(r, r.end))]


def _step(result: Result, end: End) -> str | None:
    judgement = result.judgement
    return next_step(
        result.phase.name,
        end.value,
        by_criterion=judgement is not None,
        fresh=bool(result.attempts),
        rejected=judgement is not None and judgement.rejected is not None,
    )


def waiting_lines(judgement: Judgement) -> list[str]:
    """What a person who is asked to approve has to know."""
    missing = judgement.decision.missing if judgement.decision is not None else 1
    asked = f"waits for an approval of {judgement.digest[:SHORT]}{asked_of(judgement.phase.rule, missing)}"
    return [*change_lines(judgement.changes), printable(asked)]
