"""What the documents together mean, and what is wrong between them."""

from textwrap import dedent

import pytest

from criteria.documents.yaml import read
from orchestrator.config.findings import Desk, Source
from orchestrator.config.load import load_plan
from orchestrator.config.problems import ConfigError
from orchestrator.config.works import too_many
from orchestrator.plan import Input, Rule


@pytest.fixture
def load(tmp_path):
    """The plan of a project with these files; `phases` is what stands below `phases:`, which is line 1."""

    def load(phases, criteria="", orchestrator="", files=()):
        (tmp_path / "config").mkdir(exist_ok=True)
        body = dedent(phases).strip("\n")
        texts = {
            "phases": "phases:\n" + "".join(f"  {line}\n" for line in body.split("\n")),
            "criteria": dedent(criteria).lstrip("\n"),
            "orchestrator": dedent(orchestrator).lstrip("\n"),
        }
        for kind, text in texts.items():
            (tmp_path / "config" / f"{kind}.yaml").write_text(text)
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text("")
        return load_plan(tmp_path, "1")

    return load


@pytest.fixture
def problems(load):
    """The problems of such a project, each as it is shown."""

    def problems(*args, **more):
        with pytest.raises(ConfigError) as error:
            load(*args, **more)
        return [str(problem) for problem in error.value.problems]

    return problems


def needs(plan):
    return {phase.name: list(phase.needs) for phase in plan}


# -- needs ----------------------------------------------------------------------------------------------------


def test_every_phase_comes_after_what_it_needs(load):
    plan = load("c: {run: x, needs: [a, b]}\nother: {run: x}\na: {run: x, needs: [b]}\nb: {run: x}")
    assert list(plan.phases) == ["b", "a", "c", "other"]


def test_a_need_is_counted_once(load):
    plan = load("a: {run: x, outputs: [o]}\nb: {run: x, needs: [a, a], inputs: [o, ./o]}")
    assert needs(plan)["b"] == ["a"]
    assert [given.path for given in plan.phases["b"].works[0].inputs] == ["o"]


@pytest.mark.parametrize(
    ("maker", "reader"),
    [
        ("build/raw.csv", "build/raw.csv"),
        ("build/raw.csv", "./build//raw.csv"),
        ("build/raw", "build/raw/a.csv"),
        ("build/raw/a.csv", "build/raw"),
        ("build/raw/a.csv", "build/"),
        ("build/raw/a.csv", "build/*/*.csv"),
        ("build/raw/a.csv", "build/**/*.csv"),
        ("build/raw/a.csv", "**"),
        ("build/raw", "build/raw/*.csv"),
        ("build/raw", "build/*/*.csv"),
    ],
)
def test_reading_what_another_makes_means_needing_it_though_it_does_not_exist_yet(load, maker, reader):
    plan = load(f"reader: {{run: x, inputs: ['{reader}']}}\nmaker: {{run: x, outputs: ['{maker}']}}")
    assert needs(plan) == {"maker": [], "reader": ["maker"]}
    assert plan.phases["reader"].works[0].inputs[0].makers == ("maker",)


@pytest.mark.parametrize(
    ("maker", "reader"),
    [
        ("build/raw.csv", "build/raw.csv.gz"),
        ("build/raw", "build/raws"),
        ("build/a.csv", "build/*.json"),
        ("build/a.csv", "data/**"),
        ("build/x/clean", "build/*/raw/**"),
        ("build/x/clean", "build[!x]x/*"),
    ],
)
def test_reading_something_else_does_not(load, maker, reader):
    plan = load(f"reader: {{run: x, inputs: ['{reader}']}}\nmaker: {{run: x, outputs: ['{maker}']}}")
    assert needs(plan) == {"reader": [], "maker": []}


