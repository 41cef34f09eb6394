"""Parts for the tests of texting: a moved clock, a played carrier, a signed request, a turn."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from conversation.codec import Role
from conversation.ids import Ids
from conversation.keys import Keys
from conversation.lease import Lease
from conversation.messages import message_sk
from conversation.meta import Claim
from conversation.outcomes import Outcome, TurnState
from conversation.persons import Persons, address_hash, person_key, route_of
from conversation.secrets import JsonSecret
from conversation.tables import Tables, put
from conversation.turns import Turn, Turns
from texting.carrier_outcomes import Accepted, CarrierMessage, CarrierUnavailableError, SendOutcome
from texting.recipients import Recipients

ADDRESS_KEY = b"k" * 32
TOKEN = "token"
PUBLIC = "https://text.example.com/prod"
SENDER, PERSON = "+13035550100", "+13035550111"


class Clock:
    """Seconds that only a test moves; epoch and monotonic at once."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now

    @property
    def ms(self) -> int:
        """The same in milliseconds."""
        return int(self.now * 1000)


class Vault:
    """A Secrets Manager with one secret."""

    def __init__(self) -> None:
        key = base64.b64encode(ADDRESS_KEY).decode()
        self.value: dict[str, Any] | None = {"auth_token": TOKEN, "address_key": key}

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        """One read."""
        if self.value is None:
            code = "ResourceNotFoundException"
            raise ClientError({"Error": {"Code": code}}, "GetSecretValue")
        return {"SecretString": json.dumps(self.value)}


def secret(vault: Vault | None = None) -> JsonSecret:
    """The carrier's secret."""
    vault = vault or Vault()
    return JsonSecret("arn", lambda: vault)


def signed(path: str, form: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A REST API event as the carrier would cause it, signed by hand."""
    text = f"{PUBLIC}{path}" + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": base64.b64encode(digest).decode(),
    }
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "queryStringParameters": None,
        "pathParameters": None,
        "body": urlencode(form),
        "isBase64Encoded": False,
        **changes,
    }


@dataclass
class Queue:
    """An SQS client that only remembers."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    failing: bool = False

    def send_message(self, **message: Any) -> None:
        """One wake-up."""
        if self.failing:
            raise ConnectionError("the queue is gone")
        self.sent.append(message)


@dataclass
class PlayedCarrier:
    """A carrier that does what a test has it do, and remembers what reached it.

    Each entry of `script` is an outcome, or a function that is called with the sid and returns
    one; a sid that a function keeps in `arrived` did reach the carrier.
    """

    clock: Clock
    script: list[SendOutcome | Callable[[str], SendOutcome]] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    listed: list[CarrierMessage] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    unavailable: bool = False
    timeout_seconds: float = 5.0
    messaging_service_sid: str = ""

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """One attempt."""
        sid = f"SM{len(self.sent)}"
        self.sent.append({"sender": sender, "to": to, "body": body, "callback": status_callback})
        step = self.script.pop(0) if self.script else Accepted(sid)
        return step(sid) if callable(step) else step

    def arrives(self, sid: str, **more: Any) -> None:
        """Have a message of ours turn up in the listing."""
        given = {
            "sid": sid,
            "direction": "outbound-api",
            "sender": SENDER,
            "to": PERSON,
            "body": "hi",
            "media": 0,
            "status": "sent",
            "error_code": None,
            "created_at": self.clock.ms,
            **more,
        }
        self.listed.insert(0, CarrierMessage(**given))

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """What was sent there since then."""
        if self.unavailable:
            raise CarrierUnavailableError("down")
        self.asked.append((address, since))
        return [
            message
            for message in self.listed
            if message.to == address and (message.created_at or 0) >= since
        ]

    def list_inbound(self, sender: str, since: int) -> list[CarrierMessage]:
        """What came in there since then."""
        if self.unavailable:
            raise CarrierUnavailableError("down")
        return [m for m in self.listed if m.to == sender and (m.created_at or 0) >= since]


def recipients(tables: Tables) -> Recipients:
    """Says where replies may go."""
    return Recipients(tables, lambda: ADDRESS_KEY)


class OpenTurns:
    """Conversations with a turn that is answered and not yet delivered."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self.tables = tables
        self.clock = clock
        self.ids = Ids(clock)
        self.lease = Lease(tables, clock)
        self.turns = Turns(tables)
        person = Persons(tables, clock, self.ids).find_or_create(address_hash(PERSON, ADDRESS_KEY))
        self.person = person
        self.conversation = person_key(person)
        self.keys = Keys(tables, clock)
        self.generation = self.keys.ensure(self.conversation, person)
        self.route = route_of(SENDER, PERSON, ADDRESS_KEY)

    def answered(
        self, text: str = "an answer", *, sender: str = SENDER, to: str = PERSON
    ) -> tuple[Claim, Turn]:
        """Claim, commit an answer, and stop there."""
        meta = self.lease.read(self.conversation)
        route = route_of(sender, PERSON, ADDRESS_KEY)
        claim = self.lease.claim(meta, self.ids.new(), [], route, 20)
        turn = self._turn(claim, {"from": sender, "to": to})
        self.tables.transact(
            [
                self.lease.committing(claim, 1, TurnState.ANSWERED),
                self._message(claim, text),
                self.turns.putting(turn),
            ]
        )
        return self.taken(), turn

    def taken(self, *, later_seconds: float = 0) -> Claim:
        """Take over the open turn, once its lease has run out."""
        self.clock.now += later_seconds
        meta = self.lease.read(self.conversation)
        if self.lease.busy_seconds(meta):
            self.clock.now += self.lease.busy_seconds(meta) + 0.001
        return self.lease.take_over(meta, None, 20)

    def annotate(self, turn: Turn, **changes: Any) -> None:
        """Another worker wrote this into a turn."""
        self.tables.write(self.turns.annotating(turn, changes))

    def read(self, turn: Turn) -> Turn:
        """A turn as it is now."""
        found = self.turns.read(turn.conversation, turn.id)
        assert found is not None
        return found

    def _turn(self, claim: Claim, reply_to: dict[str, str]) -> Turn:
        turn = Turn(
            conversation=self.conversation,
            id=claim.turn.id,
            generation=self.generation,
            outcome=Outcome.ANSWERED,
            route=claim.turn.route,
            messages=[claim.sequence],
            inbox=[],
            attempts=1,
            created_at=self.clock.ms,
            expires_at=int(self.clock.now) + 86_400,
            stages={"model": 5},
        )
        return self.turns.sealed(turn, reply_to)

    def _message(self, claim: Claim, text: str) -> Any:
        sk = message_sk(claim.sequence)
        seals = self.keys.seals(self.conversation, self.generation)
        item: dict[str, Any] = {
            "pk": self.conversation,
            "sk": sk,
            "role": "ai",
            "turn": claim.turn.id,
            "generation": self.generation,
            "schema": 1,
        }
        item["content"] = seals.seal(text, item, Role.AI)
        return put(self.tables.conversations, item)
