"""Whatever a dvc.yaml or a Taskfile holds, the plan that is written loads: the writer, the rules and the compiler agree."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from criteria.documents.yaml import read, read_json
from orchestrator.config.compile import compile_plan
from orchestrator.config.findings import Desk, Source
from orchestrator.config.validate import validate
from orchestrator.imports import writer
from orchestrator.imports.dvc import from_dvc
from orchestrator.imports.model import Around
from orchestrator.imports.taskfile import from_taskfile

NAMES = st.sampled_from(["a", "b", "c", "run", "a:b", "ü", "x y", "*", "default"])
PATHS = st.sampled_from(["a", "b.txt", "d/x", "d", "d/*.txt", "**/*", "../up", "/abs", "s3://b", ".", "", ".doit/x", "config/x",
                         "~/x", "./a", "d/../a", "{item}", "${v}", "${item}", "{{.V}}", "{{.ITEM}}", "[", "a]b["])  # fmt: skip
TEXTS = st.sampled_from(["x", "cd y", "echo ${v}", "echo ${item.k}", "echo {{.V}}", "{{now}}", "if [[ a ]]", "a\nb", "'", "#", ": ",
                         "${", "{{", "task --list", " lead", "trail ", "{item}"])  # fmt: skip
JUNK = st.one_of(st.none(), st.integers(-1, 2), st.booleans(), st.just([]), st.just({}), TEXTS)


def lists(items):
    return st.one_of(st.lists(items, max_size=3), JUNK)


def sometimes(fields):
    """A mapping with some of these keys."""
    return st.fixed_dictionaries({}, optional=fields)


OUTPUTS = lists(st.one_of(PATHS, st.dictionaries(PATHS, sometimes({"cache": st.booleans(), "x": JUNK}), max_size=2)))
STAGE = {
    "cmd": st.one_of(TEXTS, lists(TEXTS)),
    "wdir": PATHS,
    "deps": lists(PATHS),
    "outs": OUTPUTS,
    "metrics": OUTPUTS,
    "params": lists(st.one_of(TEXTS, st.dictionaries(PATHS, lists(TEXTS), max_size=1))),
    "frozen": JUNK,
    "always_changed": JUNK,
    "desc": TEXTS,
    "vars": lists(st.one_of(PATHS, st.just({"v": 2}))),
    "meta": JUNK,
}
LOOP = st.one_of(st.lists(JUNK, max_size=3), st.dictionaries(NAMES, JUNK, max_size=2), st.just("${l}"), JUNK)
STAGES = st.one_of(
    sometimes(STAGE),
    st.fixed_dictionaries({"foreach": LOOP, "do": sometimes(STAGE)}),
    st.fixed_dictionaries(
        {"matrix": st.dictionaries(NAMES, LOOP, max_size=2), "cmd": TEXTS},
        optional={key: value for key, value in STAGE.items() if key != "cmd"},
    ),
)
CALL = sometimes(
    {
        "task": NAMES,
        "cmd": TEXTS,
        "vars": st.one_of(st.just({"V": "1"}), st.just({"V": "{{.NO}}"}), JUNK),
        "for": st.one_of(st.just(["p", "q"]), st.just({"var": "L"}), JUNK),
        "defer": TEXTS,
        "if": TEXTS,
        "ignore_error": JUNK,
        "platforms": st.one_of(st.just(["linux"]), JUNK),
    }
)
TASKS = st.one_of(
    TEXTS,
    sometimes(
        {
            "cmds": lists(st.one_of(TEXTS, CALL)),
            "deps": lists(st.one_of(NAMES, CALL)),
            "dir": PATHS,
            "sources": lists(st.one_of(PATHS, st.just({"exclude": "x"}))),
            "generates": lists(PATHS),
            "status": lists(TEXTS),
            "preconditions": lists(st.one_of(TEXTS, sometimes({"sh": TEXTS, "msg": TEXTS}))),
            "vars": st.one_of(
                st.dictionaries(st.sampled_from("VWL"), st.one_of(TEXTS, st.just({"sh": "x"}), JUNK)), JUNK
            ),
            "env": st.one_of(
                st.dictionaries(st.sampled_from(["E", "a b", ""]), st.one_of(TEXTS, st.just({"sh": "x"}))), JUNK
            ),
            "requires": st.one_of(st.just({"vars": ["R"]}), JUNK),
            "desc": TEXTS,
            "summary": TEXTS,
            "aliases": lists(NAMES),
            "dotenv": lists(PATHS),
            "set": lists(TEXTS),
            "method": TEXTS,
        }
    ),
)


def around(there):
    return Around(
        read=lambda path: read_json('{"v": 1, "l": [1, {"k": 2}]}') if path in there else None,
        exists=lambda path: path in there,
        matches=lambda pattern: sorted(there),
    )


def loads(imported):
    """The text that is written is right to the rules and to the compiler."""
    if all(draft.asleep for draft in imported.phases):
        return  # a plan of comments alone is refused, and `doit init` says so
    texts = {"phases": writer.phases_text(imported), "criteria": writer.criteria_text(imported),
             "orchestrator": writer.orchestrator_text(imported)}  # fmt: skip
    for kind, text in texts.items():
        assert validate(kind, read(text), kind) == [], text
    sources = [Source(f"{kind}.yaml", read(text)) for kind, text in texts.items()]
    _, problems = compile_plan(Desk(*sources, lambda module: None))
    assert [str(problem) for problem in problems] == [], texts["phases"]


@settings(max_examples=120)
@given(st.dictionaries(NAMES, STAGES, min_size=1, max_size=4), st.sets(PATHS, max_size=3))
def test_a_dvc_file(stages, there):
    text = json.dumps({"stages": stages, "vars": [{"v": "V", "l": ["1", "2"]}]})
    loads(from_dvc("dvc.yaml", read_json(text), around(there)))


@settings(max_examples=120)
@given(st.dictionaries(NAMES, TASKS, min_size=1, max_size=4), st.sets(PATHS, max_size=3))
def test_a_taskfile(tasks, there):
    text = json.dumps({"version": "3", "vars": {"V": "v w", "L": ["1"]}, "tasks": tasks})
    loads(from_taskfile("Taskfile.yml", read_json(text), around(there)))
