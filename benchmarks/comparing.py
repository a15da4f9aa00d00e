"""Medians, and ratios of what was measured in the same round; the bounds that are stated for them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from measuring import Usage
from rounds import Key, Results

NOOP = {16: 1.15, 1000: 0.8, 10_000: 0.3}
"""Steps → the most that phasegate may take where nothing is to be done, as a multiple of plain doit."""
RUNNING = {1000: 0.8}
"""Steps of the layered graph → the same where all of them run, two at a time; of the quicker way of plain doit."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles, and of how many."""

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A promise, and what was measured."""

    what: str
    most: float
    wall: Spread | None
    """None where it could not be measured."""
    cpu: Spread | None

    @property
    def met(self) -> bool:
        """What was asked for and could not be measured is not met."""
        return self.wall is not None and self.wall.median <= self.most


def spread(values: Iterable[float]) -> Spread:
    """Of at least one value."""
    found = sorted(values)
    low, _, high = statistics.quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
    return Spread(statistics.median(found), low, high, len(found))


def ratio(results: Results, ours: Key, theirs: Sequence[Key], unit: str = "wall") -> Spread | None:
    """phasegate's as a multiple of theirs, of the least where there are several, over the rounds that all have."""
    taken = [results.samples.get(key, {}) for key in (ours, *theirs)]
    common = set.intersection(*(set(samples) for samples in taken))
    if not common:
        return None
    figures = [[getattr(samples[round_], unit) for samples in taken] for round_ in sorted(common)]
    return spread(mine / min(others) for mine, *others in figures)


def stated(shape: str, count: int, measures: Sequence[str]) -> bool:
    """Whether there is a bound for one of these measures."""
    return ("noop" in measures and count in NOOP) or ("run2" in measures and count in RUNNING and shape == "layers")


def bounds(results: Results, shapes: Sequence[str], counts: Sequence[int], measures: Sequence[str]) -> list[Bound]:
    """Those that are stated for what was asked for."""
    found = []
    for count in counts:
        for shape in shapes:
            if stated(shape, count, ["noop"]) and "noop" in measures:
                what = f"nothing to do, {shape} of {count:,}, beside plain doit"
                found.append(bound(results, what, (shape, count, "noop"), ["plain doit"], NOOP[count]))
        if "layers" in shapes and stated("layers", count, ["run2"]) and "run2" in measures:
            what = f"all of {count:,} in layers, two at a time, beside plain doit with processes or threads"
            quicker = ["plain doit", "plain doit, threads"]
            found.append(bound(results, what, ("layers", count, "run2"), quicker, RUNNING[count]))
    return found


def bound(results: Results, what: str, where: tuple[str, int, str], others: Sequence[str], most: float) -> Bound:
    keys = [(*where, name) for name in ("phasegate", *others)]
    wall, cpu = (ratio(results, keys[0], keys[1:], unit) for unit in ("wall", "cpu"))
    return Bound(what, most, wall, cpu)


def seconds(samples: dict[int, Usage]) -> Spread:
    return spread(usage.wall for usage in samples.values())


def peak(samples: dict[int, Usage]) -> int:
    """The most of all rounds, in bytes."""
    return max(usage.peak for usage in samples.values())
