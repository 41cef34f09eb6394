"""The AWS proxy: transparent, counting, and breaking exactly what a rule names."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from conversation.item_size import item_size
from local.aws_proxy import AwsProxy
from local.background import Background
from local.emulator import Emulator, presenting
from local.faults import Action, FaultError, Faults, FaultSet, When, parse_faults
from local.guard import TOKEN_HEADER, Guard, new_token
from local.write_units import WriteUnits

GUARD = Guard(new_token())
_names = itertools.count()
WORKER = ("dialtone-local-responder", "worker-1")


@dataclass
class Between:
    """A proxy before the emulator, and what it did to workers."""

    emulator: Emulator
    background: Background
    faults: Faults
    proxy: AwsProxy
    killed: list[str] = field(default_factory=list)

    def client(self, service: str, **config: Any) -> Any:
        """A client that goes through the proxy, without retries."""
        session = self.emulator._session
        return session.client(
            service,  # type: ignore[call-overload] # the stubs list literals, this is any service
            endpoint_url=self.proxy.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=presenting(
                GUARD.token, retries={"total_max_attempts": 1}, read_timeout=20, **config
            ),
        )


@pytest.fixture
def between(emulator: Emulator) -> Iterator[Between]:
    """A proxy that takes every caller for the responder's worker."""
    background, faults = Background("proxy"), Faults(seed=7)
    killed: list[str] = []
    proxy = AwsProxy(
        guard=GUARD,
        upstream_port=emulator.port,
        upstream_token=emulator.token,
        faults=faults,
        identify=lambda key: WORKER if key == "test" else None,
        kill=killed.append,
    )
    background.run(proxy.start())
    yield Between(emulator, background, faults, proxy, killed)
    background.run(proxy.stop())
    background.close()


