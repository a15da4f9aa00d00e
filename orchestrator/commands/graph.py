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
from ..views.graph.layout import TooLarge
from ..views.graph.mermaid import mermaid
from ..views.graph.model import Node, graph_data, nodes_of
from ..views.graph.svg import BEGINNING, svg
from .common import OPT_JSON, PlanCommand
from .destination import STDOUT, Product, destination, write
from .selection import named

FORMATS: dict[str, Callable[[Sequence[Node]], str]] = {
    "mermaid": mermaid,
    "dot": dot,
    "svg": lambda nodes: svg(nodes) + "\n",
}
JSON = "JSON"
ENDINGS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".md": "mermaid", ".mmd": "mermaid", ".json": JSON, ".txt": ""}
"""What the ending of a name says of the form; `.txt` says nothing."""
GRAPH = Product(
    "graph", "graph.svg", ("flowchart TD\n", "digraph plan {\n", BEGINNING, '{\n  "plan": '), tuple(ENDINGS)
)

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
        if params["format"] and params["format"] not in FORMATS:
            wrong = params["format"]
            raise InvalidCommand(f"--format {wrong!r} is not one of {', '.join(FORMATS)}; for data there is --json")
        if params["output"] != STDOUT:
            destination(project, params["output"], GRAPH)
        form = _form(params["output"], JSON if params["json"] else params["format"])
        plan = project.plan
        chosen = plan.closure(plan.phases_of(named(plan, args, project.root)) or plan.phases)
        with project.look.one_instant(chosen):
            nodes = nodes_of(stand(chosen, project.look).values(), project.masker.text)
        try:
            if form == JSON:
                text = json.dumps(graph_data(plan.name, nodes), indent=2, allow_nan=False) + "\n"
            else:
                text = FORMATS[form](nodes)
        except TooLarge as error:
            raise InvalidCommand(
                f"that is {error}; name phases to draw them with what they need, or take --format dot for Graphviz,"
                " or --json for programs"
            ) from None
        if params["output"] == STDOUT:
            self.outstream.write(text)
        else:
            write(project, params["output"], GRAPH, text.encode())
        return 0


def _form(output: str, said: str) -> str:
    """The form of the graph: what an option says, or the name of the file.

    Raises:
        InvalidCommand: the two say different things.
    """
    ending = Path(output).suffix.lower()
    named_so = ENDINGS.get(ending, "")
    if said and named_so and said != named_so:
        option = "--json" if said == JSON else "--format"
        fitting = next(end for end, form in ENDINGS.items() if form == said)
        what = f"{output} would hold {named_so}, and {option} says {said}"
        raise InvalidCommand(f"{what}; leave {option} out, or name a file with {fitting}")
    return said or named_so or "mermaid"
