"""The documentation as a site: `sphinx-build -W --keep-going -n docs build/site`.

The pages are written for GitHub's Markdown, and stay readable there. Two things are added while they are read here: the
path behind an opening fence becomes the caption of its block, and the lists of docs/index.md become the navigation.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "phasegate"
author = "the phasegate contributors"
copyright = author
extensions = ["myst_parser"]
exclude_patterns = ["schemas"]
suppress_warnings = ["misc.highlighting_failure"]  # an example may hold `…`

myst_heading_anchors = 4  # the anchors that GitHub makes
myst_links_external_new_tab = False

html_theme = "furo"  # light and dark, system fonts, nothing from another server
html_title = "phasegate"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["_static"]
html_css_files = ["site.css"]
pygments_style = "default"

FRAGMENTS = ("phases", "criteria", "orchestrator", "github")
LEXERS = {"csv": "text"}

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}) *(?P<language>[^\s`{]+) +(?P<about>[^`\n]+?) *$", re.MULTILINE)
_LINK = re.compile(r"\[(?P<label>[^\]\[]*)\]\((?P<target>[^)#:\s]+)\)")
_LISTED = re.compile(r"^- \[(?P<label>[^\]]+)\]\((?P<page>[^)#:]+)\.md\)", re.MULTILINE)


def captioned(opening: re.Match[str]) -> str:
    """The directive that shows what stands behind an opening fence (docs/writing-docs.md) as a caption."""
    indent, fence, language, about = opening.groups()
    words = about.split()
    caption = about
    if words[0] in FRAGMENTS:
        caption = f"a piece of config/{words[0]}.yaml" + (", refused" if "refused" in words else "")
    elif words[0] == "skip:":
        caption = ""
    elif words[0] == "foreign:":
        caption = about.removeprefix("foreign:").strip()
    directive = [f"{indent}{fence}{{code-block}} {LEXERS.get(language, language)}"]
    return "\n".join([*directive, *([f"{indent}:caption: {caption}"] if caption else []), f"{indent}"])


def navigation(index: str) -> str:
    """A toctree for each second-level heading of the index, of the pages in the lists below it."""
    trees = []
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        title, _, below = section.partition("\n")
        if pages := [f"{found['label']} <{found['page']}>" for found in _LISTED.finditer(below)]:
            trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {title.strip()}", "", *pages, "```"]))
    return "\n\n".join(trees)


def reachable(text: str, page: Path, root: Path) -> str:
    """The page with links that the site has no page for put right: to a copy of a file outside `root`, and for a folder
    its name alone."""

    def link(found: re.Match[str]) -> str:
        target = (page.parent / found["target"]).resolve()
        if target.is_dir():
            return found["label"]
        return found[0] if target.is_relative_to(root) else f"[{found['label']}](path:{found['target']})"

    return _LINK.sub(link, text)


def prepare(app: Sphinx, name: str, source: list[str]) -> None:
    """Sphinx calls this with each page as it was read."""
    page, root = Path(app.env.doc2path(name)), Path(app.srcdir)
    text = reachable(_FENCE.sub(captioned, source[0]), page, root)
    source[0] = f"{text}\n\n{navigation(text)}\n" if name == app.config.root_doc else text


def accessible(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """What axe-core finds missing in what Sphinx and the theme write: blocks that scroll are reached by keyboard, and a
    heading has its level."""
    for key, old, new in (
        ("body", "<pre>", '<pre tabindex="0">'),
        ("body", '<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
        ("furo_navigation_tree", 'role="heading"', 'role="heading" aria-level="2"'),
    ):
        if key in context:
            context[key] = context[key].replace(old, new)


def setup(app: Sphinx) -> None:
    """Sphinx calls this once."""
    app.connect("source-read", prepare)
    app.connect("html-page-context", accessible, priority=900)  # after the theme
