from __future__ import annotations

import hashlib
import os

import pytest
from conftest import NOW, Project

from criteria import Result


def test_a_file_that_is_there(project: Project) -> None:
    project.write("build/clean.parquet", b"x" * 12_345)
    verdict = project.judge(file="build/clean.parquet")
    assert (verdict.result, verdict.value, verdict.until) == (Result.PASS, 12_345, None)
    assert verdict.message == "build/clean.parquet has 12.35 kB"
    assert (verdict.name, verdict.kind, verdict.source) == ("build/clean.parquet", "file", "build/clean.parquet")


def test_missing_and_empty(project: Project) -> None:
    assert project.judge(file="build/clean.parquet").message == "build/clean.parquet is missing"
    project.write("build/clean.parquet", "")
    verdict = project.judge(file="build/clean.parquet")
    assert (verdict.result, verdict.message) == (Result.FAIL, "build/clean.parquet is empty")
    assert project.judge(file="build/clean.parquet/below").message == "build/clean.parquet/below is missing"


def test_size(project: Project) -> None:
    project.write("a", b"x" * 9999)
    verdict = project.judge(file="a", min_size="10 kB")
    assert verdict.message == "a has 9.999 kB, must be >= 10 kB"
    assert (verdict.result, verdict.bound) == (Result.FAIL, "min_size 10 kB")
    assert project.judge(file="a", min_size=9999).result is Result.PASS


def test_age_and_when_the_verdict_will_change(project: Project) -> None:
    project.write("a", "x", age=3600)
    assert project.judge(file="a", max_age="90m").until == NOW - 3600 + 5400
    assert project.judge(file="a", max_age="1h").result is Result.PASS
    verdict = project.judge(file="a", max_age="30m")
    assert (verdict.result, verdict.until) == (Result.FAIL, None)
    assert verdict.message == "a is 1h old, must be <= 30m"


def test_several_problems_are_told_together(project: Project) -> None:
    project.write("a", "xyz", age=7200)
    verdict = project.judge(file="a", min_size=10, max_age="1h")
    assert verdict.message == "a has 3 bytes, must be >= 10 bytes; it is 2h old, must be <= 1h"


def test_content(project: Project) -> None:
    project.write("a", "xyz")
    digest = hashlib.sha256(b"xyz").hexdigest()
    assert project.judge(file="a", sha256=digest.upper()).result is Result.PASS
    verdict = project.judge(file="a", sha256="0" * 64)
    assert verdict.message == f"a has sha256 {digest}, must be {'0' * 64}"


def test_content_that_was_hashed_already_is_not_read_again(project: Project) -> None:
    """Shown by a lie, which is believed."""
    project.write("a", "xyz")
    project.digests = {"a": "1" * 64}
    assert project.judge(file="a", sha256="1" * 64).result is Result.PASS
    assert project.judge(file="a", sha256="0" * 64).message == f"a has sha256 {'1' * 64}, must be {'0' * 64}"


def test_a_folder_is_the_sum_of_its_files(project: Project) -> None:
    project.write("parts/deep/1", b"x" * 600, age=50)
    project.write("parts/2", b"x" * 400, age=500)
    (project.root / "parts/loose").symlink_to("nowhere")
    (project.root / "parts/loop").symlink_to("..")
    verdict = project.judge(file="parts", min_size="1 kB", max_age="1m")
    assert (verdict.result, verdict.value, verdict.until) == (Result.PASS, 1000, NOW - 50 + 60)
    assert project.judge(file="parts", sha256="0" * 64).message == "parts is a folder, which has no sha256"


def test_a_folder_without_content(project: Project) -> None:
    project.write("parts/1", "")
    assert project.judge(file="parts").message == "parts holds no file that is not empty"


def test_neither_file_nor_folder(project: Project) -> None:
    os.mkfifo(project.root / "pipe")
    assert project.judge(file="pipe").message == "pipe is neither a file nor a folder"
    (project.root / "loop").symlink_to("loop")
    assert "loop cannot be read" in project.judge(file="loop").message
    assert project.judge(file="x" * 300).result is Result.FAIL


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(project: Project) -> None:
    project.write("closed/a", "x")
    (project.root / "closed").chmod(0)
    assert project.judge(file="closed").message == "closed cannot be read: Permission denied"


def test_warn_is_told_but_does_not_fail(project: Project) -> None:
    assert project.judge(file="a", severity="warn").result is Result.WARN
    project.write("a", "x")
    assert project.judge(file="a", severity="warn", name="the table").name == "the table"
    assert project.judge(file="a", severity="warn").result is Result.PASS
