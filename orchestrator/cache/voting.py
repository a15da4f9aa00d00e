"""Votes on a digest that stand in the shared cache: taken through the same checks as those from GitHub."""

from __future__ import annotations

from collections.abc import Callable

from criteria.words import one_line

from ..clock import now
from ..gate.casting import revoke
from ..gate.judgement import GateState, Judgement
from ..gate.people import Person
from ..plan import Phase
from ..reasons import Evidence
from ..state.journal import Event
from ..state.state import State
from ..state.votes import POLICY, Answer, Vote
from ..voting import Ballot, Refused, approve, entitle, last_judged, reject, waive
from .ballots import CHANNEL, Said, shared, standing
from .cache import Cache

LONGEST = 500
"""Characters of a reason."""


class SharedVotes:
    """Takes what people said elsewhere, and tells others what they said here."""

    def __init__(
        self,
        cache: Cache,
        state: State,
        look: Evidence,
        tell: Callable[[str], None],
        clock: Callable[[], float] = now,
    ) -> None:
        self._cache = cache
        self._state = state
        self._look = look
        self._tell = tell
        self._clock = clock
        self._refused: dict[str, bool] = {}
        """Why votes were not taken, and whether people know."""

    def take(self, judgement: Judgement) -> bool:
        """Take the votes on what was judged, recorded a moment ago; does that change what stands?"""
        phase, digest = judgement.phase, judgement.digest
        said, revoked = standing(self._cache.votes(phase.name, digest))
        if not said and revoked is None:
            return False
        with self._state.database.transaction():
            ended = self._ended(phase, digest)
            changed = revoked is not None and revoked.at > ended and self._take_back(phase, revoked)
            for one in said:
                if one.at > ended and self._counts(one, judgement):
                    changed = self._cast(phase, one) or changed
        for why in [why for why, told in self._refused.items() if not told]:
            self._refused[why] = True
            self._tell(f"a vote in the cache is not taken: {why}")
        return changed

    def tell_others(self, judgement: Judgement) -> None:
        """Put the votes there on which a judgement rests."""
        self._cache.tell_others(shared(judgement.votes, judgement.digest))

    def _ended(self, phase: Phase, digest: str) -> float:
        """Until when what was said was ended here: by `doit forget`, or by `doit revoke`."""
        ends = [
            entry.at
            for entry in self._state.journal.of(phase.name)
            if (entry.event is Event.FORGOTTEN and entry.task == phase.name)
            or (entry.event is Event.REVOKED and entry.data["digest"] == digest)
        ]
        return max(ends, default=0.0)

    def _counts(self, said: Said, judgement: Judgement) -> bool:
        """Would it change anything? What is open already needs no approval, and is shut by a rejection."""
        if judgement.state is GateState.OPEN and said.answer != Answer.REJECT.value:
            return False
        same = (vote for vote in judgement.votes if vote.digest == said.digest and vote.criterion == said.criterion)
        return all(vote.by.lower() != said.by.lower() or vote.at < said.at for vote in same)

    def _cast(self, phase: Phase, said: Said) -> bool:
        person = Person(one_line(said.by), one_line(said.source), said.role)
        try:
            judged = last_judged(self._state, phase, self._look)
            entitle(self._state, phase, judged, person)
        except Refused as refused:
            self._refused.setdefault(str(refused), False)
            return False
        reason, at = one_line(self._look.mask(said.reason), LONGEST), min(said.at, self._clock())
        ballot = Ballot(phase, judged, person, CHANNEL, reason, at)
        try:
            if said.answer == Answer.APPROVE.value:
                approve(self._state, ballot)
            elif said.answer == Answer.REJECT.value:
                reject(self._state, ballot)
            else:
                waive(self._state, ballot, said.criterion, said.until)
        except Refused:  # it would do nothing
            return False
        return True

    def _take_back(self, phase: Phase, revoked: Said) -> bool:
        votes = [vote for vote in self._state.votes.of(phase.name) if _is_ended(vote, revoked)]
        if votes:
            by, source, reason = map(one_line, (revoked.by, revoked.source, self._look.mask(revoked.reason)))
            revoke(self._state, votes, phase.name, revoked.digest, by, source, reason)
        return bool(votes)


def _is_ended(vote: Vote, revoked: Said) -> bool:
    return vote.digest == revoked.digest and vote.channel != POLICY and vote.at <= revoked.at
