"""A world around one person's conversation: its workers, its carrier, its clocks and its troubles.

Everything of ours is real: acceptance, responder, engine, delivery, FORGET, sweep. The store, KMS,
the carrier and the model are played, and whoever calls them may be stopped there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import HumanMessage

from conversation.deadline import Deadline
from conversation.history import DynamoDBHistory
from conversation.ids import turn_reference
from conversation.items import Item
from conversation.keys import Keys, KeyUnavailableError
from conversation.switch import Switch
from conversation.tables import StoreBusyError, Tables
from messaging.carrier_listing import list_and_accept
from messaging.signature import SignatureCheck
from messaging.status import StatusReports, respond
from messaging.waking import Waking
from tests.services.interleaving import Task
from tests.services.ledger import Said
from tests.services.played_kms import vault_of
from tests.services.texting_parts import PUBLIC, SENDER, secret, signed
from tests.services.world_calls import Calls
from tests.services.world_carrier import (
    NAMES,
    OUTCOMES,
    SKEW_SECONDS,
    SMS,
    WHATSAPP,
    Clock,
)
from texting.consent import Consents
from texting.delivery_path import STATUS_PATH
from texting.wakeups import Wakeups, conversation_of

__all__ = ["NAMES", "OUTCOMES", "SKEW_SECONDS", "SMS", "WHATSAPP", "World"]


class World(Calls):
    """One person, their texts and their call, two of each worker, and whatever may befall them."""

    def delivers(self, sid: str, door: int = 0) -> Task:
        """The carrier delivers something that the person sent, perhaps not for the first time."""
        self.now += 0.01
        said = self.ledger.said[sid]
        said.began = self.ledger.writes if said.began is None else said.began
        return self.scheduler.start(f"deliver {sid}", lambda: self.deliver(sid, door), self.now)

    def says(
        self, words: str, channel: str = SMS, *, confirms: bool = False, sent_at: int | None = None
    ) -> str:
        """The person sends something; returns its id. It arrives when it is delivered."""
        sid = f"SMin{len(self.ledger.said)}"
        self.ledger.said[sid] = Said(
            words, channel, confirms=confirms, sent_at=sent_at, said_at=int(self.now) * 1000
        )
        self.unheard.add(sid)
        self.carrier.copies.add(sid)
        return sid

    def hears(self, words: str, channel: str = SMS, **more: Any) -> str:
        """The person sends something, and it is delivered without any trouble."""
        sid = self.says(words, channel, **more)
        self.scheduler.run(self.delivers(sid))
        return sid

    def asks_forget(self) -> str:
        """The person asks to be forgotten; gives the id of what confirms it.

        In a pause nothing is said, so they ask once more and confirm nothing.
        """
        reply = self.replies.get(self.hears("FORGET"))
        if not reply:
            return self.says("FORGET")
        code = reply.partition("FORGET ")[2][:4]
        return self.says(f"FORGET {code}", confirms=True)

    def wakes(self, worker: int = 0) -> Task:
        """A wake-up reaches a responder."""
        task = self.scheduler.start(f"attend {worker}", lambda: self.responds(worker), self.now)
        self.skewed[task] = self.offsets[worker]
        return task

    def does(self, *steps: Callable[[], Any], worker: int = 0) -> Task:
        """Several things, one after the other, by this responder's clock."""
        task = self.scheduler.start("does", lambda: _each(steps), self.now)
        self.skewed[task] = self.offsets[worker]
        return task

    def sweeps(self) -> Task:
        """The sweep's minute."""
        waking = Waking(
            self._tables(), Wakeups("q", lambda: self.queue), 25,
            clock=Clock(self), sleep=lambda _: None,
        )  # fmt: skip
        deadline = Deadline.after(50, Clock(self))
        return self.scheduler.start(
            "sweep", lambda: _ignore(lambda: waking.run(deadline)), self.now
        )

    def lists(self) -> Task:
        """The sweep asks the carrier for its log of what came in, with the time of each."""
        tables, deadline = self._tables(), Deadline.after(50, Clock(self))
        acceptor, since = self.acceptor(tables), int(self.now - 3600) * 1000
        senders = [f"{channel}{SENDER}" for channel in (SMS, WHATSAPP)]

        def listing() -> None:
            list_and_accept(
                self.carrier, acceptor, lambda *_: None,
                senders=senders, since=since, deadline=deadline,
            )  # fmt: skip

        return self.scheduler.start("listing", lambda: _ignore(listing), self.now)

    def writes_elsewhere(self, words: str) -> Task:
        """Another program of the operator's adds to the same memory."""
        history = DynamoDBHistory(self._tables(), self.name, clock=Clock(self))
        message = HumanMessage(words)
        return self.scheduler.start(
            "history", lambda: _ignore(lambda: history.add_messages([message])), self.now
        )

    def clears_elsewhere(self, words: str) -> Task:
        """The same, and deletes the messages."""
        history = DynamoDBHistory(self._tables(), self.name, clock=Clock(self))
        return self.does(lambda: history.add_messages([HumanMessage(words)]), history.clear)

    def reports(self) -> Task:
        """The carrier reports on the last text that it took."""
        text = self.carrier.taken[-1]
        reference = turn_reference(self.name, text["turn"])
        form = {"MessageSid": text["sid"], "MessageStatus": "delivered"}
        event = signed(STATUS_PATH + reference, form, pathParameters={"turn": reference})
        reports = StatusReports(SignatureCheck(secret(), PUBLIC), self._tables())
        return self.scheduler.start("report", lambda: _ignore(lambda: respond(reports, event)))

    def throws_switch(self, *, paused: bool) -> None:
        """The operator pauses the stack, or resumes."""
        Switch(self.clean, Clock(self)).throw(paused=paused)
        self.paused_at = self.now if paused else None

    def end(self) -> None:
        """Nobody goes on."""
        self.scheduler.kill_all()
        self._patch.undo()

    def stored(self, prefix: str = "") -> list[Item]:
        """The conversation's items."""
        return self.clean.query(self.clean.conversations, self.name, prefix, limit=2000)

    def check(self) -> None:
        """Raise the first violation, if there is any."""
        for violation in self.ledger.violations:
            raise violation

    def rest(self) -> None:
        """When the trouble is over, the sweep and the carrier's retries bring all to its end."""
        self.scheduler.kill_all()
        self.faults.clear()
        self.carrier.outcomes.clear()
        self.carrier.away = self.model_fails = False
        if self.paused_at is not None:
            self.throws_switch(paused=False)
        for sid in sorted(self.unheard):
            self.scheduler.run(self.delivers(sid))
        self.queue.sent.clear()
        for _ in range(40):
            self.check()
            due = [item["pending_at"] for item in self.stored() if "pending_at" in item]
            if not due:
                return
            self.now = max(self.now + 1, min(due) / 1000 + SKEW_SECONDS / 2 + 1)
            self.scheduler.run(self.sweeps())
            woken = [conversation_of(one["MessageBody"]) for one in self.queue.sent]
            self.queue.sent.clear()
            for number, _ in enumerate(woken):
                self.scheduler.run(self.wakes(number % 2))
        self.ledger.require(False, "all comes to rest", self.stored())

    def settle(self) -> None:
        """Bring all to rest and look at what is left."""
        self.rest()
        self.check()
        ledger, require = self.ledger, self.ledger.require
        require(not ledger.waiting(), "each text ends in one way", ledger.waiting())
        require(not self.unheard, "all comes to rest", self.unheard)
        for item in self.stored():
            gone = item.get("generation") not in ledger.forgotten
            require(gone, "nothing forgotten is left", item)
            require("forgetting" not in item, "nothing forgotten is left", item)
            given = item["sk"].startswith("turn#") and item.get("messages")
            told = not given or item["delivery"] not in {"waiting", "sending"}
            require(told, "every answer is delivered", item)
        self._look_for_copies()
        self._look_at_consent()
        for generation in ledger.forgotten:
            cold = replace(self.clean, vault=vault_of(self.kms))
            require(not _opens(cold, self.name, generation), "nothing forgotten opens")
        self.check()

    def _look_at_consent(self) -> None:
        """Once the carrier's log was read, the last word that was sent is what counts."""
        if not self.ledger.channels:
            return
        self.scheduler.run(self.lists())
        self.scheduler.run(self.lists())
        for route, out in self.ledger.last_words().items():
            found = Consents(self.clean).opted_out(self.name.removeprefix("person#"), route)
            self.ledger.require(found == out, "consent is what was sent last", route)

    def _look_for_copies(self) -> None:
        """Of what was forgotten the carrier holds nothing, whether it told us of it or not."""
        heard = [sid for sid, one in self.ledger.said.items() if one.generation]
        left = [s for s in heard if self.ledger.said[s].generation in self.ledger.forgotten]
        for turn, item in self.ledger.turns.items():
            if item["generation"] in self.ledger.forgotten:
                left += [text["sid"] for text in self.carrier.taken if text["turn"] == turn]
        kept = self.carrier.copies & set(left)
        self.ledger.require(not kept, "no copy is left of what was forgotten", kept)


def _each(steps: Sequence[Callable[[], Any]]) -> None:
    for step in steps:
        step()


def _ignore(call: Callable[[], Any]) -> None:
    """A part that comes again by itself may fail for want of the store or of KMS."""
    try:
        call()
    except (StoreBusyError, KeyUnavailableError):
        return


def _opens(tables: Tables, conversation: str, generation: str) -> bool:
    try:
        Keys(tables).seals(conversation, generation)
    except Exception:  # noqa: BLE001  forgotten, lost, other: it does not open
        return False
    return True
