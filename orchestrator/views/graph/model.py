"""What a picture of the plan shows: a node a phase, with its state and the phases that it needs. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from criteria.words import one_line

from ...plan import title_of
from ...standing import PhaseState, Standing

_UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""What would turn the text around it to the other direction, and what no XML document may hold."""


@dataclass(frozen=True, slots=True)
class Node:
    """One phase."""

    name: str
    title: str
    state: PhaseState
    needs: tuple[str, ...]
    """The phases that it needs, of those in the same graph."""

    def lines(self, most: int = 60) -> tuple[str, ...]:
        """What is written in its box: its title, if it has one, then its name and its state, which no picture tells by
        colour alone. One printable line each, and not yet escaped.

        Args:
            most: columns that a title or a name may take; the whole of it stands in the JSON.
        """
        state = f"{shown(self.name, most)}: {self.state.value}"
        return (state,) if self.title == self.name else (shown(self.title, most), state)


def nodes_of(standings: Iterable[Standing], mask: Callable[[str], str]) -> list[Node]:
    """A node for each of these phases, in their order: each after the ones that it needs.

    Args:
        mask: takes out what is secret.
    """
    standings = list(standings)
    there = {standing.phase.name for standing in standings}
    return [
        Node(phase.name, title_of(phase, mask), standing.state, tuple(need for need in phase.needs if need in there))
        for standing in standings
        for phase in (standing.phase,)
    ]


def among(nodes: Sequence[Node], names: Collection[str]) -> list[Node]:
    """The part of a graph that has these names."""
    return [
        replace(node, needs=tuple(need for need in node.needs if need in names)) for node in nodes if node.name in names
    ]


def reduced(nodes: Sequence[Node]) -> list[Node]:
    """The same graph without the needs that follow from others (its transitive reduction): what a picture needs.

    Args:
        nodes: each after the ones that it needs.
    """
    place = {node.name: 1 << index for index, node in enumerate(nodes)}
    above: dict[str, int] = {}  # everything that a node needs, directly or not, as bits
    found = []
    for node in nodes:
        implied = 0
        for need in node.needs:
            implied |= above[need]
        above[node.name] = implied
        for need in node.needs:
            above[node.name] |= place[need]
        found.append(replace(node, needs=tuple(need for need in node.needs if not place[need] & implied)))
    return found


def graph_data(plan: str, nodes: Iterable[Node]) -> dict[str, Any]:
    """The graph in JSON's types (docs/json.md)."""
    phases = [{"phase": n.name, "title": n.title, "state": n.state.value, "needs": list(n.needs)} for n in nodes]
    return {"plan": plan, "phases": phases}


def shown(text: str, most: int) -> str:
    """A text as one line of at most so many columns, with nothing in it that a drawing trips over."""
    line = " ".join(_UNSEEN.sub("", one_line(text)).split())
    if columns(line) <= most:
        return line
    line = line[:most]
    while columns(line) >= most:
        line = line[:-1]
    return f"{line}…"


def columns(text: str) -> int:
    """How many columns of a letter's width a text takes: Chinese, Japanese and Korean take two for each sign."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
