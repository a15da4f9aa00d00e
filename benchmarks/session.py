"""All of a benchmark: which tools with which graphs, the most wanted before the time is over."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import comparing
import rounds
from builders.base import Builder
from graphs import Graph
from rounds import Budget, Results
from trial import Trial

STAGES = (("noop",), ("change", "settle"), ("run2",), ("run1",))
"""Measures, those together that are taken one right after the other; the most wanted first."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    sizes: Sequence[int]
    graphs: Sequence[str]
    measures: Sequence[str]
    rounds: int
    limit: float
    """Seconds for one run of one tool."""
    budget: float
    """Minutes for all."""


class Session:
    """What is measured goes into `results`, and what was not, with the reason."""

    def __init__(
        self, wanted: Wanted, tools: Sequence[Builder], work: Path, env: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self.results = Results()
        self._wanted, self._tools, self._work, self._env, self._say = wanted, tools, work, env, say
        self._grids = [(count, wanted.graphs, wanted.measures) for count in sorted(wanted.sizes)]
        if "startup" in wanted.measures:
            self._grids.insert(0, (1, ["layers"], ["noop"]))
        weights = [weight for grid in self._grids for weight in part(*grid)]
        self._budget = Budget(time.monotonic() + wanted.budget * 60, weights)

    def run(self) -> None:
        """Everything, the small graphs first."""
        for count, shapes, measures in self._grids:
            trials = [self._prepared(Graph(shape, count)) for shape in shapes]
            for stage in STAGES:
                for group in trials:
                    self._stage(group, [name for name in stage if name in measures])
            shutil.rmtree(self._work / str(count))

    def _stage(self, group: Sequence[Trial], measures: Sequence[str]) -> None:
        share = self._budget.share()
        if not measures or not group:
            return
        stated = comparing.stated(group[0].graph.shape, group[0].graph.count, measures)
        playing = rounds.affordable(group, measures, self.results, self._budget.left(), bound=stated)
        rounds.leave_out([trial for trial in group if trial not in playing], measures, self.results)
        least = min(rounds.LEAST, self._wanted.rounds) if stated else 1
        rounds.measure(playing, measures, least, self._wanted.rounds, self.results, self._wanted.limit, share)
        for name in measures:
            for trial in group:
                self._tell(trial, name)

    def _prepared(self, graph: Graph) -> list[Trial]:
        """What can be measured with this graph: who got through a first run of it."""
        folder, group = self._work / str(graph.count) / graph.shape, []
        folder.mkdir(parents=True)
        for builder in self._tools:
            if reason := self._hopeless(builder, graph):
                self.results.reasons[graph.shape, graph.count, "first", builder.name] = reason
                continue
            try:
                trial = Trial(builder, graph, folder / builder.name.replace(" ", "-"), self._env)
            except (OSError, subprocess.SubprocessError) as problem:
                self.results.reasons[graph.shape, graph.count, "first", builder.name] = f"no project: {problem}"
                continue
            if builder.only is None:
                done = rounds.attempt(trial, "first", 0, self.results, self._wanted.limit)
                self._tell(trial, "first")
                if not done:
                    continue
            group.append(trial)
        return group

    def _hopeless(self, builder: Builder, graph: Graph) -> str | None:
        """Why there is no point in trying, by what a smaller graph took: nobody is quicker than in proportion."""
        smaller = [count for count in self._wanted.sizes if 100 <= count < graph.count]
        if not smaller:
            return None
        count = max(smaller)
        at = (graph.shape, count, "first", builder.name)
        if reason := self.results.reasons.get(at):
            return reason if reason == rounds.OUT_OF_TIME else f"not tried, because of {count:,} steps"
        if at not in self.results.samples:
            return None
        took = self.results.samples[at][0].wall
        if took * graph.count / count > self._wanted.limit:
            return f"not tried: {count:,} steps took {took:.0f} s, and the limit is {self._wanted.limit:g} s"
        wanted = comparing.stated(graph.shape, graph.count, self._wanted.measures) and builder.name in rounds.BOUND
        return None if wanted or took * graph.count / count < self._budget.left() else rounds.OUT_OF_TIME

    def _tell(self, trial: Trial, measure: str) -> None:
        if told := rounds.told(trial, measure, self.results):
            self._say(f"{trial.graph.name}, {measure}: {told}")


def part(count: int, shapes: Sequence[str], measures: Sequence[str]) -> list[float]:
    """What each stage of each graph of this size should have of the time: more where one round takes longer."""
    return [2 * count**0.25 if set(stage).intersection(measures) else 0.001 for stage in STAGES for _ in shapes]
