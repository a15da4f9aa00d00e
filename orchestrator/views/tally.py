"""How the verdicts on a gate are counted, the same in every view. Pure.

Only what passes is said to hold: a value that a person has to decide on does not, and neither does a criterion that
only warns, or that somebody waived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .words import plural


@dataclass(frozen=True, slots=True)
class Tally:
    """The verdicts on one gate, counted."""

    held: int
    of: int
    others: tuple[str, ...]
    """What is to be said of those that do not hold and shut nothing: `1 warning`, `1 waived by ada`."""

    @property
    def sentence(self) -> str:
        """`2 of 2 criteria hold`; `0 of 2 criteria hold, 1 for a person to decide, 1 warning`."""
        holds = "holds" if 1 in (self.held, self.of) else "hold"
        return ", ".join((f"{self.held} of {plural(self.of, 'criterion', 'criteria')} {holds}", *self.others))


def tally(verdicts: Sequence[Mapping[str, Any]], *, decided: bool) -> Tally:
    """Count the verdicts of `status_data`.

    Args:
        decided: the gate is open, so that a person has said yes to what people decide.
    """
    results = Counter(verdict["result"] for verdict in verdicts)
    waived = Counter(verdict["waived_by"] for verdict in verdicts if verdict["waived_by"] is not None)
    warnings = results["warn"] - waived.total()
    others = [f"{count} waived by {person}" for person, count in waived.items()]
    if warnings:
        others.insert(0, plural(warnings, "warning"))
    if results["review"]:
        others.insert(0, f"{results['review']} {'decided by a person' if decided else 'for a person to decide'}")
    return Tally(results["pass"], len(verdicts), tuple(others))


def tally_of(phase: Mapping[str, Any]) -> Tally:
    """The verdicts of a phase of `status_data`, counted."""
    return tally(phase["verdicts"], decided=phase["state"] == "done")
