"""Who is measured when: interleaved rounds over all tools, within a limit for each measurement and a budget for all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from measuring import Failed, TooLong, Usage
from trial import Trial

Key = tuple[str, int, str, str]
"""Shape, count, measure, tool."""
OUT_OF_TIME = "out of time"
BOUND = frozenset({"phasegate", "plain doit", "plain doit, threads"})
"""For these bounds are stated: they are in every round."""
LEAST = 5
"""Rounds of them where a bound is stated, whether there is time or not: one alone would say nothing."""


@dataclass
class Results:
    """What was measured, and why something was not."""

    samples: dict[Key, dict[int, Usage]] = field(default_factory=dict)
    """By round: what two tools have of one round may be compared."""
    reasons: dict[Key, str] = field(default_factory=dict)


@dataclass
class Budget:
    """What is left of the time, and what each of the steps that are still to come may have of it."""

    ends: float
    """By the monotonic clock, in seconds."""
    weights: list[float]
    """Of the steps that are still to come, in order."""

    def left(self) -> float:
        """Seconds, for all that is still to come."""
        return self.ends - time.monotonic()

    def share(self) -> float:
        """Seconds for the next step. What one leaves over, the others have."""
        total = sum(self.weights)
        return self.left() * self.weights.pop(0) / total


def measure(
    trials: Sequence[Trial],
    measures: Sequence[str],
    least: int,
    most: int,
    results: Results,
    limit: float,
    share: float,
) -> None:
    """At least and at most so many rounds of these measures, one after the other with each tool, within the share.

    Each tool that is in has one round. Then who has used more than its part of the share drops out, but for BOUND.
    """
    names = {trial: [name for name in measures if name in trial.measures] for trial in trials}
    playing = [trial for trial in trials if names[trial]]
    part, began = share / max(len(playing), 1), time.monotonic()
    last, spent = dict.fromkeys(trials, 0.0), dict.fromkeys(trials, 0.0)
    for round_ in range(most):
        if round_ >= least and time.monotonic() - began + sum(last[trial] for trial in playing) > share:
            return
        for trial in list(playing):
            started = time.monotonic()
            went = all(attempt(trial, name, round_, results, limit) for name in names[trial])
            last[trial] = time.monotonic() - started
            spent[trial] += last[trial]
            if not went or (spent[trial] + last[trial] > part and trial.builder.name not in BOUND):
                playing.remove(trial)


def affordable(
    trials: Sequence[Trial], measures: Sequence[str], results: Results, left: float, *, bound: bool
) -> list[Trial]:
    """Those that one round leaves time for, the quick ones first; where a bound is stated, those of it in any case.

    What a full run takes is told by the first one; where not all is run, it is next to nothing.
    """
    full = len([name for name in measures if name.startswith("run")])
    firsts = {trial: results.samples.get(key(trial, "first"), {}) for trial in trials}
    costs = {trial: full * samples[0].wall if samples else 0.0 for trial, samples in firsts.items()}
    found = {trial for trial in trials if bound and trial.builder.name in BOUND}
    for trial in sorted(costs, key=lambda one: costs[one]):
        if trial not in found and costs[trial] < left:
            left -= costs[trial]
            found.add(trial)
    return [trial for trial in trials if trial in found]


def leave_out(trials: Sequence[Trial], measures: Sequence[str], results: Results) -> None:
    """Say that there was no time for these."""
    for trial in trials:
        for name in set(measures).intersection(trial.measures):
            results.reasons[key(trial, name)] = OUT_OF_TIME


def attempt(trial: Trial, name: str, round_: int, results: Results, limit: float) -> bool:
    """One measurement; False where there is no point in another one."""
    at = key(trial, name)
    try:
        took = trial.first(limit) if name == "first" else trial.measures[name](limit)
    except (Failed, TooLong) as problem:
        results.reasons[at] = str(problem)
        return False
    results.samples.setdefault(at, {})[round_] = took
    return True


def key(trial: Trial, measure: str) -> Key:
    return trial.graph.shape, trial.graph.count, measure, trial.builder.name


def told(trial: Trial, measure: str, results: Results) -> str:
    """For the progress; nothing where this tool has nothing to do with this measure."""
    if taken := results.samples.get(key(trial, measure)):
        rounds = f", {len(taken)} rounds" if len(taken) > 1 else ""
        return f"{trial.builder.name} {taken[max(taken)].wall:.3g} s{rounds}"
    reason = results.reasons.get(key(trial, measure))
    return f"{trial.builder.name} {reason}" if reason else ""
