"""Thresholds of a metric: `>= 0.95`, `<= 1.02 * approved`, `>= approved - 0.01`. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from criteria.figures import NUMBER, Number, flaw, number, shown
from criteria.model import Result

_OPERATORS: dict[str, Callable[[Number, Number], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_PATTERN = re.compile(
    rf"(?P<op>{'|'.join(_OPERATORS)})\s*(?P<operand>(?P<constant>{NUMBER})"
    rf"|(?:(?P<factor>{NUMBER})\s*\*\s*)?approved(?:\s*(?P<sign>[+-])\s*(?P<offset>{NUMBER.replace('[+-]?', '', 1)}))?)"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """`op` and what stands right of it: `offset` alone where factor is None, else factor * approved + offset."""

    op: str
    text: str
    factor: Number | None
    offset: Number

    def __str__(self) -> str:
        return f"{self.op} {self.text}"

    @property
    def relative(self) -> bool:
        return self.factor is not None

    def bound(self, approved: Number | None) -> Number | None:
        """The number to compare with; None where it rests on an approved value that is not there yet."""
        if self.factor is None:
            return self.offset
        if approved is None:
            return None
        # in decimal, since 1.1 * 3 is 3.3 to the person who wrote it, not 3.3000000000000003
        from decimal import Decimal

        factor, base, offset = (Decimal(str(each)) for each in (self.factor, approved, self.offset))
        return float(factor * base + offset)

    def holds(self, value: Number, approved: Number | None) -> bool:
        bound = self.bound(approved)
        return bound is None or _OPERATORS[self.op](value, bound)

    def describe(self, value: Number, approved: Number | None) -> str:
        """`<= 12`, or `<= 12.24 (1.02 * approved 12)`."""
        bound = self.bound(approved)
        if not self.relative:
            return str(self)
        if bound is None or approved is None:
            return f"{self} (no approved value yet)"
        origin = self.text.replace("approved", f"approved {shown(approved)}")
        return f"{self.op} {shown(bound, value)} ({origin})"

    def shown_bound(self, value: Number, approved: Number | None) -> Number | None:
        """The bound as `describe` rounds it: what a reader compares the shown value with."""
        bound = self.bound(approved)
        return number(shown(bound, value)) if bound is not None and self.relative else bound


def parse(text: object) -> Threshold:
    """Raises ValueError where the text is no threshold."""
    match = _PATTERN.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise ValueError(f"{str(text)[:60]!r} is not a threshold")
    if match["constant"]:
        return Threshold(match["op"], match["operand"], None, _finite(match["constant"]))
    factor = _finite(match["factor"] or "1")
    offset = _finite((match["sign"] or "") + (match["offset"] or "0"))
    return Threshold(match["op"], match["operand"], factor, offset)


def _finite(text: str) -> Number:
    value = number(text)
    if problem := flaw(value):
        raise ValueError(f"{text[:60]} {problem}")
    return value


def judge(value: Number, pass_: Threshold, review: Threshold | None, approved: Number | None) -> Result:
    if pass_.holds(value, approved):
        return Result.PASS
    return Result.REVIEW if review and review.holds(value, approved) else Result.FAIL


def looser(review: Threshold, pass_: Threshold) -> bool:
    """All that meets `pass_` meets `review`, and more does: where an approved value has a say, for some such value."""
    return any(passing < reviewed for reviewed, passing in _spots(review, pass_))


def unreachable(review: Threshold, pass_: Threshold) -> bool:
    """No value fails `pass_` and meets `review`, as far as that shows before any value is known."""
    return all(reviewed <= passing for reviewed, passing in _spots(review, pass_))


def _spots(*two: Threshold) -> Iterator[tuple[frozenset[int], ...]]:
    """Where each of two holds, for each order in which their bounds may stand.

    Two bounds leave five spots for a value: below both (0), on the lower one (1), between, on the higher one (3), above
    both. They are counted, and no numbers between the bounds computed, of which floats that are neighbours have none.
    """
    for bounds in _orders(*two):
        yield tuple(
            frozenset(spot for spot in range(5) if _OPERATORS[each.op](spot, bound))
            for each, bound in zip(two, bounds, strict=True)
        )


def _orders(one: Threshold, other: Threshold) -> tuple[tuple[int, int], ...]:
    below, equal, above = (1, 3), (1, 1), (3, 1)
    if one.factor != other.factor:
        return below, equal, above  # it rests on the approved value
    return (below if one.offset < other.offset else above if one.offset > other.offset else equal,)
