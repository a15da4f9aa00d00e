"""A full disk, a damaged database, a tree that cannot be written, outputs that lead elsewhere."""

from __future__ import annotations

import os
import random
import re

import pytest

# -- 256 KB ---------------------------------------------------------------------------------------------------

AT_ITS_END = (1, 2, 3)
"""A work that fails because of the disk fails by itself (1); what phasegate cannot write is an error (2 or 3)."""


def says_that_the_disk_is_full(ran) -> None:
    ran.ended(ran.code)
    assert re.search(r"no space left|\bfull\b", ran.out + ran.err, re.IGNORECASE), ran


def goes_on(project, small_disk) -> None:
    """With room again, `doit` does what is not done."""
    small_disk.free()
    project.doit().ended(0)
    project.doit().nothing()
    assert project.query("pragma integrity_check") == [("ok",)]


def test_an_output_fills_the_disk(project_on_small_disk, small_disk):
    project = project_on_small_disk
    filling = {"run": "head -c $(cat size.txt) /dev/zero > build/big.bin", "outputs": ["build/big.bin"]}
    project.phases({"big": filling, "after": {"run": "true", "inputs": ["build/big.bin"]}})
    project.write("size.txt", "1000000")
    ran = project.doit()
    assert ran.code in AT_ITS_END, ran
    says_that_the_disk_is_full(ran)
    assert ran.lines("done") == [], ran
    (project.root / "build/big.bin").unlink()
    project.write("size.txt", "1000")
    goes_on(project, small_disk)


def test_a_log_fills_the_disk(project_on_small_disk, small_disk):
    project = project_on_small_disk
    talking = {"run": "head -c $(cat size.txt) /dev/zero | tr '\\0' x; echo ran >> ran.txt"}
    project.phases({"talks": talking, "after": {"run": "true", "needs": ["talks"]}})
    project.write("size.txt", "1000000")
    ran = project.doit()
    assert ran.code in AT_ITS_END, ran
    says_that_the_disk_is_full(ran)
    for log in project.root.glob(".doit/logs/*/*.log"):
        log.unlink()
    project.write("size.txt", "1000")
    goes_on(project, small_disk)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_state_finds_the_disk_full_in_the_middle_of_a_run(project_on_small_disk, small_disk, jobs):
    """Phases that need nothing, so that only the state can keep the later ones from starting. They say, outside of that
    disk, when they start although it is full."""
    project = project_on_small_disk
    fill = (
        "echo fills >> ran.txt; [ -e roomy ] || head -c 1000000 /dev/zero > ../ballast 2> /dev/null || touch ../../full"
    )
    late = "echo {name} >> ran.txt; [ ! -e ../../full ] || echo {name} >> ../../late.txt"
    later = {f"later{n}": {"run": late.format(name=f"later{n}")} for n in range(8)}
    project.phases({"before": {"run": "echo before >> ran.txt"}, "fills": {"run": fill}, **later}, jobs=jobs)
    project.write("ran.txt", " " * 100)  # room for the names: a file takes space by pages
    ran = project.doit()
    assert ran.code in (2, 3), ran
    says_that_the_disk_is_full(ran)
    late = project.counts("../../late.txt")
    assert len(late) < jobs, f"it went on with {sorted(late)}, and only one of two can have begun before: {ran}"
    (project.root / "../../full").unlink(missing_ok=True)  # not there if its own start met the full disk
    promised = ran.lines("done")
    small_disk.free()
    project.write("roomy", "")
    goes_on(project, small_disk)
    assert all(project.counts()[name] == 1 for name in promised), ran
    assert set(project.counts()) == {"before", "fills", *later}


@pytest.mark.parametrize("room", [0, 16384])
def test_a_run_that_starts_on_a_full_disk(project_on_small_disk, small_disk, room):
    project = project_on_small_disk
    project.phases({"a": {"run": "true"}, "b": {"run": "true", "needs": ["a"]}})
    small_disk.fill(leave=room)
    ran = project.doit()
    if ran.code:
        assert ran.code in (2, 3), ran
        says_that_the_disk_is_full(ran)
    small_disk.free()
    project.doit().ended(0)
    assert set(project.status().values()) == {"done"}


# -- a damaged database ---------------------------------------------------------------------------------------

CHAIN = {
    f"p{n}": {
        "run": f"echo p{n} >> ran.txt; echo {n} > build/{n}.txt",
        "inputs": [f"build/{n - 1}.txt"] if n else [],
        "outputs": [f"build/{n}.txt"],
    }
    for n in range(10)
}
GATES = {name: [{"file": phase["outputs"][0]}] for name, phase in CHAIN.items()}
REMEDY = "mv .doit.db .doit.db.bad"


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        half,
        lambda content: content[:100],
        lambda content: random.Random(1).randbytes(len(content)),
    ],
    ids=["0 bytes", "half", "100 bytes", "garbage"],
)
def test_a_damaged_database_is_refused_and_left_as_it_is(project, damage):
    project.phases(CHAIN, GATES).doit().done(*CHAIN)
    database = project.root / ".doit.db"
    database.write_bytes(damaged := damage(database.read_bytes()))
    project.doit().ended(3, ".doit.db", REMEDY)
    assert database.read_bytes() == damaged
    assert set(project.counts().values()) == {1}
    database.rename(project.root / ".doit.db.bad")
    project.doit().done(*CHAIN)


