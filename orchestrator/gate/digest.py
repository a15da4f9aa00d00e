"""The digest: what an approval says yes to. Any byte, bound, rule or measured value that changes makes it another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..plan import Phase
from ..state.files import State
from ..state.records import VALUES, Record

if TYPE_CHECKING:
    from criteria import Verdict

SHORT = 7
"""How much of a digest people are shown and may type, as with git."""


def gate_digest(
    outputs: Mapping[str, State], definition: Mapping[str, Any], verdicts: Iterable[Verdict], attempts: Iterable[int]
) -> str:
    """64 hex digits over outputs, criteria and rule, and the verdicts' values.

    Args:
        outputs: the state of each output.
        definition: criteria and approval rule (`Phase.gate_definition`).
        attempts: numbers of the attempts that stand in for the outputs of a phase that has none.
    """
    parts = {
        "outputs": outputs,
        "gate": definition,
        "values": [[verdict.name, verdict.value] for verdict in verdicts],
        "attempts": [] if outputs else list(attempts),
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()


def attempts_of(phase: Phase, record: Callable[[str], Record | None]) -> list[int]:
    """The number of the attempt behind each work's record, 0 for a work that has none."""
    return [(record(work.task) or {}).get(VALUES, {}).get("attempt", 0) for work in phase.works]
