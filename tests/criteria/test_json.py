from __future__ import annotations

import json

import pytest
from conftest import Project

from criteria import Result

SCHEMA = {"type": "object", "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}}}
SCHEMA |= {"$defs": {"row": {"type": "integer"}}}


def test_parses(project: Project) -> None:
    project.write("a.json", "\ufeff{}")
    assert project.judge(json="a.json").result is Result.PASS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a.json is empty"),
        ('{"a": 1 2}', "a.json:1:9 is not JSON"),
        ("[NaN]", "a.json is not JSON: NaN is not a JSON value"),
        ("[-Infinity]", "a.json is not JSON: -Infinity is not a JSON value"),
        (b'["\xff"]', "a.json is not JSON: byte 2 is not UTF-8"),
        ("[" * 200_000, "a.json: nested too deeply to be read"),
        ("[" + "9" * 5000 + "]", "a.json is not JSON: Exceeds the limit"),
    ],
)
def test_does_not_parse(project: Project, content: str | bytes, message: str) -> None:
    project.write("a.json", content)
    verdict = project.judge(json="a.json")
    assert verdict.result is Result.FAIL
    assert verdict.message.startswith(message)


def test_has(project: Project) -> None:
    project.write("a.json", '{"rows": {"kept": 1, "lost": null}}')
    assert project.judge(json="a.json", has=["rows.kept", "keys(rows)", "@"]).bound == "has rows.kept, keys(rows), @"
    assert project.judge(json="a.json", has=["rows.lost"]).message == "'rows.lost' is null in a.json"
    assert project.judge(json="a.json", has=["rows[0]"]).message == "'rows[0]' gives nothing in a.json"
    assert (
        project.judge(json="a.json", has=["rows.ketp"]).message
        == "no key 'ketp' in a.json at rows (keys there: kept, lost); did you mean 'kept'?"
    )
    assert (
        project.judge(json="a.json", has=["rows.kept.x"]).message == "no key 'x' in a.json at rows.kept, where 1 stands"
    )
    assert "cannot be computed" in project.judge(json="a.json", has=["length(rows.kept)"]).message


def test_fits_its_schema(project: Project) -> None:
    project.write("a.schema.json", json.dumps(SCHEMA))
    project.write("a.json", '{"rows": [1, 2]}')
    assert project.judge(json="a.json", schema="a.schema.json").message == "a.json is JSON (schema a.schema.json)"
    project.write("a.json", '{"rows": [1, "x", 2.5]}')
    verdict = project.judge(json="a.json", schema="a.schema.json")
    assert (verdict.result, verdict.value) == (Result.FAIL, 2)
    assert (
        verdict.message
        == "a.json does not fit a.schema.json: 2 errors, first at $.rows[1]: 'x' is not of type 'integer'"
    )


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("[]", "s.json is not a JSON Schema: it is neither"),
        ('{"type": "text"}', "s.json is not a JSON Schema: at $.type"),
        ('{"type": 12', "s.json:1:12 is not JSON"),
        ('{"$ref": "http://127.0.0.1:9/x"}', "s.json refers to 'http://127.0.0.1:9/x', which it does not hold"),
        ('{"$ref": "other.json"}', "s.json refers to 'other.json', which it does not hold"),
        ('{"$ref": "#/$defs/none"}', "s.json refers to '/$defs/none', which it does not hold"),
        ('{"$ref": "#"}', "a.json: nested too deeply to be read"),
        ('{"properties": {"a": {"pattern": "("}}}', "s.json "),
    ],
)
def test_a_broken_schema(project: Project, schema: str, message: str) -> None:
    project.write("a.json", '{"a": "x"}')
    project.write("s.json", schema)
    verdict = project.judge(json="a.json", schema="s.json")
    assert verdict.result is Result.FAIL
    assert verdict.message.startswith(message)


def test_a_missing_schema(project: Project) -> None:
    project.write("a.json", "{}")
    assert project.judge(json="a.json", schema="s.json").message == "s.json is missing"
