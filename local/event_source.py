"""Works a queue off as Lambda's event source mapping does: groups in parallel, each in order.

The emulator's own poller runs a FIFO queue's batches one after the other, so one slow model would
hold up everybody. This one reads under the function's own role, so that a missing
``sqs:ReceiveMessage`` shows here as it would on AWS.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.config import REGION
from local.function_spec import Result
from local.provisioner.account import EventSource

POLL_SECONDS = 1
PAUSE_SECONDS = 2.0

Invoke = Callable[[str, dict[str, Any]], Result]


class EventSourcePoller:
    """One mapping from a queue to a function.

    Args:
        source: What the program declared.
        client: Returns an SQS client under the function's role; called again when it is refused.
        invoke: Runs an event through a function and waits.
        concurrency: Most invocations at once.
        complain: Told, in words, what went wrong.
    """

    def __init__(
        self,
        source: EventSource,
        *,
        client: Callable[[], Any],
        invoke: Invoke,
        concurrency: int,
        complain: Callable[[str], None],
    ) -> None:
        self._source = source
        self._new_client = client
        self._client: Any = None
        self._invoke = invoke
        self._complain = complain
        self._stopping = threading.Event()
        self._free = threading.Semaphore(concurrency)
        self._runners = ThreadPoolExecutor(concurrency, thread_name_prefix="event-source")
        self._arn = f"arn:aws:sqs:{REGION}:" + ":".join(source.queue_url.split("/")[-2:])
        self._thread = threading.Thread(target=self._poll, name="event-source", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Take no further message; those under way are left to their visibility timeout."""
        self._stopping.set()
        self._thread.join(POLL_SECONDS + PAUSE_SECONDS)
        self._runners.shutdown(wait=False, cancel_futures=True)

    def _poll(self) -> None:
        while not self._stopping.is_set():
            # A worker has to be free first: from the receive on, the visibility timeout runs.
            if not self._free.acquire(timeout=POLL_SECONDS):
                continue
            messages = self._receive()
            if messages and not self._stopping.is_set():
                self._runners.submit(self._work, messages)
            else:
                self._free.release()

    def _receive(self) -> list[dict[str, Any]]:
        try:
            if self._client is None:
                self._client = self._new_client()
            answer = self._client.receive_message(
                QueueUrl=self._source.queue_url,
                MaxNumberOfMessages=self._source.batch_size,
                WaitTimeSeconds=POLL_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except (ClientError, BotoCoreError) as error:
            self._client = None  # its credentials may have run out
            if not self._stopping.is_set():
                self._complain(f"event source cannot read {self._source.queue_url}: {error}")
                self._stopping.wait(PAUSE_SECONDS)
            return []
        return list(answer.get("Messages", []))

    def _work(self, messages: list[dict[str, Any]]) -> None:
        try:
            event = {"Records": [self._record(message) for message in messages]}
            result = self._invoke(self._source.function, event)
            if result.error:
                return  # the messages come back when their visibility timeout is over
            failed = _failed(result.payload) if self._source.reports_failures else set()
            self._delete([m for m in messages if m["MessageId"] not in failed])
        except Exception as error:  # noqa: BLE001 - a thread that dies silently helps nobody
            if not self._stopping.is_set():
                self._complain(f"event source failed: {error!r}")
        finally:
            self._free.release()

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        client = self._client or self._new_client()
        for message in messages:
            try:
                client.delete_message(
                    QueueUrl=self._source.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
            except ClientError as error:
                self._complain(f"event source cannot delete a message: {error}")

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": dict(message.get("Attributes", {})),
            "messageAttributes": {
                name: {key[0].lower() + key[1:]: value for key, value in attribute.items()}
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": REGION,
        }


def _failed(payload: Any) -> set[str]:
    """Return the ids a handler reports as failed; as on AWS, nonsense means none."""
    if not isinstance(payload, dict):
        return set()
    failures = payload.get("batchItemFailures") or []
    return {failure.get("itemIdentifier", "") for failure in failures}
