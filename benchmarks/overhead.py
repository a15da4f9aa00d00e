"""What executing a phase costs beyond its process: phasegate with one criterion a phase, plain doit, and a bare loop.

Phases copy one small file and need nothing of each other. The cost of one is the slope between a run of all of them and
a run of the first alone, so that starting Python, doit and phasegate is not in it. Exits with 1 when it is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import plans
import processes

BOUND = 2.0
"""The most milliseconds that phasegate may take for a phase beyond the bare loop."""

PLAIN = """
DOIT_CONFIG = {{"backend": "{backend}", "verbosity": 0}}


def task_phases():
    for number in range({count}):
        output = f"build/{{number:05}}"
        action = ["cp", "data/left.txt", output]
        task = {{"file_dep": ["data/left.txt"], "targets": [output], "actions": [action]}}
        yield {{"basename": f"phase_{{number:05}}", **task}}
"""


def write(ours: Path, plain: Path, count: int, backend: str) -> None:
    """The same phases for both, one after the other in both."""
    for folder in (ours, plain):
        plans.write_sources(folder)
    (plain / "dodo.py").write_text(PLAIN.format(backend=backend, count=count))
    phases, criteria = ["plan: overhead", "phases:"], []
    for number in range(count):
        phases += [f"  phase_{number:05}:", f"    run: [cp, data/left.txt, build/{number:05}]"]
        phases += ["    inputs: [data/left.txt]", f"    outputs: [build/{number:05}]"]
        criteria += [f"phase_{number:05}:", f"  - file: build/{number:05}"]
    plans.write_config(ours, phases, criteria)
    (ours / "config/orchestrator.yaml").write_text("jobs: 1\n")


def bare(folder: Path, env: dict[str, str], count: int) -> float:
    """Seconds for each of these processes, started and waited for in a loop."""
    plans.reset(folder)
    start = time.perf_counter()
    for number in range(count):
        subprocess.run(["cp", "data/left.txt", f"build/{number:05}"], cwd=folder, env=env, check=True)
    return (time.perf_counter() - start) / count


def each(tool: processes.Tool, folder: Path, env: dict[str, str], count: int) -> float:
    """Seconds for each phase after the first, with nothing done before."""
    plans.reset(folder)
    one = tool.run(folder, env, "phase_00000")
    plans.reset(folder)
    took = tool.run(folder, env)
    processes.expect(len(plans.outputs(folder, "build")) == count, f"{tool.name} did not run everything")
    return (took - one) / (count - 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--rounds", type=int, default=9, help="at least 2 (default: 9)")
    parser.add_argument("--backend", default="dbm", help="plain doit's: dbm (its default), json or sqlite3")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        ours, plain = processes.tools(work / "environment")
        env = processes.environment(work / "bytecode")
        write(work / "ours", work / "theirs", args.phases, args.backend)
        ways: dict[str, Callable[[], float]] = {
            "bare loop": lambda: bare(work / "theirs", env, args.phases),
            plain.name: lambda: each(plain, work / "theirs", env, args.phases),
            ours.name: lambda: each(ours, work / "ours", env, args.phases),
        }
        for way in ways.values():
            way()  # compiles bytecode and plan
        taken = [{name: way() * 1e3 for name, way in ways.items()} for _ in range(args.rounds)]
    results = {
        name: {
            "median_ms": statistics.median(round_[name] for round_ in taken),
            "min_ms": min(round_[name] for round_ in taken),
            "beyond_ms": statistics.median(round_[name] - round_["bare loop"] for round_ in taken),
        }
        for name in ways
    }
    facts = {**processes.versions(), "phases": args.phases, "backend": args.backend, "rounds": args.rounds}
    missed = results[ours.name]["beyond_ms"] > BOUND
    if args.json:
        print(json.dumps({**facts, "results": results, "bound_ms": BOUND, "met": not missed}, indent=2))
        return int(missed)
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print(f"{'ms a phase':10}  {'median':>6}  {'min':>6}  {'beyond the bare loop':>20}")
    for name, found in results.items():
        print(f"{name:10}  {found['median_ms']:6.2f}  {found['min_ms']:6.2f}  {found['beyond_ms']:20.2f}")
    print(f"at most {BOUND:g} ms beyond it: {'MISSED' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
