"""The inbox: texts that were accepted and wait for their turn.

Owns the inbox item: what is sealed in it, what is in clear, and each way out of the inbox. The
engine's commit takes these as extra actions and knows no inbox.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from conversation.clocks import MILLISECONDS, Clock, expiry, milliseconds
from conversation.codec import Role
from conversation.ids import Ids, shard_of
from conversation.items import SCHEMA, Item
from conversation.keys import Keys
from conversation.reply_to import ReplyTo, open_reply_to, seal_reply_to
from conversation.sealing import Sealer, Seals
from conversation.tables import Action, ConditionFailedError, Tables, delete, put, update
from texting.waiting_text import TURN_TEXTS, OpenedText, WaitingText, pack, read_item, unpack

INBOX = "inbox#"
"""Sort keys of texts that wait begin so."""

_PAGE = TURN_TEXTS + 5


class Inbox:
    """The inboxes of all conversations."""

    def __init__(self, tables: Tables, clock: Clock = time.time, ids: Ids | None = None) -> None:
        self._tables = tables
        self._clock = clock
        self._ids = ids or Ids(clock)
        self._keys = Keys(tables, clock)

    def put_item(
        self,
        conversation: str,
        *,
        sid: str,
        text: str,
        media: int,
        reply_to: ReplyTo,
        route: str,
        seals: Sealer | Seals,
        look_after_seconds: float,
        keeps: str | None = None,
    ) -> Action:
        """Part of the acceptance: a new inbox item (rule 5).

        Args:
            conversation: Whose inbox.
            sid: The carrier's message id.
            text: The words as they came.
            media: How many attachments came.
            reply_to: `{"from": our sender, "to": their address}`.
            route: The text's route.
            seals: Of the generation that the same transaction checks in `keys`.
            look_after_seconds: When the sweep is to look, should nobody have answered by then.
            keeps: The call's conversation, for a text that asks to remember one.
        """
        item = self._item(conversation, sid, route, seals)
        if keeps is not None:
            item["keeps"] = keeps
        item["text"] = seals.seal(pack(text, media), item, Role.TEXT)
        # Apart from the text: a text that breaks its turn is apologised for unopened.
        item["reply_to"] = seal_reply_to(reply_to, seals, item, Role.TEXT_REPLY_TO)
        item["pending_shard"] = shard_of(conversation)
        item["pending_at"] = item["received_at"] + int(look_after_seconds * MILLISECONDS)
        return put(self._tables.conversations, item, condition="attribute_not_exists(pk)")

    def hold_item(
        self,
        conversation: str,
        *,
        sid: str,
        text: str,
        reply_to: ReplyTo,
        route: str,
        seals: Seals,
        days: int,
    ) -> Action:
        """Words that wait for the caller's yes before they count as a text: `held` has the rest.

        They are sealed in roles of their own, so that nothing but the yes makes them a text.
        """
        item = self._item(conversation, sid, route, seals)
        item |= {"held": True, "expires_at": expiry(self._clock, days)}
        item["text"] = seals.seal(pack(text, 0), item, Role.HELD)
        item["reply_to"] = seal_reply_to(reply_to, seals, item, Role.HELD_REPLY_TO)
        return put(self._tables.conversations, item, condition="attribute_not_exists(pk)")

    def open_held(self, item: Item, seals: Seals) -> tuple[str, ReplyTo]:
        """Open words that are held: the words, and where a reply to them goes.

        Raises:
            CodecError: They cannot be read.
        """
        words, _ = seals.read(item, "text", Role.HELD, unpack)
        return words, open_reply_to(item, seals, Role.HELD_REPLY_TO)

    def waiting(self, conversation: str, generation: str | None) -> list[WaitingText]:
        """Texts that wait, in order, at least one more than a turn takes if there are.

        Skips texts that were set aside and words that are held. Texts of an older generation were
        forgotten with it: they leave the inbox here (rule 16).

        Raises:
            KeyLostError: Texts of another generation wait, and `meta` and `keys` differ for good.
        """
        found: list[WaitingText] = []
        foreign: list[str] = []
        after: str | None = None
        while len(found) <= TURN_TEXTS:
            page = self._tables.query(
                self._tables.conversations, conversation, INBOX, limit=_PAGE, after=after
            )
            for item in page:
                if "set_aside_at" in item or "held" in item:
                    continue
                text = read_item(item, generation or "", milliseconds(self._clock))
                if text.generation == generation:
                    found.append(text)
                else:
                    foreign.append(text.sk)
            if len(page) < _PAGE:
                break
            after = page[-1]["sk"]
        self._end_forgotten(conversation, generation, foreign)
        return found

    def open(self, conversation: str, waiting: WaitingText) -> OpenedText:
        """Open one text.

        Raises:
            CodecError: It cannot be read.
        """
        seals = self._keys.seals(conversation, waiting.generation)
        words, media = seals.read(vars(waiting), "text", Role.TEXT, unpack)
        return OpenedText(words, media, self.reply_to(conversation, waiting))

    def reply_to(self, conversation: str, waiting: WaitingText) -> ReplyTo:
        """Where a reply to a text goes, without opening its words.

        Raises:
            CodecError: The address cannot be read.
        """
        seals = self._keys.seals(conversation, waiting.generation)
        return open_reply_to(vars(waiting), seals, Role.TEXT_REPLY_TO)

    def taking(self, conversation: str, texts: Sequence[WaitingText]) -> list[Action]:
        """Part of a commit: these texts leave the inbox, each if it still exists (rule 8)."""
        return [
            delete(
                self._tables.conversations,
                conversation,
                text.sk,
                condition="attribute_exists(pk)",
            )
            for text in texts
        ]

    def setting_aside(self, conversation: str, text: WaitingText, days: int) -> Action:
        """Part of a commit: a text that always breaks its turn leaves the index (rule 7).

        It stays readable for `redrive` until it expires after `days`.
        """
        return update(
            self._tables.conversations,
            conversation,
            text.sk,
            "SET set_aside_at = :now, expires_at = :expires "
            "REMOVE pending_shard, pending_at, wakes",
            condition="attribute_exists(pk)",
            values={":now": milliseconds(self._clock), ":expires": expiry(self._clock, days)},
        )

    def set_aside(self, conversation: str) -> list[str]:
        """Sort keys of the texts of a conversation that were set aside."""
        found: list[str] = []
        after: str | None = None
        while True:
            page = self._tables.query(
                self._tables.conversations, conversation, INBOX, limit=_PAGE, after=after
            )
            found += [item["sk"] for item in page if "set_aside_at" in item]
            if len(page) < _PAGE:
                return found
            after = page[-1]["sk"]

    def redrive(self, conversation: str, sk: str) -> bool:
        """Put a text that was set aside back in line, due at once.

        Returns:
            False when it is not there or was not set aside.
        """
        action = update(
            self._tables.conversations,
            conversation,
            sk,
            "SET pending_shard = :shard, pending_at = :now REMOVE set_aside_at, expires_at",
            condition="attribute_exists(set_aside_at)",
            values={":shard": shard_of(conversation), ":now": milliseconds(self._clock)},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return False
        return True

    def _item(self, conversation: str, sid: str, route: str, seals: Sealer | Seals) -> Item:
        return {
            "pk": conversation,
            "sk": f"{INBOX}{self._ids.new()}",
            "sid": sid,
            "route": route,
            "generation": seals.generation,
            "received_at": milliseconds(self._clock),
            "schema": SCHEMA,
        }

    def _end_forgotten(self, conversation: str, generation: str | None, found: list[str]) -> None:
        """End texts of another generation than the caller read, if theirs is the older one.

        It is when the caller's is still the conversation's: a generation is never used again. Else
        the caller's is the old one, and these are the first texts of the new conversation; or
        `meta` was restored from before them, and nobody can answer them.
        """
        if not found:
            return
        if self._keys.find(conversation) != generation:
            self._keys.require_agreement(conversation)
            return
        for sk in found:
            self._tables.write(delete(self._tables.conversations, conversation, sk))
