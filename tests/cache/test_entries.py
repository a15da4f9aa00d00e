"""Entries that are damaged, cut, foreign or hostile: noticed, and nothing of them in the place of an output."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.cache.entries import Entries, content_key, manifest_key
from orchestrator.cache.inventory import NotKept, inventory
from orchestrator.cache.manifest import Damaged, Made, Manifest, StoredFile
from orchestrator.cache.restoring import Stopped, restore
from orchestrator.plan import canonical
from orchestrator.state.place import INCOMING
from phases.content import sha256_of
from phases.storage import Storage

OUTPUTS = ("build/d", "build/one.txt")
KEY = "ab" * 32
MADE = Made("run-1", 3, 1000.0, 2.5, ("ada",), "host")


def never():
    return False


def always():
    return True


class World:
    """A project with outputs, a cache with their entry, and another project."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.one, self.other, self.store = place / "one", place / "other", place / "store"
        for path, content in (("d/x", b"x" * 100), ("d/sub/y", b"y"), ("d/sub/same", b"y"), ("one.txt", b"")):
            file = self.one / "build" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        (self.one / "build/d/empty").mkdir()
        (self.one / "build/d/sub/up").symlink_to("../x")
        (self.one / "build/d/x").chmod(0o755)
        (self.other / "build").mkdir(parents=True)
        (self.other / "build/one.txt").write_bytes(b"of before")
        self.entries = Entries(Storage(str(self.store)))
        self.manifest = Manifest(KEY, *self.inventory(self.one), MADE)
        assert self.entries.put(self.manifest, self.one, False, always)

    def inventory(self, root: Path):
        return inventory(root, OUTPUTS, lambda path: sha256_of(root / path))

    def objects(self) -> list[Path]:
        return sorted(path for path in self.store.rglob("*") if path.is_file())

    def forge(self, **fields) -> None:
        """The manifest with other fields and the right checksum."""
        body = json.loads((self.store / manifest_key(KEY)).read_bytes())
        del body["checksum"]
        body |= fields
        body["checksum"] = hashlib.sha256(canonical(body).encode()).hexdigest()
        (self.store / manifest_key(KEY)).write_text(canonical(body))

    def restore(self) -> bool:
        """Is it restored? If not, the other project must be as it was."""
        before = _tree(self.other)
        try:
            manifest = self.entries.find(KEY, OUTPUTS)
            if manifest is None:
                return False
            restore(manifest, OUTPUTS, self.entries, self.other, never)
        except Damaged:
            assert _tree(self.other) == before
            assert not list((self.other / INCOMING).glob("*"))
            return False
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            return False
        return True


def _tree(root: Path):
    return sorted(
        (str(path.relative_to(root)), os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes())
        for path in root.rglob("*")
        if ".doit" not in path.parts
    )


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_an_entry_comes_back_as_it_was(world):
    assert world.restore()
    assert _tree(world.other) == _tree(world.one)
    assert world.inventory(world.other) == world.inventory(world.one)
    assert not list((world.other / INCOMING).glob("*"))


def test_equal_contents_are_kept_once(world):
    assert len(list((world.store / "v1/contents").rglob("*/*"))) == 3


def test_there_may_be_none(world):
    assert world.entries.find("0" * 64, OUTPUTS) is None


def damaged(data: st.DataObject) -> None:
    """One object is cut, written over anywhere, lengthened, removed, emptied or swapped for another one."""
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place))
        victim = data.draw(st.sampled_from(world.objects()))
        content = victim.read_bytes()
        how = data.draw(st.sampled_from(["cut", "flip", "append", "remove", "swap", "folder"]))
        if how == "cut" and content:
            victim.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
        elif how == "flip" and content:
            at = data.draw(st.integers(0, len(content) - 1))
            victim.write_bytes(content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :])
        elif how == "append":
            victim.write_bytes(content + data.draw(st.binary(min_size=1, max_size=9)))
        elif how == "swap":
            victim.write_bytes(data.draw(st.sampled_from(world.objects())).read_bytes())
        elif how == "folder":
            victim.unlink()
            victim.mkdir()
        else:
            victim.unlink()
        if world.restore():
            assert _tree(world.other) == _tree(world.one)
        if how == "folder":
            victim.rmdir()
        assert world.entries.put(world.manifest, world.one, True, always)
        assert world.restore()
        assert _tree(world.other) == _tree(world.one)


