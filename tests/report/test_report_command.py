"""`doit report` as people run it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from html import unescape
from urllib.parse import unquote

import html5lib
import pytest

PLACE = ".doit/report.html"
LOW = {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 10", "review": "<= 20"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder, and whether the plan of `measured` has run in it."""
    return {"root": tmp_path_factory.mktemp("ran") / "project"}


@pytest.fixture
def measured(project, ran):
    """A phase that is done, one that waits for ada, and one that is blocked by it."""
    if "made" not in ran:
        ran["made"] = type(project)(ran["root"])
        measure(ran["made"])
    shutil.copytree(ran["root"], project.root, dirs_exist_ok=True)
    return project


def measure(project) -> None:
    project.phases(
        {
            "m": {
                "title": "Measure",
                "run": "echo reading; cp in.json out.json",
                "inputs": ["in.json"],
                "outputs": ["out.json"],
            },
            "asks": {
                "run": "cp out.json asked.json",
                "inputs": ["out.json"],
                "outputs": ["asked.json"],
                "approval": {"by": ["ada"]},
            },
            "after": {"run": "true", "needs": ["asks"]},
        },
        {"m": [LOW]},
    )
    project.write("in.json", '{"mae": 9}')
    project.doit().ended(4)


def text_of(html: str) -> str:
    """What a reader reads."""
    body = html5lib.parse(html, namespaceHTMLElements=False).find("body")
    return re.sub(r" (?=[,.;:)])", "", " ".join(" ".join(body.itertext()).split()))


def written(project, *args: str) -> str:
    project.doit("report", *args).ended(0)
    return text_of(project.read(PLACE))


