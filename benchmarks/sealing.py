"""What sealing costs: microseconds a message, warm, and calls of KMS for a thousand turns.

The times are of this process's CPU, ours and the bare cipher's in turns, the least of many rounds.
The calls are counted where they leave the process: botocore builds and signs each one, and it is
answered from memory.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import Session
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.figures import Figure
from conversation.codec import Role, binding
from conversation.items import to_item
from conversation.keys import Keys
from conversation.sealing import Sealer, Seals, new_seed
from conversation.tables import Tables
from conversation.vault import Vault

TURNS = 1_000
WINDOW = 20
MESSAGE = "Only the second one, at 19:40; the first one passes it without a stop. " * 3
HOME = {"sk": "message#000000000001"}
MAIL = {"sk": "inbox#1"}
_MAILED = {"text": Role.TEXT, "reply_to": Role.TEXT_REPLY_TO}
_CALLS, _ROUNDS = 500, 40


def measure_sealing() -> list[Figure]:
    """A warm key against the bare cipher, and cached keys against a call for each message."""
    return [_warm(), _calls("one person", people=1), _calls("1,000 people", people=TURNS)]


def _warm() -> Figure:
    seals = Seals("person#bench", "0" * 32, new_seed())
    sealer = Sealer(seals.conversation, seals.generation, seals.public_key)
    key, bound = AESGCM(os.urandom(32)), binding("person#bench", "message#1", "ai", "0" * 32)
    sealed = {**HOME, "content": seals.seal(MESSAGE, HOME, Role.AI)}
    mailed = {**MAIL, "text": sealer.seal(MESSAGE, MAIL, Role.TEXT)}
    nonce = os.urandom(12)
    bare_sealed = key.encrypt(nonce, MESSAGE.encode(), bound)
    took = _microseconds(
        {
            "seal": lambda: seals.seal(MESSAGE, HOME, Role.AI),
            "open": lambda: seals.open(sealed, "content", Role.AI),
            "seal_to_public_half": lambda: sealer.seal(MESSAGE, MAIL, Role.TEXT),
            "open_from_public_half": lambda: seals.open(mailed, "text", Role.TEXT),
            "bare_seal": lambda: key.encrypt(os.urandom(12), MESSAGE.encode(), bound),
            "bare_open": lambda: key.decrypt(nonce, bare_sealed, bound).decode(),
        }
    )
    return Figure(
        measure="seal and open a message, warm key",
        baseline="AES-256-GCM alone, on the same text",
        value=(took["seal"] + took["open"]) / (took["bare_seal"] + took["bare_open"]),
        unit="×",
        must=4,
        aim=2,
        detail={f"{name}_microseconds": round(value, 1) for name, value in took.items()},
    )


def _microseconds(programs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """CPU of one call of each, the least of many interleaved rounds."""
    least = dict.fromkeys(programs, float("inf"))
    for _ in range(_ROUNDS):
        for name, program in programs.items():
            began = time.process_time_ns()
            for _ in range(_CALLS):
                program()
            least[name] = min(least[name], (time.process_time_ns() - began) / _CALLS / 1000)
    return least


def _calls(who: str, people: int) -> Figure:
    """Turns of so many people in one worker, each opening and sealing what a turn does."""
    cloud = _Canned()
    keys = Keys(cloud.tables())
    conversations = [f"person#{number}" for number in range(people)]
    for name in conversations:
        cloud.records[name] = keys.make(name).item()
    first_contacts, content = cloud.calls["Encrypt"], 0
    for turn in range(TURNS):
        content += _turn(keys, conversations[turn % people])
    opened = cloud.calls["Decrypt"]
    return Figure(
        measure=f"KMS calls for 1,000 turns of {who}, first contacts included",
        baseline="a call for every content sealed or opened",
        value=content / (opened + first_contacts),
        unit="× fewer",
        must=5_000 if people == 1 else 10,
        aim=None,
        detail={"wrapped": first_contacts, "unwrapped": opened, "contents": content},
    )


def _turn(keys: Keys, conversation: str) -> int:
    """A turn's contents: the text and its address, the window, three that it writes, the send's."""
    record = keys.ensure_record(conversation)
    sealer = record.sealer
    sealed = {name: sealer.seal(MESSAGE, MAIL, role) for name, role in _MAILED.items()}
    for name, role in _MAILED.items():
        keys.seals(conversation, record.generation).open({**MAIL, **sealed}, name, role)
    content = keys.seals(conversation, record.generation).seal(MESSAGE, HOME, Role.AI)
    for _ in range(WINDOW + 1):
        item = {**HOME, "content": content}
        keys.seals(conversation, record.generation).open(item, "content", Role.AI)
    for _ in range(2):
        keys.seals(conversation, record.generation).seal(MESSAGE, HOME, Role.AI)
    return 2 + 2 + 1 + WINDOW + 1 + 2


class _Canned:
    """`keys` and KMS, answered from memory; each call is counted."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.records: dict[str, dict[str, Any]] = {}
        session = Session()
        session.set_credentials("none", "none")
        self._clients = {name: self._client(session, name) for name in ("dynamodb", "kms")}

    def tables(self) -> Tables:
        """The tables, with a vault of the limits that a worker has."""
        vault = Vault(lambda: self._clients["kms"], "arn:aws:kms:us-east-1:000000000000:key/bench")
        return Tables(self._clients["dynamodb"], "people", "conversations", "keys", vault=vault)

    def _client(self, session: Session, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1})
        made: Any = session.create_client(service, region_name="us-east-1", config=config)
        made.meta.events.register("before-send", self._answer)
        return made

    def _answer(self, request: Any, event_name: str, **_: Any) -> Any:
        operation, asked = event_name.rpartition(".")[2], json.loads(request.body)
        self.calls[operation] += 1
        match operation:
            case "Encrypt":
                answer: Any = {"CiphertextBlob": asked["Plaintext"]}
            case "Decrypt":
                answer = {"Plaintext": asked["CiphertextBlob"]}
            case _:
                answer = {"Item": to_item(self.records[asked["Key"]["pk"]["S"]])}
        body = json.dumps(answer, default=lambda raw: base64.b64encode(raw).decode()).encode()
        headers: Any = {"x-amzn-requestid": "canned"}
        return AWSResponse(request.url, 200, headers, _Raw(body))


class _Raw:
    """The part of an HTTP response that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        """The body, in one piece."""
        return [self._body]
