"""A number from a file: what is read, what is told. The formats have a file of their own."""

from __future__ import annotations

import json
import os

import pytest
from conftest import Project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from criteria import Result


def test_the_messages(project: Project) -> None:
    project.write("build/m.json", '{"mae": 14.2, "rows": {"retained": 0.981}}')
    assert project.metric("build/m.json", "mae", "<= 12").message == "mae 14.2, must be <= 12 (build/m.json: mae)"
    retained = {"metric": "retained", "from_": "build/m.json", "at": "rows.retained"}
    passed = project.judge(**retained, pass_=">= 0.95")
    assert passed.message == "retained 0.981 >= 0.95 (build/m.json: rows.retained)"
    assert (passed.name, passed.kind, passed.bound, passed.value) == ("retained", "metric", ">= 0.95", 0.981)
    assert passed.source == "build/m.json: rows.retained"
    review = project.judge(**retained, pass_=">= 0.99", review=">= 0.90")
    assert review.result is Result.REVIEW
    assert (
        review.message
        == "retained 0.981: a person decides, pass is >= 0.99, review >= 0.90 (build/m.json: rows.retained)"
    )
    shut = project.judge(**retained, pass_=">= 0.999", review=">= 0.99")
    assert shut.message == "retained 0.981, must be >= 0.999, review >= 0.99 (build/m.json: rows.retained)"
    assert shut.bound == ">= 0.999, review >= 0.99"


def test_against_the_approved_value(project: Project) -> None:
    project.write("m.json", '{"mae": 14.2}')
    first = project.metric("m.json", "mae", "<= 1.02 * approved")
    assert first.result is Result.PASS
    assert first.message == "mae 14.2: no approved value yet; 14.2 becomes the baseline (m.json: mae)"
    project.approved["mae"] = 12
    second = project.metric("m.json", "mae", "<= 1.02 * approved")
    assert (second.result, second.bound) == (Result.FAIL, "<= 12.24 (1.02 * approved 12)")
    assert second.message == "mae 14.2, must be <= 12.24 (1.02 * approved 12) (m.json: mae)"


def test_a_failing_value_never_reads_equal_to_its_bound(project: Project) -> None:
    project.write("m.json", '{"mae": 0.94999999}')
    assert project.metric("m.json", "mae", ">= 0.95").message.startswith("mae 0.94999999, must be >= 0.95 ")
    project.approved["mae"] = 0.95
    assert project.metric("m.json", "mae", ">= approved").message.startswith("mae 0.94999999, must be >= 0.95 (")


def test_review_with_severity_warn_is_a_warning(project: Project) -> None:
    project.write("m.json", '{"mae": 0.5}')
    for pass_ in ("<= 0.4", "<= 0.3"):
        assert project.metric("m.json", "mae", pass_, review="<= 0.6", severity="warn").result is Result.WARN


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"12"', 'is text ("12") where a number belongs'),
        ("true", "is true where a number belongs"),
        ("null", "is null where a number belongs"),
        ("[1]", "is a list where a number belongs"),
        ("{}", "is a mapping where a number belongs"),
        ("1e999", "is infinite"),
        ("1" + "0" * 400, "is too large a number"),
    ],
)
def test_no_number(project: Project, written: str, told: str) -> None:
    project.write("m.json", f'{{"mae": {written}}}')
    verdict = project.metric("m.json", "mae")
    assert (verdict.result, verdict.message) == (Result.FAIL, f"mae {told} (m.json: mae)")
    json.dumps(verdict.as_data(), allow_nan=False)


def test_no_key(project: Project) -> None:
    project.write("build/m.json", '{"rmse": 1, "mea": 2}')
    assert (
        project.metric("build/m.json", "mae").message
        == "mae: no key 'mae' in build/m.json (keys there: rmse, mea); did you mean 'mea'?"
    )


def test_no_file(project: Project) -> None:
    verdict = project.metric("m.json", "mae")
    assert (verdict.message, verdict.source) == ("mae: m.json is missing", "m.json: mae")
    assert verdict.bound == ">= 0"
    (project.root / "m.json").mkdir()
    assert project.metric("m.json", "mae").message == "mae: m.json is a folder"
    os.mkfifo(project.root / "n.json")
    assert project.metric("n.json", "mae").message == "mae: n.json is not a regular file"
    for name in ("x.csv", "x.log"):
        assert project.metric(name, "a:max").message == f"mae: {name} is missing"


def test_a_document_of_gigabytes_is_refused_a_log_is_read_at_its_end(project: Project) -> None:
    for name in ("big.json", "big.log"):
        with (project.root / name).open("wb") as file:
            file.truncate(5_000_000_000)
            file.seek(0, os.SEEK_END)
            file.write(b"mae=12\n")
    assert (
        project.metric("big.json", "mae").message
        == "mae: big.json is 5 GB, more than the 67.11 MB that are read of a document"
    )
    assert project.metric("big.log", r"mae=(\d+)").value == 12


def test_a_message_is_one_line_that_any_file_takes(project: Project) -> None:
    project.write("m.json", r'{"mae": "\u001b[31m\ud800' + r"\nx" * 2000 + '"}')
    verdict = project.metric("m.json", "mae")
    assert verdict.message.encode().decode().isprintable()
    assert "\n" not in verdict.message
    assert len(str(verdict.value)) <= 20_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([".json", ".yaml", ".toml", ".csv", ".tsv", ".xml", ".log"]),
    st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))),
)
def test_no_content_makes_it_raise(project: Project, suffix: str, content: bytes) -> None:
    project.write(f"m{suffix}", content)
    verdict = project.metric(f"m{suffix}", "a:max" if suffix in (".csv", ".tsv") else "a")
    assert verdict.result is Result.FAIL
    json.dumps(verdict.as_data(), allow_nan=False).encode()
    verdict.message.encode()
