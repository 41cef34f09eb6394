"""One person who texts and calls: the responder's stage, with calls as the engine commits them."""

from __future__ import annotations

from typing import Any

from conversation.clocks import milliseconds
from conversation.deadline import Deadline
from conversation.exchange import Incoming, Profile
from conversation.messages import open_message
from conversation.persons import address_hash, person_key
from conversation.tables import Action, Tables, put
from conversation.turn import Reply
from messaging.acceptance import Acceptance
from tests.services.played_parts import Script, echo
from tests.services.stage import KEY, PERSON, SENDER, Stage
from tests.services.texting_door import Door
from texting.after_call import AfterCalls
from texting.consent import Consent
from texting.held import Held, Release
from voice.callers import Caller, Callers
from voice.codes import Codes

CONTACT = "0b1f5a52-7a1c-4f7e-9d53-3f0f6d9a2c11"
OTHER = "7d0c9f7e-52b4-4f0b-8a66-0a54f1f0f4aa"
KEEP_AFTER = 300
SPOKEN = Profile("Speak.", spoken=True)


class CallStage(Stage):
    """A stage whose person is the one behind `PERSON`, for texts and for calls alike."""

    def __init__(self, tables: Tables, script: Script = echo, *, memory: str = "call") -> None:
        super().__init__(tables, script)
        self.door = Door(tables, ids=self.ids, clock=self.clock)
        self.memory = memory
        self.callers = self.calling()
        self.held = Held(tables, self.clock, self.ids)
        self.after_calls = AfterCalls(tables, self.clock)
        self.codes = Codes(tables, lambda: KEY, self.clock, draw=lambda: "123456")
        self.hashed = address_hash(PERSON, KEY)
        self.person = self.callers.resolve(PERSON, CONTACT).person or ""
        self.conversation = person_key(self.person)
        self.key = self.keys.ensure_record(self.conversation, self.person)
        self.generation = self.key.generation
        self.began = milliseconds(self.clock)
        self._sids = 0

    def calling(self, **changes: Any) -> Callers:
        """Who calls, by the stage's settings."""
        given = {"sender": SENDER, "memory": self.memory, "clock": self.clock, "ids": self.ids}
        return Callers(self.tables, lambda: KEY, **{**given, **changes})

    def says(
        self, words: str, contact: str = CONTACT, turn: int = 1, *, number: str = PERSON
    ) -> Reply:
        """A caller says something and is answered, as the fulfilment commits it."""
        caller = self.callers.resolve(number, contact)
        generation = self.keys.ensure(caller.conversation, caller.person)
        meta = self.lease.read(caller.conversation)
        claim = self.lease.claim(meta, f"{contact}-{turn:04d}", [], caller.route or "", 20)
        incoming = [Incoming(words, milliseconds(self.clock))]
        noting = [] if caller.proved else self._noting(caller, generation)
        return self.engine().answer(
            claim, incoming, SPOKEN, Deadline.after(8, self.clock), noting, reply_to={}
        )

    def _noting(self, caller: Caller, generation: str) -> list[Action]:
        if caller.person is None or caller.route is None:
            return []
        return [
            self.after_calls.noting(
                caller.conversation,
                started_at=self.began,
                route=caller.route,
                reply_to=caller.reply_to,
                seals=self.keys.seals(caller.conversation, generation),
                keep_after_seconds=KEEP_AFTER,
            )
        ]

    def holds(self, words: str, contact: str = CONTACT, turn: str = "t-0002") -> Caller:
        """A caller's words come too late for an answer on the line, and are held."""
        caller = self.callers.resolve(PERSON, contact)
        generation = self.keys.ensure(caller.conversation, caller.person)
        holding = self.held.holding(
            caller.conversation,
            contact=contact,
            turn=turn,
            text=words,
            route=caller.route or "",
            reply_to=caller.reply_to,
            seals=self.keys.seals(caller.conversation, generation),
        )
        condition = self.keys.condition(caller.conversation, generation)
        self.tables.transact([holding, condition])
        return caller

    def agrees(self, contact: str = CONTACT, turn: str = "t-0002") -> Release:
        """The caller says yes to a text."""
        caller = self.callers.resolve(PERSON, contact)
        return self.held.release(
            caller.conversation, caller.person or "", contact=contact, turn=turn, receipt_days=30
        )

    def writes(self, words: str) -> Acceptance:
        """The person texts; it is accepted and attended to."""
        accepted = self.arrives(words)
        self.wake(accepted.conversation)
        return accepted

    def arrives(self, words: str, sid: str = "") -> Acceptance:
        """The person texts; it is accepted."""
        self._sids += 1
        self.clock.now += 1
        return self.door.accept(words, sid or f"SMin{self._sids}")

    def wake(self, conversation: str, tries: int = 12) -> None:
        """Wake-ups reach a conversation until it has come to rest."""
        for _ in range(tries):
            deadline = Deadline.after(30, self.clock)
            again = self.worker().attend(conversation, deadline)
            if again is None and self.lease.busy_seconds(self.lease.read(conversation)) == 0:
                return
            self.clock.now += again or 21
        raise AssertionError("the conversation never came to rest")

    def hangs_up(self, contact: str = CONTACT) -> None:
        """The call is over, and the sweep wakes its conversation when that is due."""
        self.clock.now += KEEP_AFTER + 1
        self.wake(f"call#{contact}")

    def opts_out(self) -> None:
        """The person says STOP."""
        route = self.callers.resolve(PERSON, CONTACT).route or ""
        out = self.consents.changing(
            self.person, route, Consent.OUT, at=1, by="SM", at_is_carriers=False
        )
        self.tables.write(out)

    def knows_us(self) -> None:
        """The person was told before who answers."""
        route = self.callers.resolve(PERSON, CONTACT).route or ""
        self.tables.write(self.consents.introducing(self.person, route, 1))

    def forgets(self) -> None:
        """FORGET begins, for all conversations of the person."""
        self.forgetting().begin_all(self.conversation)

    def of_person(self, prefix: str) -> list[dict[str, Any]]:
        """The person's items in `people`."""
        return self.tables.query(self.tables.people, person_key(self.person), prefix, limit=500)

    def of(self, conversation: str, prefix: str) -> list[dict[str, Any]]:
        """A conversation's items."""
        return self.tables.query(self.tables.conversations, conversation, prefix, limit=500)

    def remembered(self) -> list[str]:
        """What the person's own conversation says, opened, in order."""
        generation = self.keys.find(self.conversation)
        if generation is None:
            return []
        seals = self.keys.seals(self.conversation, generation)
        return [
            open_message(item, seals).text
            for item in self.of(self.conversation, "message#")
            if item["generation"] == generation
        ]

    def silent_for(self, days: int) -> None:
        """The number was not heard of for so long."""
        item = self.tables.get(self.tables.people, f"address#{self.hashed}", "person") or {}
        item["last_seen"] = int(self.clock.now) - days * 86_400
        self.tables.write(put(self.tables.people, item))
