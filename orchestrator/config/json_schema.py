"""The rules of `schema.py` as JSON Schema, for editors. Pure, but for `main`.

Draft 7, which every editor knows. Both refuse the same documents, but for what JSON Schema cannot say: that `1.0` is no
whole number, that a text contains NUL, that a number is too large. `errorMessage` is no keyword of JSON Schema;
yaml-language-server shows it in the place of its own words, and everybody else leaves it alone.

In the repository, `python -m orchestrator.config.json_schema docs/schemas/config` writes the four files anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TypeAlias

from .schema import SCHEMAS, Rule

Schema: TypeAlias = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
_TYPES = {"dict": "object", "list": "array"}  # the others have the same name in both
_LEAST = {"string": "minLength", "list": "minItems", "dict": "minProperties"}


def file_name(kind: str) -> str:
    """What the schema of `config/KIND.yaml` is called."""
    return f"{kind}.schema.json"


def schema_text(kind: str) -> str:
    """The schema of `config/KIND.yaml`, as it is written to a file."""
    comment = "Made by phasegate from its own rules; `doit init --schemas` writes it anew."
    head = {"$schema": DRAFT, "$comment": comment, "title": f"config/{kind}.yaml of phasegate"}
    return json.dumps({**head, **json_schema(SCHEMAS[kind])}, indent=2, ensure_ascii=False) + "\n"


def json_schema(rule: Rule) -> Schema:
    """What a Cerberus rule says, as JSON Schema."""
    types = _listed(rule["type"])
    names = [_TYPES.get(name, name) for name in types] + (["null"] if rule.get("nullable") else [])
    meta = rule["meta"]
    schema: Schema = {"description": meta["description"], "type": names[0] if len(names) == 1 else names}
    if "schema" not in rule or "dict" not in types:  # there it would hide which key is unknown
        schema["errorMessage"] = "; ".join(filter(None, (f"{meta['wants']} belongs here", meta["remedy"])))
    if "allowed" in rule:
        schema["enum"] = list(rule["allowed"])
    if "regex" in rule:
        schema["pattern"] = rule["regex"]
    if "min" in rule:
        schema["minimum"] = rule["min"]
    if rule.get("empty") is False:
        schema.update({_LEAST[name]: 1 for name in types if name in _LEAST})
    if "dict" in types:
        schema.update(_mapping(rule))
    elif "schema" in rule:
        schema["items"] = json_schema(rule["schema"])
    return schema


def _mapping(rule: Rule) -> Schema:
    if "schema" in rule:
        rules: dict[str, Rule] = rule["schema"]
        properties = {name: json_schema(inner) for name, inner in rules.items()}
        return {"properties": properties, "additionalProperties": False, **_together(rules)}
    schema: Schema = {"propertyNames": json_schema(rule["keysrules"])} if "keysrules" in rule else {}
    if "valuesrules" in rule:
        schema["additionalProperties"] = json_schema(rule["valuesrules"])
    return schema


def _together(rules: dict[str, Rule]) -> Schema:
    """Which keys have to be there, and which go together."""
    schema: Schema = {}
    if always := [name for name, rule in rules.items() if rule.get("required") and "excludes" not in rule]:
        schema["required"] = always
    if group := [name for name, rule in rules.items() if rule.get("required") and "excludes" in rule]:
        schema["anyOf"] = [{"required": [name]} for name in group]
    if linked := {name: with_ for name, rule in rules.items() if (with_ := _beside(name, rule))}:
        schema["dependencies"] = linked
    return schema


def _beside(name: str, rule: Rule) -> Schema:
    """What must and what must not be beside a key. `not` would say the same, and an editor could not show where."""
    schema: Schema = {}
    if "dependencies" in rule:
        schema["required"] = _listed(rule["dependencies"])
    if "excludes" in rule:
        schema["properties"] = dict.fromkeys(_listed(rule["excludes"]), False)
        schema["errorMessage"] = f"does not go with {name}"
    return schema


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def main(folder: Path) -> None:
    """Write the schemas of all four files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in SCHEMAS:
        (folder / file_name(kind)).write_text(schema_text(kind), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
