"""What `doit history --json` and `doit logs --json` print, held against the schemas in docs/schemas."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def lived(project):
    """A plan to which everything happened: a failure, another try, votes, a waiver, and a forgetting."""
    flaky = "test -e again || { touch again; exit 75; }; echo '{\"mae\": 9}' > m.json"
    project.phases(
        {
            "m": {"run": flaky, "outputs": ["m.json"], "approval": "manual", "retry": {"attempts": 2}},
            "x": {"run": "kill -9 $$", "matrix": {"c": ["a", "b"]}},
        },
        {"m": [{"metric": "mae", "from": "m.json", "at": "mae", "pass": "<= 8", "review": "<= 10"}]},
        errors=[{"exit_code": 75, "class": "transient"}],
        retry={"transient": {"attempts": 2, "wait": "1ms"}},
    )
    project.doit().ended(1)
    project.doit("reject", "m", "-m", "no").ended(0)
    project.doit("approve", "m", "-m", "yes").ended(0)
    project.doit().ended(1)
    project.doit("forget", "x").ended(0)
    return project


def test_the_journal_the_values_and_the_attempts_are_what_the_schemas_say(lived):
    def told(*command: str, code: int = 0) -> dict:
        data = json.loads(lived.doit(*command, "--json").ended(code).out)
        validator(command[0]).validate(data)
        return data

    entries = told("history")["entries"]
    assert {entry["event"] for entry in entries} >= {
        "attempt.ended",
        "gate.rejected",
        "gate.approved",
        "phase.forgotten",
    }
    assert {value["value"] for value in told("history", "m", "--metric", "mae")["values"]} == {9}
    assert told("history", "--verify")["breaks"] == []
    assert [attempt["outcome"] for attempt in told("logs", "m")["attempts"]] == ["retrying", "succeeded"]
    assert {attempt["signal"] for attempt in told("logs", "x")["attempts"]} == {9}
    with closing(sqlite3.connect(lived.root / ".doit.db", isolation_level=None)) as connection:
        connection.execute("delete from journal where seq = 3")
    assert told("history", "--verify", code=1)["breaks"]


def test_the_schemas_refuse_what_is_not_documented():
    entry = {"seq": 1, "at": 1.0, "run": None, "phase": None, "task": None, "event": "run.started", "data": {}}
    validator("history").validate({"entries": [entry]})
    for wrong in ({**entry, "more": 1}, {**entry, "event": "nothing"}, {**entry, "seq": 0}):
        with pytest.raises(ValidationError):
            validator("history").validate({"entries": [wrong]})
    with pytest.raises(ValidationError):
        validator("logs").validate({"attempts": [{"task": "a:run"}]})
