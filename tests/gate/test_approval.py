"""Who opens a gate."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.gate.approval import decide
from orchestrator.plan import Rule
from orchestrator.state.votes import POLICY, Vote

NOW = 1000.0
DIGEST = "d" * 64


def yes(by="ann", at=NOW - 1, digest=DIGEST, channel="command line"):
    return Vote("p", digest, by, channel, "", at)


def is_open(rule, *approvals, review=(), now=NOW):
    return decide(rule, review, approvals, DIGEST, now).open


def test_a_rule_that_is_not_manual_opens_by_policy():
    decision = decide(Rule(False), (), [], DIGEST, NOW)
    assert (decision.open, decision.by_policy, decision.missing, decision.until) == (True, True, 0, None)


def test_policy_asks_nobody_whatever_list_and_quorum_say():
    assert is_open(Rule(False, by=("ann",), quorum=2, expires=1.0))


def test_a_value_in_its_review_band_asks_a_person_under_every_rule():
    decision = decide(Rule(False), ["mae"], [], DIGEST, NOW)
    assert (decision.open, decision.by_policy, decision.missing, decision.review) == (False, False, 1, ("mae",))
    assert is_open(Rule(False), yes(), review=["mae"])


def test_a_manual_rule_waits_for_a_person():
    assert not is_open(Rule(True))
    assert is_open(Rule(True), yes())
    assert not decide(Rule(True), (), [yes()], DIGEST, NOW).by_policy


def test_an_approval_of_another_digest_does_not_count():
    assert not is_open(Rule(True), yes(digest="e" * 64))


def test_what_the_policy_approved_once_is_no_persons_approval():
    """An auto gate that was open, and is manual now, asks."""
    assert not is_open(Rule(True), yes(by=POLICY, channel=POLICY))
    assert not is_open(Rule(True), yes(channel=POLICY))


def test_only_people_on_the_list_count():
    assert not is_open(Rule(True, by=("ben",)), yes("ann"))
    assert is_open(Rule(True, by=("ben",)), yes("ann"), yes("ben"))


def test_a_person_counts_once():
    assert not is_open(Rule(True, quorum=2), yes("ann", 1), yes("ann", 2))
    assert is_open(Rule(True, quorum=2), yes("ann"), yes("ben"))


def test_the_people_who_count_are_named_in_the_order_in_which_they_approved():
    approvals = [yes("cy", 3), yes("ann", 1), yes("ben", 2, digest="e" * 64), yes(POLICY, 4, channel=POLICY)]
    assert decide(Rule(True, quorum=3), (), approvals, DIGEST, NOW).by == ("ann", "cy")
    assert decide(Rule(False), (), approvals, DIGEST, NOW).by == ()


@pytest.mark.parametrize(("age", "stands"), [(0, True), (59.9, True), (60, False), (61, False)])
def test_an_approval_stands_until_it_expires(age, stands):
    assert is_open(Rule(True, expires=60.0), yes(at=NOW - age)) is stands


@pytest.mark.parametrize(
    ("quorum", "ages", "left"),
    [(1, [10], 50), (1, [10, 30], 50), (2, [10, 30], 30), (2, [10, 20, 30], 40), (3, [10, 20, 30], 30)],
)
def test_a_gate_stays_open_until_too_few_approvals_are_left(quorum, ages, left):
    approvals = [yes(f"person {age}", NOW - age) for age in ages]
    assert decide(Rule(True, quorum=quorum, expires=60.0), (), approvals, DIGEST, NOW).until == NOW + left


def test_an_open_gate_without_expiry_and_a_shut_one_have_no_end():
    assert decide(Rule(True), (), [yes()], DIGEST, NOW).until is None
    assert decide(Rule(True, quorum=2, expires=60.0), (), [yes()], DIGEST, NOW).until is None


# -- properties -----------------------------------------------------------------------------------------------

people = st.sampled_from(["ann", "ben", "cy", "dee"])
rules = st.builds(
    Rule,
    manual=st.booleans(),
    by=st.lists(people, unique=True, max_size=3).map(tuple),
    quorum=st.integers(1, 3),
    self_approval=st.booleans(),
    expires=st.none() | st.integers(1, 100).map(float),
)
given_yes = st.builds(
    yes,
    by=people,
    at=st.integers(850, 1000).map(float),
    digest=st.sampled_from([DIGEST, DIGEST, DIGEST, "e" * 64]),
    channel=st.sampled_from(["command line", "github", POLICY]),
)
approvals_ = st.lists(given_yes, max_size=6)
reviews = st.sampled_from([(), ("mae",)])


def counts(rule, approval, now=NOW):
    """The rule's words, one by one."""
    if approval.digest != DIGEST or approval.channel == POLICY:
        return False
    if rule.by and approval.by not in rule.by:
        return False
    return rule.expires is None or approval.at + rule.expires > now


@settings(deadline=None)
@given(rules, reviews, approvals_)
def test_a_gate_is_open_when_as_many_people_as_the_quorum_have_approved(rule, review, approvals):
    decision = decide(rule, review, approvals, DIGEST, NOW)
    people = {approval.by for approval in approvals if counts(rule, approval)}
    if rule.manual or review:
        assert decision.missing == max(0, rule.quorum - len(people))
        assert not decision.by_policy
        assert set(decision.by) == people
    else:
        assert decision.by_policy
    assert decision.open is (decision.missing == 0)
    assert decision.review == review


@settings(deadline=None)
@given(rules, reviews, approvals_, given_yes)
def test_an_approval_that_does_not_count_changes_nothing(rule, review, approvals, more):
    assume(not counts(rule, more))
    for mixed in ([*approvals, more], [more, *approvals]):
        assert decide(rule, review, mixed, DIGEST, NOW) == decide(rule, review, approvals, DIGEST, NOW)


@settings(deadline=None)
@given(rules, reviews, approvals_, approvals_)
def test_more_approvals_never_close_a_gate_nor_shorten_its_time(rule, review, approvals, more):
    before = decide(rule, review, approvals, DIGEST, NOW)
    after = decide(rule, review, [*approvals, *more], DIGEST, NOW)
    assert after.missing <= before.missing
    assert after.open or not before.open
    if before.open and before.until is not None:
        assert after.until >= before.until


@settings(deadline=None)
@given(rules, reviews, approvals_, st.randoms())
def test_the_order_of_approvals_does_not_matter(rule, review, approvals, random):
    mixed = decide(rule, review, random.sample(approvals, len(approvals)), DIGEST, NOW)
    decision = decide(rule, review, approvals, DIGEST, NOW)
    assert replace(mixed, by=()) == replace(decision, by=())
    assert set(mixed.by) == set(decision.by)


@settings(deadline=None)
@given(rules, reviews, approvals_)
def test_a_gate_is_open_until_the_moment_it_says_and_not_longer(rule, review, approvals):
    decision = decide(rule, review, approvals, DIGEST, NOW)
    assume(decision.open)
    if decision.until is None:
        assert is_open(rule, *approvals, review=review, now=NOW + 1e9)
    else:
        assert decision.until > NOW
        assert is_open(rule, *approvals, review=review, now=decision.until - 0.5)
        assert not is_open(rule, *approvals, review=review, now=decision.until)


@settings(deadline=None)
@given(rules, reviews, approvals_)
def test_a_higher_quorum_or_a_shorter_time_never_opens_a_gate(rule, review, approvals):
    if not is_open(rule, *approvals, review=review):
        assert not is_open(replace(rule, quorum=rule.quorum + 1), *approvals, review=review)
        assert not is_open(replace(rule, expires=(rule.expires or 200.0) / 2), *approvals, review=review)
