"""The workers of the world: real parts over a store, KMS, carrier and model that are played."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from conversation.allowances import Limits
from conversation.deadline import Deadline
from conversation.items import Item
from conversation.keys import Keys, KeyUnavailableError
from conversation.messages import open_message
from conversation.persons import address_hash, person_key
from conversation.tables import StoreBusyError, Tables
from conversation.vault import Vault
from messaging.accept import Acceptor
from messaging.answering import Answering
from messaging.inbound import InboundText
from tests.services.interleaving import Scheduler, Task
from tests.services.ledger import OTHERS, Ledger
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import KEY as KMS_KEY
from tests.services.played_kms import PlayedKms, vault_of
from tests.services.played_parts import PlayedModel
from tests.services.stage import Stage
from tests.services.stepped_store import Faults, SteppedKms, SteppedStore
from tests.services.texting_parts import ADDRESS_KEY, PERSON, SENDER
from tests.services.world_carrier import FUNCTION_SECONDS, NAMES, TIMING, Carrier, Clock
from texting.meter import Meter


class Workers(Stage):
    """What takes texts in, answers them and is stopped at every call."""

    carrier: Any
    copies: Any
    clock: Any

    def __init__(
        self, *, turns_a_day: int = 0, skew: float = 0.0, listed_after: float = 0.0
    ) -> None:
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
        # Many a FORGET of a run comes on one day.
        self._patch.setattr("texting.meter.REPLIES_A_DAY", 1_000_000)
        super().__init__(self.clean)
        self.memory.tables.clear()
        self.clock = Clock(self)
        self.carrier = Carrier(self, listed_after=listed_after)
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
            sid_is_of=self._is_of, writer=self._writer,
        )  # fmt: skip
        self.offsets = (-skew / 2, skew / 2)
        for module in ("sealing", "keys"):
            self._patch.setattr(f"conversation.{module}.note_broken", self._alarmed)
        self.workers = [self.responder(Clock(self, off)) for off in self.offsets]
        self.acceptors = [self.acceptor(self._tables()) for _ in range(2)]

    def _off(self) -> float:
        return self.skewed.get(self.scheduler.running, 0.0) if self.scheduler.running else 0.0

    def _writer(self) -> str:
        return self.scheduler.running.name if self.scheduler.running else ""

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

    def acceptor(self, tables: Tables) -> Acceptor:
        """What takes texts in."""
        return Acceptor(
            tables, lambda: ADDRESS_KEY, receipt_days=30, look_after_seconds=20,
            carrier_answers_words=True, clock=Clock(self), meter=Meter(tables, clock=Clock(self)),
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
        return open_message(item, seals).text

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

    @property
    def name(self) -> str:
        """The conversation's."""
        found = self.clean.get(self.clean.people, f"address#{_hashed()}", "person") or {}
        return person_key(found["person"]) if found else ""


def _hashed() -> str:
    return address_hash(PERSON, ADDRESS_KEY)
