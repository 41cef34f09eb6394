"""One call of a function to AWS, what calls add up to, and how AWS refuses one."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import asdict, dataclass

from local.faults import Action
from local.wire import response


@dataclass(frozen=True)
class Call:
    """One request to AWS.

    Attributes:
        function: Physical name of the function that made it.
        worker: The worker's id, for killing it.
        service: Signing name.
        operation: Name of the operation.
        body: Content of the request.
    """

    function: str
    worker: str
    service: str
    operation: str
    body: bytes


@dataclass
class Count:
    """What one function spent on one operation."""

    requests: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    errors: int = 0
    write_units: float = 0.0
    seconds: float = 0.0
    """That AWS itself took, as this machine plays it."""


class Meter:
    """Counts by function and operation, safe to read and reset from any thread."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], Count] = defaultdict(Count)
        self._lock = threading.Lock()

    def add(
        self,
        call: Call,
        *,
        sent: int,
        received: int,
        failed: bool,
        units: float = 0.0,
        seconds: float = 0.0,
    ) -> None:
        """Count one finished call."""
        with self._lock:
            count = self._counts[call.function, call.service, call.operation]
            count.requests += 1
            count.request_bytes += sent
            count.response_bytes += received
            count.errors += failed
            count.write_units += units
            count.seconds += seconds

    def reset(self) -> None:
        """Begin again at nothing."""
        with self._lock:
            self._counts.clear()

    def rows(self) -> list[dict[str, object]]:
        """Return one row a function and operation, ready for JSON."""
        with self._lock:
            return [
                {"function": function, "service": service, "operation": operation, **asdict(count)}
                for (function, service, operation), count in sorted(self._counts.items())
            ]

    def total(self, function: str = "", service: str = "", operation: str = "") -> Count:
        """Return the sum over what matches; a function may be given by its short name."""
        result = Count()
        with self._lock:
            for (of, at, name), count in self._counts.items():
                named = not function or of == function or of.endswith(f"-{function}")
                if named and service in ("", at) and operation in ("", name):
                    result.requests += count.requests
                    result.request_bytes += count.request_bytes
                    result.response_bytes += count.response_bytes
                    result.errors += count.errors
                    result.write_units += count.write_units
                    result.seconds += count.seconds
        return result


_THROTTLES = {
    "dynamodb": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "sqs": "com.amazonaws.sqs#RequestThrottled",
}
_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"


def refusal(action: Action, call: Call) -> bytes:
    """Return the error that AWS would give."""
    if action is Action.THROTTLE:
        return _error(400, _THROTTLES.get(call.service, "ThrottlingException"), "Rate exceeded")
    if action is Action.CONFLICT and call.operation == "TransactWriteItems":
        count = len(json.loads(call.body).get("TransactItems", []))
        reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing"}]
        reasons += [{"Code": "None"}] * (count - 1)
        return _error(
            400,
            f"{_DYNAMODB}TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            f"[{', '.join(reason['Code'] for reason in reasons)}]",
            CancellationReasons=reasons,
        )
    if action is Action.CONFLICT:
        return _error(
            400, f"{_DYNAMODB}TransactionConflictException", "Transaction is ongoing for the item"
        )
    return _error(500, "InternalServerError", "Internal server error")


def _error(status: int, kind: str, message: str, **more: object) -> bytes:
    body = json.dumps({"__type": kind, "message": message, "Message": message, **more}).encode()
    return response(
        status,
        body,
        {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": "injected-fault"},
    )
