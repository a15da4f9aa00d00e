"""The page of a report: whatever anybody wrote stands in it as text, and is nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from report_facts import ROOT, facts

from orchestrator.views.graph.model import nodes_of
from orchestrator.views.graph.svg import svg
from orchestrator.views.report.data import report_of
from orchestrator.views.report.page import HERE, is_report, page
from orchestrator.views.report.text import shown

ELEMENTS = set(
    """a article aside b bdi body button circle code dd details div dl dt figcaption figure h1 h2 h3 head header html
    input kbd label li line link main meta nav ol p path polygon polyline pre rect script section span style summary svg
    table tbody td text th thead time title tr tspan ul""".split()  # noqa: SIM905 - a list of words
)
ATTRIBUTES = set(
    """aria-hidden aria-label aria-labelledby aria-pressed autocomplete charset class content cx cy d data-phase
    data-state datetime dx focusable height hidden href http-equiv id lang name open points r rel role rx scope
    spellcheck stroke-width tabindex title type value viewBox width x x1 x2 xmlns y y1 y2""".split()  # noqa: SIM905
)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://a.example/?q=1&r=<b>",
    "//a.example/x",
    "</style><style>*{background:url(//a.example)}",
    "</pre></details></title></svg><svg onload=alert(1)>",
    "<!-- --><![CDATA[ ]]>&lt;&amp;&#60;",
    "{{ 7 * 7 }}{% raw %}",
    "a\u202egpj.exe\u2066\u2069",
    "\ud800 lone \udcff",
    "\x00\x1b]0;x\x07\x9b31m\x7f",
    "`back` `ticks",
    "\\u003cscript\\u003e",
)


def made(text: str) -> str:
    known = facts(text)
    graph = svg(nodes_of(known.standings.values()), link="#phase-", embedded=True)
    return page(report_of(known, ROOT / "out"), graph)


def parsed(html: str):
    return html5lib.parse(html, namespaceHTMLElements=False)


def name(tag: str) -> str:
    return re.sub(r"^\{.*\}", "", tag)


def texts(tree) -> str:
    return " ".join(
        " ".join(part for node in tree.find("body").iter() for part in (node.text, node.tail) if part).split()
    )


hostile = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=40), st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join)
)


@given(hostile)
@example("")
@settings(max_examples=50)
def test_a_text_adds_no_element_no_attribute_no_link_and_nothing_to_load(text):
    html = made(text)
    html.encode()  # no surrogate is left
    tree = parsed(html)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            pytest.fail(f"a comment: {element.text!r}")
        assert name(element.tag) in ELEMENTS
        assert {name(attribute) for attribute in element.attrib} <= ATTRIBUTES
        if name(element.tag) == "script":
            assert element.attrib == {}
            assert element.text == (HERE / "script.js").read_text("utf-8")
        link = element.attrib.get("href")
        if link is not None and name(element.tag) == "a":
            parts = urlsplit(link)
            assert link.startswith(("#", "../")) or (parts.scheme in ("http", "https") and link == text), link

    tags = [name(element.tag) for element in tree.iter()]
    assert (tags.count("script"), tags.count("style"), tags.count("link")) == (1, 2, 1)
    [icon] = [element.attrib["href"] for element in tree.iter() if name(element.tag) == "link"]
    assert icon.startswith("data:image/svg+xml,")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_can_be_read_as_it_is(text):
    assert " ".join(shown(text).split()) in texts(parsed(made(text)))


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\0" not in text and "\ud800" not in text])
def test_a_link_leads_to_the_file_that_it_names(text):
    links = [element.attrib["href"] for element in parsed(made(text)).iter() if name(element.tag) == "a"]
    if "/" not in text:
        assert f"../build/{text}".encode("utf-8", "surrogateescape") in [unquote_to_bytes(link) for link in links]


def test_what_the_policy_allows():
    html = made("x")
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.replace("&#39;", "'").split("; ")}
    assert rules["default-src"] == ["'none'"]
    assert rules["img-src"] == ["data:"]
    assert [len(rules["script-src"]), len(rules["style-src"])] == [1, 2]
    assert not any("unsafe" in word or "*" in word or "http" in word for words in rules.values() for word in words)
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")


def test_a_report_is_known_by_how_it_begins():
    assert is_report(made("x"))
    assert not is_report("<!doctype html>\n<title>mine</title>")


def test_the_style_and_the_script_name_nothing_on_the_web():
    for file in ("style.css", "script.js"):
        assert not re.search(
            r"url\(|@import|//[a-z]|fetch|XMLHttp|innerHTML|eval", Path(HERE / file).read_text("utf-8")
        )
