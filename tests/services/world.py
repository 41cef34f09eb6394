"""A world around one person's conversation: its workers, its carrier, its clocks and its troubles.

Everything of ours is real: acceptance, responder, engine, delivery, FORGET, sweep. The store, KMS,
the carrier and the model are played, and whoever calls them may be stopped there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from conversation.allowances import Limits
from conversation.deadline import Deadline
from conversation.erasing import CopiesUnavailableError
from conversation.history import DynamoDBHistory
from conversation.ids import parse_turn_reference, turn_reference
from conversation.items import Item
from conversation.keys import Keys, KeyUnavailableError
from conversation.persons import address_hash, person_key
from conversation.switch import Switch
from conversation.tables import StoreBusyError, Tables
from conversation.vault import Vault
from messaging.accept import Acceptor
from messaging.answering import Answering, Timing
from messaging.inbound import InboundText
from messaging.signature import SignatureCheck
from messaging.status import StatusReports, respond
from messaging.waking import Waking
from tests.services.interleaving import Scheduler, Task
from tests.services.ledger import OTHERS, Ledger, Said
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import KEY as KMS_KEY
from tests.services.played_kms import PlayedKms, vault_of
from tests.services.stage import PlayedModel, Stage
from tests.services.stepped_store import Faults, SteppedKms, SteppedStore
from tests.services.texting_parts import ADDRESS_KEY, PERSON, PUBLIC, SENDER, secret, signed
from texting.carrier_outcomes import (
    Accepted,
    CarrierMessage,
    NotSent,
    Refused,
    SendOutcome,
    Unknown,
)
from texting.delivery_path import STATUS_PATH
from texting.wakeups import Wakeups, conversation_of

FUNCTION_SECONDS = 15
SKEW_SECONDS = 60
SMS, WHATSAPP = "", "whatsapp:"
TIMING = Timing(answer_seconds=8, lease_seconds=20, send_seconds=2, message_days=30)
NAMES = ("people-0", "conversations-0", "keys-0")

TAKEN = {"accepted", "answer lost"}
OUTCOMES = ("accepted", "refused", "not sent", "answer lost", "request lost")


@dataclass
class Clock:
    """A worker's clock, so many seconds off the true one."""

    world: World
    off: float = 0.0

    def __call__(self) -> float:
        """Epoch seconds, as this worker has them."""
        return self.world.now + self.off

    def sleep(self, seconds: float) -> None:
        """Waiting lets time pass for everybody."""
        self.world.pass_time(seconds)


@dataclass
class Carrier:
    """Takes texts as it is told to, lists what it took, and holds copies until they are erased."""

    world: World
    outcomes: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    copies: set[str] = field(default_factory=set)
    away: bool = False
    timeout_seconds: float = 2.0
    messaging_service_sid: str = ""

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """One attempt; a worker may be stopped before it arrives, and before it hears of it."""
        turn = parse_turn_reference(status_callback.rpartition("/")[2])[1]
        self.world.ledger.send_begins(turn)
        self.world.scheduler.point("send")
        outcome = self.outcomes.pop(0) if self.outcomes else "accepted"
        sid = f"SMout{len(self.taken)}"
        if outcome in TAKEN:
            once = all(text["turn"] != turn for text in self.taken)
            self.world.ledger.require(once, "no reply is sent twice", (turn, body))
            self.taken.append(
                {"sid": sid, "sender": sender, "to": to, "body": body, "turn": turn}
                | {"at": int(self.world.now * 1000)}
            )
            self.copies.add(sid)
        self.world.scheduler.point("sent")
        ends: dict[str, SendOutcome] = {
            "accepted": Accepted(sid, "queued", None),
            "refused": Refused(63016),
            "not sent": NotSent("429"),
        }
        return ends.get(outcome, Unknown("time-out"))

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """What it took for an address, newest first."""
        self.world.scheduler.point("list")
        return [
            CarrierMessage(
                sid=text["sid"], sender=text["sender"], to=text["to"], body=text["body"],
                direction="outbound-api", status="sent", error_code=None, service="",
                created_at=text["at"], media=0,
            )
            for text in reversed(self.taken)
            if text["to"] == address and text["at"] >= since and text["sid"] in self.copies
        ]  # fmt: skip

    def erase(self, sid: str) -> bool:
        """Delete a copy."""
        self.world.scheduler.point("erase")
        if self.away:
            raise CopiesUnavailableError
        self.copies.discard(sid)
        return True

    def sent_back(self, sid: str, since: int, until: int) -> list[str] | None:
        """What it holds of what it took for who sent a message; None without the message."""
        self.world.scheduler.point("list")
        if self.away:
            raise CopiesUnavailableError
        if sid not in self.copies:
            return None
        address = self.world.ledger.said[sid].channel + PERSON
        return [
            text["sid"]
            for text in reversed(self.taken)
            if text["to"] == address and since <= text["at"] <= until
            if text["sid"] in self.copies
        ]


