"""`doit init --from`: three dvc.yaml files and three Taskfiles, in the styles of public ones, are imported and run.

The files are written for this test. Their structure is that of well-known public ones, named with each; the scripts
stand in for what those run.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PYTHON_STAGE = """import pathlib, sys
*given, made = sys.argv[1:]
assert all(pathlib.Path(path).exists() for path in given), given
target = pathlib.Path(made)
if target.suffix:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text('{"accuracy": 0.9}')
else:
    target.mkdir(parents=True, exist_ok=True)
    (target / "part.csv").write_text("1")
"""

# Style: iterative/example-get-started. A folder handed from stage to stage, single keys of params.yaml, a registered
# model, metrics and plots for the whole plan, data that DVC holds.
GET_STARTED = {
    "dvc.yaml": """
artifacts:
  model: {path: model.pkl, type: model}
stages:
  prepare:
    cmd: python src/stage.py data/data.xml data/prepared
    deps: [data/data.xml, src/stage.py]
    params: [prepare.seed, prepare.split]
    outs: [data/prepared]
  featurize:
    cmd: python src/stage.py data/prepared data/features
    deps: [data/prepared, src/stage.py]
    params: [featurize.ngrams]
    outs: [data/features]
  train:
    cmd: python src/stage.py data/features model.pkl
    deps: [data/features, src/stage.py]
    outs: [model.pkl]
  evaluate:
    cmd: python src/stage.py model.pkl data/features eval/metrics.json
    deps: [model.pkl, data/features, src/stage.py]
    outs: [eval]
metrics: [eval/metrics.json]
plots: [{ROC: {template: simple}}]
""",
    "params.yaml": "prepare: {seed: 1, split: 0.2}\nfeaturize: {ngrams: 2}\n",
    "data/data.xml": "<x/>",
    "data/data.xml.dvc": "outs: [{path: data.xml}]",
    "src/stage.py": PYTHON_STAGE,
}

# Style: iterative/course-ds-base, as it was. Stages as modules, whole sections of params, metrics that git keeps.
COURSE = {
    "dvc.yaml": """
stages:
  data_load:
    cmd: python -m src.stage data/raw/iris.csv
    deps: [src/stage.py]
    params: [base, data_load]
    outs: [data/raw/iris.csv]
  data_split:
    desc: Two parts of the data, one to learn from and one to be measured against; the seed is in params.yaml.
    cmd:
      - python -m src.stage data/raw/iris.csv data/processed/test.csv
      - python -m src.stage data/raw/iris.csv data/processed/train.csv
    deps: [data/raw/iris.csv, src/stage.py]
    params: [{params.yaml: [base]}]
    outs: [data/processed/test.csv, data/processed/train.csv]
  evaluate:
    cmd: python -m src.stage data/processed/test.csv reports/metrics.json && echo x > reports/matrix.png
    deps: [data/processed/test.csv, src/stage.py]
    outs: [{reports/matrix.png: {persist: true}}]
    metrics: [{reports/metrics.json: {cache: false}}]
""",
    "params.yaml": "base: {seed: 1}\ndata_load: {}\n",
    "src/stage.py": PYTHON_STAGE,
}

# Style: the templating chapter of DVC's manual (iterative/dvc.org). vars, foreach over a mapping, matrix, wdir, frozen.
TEMPLATED = {
    "dvc.yaml": """
vars:
  - settings.json
  - threads: 2
stages:
  fetch:
    frozen: true
    cmd: curl https://example.org/
    outs: [raw.txt]
  clean:
    cmd: sort raw.txt > clean.txt   # ${threads} threads
    deps: [raw.txt]
    outs: [clean.txt]
  model:
    foreach: ${models}
    do:
      wdir: work
      cmd: echo ${key} ${item.thresh} ${threads} > model-${key}.txt
      deps: [../clean.txt]
      outs: ["model-${key}.txt"]
  grid:
    matrix:
      lr: [0.1, 0.01]
      kind: [a, b]
    cmd: mkdir -p grid && echo ${item.lr} > grid/${item.kind}-${item.lr}.txt
    deps: [work/model-uk.txt]
    outs: ["grid/${item.kind}-${item.lr}.txt"]
""",
    "settings.json": '{"models": {"uk": {"thresh": 3}, "us": {"thresh": 4}}}',
    "raw.txt": "b\na\n",
    "work/.keep": "",
}

# Style: go-task/examples, go-web-app. Variables for paths, sources and generates, deps, a task that cleans.
WEB_APP = {
    "Taskfile.yml": """
version: '3'
interval: 1s
vars:
  JS: public/app.js
  CSS: public/app.css
  EXE: app{{exeExt}}
