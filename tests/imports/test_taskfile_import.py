"""Taskfile.yml → phases and notes, without a disk."""

from fnmatch import fnmatch

import pytest

from criteria.documents.yaml import read
from orchestrator.imports.model import Around, ImportRefused
from orchestrator.imports.task_templates import Filled, Scope, Unknown
from orchestrator.imports.taskfile import from_taskfile


def imported(tasks, head="", **files):
    """An import of a Taskfile with these tasks, in a project with these files (`_S_` is a slash, `__` a dot)."""
    texts = {name.replace("_S_", "/").replace("__", "."): content for name, content in files.items()}
    around = Around(
        read=lambda path: read(texts[path]) if path in texts else None,
        exists=lambda path: any(fnmatch(name, path) or name.startswith(f"{path}/") for name in texts),
        matches=lambda pattern: [name for name in texts if fnmatch(name, pattern.replace("**/", "*"))],
    )
    return from_taskfile("Taskfile.yml", read(f"version: '3'\n{head}\ntasks:\n{tasks}"), around)


def phases(tasks, head="", **files):
    return {draft.name: draft for draft in imported(tasks, head, **files).phases}


def notes(tasks, head="", **files):
    return [str(note) for note in imported(tasks, head, **files).notes]


def run_of(task, head="", **files):
    return phases(f"  t: {task}", head, **files)["t"].run


def test_a_task_is_a_phase():
    draft = phases(
        """
  build:
    desc: Build it
    dir: app
    deps: [gen]
    cmds: [make, {cmd: strip x, ignore_error: true}]
    env: {CGO: 0, HOME_DIR: "a${X}"}
    sources: ["*.go", ../go.mod]
    generates: [bin/x]
  gen: gen-it
""",
        app_S_a__go="",
        go__mod="",
    )["build"]
    assert (draft.title, draft.cwd, draft.needs) == ("Build it", "app", ["gen"])
    assert draft.run == "make\n( strip x ) || true"
    assert (draft.inputs, draft.outputs) == (["app/*.go", "go.mod"], ["app/bin/x"])
    assert draft.env == {"CGO": "0", "HOME_DIR": "a$${X}"}
    assert not draft.always


def test_a_task_without_sources_is_never_up_to_date():
    found = phases("  a: {cmds: [x], generates: [o]}\n  b: {cmds: [x], sources: [f], method: none}\n  c: [x]", f="")
    assert [draft.always for name, draft in found.items() if name != "default"] == [True, True, True]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{.A}} {{ .A }} {{- .A -}}", "1 1 1"),
        ('{{default "d" .A}} {{.NONE | default "d"}}', "1 ${NONE:-d}"),
        ("{{.NONE}}", "${NONE:-}"),
        ("{{.LIST | join \",\"}} {{index .LIST 1}} {{.MAP.k}}", "x,y y v"),
        ("app{{exeExt}} {{.A | upper | quote}}", 'app "1"'),
        ('{{replace "1" "2" .A}} {{joinPath "a" "b"}} {{"lit"}}{{/* no */}}', "2 a/b lit"),
        ("{{(list .A 2) | join \"-\"}}", "1-2"),
        ("{{OS}}", "$(uname -s | tr A-Z a-z)"),
        ("it's {{.NONE}}", None),
    ],
)  # fmt: skip
def test_templates(text, filled):
    scope = Scope({"A": "1", "LIST": ["x", "y"], "MAP": {"k": "v"}})
    if filled is None:  # in single quotes a shell fills nothing in
        with pytest.raises(Unknown):
            scope.fill(text)
    else:
        assert scope.fill(text).text == filled


@pytest.mark.parametrize("text", ["{{if .A}}x{{end}}", "{{.A | nosuch}}", "{{now}}", "{{.A.b}}", "{{}}", "{{(.A}}"])
def test_templates_that_are_not_understood_are_refused(text):
    with pytest.raises(Unknown):
        Scope({"A": "1"}).fill(text)


def test_what_only_a_shell_knows_is_asked_there():
    run = run_of(
        '{vars: {V: {sh: "git {{.W}}"}, UNUSED: {sh: no}}, env: {E: {sh: date}}, cmds: ["echo {{.V}}"]}',
        "vars: {W: describe}",
    )
    assert run == 'V=$(git describe)\nexport E="$(date)"\necho ${V}'
    assert Scope({"V": Filled("${V}", shell=True)}).fill("{{.V}}").shell


