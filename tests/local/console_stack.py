"""A stack without functions behind it, for tests of the console."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from conversation.codec import Role
from conversation.items import Item, to_item
from conversation.persons import address_hash
from local.carrier import Carrier
from local.function_spec import Result
from local.phone import Phone
from local.scripted_model import ScriptedModel
from tests.services.played_kms import KEY as KEY_ARN
from tests.services.played_kms import PlayedKms, conversation_key

ADA = "+13035550111"
KEY = bytes(32)
PERSON = {"pk": f"address#{address_hash(ADA, KEY)}", "sk": "person", "person": "01", "last_seen": 1}
KMS = PlayedKms()
RECORD, SEALS = conversation_key("person#01", KMS)
MESSAGE = {"pk": "person#01", "generation": RECORD.generation, "created_at": 1_000, "schema": 1}
ITEMS: dict[str, list[Item]] = {
    "people": [
        PERSON,
        {"pk": "person#01", "sk": "receipt#SM1", "effect": "inbox"},
        {"pk": "person#01", "sk": "consent#abc#def", "state": "in", "at": 5},
    ],
    "conversations": [
        {"pk": "person#01", "sk": "meta", "sequence": 2, "epoch": 3},
        {
            **MESSAGE,
            "sk": "message#000000000000",
            "role": "human",
            "content": SEALS.seal("hello é", {"sk": "message#000000000000"}, Role.HUMAN),
        },
        {
            **MESSAGE,
            "sk": "message#000000000001",
            "role": "ai",
            "content": b"\x01altered",
            "turn": "T",
        },
        {"pk": "person#01", "sk": "turn#T", "outcome": "answered", "stages": {"model": 40}},
    ],
}

CALL_RECORD, CALL_SEALS = conversation_key("call#c-1", KMS)
CALL = {"pk": "call#c-1", "generation": CALL_RECORD.generation, "created_at": 1_000, "schema": 1}
CALL_ITEMS: list[Item] = [
    {"pk": "call#c-1", "sk": "meta", "sequence": 1, "person": "01"},
    {
        **CALL,
        "sk": "message#000000000000",
        "role": "human",
        "content": CALL_SEALS.seal("from the phone", {"sk": "message#000000000000"}, Role.HUMAN),
    },
    {
        **CALL,
        "sk": "inbox#1",
        "held": True,
        "text": CALL_SEALS.seal('{"text":"late"}', {"sk": "inbox#1"}, Role.HELD),
    },
    {**CALL, "sk": "after-call", "started_at": 950, "due_at": 9_000},
    {"pk": "call#c-2", "sk": "turn#c-2-0001", "outcome": "answered", "created_at": 1_000},
]
RECORDS = {record.conversation: record for record in (RECORD, CALL_RECORD)}


@dataclass
class Tables:
    """boto3's DynamoDB client and Secrets Manager client, as far as the console uses them."""

    items: dict[str, list[Item]]

    def get_paginator(self, operation: str) -> Tables:
        """The paginator of ``scan``."""
        assert operation == "scan"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        """One page per item, so that paging is seen to work."""
        return [{"Items": [to_item(item)]} for item in self.items[request["TableName"]]]

    def get_item(self, **request: Any) -> dict[str, Any]:
        """A conversation's key."""
        assert request["TableName"] == "keys"
        return {"Item": to_item(RECORDS[request["Key"]["pk"]["S"]].item())}

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        """The carrier's secret."""
        return {"SecretString": json.dumps({"address_key": base64.b64encode(KEY).decode()})}


def nobody(name: str, _event: Any) -> Result:
    """No function answers."""
    return Result("", {"errorType": f"no function {name}"}, error=True, milliseconds=0)


@dataclass
class Line:
    """A log line."""

    number: int
    function: str
    text: str
    at: float = 1.0


@dataclass
class StandIn:
    """A stack without functions behind it."""

    carrier: Carrier
    phone: Phone = field(default_factory=lambda: Phone({}, {}, nobody))
    model: ScriptedModel = field(default_factory=ScriptedModel)
    outputs: dict[str, Any] = field(
        default_factory=lambda: {
            "peopleTable": "people",
            "conversationsTable": "conversations",
            "keysTable": "keys",
            "keyArn": KEY_ARN,
            "carrierSecretArn": "arn",
            "functions": {"webhook": "dialtone-local-webhook", "responder": "…-responder"},
        }
    )
    items: dict[str, list[Item]] = field(default_factory=lambda: ITEMS)
    lines: list[Line] = field(default_factory=list)

    def aws(self, service: str) -> Any:
        """The key, and the tables for any other service."""
        return KMS if service == "kms" else Tables(self.items)

    def log_lines(self, function: str = "", *, after: int = 0) -> list[Line]:
        """Lines of a function after a number."""
        return [n for n in self.lines if n.number > after and n.function.endswith(function)]
