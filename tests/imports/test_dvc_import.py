"""dvc.yaml → phases and notes, without a disk."""

from fnmatch import fnmatch

import pytest

from criteria.documents.yaml import read
from orchestrator.imports.dvc import from_dvc
from orchestrator.imports.dvc_templates import NoValue, Values, shown
from orchestrator.imports.model import Around, ImportRefused


def imported(text, file="dvc.yaml", **files):
    """An import in a project with these files; `__` in a name is a dot, `_S_` a slash."""
    texts = {name.replace("_S_", "/").replace("__", "."): content for name, content in files.items()}
    around = Around(
        read=lambda path: read(texts[path]) if path in texts else None,
        exists=lambda path: any(fnmatch(name, path) or name.startswith(f"{path}/") for name in texts),
        matches=lambda pattern: [name for name in texts if fnmatch(name, pattern)],
    )
    return from_dvc(file, read(text), around)


def phases(text, **files):
    return {draft.name: draft for draft in imported(text, **files).phases}


def notes(text, **files):
    return [str(note) for note in imported(text, **files).notes]


def test_a_stage_is_a_phase():
    [draft] = imported(
        """
stages:
  train:
    desc: Fit the model
    cmd: python train.py
    deps: [train.py, data]
    params: [lr, other.json: [a]]
    outs: [model.pkl, {log.txt: {cache: false}}]
    metrics: [{m.json: {cache: false}}, m.csv]
    plots: [{p.csv: {x: step}}]
    always_changed: true
""",
        train__py="",
        params__yaml="lr: 1",
        other__json="{}",
        data_S_x="",
    ).phases
    assert (draft.name, draft.title, draft.run, draft.always) == ("train", "Fit the model", "python train.py", True)
    assert draft.inputs == ["train.py", "data", "params.yaml", "other.json"]
    assert draft.outputs == ["model.pkl", "log.txt", "m.json", "m.csv", "p.csv"]
    assert draft.criteria == [{"json": "m.json"}, {"file": "m.csv"}]


def test_paths_and_commands_are_seen_from_wdir_and_from_the_files_folder():
    text = "stages: {a: {cmd: x, wdir: sub, deps: [../d.txt], outs: [o.txt]}}"
    [draft] = imported(text, file="pipes/dvc.yaml", pipes_S_d__txt="").phases
    assert (draft.cwd, draft.inputs, draft.outputs) == ("pipes/sub", ["pipes/d.txt"], ["pipes/sub/o.txt"])


def test_templates_are_filled_from_params_and_vars():
    found = phases(
        """
vars: [more.yaml, {one: {two: [5, 6]}}]
stages:
  a: {cmd: "x ${lr} ${one.two[1]} ${deep.list.0} \\\\${KEPT}", vars: [{own: 9}], desc: "${own}"}
""",
        params__yaml="lr: 0.1",
        more__yaml="deep: {list: [yes]}",
    )
    assert (found["a"].run, found["a"].title) == ("x 0.1 6 yes ${KEPT}", "9")


def test_what_has_no_value_is_written_as_a_comment():
    found = imported("stages: {a: {cmd: 'x ${nowhere}'}}")
    assert found.phases[0].asleep
    assert "${nowhere} is neither in params.yaml nor in vars" in str(found.notes[0])


def test_loops_over_scalars_are_a_matrix():
    found = phases(
        """
stages:
  m: {matrix: {os: [l, w], n: "${n}"}, cmd: "echo ${item.os}${item.n}", outs: ["o-${item.os}-${item.n}"]}
  f: {foreach: [a, b], do: {cmd: "echo ${item}", outs: ["f-${item}"]}}
""",
        params__yaml="n: [1, 2]",
    )
    assert (found["m"].matrix, found["m"].run) == ({"os": ["l", "w"], "n": [1, 2]}, "echo {os}{n}")
    assert (found["f"].matrix, found["f"].outputs) == ({"item": ["a", "b"]}, ["f-{item}"])


def test_loops_over_mappings_are_a_phase_each():
    found = phases(
        """
stages:
  b: {foreach: {uk: {e: 3}, us: {e: 4}}, do: {cmd: "t ${key} ${item.e}"}}
  l: {foreach: [{e: 1}, {e: 2}], do: {cmd: "t ${item.e}"}}
  m: {matrix: {d: [{a: 1}, {a: 2}], s: [x]}, cmd: "t ${item.d.a} ${item.s}"}
"""
    )
    assert {name: draft.run for name, draft in found.items()} == {
        "b-uk": "t uk 3",
        "b-us": "t us 4",
        "l-0": "t 1",
        "l-1": "t 2",
        "m-d0-x": "t 1 x",
        "m-d1-x": "t 2 x",
    }