class World(Stage):
    """One person, two channels, two responders, and whatever may befall them."""

    carrier: Any
    copies: Any
    clock: Any

    def __init__(self, *, turns_a_day: int = 0, skew: float = 0.0) -> None:
        self.now = 1_800_000_000.0
        self.scheduler = Scheduler()
        self.memory, self.faults, self.kms = MemoryDynamoDB(), Faults(), PlayedKms()
        self.clean = Tables(self.memory, *NAMES, lambda _: None, vault_of(self.kms))
        self.skewed: dict[Task, float] = {}
        self._patch = pytest.MonkeyPatch()
        # Ids decide shards and orders: the same in every run, or nothing found could be repeated.
        chance = random.Random(1)
        self._patch.setattr("secrets.randbits", chance.getrandbits)
        self._patch.setattr("secrets.token_hex", lambda size: chance.randbytes(size).hex())
        super().__init__(self.clean)
        self.memory.tables.clear()
        self.clock = Clock(self)
        self.carrier = Carrier(self)
        self.copies = self.carrier
        self.settings = replace(self.settings, window_messages=400, window_tokens=1_000_000)
        self.person_limits = Limits(turns_per_day=turns_a_day)
        self.model = PlayedModel(script=self._answer, seen=[])
        self.model_fails = False
        self.paused_at: float | None = None
        self.replies: dict[str, str | None] = {}
        self.unheard: set[str] = set()
        self.ledger = Ledger(
            opened=self._opened, now=lambda: int(self.now * 1000), turns_a_day=turns_a_day,
            writers_now=lambda: int((self.now + self._off()) * 1000),
            sid_is_of=self._is_of,
        )  # fmt: skip
        self.offsets = (-skew / 2, skew / 2)
        for module in ("sealing", "keys"):
            self._patch.setattr(f"conversation.{module}.note_broken", self._alarmed)
        self.workers = [self.responder(Clock(self, off)) for off in self.offsets]
        self.acceptors = [self._acceptor() for _ in range(2)]

    # What happens.

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
        self.ledger.said[sid] = Said(words, channel, confirms=confirms, sent_at=sent_at)
        self.unheard.add(sid)
        self.carrier.copies.add(sid)
        return sid

    def hears(self, words: str, channel: str = SMS, **more: Any) -> str:
        """The person sends something, and it is delivered without any trouble."""
        sid = self.says(words, channel, **more)
        self.scheduler.run(self.delivers(sid))
        return sid

    def asks_forget(self) -> str:
        """The person asks to be forgotten; gives the id of what confirms it."""
        reply = self.replies[self.hears("FORGET")] or ""
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

    def pass_time(self, seconds: float) -> None:
        """Time passes for everybody; whoever has had a function's time is ended."""
        self.now += seconds
        for task in list(self.scheduler.tasks):
            if self.now - task.born >= FUNCTION_SECONDS and task is not self.scheduler.running:
                self.kill(task)

    def kill(self, task: Task) -> None:
        """A worker's process ends where it is."""
        self.ledger.deaths += 1
        self.scheduler.kill(task)

    def end(self) -> None:
        """Nobody goes on."""
        self.scheduler.kill_all()
        self._patch.undo()

    # What is found.

    @property
    def name(self) -> str:
        """The conversation's."""
        found = self.clean.get(self.clean.people, f"address#{_hashed()}", "person") or {}
        return person_key(found["person"]) if found else ""

    def stored(self, prefix: str = "") -> list[Item]:
        """The conversation's items."""
        return self.clean.query(self.clean.conversations, self.name, prefix, limit=2000)

    def check(self) -> None:
        """Raise the first violation, if there is any."""
        for violation in self.ledger.violations:
            raise violation

    # How it is done.

    def _off(self) -> float:
        return self.skewed.get(self.scheduler.running, 0.0) if self.scheduler.running else 0.0

    def _alarmed(self, conversation: str, sk: str) -> None:
        self.ledger.require(False, "nothing raises an alarm", (conversation, sk))

    def _is_of(self, sid: str, turn: str) -> bool:
        return any(text["sid"] == sid and text["turn"] == turn for text in self.carrier.taken)

    def _tables(self, clock: Clock | None = None) -> Tables:
        """The tables and KMS as one worker has them."""
        clock = clock or Clock(self)
        point = self.scheduler.point
        store = SteppedStore(self.memory, self.faults, point, self.ledger.wrote)
        kms = SteppedKms(self.kms, self.faults, point)
        vault = Vault(lambda: kms, KMS_KEY, clock=clock, sleep=lambda _: clock.sleep(1))
        return Tables(store, *NAMES, lambda _: None, vault)

    def responder(self, clock: Clock | None = None) -> Answering:
        """A new worker, which knows no key."""
        clock = clock or Clock(self)
        true, self.clock = self.clock, clock
        try:
            return self.worker(self._tables(clock), TIMING)
        finally:
            self.clock = true

    def _acceptor(self) -> Acceptor:
        return Acceptor(
            self._tables(), lambda: ADDRESS_KEY, receipt_days=30, look_after_seconds=20,
            carrier_answers_words=True, clock=Clock(self),
        )  # fmt: skip

    def deliver(self, sid: str, door: int = 0) -> None:
        """What a webhook does."""
        said = self.ledger.said[sid]
        channel = said.channel
        inbound = InboundText(
            sid=sid, sender=channel + SENDER, address=channel + PERSON, text=said.words,
            sent_at=said.sent_at,
        )  # fmt: skip
        try:
            accepted = self.acceptors[door].accept(inbound)
        except (StoreBusyError, KeyUnavailableError):
            return  # 503: it is delivered again
        except Exception as error:  # noqa: BLE001  what else ends a worker is a find
            self.ledger.require(False, "a worker ends well", repr(error))
            return
        if accepted.wakes:
            self.scheduler.point("wake")
            self.queue.sent.append({"MessageBody": f'{{"conversation":"{accepted.conversation}"}}'})
        self.replies[sid] = accepted.reply
        woken = accepted.wakes or said.effect not in {"inbox", "forget"}
        self.ledger.require(woken, "whatever was accepted is woken for", sid)
        self.unheard.discard(sid)

    def responds(self, worker: int = 0) -> None:
        """What a responder does."""
        deadline = Deadline.after(FUNCTION_SECONDS - 1, Clock(self))
        try:
            self.workers[worker].attend(self.name, deadline)
        except (StoreBusyError, KeyUnavailableError):
            return
        except RuntimeError as error:
            self.ledger.deaths += 1
            self.ledger.require("model" in str(error), "a worker ends well", repr(error))
        except Exception as error:  # noqa: BLE001  what else ends a worker is a find
            self.ledger.require(False, "a worker ends well", repr(error))

    def _answer(self, messages: Sequence[BaseMessage]) -> str:
        running = self.scheduler.running
        if running is not None and self.paused_at is not None:
            early = running.born > self.paused_at + FUNCTION_SECONDS
            self.ledger.require(not early, "nothing is answered in a pause", running.name)
        self.scheduler.point("model")
        if self.model_fails:
            raise RuntimeError("the model is away")
        heard = [str(message.content) for message in messages if message.type == "human"]
        return "re " + ",".join(one for one in heard if not one.startswith(OTHERS))

    def _opened(self, item: Item) -> str:
        seals = Keys(self.clean).seals(item["pk"], item["generation"])
        return seals.open(item["content"], sk=item["sk"], role=item["role"])

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
        words = [one for one in ledger.said.values() if one.generation == ledger.generation]
        require(bool(words) or not ledger.generation, "a key has a text", ledger.generation)
        for generation in ledger.forgotten:
            cold = replace(self.clean, vault=vault_of(self.kms))
            require(not _opens(cold, self.name, generation), "nothing forgotten opens")
        self.check()

    def _look_for_copies(self) -> None:
        """Of what was forgotten the carrier holds nothing, whether it told us of it or not."""
        heard = [sid for sid, one in self.ledger.said.items() if one.generation]
        left = [s for s in heard if self.ledger.said[s].generation in self.ledger.forgotten]
        for turn, item in self.ledger.turns.items():
            if item["generation"] in self.ledger.forgotten:
                left += [text["sid"] for text in self.carrier.taken if text["turn"] == turn]
        kept = self.carrier.copies & set(left)
        self.ledger.require(not kept, "no copy is left of what was forgotten", kept)


def _hashed() -> str:
    return address_hash(PERSON, ADDRESS_KEY)


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
