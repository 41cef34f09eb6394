"""Which of the carrier's messages are the answer of a turn whose send had no known outcome.

Owns the reading of rule 14: messages to that address since then, except those that another turn
holds. Decides nothing about what follows.
"""

from __future__ import annotations

from typing import Final, Protocol

from conversation.clocks import DAY_SECONDS, MILLISECONDS
from conversation.ids import first_id
from conversation.items import Item
from conversation.keys import conversations_of
from conversation.persons import owner_of, person_key, proof_sk
from conversation.reply_to import ReplyTo
from conversation.tables import Tables
from conversation.turns import Turn, sids_of, turn_sk
from texting.carrier_outcomes import CarrierMessage

# One turn is open at a time, so the texts' turns of some hours are few. Spoken turns sort anywhere
# among them, and may be many: a read that ends early would miss the id that another turn holds.
_TURNS_READ: Final = 10_000
_TURNS_SINCE_MS: Final = 6 * 3600 * MILLISECONDS
_PROOFS_READ: Final = 1000
# Words that a call left are offered for a day, and its offer goes out minutes after its end.
_CALLS_TEXT_FOR_MS: Final = 2 * DAY_SECONDS * MILLISECONDS


class Asked(Protocol):
    """What reconciliation needs of the carrier."""

    messaging_service_sid: str

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """List what was sent to an address, newest first."""


def sent_for(
    turn: Turn, address: ReplyTo, carrier: Asked, tables: Tables, *, skew_ms: int
) -> list[CarrierMessage]:
    """Ask the carrier which messages were sent for a turn, newest first.

    Args:
        turn: The turn. Nothing was sent for it before it was committed.
        address: Where its reply goes.
        carrier: The carrier.
        tables: The tables.
        skew_ms: How far the carrier's clock may be behind ours.

    Raises:
        CarrierUnavailableError: The carrier could not be asked.
    """
    listed = carrier.list_messages_to(address["to"], max(0, turn.created_at - skew_ms))
    ours = [message for message in listed if is_ours(message, address, carrier)]
    held = _held_by_others(tables, turn) if ours else set()
    return [message for message in ours if message.sid not in held]


def is_ours(message: CarrierMessage, address: ReplyTo, carrier: Asked) -> bool:
    """Leave out what other programs of the account, or other senders, sent to the address.

    Only what was sent through the API: an answer to a webhook is a reserved word's.
    """
    if message.direction != "outbound-api":
        return False
    service = carrier.messaging_service_sid
    return message.sender == address["from"] or (bool(service) and message.service == service)


def _held_by_others(tables: Tables, turn: Turn) -> set[str]:
    """The ids that other turns hold: of this conversation, and of the same person's others.

    One number gets the texts of all of them: replies, what follows a call, a code for a call.
    """
    person = owner_of(tables, turn.conversation)
    since = turn.created_at - _CALLS_TEXT_FOR_MS
    others = set(conversations_of(tables, person, since=since)) if person else set()
    own = {person_key(person)} if person else set()
    held = {
        sid
        for conversation in sorted({turn.conversation, *own, *others})
        for item in _turns(tables, conversation, turn.created_at - _TURNS_SINCE_MS)
        if (item["pk"], item["sk"]) != (turn.conversation, turn_sk(turn.id))
        for sid in sids_of(item)
    }
    return held | (_codes(tables, person) if person else set())


def _turns(tables: Tables, conversation: str, since: int) -> list[Item]:
    """From a time on, in the order of ids; spoken turns, whose ids are no ulids, sort anywhere."""
    after = turn_sk(first_id(max(0, since)))
    return tables.query(
        tables.conversations, conversation, turn_sk(""), limit=_TURNS_READ, after=after
    )


def _codes(tables: Tables, person: str) -> set[str]:
    proofs = tables.query(tables.people, person_key(person), proof_sk(""), limit=_PROOFS_READ)
    return {item["sid"] for item in proofs if "sid" in item}
