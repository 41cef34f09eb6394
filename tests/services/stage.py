"""A responder on stage: real parts over any tables, with a played model, carrier and clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage

from conversation.accounting import Accounting
from conversation.allowances import Allowances, Limits
from conversation.deadline import Deadline
from conversation.erasing import CopiesUnavailableError
from conversation.exchange import EngineSettings
from conversation.forgetting import Forgetting
from conversation.ids import Ids
from conversation.keys import Keys
from conversation.lease import Lease
from conversation.models import ModelChain, NamedModel
from conversation.persons import Persons, person_key, route_of
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.turn import Engine
from conversation.turns import Turns
from messaging.answering import Answering, Timing
from messaging.introduction import Introduction
from messaging.keeping import Keeping
from messaging.offering import Offering
from messaging.profile import segments
from messaging.replying import Replying
from messaging.settling import Settling
from texting.carrier_outcomes import Accepted, CarrierMessage, SendOutcome
from texting.consent import Consents
from texting.delivery import Delivery
from texting.inbox import Inbox
from texting.wakeups import Wakeups

KEY = b"k" * 32
SENDER, PERSON = "+15550100", "+15550111"
TIMING = Timing(answer_seconds=8, lease_seconds=20, send_seconds=2, message_days=30)


class PlayedClock:
    """Epoch seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Waiting moves the clock instead."""
        self.now += seconds


Script = Callable[[Sequence[BaseMessage]], str]


class PlayedModel(GenericFakeChatModel):
    """A LangChain chat model that answers by a function of what it is shown."""

    messages: Any = iter(())
    script: Any = None
    seen: Any = None

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(list(messages))
        self.messages = iter([AIMessage(content=self.script(messages))])
        return super()._generate(messages, *args, **kwargs)


def echo(messages: Sequence[BaseMessage]) -> str:
    """Repeat what the person said last."""
    return f"you said: {messages[-1].content}"


@dataclass
class PlayedCarrier:
    """Takes every text, unless told otherwise."""

    clock: PlayedClock
    sent: list[dict[str, str]] = field(default_factory=list)
    sent_at: dict[str, int] = field(default_factory=dict)
    outcomes: list[SendOutcome | BaseException] = field(default_factory=list)
    timeout_seconds: float = 2.0
    messaging_service_sid: str = ""

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """Take a text, or end as the test wants it."""
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None and not isinstance(outcome, BaseException):
            return outcome
        sid = f"SM{len(self.sent):032d}"
        self.sent.append({"sid": sid, "sender": sender, "to": to, "body": body})
        self.sent_at[sid] = int(self.clock.now * 1000)
        if outcome is not None:
            raise outcome
        return Accepted(sid, "queued", None)

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """What was sent to an address, newest first."""
        return [
            CarrierMessage(
                sid=text["sid"],
                sender=text["sender"],
                to=text["to"],
                body=text["body"],
                direction="outbound-api",
                status="sent",
                error_code=None,
                service="",
                created_at=None,
                media=0,
            )
            for text in reversed(self.sent)
            if text["to"] == address
        ]


@dataclass
class PlayedCopies:
    """A carrier that holds copies until it is asked to delete them.

    Attributes:
        carrier: What it has sent.
        erased: The ids it was asked for, in order.
        kept: Ids that cannot be deleted yet.
        away: Whether it cannot be asked at all.
    """

    carrier: PlayedCarrier
    erased: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    away: bool = False

    def erase(self, sid: str) -> bool:
        """Delete a copy."""
        if self.away:
            raise CopiesUnavailableError
        if sid in self.kept:
            return False
        self.erased.append(sid)
        return True

    def sent_back(self, sid: str, since: int, until: int) -> list[str] | None:
        """What was sent in a time, newest first, and is still there."""
        if self.away:
            raise CopiesUnavailableError
        if sid in self.erased:
            return None
        there = [one for one, at in self.carrier.sent_at.items() if since <= at <= until]
        return [one for one in reversed(there) if one not in self.erased]


@dataclass
class PlayedQueue:
    """An SQS client that only remembers."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    visibility: list[int] = field(default_factory=list)

    def send_message(self, **message: Any) -> None:
        """Remember a wake-up."""
        self.sent.append(message)

    def change_message_visibility(self, **request: Any) -> None:
        """Remember when a wake-up is to come back."""
        self.visibility.append(request["VisibilityTimeout"])

    def conversations(self) -> list[str]:
        """The conversations that were woken."""
        return [json.loads(message["MessageBody"])["conversation"] for message in self.sent]


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
        self.person = Persons(tables, self.clock, self.ids).find_or_create("a" * 64)
        self.conversation = person_key(self.person)
        self.route = route_of(SENDER, PERSON, KEY)
        self.key = self.keys.ensure_record(self.conversation, self.person)
        self.generation = self.key.generation
        self._texts = 0
        self.introduced = True
        """Whether whoever writes was told before who answers."""

    def text(self, words: str, *, route: str | None = None, media: int = 0) -> str:
        """A text is accepted; returns its sid."""
        self._texts += 1
        route = route or self.route
        if self.introduced:
            self.tables.write(self.consents.introducing(self.person, route, 1))
        sid = f"SM{self._texts:032x}"
        self.clock.now += 0.01
        put = self.inbox.put_item(
            self.conversation,
            sid=sid,
            text=words,
            media=media,
            reply_to={"from": SENDER, "to": PERSON},
            route=route,
            seals=self.key.sealer,
            look_after_seconds=20,
        )
        self.tables.transact([put, self.keys.condition(self.conversation, self.generation)])
        return sid

    def engine(self, tables: Tables | None = None) -> Engine:
        """The engine, by default over the own tables."""
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
                public_url="https://example.test",
                function_timeout_seconds=15,
                clock=self.clock,
                monotonic=self.clock,
            ),
            replying=self._replying(tables, inbox, engine),
            offering=Offering(
                tables,
                engine,
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
            engine=engine,
            consents=Consents(tables),
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
        return [
            seals.open(item["content"], sk=item["sk"], role=item["role"])
            for item in self.items("message#")
        ]

    def bodies(self) -> list[str]:
        """What the carrier was given to send."""
        return [text["body"] for text in self.carrier.sent]
