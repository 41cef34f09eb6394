"""Time as the functions see it: injected, so that tests can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Seconds since the epoch, as `time.time` returns them."""

MILLISECONDS = 1000
DAY_SECONDS = 86_400


def milliseconds(clock: Clock) -> int:
    """Now, in epoch milliseconds: the unit of every time in our items but `expires_at`."""
    return int(clock() * MILLISECONDS)


def expiry(clock: Clock, days: int) -> int:
    """When an item written now expires, in epoch seconds as DynamoDB's TTL wants them."""
    return int(clock()) + days * DAY_SECONDS


def day_of(epoch_seconds: float) -> str:
    """The day that a moment is counted under, in UTC."""
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%d}"


def month_of(day: str) -> str:
    """The month of a day."""
    return day[:7]
