"""From the files in config/ to a plan, or to every problem in them at once."""

import json

import pytest

from criteria.documents.yaml import read
from orchestrator.config.load import load_plan
from orchestrator.config.plan_data import as_data
from orchestrator.config.problems import ConfigError

PHASES = """\
plan: flights
phases:
  raw:
    title: Ingest
    run: [python, -m, work.raw]
    outputs: [build/raw.csv]
  tidy:
    call: work:main
    args: {month: 1, rate: 0.5, deep: true, none: null}
    inputs: [build/raw.csv]
    outputs: ["build/{carrier}.csv"]
    matrix: {carrier: [AA, UA]}
    env: {OMP_NUM_THREADS: "1"}
    timeout: 5m
    approval: {by: [ann], quorum: 1, expires: 7d}
"""
CRITERIA = """\
tidy:
  - {file: "build/{carrier}.csv", min_size: 10kB}
  - {metric: mae, from: build/m.json, at: mae, pass: "<= 12"}
"""
ORCHESTRATOR = "mode: manual\njobs: 3\n"


@pytest.fixture
def project(tmp_path):
    """Write files into an empty project, and load its plan or the problems that it has, as they are shown."""

    class Project:
        root = tmp_path

        def write(self, **files):
            (tmp_path / "config").mkdir(exist_ok=True)
            for name, content in files.items():
                path = tmp_path / "config" / name.replace("_", ".")
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return self

        def load(self):
            return load_plan(tmp_path, "1")

        def problems(self):
            with pytest.raises(ConfigError) as error:
                self.load()
            return [str(problem) for problem in error.value.problems]

    return Project()


# -- what is loaded -------------------------------------------------------------------------------------------


def test_a_project_needs_no_more_than_phases(project):
    plan = project.write(phases_yaml="phases: {a: {run: x}}").load()
    assert (plan.name, plan.jobs, list(plan.phases)) == ("plan", 1, ["a"])


def test_all_files_go_into_the_plan(project):
    plan = project.write(phases_yaml=PHASES, criteria_yaml=CRITERIA, orchestrator_yaml=ORCHESTRATOR).load()
    assert (plan.name, plan.jobs, list(plan.phases)) == ("flights", 3, ["raw", "tidy"])
    assert plan.phases["raw"].title == "Ingest"
    assert plan.phases["raw"].rule.manual
    assert len(plan.phases["tidy"].criteria) == 3
    assert plan.makers == {"build/raw.csv": "raw", "build/AA.csv": "tidy", "build/UA.csv": "tidy"}


