"""Where the boxes of a graph go: a layered drawing, from top to bottom (Sugiyama's method). Pure, and knows no phases.

Boxes stand in rows, each below the ones that it needs. A line that passes rows goes through a joint in each of them;
lines to one box, or from one box, share their joints, so that a phase with 999 needs has one trunk and not 999.
Rows are ordered by barycentres, to have few crossings, and put in place by least squares, to have straight lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

LEAST_WIDE = 12
"""A row of more boxes than this, and than the square root of all, is broken into several."""
SWEEPS = 4
STRAIGHT = 100.0
"""How much more a joint weighs than a box: a line that boxes push aside in each row wanders off."""

MOST_BOXES, MOST_LINES = 20_000, 50_000
"""Of a drawing: some 5 MB of SVG, which take a second. Of more nobody could tell one from another, and time and memory
grow without bound: a line counts in each row that it passes."""

Point = tuple[float, float]


class TooLarge(Exception):
    """There is too much to draw; the text says of what."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in pixels."""

    height: float = 46
    """Of a box."""
    between_rows: float = 44
    between_boxes: float = 22
    between_joints: float = 10
    margin: float = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """What `layout` found."""

    width: float
    height: float
    boxes: tuple[Point, ...]
    """The middle of each box's upper edge."""
    lines: tuple[tuple[Point, Point], ...]
    """From above to below: the lines between rows, which bend, and those through a joint, which are upright."""
    arrows: tuple[Point, ...]
    """Where lines end at a box."""


@dataclass(slots=True)
class _Graph:
    """Boxes (0 to n - 1) and joints (from n on), with lines between neighbouring rows only."""

    rows: list[int]
    widths: list[float]
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)


def layout(needs: Sequence[Sequence[int]], widths: Sequence[float], sizes: Sizes = Sizes()) -> Layout:
    """The drawing of a graph.

    Args:
        needs: the boxes above each box, by index, all of them smaller than its own.
        widths: of each box.

    Raises:
        TooLarge: there are more than MOST_BOXES, or more than MOST_LINES between neighbouring rows.
    """
    count = len(needs)
    refuse(count)
    graph = _with_joints(needs, _rows(needs), widths)
    order = _ordered(graph)
    across = _placed(graph, order, count, sizes)
    step = sizes.height + sizes.between_rows

    def top(vertex: int) -> Point:
        return across[vertex], sizes.margin + graph.rows[vertex] * step

    def bottom(vertex: int) -> Point:
        return across[vertex], top(vertex)[1] + sizes.height

    lines = [(bottom(upper), top(lower)) for lower, uppers in enumerate(graph.above) for upper in uppers]
    lines += [(top(joint), bottom(joint)) for joint in range(count, len(graph.rows))]
    right = max((across[vertex] + graph.widths[vertex] / 2 for vertex in range(len(across))), default=0.0)
    return Layout(
        width=right + sizes.margin,
        height=2 * sizes.margin + len(order) * step - (sizes.between_rows if order else 0),
        boxes=tuple(top(box) for box in range(count)),
        lines=tuple(lines),
        arrows=tuple(top(box) for box in range(count) if graph.above[box]),
    )


def refuse(boxes: int, lines: int = 0) -> None:
    """Raise TooLarge where that is so."""
    if boxes > MOST_BOXES:
        raise TooLarge(f"{boxes:,} phases, of which a picture can show {MOST_BOXES:,}")
    if lines > MOST_LINES:
        raise TooLarge(f"{boxes:,} phases with more lines between them than the {MOST_LINES:,} of a picture")


def _rows(needs: Sequence[Sequence[int]]) -> list[int]:
    """The row of each box: below all that it needs; what needs nothing stands right above the first that needs it."""
    depth: list[int] = []
    for above in needs:
        depth.append(1 + max((depth[need] for need in above), default=-1))
    first_user: dict[int, int] = {}
    for box, above in enumerate(needs):
        for need in above:
            first_user[need] = min(first_user.get(need, depth[box]), depth[box])
    layers: dict[int, list[int]] = {}
    for box, above in enumerate(needs):
        layers.setdefault(depth[box] if above else first_user.get(box, 1) - 1, []).append(box)
    widest = max(LEAST_WIDE, math.isqrt(len(needs)))
    rows, first = [0] * len(needs), 0
    for _, layer in sorted(layers.items()):
        parts = math.ceil(len(layer) / widest)
        for position, box in enumerate(layer):
            rows[box] = first + position * parts // len(layer)
        first += parts
    return rows


