"""Who said yes or no to what, as a report tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...plan import Phase
from ...state.journal import Entry, Event
from ...state.votes import POLICY, Vote
from .links import web

WORDS = {
    Event.APPROVED: "approved",
    Event.REJECTED: "rejected",
    Event.WAIVED: "waived",
    Event.REVOKED: "took back",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote as it was given."""

    phase: str
    at: float
    what: str
    """`approved`, `rejected`, `waived`, `took back`."""
    by: str
    role: str
    """The name on the rule's list that lets them vote, where it is another one, as that of a team."""
    source: str
    """Where the name comes from: `login`, `git user.email`, the link of a comment."""
    channel: str
    """`command line`, `policy`; empty for what was taken back."""
    reason: str
    criterion: str
    """What was waived."""
    digest: str
    link: str | None
    """Where it was given, if that is on the web."""
    standing: str
    """`counts`; else why it does not: `for another digest`, `expired`, `ended`. Empty for what was taken back."""

    @property
    def by_policy(self) -> bool:
        """Nobody was asked."""
        return self.channel == POLICY


def casts(
    phases: Mapping[str, Phase],
    entries: Iterable[Entry],
    votes: Mapping[str, Iterable[Vote]],
    digests: Mapping[str, str | None],
    now: float,
) -> list[Cast]:
    """Every vote on these phases that the journal tells of, oldest first.

    Args:
        votes: those that were not taken back.
        digests: of each phase what its gate was last judged with.
    """
    kept = {_key(vote.phase, vote.digest, vote.by, vote.criterion): vote for found in votes.values() for vote in found}
    said = [entry for entry in entries if entry.event in WORDS and entry.phase in phases and "digest" in entry.data]
    newest = {_key_of(entry): entry.seq for entry in said}
    found = []
    for entry in said:
        data, phase = entry.data, entry.phase or ""
        vote = kept.get(_key_of(entry)) if newest[_key_of(entry)] == entry.seq else None
        found.append(
            Cast(
                phase=phase,
                at=entry.at,
                what=WORDS[entry.event],
                by=str(data.get("by", "")),
                role=str(data.get("role", "")),
                source=str(data.get("source", "")),
                channel=str(data.get("channel", "")),
                reason=str(data.get("reason", "")),
                criterion=str(data.get("criterion", "")),
                digest=str(data["digest"]),
                link=next((link for key in ("link", "source") if (link := web(str(data.get(key, ""))))), None),
                standing=""
                if entry.event is Event.REVOKED
                else _standing(phases[phase], vote, digests.get(phase), now),
            )
        )
    return found


def _standing(phase: Phase, vote: Vote | None, digest: str | None, now: float) -> str:
    if vote is None:
        return "ended"
    if vote.digest != digest:
        return "for another digest"
    rule = phase.rule
    ends = [vote.until, None if rule.expires is None or vote.channel == POLICY else vote.at + rule.expires]
    return "expired" if any(end is not None and end <= now for end in ends) else "counts"


def _key_of(entry: Entry) -> tuple[str, ...]:
    data = entry.data
    return _key(entry.phase or "", data["digest"], data.get("by", ""), data.get("criterion", ""))


def _key(*parts: str) -> tuple[str, ...]:
    return parts