@pytest.mark.parametrize(
    "criterion",
    [
        "{file: build/m.json}",
        "{json: build/m.json}",
        "{json: own.json, schema: build/m.json}",
        "{metric: mae, from: build/m.json, at: mae, pass: '> 0'}",
        "{check: 'build.m:f'}",
    ],
)
def test_a_criterion_that_reads_what_another_makes_means_needing_it(load, criterion):
    plan = load(
        "judged: {run: x, outputs: [own.json]}\nmaker: {run: x, outputs: [build/m.json, build/m.py]}",
        f"judged: [{criterion}]",
        files=["build/m.py"],
    )
    assert needs(plan) == {"maker": [], "judged": ["maker"]}


def test_a_criterion_may_read_what_its_own_phase_makes(load):
    plan = load("a: {run: x, outputs: [build]}", "a: [{file: build/x}]")
    assert needs(plan) == {"a": []}
    assert plan.phases["a"].reads == ("build", "build/x")


def test_an_unknown_need_is_told_with_a_suggestion(problems):
    assert problems(
        "phase_1: {run: x}\nphase_2:\n  run: x\n  needs: [phase_1, phase_l]\nother: {run: x, needs: [zz]}"
    ) == [
        "config/phases.yaml:5:22: phase_2 needs 'phase_l', which is no phase; did you mean 'phase_1'?",
        "config/phases.yaml:6:27: other needs 'zz', which is no phase",
    ]


def test_each_cycle_is_told_once(problems):
    assert problems(
        """
        entry: {run: x, needs: [a, c]}
        a: {run: x, needs: [b]}
        b: {run: x, needs: [a]}
        c: {run: x, needs: [c]}
        """
    ) == [
        "config/phases.yaml:3:3: phases need each other: a → b → a; take one of these links out",
        "config/phases.yaml:5:3: phases need each other: c → c; take one of these links out",
    ]


def test_a_cycle_through_files_and_criteria_is_one_too(problems):
    assert problems(
        "a: {run: x, inputs: [b.csv], outputs: [a.csv]}\nb: {run: x, outputs: [b.csv]}", "b: [{file: a.csv}]"
    ) == ["config/phases.yaml:2:3: phases need each other: a → b → a; take one of these links out"]


@pytest.mark.parametrize("name", ["run", "List", "status", "reset-dep"])
def test_a_phase_cannot_have_the_name_of_a_command(problems, name):
    assert problems(f"ok: {{run: x}}\n{name}: {{run: x}}") == [
        f"config/phases.yaml:3:3: '{name}' is a command of doit; choose another name"
    ]


# -- outputs --------------------------------------------------------------------------------------------------


def test_an_output_has_one_maker(problems):
    assert problems("a: {run: x, outputs: [build/x]}\nb: {run: x, outputs: [y, ./build/x]}") == [
        "config/phases.yaml:3:28: 'build/x' is made by a too ('build/x'); give each output one maker"
    ]


@pytest.mark.parametrize(("first", "second"), [("build", "build/x/y"), ("build/x/y", "build")])
def test_an_output_inside_another_phases_output_has_two_makers(problems, first, second):
    assert problems(f"a: {{run: x, outputs: [{first}]}}\nb: {{run: x, outputs: [{second}]}}") == [
        f"config/phases.yaml:3:25: '{second}' is made by a too ('{first}'); give each output one maker"
    ]


def test_a_phase_may_name_a_folder_and_what_is_in_it(load):
    assert load("a: {run: x, outputs: [build, build/x, build/x]}").phases["a"].outputs == ("build", "build/x")


@pytest.mark.parametrize("output", ["build/*.csv", "build/?", "build/[ab]", "**"])
def test_an_output_is_no_pattern(problems, output):
    assert problems(f"a: {{run: x, outputs: ['{output}']}}") == [
        f"config/phases.yaml:2:25: output '{output}' is a pattern; name the files, or the folder they lie in"
    ]


