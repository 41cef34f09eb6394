"""What a caller's keys add up to, by the rules of whoever asked for them."""

from __future__ import annotations

from dataclasses import dataclass

from local.phone.line import Line


@dataclass(frozen=True)
class KeyRules:
    """How an entry ends.

    Attributes:
        end: Key that ends it and is no part of it.
        clear: Key that throws away what was entered so far.
        most: Keys at most.
        gap_seconds: How long the next key may take.
        clearing_ends: Whether the entry ends with that key, empty.
    """

    end: str
    clear: str
    most: int
    gap_seconds: float
    clearing_ends: bool = False


def gather(line: Line, first: str, rules: KeyRules) -> str:
    """Collect an entry that began with ``first``.

    Raises:
        HungUpError: The caller is gone.
    """
    entry, keys = "", first
    while keys:
        for key in keys:
            if key == rules.end:
                return entry
            if key == rules.clear and rules.clearing_ends:
                return ""
            entry = "" if key == rules.clear else entry + key
            if len(entry) >= rules.most:
                return entry
        keys = line.more_keys(rules.gap_seconds)
    return entry
