"""Test reports (JUnit) and coverage reports (Cobertura), each drawn together into a small document.
The home of `defusedxml`: a report may come from anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from criteria.figures import Number, number
from criteria.model import Trouble

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OUTCOMES = {"error": "errors", "failure": "failures", "skipped": "skipped"}
_THOUSANDS = r",(?=[0-9]{3}\b)"  # Maven writes time="1,234.5"
_RATES = ("line-rate", "branch-rate", "complexity")
_TOTALS = ("lines-covered", "lines-valid", "branches-covered", "branches-valid")


def read(data: bytes, path: str) -> dict[str, object]:
    """Raises Trouble where the data is not XML, or neither report; `path` is where it came from.

    JUnit: tests, failures, errors, skipped, passed, time (seconds), pass_rate (passed of those not skipped).
    Cobertura: line_rate, branch_rate, complexity, lines_covered, lines_valid, branches_covered, branches_valid, and
    packages with the first three by name. What the report does not say is null.
    """
    root = _parsed(data, path)
    if _tag(root) in ("testsuites", "testsuite"):
        return _junit(root)
    if _tag(root) == "coverage":
        return _cobertura(root)
    raise Trouble(f"{path} is neither JUnit (testsuites) nor Cobertura (coverage): its root is <{_tag(root)}>")


def _parsed(data: bytes, path: str) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(data)
    except DefusedXmlException as error:
        raise Trouble(f"{path} is refused: {type(error).__name__} (entities and external references)") from None
    except (ParseError, ValueError, LookupError) as error:
        raise Trouble(f"{path} is not XML: {error}") from None
    return root


def _junit(root: Element) -> dict[str, object]:
    totals = _suite(root)
    tests, failures, errors, skipped = (int(totals[key]) for key in ("tests", "failures", "errors", "skipped"))
    passed = max(0, tests - failures - errors - skipped)
    ran = tests - skipped
    return {**totals, "passed": passed, "pass_rate": passed / ran if ran > 0 else None}


def _suite(suite: Element) -> dict[str, Number]:
    """Totals of a suite with those inside it."""
    found: dict[str, Number] = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0, "time": 0}
    for part in _parts(suite):
        for key, count in part.items():
            found[key] += count
    declared = {key: said for key in found if isinstance(said := _attribute(suite, key), (int, float))}
    # Writers disagree whether a suite's attributes include the suites inside it, and some list failed cases only:
    # the larger count is right in each case. Time is as declared, since cases may have run side by side.
    counts = {key: max(found[key], declared.get(key, 0)) for key in found if key != "time"}
    return {**counts, "time": declared.get("time", found["time"])}


def _parts(suite: Element) -> Iterator[dict[str, Number]]:
    for child in suite:
        if _tag(child) == "testsuite":
            yield _suite(child)
        elif _tag(child) == "testcase":
            yield _case(child)


def _case(case: Element) -> dict[str, Number]:
    time = _attribute(case, "time")
    totals: dict[str, Number] = {"tests": 1, "time": time if isinstance(time, (int, float)) else 0}
    outcome = next((_OUTCOMES[_tag(child)] for child in case if _tag(child) in _OUTCOMES), None)
    return {**totals, outcome: 1} if outcome else totals


def _cobertura(root: Element) -> dict[str, object]:
    packages = {
        package.get("name", ""): {_key(name): _attribute(package, name) for name in _RATES}
        for package in root.iter()
        if _tag(package) == "package"
    }
    return {**{_key(name): _attribute(root, name) for name in (*_RATES, *_TOTALS)}, "packages": packages}


def _attribute(element: Element, name: str) -> Number | str | None:
    text = element.get(name)
    try:
        return None if text is None else number(re.sub(_THOUSANDS, "", text))
    except ValueError:
        return text


def _key(name: str) -> str:
    return name.replace("-", "_")


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