@pytest.mark.parametrize(
    "output", ["dodo.py", "./config", "config/phases.yaml", ".git", ".git/HEAD", "pyproject.toml", "doit.cfg"]
)
def test_an_output_is_never_what_makes_the_project_one(problems, output):
    """`doit clean` would delete it."""
    clean = output.removeprefix("./")
    assert problems(f"a: {{run: x, outputs: [{output}]}}") == [
        f"config/phases.yaml:2:25: '{clean}' belongs to the project itself; write outputs to a folder such as build/"
    ]


def test_a_name_that_only_begins_like_a_protected_one_is_free(load):
    assert load("a: {run: x, outputs: [configs/x, .github/x, build/config]}")


def test_a_phase_does_not_read_what_it_makes(problems):
    told = "leave its own outputs out of its inputs"
    assert problems("a:\n  run: x\n  inputs: [in, build/x/y, 'b*/*', build]\n  outputs: [build/x]") == [
        f"config/phases.yaml:4:18: a reads 'build/x/y' and makes it, or part of it; {told}",
        f"config/phases.yaml:4:29: a reads 'b*/*' and makes it, or part of it; {told}",
        f"config/phases.yaml:4:37: a reads 'build' and makes it, or part of it; {told}",
    ]


def test_a_phase_does_not_make_the_module_it_calls(problems):
    assert problems("a: {call: 'work:main', outputs: [work.py]}", files=["work.py"]) == [
        "config/phases.yaml:2:13: a reads 'work.py' and makes it, or part of it; leave its own outputs out of its inputs"
    ]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("../x", "'../x' leaves the project; copy or link what you need into it"),
        ("build/../../x", "'build/../../x' leaves the project; copy or link what you need into it"),
        ("/etc/passwd", "'/etc/passwd' is not relative; write the path from the project folder on"),
        ("~/x", "'~/x' is not relative; write the path from the project folder on"),
        ("build/..", "'build/..' is the whole project; name the files or folders that matter"),
        (".doit.db", "'.doit.db' is where phasegate keeps its state; name another path"),
        ("' '", "a path must not be empty; name a file or a folder of the project"),
    ],
)
def test_inputs_outputs_folders_and_criteria_stay_in_the_project(problems, path, told):
    phases = f"a:\n  run: x\n  cwd: {path}\n  inputs:\n    - {path}\n  outputs:\n    - {path}\nb: {{run: x}}"
    criteria = f"b:\n  - file: {path}\n" if path != "' '" else ""
    assert problems(phases, criteria) == [
        *([f"config/criteria.yaml:2:11: {told}"] if criteria else []),
        f"config/phases.yaml:4:10: {told}",
        f"config/phases.yaml:6:9: {told}",
        f"config/phases.yaml:8:9: {told}",
    ]


# -- works ----------------------------------------------------------------------------------------------------


def test_a_works_definition_has_what_its_result_depends_on_and_nothing_else(load):
    plan = load(
        """
        a:
          title: T
          run: [python, -c, pass]
          params: {month: 1}
          env: {X: "1"}
          cwd: ./sub/
          timeout: 1.5m
          always: true
        b: {call: "m.n:f", args: {x: null}, cwd: .}
        c: {run: x, params: {}, env: {}, cwd: ./}
        """
    )
    a, b, c = (plan.phases[name].works[0] for name in "abc")
    assert a.definition == {
        "run": ["python", "-c", "pass"],
        "cwd": "sub",
        "env": {"X": "1"},
        "params": {"month": 1},
    }
    assert (a.task, a.timeout, a.always) == ("a:run", 90.0, True)
    assert b.definition == {"call": "m.n:f", "args": {"x": None}}
    assert (b.timeout, b.always) == (None, False)
    assert c.definition == {"run": "x"}


@pytest.mark.parametrize(
    ("files", "found"), [([], []), (["m/n.py"], ["m/n.py"]), (["m/n/__init__.py"], ["m/n/__init__.py"])]
)
def test_the_module_of_a_callable_is_an_input_where_it_is_the_projects(load, files, found):
    plan = load("a: {call: 'm.n:f', inputs: [x]}", files=files)
    assert [given.path for given in plan.phases["a"].works[0].inputs] == ["x", *found]


