"""The plan as a graph: what is drawn, in three languages, from names and titles that nobody chose for us."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.standing import PhaseState
from orchestrator.views.graph.dot import dot
from orchestrator.views.graph.layout import LEAST_WIDE, Sizes, layout
from orchestrator.views.graph.mermaid import drawable, fits, mermaid
from orchestrator.views.graph.model import Node, columns, graph_data, reduced, shown
from orchestrator.views.graph.svg import svg
from orchestrator.views.palette import LINE, PAGE, STATES, variables

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "--><script>alert(1)</script>", '"]', "end", "@everyone", 'click p0 "javascript:alert(1)"', "```\n# x", "a\nb\\nc",
    "1. list", "$$x^2$$", "fa:fa-ban", '%%{init: {"theme":"dark"}}%%', "style:#35;x;", "&lt;b&gt; &amp; #35;",
    "\\N back\\", '\\"]; x -> y; "', "`**bold**`", "<img src=x onerror=alert(1)>", "]]>", "\u202eevil", "\ufffe\x00",
    "\x1b[31mred", "\udcff", "日本語の題名", "x" * 5000, " ", "\u2028",
]  # fmt: skip
states = st.sampled_from(PhaseState)
texts = st.sampled_from(HOSTILE) | st.text(max_size=80)


some_names = texts.filter(bool)


@st.composite
def graphs(draw, names=some_names, most: int = 14) -> list[Node]:
    """Nodes, each after the ones that it needs."""
    given_names = draw(st.lists(names, max_size=most, unique=True))
    nodes: list[Node] = []
    for name in given_names:
        needs = draw(st.lists(st.sampled_from([node.name for node in nodes]), unique=True)) if nodes else []
        nodes.append(Node(name, draw(texts | st.just(name)), draw(states), tuple(needs)))
    return nodes


def node(name: str, *needs: str, title: str = "", state: PhaseState = PhaseState.DONE) -> Node:
    return Node(name, title or name, state, needs)


def above(nodes: list[Node]) -> dict[str, set[str]]:
    """All that each node needs, directly or not."""
    found: dict[str, set[str]] = {}
    for each in nodes:
        found[each.name] = set(each.needs).union(*(found[need] for need in each.needs))
    return found


# -- the model ----------------------------------------------------------------------------------------------------


@given(graphs())
def test_what_is_left_out_follows_from_what_is_drawn(nodes):
    less = reduced(nodes)
    assert above(less) == above(nodes)
    for each in less:
        for one, other in combinations(each.needs, 2):
            assert one not in above(nodes)[other], "and nothing more could be left out"
            assert other not in above(nodes)[one]


def test_the_json_leaves_nothing_out():
    nodes = [node("a"), node("b", "a", title="B", state=PhaseState.STALE), node("c", "a", "b")]
    assert graph_data("p", nodes)["phases"] == [
        {"phase": "a", "title": "a", "state": "done", "needs": []},
        {"phase": "b", "title": "B", "state": "stale", "needs": ["a"]},
        {"phase": "c", "title": "c", "state": "done", "needs": ["a", "b"]},
    ]
    assert [each.needs for each in reduced(nodes)] == [(), ("a",), ("b",)]


@given(texts, st.integers(2, 60))
def test_what_is_shown_is_one_line_that_fits(text, most):
    line = shown(text, most)
    assert columns(line) <= most
    assert "\n" not in line
    assert not set(line) & set("\u202e\ufffe\x00\x1b\u2028\udcff")


# -- Mermaid: held against the real one by hand, and here against the grammar of what we write --------------------------

BOX = re.compile(r'  p(\d+)\["((?:\w| |#\d+;|<br/>)*)"\]:::(\w+)')
LINE_OF_EDGES = re.compile(r"  (p\d+(?: & p\d+)*) --> p(\d+)")
CLASS = re.compile(r"  classDef (\w+) fill:#[0-9a-f]{6},stroke:#[0-9a-f]{6},color:#[0-9a-f]{6}")


def read_mermaid(text: str) -> tuple[list[str], list[str], set[tuple[int, int]]]:
    """Labels, states and edges; every line must be one that we mean."""
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    labels, kinds, edges, defined = [], [], set(), set()
    for line in lines:
        if box := BOX.fullmatch(line):
            assert int(box[1]) == len(labels)
            labels.append(re.sub(r"#(\d+);", lambda code: chr(int(code[1])), box[2]).replace("\u200b", ""))
            kinds.append(box[3])
        elif edge := LINE_OF_EDGES.fullmatch(line):
            edges |= {(int(need[1:]), int(edge[2])) for need in edge[1].split(" & ")}
        else:
            one = CLASS.fullmatch(line)
            assert one, line
            defined.add(one[1])
    assert defined == set(kinds)
    return labels, kinds, edges


@given(graphs())
def test_mermaid_holds_nothing_but_boxes_and_lines(nodes):
    labels, kinds, edges = read_mermaid(mermaid(nodes))
    place = {each.name: index for index, each in enumerate(nodes)}
    assert labels == ["<br/>".join(line.replace("\u200b", "") for line in each.lines()) for each in nodes]
    assert kinds == [each.state.value for each in nodes]
    assert edges == {(place[need], place[each.name]) for each in reduced(nodes) for need in each.needs}


@pytest.mark.parametrize("text", ["\\n", "$$x$$", "fa:fa-ban"])
def test_what_mermaid_reads_after_its_entities_is_taken_apart(text):
    body = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), mermaid([node("a", title=text)]))
    assert text not in body
    assert text in body.replace("\u200b", "")


def test_a_graph_that_github_does_not_draw_is_cut_to_what_is_not_done():
    done = [node(f"d{index}", title="what makes the text long") for index in range(999)]
    assert not fits(done, mermaid(done))
    assert drawable(done) is None
    left = node("last", *(each.name for each in done), state=PhaseState.WAITING)
    drawn = drawable([*done, left])
    assert drawn is not None
    assert (read_mermaid(drawn.text)[0], drawn.left_out) == (["last: waiting"], 999)
    small = drawable([node("a"), node("b", "a")])
    assert small is not None
    assert (small.text, small.left_out) == (mermaid([node("a"), node("b", "a")]), 0)


def test_both_limits_of_github_count():
    many = [*(node(f"a{i}") for i in range(25)), *(node(f"b{i}", *(f"a{i}" for i in range(25))) for i in range(21))]
    assert len(mermaid(many)) < 50_000
    assert not fits(many, mermaid(many)), "525 edges"
    assert fits(many[:-1], mermaid(many[:-1])), "500 edges"
    assert fits([], "x" * 50_000)
    assert not fits([], "x" * 50_001)
    assert not fits([], "😀" * 25_001), "JavaScript counts these twice"


# -- DOT --------------------------------------------------------------------------------------------------------------

QUOTED = r'"(?:[^"\\]|\\.)*"'


@given(graphs(names=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)))
def test_dot_holds_nothing_but_boxes_and_lines(nodes):
    head, style, *lines, end = dot(nodes).splitlines()
    assert (head, end) == ("digraph plan {", "}")
    assert style.startswith("  node [")
    for each, line in zip(nodes, lines, strict=False):
        found = re.fullmatch(
            rf'  "({re.escape(each.name)})" \[label=({QUOTED}), class="(\w+)"(?:, \w+="#\w+")+\];', line
        )
        assert found, line
        label = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), unescape(found[2][1:-1]))
        assert label == unescape("\n".join(each.lines()).replace("&", "&amp;"))
        assert found[3] == each.state.value
    edges = [f'  "{need}" -> "{each.name}";' for each in reduced(nodes) for need in each.needs]
    assert lines[len(nodes) :] == edges


def test_a_quote_does_not_end_a_name_in_dot():
    assert dot([node('a\\"b')]).splitlines()[2].startswith('  "a\\\\\\"b" [')


# -- layout -----------------------------------------------------------------------------------------------------------


@st.composite
def drawings(draw):
    needs = [
        sorted(draw(st.sets(st.integers(0, index - 1), max_size=4))) if index else []
        for index in range(draw(st.integers(0, 40)))
    ]
    return needs, [draw(st.floats(90, 300)) for _ in needs]


@given(drawings())
def test_boxes_stand_below_what_they_need_and_apart(drawing):
    needs, widths = drawing
    sizes = Sizes()
    found = layout(needs, widths, sizes)
    rows: dict[float, list[int]] = {}
    for box, (x, y) in enumerate(found.boxes):
        assert all(found.boxes[need][1] < y for need in needs[box])
        assert x - widths[box] / 2 >= sizes.margin - 0.01
        assert x + widths[box] / 2 <= found.width - sizes.margin + 0.01
        assert y + sizes.height <= found.height - sizes.margin
        rows.setdefault(y, []).append(box)
    for row in rows.values():
        assert len(row) <= max(LEAST_WIDE, len(needs) ** 0.5)
        row.sort(key=lambda box: found.boxes[box][0])
        for left, right in pairwise(row):
            gap = found.boxes[right][0] - found.boxes[left][0] - (widths[left] + widths[right]) / 2
            assert gap >= sizes.between_boxes - 0.01


@given(drawings())
def test_lines_lead_from_each_box_to_those_that_need_it_and_to_no_other(drawing):
    needs, widths = drawing
    sizes = Sizes()
    found = layout(needs, widths, sizes)
    ways: dict[tuple[float, float], set[tuple[float, float]]] = {}
    for start, end in found.lines:
        assert start[1] < end[1]
        ways.setdefault(start, set()).add(end)
    tops = {point: box for box, point in enumerate(found.boxes)}
    for box, (x, y) in enumerate(found.boxes):
        reached, left = set(), [(x, y + sizes.height)]
        while left:
            point = left.pop()
            if point in tops:
                reached.add(tops[point])
            else:
                left.extend(ways.get(point, ()))
        assert reached == {other for other, above in enumerate(needs) if box in above}


# -- SVG --------------------------------------------------------------------------------------------------------------


@given(graphs())
def test_svg_is_xml_with_a_box_a_phase(nodes):
    root = ElementTree.fromstring(svg(nodes).encode("utf-8"))
    boxes = [each for each in root.iter(f"{SVG}g") if "node" in each.get("class", "")]
    assert [each.get("class") for each in boxes] == [f"node {each.state.value}" for each in nodes]
    titles = [each.findtext(f"{SVG}title") or "" for each in boxes]
    assert all(title.endswith(each.state.value) for title, each in zip(titles, nodes, strict=True))
    assert [tuple(text.text or "" for text in each.iter(f"{SVG}text")) for each in boxes] == [
        each.lines(30) for each in nodes
    ]
    known = {"svg", "style", "rect", "path", "g", "title", "text"}
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= known
    assert {key for each in root.iter() for key in each.keys() if key.startswith("on")} == set()  # noqa: SIM118


@given(graphs(most=5))
def test_a_link_leads_to_the_phase_and_nowhere_else(nodes):
    root = ElementTree.fromstring(svg(nodes, link="#phase-", embedded=True).encode("utf-8"))
    links = [each.get("href", "") for each in root.iter(f"{SVG}a")]
    assert len(links) == len(nodes)
    assert all(re.fullmatch(r"#phase-[\w.~%-]*", link, re.ASCII) for link in links)
    assert root.get("role") == "group", "what is in an image is not read, so it must hold no links"


def test_alone_it_brings_its_colours_and_in_a_page_it_takes_them():
    alone, part = svg([node("a")]), svg([node("a")], embedded=True)
    assert variables(".plan-graph") in alone
    assert "prefers-color-scheme:dark" in alone
    assert 'class="page"' in alone
    assert "prefers-color-scheme" not in part
    assert 'class="page"' not in part
    assert "fill:var(--done-back)" in part
    for text in (alone, part):
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


# -- colours ----------------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_state_has_colours_of_its_own():
    assert set(STATES) == set(PhaseState)
    for theme in ("light", "dark"):
        assert len({getattr(colours, theme) for colours in STATES.values()}) == len(PhaseState)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colours", [*STATES.values(), PAGE, LINE])
def test_every_text_can_be_read(theme, colours):
    pair, page = getattr(colours, theme), getattr(PAGE, theme)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast(pair.text, pair.back) >= 4.5
    assert contrast(pair.text, page.back) >= 3, "a border, against the page"