@pytest.fixture
def table(emulator: Emulator) -> str:
    """A table with a sparse index of keys."""
    name = f"proxied-{next(_names)}"
    emulator.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "pending_shard", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [{"AttributeName": "pending_shard", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return name


def put(client: Any, table: str, pk: str = "a", **more: Any) -> None:
    """Write one small item."""
    client.put_item(TableName=table, Item={"pk": {"S": pk}, **more})


def stored(between: Between, table: str) -> list[str]:
    """The keys in a table, past the proxy."""
    items = between.emulator.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(item["pk"]["S"] for item in items)


def test_what_passes_is_unchanged_and_counted(between: Between, table: str) -> None:
    """Answers, errors and large bodies pass; each is counted by function and operation."""
    client = between.client("dynamodb")
    put(client, table, text={"S": "x" * 100_000})
    found = client.get_item(TableName=table, Key={"pk": {"S": "a"}})
    assert len(found["Item"]["text"]["S"]) == 100_000
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_table(TableName="nobody")
    read = between.proxy.meter.total("responder", "dynamodb", "GetItem")
    assert (read.requests, read.errors) == (1, 0)
    assert read.response_bytes > 100_000 > read.request_bytes
    assert between.proxy.meter.total(operation="PutItem").request_bytes > 100_000
    assert between.proxy.meter.total(operation="DescribeTable").errors == 1


def test_other_services_pass_as_well(between: Between) -> None:
    """Query, JSON and REST protocols are recognised by their operation."""
    between.client("sts").get_caller_identity()
    between.client("sqs").list_queues()
    between.client("kms").list_keys()
    operations = {row["operation"] for row in between.proxy.meter.rows()}
    assert {"GetCallerIdentity", "ListQueues", "ListKeys"} <= operations


def test_an_expectation_is_answered_once(between: Between) -> None:
    """A body behind ``Expect: 100-continue`` arrives whole."""
    client = between.client("s3")
    client.create_bucket(Bucket="expecting")
    client.put_object(Bucket="expecting", Key="k", Body=b"z" * 300_000)
    assert client.get_object(Bucket="expecting", Key="k")["Body"].read() == b"z" * 300_000


@pytest.mark.parametrize("signed", ["root", "000000000000", "AKIANOBODY", ""])
@pytest.mark.parametrize(
    "path", ["/", "/_ministack/reset", "/%5fministack/health", "/_localstack/health", "/health"]
)
def test_only_a_workers_own_key_gets_through(between: Between, signed: str, path: str) -> None:
    """A function's token alone is no key: not the account's root, and nothing of the emulator's."""
    ask_as(between, signed, path)


@pytest.mark.parametrize("path", ["/_ministack/reset", "/%5Fministack/health", "/health?x=/"])
def test_a_workers_key_opens_nothing_of_the_emulators_own(between: Between, path: str) -> None:
    """Its own addresses ask for no signature: one of them forgets everything."""
    ask_as(between, "test", path)


def ask_as(between: Between, key: str, path: str) -> None:
    """Ask with the functions' token, signed by a key or not at all; it has to be refused."""
    headers = {TOKEN_HEADER: GUARD.token}
    if key:
        scope = f"{key}/20260101/us-east-1/secretsmanager/aws4_request"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, Signature=00"
    before = len(between.proxy.meter.rows())
    answer = httpx.post(f"{between.proxy.url}{path}", headers=headers, content=b"{}")
    assert (answer.status_code, answer.json()["__type"]) == (403, "UnrecognizedClientException")
    assert len(between.proxy.meter.rows()) >= before
    assert between.emulator.client("dynamodb").list_tables()["TableNames"] is not None


def test_a_stream_passes_piece_by_piece(between: Between) -> None:
    """The first piece of an answer is there while the last is not yet written."""
    release = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await release.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        writer.close()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(slow, "127.0.0.1", 0)

    server = between.background.run(serve())
    between.proxy.upstream_port = server.sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", between.proxy.port), timeout=10) as connection:
        request = (
            f"GET /stream HTTP/1.1\r\nHost: localhost\r\n{TOKEN_HEADER}: {GUARD.token}\r\n"
            "Authorization: AWS4-HMAC-SHA256 Credential=test/1/us-east-1/s3/aws4_request\r\n\r\n"
        )
        connection.sendall(request.encode())
        received = b""
        while b"first" not in received:
            received += connection.recv(1000)
        assert b"last" not in received
        between.background.loop.call_soon_threadsafe(release.set)
        while b"last" not in received:
            received += connection.recv(1000)
    server.close()


@pytest.mark.parametrize(
    ("action", "operation", "code"),
    [
        ("throttle", "PutItem", "ProvisionedThroughputExceededException"),
        ("conflict", "PutItem", "TransactionConflictException"),
        ("error", "PutItem", "InternalServerError"),
        ("conflict", "TransactWriteItems", "TransactionCanceledException"),
    ],
)
def test_a_refusal_is_the_one_aws_gives(
    between: Between, table: str, action: str, operation: str, code: str
) -> None:
    """The error has AWS's code, and nothing was written."""
    between.faults.add(action, operation=operation, times=1)
    client = between.client("dynamodb")
    write = {"Put": {"TableName": table, "Item": {"pk": {"S": "a"}}}}
    calls: dict[str, Callable[[], object]] = {
        "PutItem": lambda: put(client, table),
        "TransactWriteItems": lambda: client.transact_write_items(TransactItems=[write]),
    }
    with pytest.raises(ClientError) as refused:
        calls[operation]()
    assert refused.value.response["Error"]["Code"] == code
    if operation == "TransactWriteItems":
        reasons = refused.value.response["CancellationReasons"]
        assert reasons[0]["Code"] == "TransactionConflict"
    assert stored(between, table) == []
    put(client, table)
    assert stored(between, table) == ["a"]


def test_a_queue_is_throttled_in_its_own_words(between: Between) -> None:
    """SQS has another code for it."""
    between.faults.add("throttle", service="sqs")
    with pytest.raises(ClientError) as refused:
        between.client("sqs").list_queues()
    assert "RequestThrottled" in refused.value.response["Error"]["Code"]


def test_an_error_after_the_write_leaves_it_written(between: Between, table: str) -> None:
    """What took effect and was not confirmed: the hard case."""
    between.faults.add("error", operation="PutItem", when="after", times=1)
    with pytest.raises(ClientError):
        put(between.client("dynamodb"), table)
    assert stored(between, table) == ["a"]


@pytest.mark.parametrize(("when", "written"), [("before", []), ("after", ["a"])])
def test_a_worker_is_killed_on_either_side_of_a_write(
    between: Between, table: str, when: str, written: list[str]
) -> None:
    """The worker is ended, and the write is done or not as the rule says."""
    between.faults.add("kill", operation="PutItem", when=when, times=1)
    with pytest.raises((ClientError, BotoCoreError)):
        put(between.client("dynamodb"), table)
    assert between.killed == ["worker-1"]
    assert stored(between, table) == written


def test_a_delay_delays_and_then_passes(between: Between, table: str) -> None:
    """The answer comes late and is the real one."""
    between.faults.add("delay", operation="PutItem", seconds=0.3)
    begun = time.monotonic()
    put(between.client("dynamodb"), table)
    assert time.monotonic() - begun >= 0.3
    assert stored(between, table) == ["a"]


def test_a_rule_strikes_only_what_it_names() -> None:
    """Function, service, operation and body must all match; ``times`` ends it."""
    faults = Faults()
    faults.add(
        "error",
        function="responder",
        service="dynamodb",
        operation="PutItem|UpdateItem",
        contains="meta",
        times=1,
    )
    request: dict[str, Any] = {
        "function": "dialtone-local-responder",
        "service": "dynamodb",
        "operation": "UpdateItem",
        "body": b'{"sk": "meta"}',
    }
    others: dict[str, Any] = {
        "function": "webhook",
        "service": "sqs",
        "operation": "GetItem",
        "body": b"{}",
    }
    for name, value in others.items():
        assert faults.strike(When.BEFORE, **{**request, name: value}) == []
    assert faults.strike(When.AFTER, **request) == []
    assert len(faults.strike(When.BEFORE, **request)) == 1
    assert faults.strike(When.BEFORE, **request) == []
    assert faults.rules[0].hits == 1


def test_chance_is_drawn_from_a_seed() -> None:
    """The same seed strikes the same requests, about as often as asked."""

    def strikes() -> list[int]:
        faults = Faults(seed=3)
        faults.add("error", probability=0.2)
        request: dict[str, Any] = {
            **dict.fromkeys(["function", "service", "operation"], "x"),
            "body": b"",
        }
        return [len(faults.strike(When.BEFORE, **request)) for _ in range(500)]

    first = strikes()
    assert first == strikes()
    assert 60 < sum(first) < 140


@pytest.mark.parametrize("wrong", [{"action": "explode"}, {"action": "kill", "wen": "before"}])
def test_a_rule_that_does_not_exist_is_refused(wrong: dict[str, str]) -> None:
    """A misspelt action or condition is an error, not a rule that never strikes."""
    with pytest.raises(FaultError):
        Faults().add(wrong.pop("action"), **wrong)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("", FaultSet()),
        (
            "slow=20s,throttle=0.2,duplicate,crash",
            FaultSet(slow_seconds=20, throttle=0.2, duplicate=True, crash=0.05),
        ),
        ("slow=1.5, crash=0.5", FaultSet(slow_seconds=1.5, crash=0.5)),
        ("throttle", FaultSet(throttle=0.2)),
    ],
)
def test_the_command_lines_faults_are_read(asked: str, meant: FaultSet) -> None:
    """Each word sets its fault, with a default where a number is left out."""
    assert parse_faults(asked) == meant


