"""Which of the carrier's messages are the answer of a turn whose send had no known outcome.

Owns the reading of rule 14: messages to that address since then, except those that another turn
holds. Decides nothing about what follows.
"""

from __future__ import annotations

from typing import Final, Protocol

from conversation.tables import Tables
from conversation.turns import ReplyTo, Turn, Turns, turn_sk
from texting.carrier_outcomes import CarrierMessage

# One turn is open at a time, so the turns of the last minutes are few.
_TURNS_READ: Final = 20


class Asked(Protocol):
    """What reconciliation needs of the carrier."""

    messaging_service_sid: str

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """List what was sent to an address, newest first."""


def sent_for(turn: Turn, carrier: Asked, tables: Tables, *, skew_ms: int) -> list[CarrierMessage]:
    """Ask the carrier which messages were sent for a turn, newest first.

    Args:
        turn: The turn. Nothing was sent for it before it was committed.
        carrier: The carrier.
        tables: The tables.
        skew_ms: How far the carrier's clock may be behind ours.

    Raises:
        CarrierUnavailableError: The carrier could not be asked.
        CodecError: The turn's address cannot be read.
    """
    address = Turns(tables).address(turn)
    listed = carrier.list_messages_to(address["to"], turn.created_at - skew_ms)
    ours = [message for message in listed if _is_ours(message, address, carrier)]
    held = _held_by_others(tables, turn) if ours else set()
    return [message for message in ours if message.sid not in held]


def _is_ours(message: CarrierMessage, address: ReplyTo, carrier: Asked) -> bool:
    """Leave out what other programs of the account, or other senders, sent to the address.

    Only what was sent through the API: an answer to a webhook is a reserved word's.
    """
    if message.direction != "outbound-api":
        return False
    service = carrier.messaging_service_sid
    return message.sender == address["from"] or (bool(service) and message.service == service)


def _held_by_others(tables: Tables, turn: Turn) -> set[str]:
    items = tables.query(
        tables.conversations, turn.conversation, "turn#", limit=_TURNS_READ, newest_first=True
    )
    others = (item for item in items if item["sk"] != turn_sk(turn.id))
    return {sid for item in others for sid in item.get("carrier_sids", [])}
