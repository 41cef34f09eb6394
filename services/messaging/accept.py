"""Accepting a text: its receipt and its effect, in one transaction (protocol rules 1 to 5).

One way in, for the webhook and for the carrier's listing alike. Owns what a text's effect is: an
inbox item, a change of consent, or nothing. Sends no wake-up and no answer; it says which are due.

A text without words is accepted like any other and waits for its turn: the model is told that
attachments came which it cannot see, so the person hears that only text can be read, in order
with everything else, once, and also when only the listing found the message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from conversation.clocks import Clock, expiry, milliseconds
from conversation.ids import Ids
from conversation.items import SCHEMA
from conversation.keys import Keys
from conversation.persons import Known, Persons, address_hash, person_key, route_of
from conversation.tables import Action, ConditionFailedError, StoreBusyError, Tables, check, put
from conversation.texts import Texts
from messaging.acceptance import CONSENT, FORGET, IGNORED, INBOX, REFUSED, Acceptance
from messaging.forget_requests import ForgetRequests, ForgetStep
from messaging.inbound import InboundText
from messaging.keep_words import KeepWords
from messaging.keeps import Keeps
from messaging.policy import Policy
from messaging.recycling import Recycling
from messaging.reserved_words import ReservedWord, Vocabulary, carrier_answers, instruction
from texting.consent import Consent, Consents
from texting.inbox import Inbox
from texting.screening import Screening

_RECEIPT: Final = 0
_GENERATION: Final = 1
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
        clock: Clock = time.time,
        ids: Ids | None = None,
    ) -> None:
        self._tables = tables
        self._address_key = address_key
        self._receipt_days = receipt_days
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
        for other in self._recycling.others(known):
            receipt = self._tables.get(self._tables.people, person_key(other), _sk(inbound))
            if receipt is not None:  # taken in before the address changed hands
                return Acceptance(person_key(other), duplicate=True, effect=receipt["effect"])
        word = instruction(inbound, self._vocabulary)
        if word is ReservedWord.AGREE:
            out = self._consents.opted_out(known.person, route)
            word = ReservedWord.START if out else None
        if word is not None:
            return self._accept_word(inbound, known, route, word)
        others = self._recycling.others(known)
        step = self._forget_requests.step(inbound, known.person, others, key)
        if step is not None:
            return self._accept_forget_words(inbound, known.person, step)
        if self._recycling.may_continue(known, inbound.text):
            return self._accept_continuing(inbound, hashed, known)
        if self._refusal(inbound, hashed, known):
            return self._accept_effect(inbound, known.person, REFUSED)
        return self._accept_text(inbound, known.person, route)

    def has_receipt(self, inbound: InboundText) -> bool:
        """Say whether a text was accepted before, without writing anything."""
        known = self._persons.known(address_hash(inbound.number, self._address_key()))
        persons = (known.person, *self._recycling.others(known)) if known else ()
        return any(
            self._tables.get(self._tables.people, person_key(person), _sk(inbound)) is not None
            for person in persons
        )

    def _accept_text(self, inbound: InboundText, person: str, route: str) -> Acceptance:
        conversation, keeps = person_key(person), self._asked_to_keep(inbound, person)
        # What came before a FORGET must not begin a new memory when it is delivered once more.
        new = check(
            self._tables.people, conversation, _sk(inbound), condition="attribute_not_exists(pk)"
        )
        for _ in range(_GENERATIONS_TRIED):
            try:
                key = self._keys.ensure_record(conversation, person, only_if=[new])
            except ConditionFailedError as error:
                return _duplicate(conversation, error)
            actions = [
                self._receipt(inbound, person, INBOX, generation=key.generation, route=route),
                self._keys.condition(conversation, key.generation),
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
            try:
                self._tables.transact(actions)
            except ConditionFailedError as error:
                if error.failed(_RECEIPT):
                    return _duplicate(conversation, error)
                if not error.failed(_GENERATION):
                    raise
                # Forgotten between our read and our write: seal to the new generation.
                continue
            return Acceptance(conversation, duplicate=False, effect=INBOX)
        raise StoreBusyError("the key generation kept changing")

    def _asked_to_keep(self, inbound: InboundText, person: str) -> str | None:
        """The call that a text asks to remember; None for conversation. One Query, if it may."""
        if inbound.media or not self._keep_words.are(inbound.text):
            return None
        keep = self._keeps.wanted(person)
        return keep.conversation if keep else None

    def _refusal(self, inbound: InboundText, hashed: str, known: Known) -> str | None:
        """Why texts from here are not taken; judged at a first contact and under new rules."""
        rules = self._screening.fingerprint
        if known.screened == rules:
            return known.refused
        refused = self._screening.refusal(inbound.address)
        self._persons.screened(hashed, rules, refused)
        return refused

    def _accept_continuing(self, inbound: InboundText, hashed: str, known: Known) -> Acceptance:
        """The person says that they are who wrote from here before the long silence."""
        back, actions = self._recycling.continuing(hashed, known)
        conversation = person_key(back.person)
        try:
            self._tables.transact([self._receipt(inbound, back.person, CONSENT), *actions])
        except ConditionFailedError as error:
            if not error.failed(_RECEIPT):
                raise StoreBusyError("the address changed hands meanwhile") from error
            return _duplicate(conversation, error, self._texts.continued)
        return Acceptance(
            conversation, duplicate=False, effect=CONSENT, reply=self._texts.continued
        )

    def _accept_word(
        self, inbound: InboundText, known: Known, route: str, word: ReservedWord
    ) -> Acceptance:
        """Record a reserved word. It needs no key, so a lost key stops no STOP."""
        person = known.person
        conversation, consent = person_key(person), _CONSENTS.get(word)
        reply = self._reply(inbound, word)
        effect = IGNORED if consent is None else CONSENT
        actions = [self._receipt(inbound, person, effect)]
        if consent is not None:
            actions += self._change(inbound, known, route, consent)
        try:
            self._tables.transact(actions)
        except ConditionFailedError as error:
            if error.failed(_RECEIPT):
                # The answer to the first may not have reached the carrier, which shows it once.
                return _duplicate(conversation, error, reply)
        else:
            return Acceptance(conversation, duplicate=False, effect=effect, reply=reply)
        # A newer change overtook it.
        return self._accept_effect(inbound, person, IGNORED)

    def _accept_forget_words(
        self, inbound: InboundText, person: str, step: ForgetStep
    ) -> Acceptance:
        conversation, effect = person_key(person), FORGET if step.confirmed else IGNORED
        try:
            self._tables.transact([self._receipt(inbound, person, effect), *step.actions])
        except ConditionFailedError as error:
            if not error.failed(_RECEIPT):
                raise StoreBusyError("another message about it came at the same time") from error
            again = _duplicate(conversation, error, step.reply)
            confirmed = again.effect == FORGET
            return replace(again, reply=self._texts.forgetting) if confirmed else again
        return Acceptance(conversation, duplicate=False, effect=effect, reply=step.reply)

    def _accept_effect(self, inbound: InboundText, person: str, effect: str) -> Acceptance:
        """Record a text that changes nothing: a receipt and nothing else."""
        conversation = person_key(person)
        try:
            self._tables.transact([self._receipt(inbound, person, effect)])
        except ConditionFailedError as error:
            return _duplicate(conversation, error)
        return Acceptance(conversation, duplicate=False, effect=effect)

    def _change(
        self, inbound: InboundText, known: Known, route: str, consent: Consent
    ) -> list[Action]:
        """The change, for everybody whom the address lately stood for, and its ledger entry."""
        told = inbound.sent_at is not None
        at = inbound.sent_at if inbound.sent_at is not None else milliseconds(self._clock)
        changes = [
            self._consents.changing(
                person, route, consent, at=at, by=inbound.sid, at_is_carriers=told
            )
            for person in (known.person, *self._recycling.others(known))
        ]
        how = "carrier" if inbound.opt_out_type else "word"
        logged = self._consents.logging(
            known.person, route, consent, at=at, by=inbound.sid, how=how
        )
        return [*changes, logged]

    def _receipt(self, inbound: InboundText, person: str, effect: str, **sealed: str) -> Action:
        item: dict[str, Any] = {
            "pk": person_key(person),
            "sk": _sk(inbound),
            "accepted_at": milliseconds(self._clock),
            "effect": effect,
            "expires_at": expiry(self._clock, self._receipt_days),
            "schema": SCHEMA,
            **sealed,  # by these FORGET finds the carrier's copies, of its words and of replies
        }
        return put(self._tables.people, item, condition="attribute_not_exists(pk)")

    def _reply(self, inbound: InboundText, word: ReservedWord) -> str | None:
        if carrier_answers(inbound, on_numbers=self._carrier_answers_words):
            return None
        texts = self._texts
        replies = {
            ReservedWord.STOP: texts.stopped,
            ReservedWord.START: texts.started,
            ReservedWord.HELP: texts.help,
        }
        return replies[word]


def _sk(inbound: InboundText) -> str:
    return f"receipt#{inbound.sid}"


def _duplicate(
    conversation: str, error: ConditionFailedError, reply: str | None = None
) -> Acceptance:
    met = error.items[_RECEIPT] or {}
    effect = met.get("effect", INBOX)
    return Acceptance(conversation, duplicate=True, effect=effect, reply=reply)
