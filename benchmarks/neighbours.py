"""phasegate beside make, ninja, go-task, SCons, doit, Luigi, Snakemake and DVC: the same graphs, as whole processes.

Each tool is installed in an environment of its own; one that cannot be had is left out, and named. Each run is checked:
what ran, and what came out. Exits with 0 when every bound that is stated for what was asked for is met, else with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import builders
import comparing
import environments
import measuring
import processes
import table
from builders.base import Builder
from graphs import SHAPES
from session import STAGES, Session, Wanted

ASKED = ("sizes", "graphs", "measures", "rounds", "limit", "budget")
MEASURES = ("startup", *(name for stage in STAGES for name in stage))


def main() -> int:
    args = arguments()
    args.cache.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="neighbours-") as name:
        work = Path(name)
        env = {**processes.environment(work / "bytecode"), "SHELL": "/bin/sh"}
        found, absent = tools(args, work)
        versions = {builder.name: builder.version() for builder in found if builder.only is None}
        say(", ".join(f"{tool} {version}" for tool, version in versions.items()))
        (work / "floor").mkdir()
        floor = measuring.run(["/bin/sh", "-c", ":"], work / "floor", env, 60).peak
        session = Session(Wanted(**{name: getattr(args, name) for name in ASKED}), found, work, env, say)
        session.run()
    facts = {name: value for name, value in processes.versions().items() if name in ("python", "system")}
    facts |= {"cores": str(os.cpu_count()), "minutes": f"{(time.monotonic() - started) / 60:.0f}"}
    facts |= {"limit": f"{args.limit:g} s", "at most": f"{args.rounds} rounds a measure"}
    both = {"phasegate", "plain doit"}.issubset(args.tools)
    report = table.Report(
        facts,
        found,
        versions,
        absent,
        [(shape, count) for shape in args.graphs for count in args.sizes],
        [*args.measures, "first"],
        session.results,
        comparing.bounds(session.results, args.graphs, args.sizes, args.measures) if both else [],
        floor,
    )
    print(json.dumps(report.data(), indent=2) if args.json else report.markdown())
    if args.write:
        table.write(args.write, report.markdown())
    if args.save:
        args.save.write_text(json.dumps(report.data(), indent=2) + "\n")
    missed = [bound.what for bound in report.bounds if not bound.met]
    met = f"all {len(report.bounds)} bounds are met" if report.bounds else "no bound is stated for what was asked for"
    say(f"missed: {'; '.join(missed)}" if missed else met)
    return 1 if missed else 0


def tools(args: argparse.Namespace, work: Path) -> tuple[list[Builder], dict[str, str]]:
    """Those that can be had, and why the others cannot."""
    found: list[Builder] = []
    absent: dict[str, str] = {}
    for kind in builders.ALL:
        if kind.name.split(",")[0] not in args.tools:
            continue
        say(f"{kind.name}: looked for")
        try:
            found.append(kind(environments.find(kind, args.cache, work, install=not args.no_install)))
        except environments.Absent as problem:
            absent[kind.name] = str(problem)
    return found, absent


def say(text: str) -> None:
    """Progress, beside the results."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    names = list(dict.fromkeys(kind.name.split(",")[0] for kind in builders.ALL))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=[16, 100, 1000, 10_000], help="steps (16,100,1000,10000)")
    parser.add_argument(
        "--graphs", type=among(SHAPES), default=list(SHAPES), help=f"of {','.join(SHAPES)}; default all"
    )
    parser.add_argument("--tools", type=among(names), default=names, help=f"of {','.join(names)}; default all")
    parser.add_argument("--measures", type=among(MEASURES), default=list(MEASURES), help=f"of {','.join(MEASURES)}")
    parser.add_argument("--rounds", type=count, default=15, help="at most, for each measure (15)")
    parser.add_argument(
        "--budget", type=amount, default=25, metavar="MINUTES", help="for all (25); bounds take their own"
    )
    parser.add_argument("--limit", type=amount, default=90, metavar="SECONDS", help="for one run of one tool (90)")
    cache = Path(tempfile.gettempdir()) / "phasegate-neighbours"
    parser.add_argument("--cache", type=Path, default=cache, help=f"where tools are installed ({cache})")
    parser.add_argument("--no-install", action="store_true", help="only what this Python and the PATH have")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print all figures as JSON")
    form.add_argument("--markdown", action="store_true", help="print the tables as Markdown, which is the default")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the JSON to a file as well")
    parser.add_argument("--write", type=marked, metavar="PAGE", help="put the tables between the marks of a page")
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    """Sizes, as they are written with commas."""
    if not all(part.isdecimal() for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers with commas between them")
    found = sorted({int(part) for part in text.split(",")})
    if found[0] < 2:
        raise argparse.ArgumentTypeError("a graph has at least 2 steps; start-up is measured with 1")
    return found


def among(names: Collection[str]) -> Callable[[str], list[str]]:
    """A list of some of these, as it is written with commas."""

    def parse(text: str) -> list[str]:
        chosen = list(dict.fromkeys(text.split(",")))
        if odd := [name for name in chosen if name not in names]:
            raise argparse.ArgumentTypeError(f"{odd[0]!r} is none of {', '.join(names)}")
        return chosen

    return parse


def marked(text: str) -> Path:
    """A page that has the marks."""
    try:
        table.parts(Path(text))
    except (OSError, ValueError) as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return Path(text)


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def amount(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of more than 0")
    return found


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
