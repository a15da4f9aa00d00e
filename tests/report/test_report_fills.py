"""Areas without words have a contrast of 3 to either page (WCAG 2.1, 1.4.11)."""

from __future__ import annotations

import re

import pytest

from orchestrator.views.palette import PAGE
from orchestrator.views.report.page import HERE

FILLS = re.findall(r"--fill: (#[0-9a-f]{6})", (HERE / "style.css").read_text("utf-8"))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("page", [PAGE.light.back, PAGE.dark.back])
def test_fills_stand_out_from_the_page(page):
    assert len(FILLS) == 7
    for fill in FILLS:
        dark, light = sorted((luminance(fill), luminance(page)))
        assert (light + 0.05) / (dark + 0.05) >= 3, (fill, page)
