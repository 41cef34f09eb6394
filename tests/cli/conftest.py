"""What tests of the command line share: an emulator, a stack with the names of a deployed one."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from cli.app import app
from conversation.codec import Role
from conversation.ids import Ids, shard_of
from conversation.items import to_item
from conversation.keys import KeyRecord, Keys
from conversation.messages import message_sk
from conversation.outcomes import DeliveryState, Outcome
from conversation.reply_to import seal_reply_to
from conversation.sealing import Seals, new_seed
from conversation.tables import Tables
from conversation.turns import Turn
from conversation.vault import Vault
from local.config import ADMIN_KEY, ADMIN_SECRET, REGION
from local.emulator import Emulator
from texting.inbox import Inbox

GENERATION = "0" * 32
REPLY_TO = {"from": "+13035550100", "to": "+13035550111"}
_numbers = itertools.count()


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve ASGI applications on loopback until the test ends; each call returns a URL."""
    with contextlib.ExitStack() as running:
        yield lambda served: running.enter_context(_serving(served))


@contextlib.contextmanager
def _serving(served: Any) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        config = uvicorn.Config(served, log_config=None, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for the session."""
    running = Emulator(tmp_path_factory.mktemp("cli-emulator"), persist=False)
    running.start()
    yield running
    running.stop()


@functools.cache
def _client(emulator: Emulator, service: str) -> Any:
    """One client for all tests: making one takes longer than a test."""
    return emulator.client(service)


@dataclass
class DeployedStack:
    """A stack's tables, queues and secrets under their physical names, and hands to fill them."""

    emulator: Emulator
    name: str
    tables: Tables
    queue_urls: dict[str, str] = field(default_factory=dict)
    ada: str = "person#01JABCDEFGHJKMNPQRSTVWXYZ0"
    ben: str = "person#01JABCDEFGHJKMNPQRSTVWXYZ1"

    def client(self, service: str) -> Any:
        """A client of the account's root."""
        return _client(self.emulator, service)

    def seals(self, conversation: str) -> Seals:
        """The key of a conversation, made when it is first asked for."""
        if Keys(self.tables).find(conversation) is None:
            seed = new_seed()
            public = Seals(conversation, GENERATION, seed).public_key
            wrapped = self.tables.vault.wrap(conversation, seed)
            item = KeyRecord(conversation, GENERATION, public, wrapped, 1).item()
            self.tables.client.put_item(TableName=self.tables.keys, Item=to_item(item))
        return Keys(self.tables).seals(conversation, GENERATION)

    def text(self, conversation: str, words: str, *, age_seconds: float = 0.0) -> str:
        """Put a text into an inbox as if it had come that long ago; its sort key."""

        def clock() -> float:
            return time.time() - age_seconds

        action = Inbox(self.tables, clock, Ids(clock)).put_item(
            conversation,
            sid=f"SM{next(_numbers):032x}",
            text=words,
            media=0,
            reply_to=REPLY_TO,
            route="sender#number",
            seals=self.seals(conversation),
            look_after_seconds=20,
        )
        self.tables.write(action)
        return str(action["Put"]["Item"]["sk"]["S"])

    def set_aside(self, conversation: str, words: str) -> str:
        """Put a text into an inbox and set it aside; its sort key."""
        inbox, sk = Inbox(self.tables), self.text(conversation, words)
        (waiting,) = [text for text in inbox.waiting(conversation, GENERATION) if text.sk == sk]
        self.tables.write(inbox.setting_aside(conversation, waiting, days=30))
        return sk

    def turn(self, conversation: str, *, id_: str = "", **changes: Any) -> Turn:
        """Write a turn and its two messages as a commit leaves them."""
        now, turn_id = int(time.time() * 1000), id_ or Ids().new()
        values: dict[str, Any] = {
            "outcome": Outcome.ANSWERED,
            "route": "sender#number",
            "messages": [0, 1],
            "inbox": ["inbox#01JABCDEFGHJKMNPQRSTVWXYZ9"],
            "attempts": 1,
            "created_at": now,
            "expires_at": now // 1000 + 3600,
            "delivery": DeliveryState.DELIVERED,
            "stages": {"wait": 1500, "model": 820},
            "model_attempts": [{"model": "bedrock:one", "error": "throttled", "ms": 40}],
            **changes,
        }
        item = {"sk": f"turn#{turn_id}", "route": values["route"]}
        reply_to = seal_reply_to(REPLY_TO, self.seals(conversation), item, Role.TURN_REPLY_TO)
        turn = Turn(conversation, turn_id, GENERATION, reply_to=reply_to, **values)
        self._put(turn.item())
        for number, role, words in ((0, "human", "where is my cat"), (1, "ai", "on the roof")):
            self.message(conversation, number, role, words)
        return turn

    def message(self, conversation: str, number: int, role: str, words: str, **beside: str) -> None:
        """Write one message, with attributes in clear beside its words."""
        sk = message_sk(number)
        item: dict[str, Any] = {"pk": conversation, "sk": sk, "schema": 1, "expires_at": 2**31}
        item |= beside
        item["content"] = self.seals(conversation).seal(words, item, Role.of_message(role))
        self._put({**item, "role": role, "generation": GENERATION, "created_at": 1})

    def open_turn(self, conversation: str, *, age_seconds: float) -> str:
        """Open a turn that long ago; its id."""
        turn_id, claimed = Ids().new(), int((time.time() - age_seconds) * 1000)
        opened = {
            "id": turn_id,
            "inbox": [],
            "state": "claimed",
            "attempts": 2,
            "claimed_at": claimed,
            "route": "sender#number",
            "token": "t",
        }
        self._put(
            {
                "pk": conversation,
                "sk": "meta",
                "schema": 1,
                "open_turn": opened,
                "pending_shard": shard_of(conversation),
                "pending_at": claimed,
            }
        )
        return turn_id

    def dead_letter(self, body: str, group: str) -> None:
        """Put a message into the dead-letter queue."""
        self.client("sqs").send_message(
            QueueUrl=self.queue_urls["wakeups-dead"],
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=f"dead-{next(_numbers)}",
        )

    def take_wakeups(self) -> list[str]:
        """Take what the wake-up queue holds: the conversations named."""
        answer = self.client("sqs").receive_message(
            QueueUrl=self.queue_urls["wakeups"], MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return sorted(body["conversation"] for body in bodies)

    def secret(self, role: str = "carrier") -> dict[str, Any]:
        """The fields that a secret holds."""
        answer = self.client("secretsmanager").get_secret_value(
            SecretId=f"dialtone-{self.name}-{role}"
        )
        fields: dict[str, Any] = json.loads(answer["SecretString"])
        return fields

    def odd_item(self, sk: str, *, waits: bool = True, **changes: Any) -> None:
        """Write an item of Ada's that no writer of ours makes, into the index if it waits."""
        waiting = {"pending_shard": shard_of(self.ada), "pending_at": 1} if waits else {}
        self._put({"pk": self.ada, "sk": sk, **waiting, **changes})

    def _put(self, item: dict[str, Any]) -> None:
        self.tables.client.put_item(TableName=self.tables.conversations, Item=to_item(item))


@pytest.fixture
def stack(emulator: Emulator) -> DeployedStack:
    """A fresh stack, named as the components name one."""
    return _deploy(emulator, f"t{os.getpid()}x{next(_numbers)}")


@pytest.fixture(scope="session")
def local_stack(emulator: Emulator) -> DeployedStack:
    """The stack of this machine."""
    return _deploy(emulator, "local")


def _deploy(emulator: Emulator, name: str) -> DeployedStack:
    made = DeployedStack(
        emulator,
        name,
        Tables(
            _client(emulator, "dynamodb"),
            people=f"dialtone-{name}-people",
            conversations=f"dialtone-{name}-conversations",
            keys=f"dialtone-{name}-keys",
            vault=Vault(lambda: _client(emulator, "kms"), f"alias/dialtone-{name}-data"),
        ),
    )
    _create_tables(made)
    key = made.client("kms").create_key()["KeyMetadata"]["KeyId"]
    made.client("kms").create_alias(AliasName=f"alias/dialtone-{name}-data", TargetKeyId=key)
    sqs = made.client("sqs")
    for queue in ("wakeups", "wakeups-dead"):
        answer = sqs.create_queue(
            QueueName=f"dialtone-{name}-{queue}.fifo", Attributes={"FifoQueue": "true"}
        )
        made.queue_urls[queue] = answer["QueueUrl"]
    made.client("secretsmanager").create_secret(Name=f"dialtone-{name}-carrier")
    return made


def _create_tables(made: DeployedStack) -> None:
    made.tables.client.create_table(
        TableName=made.tables.keys,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    pending = {
        "IndexName": "pending",
        "KeySchema": [
            {"AttributeName": "pending_shard", "KeyType": "HASH"},
            {"AttributeName": "pending_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    for table in (made.tables.people, made.tables.conversations):
        indexed = table == made.tables.conversations
        types = {"pk": "S", "sk": "S"} | (
            {"pending_shard": "S", "pending_at": "N"} if indexed else {}
        )
        made.tables.client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()
            ],
            **({"GlobalSecondaryIndexes": [pending]} if indexed else {}),
        )


@pytest.fixture
def dialtone(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, stack: DeployedStack
) -> Callable[..., Result]:
    """Run a command as an operator whose AWS configuration leads to the stack."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", emulator.token)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ADMIN_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ADMIN_SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("DIALTONE_STACK", stack.name)

    def run(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, input=text)

    return run


@pytest.fixture
def stack_file(tmp_path: Path, emulator: Emulator, local_stack: DeployedStack) -> Path:
    """The file in which the local stack says how to reach it."""
    path = tmp_path / "stack.json"
    told = {
        "endpoint": emulator.url,
        "endpoint_token": emulator.token,
        "region": REGION,
        "access_key_id": ADMIN_KEY,
        "secret_access_key": ADMIN_SECRET,
        "outputs": {
            "wakeupQueueUrl": local_stack.queue_urls["wakeups"],
            "deadLetterQueueUrl": local_stack.queue_urls["wakeups-dead"],
        },
    }
    path.write_text(json.dumps(told), "utf-8")
    return path
