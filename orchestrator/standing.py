"""Where every phase stands: the one decision behind run, plan, status and GitHub. Pure over what was looked up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from .gate.approval import decide
from .plan import Phase
from .reasons import Evidence, Reason, asked_of, gate_reasons, is_present, rejection, which_work, work_reasons
from .state.records import IGNORED


class PhaseState(str, Enum):
    """The states of docs/design.md."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    BLOCKED = "blocked"
    DONE = "done"
    STALE = "stale"


STUCK = frozenset({PhaseState.FAILED, PhaseState.WAITING, PhaseState.BLOCKED})
"""States that block what comes after."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One phase, now."""

    phase: Phase
    state: PhaseState
    reasons: tuple[Reason, ...]
    work_is_current: bool
    """Only the gate has to be looked at again."""


def stand(phases: Iterable[Phase], look: Evidence) -> dict[str, Standing]:
    """Where each phase stands.

    Args:
        phases: a plan, or a part of it that holds all that it needs; each phase after the ones that it needs.
    """
    standings: dict[str, Standing] = {}
    for phase in phases:
        upstream = [standings[need] for need in phase.needs if standings[need].reasons]
        standings[phase.name] = _stand(phase, upstream, look)
    return standings


def _stand(phase: Phase, upstream: list[Standing], look: Evidence) -> Standing:
    work = [reason for work in phase.works for reason in work_reasons(work, look)]
    gate = _rejected_before(phase, look) or gate_reasons(phase, look)
    if any((look.record(task) or {}).get(IGNORED) for task in (phase.name, *(work.task for work in phase.works))):
        gate.append(Reason("ignored", phase.name, "skipped since `doit ignore`; `doit forget` ends that"))
    above = [Reason("upstream", other.phase.name, f"{other.phase.name} is {other.state.value}") for other in upstream]
    if not (work or gate or above):
        return Standing(phase, PhaseState.DONE, (), True)
    state = _state(phase, [*work, *gate], upstream, look)
    news = _news(phase, state, look, worked=not work)
    said = {phase.name, *(reason.subject for reason in news)} if news else set()
    own = [*news, *(reason for reason in (*work, *gate) if reason.kind != "first" or reason.subject not in said)]
    return Standing(phase, state, (*own, *above), not work)


def _news(phase: Phase, state: PhaseState, look: Evidence, *, worked: bool) -> list[Reason]:
    """What says more of a phase than that its work has not run, or its gate was not opened yet."""
    missing = _missing(phase, look)
    if not worked:
        return _tried(phase, look)
    if missing == 0:
        return [Reason("approved", phase.name, "approved, and the next `doit` opens it")]
    return [_waiting(phase, missing)] if missing and state is PhaseState.WAITING else []


def _waiting(phase: Phase, missing: int) -> Reason:
    """For whom a gate waits."""
    return Reason("waiting", phase.name, f"waits for an approval{asked_of(phase.rule, missing)}")


def _missing(phase: Phase, look: Evidence) -> int | None:
    """How many people a gate still waits for, where they were asked about what is there; else None."""
    judged = look.last(phase.name)
    if judged is None or judged.data.get("outcome") != "waiting" or not is_present(phase, judged, look):
        return None
    asked = replace(phase.rule, manual=True)  # whatever asked them: the mode of that run, or a value in its review band
    return decide(asked, (), look.votes(phase.name), judged.data["digest"], look.now()).missing


def _rejected_before(phase: Phase, look: Evidence) -> list[Reason]:
    """The rejection of what was judged and never opened, while that is what is there."""
    if look.record(phase.name) is not None:
        return []
    judged = look.last(phase.name)
    if judged is None or "digest" not in judged.data:
        return []
    rejected = decide(phase.rule, (), look.votes(phase.name), judged.data["digest"], look.now()).rejected
    if rejected is None or not is_present(phase, judged, look):
        return []
    return [Reason("rejected", phase.name, rejection(rejected.by, rejected.reason))]


def _tried(phase: Phase, look: Evidence) -> list[Reason]:
    """How the newest attempts failed, and when they will be tried again."""
    reasons = []
    for work in phase.works:
        last = look.last(work.task)
        outcome = last.data.get("outcome") if last else None
        if last is None or outcome not in ("failed", "retrying"):
            continue
        why = ": ".join(filter(None, (last.data["class"], last.data["rule"])))
        problem = f"{which_work(work)}{last.data['problem']} ({why})"
        if outcome == "failed":
            reasons.append(Reason("failed", work.task, problem))
            continue
        if last.data["definition"] != work.mark:
            continue  # whoever mends a work begins a new series
        left = min(last.data["wait"], last.at + last.data["wait"] - look.now())
        when = f" in {left:.0f} s" if left > 1 else ""
        follows = f"attempt {last.data['tried'] + 1} of {last.data['of']} follows{when}"
        reasons.append(Reason("retry", work.task, f"{problem}; {follows}"))
    return reasons


def _state(phase: Phase, own: list[Reason], upstream: list[Standing], look: Evidence) -> PhaseState:
    tasks = [work.task for work in phase.works]
    if any(look.running(task) for task in tasks):
        return PhaseState.RUNNING
    outcomes = {entry.data.get("outcome") for task in tasks if (entry := look.last(task))}
    failed = "failed" in outcomes
    if (
        not failed
        and all(reason.kind == "always" for reason in own)
        and all(other.state is PhaseState.DONE for other in upstream)
    ):
        return PhaseState.DONE
    if any(other.state in STUCK for other in upstream):
        return PhaseState.BLOCKED
    judged = look.last(phase.name)
    verdict = judged.data.get("outcome") if judged else None
    if failed or verdict == "failed" or any(reason.kind == "rejected" for reason in own):
        return PhaseState.FAILED
    if _missing(phase, look):
        return PhaseState.WAITING
    return PhaseState.PENDING if look.record(phase.name) is None else PhaseState.STALE