tasks:
  default:
    desc: Build and look
    aliases: [run]
    deps: [build]
  build:
    desc: Build the web app
    deps: [js, css]
    cmds:
      - cat *.c {{.JS}} {{.CSS}} > {{.EXE}}
      - chmod +x ./{{.EXE}}
    sources: ['**/*.c', '{{.JS}}', '{{.CSS}}']
    generates: ['{{.EXE}}']
  js:
    cmds: ['cat assets/js/*.js > {{.JS}}']
    sources: [assets/js/**/*.js]
    generates: ['{{.JS}}']
  css:
    cmds: ['cat assets/css/*.css > {{.CSS}}']
    sources: [assets/css/**/*.css]
    generates: ['{{.CSS}}']
  clean:
    cmds: ['rm -f {{.CSS}}', 'rm -f {{.JS}}', 'rm -f {{.EXE}}']
""",
    "main.c": "int main;",
    "lib/a.c": "int a;",
    "assets/js/main.js": "1",
    "assets/css/main.css": "{}",
}

# Style: goreleaser/goreleaser. Namespaces, `ci` that calls others, defaults for variables of the environment, a
# variable that a command finds out, a package task that is called with variables, a release that must not run by itself.
RELEASER = {
    "Taskfile.yml": """
version: '3'
env:
  GO111MODULE: on
vars:
  DOCKER: '{{default "docker" .DOCKER}}'
tasks:
  setup:
    desc: Install dependencies
    cmds: [cp go.mod go.sum]
    sources: [go.mod]
    generates: [go.sum]
  build:
    sources: [./cmd/**/*.go]
    generates: [./bin/tool]
    cmds: ['test -f go.sum', 'test "$GO111MODULE" = on', 'cat cmd/*.go > bin/tool']
  test:
    vars:
      PATTERN: '{{default "." .PATTERN}}'
    sources: [bin/tool]
    cmds: ['grep -q "{{.PATTERN}}" bin/tool']
  ci:
    cmds: [{task: setup}, {task: build}, {task: test}]
  default:
    cmds: [{task: ci}, {task: 'pkg:all'}]
  pkg:one:
    cmds: ['mkdir -p dist && echo {{.Cmd}} > dist/{{.Platform}}.txt']
    sources: [bin/tool]
    generates: ['dist/{{.Platform}}.txt']
  pkg:all:
    vars: {rpm: rpm -i}
    cmds:
      - {task: 'pkg:one', vars: {Platform: amd64, Cmd: '{{.rpm}} x'}}
      - {task: 'pkg:one', vars: {Platform: arm64, Cmd: '{{.rpm}} y'}}
  release:
    vars: {NEXT: {sh: echo v2}}
    cmds: ['echo {{.NEXT}} > released.txt']
""",
    "go.mod": "module x",
    "cmd/a.go": "package a",
}

# Style: a repository of several parts with included Taskfiles, such as 001ben/Gem-miner-vibe. Internal tasks for each
# system, status, preconditions, folders, .env, loops, clean-up that is deferred.
PARTS = {
    "Taskfile.yml": """
version: '3'
dotenv: [.env]
includes:
  assets: {taskfile: ./pipeline, dir: ./pipeline}
tasks:
  default:
    deps: [dist]
  deps:system:
    cmds: [{task: 'deps:unix'}, {task: 'deps:windows'}]
  deps:unix:
    internal: true
    platforms: [linux, darwin]
    status: [test -f tools.txt]
    cmds: [echo installed >> tools.txt]
  deps:windows:
    internal: true
    platforms: [windows]
    cmds: [exit 1]
  dist:
    deps: ['deps:system']
    sources: [VERSION, pipeline/made/*.txt]
    generates: [dist/**/*]
    preconditions: [{sh: test -f VERSION, msg: there is no VERSION}]
    cmds:
      - {defer: rm -f lock}
      - touch lock
      - task: assets:build
      - mkdir -p dist
      - for: [one, two]
        cmd: cp pipeline/made/{{.ITEM}}.txt dist/
      - if [[ "$NAME" == "the parts" ]]; then echo "$NAME" > dist/name.txt; fi
""",
    "pipeline/Taskfile.yml": """
version: '3'
tasks:
  build:
    cmds: [mkdir -p made, 'echo {{.TASK}} > made/one.txt', 'cp made/one.txt made/two.txt']
