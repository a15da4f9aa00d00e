"""How long a plan takes whose works only sleep, beside list scheduling: the same graph, the same slots, no cost of any
kind, and the work with the longest chain behind it first.

The graphs are those of workflows as scientists run them: forks that join, pipelines side by side, pyramids, with
runtimes of which a few are long; or recorded ones, as files in WfCommons' WfFormat 1.5 (https://wfcommons.org/format).
Their runtimes are scaled to a makespan that one has the patience for. Each plan runs twice, because in the second run
phasegate knows from the first how long works take. Exits with 0 when the second meets the bound, else with 1.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import plans
import processes

BOUND = 1.03
"""The most that the makespan of the second run may be, as a multiple of list scheduling's."""


@dataclass(frozen=True)
class Workflow:
    """Tasks, each after the ones that it needs."""

    name: str
    seconds: Mapping[str, float]
    needs: Mapping[str, list[str]]


def fork_join(count: int, chance: random.Random) -> Workflow:
    """One prepares, many work, one gathers, again and again, as in searches through sequences."""
    names, needs, last = [f"t{number:05}" for number in range(count)], {}, ""
    width = max(2, count // 8)
    fork: list[str] = []
    for name in names:
        if fork and len(fork) >= width:
            needs[name], last, fork = fork, name, []
        else:
            needs[name] = [last] if last else []
            if not last:
                last = name
            else:
                fork.append(name)
    return Workflow(f"fork and join, {count}", _runtimes(names, chance), needs)


def pipelines(count: int, chance: random.Random) -> Workflow:
    """Chains of six side by side that one task joins, as in genomics."""
    names = [f"t{number:05}" for number in range(count)]
    needs = {name: [names[number - 1]] if number % 6 else [] for number, name in enumerate(names[:-1])}
    needs[names[-1]] = [name for number, name in enumerate(names[:-1]) if number % 6 == 5 or number == count - 2]
    return Workflow(f"pipelines, {count}", _runtimes(names, chance), needs)


def pyramid(count: int, chance: random.Random) -> Workflow:
    """Many project, pairs of neighbours are compared, one fits them all, many correct: as mosaics are made."""
    names = [f"t{number:05}" for number in range(count)]
    third = max(1, count // 3)
    needs: dict[str, list[str]] = {name: [] for name in names[:third]}
    needs |= {name: [names[n % third], names[(n + 1) % third]] for n, name in enumerate(names[third : 2 * third])}
    fit = names[2 * third]
    needs[fit] = names[third : 2 * third]
    rest = names[2 * third + 1 :]
    needs |= {name: [fit, names[n % third]] for n, name in enumerate(rest)}
    return Workflow(f"pyramid, {count}", _runtimes(names, chance), needs)


SHAPES: tuple[Callable[[int, random.Random], Workflow], ...] = (fork_join, pipelines, pyramid)


def _runtimes(names: list[str], chance: random.Random) -> dict[str, float]:
    """Most are alike and some take much longer: the logarithm is normal, as in recorded workflows."""
    return {name: chance.lognormvariate(0.0, 0.8) for name in names}


def recorded(path: Path) -> Workflow:
    """A workflow in WfFormat."""
    workflow = json.loads(path.read_text())["workflow"]
    took = {task["id"]: float(task["runtimeInSeconds"]) for task in workflow["execution"]["tasks"]}
    tasks = {task["id"]: task for task in workflow["specification"]["tasks"]}
    names = {id_: f"t{number:05}" for number, id_ in enumerate(tasks)}
    needs = {names[id_]: [names[parent] for parent in task["parents"]] for id_, task in tasks.items()}
    return Workflow(f"{path.stem}, {len(tasks)}", {names[id_]: max(0.001, took[id_]) for id_ in tasks}, needs)


def scaled(workflow: Workflow, slots: int, seconds: float) -> Workflow:
    """The same, with runtimes such that list scheduling takes so many seconds."""
    factor = seconds / list_schedule(workflow, slots)
    return Workflow(workflow.name, {name: took * factor for name, took in workflow.seconds.items()}, workflow.needs)


def list_schedule(workflow: Workflow, slots: int) -> float:
    """The makespan when the task with the longest chain behind it starts as soon as there is a slot."""
    followers: dict[str, list[str]] = {name: [] for name in workflow.seconds}
    missing = {name: len(needs) for name, needs in workflow.needs.items()}
    for name, needs in workflow.needs.items():
        for need in needs:
            followers[need].append(name)
    order = [name for name, count in missing.items() if not count]
    left = dict(missing)
    for name in order:  # grows while it is gone through
        for follower in followers[name]:
            left[follower] -= 1
            if not left[follower]:
                order.append(follower)
    chain: dict[str, float] = {}
    for name in reversed(order):
        chain[name] = workflow.seconds[name] + max((chain[follower] for follower in followers[name]), default=0.0)
    ready = [(-chain[name], name) for name, count in missing.items() if not count]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            name = heapq.heappop(ready)[1]
            heapq.heappush(running, (now + workflow.seconds[name], name))
        now, ended = heapq.heappop(running)
        for follower in followers[ended]:
            missing[follower] -= 1
            if not missing[follower]:
                heapq.heappush(ready, (-chain[follower], follower))
    return now


def write(folder: Path, workflow: Workflow) -> None:
    """The workflow as a plan."""
    phases = ["plan: makespan", "phases:"]
    for name, took in workflow.seconds.items():
        phases += [f"  {name}:", f'    run: [sleep, "{took:.4f}"]', f"    needs: [{', '.join(workflow.needs[name])}]"]
    folder.mkdir()
    plans.write_config(folder, phases, [])


def makespan(folder: Path) -> float:
    """Seconds from the first start of the newest run to its last gate, as the journal has them."""
    with sqlite3.connect(f"{(folder / '.doit.db').as_uri()}?mode=ro", uri=True) as state:
        query = "select max(at) - min(at) from journal where run = (select max(run) from journal) and phase is not null"
        return float(state.execute(query).fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", nargs="*", type=Path, help="recorded workflows; the generated ones without any")
    parser.add_argument("--tasks", type=int, nargs="*", default=[200, 2000], help="of generated ones (200 2000)")
    parser.add_argument("--slots", type=int, default=16, help="works at the same time (16)")
    parser.add_argument("--seconds", type=float, default=60.0, help="that list scheduling is to take (60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    workflows = [recorded(path) for path in args.instances] or [
        shape(count, chance) for count in args.tasks for shape in SHAPES
    ]
    results = []
    tool = processes.Tool("phasegate", Path(sys.executable), r".*")
    for workflow in (scaled(each, args.slots, args.seconds) for each in workflows):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "plan"
            write(folder, workflow)
            env = processes.environment(Path(name) / "bytecode")
            best = list_schedule(workflow, args.slots)
            took = []
            for _ in range(2):
                tool.run(folder, env, "-n", str(args.slots), "-a")
                took.append(makespan(folder) / best)
            met = took[1] <= BOUND
            results.append({"workflow": workflow.name, "list_s": best, "first": took[0], "second": took[1], "met": met})
    facts = {**processes.versions(), "slots": args.slots, "seed": args.seed, "bound": BOUND}
    if args.json:
        print(json.dumps({**facts, "results": results}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in facts.items()))
        print(f"{'workflow':44}  {'list, s':>8}  {'first run':>9}  {'second':>7}")
        for each in results:
            row = f"{each['workflow']:44}  {each['list_s']:8.1f}  {each['first']:9.3f}  {each['second']:7.3f}"
            print(row, "" if each["met"] else " MISSED")
    return 0 if all(each["met"] for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
