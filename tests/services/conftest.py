"""The emulator once per test process, fresh tables per test, and the parts of a responder."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import pytest
from botocore.config import Config

from conversation.tables import Tables
from tests.services.carrier_api import Api, serving
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms, vault_of

LIFELINE = Path(__file__).parents[2] / "local" / "lifeline.py"

_names = itertools.count()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's URL; it knows nothing of this process's environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path_factory.mktemp("emulator")),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": "dynamodb,sqs,secretsmanager",
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen(
        # Ends with this process, however it ends.
        [sys.executable, str(LIFELINE), "ministack"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"{url}/_ministack/health", process)
        yield url
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, "the emulator ended"
        try:
            if httpx.get(url, timeout=1).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    pytest.fail("the emulator did not start")


def connect(url: str, service: str) -> Any:
    """A client of the emulator, without retries of its own."""
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    return session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20),
    )


@pytest.fixture(scope="session")
def dynamodb(emulator: str) -> Any:
    """The emulator's DynamoDB."""
    return connect(emulator, "dynamodb")


@pytest.fixture
def tables(dynamodb: Any) -> Tables:
    """Three new tables on the emulator."""
    made = name_tables(dynamodb)
    for name in (made.people, made.conversations, made.keys):
        create_table(dynamodb, name, sorted_by=name != made.keys)
    return made


@pytest.fixture
def api() -> Iterator[Api]:
    """A carrier's API."""
    with serving() as api:
        yield api


@pytest.fixture
def memory() -> MemoryDynamoDB:
    """DynamoDB in memory."""
    return MemoryDynamoDB()


@pytest.fixture
def kms() -> PlayedKms:
    """The KMS that wraps the keys of the tables in memory."""
    return PlayedKms()


@pytest.fixture
def memory_tables(memory: MemoryDynamoDB, kms: PlayedKms) -> Tables:
    """The three tables in memory."""
    return name_tables(memory, kms)


def name_tables(client: Any, kms: PlayedKms | None = None) -> Tables:
    """Tables with names that no other test uses."""
    number = next(_names)
    return Tables(
        client,
        f"people-{number}",
        f"conversations-{number}",
        f"keys-{number}",
        lambda _: None,
        vault_of(kms or PlayedKms()),
    )


def create_table(client: Any, name: str, *, sorted_by: bool) -> None:
    """One table as the stack declares it, with the index of what is pending."""
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    indexes: dict[str, Any] = {}
    if sorted_by:
        keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
        attributes.append({"AttributeName": "sk", "AttributeType": "S"})
    if name.startswith("conversations"):
        attributes += [
            {"AttributeName": "pending_shard", "AttributeType": "S"},
            {"AttributeName": "pending_at", "AttributeType": "N"},
        ]
        index = {
            "IndexName": "pending",
            "KeySchema": [
                {"AttributeName": "pending_shard", "KeyType": "HASH"},
                {"AttributeName": "pending_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        indexes = {"GlobalSecondaryIndexes": [index]}
    client.create_table(
        TableName=name,
        KeySchema=keys,
        AttributeDefinitions=attributes,
        BillingMode="PAY_PER_REQUEST",
        **indexes,
    )
