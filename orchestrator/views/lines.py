"""What a run says of a phase, as lines: the state first, then the phase, in columns; details below it. Pure, but for
the tail of a log."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from criteria import Result as VerdictResult
from criteria.words import one_line

from ..gate.digest import SHORT
from ..gate.judgement import GateState, Judgement
from ..plan import Phase, Work, title_of
from ..reasons import asked_of, rejection
from ..results import End, Result
from ..work.attempt import Attempt
from .terminal import Line, padded, width
from .words import change_lines, failure, next_step, next_try, printable, seconds, tail, verdict_line

COLOURS = {
    End.DONE: "green",
    End.FAILED: "bold red",
    End.WAITING: "bold yellow",
    End.BLOCKED: "magenta",
    End.SKIPPED: "dim",
    End.STOPPED: "bold magenta",
    End.RAN: "cyan",
}
RUNNING, JUDGING = ("running", "cyan"), ("judging", "cyan")
RETRYING, ASKS = ("retrying", "yellow"), ("asks", COLOURS[End.WAITING])
"""Words and colours of what goes on."""
STATE_WIDTH = 9
TITLES = 40
"""Cells of a title, at most."""


class Told(Protocol):
    """What doit told of tasks, beside what the session knows of phases."""

    errors: list[str]
    failures: list[str]
    blocked: list[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide names and titles are, in cells."""

    names: int
    titles: int
    mask: Callable[[str], str] = str
    """Takes the secrets out of titles."""

    @classmethod
    def of(cls, phases: Sequence[Phase], room: int, mask: Callable[[str], str]) -> Columns:
        """Wide enough for these phases, as far as there is room."""
        names = max((width(phase.name) for phase in phases), default=0)
        titles = max((width(one_line(title_of(phase, mask))) for phase in phases), default=0)
        return cls(names, min(TITLES, room // 3, titles), mask)

    def title(self, phase: Phase) -> str:
        """What a phase is called, without secrets."""
        return title_of(phase, self.mask)

    def row(self, word: str, colour: str, name: str, title: str, *more: tuple[str, str]) -> Line:
        """The line that everything said of a phase begins with."""
        about = f"{padded(name, max(self.names, width(name)))}  {padded(one_line(title), self.titles)}  "
        parts = [(f"{word:{STATE_WIDTH}}", colour), (about, ""), *(part for part in more if part[0])]
        last, style = parts.pop()
        return [*parts, (last.rstrip(), style)]


def task_name(phase: Phase, task: str) -> str:
    """The name of a work where a phase has several, else that of the phase."""
    return task if len(phase.works) > 1 else phase.name


def how_to_approve(phase: Phase) -> str:
    return f"`doit approve {phase.name}`"


def detail(text: str, style: str = "dim") -> Line:
    """A line that belongs to the one above."""
    return [(" " * STATE_WIDTH, ""), (text, style)]


def ended_lines(columns: Columns, result: Result) -> Iterator[Line]:
    """A phase at its end."""
    assert result.end is not None
    took = result.end in (End.DONE, End.FAILED, End.WAITING, End.RAN)
    more = [(f"{seconds(result.duration):>8}  ", "dim")] if took else []
    about_gate = {End.DONE: _why_open(result.judgement), End.RAN: "its gate was not asked"}.get(result.end, "")
    if what := ", ".join(filter(None, (_restored(result), about_gate))):
        more.append((what, "dim"))
    if result.end is End.BLOCKED and result.blocked_by:
        more.append((f"by {', '.join(result.blocked_by)}", ""))
    yield columns.row(result.end.value, COLOURS[result.end], result.phase.name, columns.title(result.phase), *more)
    for text in _details(result):
        yield detail(text, "" if result.end is End.FAILED else "dim")


def _restored(result: Result) -> str:
    """What became of the works whose outputs came from the shared cache."""
    count = sum(attempt.outcome == "restored" for attempt in result.last_attempts)
    return "" if not count else "restored" if count == len(result.phase.works) else f"{count} restored"


def waits_line(columns: Columns, result: Result, work: Work, wait: float, after: Attempt | None) -> Line:
    """A work that will be tried again."""
    name = task_name(result.phase, work.task)
    return columns.row(*RETRYING, name, columns.title(result.phase), (next_try(wait, after), "dim"))


def asks_lines(columns: Columns, result: Result) -> Iterator[Line]:
    """A gate that waits for a person, while the run stays."""
    yield columns.row(*ASKS, result.phase.name, columns.title(result.phase), (how_to_approve(result.phase), ""))
    for text in _details(result):
        yield detail(text)


def output_line(task: str, line: bytes) -> Line:
    """What a work printed."""
    return [(f"{task} | ", "dim"), (printable(line.decode("utf-8", "replace")), "")]


def summary_lines(
    plan: str,
    results: Mapping[str, Result],
    reporter: Told,
    counts: Sequence[str],
    took: float,
    stopped_by: int | None,
) -> Iterator[Line]:
    """What became of the plan, and what to do next."""
    for word, texts in (("error", reporter.errors), ("failed", reporter.failures), ("blocked", reporter.blocked)):
        for text in texts:
            yield [(f"{word:{STATE_WIDTH}}{printable(text)}", "bold red")]
    yield [(f"{one_line(plan)}: {', '.join(counts) or 'nothing to do'} ({seconds(took)})", "bold")]
    if stopped_by is not None:
        name = signal.Signals(stopped_by).name
        yield [(f"stopped by {name}; what is done is kept, and `doit` goes on from there", "")]
    for step in next_steps(results):
        yield [(f"next: {step}", "")]


def next_steps(results: Mapping[str, Result]) -> list[str]:
    """What a person can do about the first phases that did not end well."""
    ended = [r for end in (End.FAILED, End.WAITING) for r in [r for r in results.values() if r.end is end][:3]]
    return [step for r in ended if r.end and (step := _step(r, r.end))]


def waiting_lines(judgement: Judgement) -> list[str]:
    """What a person who is asked to approve has to know."""
    missing = judgement.decision.missing if judgement.decision is not None else 1
    asked = f"waits for an approval of {judgement.digest[:SHORT]}{asked_of(judgement.phase.rule, missing)}"
    return [*change_lines(judgement.changes), printable(asked)]


def _details(result: Result) -> list[str]:
    lines: list[str] = []
    for attempt in (attempt for attempt in result.last_attempts if attempt.outcome == "failed"):
        what = f"{attempt.work.task}: " if len(result.phase.works) > 1 else ""
        lines += [f"{what}{failure(attempt)}", *_log(attempt.log)]
    if result.judgement is not None:
        decided = result.end is End.DONE
        shown = {VerdictResult.FAIL, VerdictResult.WARN} | (set() if decided else {VerdictResult.REVIEW})
        told = [v for v in result.judgement.verdicts if v.result in shown]
        lines += [f"{'warning: ' if v.result is VerdictResult.WARN else ''}{printable(v.message)}" for v in told]
        if result.end is End.FAILED:
            lines += [line for attempt in result.last_attempts for line in _log(attempt.log)]
        if result.judgement.rejected is not None:
            lines.append(printable(rejection(result.judgement.rejected.by, result.judgement.rejected.reason)))
        if result.judgement.state is GateState.WAITING:
            lines += waiting_lines(result.judgement)
    return lines


def _log(log: Path) -> list[str]:
    lines = [f"| {line}" for line in tail(log)]
    return [*lines, f"log: {log.relative_to(Path.cwd()) if log.is_relative_to(Path.cwd()) else log}"]


def _why_open(judgement: Judgement | None) -> str:
    if judgement is None:
        return "same outputs, the gate stays open"
    by = judgement.decision.by if judgement.decision is not None else ()
    approved = f"approved by {', '.join(map(printable, by))}" if by else ""
    return ", ".join(filter(None, (verdict_line(judgement.verdicts), approved)))


def _step(result: Result, end: End) -> str | None:
    judgement = result.judgement
    return next_step(
        result.phase.name,
        end.value,
        by_criterion=judgement is not None,
        fresh=any(attempt.restored is None for attempt in result.attempts),
        rejected=judgement is not None and judgement.rejected is not None,
    )
