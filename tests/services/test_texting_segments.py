"""Segments are counted as the carrier bills them."""

from __future__ import annotations

import pytest

from texting.segments import count


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        # 152 septets and one that needs two: it moves to the second part whole.
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("^{}\\[~]|€", "GSM-7", 18, 1),
        ("@£$¥èéùìòÇ\nØøÅåΔΩñüà", "GSM-7", 20, 1),
        ("ç", "UCS-2", 1, 1),
        ("я" * 70, "UCS-2", 70, 1),
        ("я" * 71, "UCS-2", 71, 2),
        ("я" * 134, "UCS-2", 134, 2),
        ("я" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        # 66 units and a pair: the pair is not split over the parts.
        ("я" * 66 + "😀" + "я" * 66, "UCS-2", 134, 3),
        ("مرحبا", "UCS-2", 5, 1),
    ],
)
def test_counts_as_billed(text: str, encoding: str, units: int, segments: int) -> None:
    """The encoding, its units and the parts are those of the carrier's own rules."""
    found = count(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)
