"""What is kept of a plan of which all is done: the same, or nothing; and never taken for the present when it is past."""

import os
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.state import rest as rest_module
from orchestrator.state.files import Files
from orchestrator.state.listing import CLOCK_TICK_NS, SECOND_NS, is_settled
from orchestrator.state.rest import PATH, Rest, is_same, load, state_signature, store
from orchestrator.state.state import State

KEY = b"k" * 32
PLACES = ("a.txt", "gone.txt", "folder", "pat/*.csv")
NOW = 1_000_000.0


def old(path):
    """A file that was not written just now, as far as the kernel's clock tells."""
    while rest_module.time.time_ns() - path.stat().st_ctime_ns < CLOCK_TICK_NS:
        pass
    return path


@pytest.fixture
def root(tmp_path):
    """A project with a file, a folder, what a pattern means, and a state."""
    (tmp_path / "a.txt").write_text("a")
    for name in ("folder/deep/x", "folder/y", "pat/1.csv", "pat/2.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    old(tmp_path / "pat/2.csv")
    (tmp_path / ".doit").mkdir()
    state = State(tmp_path)
    state.database.create()
    state.records.all()
    state.close()
    old(tmp_path / ".doit.db")
    return tmp_path


def seen(root, since=NOW, until=None, places=PLACES) -> Rest | None:
    """What a run would keep now."""
    kept = State(root)
    with kept.files.one_instant():
        for place in places:
            kept.files.state(place)
        glance = kept.files.glance(places)
    kept.close()
    state = state_signature(root)
    if glance is None or state is None:
        return None
    there = {path: signature for path, signature in glance.files.items() if signature is not None}
    absent = [path for path in glance.files if path not in there]
    about = ("plan", ["p"], 1, None, {}, state, since, until)
    return Rest(*about, list(there), list(there.values()), absent, dict(glance.groups))


def test_what_was_kept_is_found_and_nothing_has_changed(root):
    kept = seen(root)
    assert list(kept.paths) == ["a.txt"]
    assert list(kept.absent) == ["gone.txt"]
    assert sorted(kept.groups) == ["folder", "pat/*.csv"]
    store(root, KEY, kept)
    assert load(root, KEY) == kept
    assert is_same(load(root, KEY), root, NOW)
    assert load(root, b"o" * 32) is None, "another configuration"


def rewrite(path):
    """Other bytes, as many, and the same mtime."""
    times = path.stat()
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


CHANGES = {
    "written": lambda root: (root / "a.txt").write_text("b"),
    "as long, as old": lambda root: rewrite(root / "a.txt"),
    "replaced": lambda root: ((root / "n").write_text("a"), (root / "n").replace(root / "a.txt")),
    "taken away": lambda root: (root / "a.txt").unlink(),
    "closed": lambda root: (root / "a.txt").chmod(0),
    "a folder now": lambda root: ((root / "a.txt").unlink(), (root / "a.txt").mkdir()),
    "a link now": lambda root: ((root / "a.txt").unlink(), (root / "a.txt").symlink_to("folder/y")),
    "there now": lambda root: (root / "gone.txt").write_text(""),
    "a loop now": lambda root: (root / "gone.txt").symlink_to("gone.txt"),
    "new in the folder": lambda root: (root / "folder/deep/new").write_text(""),
    "a dangling link in the folder": lambda root: (root / "folder/link").symlink_to("nowhere"),
    "changed in the folder": lambda root: rewrite(root / "folder/deep/x"),
    "gone from the folder": lambda root: (root / "folder/y").unlink(),
    "the folder is gone": lambda root: (root / "folder").rename(root / "other"),
    "new for the pattern": lambda root: (root / "pat/3.csv").write_text(""),
    "changed under the pattern": lambda root: rewrite(root / "pat/1.csv"),
    "gone from the pattern": lambda root: (root / "pat/1.csv").unlink(),
    "the state was written": lambda root: rewrite(root / ".doit.db"),
    "the state is gone": lambda root: (root / ".doit.db").unlink(),
    "the state is open": lambda root: (root / ".doit.db-wal").write_text(""),
    "the state has a journal": lambda root: (root / ".doit.db-journal").write_text(""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_it_is_not_the_same(root, change):
    kept = seen(root)
    CHANGES[change](root)
    assert not is_same(kept, root, NOW)


def test_what_is_beside_it_changes_nothing(root):
    kept = seen(root)
    (root / "pat/notes.txt").write_text("no csv")
    (root / "b.txt").write_text("nobody reads it")
    assert is_same(kept, root, NOW)


def test_the_clock_must_stand_between_the_asking_and_the_first_end(root):
    kept = seen(root, since=NOW, until=NOW + 60)
    assert is_same(kept, root, NOW + 59.9)
    assert not is_same(kept, root, NOW + 60), "something expires"
    assert not is_same(kept, root, NOW - 0.001), "a clock that went backwards says nothing about what has expired"
    assert is_same(seen(root), root, NOW + 1e9), "where nothing expires"


def test_a_link_that_leads_to_another_file_is_another_file(root):
    (root / "link").symlink_to("pat/1.csv")
    kept = seen(root, places=("link",))
    assert is_same(kept, root, NOW)
    (root / "link").unlink()
    (root / "link").symlink_to("pat/2.csv")
    assert not is_same(kept, root, NOW)


def test_a_file_written_just_now_is_not_trusted(root, monkeypatch):
    now = (root / "a.txt").stat().st_ctime_ns + CLOCK_TICK_NS - 1
    monkeypatch.setattr("time.time_ns", lambda: now)
    assert seen(root) is None


def test_a_state_written_just_now_is_not_trusted(root, monkeypatch):
    assert state_signature(root) is not None
    now = (root / ".doit.db").stat().st_ctime_ns + CLOCK_TICK_NS - 1
    monkeypatch.setattr("time.time_ns", lambda: now)
    assert state_signature(root) is None


def test_where_only_whole_seconds_are_kept_one_of_them_has_to_pass():
    whole, fine = SimpleNamespace(st_ctime_ns=5 * SECOND_NS), SimpleNamespace(st_ctime_ns=5 * SECOND_NS + 1)
    assert not is_settled(whole, 6 * SECOND_NS)
    assert is_settled(whole, 6 * SECOND_NS + CLOCK_TICK_NS)
    assert not is_settled(fine, 5 * SECOND_NS + CLOCK_TICK_NS)
    assert is_settled(fine, 5 * SECOND_NS + CLOCK_TICK_NS + 1)
    assert not is_settled(fine, 4 * SECOND_NS), "from the future"


def test_what_cannot_be_read_or_was_not_looked_at_is_not_trusted(root):
    os.mkfifo(root / "pipe")
    assert seen(root, places=("a.txt", "pipe")) is None
    os.mkfifo(root / "folder/pipe")
    assert seen(root, places=("folder",)) is None
    files = Files(root, State(root).database)
    with files.one_instant():
        assert files.glance(["a.txt"]) is None


@settings(max_examples=60)
@given(data=st.data())
def test_any_flipped_bit_means_nothing_was_kept(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("flipped")
    store(root, KEY, Rest("p", ["a"], 1, None, {}, (1, 2, 3, 4), NOW, None, ["x"], [(1, 2, 3, 4)], [], {}))
    content = bytearray((root / PATH).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (root / PATH).write_bytes(content)
    assert load(root, KEY) is None


def test_where_nothing_can_be_kept_nothing_happens(tmp_path):
    (tmp_path / ".doit").write_text("a file")
    store(tmp_path, KEY, Rest("p", ["a"], 1, None, {}, (1, 2, 3, 4), NOW, None, [], [], [], {}))
    assert load(tmp_path, KEY) is None
