"""Casting a vote: recorded among those that stand, and in the journal."""

from __future__ import annotations

from typing import Any

from ..state.journal import Event
from ..state.state import State
from ..state.votes import Answer, Vote

EVENTS = {Answer.APPROVE: Event.APPROVED, Answer.REJECT: Event.REJECTED, Answer.WAIVE: Event.WAIVED}


def cast(state: State, vote: Vote) -> None:
    """Record a vote, durably when the transaction around it ends."""
    told: dict[str, Any] = {"by": vote.by, "source": vote.source, "channel": vote.channel, "reason": vote.reason}
    if vote.role:
        told["role"] = vote.role
    if vote.answer is Answer.WAIVE:
        told |= {"criterion": vote.criterion, "until": vote.until}
    with state.database.transaction():
        state.votes.add(vote)
        state.journal.append(EVENTS[vote.answer], vote.phase, digest=vote.digest, **told)


def revoke(state: State, votes: list[Vote], phase: str, digest: str, by: str, source: str, reason: str) -> None:
    """End these votes on a phase, and say so."""
    with state.database.transaction():
        state.votes.end(votes)
        state.journal.append(
            Event.REVOKED,
            phase,
            digest=digest,
            by=by,
            source=source,
            reason=reason,
            votes=[{"by": vote.by, "answer": vote.answer.value, "criterion": vote.criterion} for vote in votes],
        )
