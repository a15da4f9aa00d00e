"""Who opens a gate: a pure decision over the rule, the verdicts and the votes given so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..plan import Rule
from ..state.votes import POLICY, Answer, Vote


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a gate whose criteria hold is open."""

    open: bool
    by_policy: bool
    """Nobody needs to be asked."""
    missing: int
    """How many more people must say yes."""
    review: tuple[str, ...]
    """The criteria whose values lie in their review band."""
    until: float | None
    """When what opened the gate expires, in seconds since 1970."""
    by: tuple[str, ...] = ()
    """The people whose approvals count, in the order in which they gave them."""
    rejected: Vote | None = None
    """The rejection that shuts it; no approval has followed it."""


BY_POLICY = Decision(True, True, 0, (), None)
"""What holds for most gates, in every run: so it is found first."""


def decide(rule: Rule, review: Sequence[str], votes: Iterable[Vote], digest: str, now: float) -> Decision:
    """Is a gate open for this digest, none of its criteria having failed?

    Args:
        review: the criteria whose values lie in their review band.

    A rule that is not manual opens by policy when every value passes; a value in its review band asks a person under
    every rule. People count once each, when they are on the rule's list (anyone, where it has none), and while their
    approval has not expired. A rejection shuts the gate under every rule, until an approval that counts follows it.
    """
    votes = [vote for vote in votes if vote.digest == digest]
    if not rule.manual and not review and not any(vote.answer is Answer.REJECT for vote in votes):
        return BY_POLICY
    counting = sorted((vote for vote in votes if _counts(rule, vote, now)), key=lambda vote: vote.at)
    standing = {vote.by: vote for vote in counting}
    rejected = _rejection(rule, votes)
    if not rule.manual and not review:
        return Decision(rejected is None, True, 0, (), None, rejected=rejected)
    missing = max(0, rule.quorum - len(standing))
    ends = [] if rule.expires is None else sorted((v.at + rule.expires for v in standing.values()), reverse=True)
    until = ends[rule.quorum - 1] if ends and not missing else None
    is_open = not missing and rejected is None
    return Decision(is_open, False, missing, tuple(review), until if is_open else None, tuple(standing), rejected)


def waivers(rule: Rule, votes: Iterable[Vote], digest: str, now: float) -> dict[str, Vote]:
    """The criteria that do not have to hold for this digest, each with the newest of its waivers.

    As many people as the quorum have to waive a criterion: one alone would else open what two have to approve.
    """
    standing = [vote for vote in votes if vote.digest == digest and _waives(rule, vote, now)]
    by_criterion: dict[str, dict[str, Vote]] = {}
    for vote in sorted(standing, key=lambda vote: vote.at):
        by_criterion.setdefault(vote.criterion, {})[vote.by] = vote
    return {name: list(people.values())[-1] for name, people in by_criterion.items() if len(people) >= rule.quorum}


def _waives(rule: Rule, vote: Vote, now: float) -> bool:
    return vote.answer is Answer.WAIVE and _is_named(rule, vote) and (vote.until is None or now < vote.until)


def _rejection(rule: Rule, votes: Sequence[Vote]) -> Vote | None:
    """The newest rejection, if no approval followed it. That one may have expired since: then the gate asks again."""
    rejections = [vote for vote in votes if vote.answer is Answer.REJECT]
    if not rejections:
        return None
    newest = max(rejections, key=lambda vote: vote.at)
    return None if any(vote.at > newest.at for vote in votes if _approves(rule, vote)) else newest


def _counts(rule: Rule, vote: Vote, now: float) -> bool:
    return _approves(rule, vote) and (rule.expires is None or now < vote.at + rule.expires)


def _approves(rule: Rule, vote: Vote) -> bool:
    return vote.answer is Answer.APPROVE and vote.channel != POLICY and _is_named(rule, vote)


def _is_named(rule: Rule, vote: Vote) -> bool:
    return not rule.by or (vote.role or vote.by) in rule.by
