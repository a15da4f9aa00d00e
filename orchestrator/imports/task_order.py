"""In which order the tasks of a Taskfile come: what calls say, and what files say. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .model import Draft, Notes, unique
from .settle import index_of, makers_of


@dataclass(frozen=True, slots=True)
class Sequence:
    """Phases that one phase calls one after another."""

    called: list[str]
    caller: str
    place: str


def in_sequence(drafts: Mapping[str, Draft], sequences: Iterable[Sequence], notes: Notes) -> None:
    """Of tasks that are called one after another let each come after the one before, with all that it needs itself,
    where nothing speaks against it."""
    graph = _needs(drafts)
    for sequence in sequences:
        for before, after in itertools.pairwise(sequence.called):
            earlier = {before, *_above(graph, before)}
            if after in earlier:
                what = f"{before} is not run before {after}"
                notes.add(sequence.place, sequence.caller, what, f"{before} needs {after}")
                continue
            group = {after, *_above(graph, after)} - earlier
            first = [name for name in drafts if name in group and not _above(graph, name) & group]
            held = [name for name in first if before not in _above(graph, name)]
            for name in held:
                drafts[name].needs.append(before)
                graph[name].append(before)
            if held:
                why = f"{sequence.caller} calls them in this order"
                remedy = f"take {before} out of the needs of {', '.join(held)} where that should run alone"
                notes.add(sequence.place, after, f"comes after {before}", why, remedy)


def tell_implied(drafts: Mapping[str, Draft], notes: Notes) -> None:
    """Tell of phases that come after others because of files alone, of which a Taskfile knows nothing."""
    outputs = index_of(list(drafts.values()))
    written = {name: list(draft.needs) for name, draft in drafts.items()}
    for name, draft in drafts.items():
        known = _above(written, name)
        for path in draft.inputs:
            for maker in makers_of(draft, path, outputs):
                if maker not in known:
                    known.add(maker)
                    why = f"{path} takes in what that makes, or may do so"
                    notes.add(draft.place, name, f"comes after {maker}", why, "name what it reads more narrowly")


def _needs(drafts: Mapping[str, Draft]) -> dict[str, list[str]]:
    """For each phase those that it names, and those whose outputs it reads."""
    outputs = index_of(list(drafts.values()))
    return {
        name: unique([*draft.needs, *(maker for path in draft.inputs for maker in makers_of(draft, path, outputs))])
        for name, draft in drafts.items()
    }


def _above(graph: Mapping[str, list[str]], name: str) -> set[str]:
    """All phases that come before one."""
    seen: set[str] = set()
    rest = [name]
    while rest:
        for need in graph[rest.pop()]:
            if need not in seen:
                seen.add(need)
                rest.append(need)
    return seen