def test_a_module_that_another_phase_makes_is_needed(load):
    plan = load("a: {call: 'gen.m:f'}\ngenerate: {run: x, outputs: [gen]}", files=["gen/m.py"])
    assert needs(plan) == {"generate": [], "a": ["generate"]}
    assert plan.phases["a"].works[0].inputs == (Input("gen/m.py", ("generate",), "config/phases.yaml:2:13"),)


def test_a_module_that_is_an_input_anyway_is_one_input(load):
    plan = load("a: {call: 'm:f', inputs: [m.py]}", files=["m.py"])
    assert plan.phases["a"].works[0].inputs == (Input("m.py", (), "config/phases.yaml:2:29"),)


@pytest.mark.parametrize(("files", "found"), [([], ()), (["checks/leak.py"], ("checks/leak.py",))])
def test_the_module_of_a_check_is_read_by_the_gate(load, files, found):
    plan = load("a: {run: x, outputs: [o]}", "a: [{check: 'checks.leak:f'}]", files=files)
    assert plan.phases["a"].reads == ("o", *found)


def test_the_place_of_a_phase_and_of_each_input_is_known(load):
    phase = load("a:\n  run: x\n  inputs:\n    - one\n    - two").phases["a"]
    assert phase.place == "config/phases.yaml:3:5"
    assert [given.place for given in phase.works[0].inputs] == ["config/phases.yaml:5:9", "config/phases.yaml:6:9"]


def test_a_phase_without_a_title_is_called_by_its_name(load):
    plan = load("a: {run: x}\nb: {run: x, title: B, description: ' *b* '}")
    assert [(phase.title, phase.description) for phase in plan] == [("a", ""), ("B", "*b*")]


# -- matrix ---------------------------------------------------------------------------------------------------


def test_a_matrix_phase_has_one_work_for_each_combination_and_one_gate(load):
    plan = load(
        """
        m:
          run: [work, "{carrier}", "{month}", "${month}"]
          inputs: ["in/{carrier}"]
          outputs: ["build/{carrier}-{month}.csv"]
          env: {MONTH: "{month}"}
          params: {label: "m{month}"}
          cwd: "work/{carrier}"
          matrix: {carrier: [AA, UA], month: [1, 2]}
        c: {call: "m:f", args: {month: "{month}"}, matrix: {month: [1]}}
        after: {run: x, inputs: [build/UA-2.csv]}
        """,
        'm:\n  - file: "build/{carrier}-{month}.csv"\n  - {file: build}\n',
    )
    works = plan.phases["m"].works
    assert [work.task for work in works] == ["m:run:AA:1", "m:run:AA:2", "m:run:UA:1", "m:run:UA:2"]
    assert works[2].definition == {
        "run": ["work", "UA", "1", "${month}"],
        "cwd": "work/UA",
        "env": {"MONTH": "1"},
        "params": {"label": "m1", "carrier": "UA", "month": 1},
    }
    assert [given.path for given in works[2].inputs] == ["in/UA"]
    assert works[2].outputs == ("build/UA-1.csv",)
    assert plan.phases["m"].outputs == tuple(f"build/{c}-{m}.csv" for c in ("AA", "UA") for m in (1, 2))
    assert [criterion["file"] for criterion in plan.phases["m"].criteria] == [*plan.phases["m"].outputs, "build"]
    assert plan.phases["m"].reads == (*plan.phases["m"].outputs, "build")
    assert plan.phases["c"].works[0].definition["args"] == {"month": 1}, "a number stays a number"
    assert needs(plan)["after"] == ["m"]


