"""The graph in DOT, the language of Graphviz. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..palette import STATES
from .model import Node, reduced


def dot(nodes: Sequence[Node]) -> str:
    """A directed graph, without the needs that follow from others. Nodes have the names of the phases, and their state
    as class, which Graphviz writes into an SVG."""
    nodes = reduced(nodes)
    lines = [
        "digraph plan {",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    for node in nodes:
        pair = STATES[node.state].light
        label = "\\n".join(_label(line) for line in node.lines())
        looks = f'color="{pair.text}", fontcolor="{pair.text}", fillcolor="{pair.back}"'
        lines.append(f'  {_id(node.name)} [label="{label}", class="{node.state.value}", {looks}];')
    lines += [f"  {_id(need)} -> {_id(node.name)};" for node in nodes for need in node.needs]
    return "\n".join([*lines, "}"]) + "\n"


def _id(name: str) -> str:
    """A quoted string: a quote is all that has to be escaped, and a backslash in front of one."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(line: str) -> str:
    """In a label a backslash begins an escape, and an ampersand an entity of HTML."""
    return line.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
