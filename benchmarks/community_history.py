"""The baseline of write units: langchain-community's DynamoDB history, alone, on the same words.

It keeps a conversation in one item and writes the whole of it with every turn. Only its own
requests are counted: no receipt, no lease, no delivery, nothing that a channel needs besides.
"""

from __future__ import annotations

import warnings
from typing import Any

import boto3

from conversation.item_size import item_size
from local.config import ADMIN_KEY, ADMIN_SECRET, REGION, SCRIPTED_MODEL
from local.emulator import Emulator
from local.write_units import units

_TABLE = "community"
_SESSION = boto3.session.Session(ADMIN_KEY, ADMIN_SECRET, region_name=REGION)


def write_units_of_a_turn(emulator: Emulator, model_url: str, messages: int, words: str) -> float:
    """Write units of one turn in a conversation of this many messages.

    The answers are what LangChain's chat model returns, as a program of this class stores them.
    """
    dynamodb = emulator.client("dynamodb")
    dynamodb.create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "SessionId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "SessionId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    history = _history(emulator)
    from langchain_core.messages import HumanMessage

    asked = HumanMessage(content=words)
    pair = [asked, _model(model_url).invoke([asked])]
    history.add_messages(pair * (messages // 2))
    writes: list[int] = []
    history.table.meta.client.meta.events.register(
        "after-call.dynamodb.UpdateItem", lambda **_: writes.append(_size(dynamodb))
    )
    _ = history.messages
    history.add_messages(pair)
    dynamodb.delete_table(TableName=_TABLE)
    return float(sum(units(size) for size in writes))


def _history(emulator: Emulator) -> Any:
    with warnings.catch_warnings():
        # The package is being sunset and says so on import; that is why we have our own.
        warnings.simplefilter("ignore")
        from langchain_community.chat_message_histories import (
            DynamoDBChatMessageHistory,
        )
    return DynamoDBChatMessageHistory(
        table_name=_TABLE,
        session_id="bench",
        endpoint_url=emulator.keyed_url,
        boto3_session=_SESSION,
    )


def _model(url: str) -> Any:
    from langchain_aws import ChatBedrockConverse

    client = _SESSION.client("bedrock-runtime", endpoint_url=url)
    return ChatBedrockConverse(
        model_id=SCRIPTED_MODEL.partition(":")[2],
        provider="amazon",
        client=client,
        bedrock_client=client,
        disable_streaming=True,
    )


def _size(dynamodb: Any) -> int:
    """Size of the conversation's one item, as it is now."""
    found = dynamodb.get_item(TableName=_TABLE, Key={"SessionId": {"S": "bench"}})
    return item_size(found["Item"])
