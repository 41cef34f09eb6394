"""Reading pages: what is short is complete."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from conversation.deadline import Deadline
from conversation.items import to_item
from conversation.tables import StoreBusyError, Tables


class CutPages:
    """A DynamoDB that cuts every page after two items, as it does where items are large."""

    def __init__(self, count: int) -> None:
        self.keys = [f"message#{number:03d}" for number in range(count)]
        self.asked: list[dict[str, Any]] = []

    def query(self, **request: Any) -> dict[str, Any]:
        """Answer as DynamoDB does."""
        self.asked.append(request)
        start = request.get("ExclusiveStartKey")
        first = self.keys.index(start["sk"]["S"]) + 1 if start else 0
        page = self.keys[first : first + min(2, request["Limit"])]
        response: dict[str, Any] = {"Items": [to_item({"pk": "c", "sk": sk}) for sk in page]}
        if page and page[-1] != self.keys[-1]:
            response["LastEvaluatedKey"] = to_item({"pk": "c", "sk": page[-1]})
        return response


def test_a_page_cut_by_size_is_read_on() -> None:
    """Large items make DynamoDB end a page early; the read goes on to what was asked for."""
    client = CutPages(7)
    tables = Tables(client, "people", "conversations", "keys")

    found = tables.query("conversations", "c", "message#", limit=5)

    assert [item["sk"] for item in found] == client.keys[:5]


def test_fewer_than_asked_for_means_that_there_are_no_more() -> None:
    """A caller may stop at a short page."""
    client = CutPages(3)
    tables = Tables(client, "people", "conversations", "keys")

    found = tables.query("conversations", "c", "message#", limit=10)

    assert [item["sk"] for item in found] == client.keys
    assert len(client.asked) == 2


class Unreachable:
    """A DynamoDB whose connections fail, each time in the given way."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem
        self.asked = 0

    def get_item(self, **_request: Any) -> dict[str, Any]:
        """Fail."""
        self.asked += 1
        raise self.problem


@pytest.mark.parametrize("kind", [ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError])
def test_a_store_that_cannot_be_reached_is_busy(kind: type[BotoCoreError]) -> None:
    """A refused or silent connection is tried again, and ends as the error that gives 503."""
    client = Unreachable(kind(endpoint_url="http://127.0.0.1"))
    tables = Tables(client, "people", "conversations", "keys", sleep=lambda _seconds: None)

    with pytest.raises(StoreBusyError):
        tables.get("people", "p", "person", deadline=Deadline.after(0.05))

    assert client.asked > 1
