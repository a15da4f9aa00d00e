"""The stored plan: the same plan or none, whatever happened to the file."""

import hashlib
import marshal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.config import compiled
from orchestrator.config.load import COMPILED, load_plan
from orchestrator.plan import Input, Phase, Plan, Rule, Work, canonical, gate_text

KEY = compiled.key({"config/phases.yaml": b"x"}, [], "1")
PLAN = Plan(
    "flights",
    {
        "p": Phase(
            name="p",
            title="P",
            description="",
            place="config/phases.yaml:2:3",
            needs=(),
            works=(
                Work(
                    task="p:run",
                    phase="p",
                    definition_text=canonical({"run": ["true"], "params": {"n": 1, "x": 0.5, "deep": True}}),
                    inputs=(Input("a/*.csv", ("q",), "config/phases.yaml:3:5"),),
                    outputs=("b",),
                    timeout=1.5,
                    always=False,
                ),
            ),
            reads=("b",),
            rule=Rule(True, ("ann",), 2, False, 60.0),
            gate_text=gate_text([{"file": "b", "min_size": 1}], Rule(True, ("ann",), 2, False, 60.0)),
        )
    },
    jobs=2,
    makers={"b": "p"},
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The bytes of PLAN, compiled."""
    path = tmp_path_factory.mktemp("stored") / ".doit" / "plan"
    compiled.store(path, KEY, PLAN)
    return path.read_bytes()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A path to put damaged bytes under, again and again."""
    return tmp_path_factory.mktemp("damaged") / "plan"


def test_what_was_stored_is_loaded(tmp_path):
    path = tmp_path / ".doit" / "plan"
    compiled.store(path, KEY, PLAN)
    assert compiled.load(path, KEY) == PLAN
    assert [each.name for each in path.parent.iterdir()] == ["plan"], "nothing temporary is left"


def test_a_new_plan_replaces_the_old(tmp_path):
    other = compiled.key({}, [], "2")
    compiled.store(tmp_path / "plan", KEY, PLAN)
    compiled.store(tmp_path / "plan", other, PLAN)
    assert compiled.load(tmp_path / "plan", KEY) is None
    assert compiled.load(tmp_path / "plan", other) == PLAN


@settings(deadline=None)
@given(st.data())
def test_any_flipped_bit_means_no_plan(stored, file, data):
    at = data.draw(st.integers(0, len(stored) - 1))
    damaged = bytearray(stored)
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(damaged)
    assert compiled.load(file, KEY) is None


def test_any_truncation_means_no_plan(stored, file):
    for length in range(len(stored)):
        file.write_bytes(stored[:length])
        assert compiled.load(file, KEY) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_other_bytes_mean_no_plan(file, content):
    file.write_bytes(content)
    assert compiled.load(file, KEY) is None


@settings(deadline=None)
@given(st.binary(max_size=60) | st.sampled_from([(), (1, 2), None, ("p", 1, (), {}, ((1,),))]).map(marshal.dumps))
def test_a_payload_that_is_no_plan_means_no_plan_even_under_its_right_hash(file, payload):
    """An older phasegate of the same version number may have written another form."""
    file.write_bytes(compiled.FORMAT + KEY + hashlib.sha256(payload).digest() + payload)
    assert compiled.load(file, KEY) is None


def test_a_file_that_cannot_be_read_means_no_plan(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name in ("missing", "missing/too", "file/below", "folder", "loop"):
        assert compiled.load(tmp_path / name, KEY) is None


def test_where_nothing_can_be_stored_nothing_happens(tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    for name in ("file/plan", "folder", "missing/parent/plan"):
        compiled.store(tmp_path / name, KEY, PLAN)
    assert (tmp_path / "file").read_text() == "kept"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"], "nothing temporary is left"


names = st.text("ab/\0'\udc80", min_size=1, max_size=4)
files = st.dictionaries(st.text("ab/\0", min_size=1, max_size=4), st.binary(max_size=6), max_size=3)
made_of = st.tuples(files, st.lists(names, max_size=2), st.sampled_from(["1", "2"]))


@settings(deadline=None)
@given(made_of, made_of)
@example(({"a": b"", "b": b"x"}, [], "1"), ({"a": b"\0b\0\0x"}, [], "1"))
@example(({"a": b""}, ["b"], "1"), ({"a": b""}, [], "1"))
def test_keys_are_equal_only_where_names_contents_order_and_version_are(one, other):
    same = one == other and list(one[0]) == list(other[0])
    assert (compiled.key(*one) == compiled.key(*other)) is same


# -- as load_plan uses it -------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "phases.yaml").write_text(
        "phases:\n"
        "  one: {run: x, outputs: [build/a], approval: {by: [ann], expires: 7d}}\n"
        "  two: {call: work:main, args: {n: 1}, inputs: [build/a], matrix: {c: [1, true]}, timeout: 5m}\n"
    )
    (tmp_path / "config" / "criteria.yaml").write_text("two:\n  - {check: checks.leak:f, args: {x: [1, null]}}\n")
    return tmp_path


def test_the_second_load_gives_the_same_plan(project):
    assert load_plan(project, "1") == load_plan(project, "1")
    assert (project / COMPILED).is_file()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff"),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.parent.rmdir(), path.parent.write_text("")),
    ],
    ids=["truncated", "empty", "flipped", "deleted", "a folder", "no folder"],
)
def test_a_damaged_compiled_plan_gives_the_same_plan(project, damage):
    plan = load_plan(project, "1")
    damage(project / COMPILED)
    assert load_plan(project, "1") == plan
    assert load_plan(project, "1") == plan


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("config/phases.yaml", "phases: {other: {run: y}}"),
        ("config/criteria.yaml", "one: [{file: build/a}]"),
        ("config/orchestrator.yaml", "mode: manual"),
    ],
)
def test_a_change_of_any_file_is_seen(project, path, content):
    before = load_plan(project, "1")
    kept = {file: file.read_text() for file in (project / "config").iterdir()}
    (project / path).write_text(content)
    if path == "config/phases.yaml":
        (project / "config/criteria.yaml").unlink()
    assert load_plan(project, "1") != before
    (project / path).unlink()
    for file, text in kept.items():
        file.write_text(text)
    assert load_plan(project, "1") == before


def test_a_problem_is_found_again_in_every_load(project):
    from orchestrator.config.problems import ConfigError

    (project / "config" / "github.yaml").write_text("enabled: maybe")
    for _ in range(2):
        with pytest.raises(ConfigError):
            load_plan(project, "1")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("work.py", lambda plan: [given.path for given in plan.phases["two"].works[0].inputs]),
        ("work/__init__.py", lambda plan: [given.path for given in plan.phases["two"].works[0].inputs]),
        ("checks/leak.py", lambda plan: plan.phases["two"].reads),
    ],
)
def test_a_module_that_comes_or_goes_is_seen_though_no_file_in_config_changed(project, path, where):
    assert path not in where(load_plan(project, "1"))
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).write_text("")
    assert path in where(load_plan(project, "1"))
    (project / path).unlink()
    assert path not in where(load_plan(project, "1"))
