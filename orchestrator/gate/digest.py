"""The digest: what an approval says yes to. Any byte, bound, rule or measured value that changes makes it another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from criteria import Verdict

from ..state.files import State

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
