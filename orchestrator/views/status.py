"""The status of a plan as data (docs/json.md) and as lines: rendered from where phases stand, and from the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from criteria import Verdict
from criteria.words import one_line

from ..gate.digest import SHORT
from ..plan import Plan, title_of
from ..standing import PhaseState, Standing
from ..state.journal import Entry, Event, masked
from ..state.state import State
from ..state.votes import POLICY, Answer
from .tally import tally_of
from .words import ago, next_step, printable, seconds

WORST_FIRST = (
    PhaseState.RUNNING,
    PhaseState.FAILED,
    PhaseState.WAITING,
    PhaseState.BLOCKED,
    PhaseState.STALE,
    PhaseState.PENDING,
    PhaseState.DONE,
)


def status_data(plan: Plan, standings: Sequence[Standing], state: State, mask: Callable[[str], str]) -> dict[str, Any]:
    """The status in JSON's types.

    Args:
        mask: takes out what is secret, also what became known as a secret after the journal was written.
    """
    judged = state.journal.latest(Event.JUDGED, Event.FORGOTTEN, of_each="task")
    started = state.journal.latest(Event.ATTEMPT_STARTED)
    ended = state.journal.latest(Event.ATTEMPT_ENDED)
    attempts = state.journal.count(Event.ATTEMPT_STARTED)
    newest = state.journal.latest(Event.ATTEMPT_STARTED, Event.ATTEMPT_RESTORED)
    votes = state.votes.all()
    phases = []
    for standing in standings:
        name = standing.phase.name
        verdict, attempt = judged.get(name), ended.get(name)
        if verdict is not None and verdict.event is Event.FORGOTTEN:
            verdict = None
        approvals = [vote for vote in votes.get(name, []) if vote.answer is Answer.APPROVE]
        phases.append(
            {
                "phase": name,
                "title": title_of(standing.phase, mask),
                "state": standing.state.value,
                "reason": "; ".join(dict.fromkeys(reason.detail for reason in standing.reasons)) or None,
                "next": _next(standing, verdict),
                "verdicts": [_verdict(data) for data in verdict.data["verdicts"]] if verdict else [],
                "approval": {"by": approvals[-1].by, "channel": approvals[-1].channel, "at": approvals[-1].at}
                if approvals
                else None,
                "digest": verdict.data["digest"] if verdict else None,
                "attempts": attempts.get(name, 0),
                "restored": _restored(newest.get(name)),
                "started": started[name].at if name in started else None,
                "duration_s": attempt.data.get("duration") if attempt else None,
                "ended": max(entry.at for entry in (verdict, attempt) if entry) if verdict or attempt else None,
            }
        )
    states = {standing.state for standing in standings}
    overall = next((state for state in WORST_FIRST if state in states), PhaseState.DONE)
    return {"plan": plan.name, "state": overall.value, "phases": masked(phases, mask)}


def status_lines(data: dict[str, Any], now: float) -> Iterator[str]:
    """The status for people: a line a phase, under it its warnings, and under one that is not done why, and what to do.

    Args:
        now: seconds since 1970.
    """
    phases = data["phases"]
    names = max((len(phase["phase"]) for phase in phases), default=0)
    titles = min(40, max((len(phase["title"]) for phase in phases), default=0))
    for phase in phases:
        took = "" if phase["duration_s"] is None else seconds(phase["duration_s"])
        digest = (phase["digest"] or "")[:SHORT]
        title = printable(phase["title"])
        facts = f"{took:>8}  {digest:{SHORT}}  {', '.join(_facts(phase, now))}"
        yield f"{phase['state']:8} {phase['phase']:{names}}  {title:{titles}}  {facts}".rstrip()
        done = phase["state"] == "done"
        for verdict in phase["verdicts"]:
            if verdict["result"] == "warn":
                yield f"{'':9}warning: {printable(verdict['message'])}"
            elif verdict["result"] != "pass" and not done:
                yield f"{'':9}{printable(verdict['message'])}"
        if done:
            continue
        if phase["reason"]:
            yield f"{'':9}{printable(phase['reason'])}"
        if phase["next"]:
            yield f"{'':9}next: {phase['next']}"
    yield f"{one_line(data['plan'])}: {data['state']}"
    if data.get("github"):
        yield f"GitHub: {_shown(data['github'])}"


def _shown(github: dict[str, Any]) -> str:
    """`https://…/issues/1`; or why there is none, or why it is not what it should be."""
    if not github["on"]:
        return f"off, {github['why']}"
    if github["issue"] is None:
        return "on, and nothing written yet"
    late = "" if github["in_step"] else ", which does not show this yet; next: doit github"
    return printable(github["issue"]) + late


def _facts(phase: dict[str, Any], now: float) -> Iterator[str]:
    """How long it has been running; or how many criteria hold, who approved, and how long ago that was."""
    if phase["state"] == "running" and phase["started"] is not None:
        yield f"for {seconds(max(0.0, now - phase['started']))}"
        return
    if phase["verdicts"]:
        yield printable(tally_of(phase).sentence)
    if phase["state"] == "done" and phase["approval"] and phase["approval"]["channel"] != POLICY:
        yield f"approved by {printable(phase['approval']['by'])}"
    if phase["restored"]:
        yield "restored"
    if phase["ended"] is not None:
        yield ago(now - phase["ended"])


def _next(standing: Standing, verdict: Entry | None) -> str | None:
    name = standing.phase.name
    if any(reason.kind == "ignored" for reason in standing.reasons):
        return f"`doit forget {name}` ends that it is ignored"
    rejected = any(reason.kind == "rejected" for reason in standing.reasons)
    return next_step(name, standing.state.value, by_criterion=_shut(verdict), rejected=rejected)


def _shut(judged: Entry | None) -> bool:
    """Did a criterion shut the gate, the last time that anybody looked?"""
    return judged is not None and judged.data["outcome"] == "failed"


def _restored(newest: Entry | None) -> dict[str, Any] | None:
    """Where the outputs came from, if no attempt here made them."""
    if newest is None or newest.event is not Event.ATTEMPT_RESTORED:
        return None
    made = {key: newest.data["made"][key] for key in ("run", "attempt", "at", "by", "host")}
    return {"at": newest.at, "cache": newest.data["cache"], "made": made}


def _verdict(data: dict[str, Any]) -> dict[str, Any]:
    verdict = Verdict.from_data(data).as_data()
    return {key: verdict[key] for key in ("name", "result", "value", "bound", "source", "message", "waived_by")}
