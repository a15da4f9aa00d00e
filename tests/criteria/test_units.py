from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from criteria import duration, durations, sizes

SECONDS = {
    90: 90,
    "90": 90,
    "400ms": 0.4,
    "90s": 90,
    "5m": 300,
    "2h": 7200,
    "7d": 604800,
    " 1.5 h ": 5400,
    0: 0,
    0.5: 0.5,
}


@pytest.mark.parametrize(("text", "seconds"), SECONDS.items())
def test_durations(text: object, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1", -1, "1h30m", True, None, "nan", float("inf"), "9" * 400, "5M", [], {}])
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration(text)


@given(st.integers(1, 10_000), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_duration_is_shown_so_that_it_can_be_written(count: int, unit: str) -> None:
    seconds = duration(f"{count}{unit}")
    assert duration(durations.show(seconds)) == pytest.approx(seconds, rel=1e-3)


def test_a_duration_never_reads_equal_to_its_bound() -> None:
    assert durations.show(3600) == "1h"
    assert durations.show(3600.36, 3600) == "1.0001h"
    assert durations.show(20000 * 86400.0) == "20000d"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (0, 0),
        (512, 512),
        ("512", 512),
        ("10 kB", 10_000),
        ("10KB", 10_000),
        ("1 MiB", 1 << 20),
        ("1.5 GB", 1_500_000_000),
    ],
)
def test_sizes(text: object, count: int) -> None:
    assert sizes.size(text) == count


@pytest.mark.parametrize("text", ["", "x", -1, "1 XB", True, None, "1e3", [], "9" * 30])
def test_no_sizes(text: object) -> None:
    with pytest.raises(ValueError, match="not a size"):
        sizes.size(text)


@pytest.mark.parametrize(
    ("count", "bounds", "text"),
    [
        (1, (), "1 byte"),
        (999, (), "999 bytes"),
        (12_345_678, (), "12.35 MB"),
        (9999, (10_000,), "9.999 kB"),
        (9_999_999, (10_000_000,), "9.999999 MB"),
    ],
)
def test_sizes_for_people(count: int, bounds: tuple[int, ...], text: str) -> None:
    assert sizes.show(count, *bounds) == text
