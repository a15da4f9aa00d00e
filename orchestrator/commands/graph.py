"""`doit graph`: the plan as a picture, with the state of each phase. Reads only, also while a run is going on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from ..project import Project
from ..standing import stand
from ..views.graph.dot import dot
from ..views.graph.mermaid import mermaid
from ..views.graph.model import Node, graph_data, nodes_of
from ..views.graph.svg import BEGINNING, svg
from .common import OPT_JSON, PlanCommand
from .destination import STDOUT, Product, write
from .selection import named

FORMATS: dict[str, Callable[[Sequence[Node]], str]] = {
    "mermaid": mermaid,
    "dot": dot,
    "svg": lambda nodes: svg(nodes) + "\n",
}
GRAPH = Product("graph", "graph.svg", ("flowchart TD\n", "digraph plan {\n", BEGINNING, '{\n  "plan": '))
SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot"}

OPT_FORMAT = {
    "name": "format",
    "long": "format",
    "type": str,
    "default": "",
    "help": "mermaid (for Markdown on GitHub), dot (for Graphviz) or svg; else by the name of FILE, else mermaid",
}
OPT_OUTPUT = {
    "name": "output",
    "short": "o",
    "long": "output",
    "type": str,
    "default": STDOUT,
    "help": f"write it to FILE, {STDOUT} for standard output; an older graph there is replaced, nothing else is",
}


class Graph(PlanCommand):
    """The command `graph`."""

    name = "graph"
    doc_purpose = "draw the plan with the state of each phase"
    doc_usage = "[PHASE ...] [--format mermaid|dot|svg] [-o FILE]"
    doc_description = "With phases: these and all that they need. Pictures leave out what follows from other needs."
    cmd_options = (OPT_FORMAT, OPT_OUTPUT, OPT_JSON)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if params["json"] and params["format"]:
            raise InvalidCommand("--json and --format are two forms; choose one of them")
        wanted = params["format"] or SUFFIXES.get(Path(params["output"]).suffix.lower(), "mermaid")
        if wanted not in FORMATS:
            raise InvalidCommand(f"--format {wanted!r} is not one of {', '.join(FORMATS)}; for data there is --json")
        plan = project.plan
        chosen = plan.closure(plan.phases_of(named(plan, args, project.root)) or plan.phases)
        with project.look.one_instant():
            nodes = nodes_of(stand(chosen, project.look).values(), project.masker.text)
        data = json.dumps(graph_data(plan.name, nodes), indent=2, allow_nan=False) + "\n" if params["json"] else ""
        text = data or FORMATS[wanted](nodes)
        if params["output"] == STDOUT:
            self.outstream.write(text)
        else:
            write(project, params["output"], GRAPH, text.encode())
        return 0
