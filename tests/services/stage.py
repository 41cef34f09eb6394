"""A responder on stage: real parts over any tables, with a played model, carrier and clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conversation.accounting import Accounting
from conversation.allowances import Allowances, Limits
from conversation.deadline import Deadline
from conversation.exchange import EngineSettings
from conversation.forgetting import Forgetting
from conversation.ids import Ids
from conversation.keys import Keys
from conversation.lease import Lease
from conversation.messages import open_message
from conversation.models import ModelChain, NamedModel
from conversation.persons import Persons, address_hash, person_key, route_of
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.turn import Engine
from conversation.turns import Turns
from messaging import profile
from messaging.answering import Answering, Timing
from messaging.introduction import Introduction
from messaging.keeping import Keeping
from messaging.offering import Offering
from messaging.replying import Replying
from messaging.settling import Settling
from tests.services.played_parts import (
    PlayedCarrier,
    PlayedClock,
    PlayedCopies,
    PlayedModel,
    PlayedQueue,
    Script,
    echo,
)
from texting.consent import Consents
from texting.consent_order import ConsentOrder
from texting.delivery import Delivery
from texting.inbox import Inbox
from texting.recipients import Recipients
from texting.wakeups import Wakeups

KEY = b"k" * 32
SENDER, PERSON = "+13035550100", "+13035550111"
TIMING = Timing(answer_seconds=8, lease_seconds=20, send_seconds=2, message_days=30)


class Stage:
    """One person texting one number, and as many workers as a test wants."""

    def __init__(self, tables: Tables, script: Script = echo, *, settle_seconds: float = 0) -> None:
        self.tables = tables
        self.clock = PlayedClock()
        self.ids = Ids(self.clock)
        self.queue = PlayedQueue()
        self.carrier = PlayedCarrier(self.clock)
        self.copies = PlayedCopies(self.carrier)
        self.model = PlayedModel(script=script, seen=[])
        self.models = [NamedModel("played:one", lambda: self.model)]
        self.inbox = Inbox(tables, self.clock, self.ids)
        self.lease = Lease(tables, self.clock)
        self.turns = Turns(tables)
        self.keys = Keys(tables, self.clock)
        self.consents = Consents(tables)
        self.settle_seconds = settle_seconds
        self.settings = EngineSettings("You help.", window_messages=20)
        self.texts = Texts()
        self.person_limits, self.stack_limits = Limits(), Limits()
        self.person = Persons(tables, self.clock, self.ids).find_or_create(
            address_hash(PERSON, KEY)
        )
        self.conversation = person_key(self.person)
        self.route = route_of(SENDER, PERSON, KEY)
        self.key = self.keys.ensure_record(self.conversation, self.person)
        self.generation = self.key.generation
        self._texts = 0
        self.introduced = True
        """Whether whoever writes was told before who answers."""

    def text(self, words: str, *, channel: str = "", media: int = 0) -> str:
        """A text is accepted, on SMS or on `whatsapp:`; returns its sid."""
        self._texts += 1
        route = route_of(channel + SENDER, PERSON, KEY)
        if self.introduced:
            self.tables.write(self.consents.introducing(self.person, route, 1))
        sid = f"SM{self._texts:032x}"
        self.clock.now += 0.01
        put = self.inbox.put_item(
            self.conversation,
            sid=sid,
            text=words,
            media=media,
            reply_to={"from": channel + SENDER, "to": channel + PERSON},
            route=route,
            seals=self.key.sealer,
            look_after_seconds=20,
        )
        self.tables.transact([put, self.keys.condition(self.conversation, self.generation)])
        return sid

    def engine(
        self,
        tables: Tables | None = None,
        segments: Callable[[str], int] | None = profile.segments,
    ) -> Engine:
        """The engine, by default over the own tables, and of texts."""
        chain = ModelChain(self.models, sleep=lambda _: None)
        tables = tables or self.tables
        allowances = Allowances(
            tables,
            person=self.person_limits,
            stack=self.stack_limits,
            stack_usage=StackUsage(tables, self.clock),
            clock=self.clock,
        )
        return Engine(
            tables, chain, self.settings, clock=self.clock, allowances=allowances, segments=segments
        )

    def worker(self, tables: Tables | None = None, timing: Timing = TIMING) -> Answering:
        """A responder, by default over the stage's own tables."""
        tables = tables or self.tables
        lease, inbox = Lease(tables, self.clock), Inbox(tables, self.clock, self.ids)
        engine = self.engine(tables)
        return Answering(
            lease=lease,
            inbox=inbox,
            engine=engine,
            turns=Turns(tables),
            delivery=Delivery(
                tables,
                self.carrier,
                lease,
                self.recipients(tables),
                public_url="https://example.test",
                function_timeout_seconds=15,
                clock=self.clock,
                monotonic=self.clock,
            ),
            replying=self._replying(tables, inbox, engine),
            offering=Offering(
                tables,
                engine,
                self.recipients(tables),
                Introduction(Consents(tables), self.texts, self.clock),
                self.texts,
                clock=self.clock,
            ),
            switch=Switch(tables, self.clock),
            forgetting=self.forgetting(tables),
            accounting=Accounting(StackUsage(tables, self.clock)),
            wakeups=Wakeups("https://queue.test/wakeups.fifo", lambda: self.queue),
            settling=Settling(
                lease,
                inbox,
                quiet_seconds=self.settle_seconds,
                cap_seconds=5,
                clock=self.clock,
                sleep=self.clock.sleep,
            ),
            timing=timing,
            clock=self.clock,
            ids=self.ids,
            sleep=self.clock.sleep,
        )

    def _replying(self, tables: Tables, inbox: Inbox, engine: Engine) -> Replying:
        return Replying(
            inbox=inbox,
            recipients=self.recipients(tables),
            engine=engine,
            consents=Consents(tables),
            order=ConsentOrder(tables),
            carrier=self.carrier,
            introduction=Introduction(Consents(tables), self.texts, self.clock),
            keeping=Keeping(
                tables,
                engine,
                self.texts,
                window_tokens=self.settings.window_tokens,
                message_days=self.settings.message_days,
                clock=self.clock,
            ),
            message_days=TIMING.message_days,
        )

    def recipients(self, tables: Tables) -> Recipients:
        """What says where replies may go."""
        return Recipients(tables, lambda: KEY)

    def forgetting(self, tables: Tables | None = None) -> Forgetting:
        """What forgets, by default in the stage's own tables."""
        tables = tables or self.tables
        return Forgetting(tables, self.copies, settled_seconds=75, clock=self.clock)

    def attend(self, worker: Answering | None = None, seconds: float = 30) -> float | None:
        """A wake-up reaches a worker whose function has this long."""
        deadline = Deadline.after(seconds, self.clock)
        return (worker or self.worker()).attend(self.conversation, deadline)

    def attend_until_done(self, tries: int = 12) -> None:
        """Wake-ups keep coming, each when it is due, until one is dealt with."""
        for _ in range(tries):
            again = self.attend()
            if again is None and self.lease.busy_seconds(self.lease.read(self.conversation)) == 0:
                return
            self.clock.now += again or 21
        raise AssertionError("the conversation never came to rest")

    def items(self, prefix: str) -> list[dict[str, Any]]:
        """The conversation's items whose sort key begins so."""
        return self.tables.query(self.tables.conversations, self.conversation, prefix, limit=500)

    def words(self) -> list[str]:
        """What the messages say, opened, in order."""
        seals = self.keys.seals(self.conversation, self.generation)
        return [open_message(item, seals).text for item in self.items("message#")]

    def bodies(self) -> list[str]:
        """What the carrier was given to send."""
        return [text["body"] for text in self.carrier.sent]
