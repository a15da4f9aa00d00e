"""What both benchmarks run: a graph, written as a plan for phasegate and as a dodo.py for plain doit."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from aside import put_aside

Step = tuple[str, list[str], list[str], str]
"""Name, inputs, outputs, shell command."""

PHASEGATE_DODO = """from phasegate import Project

project = Project.here()
DOIT_CONFIG = project.doit_config
task_phases = project.tasks
"""
PLAIN_DODO = """from __future__ import annotations

DOIT_CONFIG = {{"backend": "{backend}"}}

{layered}

def task_phases():
    for name, inputs, outputs, command in layered({count}):
        yield {{"basename": name, "file_dep": inputs, "targets": outputs, "actions": [command]}}
"""
DOIT_CFG = "[COMMAND]\nrun = phasegate:Run\nforget = phasegate:Forget\n"


def layered(count: int) -> Iterator[Step]:
    """Ten layers; a step makes two files and reads two of the layer before, the first layer reads two sources."""
    depth = min(10, count)
    edges = [layer * count // depth for layer in range(depth + 1)]
    for layer in range(depth):
        above, width = edges[layer - 1], edges[layer] - edges[layer - 1]
        for number in range(edges[layer], edges[layer + 1]):
            text, figures = f"build/{number:05}.txt", f"build/{number:05}.json"
            inputs = [f"build/{above + number % width:05}.txt", f"build/{above + (number + 1) % width:05}.json"]
            command = f"echo {number} > {text}; echo '{{\"value\": {number}}}' > {figures}"
            yield (
                f"phase_{number:05}",
                inputs if layer else ["data/left.txt", "data/right.txt"],
                [text, figures],
                command,
            )


def write_sources(folder: Path) -> None:
    """The files that the first layer reads, and the folder that steps write to."""
    for name in ("data", "build"):
        (folder / name).mkdir(parents=True)
    for name in ("left", "right"):
        (folder / f"data/{name}.txt").write_text(f"{name}\n")


def write_phasegate(folder: Path, graph: Iterable[Step]) -> None:
    """The graph as a plan, with two criteria a phase: a file, and a metric out of a small JSON."""
    write_sources(folder)
    phases, criteria = ["plan: benchmark", "phases:"], []
    for name, inputs, (text, figures), command in graph:
        phases += [f"  {name}:", f"    run: {json.dumps(command)}"]
        phases += [f"    inputs: [{', '.join(inputs)}]", f"    outputs: [{text}, {figures}]"]
        criteria += [f"{name}:", f"  - file: {text}", "  - metric: value", f"    from: {figures}"]
        criteria += ["    at: value", '    pass: ">= 0"']
    write_config(folder, phases, criteria)


def write_config(folder: Path, phases: Iterable[str], criteria: Iterable[str]) -> None:
    """A project of phasegate, from the lines of its two files."""
    (folder / "config").mkdir()
    (folder / "dodo.py").write_text(PHASEGATE_DODO)
    (folder / "doit.cfg").write_text(DOIT_CFG)
    (folder / "config/phases.yaml").write_text("\n".join(phases) + "\n")
    (folder / "config/criteria.yaml").write_text("\n".join(criteria) + "\n")


def write_plain(folder: Path, count: int, backend: str) -> None:
    """The same graph as a dodo.py that makes it in a loop, which is the leanest that one can write."""
    write_sources(folder)
    (folder / "dodo.py").write_text(PLAIN_DODO.format(backend=backend, layered=inspect.getsource(layered), count=count))


def outputs(folder: Path, *places: str) -> dict[str, int]:
    """Every file that work or an attempt leaves, with its mtime: equal before and after means that nothing ran."""
    found = (path for place in places or ("build", ".doit/logs") for path in (folder / place).rglob("*"))
    return {str(path): path.stat().st_mtime_ns for path in found if path.is_file()}


def reset(folder: Path) -> None:
    """Forget what ran: outputs, logs and state. The compiled plan stays."""
    put_aside(folder, ("build/*", ".doit/logs", ".doit.db*"))
