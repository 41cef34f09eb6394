"""The event source works a queue off as Lambda does: groups side by side, each in order."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.emulator import Emulator
from local.event_source import EventSourcePoller
from local.function_spec import Result
from local.provisioner.account import EventSource

_names = itertools.count()


class Consumer:
    """A function that notes what it gets and does what a test says."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.most_at_once = 0
        self.act: Callable[[str], Result] = lambda _body: Result(
            "r", None, error=False, milliseconds=0
        )
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, _function: str, event: dict[str, Any]) -> Result:
        """Take an event."""
        (record,) = event["Records"]
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.seen.append((record["attributes"]["MessageGroupId"], record["body"]))
        try:
            return self.act(record["body"])
        finally:
            with self._lock:
                self._now -= 1


class Bench:
    """A FIFO queue, its poller and its consumer."""

    def __init__(self, emulator: Emulator, *, visibility: int = 2, concurrency: int = 3) -> None:
        self.sqs = emulator.client("sqs")
        name = f"source-{next(_names)}.fifo"
        attributes = {"FifoQueue": "true", "VisibilityTimeout": str(visibility)}
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        self.url = f"{emulator.url}/000000000000/{name}"
        self.consumer, self.complaints = Consumer(), list[str]()
        self.client: Callable[[], Any] = lambda: emulator.client("sqs")
        source = EventSource(self.url, "responder", 1, 10, reports_failures=True)
        self.poller = EventSourcePoller(
            source,
            client=self._client,
            invoke=self.consumer,
            concurrency=concurrency,
            complain=self.complaints.append,
        )

    def _client(self) -> Any:
        """The client of the moment: a test may replace what makes it."""
        return self.client()

    def send(self, group: str, *bodies: str) -> None:
        """Send messages of one group."""
        for body in bodies:
            self.sqs.send_message(
                QueueUrl=self.url,
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=body,
            )

    def left(self) -> int:
        """How many messages the queue still holds, seen or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(value) for value in told["Attributes"].values())

    def wait(self, met: Callable[[], bool], seconds: float = 15) -> None:
        """Poll until something is so."""
        deadline = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < deadline, (self.consumer.seen, self.complaints)
            time.sleep(0.02)


@pytest.fixture
def bench(emulator: Emulator) -> Iterator[Bench]:
    """A bench whose poller a test starts."""
    bench = Bench(emulator)
    yield bench
    bench.poller.stop()


def test_messages_of_a_group_come_in_order_and_are_deleted(bench: Bench) -> None:
    """Each in its own event, with the attributes a function reads."""
    bench.send("a", "1", "2", "3")
    bench.poller.start()
    bench.wait(lambda: len(bench.consumer.seen) == 3 and bench.left() == 0)
    assert bench.consumer.seen == [("a", "1"), ("a", "2"), ("a", "3")]
    assert bench.complaints == []


def test_groups_run_side_by_side_up_to_the_limit(bench: Bench) -> None:
    """A slow conversation holds up nobody else."""
    slow = threading.Event()

    def act(body: str) -> Result:
        if body == "slow":
            slow.wait(10)
        return Result("r", None, error=False, milliseconds=0)

    bench.consumer.act = act
    bench.send("a", "slow", "after")
    bench.send("b", "quick")
    bench.poller.start()
    bench.wait(lambda: ("b", "quick") in bench.consumer.seen)
    assert ("a", "after") not in bench.consumer.seen
    slow.set()
    bench.wait(lambda: ("a", "after") in bench.consumer.seen)
    assert 2 <= bench.consumer.most_at_once <= 3


@pytest.mark.parametrize("how", ["error", "reported"])
def test_a_failed_message_comes_again(bench: Bench, how: str) -> None:
    """Once its visibility timeout is over, whether the function failed or reported it."""
    failures = iter([True, False])

    def act(_body: str) -> Result:
        failing = next(failures)
        if how == "error":
            return Result("r", {"errorType": "E"}, error=failing, milliseconds=0)
        return Result("r", None if not failing else reported, error=False, milliseconds=0)

    reported: dict[str, Any] = {"batchItemFailures": []}
    original = bench.consumer.__call__

    def invoke(function: str, event: dict[str, Any]) -> Result:
        reported["batchItemFailures"] = [{"itemIdentifier": event["Records"][0]["messageId"]}]
        return original(function, event)

    bench.poller._invoke = invoke
    bench.consumer.act = act
    bench.send("a", "again")
    bench.poller.start()
    bench.wait(lambda: bench.left() == 0 and len(bench.consumer.seen) == 2)
    assert bench.consumer.seen == [("a", "again")] * 2


def test_a_role_that_may_not_read_is_reported(bench: Bench) -> None:
    """The complaint goes to the function's log, and polling goes on when it is mended."""
    allowed = bench.client
    refusing = _Refusing()
    bench.client = lambda: refusing
    bench.send("a", "1")
    bench.poller.start()
    bench.wait(lambda: bool(bench.complaints))
    assert "cannot read" in bench.complaints[0]
    bench.client = allowed
    bench.wait(lambda: len(bench.consumer.seen) == 1)


class _Refusing:
    """A client of a role without rights."""

    def receive_message(self, **_: Any) -> Any:
        """Refuse."""
        from botocore.exceptions import ClientError

        denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}
        raise ClientError(denied, "ReceiveMessage")  # type: ignore[arg-type] # the needed part


def test_stopping_takes_no_further_message(bench: Bench) -> None:
    """What is sent after the stop stays in the queue."""
    bench.poller.start()
    bench.poller.stop()
    bench.send("a", "late")
    assert bench.left() == 1
    assert bench.consumer.seen == []