def flipped_bits_are_refused_or_harmless(project, count: int) -> None:
    """A bit that means something is missed; one in a page's free space hurts nobody. Nothing ever runs because of it."""
    project.phases(CHAIN, GATES).doit().done(*CHAIN)
    project.doit().nothing()
    database = project.root / ".doit.db"
    good = database.read_bytes()
    chance = random.Random(5)
    wrong, refused = [], 0
    for _ in range(count):
        bad = bytearray(good)
        at, bit = chance.randrange(len(good)), chance.randrange(8)
        bad[at] ^= 1 << bit
        for name in (".doit.db-wal", ".doit.db-shm"):
            (project.root / name).unlink(missing_ok=True)
        database.write_bytes(bad)
        ran = project.doit()
        refused += ran.code == 3
        named = ran.code == 3 and ".doit.db" in ran.out + ran.err and "mv .doit.db" in ran.out + ran.err
        harmless = ran.code == 0 and "nothing to do" in ran.out
        if "Traceback" in ran.out + ran.err or not (named or harmless) or set(project.counts().values()) != {1}:
            wrong.append(f"byte {at}, bit {bit}: {ran}")
            database.write_bytes(good)
            project.write("ran.txt", "".join(f"{name}\n" for name in CHAIN))
    print(f"\n{count} bits flipped: {refused} refused, {count - refused - len(wrong)} harmless, {len(wrong)} wrong")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)


def test_a_flipped_bit_is_refused_or_harmless(project):
    flipped_bits_are_refused_or_harmless(project, 12)


@pytest.mark.faults
def test_500_flipped_bits_are_refused_or_harmless(project):
    flipped_bits_are_refused_or_harmless(project, 500)


# -- where nothing can be written -----------------------------------------------------------------------------


def test_a_read_only_tree_is_refused(project_on_small_disk, small_disk):
    project = project_on_small_disk
    project.phases({"a": {"run": "echo a > ../../ran.txt; echo a > build/a.txt", "outputs": ["build/a.txt"]}})
    small_disk.read_only()
    project.doit().ended(3, str(project.root), "writ")
    assert not (small_disk.folder.parent / "ran.txt").exists()
    small_disk.writable()
    project.doit().done("a")


def test_a_tree_that_became_read_only_refuses_to_run_and_still_shows_where_it_stands(project_on_small_disk, small_disk):
    project = project_on_small_disk
    project.phases({"a": {"run": "true"}}).doit().done("a")
    project.phases({"a": {"run": "true"}, "b": {"run": "echo b > ../../ran.txt"}})
    small_disk.read_only()
    project.doit().ended(3, str(project.root), "writ")
    assert not (small_disk.folder.parent / "ran.txt").exists()
    assert project.status() == {"a": "done", "b": "pending"}
    small_disk.writable()
    project.doit().done("b")


def test_a_tree_of_somebody_else_is_refused(project):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    project.phases({"a": {"run": "echo a > build/a.txt", "outputs": ["build/a.txt"]}})
    project.root.chmod(0o555)
    try:
        project.doit().ended(3, str(project.root))
    finally:
        project.root.chmod(0o755)


def refused_before_anything_runs(project, path: str, output: str) -> None:
    """The plan has a phase that could run, and it does not."""
    making = {"run": "echo made >> ran.txt", "outputs": [output]}
    project.phases({"first": {"run": "echo first >> ran.txt"}, "made": making})
    project.doit().ended(3, path)
    assert project.counts() == {}


def test_an_output_that_became_a_folder_is_refused(project):
    """A file was made, its place is a folder now, with things in it that nobody may lose."""
    making = "echo made >> ran.txt; echo x > build/x.txt"
    project.phases({"made": {"run": making, "outputs": ["build/x.txt"]}}, {"made": [{"file": "build/x.txt"}]})
    project.doit().done("made")
    (project.root / "build/x.txt").unlink()
    project.write("build/x.txt/precious.txt", "precious")
    project.doit().ended(3, "build/x.txt")
    assert project.counts() == {"made": 1}
    assert project.read("build/x.txt/precious.txt") == "precious"


def test_an_output_below_a_file_is_refused(project):
    project.write("build", "a file")
    refused_before_anything_runs(project, "build", "build/x.txt")


def test_an_output_through_a_link_is_refused(project, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (project.root / "build").symlink_to(tmp_path / "elsewhere")
    refused_before_anything_runs(project, "build", "build/x.txt")


@pytest.mark.parametrize("path", ["../x.txt", "build/../../x.txt", "/x.txt"])
def test_an_output_that_leaves_the_project_is_refused(project, path):
    refused_before_anything_runs(project, path, path)
