"""What works of an earlier plan made, nobody makes any more, and a work reads: a matrix lost a value, and its file
still counts in the total. Whether that is right only people can say, so it is told and nothing is done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..config.outputs import Outputs
from ..plan import Plan
from ..state.records import OUTPUTS, VALUES, Record

SHOWN = 3
"""Files that a note names."""


def notes_of_orphans(plan: Plan, records: Mapping[str, Record], exists: Callable[[str], bool]) -> list[str]:
    """A note for each phase that reads such files.

    Args:
        records: of all tasks, also of those that are in the plan no more.
    """
    former = {path for record in records.values() for path in record.get(VALUES, {}).get(OUTPUTS, ())}
    left = sorted(path for path in former if path not in plan.makers and exists(path))
    if not left:
        return []
    made = _index(plan.makers)
    orphans = _index(path for path in left if not made.makers_of(path))
    found = {
        phase.name: sorted(
            {orphan.path for work in phase.works for g in work.inputs for orphan in orphans.met_by(g.path)}
        )
        for phase in plan
    }
    return [_note(reader, paths) for reader, paths in found.items() if paths]


def _index(paths: Iterable[str]) -> Outputs:
    """Of paths alone: who makes them does not matter here."""
    index = Outputs()
    for path in paths:
        index.add(path, phase=path, task=path)
    return index


def _note(reader: str, paths: list[str]) -> str:
    named = ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")
    return f"{reader} reads {named}, which nobody makes any more; remove what should not be read"
