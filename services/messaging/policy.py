"""What the operator decides about whose texts are taken, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """The rules of the door.

    Attributes:
        languages: Whose words for STOP, START, HELP and FORGET count, beside English.
        countries: ISO codes of the countries that are served; empty for all.
        also_serve: Prefixes of numbers that are served whatever the number plan says of them.
        recycle_after_days: After so long a silence a number is taken for somebody new's; 0 never.
        continue_days: For how long they may say that they are not; 0 never.
    """

    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    also_serve: tuple[str, ...] = ()
    recycle_after_days: int = 0
    continue_days: int = 0
