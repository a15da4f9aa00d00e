"""docs/configuration.md names every key that the configuration knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from example_project import REPOSITORY

import phasegate  # noqa: F401 - finds orchestrator wherever this test is started
from orchestrator.config.schema import SCHEMAS, Rule

PAGE = (REPOSITORY / "docs/configuration.md").read_text("utf-8")


def keys(rule: Rule) -> Iterator[str]:
    """The keys that a rule spells out, at any depth."""
    if rule.get("type") == "list" or "valuesrules" in rule:
        inner = rule.get("schema") or rule.get("valuesrules")
        yield from keys(inner) if isinstance(inner, dict) else ()
        return
    for name, value in (rule.get("schema") or {}).items():
        if isinstance(value, dict) and "meta" in value:
            yield name
            yield from keys(value)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_is_in_the_reference(kind: str) -> None:
    """A key that can be written can be looked up."""
    found = set(keys(SCHEMAS[kind]))
    assert len(found) > 5 or kind == "criteria"
    assert sorted(key for key in found if f"`{key}`" not in PAGE) == []
