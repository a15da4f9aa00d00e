"""`doit report`: the whole plan as one HTML file. Reads only, but for that file; also while a run is going on."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from criteria.sizes import show as show_size

from ..config.paths import KEPT, OWN, glob_expression, is_glob, lineage
from ..plan import Plan
from ..project import Project
from ..state.place import FOLDER
from .common import PlanCommand

STDOUT = "-"
PLACE = f"{FOLDER}/report.html"
"""Where no phase may have an input or output, and git looks at nothing."""

OPT_OUTPUT = {
    "name": "output",
    "short": "o",
    "long": "output",
    "type": str,
    "default": PLACE,
    "help": f"the file to write, {STDOUT} for standard output; an older report there is replaced, nothing else is"
    " (default: %(default)s)",
}


class Report(PlanCommand):
    """The command `report`."""

    name = "report"
    doc_purpose = "write the state, the graph, the history and the logs of the plan as one HTML file"
    doc_usage = "[-o FILE]"
    doc_description = "The file needs no network and runs no script but its own. Works while a run is going on."
    cmd_options = (OPT_OUTPUT,)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if args:
            raise InvalidCommand(f"a report is about the whole plan; leave {args[0]!r} out. A file is named with -o")
        given = params["output"]
        if given == STDOUT:
            sys.stdout.buffer.write(_made(project, project.root))
            sys.stdout.buffer.flush()
            return 0
        target = project.root / given
        _refuse_harm(project, given, target)
        page = _made(project, target.parent)
        _replace(target, page)
        self.outstream.write(f"{given} ({show_size(len(page))}): {(target.parent.resolve() / target.name).as_uri()}\n")
        return 0


def _made(project: Project, place: Path) -> bytes:
    """The report, with links that are right in this folder."""
    from ..views.graph.model import nodes_of
    from ..views.graph.svg import svg
    from ..views.report.data import report_of
    from ..views.report.facts import facts_of
    from ..views.report.links import anchor
    from ..views.report.page import page

    facts = facts_of(project, time.time())
    nodes = [replace(node, title=facts.mask(node.title)) for node in nodes_of(facts.standings.values())]
    graph = svg(nodes, link=f"#{anchor('')}", embedded=True)
    return page(report_of(facts, place.resolve()), graph).encode()


def _refuse_harm(project: Project, given: str, target: Path) -> None:
    """Refuse a place where a report would destroy something, or make a phase stale.

    Raises:
        InvalidCommand: in these cases.
    """
    from ..views.report.page import MARK, is_report

    if not given:
        raise InvalidCommand("the file has an empty name; name one: -o report.html")
    if given.endswith("/") or target.is_dir():
        raise InvalidCommand(f"{given} is a folder; name a file in it: -o {given.rstrip('/')}/report.html")
    if not target.parent.is_dir():
        raise InvalidCommand(f"{given}: there is no folder {os.path.dirname(given)}; make it first")
    path = os.path.relpath(target.parent.resolve() / target.name, project.root.resolve())
    claim = _claim(project.plan, path)
    if claim:
        raise InvalidCommand(f"{given} {claim}; name another file, or none for {PLACE}")
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise InvalidCommand(f"{given} is no file; for standard output say -o {STDOUT}")
        with target.open("rb") as file:
            beginning = file.read(len(MARK)).decode("utf-8", "replace")
        if not is_report(beginning):
            raise InvalidCommand(f"{given} is there and is no report; name another file, or remove it first")


def _claim(plan: Plan, path: str) -> str | None:
    """What a path of the project is to the plan, so that no report may be there; None where it is nothing."""
    parts = list(lineage(path))
    if parts[-1] in OWN and path != PLACE:
        return f"lies where phasegate keeps its state, where a report has the name {PLACE}"
    if parts[-1] in KEPT:
        return "is a part of what makes this folder a project"
    for part in parts:
        if part in plan.makers:
            return f"is an output of {plan.makers[part]}, or lies in one"
    inputs = {(given.path, phase.name) for phase in plan for work in phase.works for given in work.inputs}
    for pattern, phase in sorted(inputs):
        if glob_expression(pattern).match(path) if is_glob(pattern) else pattern in parts:
            return f"is an input of {phase}, or lies in one"
    return None


def _replace(target: Path, page: bytes) -> None:
    """Write a file, whole or not at all."""
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        new.write_bytes(page)
        new.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise InvalidCommand(f"{target}: {error.strerror}; name another place with -o") from None
