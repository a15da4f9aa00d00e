"""The digest: what an approval says yes to. Any byte, bound, rule or measured value that changes makes it another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from ..plan import Phase, canonical
from ..state.files import State
from ..state.records import ATTEMPT, VALUES, Record

SHORT = 7
"""How much of a digest people are shown and may type, as with git."""


def gate_digest(
    states: Mapping[str, State], gate_text: str, values: Iterable[tuple[str, object]], attempts: Iterable[str]
) -> str:
    """64 hex digits over all that a gate reads, criteria and rule, and the verdicts' values.

    Args:
        states: the state of each output, and of each other file that a criterion reads.
        gate_text: criteria and approval rule (`Phase.gate_text`).
        values: what each criterion measured, by its name.
        attempts: what `attempts_of` says.
    """
    parts = {
        "states": states,
        "gate": gate_text,
        "values": [list(value) for value in values],
        "attempts": list(attempts),
    }
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def attempts_of(phase: Phase, record: Callable[[str], Record | None]) -> list[str]:
    """What stands in for the outputs of a phase that has none: the id of the attempt behind each work's record, nothing
    for a work that has no record. No two clones have the same id for two attempts: a vote on one is none on another."""
    if phase.outputs:
        return []
    return [(record(work.task) or {}).get(VALUES, {}).get(ATTEMPT, "") for work in phase.works]
