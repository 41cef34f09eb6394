"""Settling: people send three texts where one would do; a turn waits until they have paused."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.deadline import Deadline
from conversation.lease import Lease, LeaseLostError
from conversation.meta import Meta
from texting.inbox import Inbox
from texting.waiting_text import TURN_TEXTS, WaitingText


class Settling:
    """Waits until the newest text is `quiet_seconds` old, or the oldest `cap_seconds`.

    Args:
        lease: Read again after each wait, before the inbox (protocol rule 6).
        inbox: What waits.
        quiet_seconds: The pause that ends a burst.
        cap_seconds: Longest that the first text of a burst waits.
        clock: Epoch seconds.
        sleep: Waits.
    """

    def __init__(
        self,
        lease: Lease,
        inbox: Inbox,
        *,
        quiet_seconds: float,
        cap_seconds: float,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lease = lease
        self._inbox = inbox
        self._quiet_ms = int(quiet_seconds * MILLISECONDS)
        self._cap_ms = int(cap_seconds * MILLISECONDS)
        self._clock = clock
        self._sleep = sleep

    def settle(
        self, meta: Meta, deadline: Deadline, meanwhile: Callable[[], None]
    ) -> tuple[Meta, list[WaitingText], int]:
        """Wait for the burst to end.

        Args:
            meta: As read, with no open turn.
            deadline: Wait no longer than this.
            meanwhile: Done once while there is something to wait for: a cold worker imports its
                model while the person is still typing.

        Returns:
            `meta` and the inbox as last read, in this order, and the milliseconds waited.

        Raises:
            LeaseLostError: Somebody else claimed meanwhile.
        """
        began = milliseconds(self._clock)
        warmed = False
        while True:
            waiting = self._inbox.waiting(meta.conversation, meta.generation)
            pause = min(self._pause_seconds(waiting, began), deadline.remaining())
            if pause <= 0:
                return meta, waiting, milliseconds(self._clock) - began
            if not warmed:
                warmed = True
                before = time.monotonic()
                meanwhile()
                pause -= time.monotonic() - before
            if pause > 0:
                self._sleep(pause)
            meta = self._lease.read(meta.conversation)
            if meta.open_turn is not None or self._lease.busy_seconds(meta) > 0:
                raise LeaseLostError(meta.conversation)

    def _pause_seconds(self, waiting: Sequence[WaitingText], began: int) -> float:
        if not waiting or len(waiting) > TURN_TEXTS:
            return 0
        quiet_at = waiting[-1].received_at + self._quiet_ms
        # By a clock behind the webhook's they come from the future: none waits longer for that.
        cap_at = min(waiting[0].received_at, began) + self._cap_ms
        return (min(quiet_at, cap_at) - milliseconds(self._clock)) / MILLISECONDS