def test_a_criterion_is_repeated_only_over_the_axes_that_it_names(load):
    plan = load(
        "m: {run: x, matrix: {a: [1, 2], b: [3, 4]}}",
        """
        m:
          - {command: [test, "{a}", "${b}"]}
          - {check: "c:f", args: {b: "{b}"}, name: "c {b}"}
        """,
    )
    assert plan.phases["m"].criteria == [
        {"command": ["test", "1", "${b}"]},
        {"command": ["test", "2", "${b}"]},
        {"check": "c:f", "args": {"b": 3}, "name": "c 3"},
        {"check": "c:f", "args": {"b": 4}, "name": "c 4"},
    ]


def test_combinations_that_make_one_output_are_told_once_with_the_placeholders_to_use(problems):
    assert problems("m: {run: x, outputs: [build/m], matrix: {a: [1, 2, 3], b: [4]}}") == [
        "config/phases.yaml:2:25: 'build/m' is made by m too ('build/m'); put the axes into the name, such as {a}-{b}"
    ]


def test_two_values_that_look_the_same_are_told(problems):
    """They would be two tasks with one name."""
    assert problems("m: {run: x, outputs: ['build/{a}'], matrix: {a: [1, x, '1', x]}}", "m: [{file: 'build/{a}'}]") == [
        "config/phases.yaml:2:58: a has the value '1' already; name each value once",
        "config/phases.yaml:2:63: a has the value 'x' already; name each value once",
    ]


def test_more_combinations_than_anybody_can_go_through_are_refused_before_they_are_made(problems):
    hundred, ten = list(range(100)), list(range(10))
    text = f"""
        a: {{run: x, matrix: {{v: {hundred}, w: {hundred}, x: {hundred}, y: {hundred}, z: {hundred}}}}}
        b: {{run: x, matrix: {{v: {hundred}, w: {hundred}, x: {hundred}, y: [1, 2]}}, inputs: ["../x"]}}
        c: {{run: x, matrix: {{v: {ten}}}}}
        """
    limit, remedy = "1,000,000", "shorten the axes, or let each work go through the values of one of them"
    ways = " × ".join(f"100 of {axis}" for axis in "vwxyz")
    assert problems(text) == [
        (
            "config/phases.yaml:2:15: the matrix of a has 10,000,000,000 combinations"
            f" ({ways}), and {limit} at most are allowed; {remedy}"
        ),
        (
            "config/phases.yaml:3:15: the matrix of b has 2,000,000 combinations"
            f" (100 of v × 100 of w × 100 of x × 2 of y), and {limit} at most are allowed; {remedy}"
        ),
    ]


def test_as_many_combinations_as_are_allowed_are_no_problem():
    thousand = list(range(1000))
    empty = Source("f", read("{}"))
    desk = Desk(empty, empty, empty, lambda name: None)
    assert not too_many("a", {"run": "x", "matrix": {"m": thousand, "n": thousand}}, desk)
    assert not too_many("a", {"run": "x"}, desk)
    assert desk.found.problems == []


def test_a_value_that_takes_a_path_out_of_the_project_is_told(problems):
    assert problems("m: {run: x, outputs: ['{a}/x'], matrix: {a: [ok, ..]}}") == [
        "config/phases.yaml:2:25: '../x' leaves the project; copy or link what you need into it"
    ]


# -- criteria -------------------------------------------------------------------------------------------------


def test_criteria_for_an_unknown_phase_are_told_at_its_name(problems):
    assert problems("phase_1: {run: x}", "phase_1: []\nphase_l: [{file: x}]\n") == [
        "config/criteria.yaml:2:1: there is no phase 'phase_l' in config/phases.yaml; did you mean 'phase_1'?"
    ]