def test_a_command_that_is_not_understood_fails_and_is_told():
    tasks = "  t: {cmds: [first, 'echo {{now | date}}', last]}"
    first, *refusal, last = phases(tasks)["t"].run.split("\n")
    assert (first, last) == ("first", "last")
    assert "exit 1" in "".join(refusal)
    assert any("{{now | date}} is not understood" in note for note in notes(tasks))


def test_calls_before_own_commands_are_needs_in_their_order():
    found = phases("  ci: [{task: a}, {task: b}, {task: c}]\n  a: x\n  b: x\n  c: {deps: [d], cmd: x}\n  d: x")
    assert (found["ci"].needs, found["ci"].run, found["ci"].always) == (["a", "b", "c"], "true", False)
    assert (found["b"].needs, found["d"].needs) == (["a"], ["b"]), "all that c needs waits for b"
    assert "a" not in found["c"].needs


def test_calls_between_own_commands_are_written_out():
    found = phases("  t: [one, {task: 'in', vars: {X: 5}}, two]\n  in: {dir: sub, cmds: ['echo {{.X}}']}")
    assert found["t"].run == "one\n(\ncd sub\necho 5\n)\ntwo"


def test_calls_with_variables_are_phases_of_their_own():
    found = phases("  all: [{task: p, vars: {ARCH: arm}}, {task: p, vars: {ARCH: x86}}]\n  p: 'make {{.ARCH}}'")
    assert found["all"].needs == ["p-arm", "p-x86"]
    assert (found["p-arm"].run, found["p"].run) == ("make arm", "make ${ARCH:-}")


def test_loops():
    found = phases(
        """
  l: [{for: [a, b], cmd: "echo {{.ITEM}}"}, {for: {var: V}, cmd: "{{.ITEM}}"}]
  m: [{for: {matrix: {OS: [l, w], N: [1]}}, cmd: "{{.ITEM.OS}}{{.ITEM.N}}"}]
  d: {deps: [{for: [x, y], task: "is:{{.ITEM}}"}]}
  "is:*": {cmd: "see {{index .MATCH 0}}"}
""",
        "vars: {V: p q}",
    )
    assert (found["l"].run, found["m"].run) == ("echo a\necho b\np\nq", "l1\nw1")
    assert [found[need].run for need in found["d"].needs] == ["see x", "see y"]


@pytest.mark.parametrize(
    ("task", "run"),
    [
        ("{status: [test -f x, b], cmds: [c]}", "if ( test -f x ) && ( b ); then echo 'up to date'; exit 0; fi\nc"),
        ("{preconditions: [{sh: a, msg: no a}], cmds: [c]}", "( a ) || { echo 'no a' >&2; exit 1; }\nc"),
        ("{preconditions: [a], cmds: [c]}", "( a ) || { echo 'a does not hold' >&2; exit 1; }\nc"),
        ("{cmds: [{defer: 'rm t'}, c]}", "trap 'rm t' EXIT\nc"),
        ("{requires: {vars: [V]}, cmds: [c]}", ': "${V:?give it a value: V=… doit t}"\nc'),
        ("{platforms: [linux], cmds: [c]}", "uname -s | grep -qxE 'Linux' || exit 0\nc"),
        ("{cmds: [{cmd: c, platforms: [windows]}]}", "if false; then\nc\nfi"),
        ("{if: a, cmds: [c]}", "( a ) || exit 0\nc"),
        ("{set: [nounset], cmds: [c]}", "set -o nounset\nc"),
        ("{set: [pipefail], cmds: [c]}", ["bash", "-e", "-c", "set -o pipefail\nc"]),
        ("{cmds: ['task --list']}", "doit list"),
        ("{ignore_error: true, cmds: [a, b]}", "( a ) || true\n( b ) || true"),
        ("[cd x, 'y=${z:-1}']", "( cd x )\n( y=${z:-1} )"),
    ],
)
def test_what_scripts_are_made_of(task, run):
    assert run_of(task) == run


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("{cmds: [x], prompt: sure}", "`prompt` is not carried over"),
        ("{cmds: [x], interactive: true}", "`interactive` is not carried over"),
        ("{cmds: [x], aliases: [y]}", "its aliases y are gone"),
        ("{cmds: [x], sources: [gone/*]}", "input gone/* is left out; it matches nothing now"),
        ("{cmds: [x], sources: [a, {exclude: b}], generates: [o]}", "`sources` without b is not carried over"),
        ("{cmds: [x], sources: [../../up]}", "../../up of `sources` is not carried over"),
        ("{cmds: [x], sources: ['{{now}}']}", "{{now}} is not understood"),
        ("{cmds: [x], sources: ['{{.NO}}']}", "only a shell knows its name"),
        ("{cmds: [x], generates: ['*.pb']}", "output *.pb is not carried over"),
        ("{cmds: [x], generates: ['out/*.js']}", "output out/*.js is the folder out"),
        ("{cmds: [x], sources: [a], status: [y]}", "`status` is not carried over; its sources decide"),
        ("{cmds: [{for: sources, cmd: x}]}", "a loop over sources is not carried over"),
        ("{cmds: [{task: nosuch}]}", "the call of nosuch is not carried over"),
        ("{cmds: ['task other']}", "calls task itself"),
        ("{cmds: [x], nonsense: 1}", "`nonsense` is not carried over"),
        ("{cmds: [x], dir: /abs}", "`dir` is not carried over"),
        ("{cmds: [x], dir: newdir}", "newdir is not there; task would make it"),
    ],
)
def test_what_is_not_carried_over_is_told_with_its_line(task, told):
    [note] = [note for note in notes(f"  t: {task}", a="") if told in note]
    assert note.startswith("Taskfile.yml:4: t: ")


