"""The report in headless Chromium: nothing is loaded, no script of anybody else runs, and everybody can use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_report_page import HOSTILE

PLANS = Path(__file__).parents[2] / "benchmarks"
DESK, PHONE, SMALL = (1280, 800), (390, 800), (320, 640)
PLACE = ".doit/report.html"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Projects that are made once, by name."""
    return {"": tmp_path_factory.mktemp("report")}


def once(project, kept, name: str, make):
    if name not in kept:
        made = type(project)(kept[""] / name)
        make(made)
        made.doit("report").ended(0)
        kept[name] = made
    return kept[name]


@pytest.fixture
def sixteen(browser, project, kept):
    """A plan with every state that lasts, retries, a matrix, a metric over several runs, and votes."""
    return once(project, kept, "sixteen", make_sixteen)


@pytest.fixture
def thousand(browser, project, kept):
    """A thousand phases, one of which failed."""
    return once(project, kept, "thousand", make_thousand)


@pytest.fixture
def hostile(browser, project, kept):
    """A plan whose every text wants to be something else."""
    return once(project, kept, "hostile", make_hostile)


def make_sixteen(project) -> None:
    measure = {"run": "cp in.json out.json", "inputs": ["in.json"], "outputs": ["out.json"], "title": "Measure"}
    flaky = "test $PHASEGATE_ATTEMPT -ge 2 || { echo connection reset; exit 75; }"
    phases = {
        "first": {"run": "echo hello", "title": "A first step", "description": "What it is\nand what it is not."},
        "m": measure,
        "flaky": {"run": flaky},
        "many": {"run": "echo {n}", "matrix": {"n": [1, 2, 3]}},
        "asks": {
            "run": "cp out.json asked.json",
            "inputs": ["out.json"],
            "outputs": ["asked.json"],
            "approval": "manual",
        },
        "broken": {"run": "echo the last words; exit 3", "needs": ["first"]},
        "shut": {"run": "cp in.json shut.json", "inputs": ["in.json"], "outputs": ["shut.json"]},
        "behind": {"run": "true", "needs": ["broken", "asks"]},
        "edited": {"run": "echo > edited.txt", "outputs": ["edited.txt"]},
        **{f"more_{n}": {"run": "true", "needs": ["behind"]} for n in range(7)},
    }
    criteria = {
        "m": [{"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 10", "review": "<= 20"}],
        "shut": [{"metric": "mae", "from": "shut.json", "at": "mae", "pass": "<= 1"}],
    }
    project.phases(phases, criteria, retry={"transient": {"attempts": 3, "wait": "1ms"}})
    for mae in (8, 9, 7):
        project.write("in.json", json.dumps({"mae": mae}))
        project.doit().ended(1)
        if mae == 8:
            project.doit("reject", "asks", "-m", "the wrong month", env={"LOGNAME": "grace"}).ended(0)
            project.doit("approve", "asks", "-m", "the right one after all", env={"LOGNAME": "ada"}).ended(0)
    project.write("edited.txt", "by hand")


def make_thousand(project) -> None:
    shutil.rmtree(project.root)
    project.root.mkdir()
    sys.path.insert(0, str(PLANS))
    try:
        from plans import layered, write_phasegate
    finally:
        sys.path.remove(str(PLANS))
    write_phasegate(project.root, layered(1000))
    plan = project.root / "config/phases.yaml"
    plan.write_text(plan.read_text().replace('"echo 437 > ', '"cat build/nowhere; echo 437 > '))
    project.doit("-n", "2").ended(1)


def make_hostile(project) -> None:
    texts = [text.replace("\0", "") for text in HOSTILE if "\ud800" not in text]
    phases, criteria = {}, {}
    for index, text in enumerate(texts):
        output = "build/" + re.sub(r"[/*?\[\x07\x1b\x7f]", "_", text)  # what no output may be named: a glob, a control
        print_it = f"print({text!r}); print({text!r}, file=open({output!r}, 'w'))"
        phases[f"p{index}"] = {
            "title": text,
            "description": text,
            "run": [sys.executable, "-c", print_it],
            "outputs": [output],
        }
        criteria[f"p{index}"] = [{"metric": text, "from": output, "at": "(?s)(.*)", "pass": ">= 0"}]
    phases["long"] = {
        "run": [sys.executable, "-c", "print('<script>alert(1)</script>' * 400_000); raise SystemExit(1)"]
    }
    phases["asks"] = {"run": "true", "approval": {"quorum": 9}, "title": texts[0]}
    project.phases(phases, criteria)
    project.doit().ended(1)
    for text in texts[:6]:
        project.doit("approve", "asks", "-m", text, env={"LOGNAME": text}).ended(0)


