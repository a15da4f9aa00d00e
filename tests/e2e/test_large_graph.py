"""A plan of which nobody could see anything in a picture: said so, at once, with what to use instead."""

from __future__ import annotations

import random

import pytest

from orchestrator.standing import PhaseState
from orchestrator.views.graph.layout import MOST_BOXES, TooLarge
from orchestrator.views.graph.model import Node
from orchestrator.views.graph.svg import svg


@pytest.fixture
def tangled(project):
    """3,000 phases that need any of those before."""
    chance = random.Random(1)
    names = [f"p{number:04}" for number in range(3000)]
    needs = {name: sorted(set(chance.choices(names[:at], k=4))) if at else [] for at, name in enumerate(names)}
    return project.phases({name: {"run": "true", "needs": needs[name]} for name in names})


def test_a_picture_of_it_is_refused_and_a_part_drawn(tangled):
    ran = tangled.doit("graph", "--format", "svg").ended(3, "3,000 phases", "--format dot", "--json")
    assert len(ran.err.splitlines()) == 1, ran
    assert tangled.doit("graph", "--format", "svg", "p0010").ended(0).out.startswith("<svg")
    assert tangled.doit("graph", "--format", "dot").ended(0).out.startswith("digraph")


def test_a_report_leaves_it_out_and_says_so(tangled):
    page = tangled.doit("report", "-o", "-").ended(0).out
    assert "Left out: 3,000 phases with more lines between them" in page
    assert "doit graph PHASE" in page
    assert "plan-graph" not in page.partition("<main")[2]
    assert 'id="zoom"' not in page
    assert page.count("p2999") > 0, "all else is there"


def test_a_plan_of_very_many_phases_is_refused_before_anything_is_drawn():
    with pytest.raises(TooLarge, match="phases, of which a picture can show"):
        svg([Node(f"p{number}", f"p{number}", PhaseState.DONE, ()) for number in range(MOST_BOXES + 1)])
