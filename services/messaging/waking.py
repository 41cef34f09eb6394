"""Waking conversations that have waited too long, from the sharded index (protocol rule 12)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from conversation import observability
from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.deadline import Deadline
from conversation.forgotten import FORGET
from conversation.ids import shards
from conversation.items import Item, OddItemError, natural
from conversation.meta import META
from conversation.switch import Switch
from conversation.tables import ConditionFailedError, StoreBusyError, Tables, update
from texting.after_call import AFTER_CALL
from texting.inbox import INBOX
from texting.wakeups import Wakeups, is_conversation

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
        wakes_per_shard: Most items moved on per shard and run.
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
        run = _Run(milliseconds(self._clock), position.resumed_at or 0, deadline)
        for shard in self._order(run.now):
            self._wake_shard(shard, run)
        observability.count("Woken", len(run.woken))
        observability.duration("LongestOverdue", run.longest)
        return len(run.woken)

    def _wake_shard(self, shard: str, run: _Run) -> None:
        """Wake what is due in a shard; what cannot be woken takes nobody's place in the run."""
        looked_at = 0
        for found in self._due(shard, run.now):
            if looked_at == self._limit or run.deadline.expired:
                return  # The rest is due still when the next run begins.
            before = len(run.woken)
            if not self._try(found, run.woken):
                continue
            looked_at += 1
            run.longest = max(run.longest, run.now - found["pending_at"])
            if len(run.woken) > before and found["pending_at"] <= run.resumed_at:
                self._sleep(self._pause_seconds)

    def _due(self, shard: str, now: int) -> Iterator[Item]:
        """What is due in a shard; nothing when it cannot be read: others wait in the next."""
        try:
            yield from self._tables.due(shard, now, self._limit)
        except StoreBusyError as error:
            _note("a shard was not read", {"shard": shard}, error)

    @staticmethod
    def _order(now: int) -> list[str]:
        """Every shard, beginning with another each minute: a run that ends early is fair."""
        every = shards()
        first = now // (_MINUTE_SECONDS * MILLISECONDS) % len(every)
        return every[first:] + every[:first]

    def _try(self, found: Item, woken: set[str]) -> bool:
        """Wake one conversation; one that fails keeps no other waiting.

        Returns:
            Whether it is awake, and looked at later.
        """
        if not (_can_wait(found) and _is_time(found)):
            self._expel(found, None)
            return False
        try:
            return self._look_at(found, woken)
        except _NotSentError as error:
            _note("not woken", _names(found), error.__cause__ or error)
        except Exception as error:  # noqa: BLE001  whatever an item of anybody's can bring about
            if _is_passing(error):
                _note("not woken", _names(found), error)
            else:
                self._expel(found, error)
        return False

    def _look_at(self, found: Item, woken: set[str]) -> bool:
        """Wake its conversation, unless this run has, then move on when to look next.

        In this order: a crash between the two wakes once more, under the same deduplication id.

        Returns:
            False when there is nothing to look at.
        """
        item = self._tables.get(self._tables.conversations, found["pk"], found["sk"])
        if item is None or item.get("pending_at") != found["pending_at"]:
            return False  # The index is read eventually: it has ended, or somebody moved it on.
        conversation, pending_at = found["pk"], found["pending_at"]
        if conversation not in woken:
            self._send(conversation, pending_at)
            woken.add(conversation)
        wakes = _wakes(item)
        minutes = min(2 ** min(wakes, _LAST_DOUBLING), _LONGEST_BACK_OFF_MINUTES)
        later = milliseconds(self._clock) + minutes * _MINUTE_SECONDS * MILLISECONDS
        action = update(
            self._tables.conversations,
            conversation,
            found["sk"],
            "SET pending_at = :later, wakes = :wakes",
            condition="pending_at = :seen",
            values={":later": later, ":wakes": wakes + 1, ":seen": pending_at},
        )
        with suppress(ConditionFailedError, StoreBusyError):
            self._tables.write(action)  # Else it has ended meanwhile, or the next run looks again.
        return True

    def _send(self, conversation: str, pending_at: int) -> None:
        try:
            self._wakeups.send_from_sweep(conversation, pending_at)
        except Exception as error:
            raise _NotSentError(conversation) from error

    def _expel(self, found: Item, error: Exception | None) -> None:
        """Take out of the index what nobody of ours put there: it would be due for ever.

        What was moved on meanwhile keeps its place.
        """
        observability.count("OddPending")
        extra = {**_names(found), **(observability.describe(error) if error else {})}
        observability.logger().error("taken out of the index", extra=extra)
        condition, values = _as_found(found)
        action = update(
            self._tables.conversations,
            found["pk"],
            found["sk"],
            "REMOVE pending_shard, pending_at",
            condition=condition,
            values=values,
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return  # It is gone, or was moved on.
        except Exception as failed:  # noqa: BLE001  the next run tries again, behind nobody's back
            _note("not taken out of the index", _names(found), failed)


@dataclass
class _Run:
    """One run of the sweep.

    Attributes:
        now: Epoch milliseconds.
        resumed_at: When the latest pause ended, in epoch milliseconds.
        deadline: When it ends.
        woken: The conversations that were woken.
        longest: How many milliseconds one of them was overdue at most.
    """

    now: int
    resumed_at: int
    deadline: Deadline
    woken: set[str] = field(default_factory=set)
    longest: int = 0


class _NotSentError(Exception):
    """The queue did not take a wake-up, whatever the reason: the item is not at fault."""


def _can_wait(found: Item) -> bool:
    """Whether it is of a kind that waits, and of a conversation."""
    sk: str = found["sk"]
    waits = sk in {META, AFTER_CALL} or sk.startswith((INBOX, FORGET))
    return waits and is_conversation(found["pk"])


def _is_time(found: Item) -> bool:
    with suppress(OddItemError):
        return natural(found, "pending_at") >= 0
    return False


def _as_found(found: Item) -> tuple[str, Item]:
    """The condition that an item is in the index as it was found, and its values.

    A fraction cannot be named exactly; no whole number lies where it does.
    """
    at = found["pending_at"]
    if not _can_wait(found):
        return "attribute_exists(pk)", {}
    if _is_time(found):
        return "pending_at = :seen", {":seen": at}
    if at < 0:
        return "pending_at < :zero", {":zero": 0}
    whole = int(at)
    return (
        "pending_at > :below AND pending_at < :above AND pending_at <> :whole",
        {":below": whole - 1, ":above": whole + 1, ":whole": whole},
    )


def _wakes(item: Item) -> int:
    """How often it was woken in vain; of what is no such number it is as of none."""
    with suppress(OddItemError):
        return natural(item, "wakes")
    return 0


def _is_passing(error: Exception) -> bool:
    """Whether another time may do, since the store is at fault and not the item."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] != "ValidationException"
    return isinstance(error, StoreBusyError | BotoCoreError)


def _names(found: Item) -> dict[str, str]:
    return {"conversation": found["pk"], "sk": found["sk"]}


def _note(what: str, which: dict[str, str], error: BaseException) -> None:
    observability.count("NotWoken")
    observability.logger().error(what, extra={**which, **observability.describe(error)})
