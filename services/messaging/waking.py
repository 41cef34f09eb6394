"""Waking conversations that have waited too long, from the sharded index (protocol rule 12)."""

from __future__ import annotations

import time
from collections.abc import Callable

from conversation import observability
from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.deadline import Deadline
from conversation.ids import shards
from conversation.items import Item
from conversation.switch import Switch
from conversation.tables import ConditionFailedError, StoreBusyError, Tables, update
from texting.wakeups import Wakeups

_MINUTE_SECONDS = 60
_LONGEST_BACK_OFF_MINUTES = 60
_LAST_DOUBLING = 6


class Waking:
    """Wakes what is due (protocol rule 12).

    Nobody while the operator has paused the stack; after the resume what had waited is fed at a
    limited rate, so that the models and the carrier are not met by all of it at once.

    Args:
        tables: The stack's tables.
        wakeups: The queue.
        wakes_per_shard: Most items looked at per shard and run.
        switch: Whether the stack is paused.
        resume_per_second: Conversations woken a second of those that waited for the resume.
        clock: Epoch seconds.
        sleep: Waits between them.
    """

    def __init__(
        self,
        tables: Tables,
        wakeups: Wakeups,
        wakes_per_shard: int,
        *,
        switch: Switch | None = None,
        resume_per_second: float = 5,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tables = tables
        self._wakeups = wakeups
        self._limit = wakes_per_shard
        self._switch = switch or Switch(tables, clock)
        self._pause_seconds = 1 / resume_per_second
        self._clock = clock
        self._sleep = sleep

    def run(self, deadline: Deadline) -> int:
        """Wake each conversation that has something due, once.

        Returns:
            How many conversations were woken.
        """
        position = self._switch.read()
        if position.paused:
            observability.count("Paused")
            return 0  # What is due stays due.
        woken: set[str] = set()
        now = milliseconds(self._clock)
        longest = 0
        for shard in self._order(now):
            for found in self._due(shard, now):
                if deadline.expired:
                    break  # The rest is due still when the next run begins.
                longest = max(longest, now - found["pending_at"])
                before = len(woken)
                self._try(found, woken)
                if len(woken) > before and found["pending_at"] <= (position.resumed_at or 0):
                    self._sleep(self._pause_seconds)
        observability.count("Woken", len(woken))
        observability.duration("LongestOverdue", longest)
        return len(woken)

    def _due(self, shard: str, now: int) -> list[Item]:
        """What is due in a shard; nothing when it cannot be read: others wait in the next."""
        try:
            return self._tables.due(shard, now, self._limit)
        except StoreBusyError as error:
            _note("a shard was not read", {"shard": shard}, error)
            return []

    def _try(self, found: Item, woken: set[str]) -> None:
        """Wake one conversation; one that fails keeps no other waiting."""
        try:
            self._look_at(found, woken)
        except Exception as error:  # noqa: BLE001  it stays due, and the next run tries it again
            _note("not woken", {"conversation": found["pk"]}, error)

    @staticmethod
    def _order(now: int) -> list[str]:
        """Every shard, beginning with another each minute: a run that ends early is fair."""
        every = shards()
        first = now // (_MINUTE_SECONDS * MILLISECONDS) % len(every)
        return every[first:] + every[:first]

    def _look_at(self, found: Item, woken: set[str]) -> None:
        """Wake its conversation, unless this run has, then move on when to look next.

        In this order: a crash between the two wakes once more, under the same deduplication id.
        """
        item = self._tables.get(self._tables.conversations, found["pk"], found["sk"])
        if item is None or item.get("pending_at") != found["pending_at"]:
            return  # The index is read eventually: it has ended, or somebody moved it on.
        conversation, pending_at = found["pk"], found["pending_at"]
        if conversation not in woken:
            self._wakeups.send_from_sweep(conversation, pending_at)
            woken.add(conversation)
        wakes = item.get("wakes", 0)
        doublings = min(wakes, _LAST_DOUBLING)
        minutes = min(2**doublings, _LONGEST_BACK_OFF_MINUTES)
        later = milliseconds(self._clock) + minutes * _MINUTE_SECONDS * MILLISECONDS
        action = update(
            self._tables.conversations,
            conversation,
            found["sk"],
            "SET pending_at = :later, wakes = :wakes",
            condition="pending_at = :seen",
            values={":later": later, ":wakes": wakes + 1, ":seen": pending_at},
        )
        try:
            self._tables.write(action)
        except (ConditionFailedError, StoreBusyError):
            return  # It has ended meanwhile, or the next run looks again.


def _note(what: str, which: dict[str, str], error: Exception) -> None:
    observability.count("NotWoken")
    observability.logger().error(what, extra={**which, **observability.describe(error)})