def _with_joints(needs: Sequence[Sequence[int]], rows: list[int], widths: Sequence[float]) -> _Graph:
    graph = _Graph(list(rows), list(widths), [[] for _ in needs], [[] for _ in needs])
    users = [0] * len(needs)
    for above in needs:
        for need in above:
            users[need] += 1
    joints: dict[tuple[int, int, bool], int] = {}
    lines = 0

    def line(upper: int, lower: int) -> None:
        nonlocal lines
        lines += 1
        graph.above[lower].append(upper)
        graph.below[upper].append(lower)

    def joint(trunk: int, row: int, down: bool) -> tuple[int, bool]:
        """The joint of a box's trunk in a row, and whether it is new."""
        found = joints.setdefault((trunk, row, down), len(graph.rows))
        if new := found == len(graph.rows):
            graph.rows.append(row)
            graph.widths.append(0)
            graph.above.append([])
            graph.below.append([])
        return found, new

    for box, above in enumerate(needs):
        refuse(len(needs), lines)
        for need in above:
            upper, lower = need, box
            if len(above) >= users[need]:  # into the trunk that leads down to the box
                for row in range(rows[need] + 1, rows[box]):
                    found, new = joint(box, row, True)
                    line(upper, found)
                    upper = found
                    if not new:
                        break
                else:
                    line(upper, box)
            else:  # out of the trunk that comes down from what is needed
                for row in range(rows[box] - 1, rows[need], -1):
                    found, new = joint(need, row, False)
                    line(found, lower)
                    lower = found
                    if not new:
                        break
                else:
                    line(need, lower)
    return graph


def _ordered(graph: _Graph) -> list[list[int]]:
    """The rows, each from left to right."""
    order: list[list[int]] = [[] for _ in range(max(graph.rows, default=-1) + 1)]
    for vertex, row in enumerate(graph.rows):
        order[row].append(vertex)
    place = [0.0] * len(graph.rows)

    def spread(row: list[int]) -> None:
        for position, vertex in enumerate(row):
            place[vertex] = position - len(row) / 2

    for line in order:
        spread(line)
    for sweep in range(SWEEPS):
        beside = graph.below if sweep % 2 else graph.above
        for line in reversed(order) if sweep % 2 else order:
            wanted = {vertex: _mean(beside[vertex], place, place[vertex]) for vertex in line}
            line.sort(key=wanted.__getitem__)
            spread(line)
    return order


def _placed(graph: _Graph, order: list[list[int]], count: int, sizes: Sizes) -> list[float]:
    """How far to the right the middle of each vertex is."""
    across = [0.0] * len(graph.rows)
    offsets = []  # within a row, when it is packed
    for row in order:
        offset = [0.0]
        for left, right in pairwise(row):
            gap = sizes.between_joints if left >= count and right >= count else sizes.between_boxes
            offset.append(offset[-1] + (graph.widths[left] + graph.widths[right]) / 2 + gap)
        offsets.append(offset)
        for vertex, packed in zip(row, offset, strict=True):
            across[vertex] = packed - offset[-1] / 2
    both = [[*above, *below] for above, below in zip(graph.above, graph.below, strict=True)]
    for sweep, beside in enumerate((graph.above, graph.below, graph.above, both, both)):
        for index in reversed(range(len(order))) if sweep % 2 else range(len(order)):
            row, offset = order[index], offsets[index]
            wanted = [_mean(beside[v], across, across[v]) - packed for v, packed in zip(row, offset, strict=True)]
            weights = [STRAIGHT if vertex >= count else 1.0 for vertex in row]
            for vertex, packed, moved in zip(row, offset, _rising(wanted, weights), strict=True):
                across[vertex] = packed + moved
    leftmost = min((x - graph.widths[vertex] / 2 for vertex, x in enumerate(across)), default=0.0)
    return [x - leftmost + sizes.margin for x in across]


def _mean(vertices: list[int], values: list[float], default: float) -> float:
    return sum([values[vertex] for vertex in vertices]) / len(vertices) if vertices else default


def _rising(values: list[float], weights: list[float]) -> list[float]:
    """The values that never fall and are nearest to these by least squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for value, weight in zip(values, weights, strict=True):
        size = 1
        while pools and pools[-1][0] > value:
            mean, heavier, more = pools.pop()
            value = (mean * heavier + value * weight) / (heavier + weight)
            weight += heavier
            size += more
        pools.append((value, weight, size))
    return [mean for mean, _, size in pools for _ in range(size)]