@contextmanager
def opened(browser, project, size=DESK, theme="light", at="", **more):
    """The report in a window. Whatever it wants to load, and whatever goes wrong, fails the test."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme, **more)
    page = context.new_page()
    address = (project.root / PLACE).as_uri()
    wrong: list[str] = []
    page.on(
        "request",
        lambda asked: (
            wrong.append(asked.url)
            if asked.url.split("#")[0] != address and not asked.url.startswith("data:")
            else None
        ),
    )
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.goto(address + at)
    yield page
    context.close()
    assert wrong == []


def violations(page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}" for each in found]


def no_wider_than_its_window(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# -- for everybody --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["", "#phase-broken"])
@pytest.mark.parametrize(("size", "theme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_axe_finds_nothing(browser, sixteen, axe, size, theme, at):
    with opened(browser, sixteen, size, theme, at) as page:
        assert violations(page, axe) == []
        assert no_wider_than_its_window(page)


@pytest.mark.faults
@pytest.mark.parametrize(("size", "theme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_in_a_thousand_phases(browser, thousand, axe, size, theme):
    with opened(browser, thousand, size, theme, "#phase-phase_00437") as page:
        assert violations(page, axe) == []


def test_axe_finds_nothing_before_the_first_run(browser, project, axe):
    project.phases({"a": {"run": "true"}})
    project.doit("report").ended(0)
    with opened(browser, project) as page:
        assert violations(page, axe) == []


def test_axe_would_find_something(browser, sixteen, axe):
    """The check can fail: a colour that is too pale, and a button without a name."""
    with opened(browser, sixteen) as page:
        page.evaluate(
            "document.querySelector('.lede').style.color = '#ccc'; document.body.append(document.createElement('button'))"
        )
        assert {line.split(":")[0] for line in violations(page, axe)} >= {"button-name", "color-contrast"}


@pytest.mark.parametrize("at", ["", "#phase-m"])
@pytest.mark.parametrize("name", ["sixteen", "thousand", "hostile"])
def test_the_smallest_phone_needs_no_sideways_scrolling(browser, request, name, at):
    with opened(browser, request.getfixturevalue(name), SMALL, at=at) as page:
        assert no_wider_than_its_window(page)


# -- the keyboard ---------------------------------------------------------------------------------------------------


def test_by_keyboard_alone(browser, sixteen):
    with opened(browser, sixteen) as page:
        focused = lambda what: page.evaluate(f"document.activeElement.{what}")  # noqa: E731
        page.keyboard.press("Tab")
        assert focused("textContent") == "Skip to the phases"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0"), "it can be seen"
        page.keyboard.press("Enter")
        page.keyboard.press("/")
        assert focused("id") == "find"
        page.keyboard.type("broken code")
        assert page.locator("#shown").text_content() == "1 of 16"
        page.keyboard.press("Tab")
        while not (focused("getAttribute('href')") or "").startswith("#phase-"):
            page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus can be seen"
        page.keyboard.press("Enter")
        assert focused("id") == "phase-broken"
        assert page.locator("#phase-broken").is_visible()
        page.keyboard.press("Tab")
        assert focused("getAttribute('aria-label')").startswith("Phase before")
        page.keyboard.press("Escape")
        assert not page.locator("#phase-broken").is_visible()
        assert focused("getAttribute('href')") == "#phase-broken", "back where it was"


def test_everything_that_can_be_clicked_can_be_reached(browser, sixteen):
    with opened(browser, sixteen) as page:
        reached = set()
        for _ in range(400):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.outerHTML"))
        wanted = page.evaluate(
            """[...document.querySelectorAll('a[href], button, input, summary')]
            .filter(e => e.checkVisibility() && !e.closest('[aria-hidden=true]')).map(e => e.outerHTML)"""
        )
        assert len(wanted) > 50
        assert set(wanted) <= reached


def test_on_a_phone_the_page_behind_the_details_is_out_of_reach(browser, sixteen):
    with opened(browser, sixteen, PHONE, at="#phase-m") as page:
        assert page.locator("main").evaluate("element => element.inert")
        page.locator("#phase-m .close").click()
        assert not page.locator("main").evaluate("element => element.inert")


# -- the graph, the table, the theme --------------------------------------------------------------------------------


def test_a_click_on_a_phase_in_the_graph_shows_its_details(browser, sixteen):
    with opened(browser, sixteen) as page:
        page.locator(".graph a[data-phase=broken]").click()
        details = page.locator("#phase-broken")
        assert details.is_visible()
        assert "ended with exit code 3" in details.text_content()
        assert "the last words" in details.text_content()
        assert page.locator("article:visible").count() == 1
        page.locator(".graph a[data-phase=m]").click()
        assert page.locator("article:visible").get_attribute("id") == "phase-m"
        assert page.locator(".phases tr[aria-current]").count() == 1


def test_the_ribbon_the_timeline_and_the_table_lead_there_too(browser, sixteen):
    with opened(browser, sixteen) as page:
        for what in (".ribbon a >> nth=1", ".gantt a[href='#phase-m'] >> nth=0", ".phases tr >> nth=2"):
            page.goto(page.url.split("#")[0] + "#closed")
            page.locator(what).click()
            assert page.locator("article:visible").get_attribute("id") == "phase-m", what


def test_phases_are_found_by_words_and_states(browser, sixteen):
    with opened(browser, sixteen) as page:
        rows = page.locator(".phases tbody tr:visible")
        page.locator(".chip.blocked").click()
        assert {row.split("\n")[0].split("\t")[0].strip() for row in rows.all_inner_texts()} == {"blocked"}
        page.locator(".chip.failed").click()
        page.locator("#find").fill("SHUT mae")
        assert rows.count() == 1
        page.locator("#find").fill("nothing of that name")
        assert rows.count() == 0
        assert page.locator("#shown").text_content() == "0 of 16"


def test_the_theme_is_the_systems_until_somebody_chooses_and_is_remembered(browser, sixteen):
    background = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, sixteen, theme="dark") as page:
        dark = page.evaluate(background)
        page.locator("#theme").click()
        page.locator("#theme").click()
        assert page.locator("#theme").inner_text() == "Theme: light"
        light = page.evaluate(background)
        assert light != dark
        page.reload()
        assert page.evaluate(background) == light
        page.locator("#theme").click()
        assert page.evaluate(background) == dark


def test_where_nothing_may_be_kept_the_theme_works_all_the_same(browser, sixteen):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('denied', 'SecurityError') }})"
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((sixteen.root / PLACE).as_uri())
    page.locator("#theme").click()
    assert page.locator("#theme").inner_text() == "Theme: dark"
    assert errors == []
    context.close()


def test_without_javascript_the_table_and_the_details_are_there(browser, sixteen):
    with opened(browser, sixteen, java_script_enabled=False) as page:
        assert page.locator(".phases tbody tr").count() == 16
        assert not page.locator("#theme").is_visible()
        assert not page.locator("#filter").is_visible()
        page.locator(".graph a[data-phase=broken]").click()
        assert page.locator("#phase-broken").is_visible()
        page.locator("#phase-broken .close").click()
        assert not page.locator("#phase-broken").is_visible()


def test_times_are_those_of_the_reader(browser, sixteen):
    with opened(browser, sixteen, timezone_id="Asia/Tokyo") as page:
        told = page.locator("main time").first
        at = told.get_attribute("datetime")
        shown = page.evaluate("at => new Date(at).toLocaleString('sv').slice(0, 16)", at)
        assert told.inner_text() == shown
        assert told.get_attribute("title").endswith("UTC")
        assert "own time zone" in page.locator("#zone").text_content()


# -- hostile texts --------------------------------------------------------------------------------------------------


def test_nothing_of_a_hostile_plan_runs(browser, hostile):
    """What would run would fail `opened`: as a dialog, as a request, or as a report of the policy."""
    with opened(browser, hostile) as page:
        assert page.locator("script").count() == 1
        assert (
            page.locator("img, iframe, object, embed, form, base, [onclick], [onerror], [onload], [onfocus]").count()
            == 0
        )
        for link in page.locator(".graph a").all():
            link.click()
            page.locator("article:visible .close").click()
        hrefs = page.evaluate(
            "[...document.querySelectorAll('a')].map(a => new URL(a.href.baseVal ?? a.href, document.baseURI).protocol)"
        )
        assert set(hrefs) == {"file:"}
        page.goto(page.url.split("#")[0] + "#phase-long")
        tail = page.locator("#phase-long pre").first.inner_text()
        assert "<script>alert(1)</script>" in tail
    assert os.path.getsize(hostile.root / PLACE) < 1_000_000, "of a log of 10 MB only the end"


# -- how long -------------------------------------------------------------------------------------------------------


def test_a_thousand_phases_open(browser, thousand, capsys):
    """The time is printed and not asserted: docs/report.md has what was measured on a machine that did nothing else."""
    begun = time.monotonic()
    with opened(browser, thousand) as page:
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        seconds = time.monotonic() - begun
        assert page.locator(".phases tbody tr").count() == 1000
        page.locator(".waits a >> nth=0").click()
        assert page.locator("article:visible").get_attribute("id") == "phase-phase_00437"
    with capsys.disabled():
        print(
            f"\n1,000 phases: {os.path.getsize(thousand.root / PLACE) / 1e6:.1f} MB, open and painted in {seconds:.2f} s"
        )
