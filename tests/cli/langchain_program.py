"""A program that keeps its memory with langchain-community, as those who move here have one."""

from __future__ import annotations

import warnings
from typing import Any

import boto3
from langchain_core.messages import BaseMessage

from local.config import ADMIN_KEY, ADMIN_SECRET, REGION
from local.emulator import Emulator

with warnings.catch_warnings():
    # The package says on import that it is being sunset: the reason for moving.
    warnings.simplefilter("ignore", DeprecationWarning)
    from langchain_community.chat_message_histories import DynamoDBChatMessageHistory


class Program:
    """Writes one table of `DynamoDBChatMessageHistory`."""

    def __init__(self, emulator: Emulator, table: str, *key: str) -> None:
        self.table = table
        self.client = emulator.client("dynamodb")
        self._session = boto3.Session(
            aws_access_key_id=ADMIN_KEY, aws_secret_access_key=ADMIN_SECRET, region_name=REGION
        )
        self._url = emulator.keyed_url
        self._key = key or ("SessionId",)
        self.client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in self._key
            ],
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(self._key, ("HASH", "RANGE"), strict=False)
            ],
        )

    def say(self, session: str, *messages: BaseMessage, **options: Any) -> None:
        """Add to a session, as the program does."""
        options.setdefault("primary_key_name", self._key[0])
        history = DynamoDBChatMessageHistory(
            self.table,
            session,
            endpoint_url=self._url,
            boto3_session=self._session,
            coerce_float_to_decimal=True,
            **options,
        )
        history.add_messages(messages)

    def put(self, **item: Any) -> None:
        """Put an item that no working program would write."""
        self.client.put_item(TableName=self.table, Item=item)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        found: list[dict[str, Any]] = self.client.scan(TableName=self.table)["Items"]
        return sorted(found, key=repr)
