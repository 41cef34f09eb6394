"""What waits, what is open and what went wrong in a stack, read from its tables and queues.

The waiting texts and open turns come from the sharded index, which holds nothing else and costs
next to nothing to read. What was set aside or not delivered stands in no index: it is found by
reading the whole conversations table, half a read unit for 4 KB.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from cli.stored_items import (
    INBOX,
    Entry,
    OddItem,
    call_over,
    delivery,
    held_words,
    open_turn,
    text_set_aside,
    waiting_text,
)
from cli.target import Target
from conversation.forgotten import FORGET
from conversation.ids import shards
from conversation.items import Item, OddItemError, from_item, to_item
from conversation.meta import META
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.usage import Used
from texting.after_call import AFTER_CALL

_AT_ONCE = 4
_GONE_WRONG = (
    "attribute_exists(set_aside_at) OR attribute_exists(held) OR "
    "(begins_with(sk, :turn) AND delivery IN (:undelivered, :failed, :unknown))"
)
_SCAN_VALUES = {
    ":turn": "turn#",
    ":undelivered": "undelivered",
    ":failed": "failed",
    ":unknown": "unknown",
}


@dataclass
class Survey:
    """The state of a stack at one moment."""

    at: float
    waiting: list[Entry] = field(default_factory=list)
    open_turns: list[Entry] = field(default_factory=list)
    calls: list[Entry] = field(default_factory=list)
    """Calls that ended a short time ago, or go on: the offer to remember them is not made yet."""
    held: list[Entry] = field(default_factory=list)
    """What callers said and may still have answered by text, if they say yes."""
    set_aside: list[Entry] = field(default_factory=list)
    undelivered: list[Entry] = field(default_factory=list)
    unknown: list[Entry] = field(default_factory=list)
    odd_items: list[OddItem] = field(default_factory=list)
    """What stands in the index, or in the scan if there was one, and cannot be read."""
    dead_letters: int = 0
    scanned: bool = False
    paused_since: float | None = None
    """Epoch seconds; None while the stack runs."""
    today: Used = field(default_factory=Used)
    month: Used = field(default_factory=Used)

    def oldest(self, entries: list[Entry]) -> float:
        """Age in seconds of the oldest entry, 0 when there is none."""
        return max((entry.age(self.at) for entry in entries), default=0.0)

    def add_odd(self, item: Item, error: OddItemError) -> None:
        """Add an item that cannot be read, once, though both index and scan come upon it."""
        if all((odd.pk, odd.sk) != (item["pk"], item["sk"]) for odd in self.odd_items):
            self.odd_items.append(OddItem(item["pk"], item["sk"], str(error)))

    def as_json(self) -> dict[str, Any]:
        """The survey as plain data; what was not looked for is null."""
        looked = {"waiting": self.waiting, "open_turns": self.open_turns, "calls": self.calls}
        gone_wrong = {
            "held": self.held,
            "set_aside": self.set_aside,
            "undelivered": self.undelivered,
            "unknown": self.unknown,
        }
        lists: dict[str, Any] = {name: self._plain(entries) for name, entries in looked.items()}
        for name, entries in gone_wrong.items():
            lists[name] = self._plain(entries) if self.scanned else None
        lists["odd_items"] = [asdict(odd) for odd in self.odd_items]
        used = {"today": asdict(self.today), "month": asdict(self.month)}
        state = {"paused_since": self.paused_since, "used": used}
        return {"at": self.at, "dead_letters": self.dead_letters, **state, **lists}

    def _plain(self, entries: list[Entry]) -> list[dict[str, Any]]:
        return [asdict(entry) | {"age_seconds": round(entry.age(self.at))} for entry in entries]


def survey(
    target: Target,
    *,
    scan: bool,
    since_seconds: float,
    progress: Callable[[int], None] = lambda _items: None,
    now: Callable[[], float] = time.time,
) -> Survey:
    """Look at a stack.

    Args:
        target: The stack.
        scan: Also read the whole conversations table for what stands in no index.
        since_seconds: How far back a failed delivery still counts.
        progress: Told how many items were read, as the scan goes on.
        now: The clock, epoch seconds.
    """
    found = Survey(at=now(), scanned=scan)
    tables = target.tables
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for keys in pool.map(lambda shard: list(_pending(tables, shard)), shards()):
            for key in keys:
                _file_pending(found, tables, key)
    if scan:
        for item in scan_conversations(tables, _GONE_WRONG, _SCAN_VALUES, progress):
            _file_gone_wrong(found, item, found.at - since_seconds)
    found.dead_letters = count_dead_letters(target)
    found.today, found.month = StackUsage(tables, now).read()
    position = Switch(tables, now).read()
    found.paused_since = position.at / 1000 if position.paused else None
    for entries in (
        found.waiting,
        found.open_turns,
        found.calls,
        found.held,
        found.set_aside,
        found.undelivered,
        found.unknown,
    ):
        entries.sort(key=lambda entry: entry.since)
    found.odd_items.sort()
    return found


def count_dead_letters(target: Target) -> int:
    """How many wake-ups the dead-letter queue holds, roughly, as SQS counts."""
    name = "ApproximateNumberOfMessages"
    answer = target.client("sqs").get_queue_attributes(
        QueueUrl=target.queue_url("deadLetterQueueUrl", "wakeups-dead"), AttributeNames=[name]
    )
    return int(answer["Attributes"][name])


def scan_conversations(
    tables: Tables,
    condition: str,
    values: dict[str, Any] | None = None,
    progress: Callable[[int], None] = lambda _items: None,
) -> Iterator[Item]:
    """Read the whole conversations table and yield the items that meet a filter.

    Args:
        tables: The stack's tables.
        condition: A filter expression.
        values: The expression's values, if it has any.
        progress: Told how many items were read so far.
    """
    read, lock = 0, threading.Lock()

    def segment(number: int) -> list[Item]:
        nonlocal read
        kept: list[Item] = []
        pages = tables.client.get_paginator("scan").paginate(
            TableName=tables.conversations,
            FilterExpression=condition,
            Segment=number,
            TotalSegments=_AT_ONCE,
            **({"ExpressionAttributeValues": to_item(values)} if values else {}),
        )
        for page in pages:
            kept += [from_item(item) for item in page["Items"]]
            with lock:
                read += page["ScannedCount"]
                progress(read)
        return kept

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for items in pool.map(segment, range(_AT_ONCE)):
            yield from items


def _pending(tables: Tables, shard: str) -> Iterator[Item]:
    pages = tables.client.get_paginator("query").paginate(
        TableName=tables.conversations,
        IndexName="pending",
        KeyConditionExpression="pending_shard = :shard",
        ExpressionAttributeValues=to_item({":shard": shard}),
    )
    for page in pages:
        yield from (from_item(item) for item in page["Items"])


def _file_pending(found: Survey, tables: Tables, key: Item) -> None:
    """File what the index names: a text that waits, a call, an open turn, or an odd item."""
    try:
        if key["sk"].startswith(INBOX):
            found.waiting.append(waiting_text(key))
            return
        if key["sk"].startswith(FORGET):  # what is left of one; the responder finds odd ones
            return
        if key["sk"] not in {AFTER_CALL, META}:
            found.add_odd(key, OddItemError("nothing of this name waits"))
            return
        item = tables.get(tables.conversations, key["pk"], key["sk"])
        if item is None:  # it went since the index was read
            return
        if key["sk"] == AFTER_CALL:
            found.calls.append(call_over(item, found.at))
        elif (opened := open_turn(item, found.at)) is not None:
            found.open_turns.append(opened)
    except OddItemError as error:
        found.add_odd(key, error)


def _file_gone_wrong(found: Survey, item: Item, oldest: float) -> None:
    """File an item of the scan: set aside, held for a caller's yes, not delivered, or odd."""
    try:
        if "held" in item:
            if (held := held_words(item, found.at)) is not None:
                found.held.append(held)
        elif "set_aside_at" in item:
            found.set_aside.append(text_set_aside(item))
        elif (entry := delivery(item)).since >= oldest:
            unknown = item["delivery"] == "unknown"
            (found.unknown if unknown else found.undelivered).append(entry)
    except OddItemError as error:
        found.add_odd(item, error)
