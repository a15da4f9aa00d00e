"""The values of metrics over time, as curves with the bound that each was held against. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...state.journal import Entry, Event

NEWEST = 60
"""Values of one curve."""
WIDTH, HEIGHT = 280, 64
MARGIN = 6.0
"""Pixels around the curve, so that a point on the edge is whole."""

_BOUND = re.compile(r"(?P<op>>=|<=|==|!=|>|<)\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\d.eE]|\s*\*)")
"""Not the factor of `<= 1.02 * approved`, where there is no approved value yet."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a metric was when its gate was judged."""

    at: float
    number: float | None
    """None where it could not be read, or is no number that can be drawn."""
    told: object
    """The value as the journal has it."""
    bound: str
    result: str


@dataclass(frozen=True, slots=True)
class Point:
    """A value in the picture."""

    x: float
    y: float
    result: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric of one phase over time."""

    phase: str
    metric: str
    values: tuple[Value, ...]
    """Oldest first, at most NEWEST."""
    count: int
    """How often it was judged, ever."""
    points: tuple[Point, ...]
    line: str
    """The points as SVG has them."""
    bound: str
    """The bound at each value, as SVG has it; empty where it is no number."""
    beyond: str
    """The area where a value does not pass; empty where there is none."""

    @property
    def last(self) -> Value:
        """The newest."""
        return self.values[-1]

    @property
    def step(self) -> float | None:
        """How far the newest number is from the one before."""
        numbers = [value.number for value in self.values if value.number is not None]
        return numbers[-1] - numbers[-2] if len(numbers) > 1 and self.last.number is not None else None

    @property
    def moved(self) -> bool:
        """Is there anything to see but a line that stays where it is?"""
        return len({value.number for value in self.values}) > 1


def curves(entries: Iterable[Entry]) -> dict[tuple[str, str], Curve]:
    """The curve of each metric, by phase and name."""
    found: dict[tuple[str, str], list[Value]] = {}
    for entry in entries:
        if entry.event is not Event.JUDGED or entry.phase is None:
            continue
        for verdict in entry.data["verdicts"]:
            if verdict["kind"] == "metric":
                value = Value(
                    entry.at, _number(verdict["value"]), verdict["value"], verdict["bound"], verdict["result"]
                )
                found.setdefault((entry.phase, verdict["name"]), []).append(value)
    return {key: _curve(*key, values) for key, values in found.items()}


def _curve(phase: str, metric: str, every: Sequence[Value]) -> Curve:
    values = tuple(every[-NEWEST:])
    bounds = [_bound(value.bound) for value in values]
    numbers = [value.number for value in values if value.number is not None]
    heights = _heights([*numbers, *(bound for _, bound in bounds if bound is not None)])
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    xs = [round(MARGIN + step * index, 1) if len(values) > 1 else WIDTH / 2 for index in range(len(values))]
    points = tuple(
        Point(x, heights[value.number], value.result)
        for x, value in zip(xs, values, strict=True)
        if value.number is not None
    )
    known = [(x, heights[bound]) for x, (_, bound) in zip(xs, bounds, strict=True) if bound is not None]
    if known and bounds[0][1] is not None:
        known.insert(0, (0.0, known[0][1]))
    if known and bounds[-1][1] is not None:
        known.append((float(WIDTH), known[-1][1]))
    bound = " ".join(f"{x:g},{y:g}" for x, y in known)
    edge = {">": HEIGHT, "<": 0}.get(bounds[-1][0][:1])
    beyond = "" if edge is None or not known else f"{known[0][0]:g},{edge} {bound} {known[-1][0]:g},{edge}"
    line = " ".join(f"{point.x:g},{point.y:g}" for point in points)
    return Curve(phase, metric, values, len(every), points, line, bound, beyond)


def _heights(numbers: Sequence[float]) -> dict[float, float]:
    """Where each number lies between the least, at the bottom, and the greatest."""
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    scale = high / 2 - low / 2  # of two that are huge the difference is not a number any more
    room = HEIGHT - 2 * MARGIN
    return {
        number: round(MARGIN + room * (1 - (number / 2 - low / 2) / scale if scale else 0.5), 1) for number in numbers
    }


def _bound(text: str) -> tuple[str, float | None]:
    """Operator and number of `>= 0.95, review >= 0.9`; no number where it says none."""
    match = _BOUND.match(text)
    return ("", None) if match is None else (match["op"], _number(float(match["number"])))


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
