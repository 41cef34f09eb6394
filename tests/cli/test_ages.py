"""Durations as people write and read them."""

from __future__ import annotations

import pytest

from cli.ages import parse_seconds, show_age, show_milliseconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Seconds, minutes, hours and days."""
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 weeks", "-5m", "1.5h"])
def test_anything_else_is_no_duration(text: str) -> None:
    """A bare number has no unit, so it means nothing."""
    with pytest.raises(ValueError, match="is no duration"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (-3, "0s"), (59.9, "59s"), (61, "1m 1s"), (3600, "1h"), (90061, "1d 1h")],
)
def test_an_age_has_its_two_largest_units(seconds: float, shown: str) -> None:
    """A person wants the size, not the seconds of a day-old text."""
    assert show_age(seconds) == shown


def test_a_stage_is_shown_in_the_unit_that_fits() -> None:
    """Milliseconds below a second, seconds above."""
    assert (show_milliseconds(820), show_milliseconds(1500)) == ("820 ms", "1.5 s")