METRIC = "a:\n  - metric: mae\n    from: {from_}\n    at: {at}\n    pass: {pass_}\n    review: {review}\n"
GOOD = {"from_": "m.json", "at": "mae", "pass_": '"<= 12"', "review": '"<= 13"'}
FORMATS = "JMESPath for JSON, YAML, TOML and XML; column:function for CSV; a regular expression for text"
BOUNDS = 'write ">= 0.95", "<= 1.02 * approved" or ">= approved - 0.01"'


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pass_": "small"}, f"5:11: 'pass': 'small' is not a threshold; {BOUNDS}"),
        ({"review": '"<= much"'}, f"6:13: 'review': '<= much' is not a threshold; {BOUNDS}"),
        (
            {"review": '"<= 11"'},
            "6:13: review <= 11 can never be met where pass <= 12 is not; make review the looser one, or leave it out",
        ),
        (
            {"review": '">= 13"'},
            "6:13: pass <= 12 can be met where review >= 13 is not; make review the looser one, or leave it out",
        ),
        (
            {"at": "'lenght(a)'"},
            f"4:9: 'at': JMESPath has no function 'lenght'; did you mean 'length'?; {FORMATS}",
        ),
        ({"from_": "m.csv"}, f"4:9: 'at': 'mae' is not column:function, as in mae:last; {FORMATS}"),
        (
            {"from_": "m.log", "at": "'('"},
            "4:9: 'at': no regular expression: missing ), unterminated subpattern at position 0; " + FORMATS,
        ),
    ],
)
def test_what_is_wrong_in_a_criterion_is_told_at_the_value_that_is(problems, wrong, told):
    assert problems("a: {run: x}", METRIC.format(**{**GOOD, **wrong})) == [f"config/criteria.yaml:{told}"]


def test_bad_jmespath_among_what_must_be_there_is_told(problems):
    (found,) = problems("a: {run: x}", "a:\n  - json: m.json\n    has: [ok, 'a[']\n")
    assert found.startswith("config/criteria.yaml:3:10: 'a[': no JMESPath: ")


def test_a_criterion_that_is_wrong_in_every_combination_is_told_once(problems):
    assert problems(
        "m: {run: x, matrix: {c: [1, 2]}}",
        'm: [{metric: "{c}", from: m.json, at: mae, pass: small}]',
    ) == [f"config/criteria.yaml:1:50: 'pass': 'small' is not a threshold; {BOUNDS}"]


def test_a_criterions_name_is_unique_in_its_phase(problems):
    assert problems(
        "a: {run: x}\nb: {run: x}",
        """
        a:
          - {file: x}
          - {metric: mae, from: m.json, at: mae, pass: "> 0"}
          - {json: y, name: x}
          - {metric: mae, from: m.csv, at: "mae:max", pass: "> 0"}
        b:
          - {file: x}
        """,
    ) == [
        "config/criteria.yaml:4:5: a has a criterion 'x' already, on line 2; give it another name",
        "config/criteria.yaml:5:5: a has a criterion 'mae' already, on line 3; give it another name",
    ]


def test_a_criterion_that_is_repeated_needs_a_name_for_each_combination(problems):
    """Approved values are kept by the metric's name: under one name, the last would be the bound of all."""
    assert problems(
        "m: {run: x, matrix: {c: [AA, UA]}}",
        'm:\n  - {metric: mae, from: "{c}.json", at: mae, pass: "<= approved"}\n',
    ) == [
        "config/criteria.yaml:2:5: m has 'mae' once for each combination, all with this name; put the axes into its name, such as {c}"
    ]


# -- approval rules -------------------------------------------------------------------------------------------

COMMON = "approval: {by: [ann, bob], quorum: 2, expires: 1h}\n"


