"""The sweep: every minute, whatever waits too long is looked at again.

Wakes conversations that are due, and every few minutes asks the carrier for texts that no webhook
saw.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from conversation import aws, observability
from conversation.clocks import MILLISECONDS, milliseconds
from conversation.deadline import Deadline
from conversation.secrets import JsonSecret
from conversation.tables import Tables
from conversation.texts import Texts
from messaging.accept import Acceptor
from messaging.carrier_listing import list_and_accept
from messaging.settings import SweepSettings
from messaging.waking import Waking
from texting.address_key import AddressKey
from texting.carrier import Carrier
from texting.wakeups import Wakeups

_RESERVE_SECONDS = 5.0
_LISTING_SECONDS = 15.0
_MINUTE_SECONDS = 60


@cache
def _built() -> tuple[Waking, Callable[[Deadline], int], SweepSettings]:
    """The parts of this worker, built on the first run."""
    settings = SweepSettings.load()
    tables = settings.tables.connect()
    wakeups = Wakeups(settings.wakeup_queue_url, aws.sqs)
    waking = Waking(
        tables,
        wakeups,
        settings.wakes_per_shard,
        resume_per_second=settings.resume_per_second,
    )
    return waking, _listing(settings, tables, wakeups), settings


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """One run of the schedule."""
    waking, listing, settings = _built()
    seconds = context.get_remaining_time_in_millis() / MILLISECONDS - _RESERVE_SECONDS
    deadline = Deadline.after(seconds)
    try:
        # Feeding what a pause held back takes its time; the carrier is asked all the same.
        woken = waking.run(deadline.less(_LISTING_SECONDS))
        due = is_listing_due(time.time(), settings.listing_every_minutes)
        accepted = listing(deadline) if due else 0
        observability.count("AcceptedFromListing", accepted)
    finally:
        observability.flush()
    return {"woken": woken, "accepted": accepted}


def is_listing_due(now: float, every_minutes: int) -> bool:
    """Whether this minute is one in which the carrier is asked."""
    return every_minutes > 0 and int(now // _MINUTE_SECONDS) % every_minutes == 0


def _listing(
    settings: SweepSettings, tables: Tables, wakeups: Wakeups
) -> Callable[[Deadline], int]:
    """The carrier listing over this stack's senders and look-back."""
    secret = JsonSecret(settings.carrier_secret_arn, aws.secrets_manager)
    carrier = Carrier(secret, api_url=settings.carrier_api_url)
    acceptor = Acceptor(
        tables,
        AddressKey(secret),
        receipt_days=settings.receipt_days,
        look_after_seconds=settings.sweep_after_seconds,
        carrier_answers_words=settings.carrier_answers_reserved_words,
        policy=settings.policy,
        texts=Texts.load(settings.texts),
    )
    lookback_ms = settings.listing_lookback_minutes * _MINUTE_SECONDS * MILLISECONDS

    def listing(deadline: Deadline) -> int:
        since = milliseconds(time.time) - lookback_ms
        return list_and_accept(
            carrier,
            acceptor,
            wakeups.send,
            senders=settings.senders,
            since=since,
            deadline=deadline,
        )

    return listing
