from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from conftest import Project
from hypothesis import given
from hypothesis import strategies as st

from criteria import KEYS, CriterionError, Result, Verdict, parse

METRIC = {"metric": "mae", "from": "m.json", "at": "mae", "pass": "<= 12"}


@pytest.mark.parametrize(
    ("raw", "key", "message"),
    [
        ([], "", "a criterion is a mapping, not []"),
        ({}, "", "a criterion of no kind"),
        ({"fiel": "a"}, "fiel", "a criterion of no kind; did you mean 'file'?"),
        ({"file": "a", "json": "b"}, "json", "a criterion of two kinds, file, json"),
        ({"file": "a", "min-size": 1}, "min-size", "a file criterion has no key 'min-size'; did you mean 'min_size'?"),
        ({"file": ""}, "file", "'file' is ''"),
        ({"file": 3}, "file", "'file' is 3"),
        ({"file": "a\0b"}, "file", "'file' is 'a\\x00b'"),
        ({"file": "a", "severity": "info"}, "severity", "'severity' is 'info'"),
        ({"file": "a", "severity": []}, "severity", "'severity' is []"),
        ({"file": "a", "min_size": "big"}, "min_size", "'min_size': 'big' is not a size"),
        ({"file": "a", "max_age": "old"}, "max_age", "'max_age': 'old' is not a duration"),
        ({"file": "a", "max_age": 0}, "max_age", "'max_age' is 0"),
        ({"file": "a", "sha256": "abc"}, "sha256", "'sha256' is not a SHA-256 digest"),
        ({"json": "a", "has": "x"}, "has", "'has' is not a list of texts"),
        ({"json": "a", "has": ["a["]}, "has", "'a[': no JMESPath: "),
        ({"json": "a", "has": ["lenght(a)"]}, "has", "'lenght(a)': JMESPath has no function 'lenght'; did you mean"),
        ({"metric": "mae"}, "from", "'from' is missing"),
        ({"metric": "mae", "from": "m.json"}, "at", "'at' is missing"),
        ({**METRIC, "at": "a..b"}, "at", "'at': no JMESPath: "),
        ({**METRIC, "at": "(" * 5000}, "at", "'at': "),
        ({**METRIC, "from": "m.csv"}, "at", "'at': 'mae' is not column:function"),
        ({**METRIC, "from": "m.csv", "at": "mae:maen"}, "at", "'at': no function 'maen' for a column"),
        ({**METRIC, "from": "m.log", "at": "("}, "at", "'at': no regular expression: "),
        ({**METRIC, "pass": None}, "pass", "metric mae has no 'pass'"),
        ({**METRIC, "pass": 0.95}, "pass", "'pass': '0.95' is not a threshold"),
        ({**METRIC, "review": "<= x"}, "review", "'review': '<= x' is not a threshold"),
        ({**METRIC, "review": "<= 11"}, "review", "review <= 11 can never be met where pass <= 12 is not"),
        ({**METRIC, "review": ">= 11"}, "review", "pass <= 12 can be met where review >= 11 is not"),
        ({**METRIC, "name": "x"}, "name", "a metric criterion has no key 'name'"),
        ({"command": []}, "command", "'command' is []"),
        ({"command": ["sleep", 5]}, "command", "'command' is not a list of texts"),
        ({"command": None}, "command", "'command' is missing"),
        ({"command": "x", "timeout": 0}, "timeout", "'timeout' is 0"),
        ({"check": "leakage"}, "check", "'leakage' is not module:function"),
        ({"check": "a:b", "args": [1]}, "args", "'args' cannot be passed"),
        ({"check": "a:b", "args": {"x": float("nan")}}, "args", "'args' cannot be passed"),
        ({"check": "a:b", "args": {"x": object()}}, "args", "'args' cannot be passed"),
    ],
)
def test_what_is_written_wrongly(raw: Any, key: str, message: str) -> None:
    with pytest.raises(CriterionError) as caught:
        parse(raw)
    assert caught.value.key == key
    assert caught.value.message.startswith(message)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("raw", "name", "files"),
    [
        ({"file": "a"}, "a", ("a",)),
        ({"file": "a", "name": "table"}, "table", ("a",)),
        ({"json": "a", "schema": "s"}, "a", ("a", "s")),
        (METRIC, "mae", ("m.json",)),
        ({"command": "make check"}, "make check", ()),
        ({"command": ["a", "b c"]}, "a 'b c'", ()),
        ({"check": "a.b:c"}, "a.b:c", ()),
    ],
)
def test_names_and_files(raw: dict[str, Any], name: str, files: tuple[str, ...]) -> None:
    criterion = parse(raw)
    assert (criterion.name, criterion.files, criterion.severity) == (name, files, "fail")
    assert criterion.kind in raw
    assert hash(criterion) == hash(parse(raw))
    assert criterion == parse(raw)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(sorted(frozenset().union(*KEYS.values())))


@given(st.dictionaries(keys | st.text(), anything, max_size=6))
def test_wrong_shapes_raise_a_criterion_error_and_nothing_else(raw: dict[str, Any]) -> None:
    try:
        parse(raw)
    except CriterionError as error:
        assert error.message and error.remedy  # noqa: PT017, PT018 (it need not be raised)


@given(st.sampled_from(sorted(KEYS)).flatmap(lambda kind: st.fixed_dictionaries(dict.fromkeys(KEYS[kind], anything))))
def test_so_do_wrong_values_of_the_right_keys(raw: dict[str, Any]) -> None:
    try:
        parse(raw)
    except CriterionError as error:
        assert error.key in raw  # noqa: PT017 (it need not be raised)


def test_a_verdict_goes_through_json(project: Project) -> None:
    project.write("a", "x")
    verdict = project.judge(file="a", max_age="1h")
    data = json.loads(json.dumps(verdict.as_data()))
    assert Verdict.from_data(data) == verdict
    assert Verdict.from_data({**data, "from a later version": 1}).result is Result.PASS


def test_the_import_is_cheap() -> None:
    heavy = ["jmespath", "jsonschema", "defusedxml", "csv", "subprocess", "tempfile", "yaml", "json", "xml", "decimal"]
    code = f"import sys, criteria; print([name for name in {heavy!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == "[]", ended.stderr