def without_places(plan):
    """The plan's data, with a dot for each place."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(inner) for inner in value]
        return "." if str(value).startswith(("config/phases.", "config/criteria.")) else value

    return plain(as_data(plan))


def test_json_gives_the_same_plan_as_yaml(project):
    texts = {"phases": PHASES, "criteria": CRITERIA, "orchestrator": ORCHESTRATOR}
    project.write(**{f"{kind}_yaml": text for kind, text in texts.items()})
    from_yaml = project.load()
    for kind, text in texts.items():
        (project.root / "config" / f"{kind}.yaml").unlink()
        project.write(**{f"{kind}_json": json.dumps(read(text).data, indent=2)})
    from_json = project.load()
    assert without_places(from_json) == without_places(from_yaml)
    assert from_json.phases["raw"].place == "config/phases.json:4:12"


def test_yml_is_yaml(project):
    assert list(project.write(phases_yml="phases: {a: {run: x}}").load().phases) == ["a"]


def test_a_byte_order_mark_is_no_problem(project):
    assert list(project.write(phases_yaml=b"\xef\xbb\xbfphases: {a: {run: x}}").load().phases) == ["a"]


@pytest.mark.parametrize("kind", ["criteria", "orchestrator", "github"])
@pytest.mark.parametrize("name", ["{}_yaml", "{}_json"])
def test_an_empty_file_says_nothing(project, kind, name):
    project.write(phases_yaml="phases: {a: {run: x}}")
    plain = project.load()
    assert project.write(**{name.format(kind): " \n"}).load() == plain


# -- files that cannot be read --------------------------------------------------------------------------------


def test_a_folder_without_phases_says_what_to_write(project):
    told = ["config/phases.yaml:1:1: there is no such file; write one, or run `doit init` in an empty folder"]
    assert project.problems() == told, "no config folder"
    assert project.write(criteria_yaml="").problems() == told, "other files"
    (project.root / "config" / "phases.yaml").symlink_to("nowhere")
    assert project.problems() == told, "a link to nothing"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("phases_yaml", "phases_json"), "config/phases.json:1:1: config/phases.yaml and config/phases.json are both"),
        (("phases_yaml", "phases_yml"), "config/phases.yml:1:1: config/phases.yaml and config/phases.yml are both"),
        (("phases_yml", "phases_json"), "config/phases.json:1:1: config/phases.yml and config/phases.json are both"),
    ],
)
def test_of_two_files_of_one_kind_none_is_chosen(project, names, told):
    project.write(**dict.fromkeys(names, "phases: {a: {run: x}}"))
    assert project.problems() == [told + " there; keep one of them"]


def test_a_file_of_another_encoding_is_told_with_its_line(project):
    project.write(phases_yaml="phases:\n  a:\n    run: caf\xe9\n".encode("latin-1"))
    assert project.problems() == [
        "config/phases.yaml:3:1: is not UTF-8: invalid continuation byte at byte 25; save it as UTF-8"
    ]


def test_utf_16_is_told_too(project):
    project.write(phases_yaml="phases: {a: {run: x}}".encode("utf-16"))
    assert project.problems() == [
        "config/phases.yaml:1:1: is not UTF-8: invalid start byte at byte 0; save it as UTF-8"
    ]


def test_a_folder_in_the_place_of_a_file_is_told(project):
    project.write(phases_yaml="phases: {a: {run: x}}")
    (project.root / "config" / "criteria.yaml").mkdir()
    assert project.problems() == [
        "config/criteria.yaml:1:1: cannot be read: Is a directory; it must be a file that you may read"
    ]


def test_broken_yaml_is_told_with_its_place(project):
    assert project.write(phases_yaml="phases:\n  a: [\n").problems() == [
        "config/phases.yaml:3:1: a value is missing here"
    ]


def test_broken_json_is_told_with_its_place(project):
    assert project.write(phases_json='{"phases":\n {"a": }}').problems() == ["config/phases.json:2:8: expecting value"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "config/phases.yaml:1:1: the phases file has no phases; add phases, a mapping of phase names to phases"),
        ("phases: {}", "config/phases.yaml:1:9: phases is empty, a mapping of phase names to phases belongs here"),
        ("[]", "config/phases.yaml:1:1: the phases file is an empty list, a mapping with plan, phases belongs here"),
    ],
)
def test_a_plan_has_phases(project, text, told):
    assert project.write(phases_yaml=text).problems() == [told]


# -- all at once ----------------------------------------------------------------------------------------------


def test_problems_of_several_files_are_told_at_once_by_file_and_line(project):
    project.write(
        phases_yaml="phases:\n  b: {run: x, tilte: y}\n  a: {ruin: x}\n",
        criteria_yaml="a:\n  - {fiel: x}\n",
        orchestrator_yaml="jobs: 0",
        github_yaml=b"\xff",
    )
    assert project.problems() == [
        "config/criteria.yaml:2:5: a[0] has none of file, json, metric, command, check; add one of them",
        "config/criteria.yaml:2:6: unknown key 'fiel' in a[0]; did you mean 'file'?",
        "config/github.yaml:1:1: is not UTF-8: invalid start byte at byte 0; save it as UTF-8",
        "config/orchestrator.yaml:1:7: jobs is 0, a whole number of at least 1 belongs here",
        "config/phases.yaml:2:15: unknown key 'tilte' in b; did you mean 'title'?",
        "config/phases.yaml:3:3: a has neither run nor call; add one of them",
        "config/phases.yaml:3:7: unknown key 'ruin' in a; did you mean 'run'?",
    ]


def test_problems_between_files_are_told_at_once_by_file_and_line(project):
    """Lines are in the order of numbers: 10 comes after 9."""
    filler = "".join(f"  p{number}: {{run: x}}\n" for number in range(7))
    project.write(
        phases_yaml=f"phases:\n{filler}  a: {{run: x, needs: [no]}}\n  b: {{run: x, outputs: [/x]}}\n",
        criteria_yaml="zzz: []\nb:\n  - {file: ..}\n",
    )
    assert project.problems() == [
        "config/criteria.yaml:1:1: there is no phase 'zzz' in config/phases.yaml",
        "config/criteria.yaml:3:12: '..' leaves the project; copy or link what you need into it",
        "config/phases.yaml:9:23: a needs 'no', which is no phase",
        "config/phases.yaml:10:25: '/x' is not relative; write the path from the project folder on",
    ]


@pytest.mark.parametrize(
    ("needs", "head"),
    [("[no]", "1 problem in the configuration\n"), ("[no, non]", "2 problems in the configuration\n")],
)
def test_the_text_of_all_begins_with_their_number(project, needs, head):
    project.write(phases_yaml=f"phases: {{a: {{run: x, needs: {needs}}}}}")
    with pytest.raises(ConfigError) as error:
        project.load()
    assert str(error.value).startswith(head)
    assert str(error.value).count("\n") == len(error.value.problems)


# -- links ----------------------------------------------------------------------------------------------------


def test_a_link_that_takes_a_path_out_of_the_project_is_told(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (project.root / "out").symlink_to(outside)
    project.write(
        phases_yaml="phases:\n  a:\n    run: x\n    inputs: [out/in.csv, out/*.sql]\n    outputs: [out/made.csv]\n",
        criteria_yaml="a:\n  - {file: out/judged.csv}\n",
    )
    remedy = "copy what you need into the project"
    assert project.problems() == [
        f"config/phases.yaml:3:5: 'out/judged.csv' leaves the project: a link leads to {outside}/judged.csv; {remedy}",
        f"config/phases.yaml:3:5: 'out/made.csv' leaves the project: a link leads to {outside}/made.csv; {remedy}",
        f"config/phases.yaml:4:14: 'out/in.csv' leaves the project: a link leads to {outside}/in.csv; {remedy}",
        f"config/phases.yaml:4:26: 'out/*.sql' leaves the project: a link leads to {outside}; {remedy}",
    ]


def test_a_link_that_stays_inside_is_fine(project):
    (project.root / "data").mkdir()
    (project.root / "link").symlink_to("data")
    assert project.write(phases_yaml="phases: {a: {run: x, inputs: [link/x], outputs: [link/y]}}").load()
