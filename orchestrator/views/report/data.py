"""What a report shows, put together from the facts. Pure: the page only writes it down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...estimate import critical_path, phase_seconds, work_durations
from ...plan import Phase, title_of
from ...standing import PhaseState
from ..status import WORST_FIRST
from ..tally import Tally, tally_of
from .facts import Attempt, Facts, FileFact, newest_of_each
from .links import beside
from .timeline import Run, runs_of
from .trends import Curve, curves
from .votes import Cast, casts
from .waits import Wait, waits

ATTEMPTS = 20
"""Attempts of a phase that are listed; `doit logs PHASE --json` has all."""
CURVES = 60
"""Metrics that are drawn together; each is drawn at its phase too."""
CASTS = 200
"""Votes that are listed together."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path of the plan."""

    path: str
    link: str | None
    """None where nothing is there, or it is a pattern."""
    size: int | None
    """Bytes; None for a folder, a pattern, and where nothing is."""
    makers: tuple[str, ...] = ()
    """The phases that make it."""


@dataclass(frozen=True, slots=True)
class Log:
    """The end of what an attempt printed."""

    attempt: Attempt
    lines: tuple[str, ...]
    link: str | None
    """None where it is gone."""


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase."""

    phase: Phase
    title: str
    """Empty where it has none but its name."""
    description: str
    status: Mapping[str, Any]
    """What `doit status --json` says of it."""
    state: str
    command: str
    """What it runs, for people."""
    expected: float | None
    """Seconds that it usually takes."""
    needed_by: tuple[str, ...]
    outputs: tuple[Place, ...]
    inputs: tuple[Place, ...]
    attempts: tuple[Attempt, ...]
    """Newest first, at most ATTEMPTS."""
    log_links: Mapping[str, str]
    """Log → link, where it is there."""
    logs: tuple[Log, ...]
    curves: tuple[Curve, ...]
    casts: tuple[Cast, ...]
    """People's, and policy's if it counts; newest first."""

    @property
    def name(self) -> str:
        return self.phase.name

    @property
    def tally(self) -> Tally:
        """How many criteria hold, and what is to be said of the others."""
        return tally_of(self.status)

    @property
    def is_shut(self) -> bool:
        """Did a criterion shut its gate?"""
        return any(verdict["result"] == "fail" for verdict in self.status["verdicts"])


@dataclass(frozen=True, slots=True)
class Report:
    """All that is shown."""

    plan: str
    state: str
    phases: tuple[PhaseView, ...]
    counts: Mapping[str, int]
    """State → how many phases, the worst state first."""
    waits: tuple[Wait, ...]
    left: float
    """Seconds that what is not done takes at least, as far as that is known."""
    unknown: int
    """Phases of these that never succeeded, so that nobody knows how long they take."""
    runs: tuple[Run, ...]
    outcomes: tuple[str, ...]
    """Of the attempts that these runs made."""
    curves: tuple[Curve, ...]
    """Those with something to see, at most CURVES."""
    curves_left_out: int
    casts: tuple[Cast, ...]
    """People's, newest first, at most CASTS."""
    casts_left_out: int
    by_policy: int
    """Approvals that nobody was asked for."""
    entries: int
    head: str
    breaks: tuple[str, ...]
    """What is wrong with the chain of the journal."""
    made: float


def report_of(facts: Facts, place: Path) -> Report:
    """What a report shows that will lie in the folder `place`."""
    plan, statuses = facts.plan, {status["phase"]: status for status in facts.status["phases"]}
    drawn = curves(facts.entries)
    digests = {name: status["digest"] for name, status in statuses.items()}
    cast = casts(plan.phases, facts.entries, facts.votes, digests, facts.now)
    people = [each for each in reversed(cast) if not each.by_policy]
    expected = _expected(facts)
    undone = [standing.phase for standing in facts.standings.values() if standing.state is not PhaseState.DONE]
    path = critical_path(undone, expected)
    worth = sorted(
        (curve for (phase, _), curve in drawn.items() if phase in plan.phases and _is_worth(curve)),
        key=lambda curve: curve.last.result == "pass",
    )
    states = [standing.state for standing in facts.standings.values()]
    owners = {work.task: phase.name for phase in plan for work in phase.works}
    every = sorted((a for made in facts.attempts.values() for a in made), key=lambda attempt: attempt["started"])
    runs = runs_of(facts.entries, every, owners, facts.alive, facts.now)
    return Report(
        plan=plan.name,
        state=facts.status["state"],
        phases=tuple(_views(facts, statuses, expected, drawn, cast, place)),
        counts={state.value: states.count(state) for state in WORST_FIRST if state in states},
        waits=tuple(waits(facts.standings)),
        left=path.seconds,
        unknown=len(path.unknown),
        runs=tuple(runs),
        outcomes=tuple(dict.fromkeys(bar.outcome for run in runs if run.chart for bar in run.chart.bars)),
        curves=tuple(worth[:CURVES]),
        curves_left_out=sum(phase in plan.phases for phase, _ in drawn) - len(worth[:CURVES]),
        casts=tuple(people[:CASTS]),
        casts_left_out=len(people[CASTS:]),
        by_policy=len(cast) - len(people),
        entries=len(facts.entries),
        head=facts.head,
        breaks=tuple(f"entry {found.seq} {found.what}: {found.detail}" for found in facts.breaks),
        made=facts.now,
    )


