"""How fast `doit` hashes what phases made, beside MD5 of the same bytes on one core, sha256sum, and plain doit.

The files are there before, and the works do nothing, so that a run is its start and the reading of its outputs. A run
over the same phases with outputs of one byte is taken off. Exits with 0 when the stated bound is met, with 1 when not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plans
import processes

BOUND = 3.0
"""How many times as fast as MD5 on one core, over several files."""
SEVERAL, SMALL, GROUP = 8, 16 << 10, 1024
"""Files of one size; bytes of a small file; small files of one phase."""
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

PLAIN = """
DOIT_CONFIG = {{"backend": "{backend}", "verbosity": 0}}
import os


def task_phases():
    for name in sorted(os.listdir("build")):
        files = [f"build/{{name}}/{{file}}" for file in sorted(os.listdir(f"build/{{name}}"))]
        yield {{"basename": name, "file_dep": files, "actions": [["true"]]}}
"""


@dataclass(frozen=True)
class Cost:
    """Of one way to hash it all."""

    seconds: float
    cpu: float
    read: int
    """Bytes, by whatever call."""

    def beyond(self, other: Cost) -> Cost:
        """What is left when another is taken off."""
        return Cost(self.seconds - other.seconds, self.cpu - other.cpu, self.read - other.read)


def cost(do: Callable[[], object]) -> Cost:
    """Do it; what it took, in this process and in those that it waited for."""
    before, start = _used(), time.perf_counter()
    do()
    seconds, after = time.perf_counter() - start, _used()
    return Cost(seconds, after[0] - before[0], int(after[1] - before[1]))


def _used() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    counters = Path("/proc/self/io")  # counts those that were waited for, too
    read = int(counters.read_text().split("rchar: ")[1].split()[0]) if counters.exists() else 0
    return sum(each.ru_utime + each.ru_stime for each in used), read


def sizes(layout: str, size: int) -> list[list[int]]:
    """The bytes of each file of each phase."""
    if layout == "one":
        return [[size]]
    if layout == "several":
        return [[size // SEVERAL] * SEVERAL]
    count = max(1, min(size, 256 << 20) // SMALL)
    return [[SMALL] * min(GROUP, count - first) for first in range(0, count, GROUP)]


def write(folder: Path, groups: Sequence[Sequence[int]]) -> list[Path]:
    """The project of phasegate, with all outputs there already; the files."""
    files = []
    block = os.urandom(1 << 20)
    phases = ["plan: content", "phases:"]
    plans.write_sources(folder)
    for number, group in enumerate(groups):
        (folder / f"build/phase_{number:02}").mkdir()
        phases += [f"  phase_{number:02}:", "    run: ['true']", f"    outputs: [build/phase_{number:02}]"]
        for index, size in enumerate(group):
            path = folder / f"build/phase_{number:02}/{index:05}"
            with path.open("wb") as file:
                file.write(number.to_bytes(4, "big") + index.to_bytes(4, "big") if size > 8 else b"")
                while file.tell() < size:
                    file.write(block[: size - file.tell()])
            files.append(path)
    plans.write_config(folder, phases, [])
    (folder / "config/criteria.yaml").write_text("{}\n")
    return files


def forget(folder: Path) -> None:
    """As if nothing had run; the outputs stay."""
    shutil.rmtree(folder / ".doit/logs", ignore_errors=True)
    for path in (*folder.glob(".doit.db*"), folder / ".doit/rest"):
        path.unlink(missing_ok=True)


def cool(files: Sequence[Path]) -> None:
    """Let the system drop what it keeps of the files in memory."""
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def md5(files: Sequence[Path]) -> None:
    """What one core does with the standard library."""
    for path in files:
        digest, buffer = hashlib.md5(), bytearray(1 << 20)
        with path.open("rb", buffering=0) as file:
            while length := file.readinto(buffer):
                digest.update(memoryview(buffer)[:length])


def measure(folder: Path, layout: str, tools: Any, env: dict[str, str], args: argparse.Namespace) -> dict[str, Any]:
    """Hash one layout in every way, in interleaved rounds, and see that it was hashed, and once."""
    ours, plain = tools
    groups = sizes(layout, args.size)
    files = write(folder / "ours", groups)
    write(folder / "tiny", [[1] for _ in groups])
    beside = folder / "plain"
    beside.mkdir()
    (beside / "build").symlink_to(folder / "ours/build")
    (beside / "dodo.py").write_text(PLAIN.format(backend=args.backend))
    total = sum(path.stat().st_size for path in files)

    def fresh(tool: processes.Tool, place: Path) -> Cost:
        forget(place)
        return cost(lambda: tool.run(place, env))

    def again() -> Cost:
        """A run with everything unchanged that asks for every file."""
        (folder / "ours/.doit/rest").unlink(missing_ok=True)
        return cost(lambda: ours.run(folder / "ours", env))

    def sha256sum() -> None:
        listing = b"\0".join(os.fsencode(path) for path in files)
        subprocess.run(["xargs", "-0", "sha256sum"], input=listing, stdout=subprocess.DEVNULL, check=True)

    ways: dict[str, Callable[[], Cost]] = {
        "md5": lambda: cost(lambda: md5(files)),
        "phasegate": lambda: fresh(ours, folder / "ours"),
        "phasegate again": again,
        "sha256sum": lambda: cost(sha256sum),
        "plain doit": lambda: fresh(plain, beside),
    }
    rounds: dict[str, list[Cost]] = {name: [] for name in ways}
    fresh(ours, folder / "tiny")  # compiles bytecode and plans
    fresh(ours, folder / "ours")
    processes.expect(hashed(folder / "ours", files), "a digest in the state is not that of its file")
    fresh(plain, beside)
    for number in range(args.rounds):
        nothing = fresh(ours, folder / "tiny")
        for name, way in list(ways.items()) if number % 2 else list(ways.items())[::-1]:
            if name == "phasegate again":
                continue
            if args.cold:
                cool(files)
            rounds[name].append(way())
            if name == "phasegate":
                rounds[name][-1] = rounds[name][-1].beyond(nothing)
                rounds["phasegate again"].append(again())
    read = max(each.read for each in rounds["phasegate"])
    unchanged = max(each.read for each in rounds["phasegate again"])
    processes.expect(read < 1.05 * total + (1 << 20), f"{layout}: {read} bytes were read of {total}")
    processes.expect(unchanged < nothing.read + 0.01 * total + (4 << 20), f"{layout}: read again: {unchanged} bytes")
    ratios = [theirs.seconds / mine.seconds for theirs, mine in zip(rounds["md5"], rounds["phasegate"], strict=True)]
    bound = BOUND if layout == "several" else None
    return {
        "layout": layout,
        "files": len(files),
        "bytes": total,
        "read": read / total,
        "ways": {name: summary(each, total) for name, each in rounds.items()},
        "ratio": statistics.median(ratios),
        "quartiles": statistics.quantiles(ratios, n=4)[::2],
        "bound": bound,
        "met": None if bound is None else statistics.median(ratios) >= bound,
    }


def hashed(folder: Path, files: Sequence[Path]) -> bool:
    """Does the state hold the SHA-256 of each of these files?"""
    connection = sqlite3.connect(folder / ".doit.db")
    rows = {os.fsdecode(path): digest for path, digest in connection.execute("select path, sha256 from files")}
    connection.close()
    return all(rows.get(str(path.relative_to(folder))) == sha256(path) for path in files)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def summary(costs: Sequence[Cost], total: int) -> dict[str, float]:
    seconds = statistics.median(each.seconds for each in costs)
    return {
        "median_s": seconds,
        "median_mb_s": total / seconds / 1e6,
        "median_cpu_s": statistics.median(each.cpu for each in costs),
    }


def show(facts: dict[str, Any], results: list[dict[str, Any]]) -> None:
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    for result in results:
        low, high = result["quartiles"]
        met = {None: "no bound", True: f"bound {BOUND} met", False: f"bound {BOUND} NOT MET"}[result["met"]]
        print(
            f"{result['layout']}: {result['files']} files, {result['bytes'] / 1e6:.0f} MB, {result['read']:.3f} × read"
        )
        for name, found in result["ways"].items():
            speed = "" if name == "phasegate again" else f"{found['median_mb_s']:7.0f} MB/s"
            print(f"  {name:16} {found['median_s']:8.3f} s  cpu {found['median_cpu_s']:8.3f} s  {speed}")
        print(f"  {result['ratio']:.2f} × md5 ({low:.2f}-{high:.2f}), {met}")


def size(text: str) -> int:
    """`4G` in bytes."""
    found = re.fullmatch(r"(\d+)([KMG]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r}: give bytes, or a number with K, M or G")
    return int(found[1]) * UNITS[found[2]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=size, default=size("1G"), help="of all outputs, such as 4G (default: 1G)")
    parser.add_argument("--layouts", default="several,one,small", help="what to hash (default: several,one,small)")
    parser.add_argument("--rounds", type=int, default=5, help="at least 2 (default: 5)")
    parser.add_argument("--cold", action="store_true", help="with files that the system does not hold in memory")
    parser.add_argument("--backend", default="dbm", help="plain doit's: dbm (its default), json or sqlite3")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    results = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        tools = processes.tools(work / "environment")
        env = processes.environment(work / "bytecode")
        for layout in args.layouts.split(","):
            results.append(measure(work / layout, layout, tools, env, args))
            shutil.rmtree(work / layout)
    facts = {**processes.versions(), "backend": args.backend, "rounds": args.rounds, "cold": args.cold}
    facts["cores"] = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if args.json:
        print(json.dumps({**facts, "results": results}, indent=2))
    else:
        show(facts, results)
    return 0 if all(result["met"] is not False for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
