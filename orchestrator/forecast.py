"""What the next `doit` does to each phase, told before: a pure decision over where the phases stand.

What is supposed of what nobody can know: a work that runs succeeds and makes other bytes than before; on them the
criteria hold; and nobody votes meanwhile. A step *rests on* those phases right before it that may come out otherwise.
So the promise is: a phase that does not do what its step says rests on one that came out otherwise than its own step
says. A step that rests on nothing is certain.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from .config.outputs import Outputs
from .foresight import Foreseen, unseen
from .gate.approval import decide
from .gate.judgement import GateState
from .plan import Phase, Work
from .reasons import Evidence, Reason, gate_reasons, work_reasons
from .standing import Standing
from .state.records import IGNORED


class Action(str, Enum):
    """What becomes of a phase."""

    RUN = "run"
    """At least one of its works is executed; then its gate is looked at."""
    JUDGE = "judge"
    """Its works are current; its gate is judged."""
    WAIT = "wait"
    """Its works are current; its gate is judged, and as far as that is known waits for a person."""
    SKIP = "skip"
    """Nothing: it is up to date, or ignored."""
    BLOCKED = "blocked"
    """Nothing: a gate before it is not open."""


class Assumption(str, Enum):
    """What may be supposed of a phase in the place of what is."""

    APPROVED = "approved"
    """Whatever its gate asks people is approved."""
    REJECTED = "rejected"
    """Its gate is shut by a person."""
    DONE = "done"
    """It is up to date, with its outputs as they are."""
    FAILED = "failed"
    """Its work is executed, and fails."""
    UNCHANGED = "unchanged"
    """What it makes is what its gate has seen."""


CLOSED = frozenset({Assumption.REJECTED, Assumption.FAILED})


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one phase."""

    phase: Phase
    action: Action
    reasons: tuple[Reason, ...]
    works: tuple[Work, ...] = ()
    """Those that are executed."""
    gate: GateState | None = None
    """How its gate stands then; None where it is not asked."""
    rests_on: tuple[str, ...] = ()
    """Phases right before it that may come out otherwise than supposed; none if this is certain."""
    settled: bool = False
    """What comes after it can count on its gate."""
    ignored: bool = False
    """It is passed over since `doit ignore`, or because one that it needs is."""

    @property
    def may(self) -> bool:
        """It does something only if another phase makes other bytes than before."""
        return bool(self.reasons) and all(reason.kind == "upstream" for reason in self.reasons)


def forecast(
    standings: Mapping[str, Standing],
    selected: Collection[str],
    look: Evidence,
    foresee: Callable[[Phase], Foreseen],
    assumed: Mapping[str, Assumption],
) -> list[Step]:
    """A step for each phase, in the order of the plan.

    Args:
        standings: of all phases that are asked for, with all that these need.
        selected: the gates and the single works that doit is told to run.
        foresee: how a gate would stand on what is there.
        assumed: by phase.
    """
    course = _Course(selected, look, foresee, assumed)
    for standing in standings.values():
        course.go(standing)
    return list(course.steps.values())


