"""A person's counters, one item a day: what allowances and costs are read from."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.clocks import DAY_SECONDS, day_of, month_of
from conversation.items import SCHEMA, Item
from conversation.outcomes import Outcome
from conversation.persons import contact_of, owner_of, person_key
from conversation.tables import Action, Tables, update
from conversation.turns import Turn

MONTH_DAYS = 31
"""Most days of a month, and so most items that a month's sum reads."""

_PREFIX = "usage#"
# Apart, though under the same limits: a forged caller id uses up nobody's texts.
_CALLS = "voice-usage#"
# A day is needed for the sum of its month, however short a turn's record lives.
_KEPT_DAYS = 62


@dataclass(frozen=True)
class Used:
    """What was used up in some time.

    Attributes:
        turns: Turns that were committed.
        tokens: Tokens read and written.
        segments: SMS segments of what was said.
    """

    turns: int = 0
    tokens: int = 0
    segments: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(
            self.turns + other.turns, self.tokens + other.tokens, self.segments + other.segments
        )


@dataclass(frozen=True)
class Usage:
    """A person's counters at one moment.

    Attributes:
        day: What today used.
        month: What this month used, today included.
        told: Whether the person was told today that an allowance is used up.
    """

    day: Used
    month: Used
    told: bool


def usage_sk(epoch_seconds: float, conversation: str = "") -> str:
    """Sort key of the day's counters, which are others for a call's conversation."""
    return f"{_prefix(conversation)}{day_of(epoch_seconds)}"


def _prefix(conversation: str) -> str:
    return _PREFIX if contact_of(conversation) is None else _CALLS


def read_usage(tables: Tables, person: str, now: float, conversation: str = "") -> Usage:
    """Read a person's counters strongly: one Query over the days of this month, at most 31."""
    today = usage_sk(now, conversation)
    prefix = f"{_prefix(conversation)}{month_of(day_of(now))}"
    days = tables.query(tables.people, person_key(person), prefix, limit=MONTH_DAYS + 1)
    used = {item["sk"]: _used(item) for item in days}
    told = any("told_at" in item for item in days if item["sk"] == today)
    return Usage(used.get(today, Used()), sum(used.values(), Used()), told)


def counting(
    tables: Tables,
    turn: Turn,
    person: str | None,
    now: float,
    expires_at: int,
    *,
    segments: int = 0,
) -> list[Action]:
    """Part of a commit: count the turn for its person; nothing where there is none.

    The one update that may create its item: a day's counters begin with the day's first turn. A
    refused turn used no model and is counted apart; the notice that it carries is noted here. What
    we said unasked is no turn of the person's. Segments are those of the reply as it will be sent,
    whatever the carrier makes of it.
    """
    if person is None:
        return []
    values: Item = {
        ":schema": SCHEMA,
        ":expires": max(expires_at, int(now) + _KEPT_DAYS * DAY_SECONDS),
        ":one": 1,
        ":segments": segments,
    }
    setting = "SET #schema = :schema, expires_at = :expires"
    adding = "ADD #segments :segments, #refused :one"
    if turn.outcome is Outcome.TOLD:
        adding = "ADD #segments :segments"
        del values[":one"]
    elif turn.outcome is not Outcome.REFUSED:
        adding = "ADD #segments :segments, turns :one, input_tokens :read, output_tokens :written"
        values |= {":read": turn.input_tokens, ":written": turn.output_tokens}
    elif turn.messages:
        setting += ", told_at = :now"
        values[":now"] = int(now)
    return [
        update(
            tables.people,
            person_key(person),
            usage_sk(now, turn.conversation),
            f"{setting} {adding}",
            condition="",
            values=values,
        )
    ]


def segments_action(
    tables: Tables, conversation: str, person: str, now: float, segments: int
) -> Action:
    """Build the part of a transaction that counts a text outside a turn. May create the day."""
    return update(
        tables.people,
        person_key(person),
        usage_sk(now, conversation),
        "SET #schema = :schema, expires_at = :expires ADD #segments :segments",
        condition="",
        values={
            ":schema": SCHEMA,
            ":expires": int(now) + _KEPT_DAYS * DAY_SECONDS,
            ":segments": segments,
        },
    )


def spending(
    tables: Tables, conversation: str, now: float, read: int, written: int
) -> list[Action]:
    """Part of a transaction: tokens that a person's conversation took outside a turn."""
    person = owner_of(tables, conversation)
    if person is None:
        return []
    return [
        update(
            tables.people,
            person_key(person),
            usage_sk(now, conversation),
            "SET #schema = :schema, expires_at = :expires "
            "ADD input_tokens :read, output_tokens :written",
            condition="",
            values={
                ":schema": SCHEMA,
                ":expires": int(now) + _KEPT_DAYS * DAY_SECONDS,
                ":read": read,
                ":written": written,
            },
        )
    ]


def _used(item: Item) -> Used:
    tokens = item.get("input_tokens", 0) + item.get("output_tokens", 0)
    return Used(item.get("turns", 0), tokens, item.get("segments", 0))
