"""Which lines of a comment are orders, and what they say."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.orders import MOST, Misread, Order, orders
from orchestrator.state.votes import Answer

APPROVE = Order(Answer.APPROVE, "a", "", "ab12cd3", "seen")


@pytest.mark.parametrize(
    "text",
    [
        "/approve a ab12cd3 seen",
        "/Approve  a   ab12cd3  seen  ",
        "/approve\ta\tab12cd3\tseen",
        "/approve a\u00a0ab12cd3 seen",
        "/approve a `ab12cd3` seen",
        "\u200b/approve a\u200b ab12cd3 seen\ufeff",
        "Fine.\r\n/approve a ab12cd3 seen\r\nThanks",
        "Fine.\r/approve a ab12cd3 seen",
        "```ab12cd3``` looks right\n/approve a ab12cd3 seen",
        "```\n/approve b 1234567\n```\n/approve a ab12cd3 seen",
        "<!-- a note -->\n/approve a ab12cd3 seen",
    ],
)
def test_an_order_however_it_was_typed_or_pasted(text):
    assert orders(text) == [APPROVE]


@pytest.mark.parametrize(
    "text",
    [
        "> /approve a ab12cd3",
        "> quoted\u2028/approve a ab12cd3",
        "> quoted\x0b/approve a ab12cd3",
        "> quoted\x85/approve a ab12cd3",
        " /approve a ab12cd3",
        "I would /approve a ab12cd3",
        "~~~\n/approve a ab12cd3\n~~~",
        "````\n```\n/approve a ab12cd3\n````",
        "<!--\n/approve a ab12cd3\n-->",
        "   <!-- unseen\n/approve a ab12cd3",
        "/lgtm a ab12cd3",
        "/\u0430pprove a ab12cd3",
    ],
)
def test_what_readers_do_not_see_as_an_order_is_none(text):
    assert orders(text) == []


def test_a_waiver_names_a_criterion_of_several_words():
    assert orders("/waive a mean of  delays AB12CD3 a late\t train") == [
        Order(Answer.WAIVE, "a", "mean of delays", "AB12CD3", "a late train")
    ]


def test_orders_that_are_too_many_are_answered_too():
    found = orders("/approve a ab12cd3\n" * (MOST + 30))
    assert found[:MOST] == [Order(Answer.APPROVE, "a", "", "ab12cd3", "")] * MOST
    [last] = found[MOST:]
    assert isinstance(last, Misread)
    assert "the first 20 orders" in last.why


@pytest.mark.parametrize(
    "text", ["/waive a b" + " " * 65_000 + "z", "/waive " + "a " * 32_000, "/reject " + "`" * 65_000]
)
def test_no_comment_takes_long_to_read(text):
    began = time.process_time()
    assert [type(one) for one in orders(text)] == [Misread]
    assert time.process_time() - began < 10, "milliseconds in truth; it was minutes once"


@given(st.text(alphabet=st.sampled_from("/approve waiv `~\n\r\u2028<!->a1b2c3d4 \u200b>"), max_size=200))
def test_any_text_is_read(text):
    assert len(orders(text)) <= MOST + 1
