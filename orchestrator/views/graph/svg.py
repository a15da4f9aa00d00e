"""The graph as SVG: one picture that needs no program, font, script or network. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

from ..palette import LINE, PAGE, STATES, variables
from .layout import Layout, Sizes, layout, refuse
from .model import Node, columns, reduced, shown

BEGINNING = '<svg xmlns="http://www.w3.org/2000/svg" class="plan-graph"'
"""How each picture begins: by it one is told from another file of that name."""
MOST_COLUMNS = 30
WHOLE = 1000
"""Columns of what is not in the box but behind it."""
PADDING = 22
LEAST_WIDTH = 90
SIZES = Sizes()


def svg(nodes: Sequence[Node], *, link: str | None = None, embedded: bool = False) -> str:
    """The drawing, without the needs that follow from others, in the theme of whoever looks at it.

    Args:
        link: what a box leads to, before the phase's name: with `#phase-` a click on phase_3 goes to `#phase-phase_3`.
            Without it there are no links.
        embedded: it becomes a part of an HTML page, which has the colours (`palette.variables`) and a background of
            its own. It may stand there once.

    Raises:
        TooLarge: there is too much to draw.
    """
    refuse(len(nodes))  # before the needs are reduced, which takes memory for each two phases
    nodes = reduced(nodes)
    place = {node.name: index for index, node in enumerate(nodes)}
    texts = [node.lines(MOST_COLUMNS) for node in nodes]
    widths = [max(LEAST_WIDTH, PADDING + _width(lines[0]), PADDING + 0.87 * _width(lines[-1])) for lines in texts]
    found = layout([[place[need] for need in node.needs] for node in nodes], widths, SIZES)
    return "\n".join(
        [
            _opening(found, len(nodes), linked=link is not None),
            f"<style>{_style(embedded)}</style>",
            *([] if embedded else ['<rect class="page" width="100%" height="100%"/>']),
            f'<path class="lines" d="{"".join(_curve(*line) for line in found.lines)}"/>',
            f'<path class="arrows" d="{"".join(f"M{x:.0f} {y:.0f}l-4-7h8z" for x, y in found.arrows)}"/>',
            *_boxes(nodes, texts, widths, found, link),
            "</svg>",
        ]
    )


def _opening(found: Layout, count: int, *, linked: bool) -> str:
    """A picture with links is none to a screen reader, because what is in a picture is not read."""
    size = f'width="{found.width:.0f}" height="{found.height:.0f}" viewBox="0 0 {found.width:.0f} {found.height:.0f}"'
    label = f"{count} {'phase' if count == 1 else 'phases'} and what they need"
    role = "group" if linked else "img"
    return f'{BEGINNING} role="{role}" aria-label="{label}" {size}>'


def _boxes(
    nodes: Sequence[Node], texts: Sequence[tuple[str, ...]], widths: Sequence[float], found: Layout, link: str | None
) -> Iterator[str]:
    tag = "g" if link is None else "a"
    for node, lines, width, (x, y) in zip(nodes, texts, widths, found.boxes, strict=True):
        href = "" if link is None else f' href="{escape(link + quote(node.name, safe="", errors="replace"))}"'
        name = shown(node.name, WHOLE)
        title = name if node.title == node.name else f"{shown(node.title, WHOLE)} ({name})"
        middle = y + SIZES.height / 2 + 4.5
        yield f'<{tag} class="node {node.state.value}" data-phase="{escape(name)}"{href}>'
        yield f"<title>{escape(title)}: {node.state.value}</title>"
        yield f'<rect x="{x - width / 2:.1f}" y="{y:.0f}" width="{width:.1f}" height="{SIZES.height:.0f}" rx="6"/>'
        for index, line in enumerate(lines):
            kind = ' class="name"' if index == 0 else ""
            down = middle + (index - (len(lines) - 1) / 2) * 17
            yield f'<text x="{x:.1f}" y="{down:.1f}"{kind}>{escape(line)}</text>'
        yield f"</{tag}>"


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A line that begins and ends upright."""
    (x, y), (to_x, to_y) = start, end
    if abs(x - to_x) < 0.5:
        return f"M{x:.1f} {y:.0f}V{to_y:.0f}"
    middle = (y + to_y) / 2
    return f"M{x:.1f} {y:.0f}C{x:.1f} {middle:.0f} {to_x:.1f} {middle:.0f} {to_x:.1f} {to_y:.0f}"


def _style(embedded: bool) -> str:
    """A colour is given twice: as a variable, and before that plainly, for programs that know no variables."""

    def paint(what: str, name: str, colour: str) -> str:
        return f"{what}:{colour};{what}:var(--{name});"

    rules = [] if embedded else [variables(".plan-graph")]
    rules += [
        ".plan-graph{font:12px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;text-anchor:middle}",
        ".plan-graph .name{font-size:13px;font-weight:600}",
        f".plan-graph .page{{{paint('fill', 'page-back', PAGE.light.back)}}}",
        f".plan-graph .lines{{fill:none;{paint('stroke', 'line-text', LINE.light.text)}stroke-width:1.3}}",
        f".plan-graph .arrows{{{paint('fill', 'line-text', LINE.light.text)}}}",
        ".plan-graph .node rect{stroke-width:1.2}",
        ".plan-graph a:is(:hover,:focus-visible) rect{stroke-width:3}",
    ]
    for state, colours in STATES.items():
        name, pair = state.value, colours.light
        fill, stroke = paint("fill", f"{name}-back", pair.back), paint("stroke", f"{name}-text", pair.text)
        rules.append(f".plan-graph .{name} rect{{{fill}{stroke}}}")
        rules.append(f".plan-graph .{name} text{{{paint('fill', f'{name}-text', pair.text)}}}")
    return "".join(rules)


def _width(line: str) -> float:
    """At most about how wide a line is in 13 bold pixels, in a font that we do not choose."""
    slim = sum(sign in "iljtfr.,:;|!'()[] " for sign in line)
    broad = sum(sign.isupper() or sign in "mw@%" for sign in line)
    return 8.4 * columns(line) - 3 * slim + 2 * broad
