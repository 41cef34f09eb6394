"""Words of a call whose answer came too late, until the caller says yes (protocol rule 18).

They rest sealed in the inbox of the conversation that the call speaks in, as a text that nobody
has sent yet: no worker takes them and no index lists them. The yes makes them a text like any
other, under a receipt of their own, so that they are answered once.
"""

from __future__ import annotations

import enum
import time
from typing import Final

from conversation.clocks import Clock, expiry, milliseconds
from conversation.codec import CodecError
from conversation.ids import Ids
from conversation.items import SCHEMA, Item
from conversation.keys import ForgottenError, Keys
from conversation.persons import person_key
from conversation.reply_to import ReplyTo
from conversation.sealing import Seals
from conversation.tables import Action, ConditionFailedError, Tables, delete, put
from texting.inbox import Inbox

DAYS: Final = 1
"""How long an offer can be taken up."""

_PREFIX: Final = "inbox#"
_PAGE: Final = 50
_GENERATION: Final = 0
_RECEIPT: Final = 1


class Release(enum.Enum):
    """What became of a yes."""

    RELEASED = "released"
    ALREADY = "already"
    GONE = "gone"

    @property
    def wakes(self) -> bool:
        """Whether a wake-up is due: for a second yes too, whose first may have died before it."""
        return self is not Release.GONE


class Held:
    """Holds words, releases them, drops them.

    Args:
        tables: The tables.
        clock: Epoch seconds.
        ids: Makes inbox keys.
    """

    def __init__(self, tables: Tables, clock: Clock = time.time, ids: Ids | None = None) -> None:
        self._tables = tables
        self._clock = clock
        self._keys = Keys(tables, clock)
        self._inbox = Inbox(tables, clock, ids)

    def holding(
        self,
        conversation: str,
        *,
        contact: str,
        turn: str,
        text: str,
        route: str,
        reply_to: ReplyTo,
        seals: Seals,
    ) -> Action:
        """Part of the transaction that makes the offer: the words, sealed.

        That transaction must hold on to the generation that they are sealed to: by closing the
        turn they came in, or by `Keys.condition`.

        Args:
            conversation: The conversation that the call speaks in.
            contact: The call.
            turn: Id of the call's turn.
            text: What the caller said.
            route: From our number for texts to the caller's.
            reply_to: The same as the carrier writes it.
            seals: Of the conversation's generation.
        """
        sid = held_sid(contact, turn)
        return self._inbox.hold_item(
            conversation,
            sid=sid,
            text=text,
            reply_to=reply_to,
            route=route,
            seals=seals,
            days=DAYS,
        )

    def release(
        self, conversation: str, person: str, *, contact: str, turn: str, receipt_days: int
    ) -> Release:
        """The caller said yes: the words are a text now, in one transaction with its receipt.

        What is held there and does not open, or is of another generation, is gone.

        Args:
            conversation: The conversation that holds them.
            person: The caller.
            contact: The call.
            turn: Id of the call's turn.
            receipt_days: How long a second yes is recognised.

        Raises:
            StoreBusyError: The store did not answer.
        """
        item = self._find(conversation, contact, turn)
        if item is None:
            return self._ended(person, contact, turn)
        try:
            text = self._as_text(conversation, item)
        except (CodecError, ForgottenError):
            return Release.GONE
        actions = [
            self._keys.condition(conversation, item["generation"]),
            self._receipt(person, contact, turn, receipt_days),
            self._releasing(conversation, item["sk"]),
            text,
        ]
        try:
            self._tables.transact(actions)
        except ConditionFailedError as error:
            if error.failed(_RECEIPT):
                return Release.ALREADY
            gone = error.failed(_GENERATION)  # Forgotten between the offer and the yes.
            return Release.GONE if gone else self._ended(person, contact, turn)
        return Release.RELEASED

    def drop(self, conversation: str, *, contact: str, turn: str) -> None:
        """The offer is not taken up: the words go. Words that were released meanwhile stay."""
        item = self._find(conversation, contact, turn)
        if item is None:
            return
        self._tables.write(delete(self._tables.conversations, conversation, item["sk"]))

    def _find(self, conversation: str, contact: str, turn: str) -> Item | None:
        sid, after = held_sid(contact, turn), None
        while True:
            page = self._tables.query(
                self._tables.conversations, conversation, _PREFIX, limit=_PAGE, after=after
            )
            for item in page:
                if "held" in item and item.get("sid") == sid:
                    return item
            if len(page) < _PAGE:
                return None
            after = page[-1]["sk"]

    def _ended(self, person: str, contact: str, turn: str) -> Release:
        """Nothing is held: released before, or dropped, expired, forgotten."""
        receipt = self._tables.get(
            self._tables.people, person_key(person), _receipt_sk(contact, turn)
        )
        return Release.GONE if receipt is None else Release.ALREADY

    def _receipt(self, person: str, contact: str, turn: str, days: int) -> Action:
        # No generation: the carrier has no copy of what was said on the phone (rule 16).
        item: Item = {
            "pk": person_key(person),
            "sk": _receipt_sk(contact, turn),
            "accepted_at": milliseconds(self._clock),
            "effect": "inbox",
            "expires_at": expiry(self._clock, days),
            "schema": SCHEMA,
        }
        return put(self._tables.people, item, condition="attribute_not_exists(pk)")

    def _as_text(self, conversation: str, item: Item) -> Action:
        """Held words as a text that is due now, sealed as texts are."""
        seals = self._keys.seals(conversation, str(item.get("generation")))
        words, reply_to = self._inbox.open_held(item, seals)
        return self._inbox.put_item(
            conversation,
            sid=item["sid"],
            text=words,
            media=0,
            reply_to=reply_to,
            route=item["route"],
            seals=seals,
            look_after_seconds=0,
        )

    def _releasing(self, conversation: str, sk: str) -> Action:
        return delete(
            self._tables.conversations,
            conversation,
            sk,
            condition="attribute_exists(held) AND expires_at > :today",
            values={":today": int(self._clock())},
        )


def held_sid(contact: str, turn: str) -> str:
    """What stands in the inbox for a carrier's id; also the wake-up's deduplication id."""
    return f"call#{contact}#{turn}"


def _receipt_sk(contact: str, turn: str) -> str:
    return f"receipt#{held_sid(contact, turn)}"
