"""Objects behind a URL: a folder, fsspec's own folder, and S3, all of which must behave alike."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import stat
import sys
import threading
import urllib.request

import pytest

from phases.masking import Masker
from phases.storage import Absent, OtherSize, Storage, StorageError, Unusable

_numbers = itertools.count()


@pytest.fixture(params=["folder", "file", "fsspec", "s3"])
def storage(request, tmp_path, monkeypatch):
    if request.param == "s3":
        s3 = request.getfixturevalue("s3")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        return Storage(s3.bucket(f"storage-{os.getpid()}-{next(_numbers)}") + "/some/prefix", s3.options)
    place = tmp_path / "far away"
    urls = {"folder": str(place), "file": place.as_uri(), "fsspec": f"local://{place}"}
    return Storage(urls[request.param])


def test_a_small_object_comes_back(storage):
    assert not storage.exists("a/b")
    storage.write("a/b", b"\0text")
    assert storage.exists("a/b")
    assert storage.read("a/b") == b"\0text"
    storage.write("a/b", b"other")
    assert storage.read("a/b") == b"other"


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_file_comes_back(storage, tmp_path, size):
    (tmp_path / "from").write_bytes(os.urandom(size))
    storage.put(tmp_path / "from", "blobs/x")
    storage.get("blobs/x", tmp_path / "to", size)
    assert (tmp_path / "to").read_bytes() == (tmp_path / "from").read_bytes()


def test_what_is_not_there_is_absent(storage, tmp_path):
    with pytest.raises(Absent, match="there is no a/b"):
        storage.read("a/b")
    with pytest.raises(Absent):
        storage.get("a/b", tmp_path / "x", 3)
    assert storage.names("a") == []
    storage.remove("a/b")


def test_a_folder_is_no_object(storage):
    storage.write("a/b/c", b"1")
    assert not storage.exists("a/b")
    with pytest.raises(Absent):
        storage.read("a/b")


def test_names_are_those_right_below(storage):
    for key in ("v/2", "v/1", "v/deeper/3", "w"):
        storage.write(key, b"")
    assert [name for name in storage.names("v") if name != "deeper"] == ["1", "2"]


def test_what_others_write_meanwhile_is_seen(storage):
    other = pickle.loads(pickle.dumps(storage))
    assert storage.names("v") == []
    assert not storage.exists("v/1")
    other.write("v/1", b"x")
    assert storage.names("v") == ["1"]
    assert storage.read("v/1") == b"x"
    other.remove("v/1")
    assert storage.names("v") == []
    assert not storage.exists("v/1")


def test_another_size_than_expected_is_told_before_it_is_brought(storage, tmp_path):
    storage.write("a", b"12345")
    assert storage.size("a") == 5
    with pytest.raises(OtherSize, match="has 5 bytes, and should have 4"):
        storage.get("a", tmp_path / "x", 4)
    with pytest.raises(OtherSize, match="has 5 bytes, and should have at most 4"):
        storage.read("a", 4)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a//b", ".hidden", "a\0", "a b", "a\\b"])
def test_a_key_leads_nowhere_else(storage, key):
    with pytest.raises(ValueError, match="no key"):
        storage.read(key)


def test_a_file_that_is_gone_is_told(storage, tmp_path):
    with pytest.raises(StorageError, match="No such file"):
        storage.put(tmp_path / "nothing", "a")
    assert not storage.exists("a")


def test_many_threads_use_one_storage(storage):
    def write(number: int) -> None:
        storage.write(f"n/{number % 5}", str(number % 5).encode())

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [storage.read(f"n/{name}") for name in storage.names("n")] == [b"0", b"1", b"2", b"3", b"4"]


# -- a folder -------------------------------------------------------------------------------------------------


def test_an_unfinished_object_is_none(tmp_path):
    """A process that was killed while it wrote leaves a file with another name."""
    storage = Storage(str(tmp_path))
    storage.write("v/1", b"x")
    (tmp_path / "v" / "2.0123456789abcdef.new").write_bytes(b"half")
    assert storage.names("v") == ["1"]


def test_nothing_is_left_of_a_write_that_failed(tmp_path):
    storage = Storage(str(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "in the way").write_bytes(b"")
    with pytest.raises(StorageError):
        storage.write("a", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert not storage.exists("a")


def test_others_may_read_what_was_written(tmp_path):
    before = os.umask(0o022)
    try:
        Storage(str(tmp_path)).write("a", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_place_that_hangs_is_given_up(tmp_path, wait_until):
    """As a network file system does whose server is gone: nobody opens the other end of a pipe."""
    Storage(f"local://{tmp_path}").write("a", b"1")
    (tmp_path / "a").unlink()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(StorageError, match="did not answer within 0 s"):
        Storage(f"local://{tmp_path}", timeout=0.2).read("a")

    def let_go() -> bool:
        """The thread that opens the pipe, which may not have come as far."""
        with contextlib.suppress(OSError):
            os.close(os.open(tmp_path / "a", os.O_WRONLY | os.O_NONBLOCK))
            return True
        return False

    wait_until(let_go)


def test_a_folder_needs_no_fsspec(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    Storage(str(tmp_path)).write("a", b"x")


# -- what is wrong --------------------------------------------------------------------------------------------


def test_without_fsspec_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(Unusable, match=r"s3://b/p: fsspec is not installed; pip install 'phasegate\[cache\]'"):
        Storage("s3://b/p").open()


def test_without_its_package_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(Unusable, match="what speaks gs is not installed; pip install gcsfs"):
        Storage("gs://b/p").open()


@pytest.mark.parametrize("url", ["nonsense://b/p", "s3n://b", "http2://x"])
def test_a_protocol_that_nobody_speaks(url):
    with pytest.raises(Unusable, match=r"[Pp]rotocol"):
        Storage(url).open()


def test_no_message_has_a_password():
    storage = Storage("sftp://ada:hunter2hunter2@127.0.0.1:1/x", secrets=Masker(["hunter2hunter2"]), timeout=5)
    with pytest.raises(StorageError) as told:
        storage.read("a")
    assert "hunter2" not in str(told.value)
    assert "hunter2" not in str(storage)


def test_a_bucket_that_is_not_there(s3, no_proxy):
    storage = Storage("s3://nobody-made-this-bucket/p", s3.options)
    with pytest.raises(Absent):
        storage.read("a")
    with pytest.raises(StorageError, match="bucket") as told:
        storage.write("a", b"x")
    assert not isinstance(told.value, Absent)


@pytest.mark.usefixtures("s3fs")
def test_nobody_answers(no_proxy):
    storage = Storage("s3://b/p", {"endpoint_url": "http://127.0.0.1:9", "key": "k", "secret": "s"}, timeout=3)
    with pytest.raises(StorageError):
        storage.read("a")


def test_the_server_of_the_tests_is_one(s3, no_proxy):
    with urllib.request.urlopen(s3.endpoint, timeout=10) as answer:
        assert b"ListAllMyBucketsResult" in answer.read()