class _Course:
    """The run, as far as it has been thought through."""

    def __init__(
        self,
        selected: Collection[str],
        look: Evidence,
        foresee: Callable[[Phase], Foreseen],
        assumed: Mapping[str, Assumption],
    ) -> None:
        self._selected = set(selected)
        self._look = look
        self._foresee = foresee
        self._assumed = assumed
        self._made = Outputs()
        """What is made anew, with other bytes as it is supposed."""
        self.steps: dict[str, Step] = {}

    def go(self, standing: Standing) -> None:
        """Think on, by one phase."""
        phase = standing.phase
        step = self._step(standing, self._assumed.get(phase.name))
        if self._assumed.get(phase.name) is not Assumption.UNCHANGED:
            for work in step.works:
                for output in work.outputs:
                    self._made.add(output, phase.name, work.task)
        self.steps[phase.name] = step

    def _step(self, standing: Standing, assumed: Assumption | None) -> Step:
        phase = standing.phase
        if assumed is Assumption.DONE:
            return Step(phase, Action.SKIP, (_supposed(phase, assumed),), gate=GateState.OPEN, settled=True)
        named = phase.name in self._selected
        works = [work for work in phase.works if named or work.task in self._selected]
        tasks = {work.task for work in works}
        own = [r for r in standing.reasons if r.kind != "upstream" and (named or r.subject in tasks)]
        needs = [self.steps[need] for need in phase.needs]
        passed = [_about(need, "is ignored") for need in needs if need.ignored]
        works = [] if passed else [work for work in works if not self._ignored(work.task)]
        ignored = named and (bool(passed) or self._ignored(phase.name) or len(works) < len(phase.works))
        if not works:
            return Step(phase, Action.SKIP, (*own, *passed), settled=True, ignored=ignored)
        closed = [need for need in needs if need.gate is not GateState.OPEN]
        if closed:
            step = self._behind(phase, own, closed)
        else:
            step = self._reached(phase, works, own, assumed, whole=named and not ignored)
        return replace(step, settled=True, ignored=True) if ignored else step

    def _behind(self, phase: Phase, own: list[Reason], closed: list[Step]) -> Step:
        rests_on = () if any(need.settled for need in closed) else tuple(need.phase.name for need in closed)
        reasons = (*(_about(need, _why_closed(need)) for need in closed), *own)
        settled = not rests_on or self._never_opens(phase)
        return Step(phase, Action.BLOCKED, reasons, rests_on=rests_on, settled=settled)

    def _reached(
        self, phase: Phase, works: list[Work], own: list[Reason], assumed: Assumption | None, *, whole: bool
    ) -> Step:
        """The step of a phase whose turn comes; of its works alone, where it is not `whole`."""
        made = {work.task: self._anew((given.path for given in work.inputs), work) for work in works}
        runs = [work for work in works if made[work.task] or work_reasons(work, self._look)]
        if assumed is Assumption.FAILED and not runs:
            runs = works
        gate, judged = self._gate(phase, runs, assumed) if whole else (None, False)
        rests_on = tuple(need for need in phase.needs if not self.steps[need].settled)
        reasons = [*own, *(reason for work in runs for reason in made[work.task])]
        if whole and not runs:
            reasons += self._anew(phase.reads, phase)
        if assumed in CLOSED or (assumed is not None and reasons):
            reasons.insert(0, _supposed(phase, assumed))
        if gate is not None and judged and not runs:
            reasons += [Reason("verdict", phase.name, message) for message in gate.because]
        settled = assumed in CLOSED or (assumed is not Assumption.APPROVED and self._never_opens(phase))
        if not settled:
            settled = not rests_on and not runs and (gate is None or not judged or gate.sure)
        if runs:
            action = Action.RUN
        elif gate is not None and judged:
            action = Action.WAIT if gate.state is GateState.WAITING else Action.JUDGE
        else:
            action, reasons = Action.SKIP, [reason for reason in own if reason.kind == "ignored"]
        state = None if gate is None else gate.state
        return Step(phase, action, tuple(dict.fromkeys(reasons)), tuple(runs), state, rests_on, settled)

    def _gate(self, phase: Phase, runs: list[Work], assumed: Assumption | None) -> tuple[Foreseen, bool]:
        """How the gate stands when the works have ended; is it judged for that?"""
        if assumed in CLOSED:
            return Foreseen(GateState.SHUT, sure=True, rejected=assumed is Assumption.REJECTED), True
        reasons = gate_reasons(phase, self._look)
        remade = any(work.outputs for work in runs)
        same = assumed is Assumption.UNCHANGED
        anew = (remade and not same) or (runs and not phase.outputs) or bool(self._anew(phase.reads, phase))
        if remade and same:
            reasons = [reason for reason in reasons if reason.kind != "content"]
        if not (reasons or anew):
            return Foreseen(GateState.OPEN, sure=True), False
        gate = unseen(phase) if anew else self._foresee(phase)
        if assumed is Assumption.APPROVED and (gate.state is GateState.WAITING or gate.rejected):
            gate = Foreseen(GateState.OPEN, sure=gate.sure)
        return gate, True

    def _anew(self, paths: Iterable[str], reader: Work | Phase) -> list[Reason]:
        """Which of these paths are made anew before they are read."""
        subject = reader.phase if isinstance(reader, Work) else reader.name
        return [
            Reason("upstream", maker, f"{maker} runs, and makes {path}")
            for path in paths
            for maker in self._made.makers_of(path)
            if maker != subject
        ]

    def _ignored(self, task: str) -> bool:
        return bool((self._look.record(task) or {}).get(IGNORED))

    def _never_opens(self, phase: Phase) -> bool:
        """Whatever it holds: it asks people, and of all that they said nothing opens it."""
        votes = list(self._look.votes(phase.name))
        digests = {vote.digest for vote in votes}
        now = self._look.now()
        return phase.rule.manual and not any(decide(phase.rule, (), votes, digest, now).open for digest in digests)


def exit_code(steps: Iterable[Step]) -> int:
    """With what the run ends."""
    gates = {step.gate for step in steps if step.action is not Action.SKIP}
    return 1 if GateState.SHUT in gates else 4 if GateState.WAITING in gates else 0


def _supposed(phase: Phase, assumed: Assumption) -> Reason:
    return Reason("assumed", phase.name, f"{assumed.value}, it is assumed")


def _about(need: Step, what: str) -> Reason:
    return Reason("upstream", need.phase.name, f"{need.phase.name} {what}")


def _why_closed(need: Step) -> str:
    if need.gate is GateState.WAITING:
        return "waits for an approval" if need.action is Action.WAIT else "will wait for an approval"
    return "will not pass its gate" if need.gate is GateState.SHUT else "is blocked"
