"""The sweep: every minute, whatever waits too long is looked at again.

Wakes conversations that are due, and every few minutes asks the carrier for texts that no webhook
saw.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from conversation import aws, observability
from conversation.clocks import MILLISECONDS
from conversation.deadline import Deadline
from messaging.composition import Listing, build_listing
from messaging.settings import SweepSettings
from messaging.waking import Waking
from messaging.wakeups import Wakeups

_RESERVE_SECONDS = 5.0
_MINUTE_SECONDS = 60


@cache
def _built() -> tuple[Waking, Listing, SweepSettings]:
    """The parts of this worker, built on the first run."""
    settings = SweepSettings.load()
    tables = settings.tables.connect()
    wakeups = Wakeups(settings.wakeup_queue_url, aws.sqs)
    waking = Waking(tables, wakeups, settings.wakes_per_shard)
    return waking, build_listing(settings, tables, wakeups), settings


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """One run of the schedule."""
    waking, listing, settings = _built()
    seconds = context.get_remaining_time_in_millis() / MILLISECONDS - _RESERVE_SECONDS
    deadline = Deadline.after(seconds)
    try:
        woken = waking.run(deadline)
        due = is_listing_due(time.time(), settings.listing_every_minutes)
        accepted = listing(deadline) if due else 0
        observability.count("AcceptedFromListing", accepted)
    finally:
        observability.metrics().flush_metrics()
    return {"woken": woken, "accepted": accepted}


def is_listing_due(now: float, every_minutes: int) -> bool:
    """Whether this minute is one in which the carrier is asked."""
    return every_minutes > 0 and int(now // _MINUTE_SECONDS) % every_minutes == 0
