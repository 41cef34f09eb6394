"""DynamoDB and KMS in memory that a scheduler stops at, and that fail as a test has them fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from conversation.items import Item, from_attribute
from conversation.tables import StoreBusyError
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms

THROTTLED, CONFLICT, LOST, BUSY = "throttled", "conflict", "answer lost", "busy"
"""What may befall a call; `BUSY` stands for throttles that outlast every deadline."""

_READS = {"get_item", "query"}


@dataclass(frozen=True)
class Change:
    """One item that a write has changed; None where there was none, or is none now."""

    table: str
    pk: str
    sk: str
    before: Item | None
    after: Item | None


@dataclass
class Faults:
    """What is to befall the next calls.

    Attributes:
        tables: Per table, the faults of its next calls, one each.
        kms_away: Whether KMS cannot be reached.
        kms_throttles: How many of its next calls KMS refuses.
    """

    tables: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kms_away: bool = False
    kms_throttles: int = 0

    def take(self, tables: set[str]) -> str | None:
        """The fault of a call to these tables, if it has one."""
        return next((self.tables[name].pop(0) for name in tables if self.tables[name]), None)

    def clear(self) -> None:
        """Nothing fails any longer."""
        self.tables.clear()
        self.kms_away, self.kms_throttles = False, 0


class SteppedStore:
    """A botocore DynamoDB client over a shared memory.

    Args:
        memory: What is stored.
        faults: What fails.
        point: Called before each call and after each write.
        wrote: Told what each write has changed, in the order of the writes.
    """

    def __init__(
        self,
        memory: MemoryDynamoDB,
        faults: Faults,
        point: Callable[[str], None],
        wrote: Callable[[list[Change]], None],
    ) -> None:
        self._memory = memory
        self._faults = faults
        self._point = point
        self._wrote = wrote
        self._tokens: set[str] = set()

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        return lambda **request: self._call(operation, request)

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self._point(operation)
        targets = _targets(request)
        fault = self._faults.take({table for table, _ in targets} or {request["TableName"]})
        if fault is not None and fault != LOST:
            raise _refusal(fault, operation)
        if operation in _READS:
            if fault == LOST:
                raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
            answer: dict[str, Any] = getattr(self._memory, operation)(**request)
            return answer
        answer = self._write(operation, request, targets)
        if fault == LOST:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
        self._point(f"after {operation}")
        return answer

    def _write(
        self, operation: str, request: dict[str, Any], targets: list[tuple[str, tuple[str, str]]]
    ) -> dict[str, Any]:
        token = request.get("ClientRequestToken")
        if token in self._tokens:
            return {}  # DynamoDB knows a transaction by its token: it is made already.
        before = [self._item(*target) for target in targets]
        answer: dict[str, Any] = getattr(self._memory, operation)(**request)
        if token is not None:
            self._tokens.add(token)
        changes = [
            Change(table, *key, old, self._item(table, key))
            for (table, key), old in zip(targets, before, strict=True)
        ]
        self._wrote([change for change in changes if change.before != change.after])
        return answer

    def _item(self, table: str, key: tuple[str, str]) -> Item | None:
        found = self._memory.tables.get(table, {}).get(key)
        return None if found is None else {k: from_attribute(v) for k, v in found.items()}


class SteppedKms:
    """A botocore KMS client; the same."""

    def __init__(self, kms: PlayedKms, faults: Faults, point: Callable[[str], None]) -> None:
        self._kms = kms
        self._faults = faults
        self._point = point

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            self._point(f"kms {operation}")
            if self._faults.kms_away:
                raise EndpointConnectionError(endpoint_url="https://kms.test")
            if self._faults.kms_throttles:
                self._faults.kms_throttles -= 1
                raise _error("ThrottlingException", operation)
            answer: dict[str, Any] = getattr(self._kms, operation)(**request)
            return answer

        return call


def _targets(request: dict[str, Any]) -> list[tuple[str, tuple[str, str]]]:
    """The table and key of each item that a write may change."""
    actions = request.get("TransactItems")
    if actions is None:
        parts = [request] if "Key" in request or "Item" in request else []
    else:
        parts = [part for action in actions for part in action.values()]
    found = []
    for part in parts:
        key = part.get("Key") or part["Item"]
        found.append((part["TableName"], (key["pk"]["S"], key.get("sk", {"S": ""})["S"])))
    return found


def _refusal(fault: str, operation: str) -> Exception:
    if fault == BUSY:
        return StoreBusyError(f"{operation} did not get through")
    if fault == THROTTLED or operation != "transact_write_items":
        return _error("ProvisionedThroughputExceededException", operation)
    conflict = _error("TransactionCanceledException", operation)
    response: Any = conflict.response
    response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
    return conflict


def _error(code: str, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, operation)