""",
    ".env": 'NAME="the parts"\n',
    "VERSION": "1",
}

STYLES = {
    "get-started": (GET_STARTED, ["prepare", "featurize", "train", "evaluate"]),
    "course": (COURSE, ["data_load", "data_split", "evaluate"]),
    "templated": (TEMPLATED, ["clean-stage", "model-uk", "model-us", "grid"]),
    "web-app": (WEB_APP, ["js", "css", "build", "default"]),
    "releaser": (
        RELEASER,
        ["setup", "build", "test", "ci", "pkg.one-amd64-rpm-i-x", "pkg.one-arm64-rpm-i-y", "pkg.all", "default"],
    ),
}


@pytest.fixture
def other(new_project):
    """A project of another tool: nothing of ours is in it."""

    def make(files: dict[str, str]):
        made = new_project("other")
        for name in ("dodo.py", "doit.cfg"):
            (made.root / name).unlink()
        for path, text in files.items():
            made.write(path, text)
        return made

    return make


def source(files):
    return "dvc.yaml" if "dvc.yaml" in files else "Taskfile.yml"


@pytest.mark.parametrize("style", STYLES)
def test_it_is_imported_and_runs(other, style):
    files, expected = STYLES[style]
    project = other(files)
    ran = project.doit("init", "--from", source(files)).ended(0, "written  config/phases.yaml", "next: doit")
    assert (
        f"# yaml-language-server: $schema=schemas/phases.schema.json\n# Imported from {source(files)}"
        in project.read("config/phases.yaml")
    )
    assert "not carried over as it was" in ran.out
    project.doit("list").ended(0)
    project.doit().done(*expected)
    project.doit().nothing()


def test_a_plan_of_parts_runs_and_leaves_no_trace(other):
    """This one has tasks that are never up to date; the second run is theirs alone."""
    project = other(PARTS)
    project.doit("init", "--from", "Taskfile.yml").ended(0)
    project.doit().ended(0)
    assert sorted(os.listdir(project.root / "dist")) == ["name.txt", "one.txt", "two.txt"]
    assert project.read("pipeline/made/one.txt") == "assets:build\n"
    assert not (project.root / "lock").exists()
    again = project.doit().ended(0)
    assert "deps.unix" in again.lines("done")
    assert project.read("tools.txt") == "installed\n", "what its status calls done is not done again"


def test_what_follows_from_a_change_is_as_it_was(other):
    project = other(GET_STARTED)
    project.doit("init", "--from", "dvc.yaml").ended(0)
    project.doit().ended(0)
    project.write("src/stage.py", PYTHON_STAGE + "# changed\n")
    project.doit().done("prepare", "featurize", "train", "evaluate")
    project.write("params.yaml", "prepare: {seed: 2}")
    assert "prepare" in project.doit().ended(0).lines("done")


def test_a_release_does_not_run_by_itself(other):
    project = other(RELEASER)
    project.doit("init", "--from", "Taskfile.yml").ended(0)
    project.doit().ended(0)
    assert not (project.root / "released.txt").exists()
    project.doit("release").ended(0)
    assert project.read("released.txt") == "v2\n"


def test_notes_are_printed_and_written_down(other):
    project = other(TEMPLATED)
    ran = project.doit("init", "--from", "dvc.yaml").ended(0)
    told = "fetch: is written as a comment; it is frozen"
    assert told in ran.out
    assert "is written as a comment; it is frozen" in project.read("config/phases.yaml")
    assert "# fetch:" in project.read("config/phases.yaml")


def test_nothing_that_is_there_is_overwritten_unasked(other):
    project = other(COURSE)
    project.write("config/phases.yaml", "mine")
    project.doit("init", "--from", "dvc.yaml").ended(3, "config/phases.yaml is there", "--overwrite")
    assert project.read("config/phases.yaml") == "mine"
    assert not (project.root / "dodo.py").exists()
    project.doit("init", "--from", "dvc.yaml", "--overwrite").ended(0, "replaced config/phases.yaml")
    project.doit().ended(0)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("dvc.yaml", "stages: [", "dvc.yaml:1:10: "),
        ("dvc.yaml", "a: 1", "there are no stages in it"),
        ("dvc.yaml", b"\xff", "is not UTF-8"),
        ("dvc.yaml", "stages: {a: {cmd: x}}\n---\nb: 1", "a second document begins here"),
        ("Taskfile.yml", "tasks: &a {b: *a}", "Taskfile.yml:1:"),
        ("Taskfile.yml", "", "there are no tasks in it"),
        ("Makefile", "all:", "neither a dvc.yaml nor a Taskfile.yml"),
    ],
)
def test_what_cannot_be_imported_is_refused(other, name, text, told):
    project = other({})
    project.write(name, text)
    project.doit("init", "--from", name).ended(3, told)
    assert os.listdir(project.root) == [name]


def test_a_file_that_is_not_there_or_lies_elsewhere_is_refused(other, tmp_path: Path):
    project = other({})
    project.doit("init", "--from", "dvc.yaml").ended(3, "dvc.yaml: there is no such file")
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: x}}")
    project.doit("init", "--from", "../dvc.yaml").ended(3, "does not lie in")
    project.doit("init", "--overwrite").ended(3, "goes with --from")
    assert os.listdir(project.root) == []


def test_into_the_folder_of_the_file(other):
    project = other({"sub/dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o]}}"})
    project.doit("init", "sub", "--from", "sub/dvc.yaml").ended(0, "next: cd sub && doit")
    project.doit(cwd=project.root / "sub").done("a")


def test_hostile_names_reach_no_terminal(other):
    project = other({"dvc.yaml": 'stages: {"a\\e[31m\\nb": {cmd: x, "k\\e[31m": 1, desc: "t\\e[0m"}}'})
    ran = project.doit("init", "--from", "dvc.yaml").ended(0)
    assert "\x1b" not in ran.out + project.read("config/phases.yaml")