def stamps(project) -> dict[str, tuple[int, bytes]]:
    """Time and content of every file but the report; SQLite's own beside the state come and go with a reader."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in project.root.rglob("*")
        if path.is_file() and path.name not in ("report.html", ".doit.db-shm", ".doit.db-wal")
    }


def test_before_the_first_run(project):
    project.phases({"a": {"title": "First", "run": "true"}, "b": {"run": "true", "needs": ["a"]}})
    text = written(project)
    for part in ("No phase has run yet.", "pending", "First", "The journal is empty", "No work was attempted yet."):
        assert part in text
    assert not (project.root / ".doit.db").exists(), "it only reads"


def test_what_it_says(measured):
    ran = measured.doit("report").ended(0)
    assert re.fullmatch(rf"{re.escape(PLACE)} \([\d.]+ kB\): file:///\S+/report\.html\n", ran.out), ran
    text = text_of(measured.read(PLACE))
    [(newest, count)] = measured.query("select hash, seq from journal order by seq desc limit 1")
    digest = json.loads(measured.doit("status", "--json").out)["phases"][1]["digest"]
    for part in (
        "1 of 3 phases done, 1 waiting, 1 blocked.",
        "waiting asks waits for an approval by ada doit approve asks, then doit 1 phase waits for it: after",
        "m Measure",
        "mae 9 <= 10, review <= 20 out.json: mae",
        "End of the log #1 reading",
        "cp in.json out.json",
        "No metric has changed yet, and all pass. 1 metric that did not change is shown with its phase.",
        "1 gate was opened by policy",
        f"{count} entries; its chain of hashes holds",
        newest,
        digest,
    ):
        assert part in text, (part, text)


def test_approvals_with_who_why_and_for_what(measured):
    measured.doit("approve", "asks", "-m", "as in March", env={"LOGNAME": "ada"}).ended(0)
    measured.doit().ended(0)
    text = written(measured)
    digest = json.loads(measured.doit("status", "--json").out)["phases"][1]["digest"]
    assert "All 3 phases are done." in text
    assert re.search(rf"asks approved ada command line \(login\) as in March {digest[:7]} counts", text)
    measured.write("in.json", '{"mae": 8}')
    measured.doit().ended(4)
    text = written(measured)
    assert re.search(rf"asks approved ada command line \(login\) as in March {digest[:7]} for another digest", text)
    assert "mae m 8 -1" in text, "a metric that moved is among the trends"


def test_links_lead_from_the_report_to_files_that_are_there(measured):
    (measured.root / "deep/er").mkdir(parents=True)
    for place in (PLACE, "report.html", "deep/er/report.html"):
        measured.doit("report", "-o", place).ended(0)
        links = re.findall(r'href="([^"#][^"]*)"', measured.read(place))
        files = {unquote(unescape(link)) for link in links if not link.startswith("data:")}
        assert {os.path.basename(file) for file in files} >= {"out.json", "asked.json", "in.json", "m.1.log"}
        folder = (measured.root / place).parent
        assert all((folder / file).exists() for file in files), files


def test_a_missing_output_and_a_log_that_is_gone_have_no_link(measured):
    (measured.root / "asked.json").unlink()
    for log in (measured.root / ".doit/logs").rglob("m.1.log"):
        log.unlink()
    assert "asked.json missing" in written(measured)
    html = measured.read(PLACE)
    assert 'asked.json"' not in html
    assert "m.1.log" not in html


def test_nothing_else_is_written(measured):
    before = stamps(measured)
    measured.doit("report").ended(0)
    measured.doit("report").ended(0)
    assert stamps(measured) == before


def test_to_standard_output(measured):
    ran = measured.doit("report", "-o", "-").ended(0)
    assert ran.out.startswith("<!doctype html>")
    assert ran.out.endswith("</html>\n")
    assert ran.err == ""
    assert 'href="out.json"' in ran.out, "links as from the project's folder"
    assert not (measured.root / PLACE).exists()
    piped = measured.process(command=["sh", "-c", f"{ran.command[0]} report -o - | head -c 20"])
    assert (piped.out, piped.err) == ("<!doctype html>\n<met", "")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("out.json", "out.json is an output of m, or lies in one"),
        ("in.json", "in.json is an input of m, or lies in one"),
        ("config/report.html", "a part of what makes this folder a project"),
        ("dodo.py", "a part of what makes this folder a project"),
        (".doit.db", "where phasegate keeps its state"),
        (".doit/lock", "where phasegate keeps its state"),
        ("mine.html", "is there and is no report"),
        ("folder", "is a folder"),
        ("folder/", "is a folder"),
        ("", "the file has an empty name"),
        ("nowhere/report.html", "there is no folder nowhere; make it first"),
        ("/dev/full", "is no file"),
        ("/proc/report.html", "/proc/report.html: "),
        ("x" * 300, "File name too long"),
        ("report.pdf", "report.pdf: no report ends in .pdf; name a file with .html or .htm"),
    ],
)
def test_a_place_where_it_would_do_harm_is_refused(measured, place, why):
    measured.write("mine.html", "<!doctype html>\n<meta charset=utf-8>mine")
    (measured.root / "folder").mkdir()
    before = stamps(measured)
    measured.doit("report", f"--output={place}").ended(3, why)
    assert stamps(measured) == before


def test_inside_an_output_folder_or_among_what_a_glob_matches(project):
    work = {"run": "mkdir -p build && touch build/x", "inputs": ["pages/**/*.html"], "outputs": ["build"]}
    project.phases({"a": work})
    project.write("pages/deep/x.html", "x")
    project.doit().done("a")
    project.doit("report", "-o", "build/report.html").ended(3, "is an output of a, or lies in one")
    project.doit("report", "-o", "pages/deep/report.html").ended(3, "is an input of a, or lies in one")
    project.doit("report", "-o", "pages/report.htm").ended(0)
    project.doit().nothing()


def test_an_older_report_is_replaced_whole(measured):
    measured.doit("report", "-o", "report.html").ended(0)
    before = measured.read("report.html")
    measured.doit("approve", "asks", "-m", "yes", env={"LOGNAME": "ada"}).ended(0)
    measured.doit("report", "-o", "report.html").ended(0)
    assert measured.read("report.html") != before
    assert sorted(path.name for path in measured.root.glob("*report*")) == ["report.html"]
    assert [path.name for path in measured.root.glob(".*.new")] == []


def test_what_makes_no_sense_is_refused(measured):
    measured.doit("report", "m").ended(3, "a report is about the whole plan")
    measured.doit("report", "--nonsense").ended(3, "nonsense")
    measured.write(".doit.db", b"")
    measured.doit("report").ended(3, "is empty")


def test_while_a_run_is_going_on(project, wait_until, kill):
    project.phases(
        {"slow": {"run": "echo begun; touch started; sleep 600"}, "later": {"run": "true", "needs": ["slow"]}}
    )
    running = project.start()
    try:
        wait_until(
            lambda: (project.root / "started").exists() and "slow" in str(project.query("select task from journal"))
        )
        text = written(project)
        assert "running slow" in text
        assert "begun" in text
        assert "going on for" in text
    finally:
        kill(running)
    text = written(project)
    assert "killed" in text, "the run that nobody ended"
    assert "running slow" not in text
    assert "attempt 1: interrupted" in text


def test_secrets_stay_out(project):
    project.write(".env", "API_TOKEN=correct-horse-battery\n")
    run = 'echo in the log: $T; echo "{\\"mae\\": \\"$T\\"}" > out.json; exit 1'
    project.phases(
        {"a": {"title": "with correct-horse-battery", "run": run, "env": {"T": "${API_TOKEN}"}, "outputs": ["out.json"]},
         "b": {"run": "curl -H staple-from-later x || echo staple-from-later"}}
    )  # fmt: skip
    project.doit().ended(1)
    assert "staple-from-later" in written(project)
    project.write(".env", "API_TOKEN=correct-horse-battery\nLATER_KEY=staple-from-later\n")
    written(project)
    html = project.read(PLACE)
    assert "in the log: ***" in html
    assert "correct-horse" not in html
    assert "staple-from-later" not in html, "what was printed before it was known to be a secret"


def test_a_journal_that_was_changed_is_told(measured):
    judged = measured.query("select max(seq) from journal where event = 'gate.judged'")[0][0]
    with closing(sqlite3.connect(measured.root / ".doit.db", isolation_level=None)) as connection:
        connection.execute(f"delete from journal where seq = {judged - 1}")
    assert "its chain of hashes is broken" in (text := written(measured))
    assert f"entry {judged - 1} removed" in text
