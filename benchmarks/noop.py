"""What a `doit` that has nothing to do costs: phasegate against plain doit with the same graph, as whole processes.

Exits with 0 when every stated bound is met, with 1 when one is not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import plans
import processes

BOUNDS = {16: 1.15, 1000: 0.8, 10_000: 0.3}
"""Phases → the most that phasegate's no-op may take, as a multiple of plain doit's."""


def main() -> int:
    args = arguments()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        tools = processes.tools(work / "plain")
        env = processes.environment(None if args.no_bytecode else work / "bytecode")
        results = [measure(work / str(count), count, tools, env, args) for count in args.phases]
    facts = {**processes.versions(), "backend": args.backend, "bytecode": not args.no_bytecode, "rounds": args.rounds}
    if args.json:
        print(json.dumps({**facts, "results": results}, indent=2))
    else:
        show(facts, results)
    return 0 if all(result["met"] is not False for result in results) else 1


def measure(
    folder: Path,
    count: int,
    tools: tuple[processes.Tool, processes.Tool],
    env: dict[str, str],
    args: argparse.Namespace,
) -> dict[str, Any]:
    """Run both fully once, see that they then do nothing, and time that in interleaved rounds."""
    ours, plain = tools
    folders = {ours: folder / "phasegate", plain: folder / "plain"}
    plans.write_phasegate(folders[ours], plans.layered(count))
    plans.write_plain(folders[plain], count, args.backend)
    before = {}
    for tool in tools:
        tool.run(folders[tool], env)
        before[tool] = plans.outputs(folders[tool])
        made = len(plans.outputs(folders[tool], "build"))
        processes.expect(made == 2 * count, f"{tool.name} did not run everything")
        processes.expect(tool.is_idle(folders[tool], env), f"{tool.name} did not rest")
    seconds: dict[processes.Tool, list[float]] = {tool: [] for tool in tools}
    for _ in range(args.rounds):
        for tool in tools:
            seconds[tool].append(tool.run(folders[tool], env))
    for tool in tools:
        processes.expect(plans.outputs(folders[tool]) == before[tool], f"{tool.name} ran something again")
    ratios = [mine / theirs for mine, theirs in zip(seconds[ours], seconds[plain], strict=True)]
    ratio, bound = statistics.median(ratios), BOUNDS.get(count)
    return {
        "phases": count,
        "phasegate": processes.milliseconds(seconds[ours]),
        "plain": processes.milliseconds(seconds[plain]),
        "ratio": ratio,
        "quartiles": statistics.quantiles(ratios, n=4)[::2],
        "bound": bound,
        "met": None if bound is None else ratio <= bound,
    }


def show(facts: dict[str, Any], results: list[dict[str, Any]]) -> None:
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print(f"{'phases':>7}  {'phasegate ms':>15}  {'plain doit ms':>15}  {'ratio (quartiles)':>19}  bound")
    print(f"{'':>7}  {'median / min':>15}  {'median / min':>15}  {'median of pairs':>19}")
    for result in results:
        times = [f"{result[k]['median_ms']:7.0f} / {result[k]['min_ms']:5.0f}" for k in ("phasegate", "plain")]
        low, high = result["quartiles"]
        ratio = f"{result['ratio']:.2f} ({low:.2f}-{high:.2f})"
        bound = {None: "none stated", True: f"{result['bound']} met", False: f"{result['bound']} NOT MET"}[
            result["met"]
        ]
        print(f"{result['phases']:7}  {times[0]:>15}  {times[1]:>15}  {ratio:>19}  {bound}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    numbers = lambda text: [int(part) for part in text.split(",")]  # noqa: E731
    parser.add_argument("--phases", type=numbers, default=[16, 1000], help="sizes of plans (default: 16,1000)")
    parser.add_argument("--rounds", type=int, default=15, help="at least 2 (default: 15)")
    parser.add_argument("--backend", default="dbm", help="plain doit's: dbm (its default), json or sqlite3")
    parser.add_argument("--no-bytecode", action="store_true", help="as if PYTHONDONTWRITEBYTECODE were set")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