def test_an_order_that_files_alone_imply_is_told():
    tasks = "  a: {cmds: [x], sources: [s], generates: [d/a]}\n  b: {deps: [a], cmds: [x], sources: [d/*]}\n  c: {cmds: [x], sources: [d/*]}"
    [note] = [note for note in notes(tasks, s="") if "comes after" in note]
    assert "c: comes after a; d/* takes in what that makes" in note


def test_a_pattern_that_takes_in_its_own_output_is_narrowed():
    files = {"main__go": "", "cmd_S_a__go": ""}
    draft = phases("  t: {cmds: [x], sources: ['**/*.go'], generates: [app]}", **files)["t"]
    assert sorted(draft.inputs) == ["*.go", "cmd/**/*.go"]


def test_included_files_have_their_names_and_folders():
    found = phases(
        "  a: [{task: 'docs:build'}, {task: d}]\n  a2: up",
        "includes: {docs: {taskfile: ./docs, dir: docs, aliases: [d], vars: {OUT: site}}, gone: {taskfile: no.yml, optional: true}}",
        docs_S_Taskfile__yml="version: '3'\ntasks:\n  build: {cmds: ['mk {{.OUT}}', {task: ':a2'}]}\n  default: x",
    )
    assert (found["docs.build"].cwd, found["docs.build"].run) == ("docs", "mk site\n(\ncd ..\nup\n)")
    assert found["a"].needs == ["docs.build", "docs"]


def test_without_a_default_only_what_makes_files_is_run():
    made = imported("  clean: rm -rf .\n  make: {cmds: [x], sources: [a], generates: [o]}", a="")
    assert made.default == ("default",)
    assert {draft.name: draft.needs for draft in made.phases}["default"] == ["make"]
    assert imported("  default: x\n  clean: rm -rf .").default == ("default",)


def test_names_are_made_valid():
    assert list(phases("  default: x\n  list: x\n  'a:b': x\n  'a.b': x\n  'ü': x")) == [
        "default", "list-task", "a.b", "a.b-2", "task"]  # fmt: skip


@pytest.mark.parametrize("text", ["", "tasks: []", "build: {cmds: [x]}", "[]", "version: '3'"])
def test_a_file_without_tasks_is_refused(text):
    with pytest.raises(ImportRefused, match="no tasks"):
        from_taskfile("Taskfile.yml", read(text), Around(lambda path: None, lambda path: False, lambda pattern: []))


@pytest.mark.parametrize(
    "task",
    ["1", "{cmds: 5}", "{cmds: [[x]]}", "{cmds: [{for: 1, cmd: x}]}", "{deps: [1, {a: 2}]}", "{vars: 3, env: 4, cmds: [x]}",
     "{cmds: [{task: t}]}", "{cmds: [x, {task: t}]}", "{deps: [t]}", "{requires: 1, cmds: [x]}", "{cmds: [{defer: }]}",
     "{preconditions: [{}], cmds: [x]}", "{sources: {a: 1}, generates: 7, cmds: [x]}", "{cmds: [{cmd: x, vars: [1]}]}",
     "{cmds: [{task: t, vars: [1]}]}", "{cmds: [{for: {matrix: [1]}, cmd: x}]}", "{env: {a b: 1, c: {x: 1}}, cmds: [x]}"],
)  # fmt: skip
def test_nonsense_is_no_traceback(task):
    imported(f"  t: {task}")


def test_nonsense_around_tasks_is_no_traceback():
    imported("  t: x", "vars: [1]\nenv: 2\nincludes: [x]\ndotenv: {a: 1}\nset: 1")