@pytest.mark.parametrize(
    ("own", "orchestrator", "rule"),
    [
        ("", "", Rule(False, by_mode=True)),
        ("", "mode: auto", Rule(False, by_mode=True)),
        ("", "mode: manual", Rule(True, by_mode=True)),
        ("approval: auto", "mode: manual", Rule(False)),
        ("approval: manual", "mode: auto", Rule(True)),
        ("approval: {quorum: 2}", "mode: auto", Rule(True, quorum=2)),
        ("approval: {}", "", Rule(True)),
        ("", COMMON, Rule(False, ("ann", "bob"), 2, True, 3600.0, by_mode=True)),
        ("", COMMON + "mode: manual", Rule(True, ("ann", "bob"), 2, True, 3600.0, by_mode=True)),
        ("approval: manual", COMMON, Rule(True, ("ann", "bob"), 2, True, 3600.0)),
        ("approval: {by: [ben, cy]}", COMMON, Rule(True, ("ben", "cy"), 2, True, 3600.0)),
        ("approval: {by: everyone, expires: null}", COMMON, Rule(True, (), 2, True, None)),
        ("approval: {quorum: 1, self_approval: true, expires: 90}", COMMON, Rule(True, ("ann", "bob"), 1, True, 90.0)),
        ("", "approval: {by: everyone, quorum: 1, self_approval: true, expires: null}", Rule(False, by_mode=True)),
    ],
)
def test_a_phases_own_approval_goes_over_the_mode_and_the_common_rule(load, own, orchestrator, rule):
    assert load(f"a: {{run: x, {own}}}", orchestrator=orchestrator).phases["a"].rule == rule


# -- the cluster ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "common", "executor"),
    [
        ("", "", "local"),
        ("executor: dask", "", "dask"),
        ("", "executor: dask", "dask"),
        ("executor: local", "executor: dask", "local"),
    ],
)
def test_a_phases_own_executor_goes_over_the_common_one(load, own, common, executor):
    plan = load(f"a: {{run: x, {own}}}", orchestrator=common)
    assert plan.phases["a"].works[0].executor == executor
    assert (plan.dask is None) == (executor == "local"), "of a cluster nobody hears who needs none"


def test_where_the_cluster_is(load):
    dask = "{address: 'tls://host:8786', tls: {ca: ca.pem, cert: c.pem, key: k.pem}, lease: 1m, wait: 2h}"
    plan = load("a: {run: x, executor: dask, resources: {GPU: 1}}", orchestrator=f"executors: {{dask: {dask}}}")
    assert plan.dask == {
        "address": "tls://host:8786",
        "tls": {"ca": "ca.pem", "cert": "c.pem", "key": "k.pem"},
        "lease": 60.0,
        "wait": 7200.0,
    }
    assert plan.phases["a"].works[0].resources == {"GPU": 1.0}


def test_moving_a_work_leaves_what_it_is(load):
    here, there = (load(f"a: {{run: x, {more}}}").phases["a"].works[0] for more in ("", "executor: dask"))
    assert here.definition_text == there.definition_text


@pytest.mark.parametrize(
    ("own", "orchestrator", "problem"),
    [
        (
            "resources: {GPU: 1}",
            "",
            "config/phases.yaml:2:15: a runs on this machine, where no resources are counted; use pools, or executor: dask",
        ),
        (
            "executor: dask, resources: {GPU: 2}",
            "executors: {dask: {resources: {GPU: 1}}}",
            (
                "config/phases.yaml:2:43: a takes 2 of 'GPU', of which a worker has 1; take less, or give workers more under"
                " executors.dask in config/orchestrator.yaml"
            ),
        ),
        (
            "executor: dask",
            "executors: {dask: {lease: 100ms}}",
            (
                "config/orchestrator.yaml:1:27: a lease that short ends commands whenever a machine is busy;"
                " allow at least 2 s"
            ),
        ),
        (
            "executor: dask",
            "executors: {dask: {wait: 0}}",
            "config/orchestrator.yaml:1:26: in no time no cluster is there; allow it some seconds",
        ),
    ],
)
def test_what_no_cluster_can_do(problems, own, orchestrator, problem):
    assert problems(f"a: {{run: x, {own}}}", orchestrator=orchestrator) == [problem]


# -- many at once ---------------------------------------------------------------------------------------------


def test_several_problems_of_one_phase_are_told_at_once(problems):
    found = problems("list: {run: x, needs: [no], inputs: [/a], outputs: ['*']}", "list: [{file: ..}]\nzz: []")
    assert [line.split(": ")[0] for line in found] == [
        "config/criteria.yaml:1:15",
        "config/criteria.yaml:2:1",
        "config/phases.yaml:2:3",
        "config/phases.yaml:2:26",
        "config/phases.yaml:2:40",
        "config/phases.yaml:2:55",
    ]


