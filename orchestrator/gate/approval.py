"""Who opens a gate: a pure decision over the rule, the verdicts and the approvals given so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..plan import Rule
from ..state.approvals import POLICY, Approval


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


def decide(rule: Rule, review: Sequence[str], approvals: Iterable[Approval], digest: str, now: float) -> Decision:
    """Is a gate open for this digest, none of its criteria having failed?

    Args:
        review: the criteria whose values lie in their review band.

    A rule that is not manual opens by policy when every value passes; a value in its review band asks a person under
    every rule. People count once each, when they are on the rule's list (anyone, where it has none), and while their
    approval has not expired.
    """
    if not rule.manual and not review:
        return Decision(True, True, 0, (), None)
    counting = sorted((a for a in approvals if _counts(rule, a, digest, now)), key=lambda a: a.at)
    standing = {approval.by: approval for approval in counting}
    missing = max(0, rule.quorum - len(standing))
    ends = sorted((a.at + rule.expires for a in standing.values()), reverse=True) if rule.expires is not None else []
    until = ends[rule.quorum - 1] if ends and not missing else None
    return Decision(not missing, False, missing, tuple(review), until, tuple(standing))


def _counts(rule: Rule, approval: Approval, digest: str, now: float) -> bool:
    return (
        approval.digest == digest
        and approval.channel != POLICY
        and (not rule.by or approval.by in rule.by)
        and (rule.expires is None or now < approval.at + rule.expires)
    )
