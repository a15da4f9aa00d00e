"""The results as Markdown, for docs/performance.md and the terminal, and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import comparing
from builders.base import Builder
from comparing import Bound, Spread
from rounds import OUT_OF_TIME, Results

BEGIN, END = "<!-- benchmarks/neighbours.py writes from here -->", "<!-- to here -->"
TITLES = {
    "startup": "Start-up: a plan of one step, which is done",
    "noop": "Nothing to do",
    "settle": "Nothing to do, the first time after steps ran",
    "change": "One changed input: 55 steps follow from it in the layers, 10 in the chain",
    "run2": "Everything, two at a time",
    "run1": "Everything, one at a time",
    "first": "Everything, two at a time, with a plan that was never seen before; once",
}


@dataclass(frozen=True)
class Report:
    """All that a table says."""

    facts: Mapping[str, str]
    builders: Sequence[Builder]
    versions: Mapping[str, str]
    absent: Mapping[str, str]
    columns: Sequence[tuple[str, int]]
    """Shape and count."""
    measures: Sequence[str]
    results: Results
    bounds: Sequence[Bound]
    floor: int
    """Bytes that the least of processes is told to need: less cannot be told."""

    def markdown(self) -> str:
        """All tables."""
        parts = [self._facts(), self._bounds(), *(self._times(name) for name in self.measures if name in TITLES)]
        parts += [self._memory(name) for name in ("noop", "run2") if name in self.measures]
        return "\n\n".join(part for part in (*parts, self._reasons(), self._tools()) if part) + "\n"

    def data(self) -> dict[str, Any]:
        """The same with quartiles, and the figures of each round."""
        found = []
        for (shape, count, measure, tool), samples in self.results.samples.items():
            ours = (shape, count, measure, "phasegate")
            ratio = comparing.ratio(self.results, ours, [(shape, count, measure, tool)])
            place = {"shape": shape, "steps": count, "measure": measure, "tool": tool}
            figures = {"seconds": asdict(comparing.seconds(samples)), "peak": comparing.peak(samples)}
            rounds = {round_: asdict(usage) for round_, usage in samples.items()}
            found.append({**place, **figures, "phasegate_to_tool": ratio and asdict(ratio), "rounds": rounds})
        reasons = [
            {"shape": shape, "steps": count, "measure": measure, "tool": tool, "reason": reason}
            for (shape, count, measure, tool), reason in self.results.reasons.items()
        ]
        bounds = [{**asdict(bound), "met": bound.met} for bound in self.bounds]
        facts = {**self.facts, "versions": self.versions, "absent": self.absent, "peak_floor": self.floor}
        return {**facts, "bounds": bounds, "results": found, "not_measured": reasons}

    def _facts(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        absent = "".join(f" Not there: {name} ({why})." for name, why in self.absent.items())
        return f"{', '.join(f'{name} {value}' for name, value in self.facts.items())}. {versions}.{absent}"

    def _bounds(self) -> str:
        rows = []
        for bound in self.bounds:
            wall, cpu = shown(bound.wall), "–" if bound.cpu is None else f"{bound.cpu.median:.2f}"
            rows.append([bound.what, wall, cpu, f"{bound.most:g}", "met" if bound.met else "**missed**"])
        return grid(["bound", "ratio (quartiles)", "of processor time", "at most", ""], rows) if rows else ""

    def _times(self, measure: str) -> str:
        columns = [("layers", 1)] if measure == "startup" else list(self.columns)
        rows = [[b.name, *(self._time(shape, n, measure, b.name) for shape, n in columns)] for b in self.builders]
        return f"**{TITLES[measure]}**\n\n{self._grid(columns, rows)}"

    def _time(self, shape: str, count: int, measure: str, tool: str) -> str:
        """Seconds, and phasegate's as a multiple of them."""
        measure = "noop" if measure == "startup" else measure
        samples = self.results.samples.get((shape, count, measure, tool))
        if not samples:
            return self._why(shape, count, measure, tool)
        took = comparing.seconds(samples).median
        ratio = comparing.ratio(self.results, (shape, count, measure, "phasegate"), [(shape, count, measure, tool)])
        return number(took) + ("" if tool == "phasegate" or ratio is None else f" ({times(ratio.median)})")

    def _memory(self, measure: str) -> str:
        rows = []
        for builder in self.builders:
            peaks = [self.results.samples.get((shape, n, measure, builder.name)) for shape, n in self.columns]
            rows.append([builder.name, *("–" if not found else self._megabytes(found) for found in peaks)])
        title = f"{TITLES[measure]}: peak memory of the largest process, MB"
        return f"**{title}**\n\n{self._grid(self.columns, rows)}"

    def _megabytes(self, samples: dict[int, Any]) -> str:
        most = comparing.peak(samples)
        return f"≤ {self.floor / 1e6:.0f}" if most < self.floor * 1.1 else f"{most / 1e6:.0f}"

    def _why(self, shape: str, count: int, measure: str, tool: str) -> str:
        reason = self.results.reasons.get((shape, count, measure, tool), "")
        if reason.startswith("more than "):
            return reason.replace("more than", ">")
        return "fails" if reason and reason != OUT_OF_TIME else "–"

    def _grid(self, columns: Sequence[tuple[str, int]], rows: list[list[str]]) -> str:
        filled = [row for row in rows if set(row[1:]) != {"–"}]
        return grid(["", *(f"{shape} {count:,}" for shape, count in columns)], filled)

    def _reasons(self) -> str:
        found: dict[tuple[str, str, str], list[str]] = {}
        for (shape, count, measure, tool), reason in self.results.reasons.items():
            found.setdefault((f"{shape} {count:,}", measure, reason), []).append(tool)
        lines = [f"- {graph}, {measure}: {', '.join(who)}: {why}" for (graph, measure, why), who in found.items()]
        return "Not measured:\n\n" + "\n".join(lines) if lines else ""

    def _tools(self) -> str:
        return "What each keeps of a finished step, and when:\n\n" + "\n".join(
            f"- {builder.name}: {builder.durable}" for builder in self.builders if builder.only is None
        )


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(spread: Spread | None) -> str:
    """A ratio, with how far it can be trusted."""
    if spread is None:
        return "not measured"
    return f"{spread.median:.2f} ({spread.low:.2f}–{spread.high:.2f}, n = {spread.count})"


def times(ratio: float) -> str:
    """Two digits that say something."""
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def number(seconds: float) -> str:
    """Three digits that say something, and no more."""
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"


def parts(page: Path) -> tuple[str, str]:
    """What stands before the marks of a page, and what after. Raises OSError, and ValueError where it has none."""
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no lines {BEGIN!r} and {END!r}")
    return before, after


def write(page: Path, block: str) -> None:
    """Put the block between the two marks of a page."""
    before, after = parts(page)
    page.write_text(f"{before}{BEGIN}\n\n{block}\n{END}{after}", "utf-8")
