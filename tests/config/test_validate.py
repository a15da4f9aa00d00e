"""A document in; every problem at its place and in our words out."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from criteria.documents.yaml import read, read_json
from orchestrator.config.problems import ConfigError, Problem, did_you_mean
from orchestrator.config.validate import validate

VALID = {
    "phases": """
plan: flights
phases:
  phase_1: {call: phases.flights.clean:main, args: {month: 1}}
  phase_3:
    title: Clean
    description: Markdown
    run: [python, -m, phases.flights.clean]
    needs: [phase_1]
    inputs: [build/raw.parquet, sql/*.sql]
    outputs: [build/clean.parquet]
    params: {month: 1, deep: true, name: x, rate: 0.5}
    env: {OMP_NUM_THREADS: "1"}
    cwd: .
    timeout: 5m
    retry: {attempts: 3, wait: 400ms, factor: 1.5, max_wait: 90}
    pools: {gpu: 1}
    executor: dask
    matrix: {carrier: [AA, 1, true]}
    approval: {by: [alice], quorum: 2, self_approval: false, expires: 7d}
    always: false
    clean_on_failure: true
""",
    "criteria": """
phase_3:
  - {file: a, min_size: 10kB, max_age: 2h, name: there}
  - {json: b, schema: s.json, has: [rows]}
  - {metric: m, from: b, at: rows, pass: ">= 0.95", review: ">= 0.9"}
  - {command: [python, -m, x], timeout: 5}
  - {check: a.b:c, args: {k: 1}, severity: warn, timeout: 5m}
""",
    "orchestrator": """
mode: manual
jobs: 2
pools: {gpu: 1}
errors: [{exit_code: 75, class: transient}, {signal: SIGKILL, class: permanent}, {output: "x|y", class: timeout}]
retry: {transient: {attempts: 5, wait: 1s, factor: 2, max_wait: 60s}}
approval: {by: everyone, quorum: 1, self_approval: true, expires: null}
triggers: [{on: phase.failed, run: ./notify.sh}, {on: plan.done, webhook: "https://x/y", secret: HOOK, timeout: 3}]
executors: {dask: {address: "tcp://x"}}
""",
    "github": """
enabled: auto
repository: owner/name
api_url: https://api.github.com
token: GITHUB_TOKEN
issues: plan
labels: [phasegate]
statuses: false
approvals: {permission: write, users: [], poll: 30s}
""",
}

NAMES = "a list of names or the word everyone belongs here"


def found(kind, text):
    """The problems of a YAML text, each as it is shown."""
    return [str(problem) for problem in validate(kind, read(text), "f")]


@pytest.mark.parametrize("kind", VALID)
def test_what_the_design_shows_is_valid(kind):
    assert found(kind, VALID[kind]) == []


@pytest.mark.parametrize("kind", ["criteria", "orchestrator", "github"])
def test_an_empty_file_is_valid_where_all_keys_are_optional(kind):
    assert found(kind, "") == []


@pytest.mark.parametrize(
    ("phase", "problem"),
    [
        ("{run: x, ouputs: [a]}", "f:1:22: unknown key 'ouputs' in p; did you mean 'outputs'?"),
        ("{run: x, timeout: [1]}", "f:1:31: timeout is a list, a duration such as 90, 90s or 5m belongs here"),
        ("{run: x, timeout: 5x}", "f:1:31: timeout is '5x', a duration such as 90, 90s or 5m belongs here"),
        ("{run: x, timeout: .inf}", "f:1:31: timeout is too large a number; quote it if it is a text"),
        ("{run: x, executor: slurm}", "f:1:32: executor 'slurm' is not one of local, dask"),
        ("{run: x, needs: a}", "f:1:29: needs is 'a', a list of texts belongs here; write a list: [a]"),
        (
            '{run: x, needs: ""}',
            "f:1:29: needs is empty, a list of texts belongs here; give it a value, or remove the key",
        ),
        (
            "{run: x, approval: {by: []}}",
            f"f:1:37: approval.by is empty, {NAMES}; give it a value, or remove the key",
        ),
        (
            '{run: x, approval: {by: ""}}',
            f"f:1:37: approval.by is empty, {NAMES}; give it a value, or remove the key",
        ),
        (
            "{run: x, approval: {by: ada}}",
            f"f:1:37: approval.by is 'ada', {NAMES}; write a list: [ada]",
        ),
        (
            "{run: x, matrix: {n: []}}",
            "f:1:34: matrix.n is empty, a list of values belongs here; give it a value, or remove the key",
        ),
        ("{run: x, env: {A: 1}}", 'f:1:31: env.A is 1, a text belongs here; quote it: "1"'),
        ("{run: x, env: {A_TOKEN: 1}}", "f:1:37: env.A_TOKEN is no text, a text belongs here; quote it"),
        ("{run: x, retry: {attempts: 0}}", "f:1:40: retry.attempts is 0, a whole number of at least 1 belongs here"),
        (
            "{run: x, retry: {attempts: true}}",
            "f:1:40: retry.attempts is true, a whole number of at least 1 belongs here",
        ),
        ("{title: x}", "f:1:10: p has neither run nor call; add one of them"),
        ("{run: x, call: 'a:b'}", "f:1:22: p has run and call; keep one of them"),
        ("{run: x, args: {}}", "f:1:22: args goes only with call; remove it, or add call"),
        ("~", "f:1:13: p is empty, a mapping with run or call belongs here; give it a value, or remove the key"),
        ('{run: "a\\0b"}', "f:1:19: run contains NUL; remove it"),
    ],
)
def test_a_phase_that_is_wrong(phase, problem):
    assert found("phases", f"phases: {{p: {phase}}}") == [problem]


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("phases", "", "f:1:1: the phases file has no phases; add phases, a mapping of phase names to phases"),
        ("phases", "[]", "f:1:1: the phases file is an empty list, a mapping with plan, phases belongs here"),
        ("phases", "phases: [a]", "f:1:9: phases is a list, a mapping of phase names to phases belongs here"),
        (
            "phases",
            '{phases: {"a\\n": {run: x}}}',
            "f:1:11: 'a\\n' cannot be a phase name; use letters, digits, '_', '-' and '.'",
        ),
        ("criteria", "p: [{file: a, json: b}]", "f:1:15: p[0] has file and json; keep one of them"),
        ("criteria", "p: [{file: a, has: []}]", "f:1:15: has goes only with json; remove it, or add json"),
        (
            "criteria",
            "p: [{metric: a, from: b, at: c}]",
            'f:1:6: metric needs pass beside it; add pass, a bound such as ">= 0.95"',
        ),
        ("criteria", "p: [{}]", "f:1:5: p[0] has none of file, json, metric, command, check; add one of them"),
        (
            "orchestrator",
            "triggers: [{on: phase.failed, run: x, phases: []}]",
            "f:1:47: triggers[0].phases is empty, a list of texts belongs here; give it a value, or remove the key",
        ),
        (
            "orchestrator",
            "approval: {by: []}",
            f"f:1:16: approval.by is empty, {NAMES}; give it a value, or remove the key",
        ),
        ("orchestrator", "mod: auto", "f:1:1: unknown key 'mod'; did you mean 'mode'?"),
    ],
)
def test_other_files_that_are_wrong(kind, text, problem):
    assert found(kind, text) == [problem]


def test_a_token_is_refused_and_never_shown():
    for token in ("ghp_abcdef123", "github_pat_11AAA", "a" * 40):
        (problem,) = found("github", f"token: {token}")
        assert token not in problem
        assert "the name of an environment variable" in problem


def test_all_problems_are_told_at_once():
    assert len(found("phases", "plan: 3\nphases:\n  a: {run: 5, x: 1}\n  b: ~\n")) == 4


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8).filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abrun_ .", max_size=5), inner, max_size=3),
    max_leaves=10,
)


def mutated(data, draw):
    """The data with one value somewhere in it replaced, or one key renamed."""
    if isinstance(data, dict | list) and data and draw(st.integers(0, 4)):
        keys = list(data) if isinstance(data, dict) else range(len(data))
        key = draw(st.sampled_from(keys))
        inner = mutated(data[key], draw)
        if isinstance(data, list):
            return [*data[:key], inner, *data[key + 1 :]]
        new = key if draw(st.integers(0, 3)) else draw(st.sampled_from(["run", "call", "metric", "file", "zz", ""]))
        return {**{name: value for name, value in data.items() if name != key}, new: inner}
    return draw(anything)


@given(st.data())
@settings(max_examples=150)
def test_it_never_raises(data):
    kind = data.draw(st.sampled_from(sorted(VALID)))
    value = data.draw(anything) if data.draw(st.booleans()) else mutated(read(VALID[kind]).data, data.draw)
    text = json.dumps(value).replace("Infinity", "1e999")
    for problem in validate(kind, read_json(text), "f"):
        assert problem.line >= 1
        assert problem.column >= 1
        assert "\n" not in str(problem)


def test_problems_are_sorted_and_unique_in_the_error():
    one, two = Problem("a", 1, 2, "x", "y"), Problem("a", 2, 1, "z", "")
    error = ConfigError([two, one, two])
    assert error.problems == (one, two)
    assert str(error) == "2 problems in the configuration\na:1:2: x; y\na:2:1: z"
    assert str(ConfigError([one])).startswith("1 problem in the")
    assert did_you_mean("imputs", ["inputs", "outputs"]) == "did you mean 'inputs'?"
    assert did_you_mean("zzz", ["inputs"]) == ""
