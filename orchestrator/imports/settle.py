"""What phases may not say together is taken out of them, with a note: paths that no phase may name, outputs with two
makers, phases that read what they make, and cycles. The rules are those of the configuration itself."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Sequence

from ..config.matrix import combinations, fill_text
from ..config.order import dependency_order
from ..config.outputs import Outputs
from ..config.paths import KEPT, fixed_part, is_glob, normal
from .model import Around, Draft, Notes, unique

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def project_path(path: str, folder: str) -> str:
    """A path that was relative to a folder, relative to the project.

    Raises:
        ValueError: no phase may name it; the text says why.
    """
    if _URL.match(path):
        raise ValueError(f"{path!r} is not a file of the project")
    return normal(path if path.startswith(("/", "~")) else posixpath.normpath(posixpath.join(folder, path)))


def settle(drafts: Sequence[Draft], around: Around, notes: Notes) -> None:
    """Change what the configuration would refuse."""
    awake = [draft for draft in drafts if not draft.asleep]
    outputs = Outputs()
    for draft in awake:
        draft.outputs = list(_own(draft, outputs, notes))
    for draft in awake:
        draft.inputs = unique(_readable(draft, outputs, around, notes))
    names = {draft.name for draft in awake}
    for draft in awake:
        draft.needs = unique(need for need in draft.needs if need in names and need != draft.name)
    _break_cycles(awake, outputs, notes)


def index_of(drafts: Sequence[Draft]) -> Outputs:
    """Who makes what, as it is written so far."""
    outputs = Outputs()
    for draft in drafts:
        for path in [] if draft.asleep else draft.outputs:
            for index, combination in enumerate(combinations(draft.matrix)):
                outputs.add(fill_text(path, combination), draft.name, f"{draft.name}:run:{index}")
    return outputs


def makers_of(draft: Draft, path: str, outputs: Outputs) -> list[str]:
    """The phases that make what a phase names by this path."""
    found = (outputs.makers_of(fill_text(path, combination)) for combination in combinations(draft.matrix))
    return unique(maker for makers in found for maker in makers)


def _own(draft: Draft, outputs: Outputs, notes: Notes) -> Iterator[str]:
    for path in unique(draft.outputs):
        if path.split("/", 1)[0] in KEPT:
            why = "it belongs to the project itself, and `doit clean` must not delete it"
            notes.add(draft.place, draft.name, f"output {path} is left out", why, "let it be written to a folder")
            continue
        if is_glob(path):
            why = "an output is a file or a folder, and no pattern"
            notes.add(draft.place, draft.name, f"output {path} is left out", why, "name the files, or their folder")
            continue
        clash = None
        for index, combination in enumerate(combinations(draft.matrix)):
            task = f"{draft.name}:run:{index}"
            clash = clash or outputs.add(fill_text(path, combination), draft.name, task)
        if clash is None:
            yield path
        elif clash.phase != draft.name:
            why = f"{clash.phase} makes {clash.path}, and an output has one maker"
            notes.add(draft.place, draft.name, f"output {path} is left out", why, "give each its own")
        elif draft.matrix:
            why = "every combination of the matrix would make it"
            notes.add(draft.place, draft.name, f"output {path} is left out", why, "put the axes into its name")


def _readable(draft: Draft, outputs: Outputs, around: Around, notes: Notes) -> Iterator[str]:
    for path in unique(draft.inputs):
        if draft.name not in makers_of(draft, path, outputs):
            yield path
            continue
        narrow = [part for part in _narrowed(path, around) if draft.name not in makers_of(draft, part, outputs)]
        what = f"input {path} is left out" if not narrow else f"input {path} is narrowed to {', '.join(narrow)}"
        why = "it takes in what the phase itself makes, which would run it again each time"
        notes.add(
            draft.place, draft.name, what, why, "name what it reads" if not narrow else "see that nothing is missing"
        )
        yield from narrow


def _narrowed(path: str, around: Around) -> list[str]:
    """A glob, or a folder, as the globs that match what it holds now, one for each folder at its top."""
    pattern = path if is_glob(path) else f"{path}/**"
    above = fixed_part(pattern)
    start = f"{above}/" if above else ""
    rest = pattern[len(start) :]
    if not rest.startswith("**"):
        return [match for match in around.matches(pattern) if match != path]
    last = rest.removeprefix("**").removeprefix("/") or "*"
    found: list[str] = []
    for match in around.matches(pattern):
        inside = match[len(start) :] if match.startswith(start) else ""
        if not inside:
            continue
        folder, slash, _ = inside.partition("/")
        deeper = f"**/{last}" if last != "*" else "**"
        found.append(f"{start}{folder}/{deeper}" if slash else f"{start}{last if last != '*' else inside}")
    return unique(found)


def _break_cycles(drafts: Sequence[Draft], outputs: Outputs, notes: Notes) -> None:
    """Files that imply an order against the one that was written are no inputs; then needs go, the last one first."""
    by_name = {draft.name: draft for draft in drafts}

    def implied(draft: Draft) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in draft.inputs:
            for maker in makers_of(draft, path, outputs):
                found.setdefault(maker, []).append(path)
        return found

    while True:
        graph = {draft.name: unique([*draft.needs, *implied(draft)]) for draft in drafts}
        _, cycles = dependency_order(graph)
        if not cycles:
            return
        cycle = cycles[0]
        for name, need in itertools.pairwise(cycle):
            draft = by_name[name]
            if need not in draft.needs:
                for path in implied(draft)[need]:
                    draft.inputs.remove(path)
                    why = f"{need} makes it, and {need} comes after {name}"
                    notes.add(draft.place, name, f"input {path} is left out", why, "name what it reads more narrowly")
                break
        else:
            name, need = cycle[-2], cycle[-1]
            by_name[name].needs.remove(need)
            why = f"they would need each other: {' → '.join(cycle)}"
            notes.add(by_name[name].place, name, f"{need} does not come before it", why, "take a link out")
