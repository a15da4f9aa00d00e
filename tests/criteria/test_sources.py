"""The formats a metric is read from."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Read = Callable[..., Any]


def test_json_yaml_toml(value: Read) -> None:
    assert value("m.json", '{"a": {"b": [1, 2.5]}}', "a.b[-1]") == 2.5
    assert value("m.yaml", "a:\n  b: 3\n", "a.b") == 3
    assert value("m.yml", "a: [1, 2]\n", "sum(a)") == 3
    assert value("m.toml", "[a]\nb = 0.5\n", "a.b") == 0.5
    assert value("m.json", '{"a": 1, "a": 2}', "a") == 2


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("m.yaml", "a: [", "mae: m.yaml:"),
        ("m.toml", "a = ", "mae: m.toml is not TOML: "),
        ("m.toml", b"a = '\xff'", "mae: m.toml is not UTF-8 text: see byte 5"),
        ("m.yaml", b"a: \xff", "mae: m.yaml is not UTF-8 text"),
        ("m.toml", "x = " + "[" * 100_000, "m"),
    ],
)
def test_broken_documents(project: Project, path: str, content: str | bytes, message: str) -> None:
    project.write(path, content)
    assert project.metric(path, "a").message.startswith(message)


TABLE = "epoch, mae\n1,3\n2,\n3,1.5\n4\n5, 2\n"


@pytest.mark.parametrize(
    ("function", "expected"),
    [("mean", 6.5 / 3), ("min", 1.5), ("max", 3), ("sum", 6.5), ("count", 3), ("last", 2), ("first", 3), ("median", 2)],
)
def test_a_column(value: Read, function: str, expected: float) -> None:
    assert value("m.csv", TABLE, f"mae:{function}") == expected
    assert value("m.tsv", TABLE.replace(",", "\t"), f"mae : {function}") == expected
    assert value("m.csv", "\ufeff" + TABLE.replace("\n", "\r\n"), f"mae:{function}") == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_columns_as_the_standard_library_has_them(project: Project, numbers: list[float]) -> None:
    project.write("m.csv", "a:b\n" + "".join(f"{each!r}\n" for each in numbers))
    for function, expected in {
        "mean": math.fsum(numbers) / len(numbers),
        "median": statistics.median(numbers),
        "sum": math.fsum(numbers),
        "min": min(numbers),
        "last": numbers[-1],
    }.items():
        assert project.metric("m.csv", f"a:b:{function}").value == expected


@pytest.mark.parametrize(
    ("content", "at", "message"),
    [
        (TABLE, "mea:max", "no column 'mea' in m.csv (columns there: epoch, mae); did you mean 'mae'?"),
        ("mae\n1\n\nx\n", "mae:max", "column 'mae' is text (\"x\") where a number belongs in row 3, line 4 of m.csv"),
        ("mae\nnan\n", "mae:max", "column 'mae' is NaN in row 1, line 2 of m.csv"),
        ("mae\n", "mae:sum", "column 'mae' in m.csv has no values"),
        ("mae,mae\n1,2\n", "mae:sum", "m.csv has 2 columns 'mae'"),
        ("mae\n1e308\n1e308\n", "mae:sum", "the sum of column 'mae' in m.csv is too large a number"),
        (b"mae\n\xff\n", "mae:sum", "m.csv is not UTF-8 text: invalid start byte"),
        ('mae\n"' + "x" * 200_000, "mae:sum", "m.csv is not CSV: field larger than field limit (131072)"),
    ],
)
def test_a_column_that_gives_nothing(project: Project, content: str | bytes, at: str, message: str) -> None:
    project.write("m.csv", content)
    assert project.metric("m.csv", at).message == f"mae: {message}"


def test_count_takes_any_cell(value: Read) -> None:
    assert value("m.csv", "id\na\n\nb\n", "id:count") == 2
    assert value("m.csv", "id\n", "id:count") == 0


def test_the_last_match_in_a_text_counts(value: Read) -> None:
    log = "epoch 1\rloss=0.5\r\nepoch 2\nloss=2.5e-1\nloss=x\n"
    assert value("train.log", log, r"^loss=(\S*\d)$") == 0.25
    assert value("score", "12\n", r"\d+") == 12
    assert value("score", "a1 b2 3", r" \d") == 3
    assert value("train.log", b"\xff loss=-3", r"loss=([-\d]+)") == -3


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("acc=(.*)", "mae: nothing in train.log matches acc=(.*)"),
        ("loss=(.*)", 'mae is text ("12%") where a number belongs (train.log: loss=(.*))'),
        ("loss(x)?", "mae: the last match of loss(x)? in train.log has nothing in its first group"),
        ("nan=(.*)", "mae is NaN (train.log: nan=(.*))"),
    ],
)
def test_a_text_that_gives_nothing(project: Project, pattern: str, message: str) -> None:
    project.write("train.log", "loss=12%\nnan=nan\n")
    assert project.metric("train.log", pattern).message == message


CASES = """<testcase time="1"/><testcase time="2"><failure/></testcase><testcase><error/></testcase>
<testcase time="0.5"><skipped/></testcase>"""
APART = '<testsuite tests="3" failures="1" errors="1" time="3"/><testsuite tests="1" skipped="1" time=".5"/>'
TOLD = 'tests="4" failures="1" errors="1" skipped="1" time="3.5"'


@pytest.mark.parametrize(
    "report",
    [
        f"<testsuite>{CASES}</testsuite>",
        f"<testsuites><testsuite>{CASES}</testsuite></testsuites>",
        f'<testsuites tests="4" failures="1"><testsuite tests="4" errors="1">{CASES}</testsuite></testsuites>',
        f'<testsuites><testsuite tests="4"><testsuite tests="4">{CASES}</testsuite></testsuite></testsuites>',
        f'<testsuites tests="0"><testsuite tests="0"><testsuite>{CASES}</testsuite></testsuite></testsuites>',
        f"<testsuites>{APART}</testsuites>",
        f"<testsuite {TOLD}><testcase><failure/></testcase></testsuite>",
        f'<testsuites xmlns="urn:x"><testsuite>{CASES}</testsuite></testsuites>',
    ],
)
def test_junit_is_summed_once(value: Read, report: str) -> None:
    keys = ["tests", "failures", "errors", "skipped", "passed", "time"]
    assert [value("r.xml", report, key) for key in keys] == [4, 1, 1, 1, 1, 3.5]
    assert value("r.xml", report, "pass_rate") == 1 / 3


def test_thousands_of_seconds(value: Read) -> None:
    assert value("r.xml", '<testsuite><testcase time="1,234.5"/></testsuite>', "time") == 1234.5


def test_junit_without_tests_has_no_rate(project: Project) -> None:
    project.write("r.xml", "<testsuites/>")
    assert project.metric("r.xml", "tests").value == 0
    assert project.metric("r.xml", "pass_rate").message == "mae is null where a number belongs (r.xml: pass_rate)"


COBERTURA = """<?xml version="1.0"?><!DOCTYPE coverage SYSTEM "http://127.0.0.1:9/coverage-04.dtd">
<coverage line-rate="0.9" branch-rate="0.8" lines-covered="90" lines-valid="100" complexity="0">
<packages><package name="a.b" line-rate="0.5" branch-rate="x"><classes/></package></packages></coverage>"""


def test_cobertura(value: Read, project: Project) -> None:
    assert value("c.xml", COBERTURA, "line_rate") == 0.9
    assert value("c.xml", COBERTURA, "lines_valid") == 100
    assert value("c.xml", COBERTURA, 'packages."a.b".line_rate') == 0.5
    assert value("c.xml", COBERTURA, "min(values(packages)[].line_rate)") == 0.5
    assert project.metric("c.xml", "branches_valid").message.startswith("mae is null")
    assert project.metric("c.xml", 'packages."a.b".branch_rate').message.startswith('mae is text ("x")')


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><testsuite name="&y;"/>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<a/>", "mae: r.xml is neither JUnit (testsuites) nor Cobertura (coverage): its root is <a>"),
        ("<a>", "mae: r.xml is not XML: no element found"),
        ('<?xml version="1.0" encoding="nope"?><a/>', "mae: r.xml is not XML"),
        (BOMB, "mae: r.xml is refused: EntitiesForbidden"),
        ("<testsuite>" * 50_000 + "</testsuite>" * 50_000, "r.xml: tests: nested too deeply"),
    ],
)
def test_other_xml(project: Project, content: str, message: str) -> None:
    project.write("r.xml", content)
    assert project.metric("r.xml", "tests").message.startswith(message)
