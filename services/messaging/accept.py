"""Accepting a text: its receipt and its effect, in one transaction (protocol rules 1 to 5).

One way in, for the webhook and for the carrier's listing alike. Owns what a text's effect is: an
inbox item, a change of consent, or nothing. Sends no wake-up and no answer; it says which are due.

A text without words is accepted like any other and waits for its turn: the model is told that
attachments came which it cannot see, so the person hears that only text can be read, in order
with everything else, once, and also when only the listing found the message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from conversation.clocks import Clock
from conversation.ids import Ids
from conversation.items import Item
from conversation.key_record import KeyRecord
from conversation.keys import Keys
from conversation.persons import Persons, address_hash, person_key, route_of
from conversation.tables import Action, ConditionFailedError, StoreBusyError, Tables, check
from conversation.texts import Texts
from messaging.acceptance import CONSENT, FORGET, IGNORED, INBOX, REFUSED, Acceptance
from messaging.consent_changes import ConsentChanges
from messaging.forget_requests import ForgetRequests, ForgetStep
from messaging.inbound import InboundText
from messaging.keep_words import KeepWords
from messaging.keeps import Keeps
from messaging.origin import Origin
from messaging.policy import Policy
from messaging.receipts import RECEIPT, Receipts, receipt_sk
from messaging.recycling import Recycling
from messaging.reserved_words import ReservedWord, Vocabulary, carrier_answers, instruction
from texting.consent import Consent, Consents, ConsentWord
from texting.consent_order import ConsentOrder
from texting.inbox import Inbox
from texting.meter import FixedReply, Meter
from texting.screening import Screening

_GENERATION: Final = 1
_NAMED: Final = 2
_GENERATIONS_TRIED: Final = 4

_CONSENTS: Final = {ReservedWord.STOP: Consent.OUT, ReservedWord.START: Consent.IN}


class Acceptor:
    """Accepts texts.

    Args:
        tables: The tables.
        address_key: Gives the stack's address key.
        receipt_days: How long a duplicate is recognised.
        look_after_seconds: When the sweep is to look at a text that nobody answered.
        carrier_answers_words: Whether the carrier answers reserved words on phone numbers.
        policy: Whose texts are taken, and how they are read.
        texts: The fixed sentences.
        meter: Allows replies; None where nobody would hear them, as in a listing.
        clock: Epoch seconds.
        ids: Makes inbox keys.
    """

    def __init__(
        self,
        tables: Tables,
        address_key: Callable[[], bytes],
        *,
        receipt_days: int,
        look_after_seconds: float,
        carrier_answers_words: bool,
        policy: Policy | None = None,
        texts: Texts | None = None,
        meter: Meter | None = None,
        clock: Clock = time.time,
        ids: Ids | None = None,
    ) -> None:
        self._tables = tables
        self._address_key = address_key
        self._receipts = Receipts(tables, receipt_days, clock, meter)
        self._look_after_seconds = look_after_seconds
        self._carrier_answers_words = carrier_answers_words
        self._texts = texts or Texts()
        self._clock = clock
        ids, policy = ids or Ids(clock), policy or Policy()
        self._vocabulary = Vocabulary(policy.languages)
        self._keep_words = KeepWords(policy.languages)
        self._keeps = Keeps(tables, clock)
        self._screening = Screening(policy.countries, policy.also_serve)
        self._persons = Persons(tables, clock, ids)
        self._keys = Keys(tables, clock)
        self._inbox = Inbox(tables, clock, ids)
        self._consents = Consents(tables)
        self._changes = ConsentChanges(tables, self._receipts, clock)
        self._order = ConsentOrder(tables)
        self._recycling = Recycling(tables, self._persons, policy, clock, ids)
        self._forget_requests = ForgetRequests(
            tables, self._texts, look_after_seconds, clock, policy.languages
        )

    def accept(self, inbound: InboundText) -> Acceptance:
        """Accept a text that is known to come from the carrier.

        Raises:
            KeyLostError: The conversation's key is gone; an operator must decide.
            KeyUnavailableError: A first contact's key cannot be made now.
            StoreBusyError: The store did not answer; the carrier may try again.
        """
        key = self._address_key()
        hashed = address_hash(inbound.number, key)
        route = route_of(inbound.sender, inbound.number, key)
        known = self._recycling.met(hashed, route)
        origin = Origin(hashed, route, known, self._recycling.others(known))
        earlier = self._receipts.find(inbound, origin.others)
        if earlier is not None:  # taken in before the address changed hands
            return Acceptance(earlier["pk"], duplicate=True, effect=earlier["effect"])
        word = instruction(inbound, self._vocabulary)
        if self._refusal(inbound, origin):
            return self._accept_refused(inbound, origin, word)
        if word is ReservedWord.AGREE:
            out = self._consents.opted_out(origin.person, route)
            word = ReservedWord.START if out else None
        if word is not None:
            return self._accept_word(inbound, origin, word, self._reply(inbound, word))
        step = self._forget_requests.step(inbound, origin.person, origin.others, key)
        if step is not None:
            return self._accept_forget_words(inbound, origin, step)
        if self._recycling.may_continue(known, inbound.text):
            return self._accept_continuing(inbound, origin)
        return self._accept_text(inbound, origin.person, route)

    def receipt(self, inbound: InboundText) -> Item | None:
        """Find the receipt of a text that was accepted before, without writing anything."""
        known = self._persons.known(address_hash(inbound.number, self._address_key()))
        if known is None:
            return None
        return self._receipts.find(inbound, (known.person, *self._recycling.others(known)))

    def settle(self, inbound: InboundText, words: Sequence[ConsentWord]) -> None:
        """Put the STOPs and STARTs of a text's route into the order in which they were sent.

        Args:
            inbound: One of the texts.
            words: All that were accepted there, with the carrier's times.

        Raises:
            StoreBusyError: The store did not answer.
        """
        key = self._address_key()
        known = self._persons.known(address_hash(inbound.number, key))
        route = route_of(inbound.sender, inbound.number, key)
        for person in (known.person, *self._recycling.others(known)) if known else ():
            self._order.settle(person, route, words)

    def _accept_text(self, inbound: InboundText, person: str, route: str) -> Acceptance:
        conversation, keeps = person_key(person), self._asked_to_keep(inbound, person)
        # What came before a FORGET must not begin a new memory when it is delivered once more.
        new = check(
            self._tables.people,
            conversation,
            receipt_sk(inbound),
            condition="attribute_not_exists(pk)",
        )
        for _ in range(_GENERATIONS_TRIED):
            try:
                key = self._keys.ensure_record(conversation, person, only_if=[new])
            except ConditionFailedError as error:
                return self._receipts.duplicate(conversation, error)
            try:
                self._tables.transact(self._text_actions(inbound, person, route, key, keeps))
            except ConditionFailedError as error:
                if error.failed(RECEIPT):
                    return self._receipts.duplicate(conversation, error)
                if error.failed(_GENERATION):
                    continue  # Forgotten between our read and our write: seal to the new one.
                if error.failed(_NAMED):
                    raise self._keys.lost(conversation) from error
                raise
            return Acceptance(conversation, duplicate=False, effect=INBOX)
        raise StoreBusyError("the key generation kept changing")

    def _text_actions(
        self, inbound: InboundText, person: str, route: str, key: KeyRecord, keeps: str | None
    ) -> list[Action]:
        """Build the transaction that accepts a text: receipt, key conditions, inbox item."""
        conversation = person_key(person)
        return [
            self._receipts.put_action(
                inbound, person, INBOX, generation=key.generation, route=route
            ),
            *self._keys.conditions(conversation, key.generation),
            self._inbox.put_item(
                conversation,
                sid=inbound.sid,
                text=inbound.text,
                media=inbound.media,
                reply_to={"from": inbound.sender, "to": inbound.address},
                route=route,
                seals=key.sealer,
                look_after_seconds=self._look_after_seconds,
                keeps=keeps,
            ),
        ]

    def _asked_to_keep(self, inbound: InboundText, person: str) -> str | None:
        """The call that a text asks to remember; None for conversation. One Query, if it may."""
        if inbound.media or not self._keep_words.are(inbound.text):
            return None
        keep = self._keeps.wanted(person)
        return keep.conversation if keep else None

    def _refusal(self, inbound: InboundText, origin: Origin) -> str | None:
        """Say why the address gets no text; a number is judged once under the rules of today."""
        known, rules = origin.known, self._screening.fingerprint
        if not self._screening.is_number(inbound.number):
            # Cheap, and not kept: a name on SMS may be the very letters of somebody's WhatsApp id.
            return self._screening.refusal(inbound.address)
        if known.screened == rules:
            return known.refused
        refused = self._screening.refusal(inbound.address)
        self._persons.screened(origin.hashed, rules, refused)
        return refused

    def _accept_refused(
        self, inbound: InboundText, origin: Origin, word: ReservedWord | None
    ) -> Acceptance:
        """Take in a text from an address that gets none: never answered, only a STOP counts."""
        if word is ReservedWord.STOP:
            return self._accept_word(inbound, origin, word, None)
        return self._receipts.record(inbound, origin.hashed, origin.person, REFUSED)

    def _accept_continuing(self, inbound: InboundText, origin: Origin) -> Acceptance:
        """The person says that they are who wrote from here before the long silence."""
        back, actions = self._recycling.continuing(origin.hashed, origin.known)
        reply = FixedReply(self._texts.continued)
        try:
            return self._receipts.record(
                inbound, origin.hashed, back.person, CONSENT, actions, reply=reply
            )
        except ConditionFailedError as error:
            raise StoreBusyError("the address changed hands meanwhile") from error

    def _accept_word(
        self,
        inbound: InboundText,
        origin: Origin,
        word: ReservedWord,
        reply: FixedReply | None,
    ) -> Acceptance:
        """Record a reserved word. It needs no key, so a lost key stops no STOP."""
        consent = _CONSENTS.get(word)
        if consent is None:
            return self._receipts.record(
                inbound, origin.hashed, origin.person, IGNORED, reply=reply
            )
        return self._changes.accept(inbound, origin, consent, reply)

    def _accept_forget_words(
        self, inbound: InboundText, origin: Origin, step: ForgetStep
    ) -> Acceptance:
        effect = FORGET if step.confirmed else IGNORED
        reply = FixedReply(step.reply, on_forgetting=True)
        try:
            accepted = self._receipts.record(
                inbound, origin.hashed, origin.person, effect, step.actions, reply=reply
            )
        except ConditionFailedError as error:
            raise StoreBusyError("another message about it came at the same time") from error
        # The code is used up by then, so that its duplicate looks like a wrong one.
        began = accepted.reply is not None and accepted.effect == FORGET
        return replace(accepted, reply=self._texts.forgetting) if began else accepted

    def _reply(self, inbound: InboundText, word: ReservedWord) -> FixedReply | None:
        if carrier_answers(inbound, on_numbers=self._carrier_answers_words):
            return None
        texts = self._texts
        replies = {
            ReservedWord.STOP: texts.stopped,
            ReservedWord.START: texts.started,
            ReservedWord.HELP: texts.help,
        }
        return FixedReply(replies[word], on_stop=word is ReservedWord.STOP)
