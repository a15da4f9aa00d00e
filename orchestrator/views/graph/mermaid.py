"""The graph as Mermaid text, which GitHub draws wherever Markdown is. Pure.

Names and titles are anybody's: whatever is no letter, digit or space is written as an entity code (`#35;`), so that
nothing in a label is syntax, HTML, a link or a mention. The ids of nodes are ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...standing import PhaseState
from ..palette import STATES
from .model import Node, among, reduced

MOST_UNITS = 50_000
"""UTF-16 units: the length of the longest text that Mermaid draws (its `maxTextSize`, which GitHub leaves as it is)."""
MOST_EDGES = 500
"""Its `maxEdges`."""

NOTHING_SEEN = "\u200b"
"""Stands where `\\n`, `$$` or `fa:fa-ban` would be a line, a formula or an icon even as entities (Mermaid 11)."""


def mermaid(nodes: Sequence[Node]) -> str:
    """A flowchart, without the needs that follow from others. Light colours with their own text: they can be read on
    GitHub's dark page too, whose theme they do not know."""
    nodes = reduced(nodes)
    ids = {node.name: f"p{index}" for index, node in enumerate(nodes)}
    lines = ["flowchart TD"]
    for node in nodes:
        label = "<br/>".join(escaped(line) for line in node.lines())
        lines.append(f'  {ids[node.name]}["{label}"]:::{node.state.value}')
    lines += [f"  {' & '.join(ids[need] for need in node.needs)} --> {ids[node.name]}" for node in nodes if node.needs]
    for state in PhaseState:
        pair = STATES[state].light
        if any(node.state is state for node in nodes):
            lines.append(f"  classDef {state.value} fill:{pair.back},stroke:{pair.text},color:{pair.text}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A graph that GitHub draws."""

    text: str
    left_out: int
    """How many phases are not in it; all of them are done."""


def drawable(nodes: Sequence[Node]) -> Drawn | None:
    """The graph within what GitHub draws: all of it, else what is not done, else None."""
    undone = {node.name for node in nodes if node.state is not PhaseState.DONE}
    for part in (nodes, among(nodes, undone)):
        text = mermaid(part)
        if part and fits(part, text):
            return Drawn(text, len(nodes) - len(part))
    return None


def fits(nodes: Sequence[Node], text: str) -> bool:
    """Does GitHub draw these nodes, of which this is the text?"""
    edges = sum(len(node.needs) for node in reduced(nodes))
    return edges <= MOST_EDGES and len(text.encode("utf-16-le")) // 2 <= MOST_UNITS


def escaped(text: str) -> str:
    """A line of a label, with nothing in it that Mermaid, Markdown or HTML could take for its own."""
    apart = re.sub(r"(?<=[\\$:])(?=\S)", NOTHING_SEEN, text)
    return "".join(sign if sign == " " or sign.isalnum() else f"#{ord(sign)};" for sign in apart)