def test_a_plan_of_thousands_of_phases_in_a_chain_is_read(load):
    lines = [f"p{n}: {{run: x, inputs: [b/{n + 1}], outputs: [b/{n}]}}" for n in range(2_000)]
    assert list(load("\n".join(lines)).phases) == [f"p{n}" for n in reversed(range(2_000))]


@pytest.mark.parametrize(
    ("approval", "problem"),
    [
        ("{by: [ann], quorum: 2}", "1:34: the quorum of a is 2, but `by` names 1; name more people or ask fewer"),
        (
            "{expires: 0}",
            "1:23: an approval that expires at once would never stand; give it some time, or leave it out",
        ),
    ],
)
def test_a_rule_that_nobody_can_meet_is_refused(problems, approval, problem):
    [told] = problems(f"a: {{run: x, approval: {approval}}}", "")
    assert told.startswith("config/phases.yaml:")
    assert told.partition(": ")[2] == problem.partition(": ")[2]


@pytest.mark.parametrize("timeout", ["0", "0.0", "0s", "0ms"])
def test_a_work_must_have_some_time(problems, timeout):
    place = "config/phases.yaml:2:24"
    assert problems(f"a: {{run: x, timeout: {timeout}}}") == [
        f"{place}: in no time no work is done; allow it some seconds, or leave it out"
    ]


@pytest.mark.parametrize(
    ("phase", "orchestrator"),
    [
        ("a: {{run: x, timeout: {}}}", ""),
        ("a: {{run: x, retry: {{wait: {}}}}}", ""),
        ("a: {{run: x, approval: {{expires: {}}}}}", ""),
        ("a: {{run: x}}", "executors: {{dask: {{lease: {}}}}}"),
        ("a: {{run: x}}", "cache: {{url: x, wait: {}}}"),
        ("a: {{run: x}}", "triggers: [{{on: plan.done, run: x, timeout: {}}}]"),
    ],
)
def test_a_duration_that_no_clock_knows_is_refused(problems, phase, orchestrator):
    endless = "9" * 400 + "s"
    [found] = problems(phase.format(endless), orchestrator=orchestrator.format(endless))
    assert "…', a duration such as 90, 90s or 5m belongs here" in found


def test_parameters_that_would_be_one_variable_are_refused(problems):
    [told] = problems("a: {run: x, params: {month: 1, Month: 2}}", "")
    assert "'Month' and 'month' are both PARAM_MONTH in the environment; rename one of them" in told


def test_a_matrix_value_that_is_too_long_for_a_name_is_refused(problems):
    [told] = problems(f"a: {{run: x, matrix: {{c: [{'y' * 101}]}}}}", "")
    assert "this value of c has 101 characters" in told


@pytest.mark.parametrize(
    ("name", "matrix", "length"),
    [
        ("n" * 241, "", "the name of this phase has 241"),
        (
            "n" * 40,
            ", matrix: {a: [b, {c}], d: [{c}, b]}",
            "the name of this phase, with its longest values behind it, ",
        ),
        (
            "n",
            ", matrix: {a: ['{ü}']}",
            "the name of this phase, with its longest values behind it, quoted as in a URL, has 242",
        ),
    ],
)
def test_a_name_that_no_log_can_have_is_refused(problems, name, matrix, length):
    matrix = matrix.replace("{c}", "c" * 100).replace("{ü}", "ü" * 40)
    [problem] = problems(f"{name}: {{run: x{matrix}}}")
    assert problem.startswith(f"config/phases.yaml:2:3: {length}")
    assert problem.endswith(" characters; the name of a log holds 240 of it")


def test_the_longest_name_that_a_log_can_have_is_fine(load):
    assert load(f"{'n' * 240}: {{run: x}}\n{'m' * 139}: {{run: x, matrix: {{a: [{'c' * 100}]}}}}")
