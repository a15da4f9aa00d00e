"""Orders in comments, as people write them and as nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.orders import MOST, Misread, Order, orders
from orchestrator.state.votes import Answer

DIGEST = "ab12cd3"


def only(text: str) -> Order:
    [order] = orders(text)
    assert isinstance(order, Order), order
    return order


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("/approve p ab12cd3", Order(Answer.APPROVE, "p", "", "ab12cd3", "")),
        ("/approve p ab12cd3 looks right", Order(Answer.APPROVE, "p", "", "ab12cd3", "looks right")),
        ("/APPROVE p AB12CD3 Good", Order(Answer.APPROVE, "p", "", "AB12CD3", "Good")),
        ("/approve\tp ab12cd3", Order(Answer.APPROVE, "p", "", "ab12cd3", "")),
        ("/approve  p   ab12cd3   so  ", Order(Answer.APPROVE, "p", "", "ab12cd3", "so")),
        ("/approve `p` `ab12cd3` ok", Order(Answer.APPROVE, "p", "", "ab12cd3", "ok")),
        ("/approve p nonsense", Order(Answer.APPROVE, "p", "", "nonsense", "")),
        ("/approve p ab12cd3\r\nthanks", Order(Answer.APPROVE, "p", "", "ab12cd3", "")),
        ("hello\n/reject p too few rows\nbye", Order(Answer.REJECT, "p", "", "", "too few rows")),
        ("/reject p ab12cd3 too few", Order(Answer.REJECT, "p", "", "ab12cd3", "too few")),
        ("/reject p ab12cd3", Order(Answer.REJECT, "p", "", "ab12cd3", "")),
        ("/reject p defaced it is", Order(Answer.REJECT, "p", "", "", "defaced it is")),
        ("/waive p mae ab12cd3 known", Order(Answer.WAIVE, "p", "mae", "ab12cd3", "known")),
        ("/waive p mae ab12cd3", Order(Answer.WAIVE, "p", "mae", "ab12cd3", "")),
        (
            "/waive p python -m checks.leakage ab12cd3 known",
            Order(Answer.WAIVE, "p", "python -m checks.leakage", "ab12cd3", "known"),
        ),
        ("/waive p größe ≤ 5 ab12cd3 bekannt, ok", Order(Answer.WAIVE, "p", "größe ≤ 5", "ab12cd3", "bekannt, ok")),
        ("/waive p mae ab12cd3 see 1234567 too", Order(Answer.WAIVE, "p", "mae", "ab12cd3", "see 1234567 too")),
        ("/approve phase.3-a_B " + "f0" * 32, Order(Answer.APPROVE, "phase.3-a_B", "", "f0" * 32, "")),
    ],
)
def test_what_an_order_is(text, order):
    assert only(text) == order


@pytest.mark.parametrize(
    "text",
    [
        "",
        "looks good /approve p ab12cd3",
        " /approve p ab12cd3",
        "    /approve p ab12cd3",
        "> /approve p ab12cd3",
        "- /approve p ab12cd3",
        "`/approve p ab12cd3`",
        "```\n/approve p ab12cd3\n```",
        "```text\n/approve p ab12cd3\n```",
        "~~~\n/approve p ab12cd3\n~~~",
        "````\n```\n/approve p ab12cd3\n````",
        "```\n~~~\n/approve p ab12cd3\n```",
        "```\nnever closed\n/approve p ab12cd3",
        "/approved p ab12cd3",
        "/approve: p ab12cd3",
        "/ approve p ab12cd3",
        "//approve p ab12cd3",
        "words\u2028/approve p ab12cd3",
        "words\x0b/approve p ab12cd3",
        "/assign me",
        "/usr/bin/approve",
    ],
)
def test_what_none_is(text):
    assert orders(text) == []


@pytest.mark.parametrize(
    "text", ["/approve", "/approve p", "/reject", "/reject p", "/waive", "/waive p", "/waive p mae", "/waive p mae abc"]
)
def test_a_line_that_lacks_something_is_answered_with_how_it_is_written(text):
    [misread] = orders(text)
    assert isinstance(misread, Misread)
    assert misread.line == text
    assert misread.why.startswith("write `/")


def test_after_a_closed_fence_orders_count_again():
    assert only("```\n/reject p x\n```\n/approve p ab12cd3").answer is Answer.APPROVE


def test_several_lines_are_several_orders_and_no_more_than_a_person_writes():
    assert [order.phase for order in orders("/approve a ab12cd3\n\ntext\n/approve b ab12cd4")] == ["a", "b"]  # type: ignore[union-attr]
    assert len(orders("/approve a ab12cd3\n" * 1000)) == MOST + 1, "one more, so that the rest is refused aloud"


LINES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["```", "~~~", "````", "> q", "", "/approve p ab12cd3", "/waive p a b ab12cd3 c", "/reject p", "/x"]
    ),
)


@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_any_comment_can_be_read_and_the_ends_of_lines_mean_nothing(lines, end):
    text = "\n".join(lines)
    found = orders(text)
    assert len(found) <= MOST
    if "\r" not in text:
        assert orders(text.replace("\n", end)) == found
    for order in found:
        assert isinstance(order, (Order, Misread))


@given(st.text(alphabet="/aprovewij` \t\n~>0123456789abcdefx", max_size=300))
def test_text_that_is_nearly_an_order_can_be_read(text):
    orders(text)


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{7,64}", fullmatch=True),
    st.text(alphabet="abc xyz,.;é", max_size=60),
)
def test_what_is_written_comes_back(phase, digest, reason):
    order = only(f"/approve {phase} {digest} {reason}")
    assert (order.phase, order.digest, order.reason) == (phase, digest, " ".join(reason.split()))


@pytest.mark.parametrize(
    "text",
    [
        "a " * 32_000,
        "/waive p " + "a " * 32_000,
        "/waive p " + "ab12cd " * 9000,
        "/approve " + " " * 65_000,
        "```" * 20_000,
        "/waive " + "x" * 65_000,
        "/a" * 32_000,
    ],
)
def test_a_comment_as_long_as_github_takes_is_read_in_no_time(text):
    """It ends: an expression that looks back and forth over such a line would not, in the time that a test has."""
    orders(text)
    orders(text + "\n" + text)
