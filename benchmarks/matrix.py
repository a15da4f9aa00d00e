"""A matrix of many works from a few lines of YAML: planned, and with `--run`, which takes minutes, run and with nothing
to do.

Exits with 0 when planning and doing nothing meet the bounds, else with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import measuring
import plans
import processes

SECONDS, BYTES = 10.0, 1 << 30
"""The most that each may take, of time that passed and of memory."""
UNCOMPILED = "plan, nothing compiled"


def write(folder: Path, works: int) -> None:
    """A matrix of about so many works, each with an output."""
    rows = max(1, round(works**0.5))
    columns = max(1, works // rows)
    values = f"{{a: [{', '.join(map(str, range(rows)))}], b: [{', '.join(map(str, range(columns)))}]}}"
    phases = ["plan: matrix", "phases:", "  grid:", f"    matrix: {values}"]
    phases += ['    run: ": > build/{a}/{b}"', '    outputs: ["build/{a}/{b}"]']
    folder.mkdir()
    plans.write_config(folder, phases, [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=100_000, help="combinations (100000)")
    parser.add_argument("--run", action="store_true", help="run them all first, and measure a doit with nothing to do")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    doit = [sys.executable, str(Path(sys.executable).with_name("doit"))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "plan"
        write(folder, args.works)
        env = processes.environment(Path(name) / "bytecode")
        measuring.run([*doit, "--version"], folder, env, 600)  # compiles bytecode
        steps = {UNCOMPILED: ["plan"], "plan, compiled": ["plan"], "a report of its state": ["status"]}
        if args.run:
            steps |= {"run": ["-n", "2"], "nothing to do, the first": [], "nothing to do, from then on": []}
        results = []
        for what, command in steps.items():
            usage = measuring.run([*doit, *command], folder, env, 6 * 3600)
            if what == UNCOMPILED:  # planning keeps nothing, not even the compiled plan
                measuring.run([*doit, "list"], folder, env, 600)
            met = what == "run" or (usage.wall <= SECONDS and usage.peak <= BYTES)
            results.append({"what": what, "wall_s": usage.wall, "cpu_s": usage.cpu, "peak": usage.peak, "met": met})
    facts = {**processes.versions(), "works": args.works}
    if args.json:
        print(json.dumps({**facts, "results": results}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in facts.items()))
        print(f"{'':28}  {'s':>8}  {'processor, s':>12}  {'peak, MB':>8}")
        for each in results:
            row = f"{each['what']:28}  {each['wall_s']:8.2f}  {each['cpu_s']:12.2f}  {each['peak'] / 1e6:8.0f}"
            print(row, "" if each["met"] else " MISSED")
    return 0 if all(each["met"] for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
