"""Files that are read: on all cores, once, and given up within a chunk."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from orchestrator.state.digests import SHARED, UNREADABLE
from orchestrator.state.files import Files
from orchestrator.state.hashing import CHUNK, LARGE, GivenUp
from orchestrator.state.listing import CLOCK_TICK_NS
from orchestrator.state.state import State

IO = Path("/proc/self/io")


def bytes_read() -> int:
    """How many this process has read, by whatever call."""
    if not IO.exists():
        pytest.skip("what a process reads is counted in /proc/self/io, which is not here")
    return int(IO.read_text().split("rchar: ")[1].split()[0])


def write(root: Path, sizes: dict[str, int], wait_until) -> dict[str, str]:
    """Files of these sizes, old enough to be trusted; their digests."""
    digests = {}
    for number, (name, size) in enumerate(sizes.items()):
        content = (bytes([number]) * 61 + name.encode()) * (size // 61 + 1)
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content[:size])
        digests[name] = hashlib.sha256(content[:size]).hexdigest()
    last = max(path.stat().st_ctime_ns for path in root.rglob("*"))
    wait_until(lambda: time.time_ns() - last > CLOCK_TICK_NS)
    return digests


SIZES = {"empty": 0, "one": 1, "below": SHARED - 1, "at": SHARED, "large": LARGE, "chunk": CHUNK, "more": 2 * CHUNK + 1}


def test_files_of_every_size_have_their_sha256_alone_and_together(tmp_path, files, wait_until):
    digests = write(tmp_path, {f"d/{name}": size for name, size in SIZES.items()}, wait_until)
    assert files.states(["d", *digests]) == {"d": dict(sorted(digests.items())), **digests}
    alone = Files(tmp_path, State(tmp_path).database)
    assert {path: alone.state(path) for path in digests} == digests


def test_what_cannot_be_read_among_many_harms_no_other(tmp_path, files, wait_until):
    digests = write(tmp_path, {f"d/{number}": LARGE for number in range(8)}, wait_until)
    os.mkfifo(tmp_path / "d/4a")
    (tmp_path / "d/4b").symlink_to("nowhere")
    assert files.state("d") == dict(sorted({**digests, "d/4a": UNREADABLE}.items()))


def test_many_files_are_read_once(tmp_path, files, wait_until):
    write(tmp_path, {f"d/{number}": LARGE for number in range(32)}, wait_until)
    before = bytes_read()
    files.states(["d", *(f"d/{number}" for number in range(32))])
    files.save()
    files.state("d")
    assert 32 * LARGE <= bytes_read() - before < 33 * LARGE


def test_fresh_files_that_are_large_together_are_read_once(tmp_path, files):
    for number in range(64):
        (tmp_path / f"{number}").write_bytes(b"x" * SHARED)
    before = bytes_read()
    files.states([f"{number}" for number in range(64)])
    files.save()
    again = LARGE  # where making them took a while, the last ones are young alone, and are not waited for
    assert 64 * SHARED <= bytes_read() - before < 64 * SHARED + again


def test_threads_that_ask_for_a_file_at_the_same_time_read_it_once(tmp_path, files, wait_until):
    size = 40 * LARGE
    digests = write(tmp_path, {"large": size}, wait_until)
    begin, found = threading.Barrier(4), []

    def ask() -> None:
        begin.wait()
        found.append(files.state("large"))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    before = bytes_read()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert bytes_read() - before < 1.5 * size
    assert found == [digests["large"]] * 4


def test_one_who_gives_up_leaves_the_file_to_another_who_asked(tmp_path, files, wait_until):
    digests = write(tmp_path, {"large": 3 * CHUNK}, wait_until)
    reading, other_asks, found = threading.Event(), threading.Event(), []

    def gives_up() -> bool:
        reading.set()
        return other_asks.wait(100)

    def ask() -> None:
        with pytest.raises(GivenUp):
            files.states(["large"], gives_up)

    first = threading.Thread(target=ask)
    second = threading.Thread(target=lambda: found.append(files.state("large")))
    first.start()
    assert reading.wait(100)
    second.start()
    other_asks.set()
    first.join()
    second.join()
    assert found == [digests["large"]]


def test_a_large_file_is_given_up_within_a_chunk(tmp_path, files, wait_until):
    write(tmp_path, {"large": 20 * CHUNK}, wait_until)
    before = bytes_read()
    with pytest.raises(GivenUp):
        files.states(["large"], lambda: True)
    assert bytes_read() - before < 2 * CHUNK
    assert not files.unsaved


def test_many_small_files_are_given_up(tmp_path, files, wait_until):
    write(tmp_path, {f"d/{number}": 1000 for number in range(50)}, wait_until)
    asked = []
    with pytest.raises(GivenUp):
        files.states(["d"], lambda: asked.append(1) or len(asked) > 10)
