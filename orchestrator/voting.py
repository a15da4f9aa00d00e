"""One person's say about one gate: the checks and the words that the command line and GitHub share.

Each function records a vote on exactly the digest that was judged and returns what to tell the person, or refuses what
would do nothing. Call them inside one transaction with the look that they rest on: of two people at the same instant
the second sees the first's vote.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from criteria.words import one_line

from .gate.approval import decide, waivers
from .gate.casting import cast, revoke
from .gate.digest import SHORT
from .gate.judge import HINDRANCE
from .gate.people import Person
from .plan import Phase, Plan
from .reasons import Evidence, is_present, work_reasons
from .state.journal import Entry, Event
from .state.state import State
from .state.votes import POLICY, Answer, Vote
from .triggers.model import Happening

PERSON = "a person"
"""In the place of the criteria that have to be reviewed."""


PAST = {Answer.APPROVE.value: "approved", Answer.REJECT.value: "rejected"}
"""What triggers are told of."""


class Refused(Exception):
    """A vote that is not taken; the text says why, and what to do."""


class OpenAlready(Refused):
    """An approval of a gate that is open; `why_needless` says more."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a person says, before it is known whether it counts."""

    phase: Phase
    judged: Entry
    """The newest look at the gate."""
    person: Person
    channel: str
    """`command line`, `github` or `cache`."""
    reason: str
    at: float
    """Seconds since 1970."""

    @property
    def digest(self) -> str:
        """What was judged."""
        return str(self.judged.data["digest"])

    @property
    def which(self) -> str:
        """`ab12cd3 of phase_3`."""
        return f"{self.digest[:SHORT]} of {self.phase.name}"

    def vote(self, answer: Answer) -> Vote:
        """This answer, as it is recorded."""
        person = self.person
        return Vote(
            self.phase.name,
            self.digest,
            person.name,
            self.channel,
            one_line(self.reason),
            self.at,
            answer,
            source=person.source,
            role=person.role,
        )


def last_judged(state: State, phase: Phase, look: Evidence) -> Entry:
    """The newest look at a gate, if what it saw is what is there.

    Raises:
        Refused: there was none, or something changed since.
    """
    judged = state.journal.newest(phase.name, phase.name, Event.JUDGED, Event.FORGOTTEN)
    if judged is None or judged.event is Event.FORGOTTEN:
        raise Refused(
            _running(phase, look)
            or f"{phase.name} was not judged yet, so there is nothing to vote on; run doit {phase.name}"
        )
    if not is_present(phase, judged, look):
        raise Refused(
            _running(phase, look)
            or f"{phase.name} changed since it was judged, so that is no longer there; run doit {phase.name} first"
        )
    return judged


def why_needless(phase: Phase, look: Evidence) -> str:
    """Why nobody has to approve a phase whose gate is open: what was judged is there, but its work may run again.

    To be asked outside a transaction: inputs may have to be read for it, and meanwhile a run could not write.
    """
    if running := _running(phase, look):
        return running
    changed = [reason.detail for work in phase.works for reason in work_reasons(work, look) if reason.kind != "always"]
    if changed:
        return f"{phase.name} changed since it was judged ({changed[0]}); run doit {phase.name} first"
    return f"the gate of {phase.name} is open already"


def _running(phase: Phase, look: Evidence) -> str | None:
    """That its work goes on; None where it does not."""
    if not any(look.running(work.task) for work in phase.works):
        return None
    return f"{phase.name} is running; its gate is judged when that ends"


def same_digest(phase: Phase, judged: Entry, given: str) -> None:
    """Hold the digest that a person named against the one that was judged.

    Raises:
        Refused: it is another one, or too short to be one.
    """
    digest = str(judged.data["digest"])
    if len(given) < SHORT or not digest.startswith(given.lower()):
        raise Refused(f"{phase.name} was judged with digest {digest[:SHORT]}, not {given!r}; look again")


def entitle(state: State, phase: Phase, judged: Entry, person: Person, also_known_as: Collection[str] = ()) -> None:
    """Hold a person against the phase's rule.

    Args:
        also_known_as: other names under which they may have started the run.

    Raises:
        Refused: the rule's list does not name them, or they made themselves what they vote on.
    """
    rule = phase.rule
    if rule.by and (person.role or person.name) not in rule.by:
        raise Refused(f"{person.name} may not vote on {phase.name}; its rule names {', '.join(rule.by)}")
    if rule.self_approval:
        return
    began = (Event.ATTEMPT_STARTED, Event.ATTEMPT_RESTORED)
    newest = [entry for work in phase.works if (entry := state.journal.newest(phase.name, work.task, *began))]
    runs = {judged.run, *(entry.run for entry in newest)}
    elsewhere = [name for entry in newest if "made" in entry.data for name in entry.data["made"]["by"]]
    starters = {name.lower() for name in (*elsewhere, *(n for run in runs for n in state.journal.starters(run)))}
    own = [name for name in (person.name, *also_known_as) if name.lower() in starters]
    if own:
        raise Refused(
            f"{own[0]} started the run that {phase.name} was made or judged in, and its rule has self_approval: false;"
            " somebody else must look at it"
        )


