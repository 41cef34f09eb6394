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

from ulid import ULID

from cli.ages import show_age
from cli.target import Target
from conversation.ids import shards
from conversation.items import Item, from_item, to_item
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


@dataclass(frozen=True)
class Entry:
    """One thing that somebody should know of."""

    conversation: str
    id: str
    since: float
    """Epoch seconds since when it is so."""
    says: str = ""

    def age(self, now: float) -> float:
        """Seconds since it is so."""
        return max(now - self.since, 0.0)


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
    dead_letters: int = 0
    scanned: bool = False
    paused_since: float | None = None
    """Epoch seconds; None while the stack runs."""
    today: Used = field(default_factory=Used)
    month: Used = field(default_factory=Used)

    def oldest(self, entries: list[Entry]) -> float:
        """Age in seconds of the oldest entry, 0 when there is none."""
        return max((entry.age(self.at) for entry in entries), default=0.0)

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
    """File what the index names: a text that waits, or a conversation whose turn is open."""
    kind, _, rest = key["sk"].partition("#")
    if kind == "inbox":
        received = ULID.from_str(rest).timestamp
        found.waiting.append(Entry(key["pk"], key["sk"], received))
        return
    if key["sk"] == AFTER_CALL:
        item = tables.get(tables.conversations, key["pk"], key["sk"])
        if item is not None:
            due = show_age(item["due_at"] / 1000 - found.at)
            since = item["started_at"] / 1000
            found.calls.append(Entry(key["pk"], "", since, f"offer to remember it due in {due}"))
        return
    meta = tables.get(tables.conversations, key["pk"], key["sk"]) or {}
    turn = meta.get("open_turn")
    if not turn:  # it closed since the index was read
        return
    says = f"{turn.get('state', '?')}, attempt {turn.get('attempts', '?')}"
    since = turn.get("claimed_at", 0) / 1000
    found.open_turns.append(Entry(key["pk"], turn["id"], since or found.at, says))


def _file_gone_wrong(found: Survey, item: Item, oldest: float) -> None:
    """File an item of the scan: set aside, held for a caller's yes, or not delivered."""
    if "held" in item:
        if item.get("expires_at", found.at) >= found.at:
            found.held.append(Entry(item["pk"], item["sk"], item["received_at"] / 1000))
        return
    if "set_aside_at" in item:
        found.set_aside.append(Entry(item["pk"], item["sk"], item["set_aside_at"] / 1000))
        return
    since = (item.get("sending_at") or item.get("created_at") or 0) / 1000
    if since < oldest:
        return
    code = item.get("delivery_error")
    says = f"{item['delivery']} {code}" if code else item["delivery"]
    entries = found.unknown if item["delivery"] == "unknown" else found.undelivered
    entries.append(Entry(item["pk"], item["sk"].removeprefix("turn#"), since, says))
