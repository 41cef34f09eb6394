"""The three tables: strong reads, conditional writes, retries in a deadline; knows no item."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachableError

from conversation.deadline import Deadline
from conversation.item_size import require_fitting
from conversation.items import Item, from_item, to_item
from conversation.vault import NO_VAULT, Vault

STORE_SECONDS = 5.0
"""How long one call retries when its caller hands down no deadline."""

Action = dict[str, Any]
"""One part of a transaction, as `TransactWriteItems` takes it."""

_BUSY = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_BUSY_REASONS = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_SERVER_ERROR = 500
_NAME = re.compile(r"#(\w+)")
_FIRST_PAUSE_SECONDS = 0.025
_LONGEST_PAUSE_SECONDS = 0.8


class StoreBusyError(Exception):
    """Throttles, conflicts or a silent network outlasted the deadline."""


class ConditionFailedError(Exception):
    """A write's condition did not hold.

    Attributes:
        reasons: Per action of the transaction "ConditionalCheckFailed" or "None"; one entry for a
            single write.
        items: The item that each failed condition met, where the action asked for it.
    """

    def __init__(self, reasons: Sequence[str], items: Sequence[Item | None]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = list(reasons)
        self.items = list(items)

    def failed(self, index: int) -> bool:
        """Whether the condition of this action was one that failed."""
        return self.reasons[index] == "ConditionalCheckFailed"


@dataclass(frozen=True)
class Tables:
    """A DynamoDB client and the names of the tables.

    Attributes:
        client: A botocore DynamoDB client whose own retries are off.
        people: Name of the table of addresses, consents, receipts and counters.
        conversations: Name of the table of messages, turns and inboxes.
        keys: Name of the table of the conversations' keys.
        sleep: Waits between attempts; injected by tests.
        vault: Wraps and unwraps the seeds that `keys` holds.
    """

    client: Any
    people: str
    conversations: str
    keys: str
    sleep: Callable[[float], None] = time.sleep
    vault: Vault = NO_VAULT

    def get(
        self, table: str, pk: str, sk: str | None = None, *, deadline: Deadline | None = None
    ) -> Item | None:
        """Read one item strongly; None when there is none."""
        request = {"TableName": table, "Key": to_item(key(pk, sk)), "ConsistentRead": True}
        found = self._call("get_item", request, deadline).get("Item")
        return from_item(found) if found else None

    def query(
        self,
        table: str,
        pk: str,
        prefix: str,
        *,
        limit: int,
        newest_first: bool = False,
        after: str | None = None,
        deadline: Deadline | None = None,
    ) -> list[Item]:
        """Read up to `limit` items whose sort key begins with `prefix`, strongly.

        One Query, but for items so large that DynamoDB cuts the page at 1 MB: then it is read on,
        so that fewer items than `limit` always means that there are no more.

        Args:
            table: The table's name.
            pk: The partition.
            prefix: Beginning of the sort key; empty for the whole partition.
            limit: Most items to read.
            newest_first: Descend instead of ascend.
            after: Sort key to go on from (exclusive), for the next page.
            deadline: Bounds the retries.
        """
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": to_item({":pk": pk}),
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if prefix:  # DynamoDB takes no empty one.
            request["KeyConditionExpression"] += " AND begins_with(sk, :prefix)"
            request["ExpressionAttributeValues"] |= to_item({":prefix": prefix})
        if after is not None:
            request["ExclusiveStartKey"] = to_item(key(pk, after))
        found: list[dict[str, Any]] = []
        while len(found) < limit:
            request["Limit"] = limit - len(found)
            page = self._call("query", request, deadline)
            found += page.get("Items", [])
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return [from_item(item) for item in found]

    def due(self, shard: str, before: int, page: int) -> Iterator[Item]:
        """Keys in one shard of the `pending` index that are due, the longest overdue first.

        Args:
            shard: "00" to "15".
            before: Epoch milliseconds of the last that is due.
            page: Most keys to read at once; more are read as the caller goes on.

        An index is read eventually: each must be checked before it is acted on.
        """
        request: Item = {
            "TableName": self.conversations,
            "IndexName": "pending",
            "KeyConditionExpression": "pending_shard = :shard AND pending_at <= :before",
            "ExpressionAttributeValues": to_item({":shard": shard, ":before": before}),
            "Limit": page,
        }
        while True:
            found = self._call("query", request, None)
            yield from map(from_item, found.get("Items", []))
            if "LastEvaluatedKey" not in found:
                return
            request["ExclusiveStartKey"] = found["LastEvaluatedKey"]

    def write(self, action: Action, *, deadline: Deadline | None = None) -> Item | None:
        """Make one write of `put`, `update` or `delete` outside a transaction.

        Returns:
            An updated item as it is now; None for the others.

        Raises:
            ConditionFailedError: The condition did not hold; `items[0]` is what was met.
            StoreBusyError: The deadline passed first.
            TooLargeError: DynamoDB takes no item of this size.
        """
        require_fitting([action])
        ((kind, request),) = action.items()
        operation = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[kind]
        if kind == "Update":
            request = {**request, "ReturnValues": "ALL_NEW"}
        found = self._call(operation, request, deadline).get("Attributes")
        return from_item(found) if found else None

    def transact(self, actions: Sequence[Action], *, deadline: Deadline | None = None) -> None:
        """Make all the writes, or none.

        A request token makes the retries of this call one transaction: an attempt whose response
        was lost is not applied twice.

        Raises:
            ConditionFailedError: A condition did not hold; nothing was written.
            StoreBusyError: The deadline passed first; it is unknown whether it was written.
            TooLargeError: An item, or all of them, are larger than DynamoDB takes.
        """
        require_fitting(actions)
        request = {"TransactItems": list(actions), "ClientRequestToken": str(uuid.uuid4())}
        self._call("transact_write_items", request, deadline)

    def _call(self, operation: str, request: Any, deadline: Deadline | None) -> dict[str, Any]:
        deadline = deadline or Deadline.after(STORE_SECONDS)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                response: dict[str, Any] = getattr(self.client, operation)(**request)
            except ClientError as error:
                failed = _condition_failed(error)
                if failed is not None:
                    raise failed from error
                if not _is_busy(error):
                    raise
                cause: Exception = error
            except (HTTPClientError, UnreachableError) as error:
                cause = error
            else:
                return response
            if deadline.remaining() <= pause:
                raise StoreBusyError(f"{operation} did not get through") from cause
            self.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  spreads retries, no secret
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def key(pk: str, sk: str | None = None) -> Item:
    """A primary key; `keys` has no sort key."""
    return {"pk": pk} if sk is None else {"pk": pk, "sk": sk}


def put(table: str, item: Item, *, condition: str = "", values: Item | None = None) -> Action:
    """A put. In every expression here `#name` stands for the attribute `name`."""
    return {"Put": _request(table, {"Item": to_item(item)}, condition, values)}


def update(
    table: str, pk: str, sk: str, expression: str, *, condition: str, values: Item | None = None
) -> Action:
    """An update; the condition is not optional, since an update without one creates its item."""
    parts: dict[str, Any] = {"Key": to_item(key(pk, sk)), "UpdateExpression": expression}
    return {"Update": _request(table, parts, condition, values)}


def delete(
    table: str, pk: str, sk: str | None, *, condition: str = "", values: Item | None = None
) -> Action:
    """A deletion."""
    return {"Delete": _request(table, {"Key": to_item(key(pk, sk))}, condition, values)}


def check(
    table: str, pk: str, sk: str | None, *, condition: str, values: Item | None = None
) -> Action:
    """A condition on an item that the transaction does not write."""
    parts = {"Key": to_item(key(pk, sk))}
    return {"ConditionCheck": _request(table, parts, condition, values)}


def _request(
    table: str, parts: dict[str, Any], condition: str, values: Item | None
) -> dict[str, Any]:
    request: dict[str, Any] = {"TableName": table, **parts}
    if condition:
        request["ConditionExpression"] = condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if values:
        request["ExpressionAttributeValues"] = to_item(values)
    # `#name` keeps an expression readable and clear of DynamoDB's 573 reserved words.
    names = _NAME.findall(f"{parts.get('UpdateExpression', '')} {condition}")
    if names:
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    return request


def _condition_failed(error: ClientError) -> ConditionFailedError | None:
    """The error as a failed condition, if that is what it is."""
    response: Any = error.response
    code = response.get("Error", {}).get("Code", "")
    if code == "ConditionalCheckFailedException":
        reasons = [{"Code": "ConditionalCheckFailed", "Item": response.get("Item")}]
    elif code == "TransactionCanceledException":
        reasons = response.get("CancellationReasons", [])
    else:
        return None
    codes = [reason.get("Code", "None") for reason in reasons]
    if "ConditionalCheckFailed" not in codes:
        return None
    items = [from_item(reason["Item"]) if reason.get("Item") else None for reason in reasons]
    return ConditionFailedError(codes, items)


def _is_busy(error: ClientError) -> bool:
    """Whether another attempt may succeed."""
    response: Any = error.response
    reasons = {reason.get("Code") for reason in response.get("CancellationReasons", [])}
    code = response.get("Error", {}).get("Code", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in _BUSY or bool(reasons & _BUSY_REASONS) or status >= _SERVER_ERROR
