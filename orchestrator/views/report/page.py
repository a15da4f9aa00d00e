"""The page: templates filled in, with everything in one file and a policy under which nothing else is ever loaded.

Jinja escapes every text by itself, and `finalize` cleans each one first: no template can forget either. What is put in
unescaped is our own: the style, the script and the graph. The policy (CSP) names the first two by their hashes, so that
even a mistake in the escaping could run nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from criteria.sizes import show as show_size

from ... import __version__
from ...gate.digest import SHORT
from ...reasons import asked_of
from ..palette import LINE, PAGE, STATES, Colours
from ..words import ago, change_lines, figure, plural, seconds
from . import MARK, text
from .data import Report
from .links import anchor, web
from .timeline import PACKED_ROW
from .trends import HEIGHT, WIDTH

HERE = Path(__file__).parent


def page(report: Report, graph: str, no_graph: str = "") -> str:
    """The report as one HTML file.

    Args:
        graph: SVG of our own, in which everything is escaped; empty where there is none.
        no_graph: why there is none.
    """
    style = _palette() + (HERE / "style.css").read_text("utf-8")
    script = (HERE / "script.js").read_text("utf-8")
    template = _environment().get_template("page.html")
    return template.render(
        mark=Markup(MARK),
        policy=_policy([style, *re.findall("<style>(.*?)</style>", graph, re.DOTALL)], script),
        style=Markup(style),
        script=Markup(script),
        icon=_icon(report.state),
        graph=Markup(graph),
        no_graph=no_graph,
        report=report,
        views={view.name: view for view in report.phases},
        version=__version__,
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters |= {
        "ago": ago,
        "anchor": anchor,
        "figure": figure,
        "iso": text.iso,
        "plural": plural,
        "seconds": seconds,
        "size": show_size,
        "utc": text.utc,
        "web": web,
    }
    environment.globals |= {
        "SHORT": SHORT,
        "PACKED_ROW": PACKED_ROW,
        "CURVE": {"width": WIDTH, "height": HEIGHT},
        "asked_of": asked_of,
        "change_lines": change_lines,
    }
    return environment


def _clean(value: object) -> object:
    """What is put in for an expression, before it is escaped."""
    if value is None:
        return ""
    return value if isinstance(value, Markup) else text.shown(str(value))


def _policy(styles: Iterable[str], script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "style-src " + " ".join(map(_hash, styles)),
            f"script-src {_hash(script)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _palette() -> str:
    """The colours as variables: by the reader's system, unless the page was told otherwise."""
    light, dark = _variables("light"), _variables("dark")
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media(prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=light]{{color-scheme:light;{light}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )


def _variables(theme: str) -> str:
    named: dict[str, Colours] = {"page": PAGE, "line": LINE, **{state.value: pair for state, pair in STATES.items()}}
    pairs = {name: getattr(colours, theme) for name, colours in named.items()}
    return "".join(f"--{name}-back:{pair.back};--{name}-text:{pair.text};" for name, pair in pairs.items())


def _icon(state: str) -> str:
    """A dot in the colour of the state, for the tab of a browser."""
    colour = next(pair.light.text for known, pair in STATES.items() if known.value == state)
    circle = f'<circle cx="8" cy="8" r="7" fill="{colour}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{circle}</svg>'
    return "data:image/svg+xml," + quote(svg)
