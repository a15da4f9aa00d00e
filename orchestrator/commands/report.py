"""`doit report`: the whole plan as one HTML file. Reads only, but for that file; also while a run is going on."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from criteria.sizes import show as show_size

from ..project import Project
from ..views.report import MARK
from .common import PlanCommand
from .destination import STDOUT, Product, destination, write

REPORT = Product("report", "report.html", (MARK,), (".html", ".htm"))

OPT_OUTPUT = {
    "name": "output",
    "short": "o",
    "long": "output",
    "type": str,
    "default": REPORT.own_place,
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
        page = _made(project, destination(project, given, REPORT).parent)
        target = write(project, given, REPORT, page)
        self.outstream.write(f"{given} ({show_size(len(page))}): {(target.parent.resolve() / target.name).as_uri()}\n")
        return 0


def _made(project: Project, place: Path) -> bytes:
    """The report, with links that are right in this folder."""
    from ..views.graph.layout import TooLarge
    from ..views.graph.model import nodes_of
    from ..views.graph.svg import svg
    from ..views.report.data import report_of
    from ..views.report.facts import facts_of
    from ..views.report.links import anchor
    from ..views.report.page import page

    facts = facts_of(project, time.time())
    graph, why = "", ""
    try:
        graph = svg(nodes_of(facts.standings.values(), facts.mask), link=f"#{anchor('')}", embedded=True)
    except TooLarge as error:
        why = str(error)
    return page(report_of(facts, place.resolve()), graph, why).encode()