def _is_worth(curve: Curve) -> bool:
    """A place among the trends, where a thousand lines that never moved would hide the one that did."""
    return curve.moved or curve.last.result != "pass"


def _expected(facts: Facts) -> dict[str, float | None]:
    ended = [
        (attempt["task"], attempt["duration_s"])
        for made in facts.attempts.values()
        for attempt in made
        if attempt["outcome"] == "succeeded" and attempt["duration_s"] is not None
    ]
    durations = work_durations(ended)
    return {phase.name: phase_seconds(phase, durations) for phase in facts.plan}


def _views(
    facts: Facts,
    statuses: Mapping[str, Mapping[str, Any]],
    expected: Mapping[str, float | None],
    drawn: Mapping[tuple[str, str], Curve],
    cast: Iterable[Cast],
    place: Path,
) -> Iterable[PhaseView]:
    needed_by: dict[str, list[str]] = {}
    for phase in facts.plan:
        for need in phase.needs:
            needed_by.setdefault(need, []).append(phase.name)
    by_phase: dict[str, list[Curve]] = {}
    for (name, _), curve in drawn.items():
        by_phase.setdefault(name, []).append(curve)
    said: dict[str, list[Cast]] = {}
    for each in cast:
        said.setdefault(each.phase, []).insert(0, each)

    def link(path: str) -> str | None:
        return beside(facts.root, path, place) if path in facts.files else None

    for phase in facts.plan:
        attempts = facts.attempts.get(phase.name, ())
        shown = tuple(reversed(attempts))[:ATTEMPTS]
        paths = {given.path: given.makers for work in phase.works for given in work.inputs}
        title = title_of(phase, facts.mask)
        yield PhaseView(
            phase=phase,
            title="" if title == phase.name else title,
            description=facts.mask(phase.description),
            status=statuses[phase.name],
            state=facts.standings[phase.name].state.value,
            command=facts.mask(_command(phase)),
            expected=expected[phase.name],
            needed_by=tuple(needed_by.get(phase.name, ())),
            outputs=tuple(_place(path, link(path), facts.files.get(path)) for path in phase.outputs),
            inputs=tuple(_place(path, link(path), facts.files.get(path), made) for path, made in paths.items()),
            attempts=shown,
            log_links={attempt["log"]: found for attempt in shown if (found := link(attempt["log"]))},
            logs=tuple(
                Log(attempt, tuple(facts.tails.get(attempt["log"], ())), link(attempt["log"]))
                for attempt in newest_of_each(attempts)
            ),
            curves=tuple(by_phase.get(phase.name, ())),
            casts=tuple(vote for vote in said.get(phase.name, ()) if not vote.by_policy or vote.standing == "counts"),
        )


def _place(path: str, link: str | None, fact: FileFact | None, makers: Sequence[str] = ()) -> Place:
    return Place(path, link, fact.size if fact else None, tuple(makers))


def _command(phase: Phase) -> str:
    """The work as it is written: a script, a command, or a callable with its arguments. Its environment is left out,
    because that is where secrets are."""
    if not phase.works:
        return ""
    definition = phase.works[0].definition
    if "call" in definition:
        given = ", ".join(f"{name}={json.dumps(value)}" for name, value in (definition.get("args") or {}).items())
        return f"{definition['call']}({given})"
    run = definition.get("run", "")
    return run if isinstance(run, str) else json.dumps(run, ensure_ascii=False)
