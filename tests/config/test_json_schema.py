"""The JSON Schemas for editors say what the Cerberus rules say, and the files in docs/ are the newest."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from criteria.documents.yaml import YamlError, read, read_json
from orchestrator.config import json_schema, schema
from orchestrator.config.schema import SCHEMAS
from orchestrator.config.validate import validate

ROOT = Path(__file__).parent.parent.parent
EDITOR = {kind: Draft7Validator(json.loads(json_schema.schema_text(kind))) for kind in SCHEMAS}
BY_PATTERN = {  # texts that a pattern lets through
    schema.PHASE_NAME: ["a", "phase_3", "9.x-y"],
    schema.IDENTIFIER: ["gpu", "_x"],
    schema.CALLABLE: ["a.b:c", "m:f.g"],
    schema.DURATION: ["90", "5m", "1.5h"],
    schema.SIZE: ["100", "10kB", "1 MiB"],
    schema.VARIABLE: ["GITHUB_TOKEN"],
}
OTHERS = [
    "auto",
    "manual",
    "everyone",
    "owner/name",
    "https://x.org/",
    "tcp://x:8786",
    "SIGKILL",
    "phase.failed",
    "a" * 64,
    "NAME",
]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5]),
    st.sampled_from(["", " ", "x y", "-", "ghp_x", "auto", "5m", "a\n"]),
    st.just([]),
    st.just({}),
    st.just(["x", ""]),
    st.just({"x": 1}),
)


def listed(names):
    return [names] if isinstance(names, str) else names


def texts(rule):
    if "allowed" in rule:
        return st.sampled_from(rule["allowed"])
    if "regex" in rule:
        return st.sampled_from(BY_PATTERN.get(rule["regex"]) or [t for t in OTHERS if re.fullmatch(rule["regex"], t)])
    return st.sampled_from(["x", "a/b.c", "*"])


def right(rule, junk):
    """Values that keep a rule, as far as one rule goes: which keys go together is left to chance."""
    made = []
    for name in listed(rule["type"]):
        if name == "string":
            made.append(texts(rule))
        elif name == "boolean":
            made.append(st.booleans())
        elif name in ("integer", "number"):
            made.append(st.integers(1, 5) if name == "integer" else st.sampled_from([1, 2.5]))
        elif name == "list":
            made.append(st.lists(value(rule["schema"], junk), min_size=1, max_size=3))
        elif "schema" in rule:
            made.append(mapping(rule["schema"], junk))
        else:
            inner = value(rule["valuesrules"], junk) if "valuesrules" in rule else JUNK
            made.append(st.dictionaries(st.one_of(texts(rule["keysrules"]), junk_keys(junk)), inner, max_size=3))
    return st.one_of(made)


def junk_keys(junk):
    return st.sampled_from(["", "1 2", "=x", "ünï"]) if junk else st.nothing()


@st.composite
def mapping(draw, rules, junk):
    names = draw(st.lists(st.sampled_from(sorted(rules)), max_size=4, unique=True))
    for name in list(names):  # most keys with what they need beside them, or hardly any document would be right
        if draw(st.integers(0, 4)):
            names += [other for other in listed(rules[name].get("dependencies", [])) if other not in names]
    groups = [name for name, rule in rules.items() if rule.get("required")]
    if groups and not any(name in groups for name in names):
        names.append(draw(st.sampled_from(groups)))
    names += [name for name in groups if "excludes" not in rules[name] and name not in names and not junk]
    found = {name: draw(value(rules[name], junk)) for name in names}
    if junk and draw(st.integers(0, 9)) == 0:
        found["inptus"] = 1
    return found


def value(rule, junk):
    return st.deferred(lambda: right(rule, junk)) if not junk else st.one_of(right(rule, junk), right(rule, junk), JUNK)


def agree(kind, data):
    """Both say yes, or both say no; whether they say yes."""
    document = read_json(json.dumps(data))
    problems = validate(kind, document, "f")
    wrong = [f"{error.json_path}: {error.message}" for error in EDITOR[kind].iter_errors(document.data)]
    assert bool(problems) == bool(wrong), (data, problems, wrong)
    return not problems


def without_final_break(data):
    """Python's `$`, which jsonschema uses, matches before a line break at the end; an editor's does not."""
    return '\\n"' not in json.dumps(data)


@pytest.mark.parametrize("kind", SCHEMAS)
@settings(max_examples=80)
@given(data=st.data())
def test_both_refuse_the_same(kind, data):
    made = data.draw(value(SCHEMAS[kind], data.draw(st.booleans())).filter(without_final_break))
    agree(kind, made)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_generator_makes_both_kinds(kind):
    """A property over documents that are all wrong would say little."""
    seen = set()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(made=value(SCHEMAS[kind], False).filter(without_final_break))
    def look(made):
        seen.add(agree(kind, made))

    look()
    assert seen == {True, False} or (kind == "github" and seen == {True})


FILES = sorted(path for folder in ("config", "orchestrator/starter/config") for path in (ROOT / folder).glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_the_repository_are_right_to_both(path):
    assert agree(path.stem, read(path.read_text("utf-8")).data)


def test_examples_of_the_documentation_are_the_same_to_both():
    """The pieces that load and those that are refused; what only the compiler refuses is right to both."""
    seen = 0
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for about, text in re.findall(
            r"^```yaml ([^\n]+)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            kind = re.match(r"(?:config/)?(phases|criteria|orchestrator|github)\b", about)
            if kind is None:
                continue
            if about.split()[0] == "phases" and not re.search(r"^(?:phases|plan):", text, re.MULTILINE):
                text = "phases:\n" + "".join(f"  {line}\n" for line in text.splitlines())
            try:
                data = read(text).data
            except YamlError:
                continue
            agree(kind[1], data)
            seen += 1
    assert seen > 40


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_files_in_docs_are_the_newest(kind):
    path = ROOT / "docs/schemas/config" / json_schema.file_name(kind)
    remedy = "run `python -m orchestrator.config.json_schema docs/schemas/config`"
    assert path.read_text("utf-8") == json_schema.schema_text(kind), remedy


def test_every_key_has_its_hover_text():
    described = 0
    for kind in SCHEMAS:
        rest = [json.loads(json_schema.schema_text(kind))]
        while rest:
            part = rest.pop()
            for inner in part.get("properties", {}).values():
                assert inner["description"]
                described += 1
                rest.append(inner)
            rest += [part[key] for key in ("items", "additionalProperties") if isinstance(part.get(key), dict)]
    assert described > 80


@pytest.mark.parametrize("kind", SCHEMAS)
def test_they_are_schemas(kind):
    Draft7Validator.check_schema(EDITOR[kind].schema)