def test_commands_keep_a_shell_each():
    found = phases("stages: {a: {cmd: [cd sub, 'X=1', ./y]}, b: {cmd: 'if [[ -f x ]]; then y; fi'}}")
    assert found["a"].run == "( cd sub )\n( X=1 )\n./y"
    assert found["b"].run == ["bash", "-e", "-c", "if [[ -f x ]]; then y; fi"]


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("{cmd: x, frozen: true}", "is written as a comment; it is frozen"),
        ("{cmd: x, deps: [s3://b/k]}", "s3://b/k of `deps` is not carried over"),
        ("{cmd: x, outs: [/tmp/x]}", "/tmp/x of `outs` is not carried over"),
        ("{cmd: x, deps: [../up]}", "../up of `deps` is not carried over; '../up' leaves the project"),
        ("{cmd: x, outs: [config/x]}", "output config/x is left out; it belongs to the project itself"),
        ("{cmd: x, outs: [{o: {remote: r}}]}", "remote of o is not carried over"),
        ("{cmd: x, plots: [{p.csv: {x: step}}]}", "how p.csv is drawn is not carried over"),
        ("{cmd: x, meta: {a: 1}}", "`meta` is not carried over"),
        ("{cmd: x, live: {}}", "`live` is not carried over"),
        ("{cmd: x, deps: [gone]}", "input gone is not there yet; nothing makes it"),
        ("{cmd: x, deps: [big]}", "input big is not there yet; DVC has it elsewhere; run `dvc pull`"),
        ("{cmd: x, params: [a]}", "watches all of params.yaml; DVC watches a in it alone"),
        ("{deps: [x]}", "stage s is left out; it has no cmd"),
        ("{foreach: '${no}', do: {cmd: x}}", "stage s is left out; ${no}"),
    ],
)
def test_what_is_not_carried_over_is_told_with_its_line(stage, told):
    found = notes(f"a: 1\nstages:\n  s: {stage}", big__dvc="", params__yaml="a: 1")
    [note] = [note for note in found if told in note]
    assert note.startswith("dvc.yaml:3: ")
    assert [note for note in found if note.startswith("dvc.yaml:1: `a` is not carried over")]


def test_names_are_made_valid_and_told():
    text = "stages: {list: {cmd: x}, 'a b': {cmd: x}, a-b: {cmd: x}, _: {cmd: x}}"
    assert list(phases(text)) == ["list-stage", "a-b", "a-b-2", "stage"]
    assert len([note for note in notes(text) if "was called" in note]) == 4


def test_two_makers_and_a_cycle_are_taken_apart():
    found = imported(
        "stages: {a: {cmd: x, deps: [q], outs: [p]}, b: {cmd: x, deps: [p], outs: [q]}, c: {cmd: x, outs: [p/in]}}"
    )
    a, b, c = found.phases
    assert (a.inputs, b.inputs, c.outputs) in [([], ["p"], []), (["q"], [], [])]
    assert len([note for note in found.notes if "left out" in note.what]) == 2


@pytest.mark.parametrize("text", ["", "[]", "stages:", "stages: []", "tasks: {}", "stages: {}"])
def test_a_file_without_stages_is_refused(text):
    with pytest.raises(ImportRefused, match="no stages"):
        imported(text)


@pytest.mark.parametrize("stage", ["1", "[x]", "{cmd: }", "{cmd: {a: 1}}", "{cmd: x, deps: {a: 1}}", "{foreach: 1}",
                                   "{cmd: x, outs: [1, {2: 3}, [4]], params: 7, vars: 8}", "{matrix: [], cmd: x}"])  # fmt: skip
def test_nonsense_is_no_traceback(stage):
    imported(f"stages: {{s: {stage}}}")


def test_values_in_commands_look_as_in_dvc():
    assert shown({"lr": 0.1, "deep": {"a": True, "b": False}, "names": [1, "x"]}) == "--lr 0.1 --deep.a --names 1 x"
    with pytest.raises(NoValue):
        Values({"a": {"b": 1}}).fill("${a.c}")
    assert Values({"a": {"b": [1]}}).fill("${a.b}") == [1]
