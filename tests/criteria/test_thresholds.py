from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from criteria import Result
from criteria.figures import shown
from criteria.thresholds import judge, looser, parse, unreachable

OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
ops = st.sampled_from(sorted(OPERATORS))
numbers = st.one_of(st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False))
hundredths = st.integers(-10_000, 10_000)


@given(ops, numbers, numbers)
def test_a_constant_compares_as_python_does(op: str, bound: float, value: float) -> None:
    assert parse(f"{op} {bound!r}").holds(value, None) is OPERATORS[op](value, bound)


@given(ops, hundredths, hundredths, hundredths)
def test_a_relative_bound_is_what_decimal_arithmetic_gives(op: str, factor: int, approved: int, offset: int) -> None:
    sign = "-" if offset < 0 else "+"
    threshold = parse(f"{op} {factor / 100} * approved {sign} {abs(offset) / 100}")
    assert threshold.bound(approved / 100) == (factor * approved + 100 * offset) / 10_000


def test_what_a_person_computes_by_hand_holds() -> None:
    assert 3.3 < 1.1 * 3  # in binary
    assert parse(">= 1.1 * approved").holds(3.3, 3)


@pytest.mark.parametrize("text", [">= approved", "<=1.02*approved", "== approved - 0.5", "< -1e-3 * approved + 2"])
def test_without_an_approved_value_a_relative_threshold_holds(text: str) -> None:
    assert parse(text).holds(14.2, None)
    assert parse(text).describe(14.2, None) == f"{parse(text)} (no approved value yet)"


def test_the_resolved_number_is_told_with_its_origin() -> None:
    assert parse("<= 1.02 * approved").describe(14.2, 12) == "<= 12.24 (1.02 * approved 12)"
    assert parse(">= approved - 0.5").describe(1, 12.0) == ">= 11.5 (approved 12 - 0.5)"
    assert parse("<= 12").describe(14.2, None) == "<= 12"


NO_THRESHOLDS = ["", "0.95", "=> 1", ">= ", ">= x", ">= nan", ">= inf", ">= 1e999", ">= 1 2", "approved", ">= 0.95%"]
NO_THRESHOLDS += [">= approved *", ">= 1_000", ">= 1 * approve", ">= approved + -1", ">= 1,5", ">= " + "9" * 5000]


@pytest.mark.parametrize("text", [*NO_THRESHOLDS, None, 0.95, True, []])
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


@given(ops, numbers, st.none() | st.tuples(ops, numbers), numbers)
def test_pass_is_asked_before_review(op: str, bound: float, review: tuple[str, float] | None, value: float) -> None:
    pass_ = parse(f"{op} {bound!r}")
    band = parse(f"{review[0]} {review[1]!r}") if review else None
    expected = (
        Result.PASS if pass_.holds(value, None) else Result.REVIEW if band and band.holds(value, None) else Result.FAIL
    )
    assert judge(value, pass_, band, None) is expected


@given(ops, st.integers(-3, 3), ops, st.integers(-3, 3))
def test_a_band_is_looser_when_all_that_passes_meets_it_and_more(op: str, bound: int, other: str, looser_: int) -> None:
    pass_, review = parse(f"{op} {bound}"), parse(f"{other} {looser_}")
    quarters = [quarter / 4 for quarter in range(-20, 21)]
    outside = any(pass_.holds(each, None) and not review.holds(each, None) for each in quarters)
    reached = any(judge(each, pass_, review, None) is Result.REVIEW for each in quarters)
    assert unreachable(review, pass_) is not reached
    assert looser(review, pass_) is (reached and not outside)


@given(ops, ops, hundredths, hundredths, st.sampled_from([0.5, 1, 2]), st.sampled_from([0.5, 1, 2]))
def test_a_band_that_is_refused_would_be_no_band_whatever_is_approved(
    op: str, other: str, offset: int, band: int, factor: float, share: float
) -> None:
    pass_ = parse(f"{op} {factor} * approved {'-' if offset < 0 else '+'} {abs(offset)}")
    for review in (
        parse(f"{other} {share} * approved {'-' if band < 0 else '+'} {abs(band)}"),
        parse(f"{other} {band}"),
    ):
        if not looser(review, pass_):
            for approved in (-30_000, -1, 0, 1, 30_000):
                near = [
                    bound + step
                    for each in (pass_, review)
                    if (bound := each.bound(approved)) is not None
                    for step in (-1, 0, 1)
                ]
                outside = any(pass_.holds(each, approved) and not review.holds(each, approved) for each in near)
                reached = any(judge(each, pass_, review, approved) is Result.REVIEW for each in near)
                assert outside or not reached


@pytest.mark.parametrize(
    ("pass_", "review", "is_looser"),
    [
        ("<= approved", "<= 1.0 * approved", False),
        ("<= approved", "<= 1.1 * approved", True),
        (">= approved", ">= approved - 0.01", True),
        (">= approved", ">= approved + 0.01", False),
        (">= approved", ">= 0.5", True),
        (">= approved", "<= 0.9 * approved", False),
        ("== approved", "<= 0.9 * approved", True),  # where less than nothing is approved
        ("!= approved", "!= 0", False),
        (">= 0.9", "<= 0.8", False),
        ("== 1", ">= 0.9", True),
        ("> 0", "!= 0", True),
        (">= 0", "!= 0", False),
        ("> 0.1", ">= 0.10000000000000002", False),
    ],
)
def test_looser_with_what_is_approved(pass_: str, review: str, is_looser: bool) -> None:
    assert looser(parse(review), parse(pass_)) is is_looser


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_shown_on_its_own_side_of_the_bound(value: float, bound: float) -> None:
    text = float(shown(value, bound))
    assert (text > bound, text < bound) == (value > bound, value < bound)


@given(st.floats(-1e5, 1e5))
def test_six_digits_are_enough_without_a_bound(value: float) -> None:
    digits = shown(value).partition("e")[0].lstrip("-0.").replace(".", "")
    assert len(digits) <= 6


@pytest.mark.parametrize(
    ("value", "bounds", "text"),
    [
        (14.2, [12], "14.2"),
        (0.1 + 0.2, [], "0.3"),
        (0.9499999, [0.95], "0.9499999"),
        (1234567, [], "1234567"),
        (1234567.89, [], "1234568"),
        (1e300, [], "1e+300"),
        (0.1 + 0.2, [0.3], "0.30000000000000004"),
    ],
)
def test_shown(value: float, bounds: list[float], text: str) -> None:
    assert shown(value, *bounds) == text
