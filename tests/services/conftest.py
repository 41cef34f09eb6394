"""The emulator once per test process, fresh tables per test, and the parts of a responder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from conversation.tables import Tables
from local.emulator import Emulator, presenting
from tests.services.carrier_api import Api, serving
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms, vault_of

_names = itertools.count()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator; it knows nothing of this process's environment."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), persist=False)
    emulator.start()
    yield emulator
    emulator.stop()


def connect(emulator: Emulator, service: str) -> Any:
    """A client of the emulator, without retries of its own."""
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    return session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=emulator.url,
        config=presenting(
            emulator.token, retries={"total_max_attempts": 1}, max_pool_connections=20
        ),
    )


@pytest.fixture(scope="session")
def dynamodb(emulator: Emulator) -> Any:
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
