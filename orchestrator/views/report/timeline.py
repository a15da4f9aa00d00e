"""The attempts of each run along the time that it took. Pure.

A run of few works has a row for each, as a Gantt chart has. With many works the bars are packed into as few rows as
hold them: that is how many were at work at the same time, and a thousand of them still fit on a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...state.journal import Entry, Event

NAMED = 60
"""Works of a run that have rows of their own."""
BARS = 3000
"""Bars on a page: of many large runs only the newest are drawn, and at least one."""
RUNS = 20
TICKS = 6
ROW, PACKED_ROW = 22, 14
"""Heights, in pixels."""
ROOM = 18.0
"""Per cent of the width that are left free behind the last bar, for what is written beside it."""

Attempt = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt."""

    task: str
    phase: str
    number: int
    outcome: str
    seconds: float
    x: float
    """Per cent of the width, as is `width`."""
    width: float
    row: int
    gate: str
    """What its gate said when it was asked after this attempt: `failed` or `waiting`; empty where it opened or was not
    asked."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the time axis."""

    x: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The attempts of one run, drawn."""

    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, str], ...]
    """Task and phase of each row; empty where bars are packed."""
    height: int
    row: int
    """The height of one row."""
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    id: str
    started: float
    ended: float | None
    """None where it goes on, or nobody wrote its end."""
    by: str
    host: str
    alive: bool
    ends: Mapping[str, int]
    """How many phases ended how."""
    attempts: int
    seconds: float
    """From its start to its end, or to the last that is known of it."""
    chart: Chart | None
    """None where there are too many bars on the page already."""


def runs_of(
    entries: Iterable[Entry], attempts: Iterable[Attempt], phases: Mapping[str, str], alive: frozenset[str], now: float
) -> list[Run]:
    """The runs that attempted anything, newest first; at most RUNS.

    Args:
        attempts: of all phases.
        phases: the phase of each work.
    """
    starts: dict[str, Entry] = {}
    ends: dict[str, Entry] = {}
    last: dict[str, float] = {}
    gates: dict[str, dict[str, str]] = {}
    for entry in entries:
        last[entry.run] = max(entry.at, last.get(entry.run, entry.at))
        if entry.event is Event.RUN_STARTED:
            starts[entry.run] = entry
        elif entry.event is Event.RUN_ENDED:
            ends[entry.run] = entry
        elif entry.event is Event.JUDGED and entry.phase is not None:
            gates.setdefault(entry.run, {})[entry.phase] = entry.data["outcome"]
    by_run: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_run.setdefault(attempt["run"], []).append(attempt)
    runs: list[Run] = []
    room = BARS
    for run, start in reversed(starts.items()):
        made = by_run.get(run)
        if not made or len(runs) == RUNS:
            continue
        end, goes_on = ends.get(run), run in alive
        until = now if goes_on else last[run]
        drawn = len(made) <= room or not runs
        room -= len(made) if drawn else 0
        runs.append(
            Run(
                id=run,
                started=start.at,
                ended=end.at if end else None,
                by=str(start.data.get("by") or ""),
                host=str(start.data.get("host") or ""),
                alive=goes_on,
                ends=end.data.get("ends", {}) if end else {},
                attempts=len(made),
                seconds=max(0.0, until - start.at),
                chart=chart(made, start.at, until, phases, gates.get(run, {})) if drawn else None,
            )
        )
    return runs


def chart(
    attempts: Sequence[Attempt], begin: float, end: float, phases: Mapping[str, str], gates: Mapping[str, str]
) -> Chart:
    """The attempts of one run between two moments, drawn.

    Args:
        gates: how the gates were judged that were, by phase.
    """
    last = {phases[attempt["task"]]: index for index, attempt in enumerate(attempts)}
    tasks = list(dict.fromkeys(attempt["task"] for attempt in attempts))
    packed = len(tasks) > NAMED
    spans = [_span(attempt, begin, end) for attempt in attempts]
    whole = max([end - begin, *(until for _, until in spans), 1e-9])
    scale = (100.0 if packed else 100.0 - ROOM) / whole
    rows = _packed(spans) if packed else [tasks.index(attempt["task"]) for attempt in attempts]
    height = PACKED_ROW if packed else ROW
    bars = tuple(
        Bar(
            task=attempt["task"],
            phase=phases[attempt["task"]],
            number=attempt["attempt"],
            outcome=attempt["outcome"],
            seconds=until - since,
            x=round(since * scale, 3),
            width=round((until - since) * scale, 3),
            row=row,
            gate=_told(gates.get(phases[attempt["task"]])) if last[phases[attempt["task"]]] == index else "",
        )
        for index, (attempt, (since, until), row) in enumerate(zip(attempts, spans, rows, strict=True))
    )
    named = () if packed else tuple((task, phases[task]) for task in tasks)
    ticks = tuple(Tick(round(second * scale, 3), second) for second in _ticks(whole))
    return Chart(bars, named, height * (max(rows, default=0) + 1), height, ticks)


def _told(outcome: str | None) -> str:
    return outcome if outcome in ("failed", "waiting") else ""


def _span(attempt: Attempt, begin: float, end: float) -> tuple[float, float]:
    """Seconds from the run's start. A clock that was set back must not draw a bar to the left of it."""
    since = max(0.0, attempt["started"] - begin)
    if attempt["duration_s"] is not None:
        return since, since + max(0.0, attempt["duration_s"])
    until = end if attempt["ended"] is None else attempt["ended"]
    return since, max(since, min(until, end) - begin)


def _packed(spans: Sequence[tuple[float, float]]) -> list[int]:
    """A row for each span so that none overlaps another in its row: the first row that is free."""
    free: list[float] = []
    rows = [0] * len(spans)
    for index in sorted(range(len(spans)), key=spans.__getitem__):
        since, until = spans[index]
        row = next((row for row, at in enumerate(free) if at <= since), len(free))
        if row == len(free):
            free.append(until)
        free[row] = until
        rows[index] = row
    return rows


def _ticks(whole: float) -> list[float]:
    """Round numbers of seconds, minutes, hours or days from 0 to the end, at most TICKS and one."""
    steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400]
    steps += [21600, 43200, 86400]
    step = next((step for step in steps if whole / step <= TICKS), 0)
    if not step:
        step = 86400 * -(-whole // (86400 * TICKS))
    return [number * step for number in range(int(whole // step) + 1)]
