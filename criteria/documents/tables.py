"""Tables: one column of a CSV file, drawn together into one number. Rows stream by, however many there are."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from criteria import files
from criteria.figures import Number, flaw, number
from criteria.model import Trouble
from criteria.words import did_you_mean, listed

DELIMITERS = {".csv": ",", ".tsv": "\t"}


def _mean(numbers: Iterator[Number]) -> Number:
    count = 0

    def passing() -> Iterator[Number]:
        nonlocal count
        for count, each in enumerate(numbers, 1):  # noqa: B007 (the last count is what is wanted)
            yield each

    return math.fsum(passing()) / count


def _median(numbers: Iterator[Number]) -> Number:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _sum(numbers: Iterator[Number]) -> Number:
    total = math.fsum(numbers)
    return int(total) if total.is_integer() else total


_DRAWN: dict[str, Callable[[Iterator[Number]], Number]] = {
    "mean": _mean,
    "median": _median,
    "min": min,
    "max": max,
    "sum": _sum,
    "first": next,
    "last": lambda numbers: deque(numbers, maxlen=1)[0],
}
_FUNCTIONS = (*_DRAWN, "count")


def check(at: str) -> None:
    """Raises ValueError where `at` is not `column:function`."""
    column, _, function = at.rpartition(":")
    if not column.strip():
        raise ValueError(f"'{at}' is not column:function, as in mae:last")
    if function.strip() not in _FUNCTIONS:
        guess = did_you_mean(function.strip(), _FUNCTIONS)
        raise ValueError(f"no function '{function.strip()}' for a column (there are {', '.join(_FUNCTIONS)}){guess}")


def value(root: Path, path: str, at: str, delimiter: str) -> Number:
    """Empty cells are left out; `count` counts the others, the rest wants numbers. Raises Trouble where it cannot."""
    import csv

    column, _, function = (part.strip() for part in at.rpartition(":"))
    try:
        with files.regular(root, path).open(encoding="utf-8-sig", newline="") as file:
            cells = _cells(csv.reader(file, delimiter=delimiter), column, path)
            if function == "count":
                return sum(1 for _ in cells)
            return _drawn(function, (_number(row, line, cell, column, path) for row, line, cell in cells), column, path)
    except csv.Error as error:
        raise Trouble(f"{path} is not CSV: {error}") from None
    except UnicodeDecodeError as error:
        raise Trouble(f"{path} is not UTF-8 text: {error.reason}") from None
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror or error}") from None


def _drawn(function: str, numbers: Iterator[Number], column: str, path: str) -> Number:
    first = next(numbers, None)
    if first is None:
        raise Trouble(f"column '{column}' in {path} has no values")
    try:
        return _DRAWN[function](chain([first], numbers))
    except OverflowError:
        raise Trouble(f"the {function} of column '{column}' in {path} is too large a number") from None


def _cells(rows: Iterator[list[str]], column: str, path: str) -> Iterator[tuple[int, int, str]]:
    """Row (from 1, the header not counted), line in the file and content of each cell that is not empty."""
    header = [name.strip() for name in next(rows, [])]
    if header.count(column) != 1:
        if column in header:
            raise Trouble(f"{path} has {header.count(column)} columns '{column}'")
        raise Trouble(f"no column '{column}' in {path} (columns there: {listed(header)}){did_you_mean(column, header)}")
    index = header.index(column)
    for row, cells in enumerate(rows, 1):
        if index < len(cells) and (cell := cells[index].strip()):
            yield row, getattr(rows, "line_num", row), cell


def _number(row: int, line: int, cell: str, column: str, path: str) -> Number:
    try:
        parsed: Number | str = number(cell)
    except ValueError:
        parsed = cell
    if isinstance(parsed, str) or flaw(parsed):
        raise Trouble(f"column '{column}' {flaw(parsed)} in row {row}, line {line} of {path}")
    return parsed
