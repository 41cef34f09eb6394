"""What the whole stack used today and this month: sharded counters, outside any transaction.

Owns the items `stack` / `usage#<shard>`: one for each shard, forever, holding the latest day and
its month. A conversation counts on its own shard, so that no item is shared by everybody.
"""

from __future__ import annotations

import time

from conversation import observability
from conversation.clocks import Clock, day_of, month_of
from conversation.ids import SHARDS, shard_of
from conversation.items import SCHEMA, Item
from conversation.tables import Action, ConditionFailedError, StoreBusyError, Tables, update
from conversation.usage import Used

STACK = "stack"
"""The partition of what belongs to nobody in particular."""

FRESH_SECONDS = 5.0
"""How old a worker's view of the counters may be."""

_PREFIX = "usage#"
_ATTEMPTS = 4


class StackUsage:
    """Counts turns, and adds up what was counted.

    Args:
        tables: The stack's tables.
        clock: Epoch seconds.
    """

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock
        self._seen: tuple[float, Used, Used] | None = None

    def read(self) -> tuple[Used, Used]:
        """Today's use and this month's, at most `FRESH_SECONDS` old: one Query when read."""
        now = self._clock()
        if self._seen is None or not 0 <= now - self._seen[0] < FRESH_SECONDS:
            self._seen = (now, *self._read(day_of(now)))
        return self._seen[1], self._seen[2]

    def count(self, conversation: str, used: Used) -> None:
        """Add a turn. Never fails: a counter is worth no failed turn."""
        today, sk = day_of(self._clock()), f"{_PREFIX}{shard_of(conversation)}"
        met: Item | None = {"day": today}
        for _ in range(_ATTEMPTS):
            try:
                self._tables.write(self._counting(sk, met, today, used))
            except ConditionFailedError as error:
                met = error.items[0]
            except StoreBusyError:
                break
            else:
                return
        observability.count("StackUsageNotCounted")

    def _counting(self, sk: str, met: Item | None, today: str, used: Used) -> Action:
        """An update of an item as it was met: added to, or begun anew for a new day or month."""
        day = met["day"] if met else ""
        values: Item = {f":{name}": value for name, value in used.__dict__.items()}
        if day >= today:
            adding = ", ".join(f"day_{n} :{n}, month_{n} :{n}" for n in used.__dict__)
            return self._update(sk, f"ADD {adding}", "#day = :seen", values | {":seen": day})
        setting = ["#day = :today", "#schema = :schema"]
        setting += [f"day_{name} = :{name}" for name in used.__dict__]
        adding = ""
        if month_of(day) == month_of(today):
            adding = " ADD " + ", ".join(f"month_{name} :{name}" for name in used.__dict__)
        else:
            setting += [f"month_{name} = :{name}" for name in used.__dict__]
        values |= {":today": today, ":schema": SCHEMA}
        condition = "attribute_not_exists(#day)"
        if met:
            condition, values[":seen"] = "#day = :seen", day
        return self._update(sk, f"SET {', '.join(setting)}{adding}", condition, values)

    def _update(self, sk: str, expression: str, condition: str, values: Item) -> Action:
        return update(
            self._tables.people, STACK, sk, expression, condition=condition, values=values
        )

    def _read(self, today: str) -> tuple[Used, Used]:
        found = self._tables.query(self._tables.people, STACK, _PREFIX, limit=SHARDS)
        day = [_used(item, "day") for item in found if item["day"] == today]
        months = [item for item in found if month_of(item["day"]) == month_of(today)]
        return sum(day, Used()), sum((_used(item, "month") for item in months), Used())


def _used(item: Item, period: str) -> Used:
    return Used(*(item.get(f"{period}_{name}", 0) for name in ("turns", "tokens", "segments")))