UNFIXED = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=40, **UNFIXED)
@given(data=st.data())
def test_whatever_is_damaged_nothing_wrong_is_restored(data):
    damaged(data)


@pytest.mark.faults
@settings(max_examples=400, **UNFIXED)
@given(data=st.data())
def test_whatever_is_damaged_in_400_ways_nothing_wrong_is_restored(data):
    damaged(data)


DIGEST = hashlib.sha256(b"y").hexdigest()


@pytest.mark.parametrize(
    "fields",
    [
        {"files": [["../../etc/passwd", DIGEST, 1, False]]},
        {"files": [["/etc/passwd", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["build/d/../../x", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["dodo.py", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], [".doit.db", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["build/one.txt", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["build/one.txt/x", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["build/d/a/b", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 10**15, False]]},
        {"files": [["build/one.txt", DIGEST, -1, False]]},
        {"files": [["build/one.txt", DIGEST, 2**60, False]]},
        {"files": [["build/one.txt", DIGEST, True, False]]},
        {"files": [["build/one.txt", "../../x", 1, False]]},
        {"files": [["build/one.txt", DIGEST.upper(), 1, False]]},
        {"files": [["build/one.txt", None, 1, False]]},
        {"files": [["build/one.txt\0", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["build/d/\ud800", DIGEST, 1, False]]},
        {"files": [["build/one.txt", DIGEST, 1, False], ["build/d/" + "x" * 300, DIGEST, 1, False]]},
        {"files": []},
        {"files": None},
        {"files": {}},
        {"files": 3},
        {"files": [3]},
        {"files": [[]]},
        {"folders": ["build/d", "/tmp/x"]},
        {"folders": ["build/d", "build/d/.."]},
        {"folders": ["build/d", "build"]},
        {"folders": ["build/d", 3]},
        {"folders": None},
        {"links": [["build/d/l", "/etc/passwd"]]},
        {"links": [["build/d/l", "../../in.txt"]]},
        {"links": [["build/d/l", "../../../outside"]]},
        {"links": [["build/d/l", "x/../../../in.txt"]]},
        {"links": [["build/d/l", "l"]]},
        {
            "links": [["build/d/l", "."]],
            "files": [["build/one.txt", DIGEST, 1, False], ["build/d/l/x", DIGEST, 1, False]],
        },
        {"links": [["build/d", "one.txt"]]},
        {"links": [["build/d/l", ""]]},
        {"links": [["build/one.txt", "d/nothing"]], "files": []},
        {"links": [["build/d/l", "x\0"]]},
        {"links": [["l", "build/one.txt"]]},
        {"links": [[1, 2]]},
        {"links": [["build/d/l"]]},
        {"key": "cd" * 32},
        {"key": None},
        {"made": None},
        {"made": []},
        {"made": ["r", "one", 1, 1, [], "h"]},
        {"made": ["r", 1, float("nan"), 1, [], "h"]},
        {"made": ["r", 1, 1, 1, [3], "h"]},
        {"made": ["r", 1, 1, -1, [], "h"]},
    ],
    ids=lambda fields: str(fields)[:60].encode("ascii", "backslashreplace").decode(),
)
def test_a_hostile_manifest_is_not_used(world, fields):
    folders = {} if "folders" in fields else {"folders": ["build/d"]}
    world.forge(**{"links": [], **folders, **fields})
    assert not world.restore()
    assert not (world.place / "outside").exists()


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"3", b"{}", b"[" * 200_000, b'{"checksum":[]}', b"\xff"])
def test_what_is_no_manifest_is_not_used(world, content):
    (world.store / manifest_key(KEY)).write_bytes(content)
    with pytest.raises(Damaged):
        world.entries.find(KEY, OUTPUTS)


def test_a_forged_manifest_that_is_right_is_used(world):
    """So that the others fail for what they say, and not for the way in which they are forged."""
    world.forge()
    assert world.restore()


def test_a_manifest_of_other_outputs_is_not_used(world):
    with pytest.raises(Damaged, match="none of the outputs"):
        world.entries.find(KEY, ("build/d",))
    with pytest.raises(Damaged, match="is not among its files"):
        world.entries.find(KEY, (*OUTPUTS, "build/more"))


def test_a_pipe_in_the_place_of_a_content_is_noticed(world):
    content = world.store / content_key(DIGEST)
    content.unlink()
    os.mkfifo(content)
    assert not world.restore()


def test_an_output_that_leads_out_of_the_project_here_is_left_alone(world):
    shutil.rmtree(world.other / "build")
    (world.place / "elsewhere").mkdir()
    (world.other / "build").symlink_to(world.place / "elsewhere")
    assert not world.restore()
    assert not list((world.place / "elsewhere").iterdir())


def test_no_more_is_brought_once_the_run_is_stopped(world):
    with pytest.raises(Stopped):
        restore(world.manifest, OUTPUTS, world.entries, world.other, always)
    assert (world.other / "build/one.txt").read_bytes() == b"of before"


# -- putting --------------------------------------------------------------------------------------------------


def test_what_changed_since_is_not_put_there(world):
    (world.one / "build/d/x").write_bytes(b"z" * 100)
    assert not world.entries.put(replace(world.manifest, key="cd" * 32), world.one, True, always)
    assert world.entries.find("cd" * 32, OUTPUTS) is None
    assert world.restore()  # what was there is as it was
    assert (world.other / "build/d/x").read_bytes() == b"x" * 100


def test_an_upload_that_is_ended_leaves_no_entry(world):
    asked = iter([True, False])
    assert not world.entries.put(replace(world.manifest, key="cd" * 32), world.one, True, lambda: next(asked))
    assert world.entries.find("cd" * 32, OUTPUTS) is None


def test_many_put_and_restore_the_same_at_once(world):
    """Jobs that began together, as in CI: each finds a whole entry, or none."""
    failed = []

    def job(number: int) -> None:
        root = world.place / f"job{number}"
        shutil.copytree(world.one, root, symlinks=True)
        entries = Entries(Storage(str(world.store)))
        try:
            for _ in range(10):
                assert entries.put(world.manifest, root, True, always)
                found = entries.find(KEY, OUTPUTS)
                assert found is not None
                restore(found, OUTPUTS, entries, root, never)
                assert _tree(root) == _tree(world.one)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=job, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# -- what can be kept -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("x", True),
        ("sub/y", True),
        ("../one.txt", True),
        ("nowhere", True),
        ("../../in.txt", False),
        ("/etc/passwd", False),
        ("sub/../x", False),
        ("link", False),
        ("..", False),
    ],
)
def test_links_are_kept_that_mean_the_same_in_every_clone(world, target, kept):
    link = world.one / "build/d/link"
    link.symlink_to(target)
    if kept:
        manifest = Manifest(KEY, *world.inventory(world.one), MADE)
        assert Manifest.from_bytes(manifest.to_bytes(), KEY, OUTPUTS) == manifest
    else:
        with pytest.raises(NotKept, match="a link out of the outputs"):
            world.inventory(world.one)


def test_what_is_no_file_is_not_kept(world):
    os.mkfifo(world.one / "build/d/pipe")
    with pytest.raises(NotKept, match="neither a file nor a folder"):
        world.inventory(world.one)


NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)


@given(files=st.dictionaries(NAMES, st.binary(max_size=20), min_size=1, max_size=6), executable=st.booleans())
def test_every_folder_comes_back(files, executable):
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "one"
        (root / "out").mkdir(parents=True)
        for name, content in files.items():
            (root / "out" / name).write_bytes(content)
            (root / "out" / name).chmod(0o755 if executable else 0o644)
        (root / "out" / os.fsdecode(b"no \xff text")).write_bytes(b"1")
        found = inventory(root, ("out",), lambda path: sha256_of(root / path))
        manifest = Manifest(KEY, *found, MADE)
        entries = Entries(Storage(str(Path(place) / "store")))
        assert entries.put(manifest, root, False, always)
        back = entries.find(KEY, ("out",))
        assert back == manifest
        restore(back, ("out",), entries, Path(place) / "two", never)
        assert _tree(Path(place) / "two") == _tree(root)
        assert inventory(Path(place) / "two", ("out",), lambda p: sha256_of(Path(place) / "two" / p)) == found


def test_an_entry_of_a_hundred_thousand_files_is_read(world):
    files = tuple(StoredFile(f"build/d/{n}", DIGEST, 1, False) for n in range(100_000))
    manifest = Manifest(KEY, (*files, StoredFile("build/one.txt", DIGEST, 1, False)), ("build/d",), (), MADE)
    assert Manifest.from_bytes(manifest.to_bytes(), KEY, OUTPUTS) == manifest
