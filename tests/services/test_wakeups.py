"""Wake-ups: what the responder does with them and what the sweep adds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from conversation import observability
from conversation.deadline import Deadline
from conversation.ids import shard_of
from conversation.tables import Tables
from messaging import responder
from messaging.sweep import is_listing_due
from messaging.waking import Waking
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import Stage
from texting.wakeups import WakeupError, Wakeups, conversation_of

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000, function_name="responder")


@pytest.fixture(autouse=True)
def _metrics() -> Iterator[None]:
    yield
    observability.metrics().clear_metrics()


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A stage over tables in memory."""
    return Stage(memory_tables)


def record(body: str, received: int = 1) -> dict[str, Any]:
    """A message of the queue, as Lambda hands it on."""
    return {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(received)},
    }


def handle(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, body: str, received: int = 1
) -> dict[str, Any]:
    """Call the handler with the stage's parts."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "responder")
    wakeups = Wakeups("https://queue.test", lambda: stage.queue)
    monkeypatch.setattr(responder, "_built", lambda: (stage.worker(), wakeups))
    return responder.handler({"Records": [record(body, received)]}, CONTEXT)


def test_a_wakeup_that_is_dealt_with_is_no_failure(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue deletes what is not reported."""
    stage.text("hello")
    body = f'{{"conversation": "{stage.conversation}"}}'
    # The stage's clock stands still; the function's own time is real.
    monkeypatch.setattr(responder, "Deadline", _StageDeadline(stage))
    assert handle(stage, monkeypatch, body) == {"batchItemFailures": []}
    assert stage.bodies() == ["you said: hello"]


@pytest.mark.parametrize(("received", "seconds"), [(1, 2), (2, 4), (3, 8), (50, 60)])
def test_a_handled_failure_comes_back_in_seconds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, received: int, seconds: int
) -> None:
    """The queue's visibility, minutes long, is shortened; longer again if it keeps failing."""

    def failing(*_: Any) -> float | None:
        raise RuntimeError("with a text in its words")

    monkeypatch.setattr("messaging.answering.Answering.attend", failing)
    assert handle(stage, monkeypatch, '{"conversation": "person#1"}', received) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}]
    }
    assert stage.queue.visibility == [seconds]


def test_a_failure_is_logged_without_its_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library's message may quote what it was given; a log may not."""

    def failing(*_: Any) -> float | None:
        raise RuntimeError("my secret words")

    log = io.StringIO()
    logger = Logger(service="a-test-of-its-own", stream=log)
    monkeypatch.setattr(observability, "logger", lambda: logger)
    monkeypatch.setattr("messaging.answering.Answering.attend", failing)
    handle(stage, monkeypatch, '{"conversation": "person#1"}')
    out = log.getvalue()
    assert "RuntimeError" in out
    assert "my secret words" not in out


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"conversation": 3}', "hello"])
def test_what_is_no_wakeup_is_dropped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """A message that names no conversation would fail for ever; it is logged and let go."""
    with pytest.raises(WakeupError):
        conversation_of(body)
    assert handle(stage, monkeypatch, body) == {"batchItemFailures": []}


class _StageDeadline:
    """Makes deadlines by the stage's clock."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def after(self, seconds: float) -> Deadline:
        return Deadline.after(seconds, self._stage.clock)


def waking(stage: Stage, limit: int = 25) -> Waking:
    """The sweep of the stage's tables."""
    wakeups = Wakeups("https://queue.test", lambda: stage.queue)
    return Waking(stage.tables, wakeups, limit, clock=stage.clock, sleep=stage.clock.sleep)


def run(stage: Stage, limit: int = 25) -> int:
    """One run of the sweep."""
    return waking(stage, limit).run(Deadline.after(30))


def test_the_sweep_wakes_what_waits_too_long_once(stage: Stage) -> None:
    """Two overdue texts of one conversation are one wake-up, in the sweep's own group."""
    stage.text("one")
    stage.text("two")
    assert run(stage) == 0
    stage.clock.now += 21
    due = stage.items("inbox#")[0]["pending_at"]
    assert run(stage) == 1
    assert run(stage) == 0
    [message] = stage.queue.sent
    group = f"sweep:{stage.conversation}"
    assert message["MessageGroupId"] == group
    assert message["MessageDeduplicationId"] == f"{group}:{due}"


def test_the_sweep_looks_less_and_less_often(stage: Stage) -> None:
    """1, 2, 4 … minutes, at most an hour."""
    stage.text("one")
    stage.clock.now += 21
    pauses = []
    for _ in range(9):
        run(stage)
        due = stage.items("inbox#")[0]["pending_at"] / 1000
        pauses.append(round((due - stage.clock.now) / 60))
        stage.clock.now = due + 0.001
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_sweep_sees_open_turns(stage: Stage) -> None:
    """A turn whose worker died is woken when its lease has run out."""
    stage.text("one")
    meta = stage.lease.read(stage.conversation)
    stage.lease.claim(meta, "01J0", [stage.items("inbox#")[0]["sk"]], stage.route, 65)
    stage.tables.write(
        {
            "Delete": {
                "TableName": stage.tables.conversations,
                "Key": {
                    "pk": {"S": stage.conversation},
                    "sk": {"S": stage.items("inbox#")[0]["sk"]},
                },
            }
        }
    )
    assert run(stage) == 0
    stage.clock.now += 66
    assert run(stage) == 1


def test_the_sweep_wakes_no_more_than_its_share(memory: MemoryDynamoDB, stage: Stage) -> None:
    """A crowd in one shard is woken some a run, the longest overdue first."""
    stage.text("one")
    table = memory.tables[stage.tables.conversations]
    [item] = [item for (_, sk), item in table.items() if sk.startswith("inbox#")]
    for number in range(5):
        pk = f"person#{number}"
        due = {"N": str(1_000 + number)}
        table[pk, "inbox#1"] = {**item, "pk": {"S": pk}, "sk": {"S": "inbox#1"}, "pending_at": due}
    assert run(stage, 3) == 3
    assert stage.queue.conversations() == ["person#0", "person#1", "person#2"]


def test_the_sweep_leaves_alone_what_has_ended(stage: Stage, memory: MemoryDynamoDB) -> None:
    """The index may still name what was answered a moment ago."""
    stage.text("one")
    stage.clock.now += 21
    found = list(stage.tables.due(shard_of(stage.conversation), 2**60, 5))
    stage.attend()
    waking(stage)._look_at(found[0], set())
    assert stage.queue.sent == []
    assert stage.items("inbox#") == []


def test_a_lost_wakeup_is_made_up_for(stage: Stage) -> None:
    """A text whose wake-up never came is answered after the sweep's."""
    stage.text("hello")
    stage.clock.now += 60
    run(stage)
    [conversation] = stage.queue.conversations()
    assert conversation == stage.conversation
    stage.attend()
    assert stage.bodies() == ["you said: hello"]


@pytest.mark.parametrize(
    ("minute", "every", "due"), [(0, 5, True), (4, 5, False), (10, 5, True), (3, 0, False)]
)
def test_the_carrier_is_listed_every_few_minutes(minute: int, every: int, *, due: bool) -> None:
    """The schedule runs each minute; the carrier is asked in some of them."""
    assert is_listing_due(minute * 60 + 30, every) is due
