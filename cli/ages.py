"""Durations as people write and read them: `5m`, `2h 3m`."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_seconds(text: str) -> int:
    """Read a duration such as `90s`, `5m`, `2h` or `7d`.

    Args:
        text: A whole number followed by one of s, m, h, d.

    Returns:
        The duration in seconds.

    Raises:
        ValueError: The text is no duration.
    """
    match = re.fullmatch(r"(\d+)\s*([smhd])", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration: write 90s, 5m, 2h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def show_age(seconds: float) -> str:
    """Write a duration with its two largest units, such as `2h 3m`."""
    left = max(int(seconds), 0)
    parts = []
    for unit, size in reversed(_UNITS.items()):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def show_milliseconds(milliseconds: float) -> str:
    """Write a stage's length: milliseconds below a second, else seconds."""
    if milliseconds < 1000:  # noqa: PLR2004 - a second, in milliseconds
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"
