"""A new key for a conversation whose key is lost: an operator's decision, never ours (rule 15).

What the old key sealed stays unreadable: this gives it up, so that the person can be talked with
again. Owns what counts as lost and the one transaction that replaces it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from conversation.clocks import Clock
from conversation.codec import SealBrokenError
from conversation.items import SCHEMA, Item
from conversation.keys import ForgottenError, KeyLostError, KeyRecord, Keys, listing
from conversation.persons import owner_of
from conversation.tables import Action, Tables, put, update

_META = "meta"
_PAGE = 100


class NothingLostError(Exception):
    """The conversation has its key, or never had one: there is nothing to replace."""


@dataclass(frozen=True)
class Loss:
    """A conversation whose key is lost, and what was lost with it.

    Attributes:
        conversation: Which.
        generation: Of the key that is lost; None when `meta` does not name any.
        epoch: Of `meta` as it was read.
        resting: Generation of what rests in the key's place; None when nothing does.
        reason: Why the key counts as lost.
        messages: Messages that can never be read again.
        waiting: Texts that wait, or were set aside, and can never be answered: those sealed to
            what rests in the key's place too.
        turn_open: Whether a turn is cut off.
    """

    conversation: str
    generation: str | None
    epoch: int
    resting: str | None
    reason: str
    messages: int
    waiting: int
    turn_open: bool


class Rekeying:
    """Finds out what is lost, and replaces a lost key.

    Args:
        tables: The tables, with a vault that may unwrap and wrap.
        clock: Epoch seconds.
    """

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock
        self._keys = Keys(tables, clock)

    def look(self, conversation: str) -> Loss:
        """What is lost.

        Raises:
            KeyUnavailableError: KMS does not say: nothing is known to be lost.
            NothingLostError: The key is there and opens, or there never was one.
        """
        meta = self._tables.get(self._tables.conversations, conversation, _META) or {}
        generation = meta.get("generation")
        if not generation and self._keys.find(conversation) is None:
            raise NothingLostError(f"{conversation} is no conversation that has had a key")
        if not generation:
            # A FORGET, or a first text, right between the two reads is none of this.
            self._see_that_they_differ(conversation)
            return self._loss(conversation, meta, "`meta` does not name it")
        self._tables.vault.drop(conversation)  # What is held says nothing of what rests.
        try:
            self._keys.seals(conversation, generation)
        except KeyLostError:
            reason = "its `keys` item is gone, or of another generation"
        except SealBrokenError as error:
            reason = f"its `keys` item was altered: {error}"
        except ForgottenError as error:
            raise NothingLostError(f"{conversation} was forgotten just now") from error
        else:
            raise NothingLostError(f"the key of {conversation} is there and opens")
        return self._loss(conversation, meta, reason)

    def _see_that_they_differ(self, conversation: str) -> None:
        try:
            self._keys.require_agreement(conversation)
        except KeyLostError:
            return
        raise NothingLostError(f"{conversation} has changed just now: look again")

    def replace(self, loss: Loss) -> KeyRecord:
        """Give the conversation a new key, and cut off its open turn.

        Raises:
            ConditionFailedError: The conversation has moved on since `look`.
            KeyUnavailableError: KMS does not wrap a new key now.
        """
        tables, record = self._tables, self._keys.make(loss.conversation)
        unchanged = "generation = :resting" if loss.resting else "attribute_not_exists(pk)"
        values = {":resting": loss.resting} if loss.resting else None
        actions = [
            put(tables.keys, record.item(), condition=unchanged, values=values),
            self._naming(loss, record.generation),
        ]
        person = owner_of(tables, loss.conversation)
        if person is not None:
            actions.append(put(tables.people, listing(person, record)))
        tables.transact(actions)
        return record

    def _naming(self, loss: Loss, generation: str) -> Action:
        """Have `meta` name the new key, if it is as it was; it may have been lost altogether."""
        known = "generation = :lost" if loss.generation else "attribute_not_exists(generation)"
        seen = "epoch = :epoch" if loss.epoch else "(attribute_not_exists(epoch) OR epoch = :epoch)"
        lost = {":lost": loss.generation} if loss.generation else {}
        return update(
            self._tables.conversations,
            loss.conversation,
            _META,
            "SET generation = :new, epoch = :next, lease_until = :free, #schema = :schema, "
            "#sequence = if_not_exists(#sequence, :free) "
            "REMOVE open_turn, pending_shard, pending_at, wakes",
            condition=f"{known} AND {seen}",
            values={
                ":new": generation,
                ":next": loss.epoch + 1,
                ":free": 0,
                ":epoch": loss.epoch,
                ":schema": SCHEMA,
                **lost,
            },
        )

    def _loss(self, conversation: str, meta: Item, reason: str) -> Loss:
        generation, resting = meta.get("generation"), self._keys.find(conversation)
        lost = {one for one in (generation, resting) if one}
        return Loss(
            conversation,
            generation,
            meta.get("epoch", 0),
            resting,
            reason,
            self._count(conversation, "message#", lost),
            self._count(conversation, "inbox#", lost),
            "open_turn" in meta,
        )

    def _count(self, conversation: str, prefix: str, generations: set[str]) -> int:
        count, after = 0, None
        while True:
            page = self._tables.query(
                self._tables.conversations, conversation, prefix, limit=_PAGE, after=after
            )
            count += len([item for item in page if item.get("generation") in generations])
            if len(page) < _PAGE:
                return count
            after = page[-1]["sk"]
