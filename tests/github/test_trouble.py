"""What an error of GitHub's means: by status, headers and message, as its documentation has them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.trouble import LONGEST, UNSAID, Answer, Kind, trouble

NOW = 1_700_000_000.0
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def told(status: int, message: str = "", **headers: str):
    return trouble(Answer(status, message, {name.replace("_", "-"): value for name, value in headers.items()}), NOW)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (told(403, SECONDARY), UNSAID),
        (told(429, SECONDARY), UNSAID),
        (told(429), UNSAID),
        (told(403, SECONDARY, retry_after="7"), 7),
        (told(403, "", retry_after="7"), 7),
        (told(429, "", retry_after="0"), 1),
        (told(429, "", retry_after="-3"), 1),
        (told(429, "", retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), UNSAID),
        (told(429, "", retry_after="inf"), UNSAID),
        (told(429, "", retry_after="nan"), UNSAID),
        (told(429, "", retry_after="99999999"), LONGEST),
        (told(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset=f"{NOW + 90:.0f}"), 90),
        (told(403, "", x_ratelimit_remaining="0", x_ratelimit_reset=f"{NOW - 90:.0f}"), 1),
        (told(403, "", x_ratelimit_remaining="0", x_ratelimit_reset="soon"), UNSAID),
        (told(403, "", x_ratelimit_remaining="0"), UNSAID),
        (told(403, "You have triggered an abuse detection mechanism"), UNSAID),
    ],
)
def test_limits_and_how_long_they_last(answer, wait):
    assert answer.kind is Kind.LIMITED
    assert answer.wait == wait


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Kind.REFUSED),
        (403, Kind.REFUSED),
        (404, Kind.GONE),
        (410, Kind.GONE),
        (422, Kind.REFUSED),
        (400, Kind.REFUSED),
        (408, Kind.LATER),
        (500, Kind.LATER),
        (502, Kind.LATER),
        (503, Kind.LATER),
        (504, Kind.LATER),
    ],
)
def test_what_is_no_limit(status, kind):
    found = told(status, "because", x_ratelimit_remaining="42")
    assert (found.kind, found.wait, found.status) == (kind, 0.0, status)
    assert str(found).startswith(f"GitHub answered {status}: because")


@given(
    st.integers(400, 599),
    st.text(),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text() | st.floats().map(str)
    ),
)
def test_any_answer_is_told_in_a_line_and_waits_for_a_time_that_ends(status, message, headers):
    found = trouble(Answer(status, message, headers), NOW)
    assert math.isfinite(found.wait)
    assert 0.0 <= found.wait <= LONGEST
    assert "\n" not in str(found)
    assert len(str(found)) < 300
