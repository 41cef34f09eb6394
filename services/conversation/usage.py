"""A person's counters, one item a day: what allowances and costs are read from."""

from __future__ import annotations

from datetime import UTC, datetime

from conversation.clocks import DAY_SECONDS
from conversation.items import SCHEMA
from conversation.persons import person_key, person_of
from conversation.tables import Action, Tables, update
from conversation.turns import Turn

# A day is needed for the sum of its month, however short a turn's record lives.
_KEPT_DAYS = 62


def usage_sk(epoch_seconds: float) -> str:
    """Sort key of the day's counters, in UTC."""
    return f"usage#{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%d}"


def counting(tables: Tables, turn: Turn, now: float, expires_at: int) -> list[Action]:
    """Part of a commit: count the turn for its person; nothing where there is none.

    The one update that may create its item: a day's counters begin with the day's first turn.
    """
    person = person_of(turn.conversation)
    if person is None:
        return []
    return [
        update(
            tables.people,
            person_key(person),
            usage_sk(now),
            "SET #schema = :schema, expires_at = :expires "
            "ADD turns :one, input_tokens :read, output_tokens :written",
            condition="",
            values={
                ":schema": SCHEMA,
                ":expires": expires_at,
                ":one": 1,
                ":read": turn.input_tokens,
                ":written": turn.output_tokens,
            },
        )
    ]


def spending(
    tables: Tables, conversation: str, now: float, read: int, written: int
) -> list[Action]:
    """Part of a transaction: tokens that a person's conversation took outside a turn."""
    person = person_of(conversation)
    if person is None:
        return []
    return [
        update(
            tables.people,
            person_key(person),
            usage_sk(now),
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