def approve(state: State, ballot: Ballot) -> str:
    """Open a gate that waits, or that was rejected."""
    ballot = _as_before(state, ballot)
    phase, judged, person = ballot.phase, ballot.judged, ballot.person
    votes = state.votes.of(phase.name)
    vote = ballot.vote(Answer.APPROVE)
    results = [verdict["result"] for verdict in judged.data["verdicts"]]
    if "fail" in results:
        raise Refused(
            f"the gate of {phase.name} is shut by its criteria; an approval would not open it, `doit waive` might"
        )
    # who was asked was asked, whatever this command would be told by the mode of the configuration
    rule = replace(phase.rule, manual=True) if judged.data["outcome"] == "waiting" else phase.rule
    review = [PERSON] if "review" in results else []
    before = decide(rule, review, votes, vote.digest, vote.at)
    if before.open and judged.data["outcome"] == "open":
        raise OpenAlready(f"the gate of {phase.name} is open already")
    if before.open or (before.rejected is None and person.name in before.by):
        who = person.name if person.name in before.by else ", ".join(before.by)
        raise Refused(f"{who} has approved {ballot.which} already; next: doit")
    cast(state, vote)
    missing = decide(rule, review, [*votes, vote], vote.digest, vote.at).missing
    then = f"{missing} more must approve" if missing else "next: doit"
    return f"{person.name} approved {ballot.which}; {then}"


def reject(state: State, ballot: Ballot) -> str:
    """Shut a gate, until its outputs change or an approval follows."""
    ballot = _as_before(state, ballot)
    phase = ballot.phase
    vote = ballot.vote(Answer.REJECT)
    rejected = decide(phase.rule, (), state.votes.of(phase.name), vote.digest, vote.at).rejected
    if rejected is not None:
        raise Refused(f"{rejected.by} has rejected {ballot.which} already")
    if ballot.judged.data["outcome"] == "failed":
        raise Refused(f"the gate of {phase.name} is shut by its criteria already")
    cast(state, vote)
    return f"{ballot.person.name} rejected {ballot.which}; other outputs, or an approval, end that"


def waive(state: State, ballot: Ballot, criterion: str, until: float | None) -> str:
    """Let one criterion of a gate not hold.

    Args:
        until: when that ends, in seconds since 1970; None where it lasts as long as the digest.
    """
    ballot = _as_before(state, ballot)
    phase, judged, person = ballot.phase, ballot.judged, ballot.person
    verdicts = [verdict for verdict in judged.data["verdicts"] if verdict["kind"] != HINDRANCE]
    results = {verdict["name"]: verdict["result"] for verdict in verdicts}
    if criterion not in results:
        known = ", ".join(results) or "none"
        raise Refused(f"{phase.name} has no criterion {criterion!r}; its criteria are: {known}")
    vote = replace(ballot.vote(Answer.WAIVE), criterion=criterion, until=until)
    votes = state.votes.of(phase.name)
    if criterion in waivers(phase.rule, votes, vote.digest, vote.at):
        raise Refused(f"{criterion} of {phase.name} is waived already")
    if any(_same_waiver(other, vote) for other in votes):
        raise Refused(f"{person.name} has waived {criterion} of {phase.name} already")
    if results[criterion] not in ("fail", "review"):
        raise Refused(f"{criterion} of {phase.name} is no hindrance, so there is nothing to waive")
    cast(state, vote)
    people = {other.by for other in [*votes, vote] if (other.criterion, other.digest) == (criterion, vote.digest)}
    missing = phase.rule.quorum - len(people)
    then = f"{missing} more must waive it" if missing > 0 else "next: doit"
    return f"{person.name} waived {criterion} of {phase.name} for {ballot.digest[:SHORT]}; {then}"


def take_back(state: State, ballot: Ballot) -> str:
    """End what people said about what was judged; the gate asks again."""
    phase, person, digest = ballot.phase, ballot.person, ballot.digest
    votes = [v for v in state.votes.of(phase.name) if v.digest == digest and v.channel != POLICY]
    if not votes:
        raise Refused(
            f"nobody voted on {ballot.which}, so there is nothing to take back;"
            " what opened by policy is shut by `doit reject`"
        )
    revoke(state, votes, phase.name, digest, person.name, person.source, ballot.reason)
    people = ", ".join(dict.fromkeys(vote.by for vote in votes))
    return f"{person.name} took back what {people} said about {ballot.which}; next: doit"


def happening(plan: Plan, ballot: Ballot, said: str) -> Happening | None:
    """What triggers are told of a vote that was taken; None where there is no event for it.

    Args:
        said: `approve`, `reject`, …
    """
    if said not in PAST or not plan.triggers:
        return None
    phase = ballot.phase
    told = {"title": phase.title, "by": ballot.person.name, "reason": ballot.reason, "digest": ballot.digest}
    return Happening(f"phase.{PAST[said]}", plan.name, ballot.judged.run, ballot.at, phase.name, told)


def _as_before(state: State, ballot: Ballot) -> Ballot:
    """The ballot under the name as earlier votes on this digest spell it: on GitHub Ada and ada are one person, and
    must not be two for a quorum."""
    name = ballot.person.name
    for vote in state.votes.of(ballot.phase.name):
        if vote.digest == ballot.digest and vote.by.lower() == name.lower():
            return replace(ballot, person=replace(ballot.person, name=vote.by))
    return ballot


def _same_waiver(one: Vote, other: Vote) -> bool:
    """The same criterion of the same digest, by the same person, and not ended?"""
    key = (one.answer, one.digest, one.criterion, one.by)
    stands = one.until is None or one.until > other.at
    return stands and key == (other.answer, other.digest, other.criterion, other.by)
