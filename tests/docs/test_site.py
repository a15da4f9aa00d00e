"""The pages hang together: every link leads somewhere, every page is in the navigation, what is generated is current."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from example_project import REPOSITORY
from markdown_links import Link, anchors, links

import phasegate  # noqa: F401 - finds orchestrator wherever this test is started
from orchestrator.results import End
from orchestrator.standing import PhaseState
from orchestrator.state.journal import Event
from orchestrator.views.lines import ASKS, RETRYING

DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def load(name: str) -> ModuleType:
    """A script of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


REFERENCE = load("make_reference")


@pytest.mark.parametrize("page", [*sorted(REPOSITORY.glob("*.md")), *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Files and headings that a page links to are there."""
    assert [broken for link in links(page) if (broken := link.broken())] == []


def test_every_page_is_in_the_navigation() -> None:
    """docs/index.md lists every page once: its lists are the navigation of the site."""
    index = DOCS / "index.md"
    lines = index.read_text("utf-8").splitlines()
    listed = [(DOCS / link.target).resolve() for link in links(index) if lines[link.line - 1].startswith("- [")]
    assert sorted(listed) == [page for page in PAGES if page != index]


@pytest.mark.parametrize("page", REFERENCE.PAGES)
def test_generated_pages_are_current(page: str) -> None:
    """`python docs/make_reference.py` would change nothing."""
    assert (DOCS / page).read_text("utf-8") == REFERENCE.PAGES[page]()


def test_states_words_and_events_have_their_line() -> None:
    """Each state, each word of a run and each event of the journal is explained, and no other."""

    def first_cells(page: str, heading: str) -> list[str]:
        _, _, below = ("\n" + (DOCS / page).read_text("utf-8")).partition(f"\n{heading}\n")
        return re.findall(r"^\| `([\w.]+)` \|", re.split(r"^#", below, flags=re.MULTILINE)[0], re.MULTILINE)

    assert sorted(first_cells("states.md", "## States of a phase")) == sorted(state.value for state in PhaseState)
    words = sorted([*(end.value for end in End), RETRYING[0], ASKS[0]])
    assert sorted(first_cells("states.md", "## Words of a run")) == words
    told = "Each line of a run begins with what became of the phase:"
    assert sorted(first_cells("configuration.md", told)) == words
    assert sorted(first_cells("journal.md", "# The journal")) == sorted(event.value for event in Event)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """The check can fail: a file that is not there, a heading that is not there; in code nothing is a link."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c!\n## A b c\n[x](#a-b-c) [y](#a-b-c-1) [z](gone.md)\n`[no](no.md)` [w](#nowhere)\n", "utf-8"
    )
    assert anchors(page) == {"a-b-c", "a-b-c-1"}
    assert [link.target for link in links(page) if link.broken()] == ["gone.md", "#nowhere"]
    assert Link(page, 1, "https://example.org/gone").broken() is None