@pytest.mark.parametrize("asked", ["slow=fast", "throttle=2", "duplicate=3", "nothing", "slow=-1"])
def test_a_fault_that_makes_no_sense_is_refused(asked: str) -> None:
    """The message says what there is."""
    with pytest.raises(FaultError, match="--fault takes"):
        parse_faults(asked)


def test_a_crash_strikes_the_responders_writes_on_both_sides() -> None:
    """Half of the kills come before a write and half after it."""
    faults = Faults()
    FaultSet(crash=0.1).install(faults)
    assert [(rule.action, rule.when, rule.probability) for rule in faults.rules] == [
        (Action.KILL, When.BEFORE, 0.05),
        (Action.KILL, When.AFTER, 0.05),
    ]
    assert all(rule.function == "responder" for rule in faults.rules)


def test_write_units_are_counted_as_aws_bills_them(between: Between, table: str) -> None:
    """By started kilobyte of the larger version, twice in a transaction, indexes on top."""
    between.proxy.units = WriteUnits(between.emulator.client("dynamodb"))
    client = between.client("dynamodb")

    def cost(operation: str) -> float:
        spent = between.proxy.meter.total(operation=operation).write_units
        between.proxy.meter.reset()
        return spent

    put(client, table, text={"S": "x" * 1500})
    assert cost("PutItem") == 2
    put(client, table, pending_shard={"S": "01"})
    assert cost("PutItem") == 2 + 1, "the old version was larger; one entry into the index"
    key = {"pk": {"S": "a"}}
    change: dict[str, Any] = {"TableName": table, "Key": key}
    set_shard = "SET pending_shard = :s"
    client.update_item(
        **change,
        UpdateExpression=set_shard,
        ExpressionAttributeValues={":s": {"S": "02"}},
    )
    assert cost("UpdateItem") == 1 + 2, "an index entry moves: one out, one in"
    check = {**change, "ConditionExpression": "attribute_exists(pk)"}
    other = {"TableName": table, "Item": {"pk": {"S": "b"}}}
    client.transact_write_items(TransactItems=[{"Put": other}, {"ConditionCheck": check}])
    assert cost("TransactWriteItems") == 4
    client.delete_item(**change)
    assert cost("DeleteItem") == 1 + 1


def test_an_items_size_counts_names_and_values() -> None:
    """As the developer guide adds it up."""
    item: dict[str, dict[str, Any]] = {
        "pk": {"S": "é"},
        "n": {"N": "-12"},
        "b": {"B": b"123"},
        "t": {"BOOL": True},
        "m": {"M": {"k": {"L": [{"NULL": True}]}}},
    }
    parts = [2 + 2, 1 + 3, 1 + 3, 1 + 1, 1 + (3 + (1 + (3 + 2) + 1))]
    assert item_size(item) == sum(parts)
