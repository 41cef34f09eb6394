"""The responder: a wake-up from the queue becomes an answer on its way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from conversation import aws, observability
from conversation.clocks import MILLISECONDS
from conversation.deadline import Deadline
from messaging.answering import Answering
from messaging.composition import build_answering
from messaging.settings import ResponderSettings
from texting.wakeups import WakeupError, Wakeups, conversation_of

_RESERVE_SECONDS = 1.0
_FIRST_RETRY_SECONDS = 1
_LAST_DOUBLING = 6
_LONGEST_RETRY_SECONDS = 60
_COUNT = "ApproximateReceiveCount"


@cache
def _built() -> tuple[Answering, Wakeups]:
    """The use case of this worker, built on the first wake-up."""
    settings = ResponderSettings.load()
    wakeups = Wakeups(settings.wakeup_queue_url, aws.sqs)
    return build_answering(settings, settings.tables.connect(), wakeups), wakeups


@dataclass(frozen=True)
class Record:
    """One message of the queue, as far as it is read; what is odd counts as absent.

    Attributes:
        body: What it holds.
        message_id: The queue's id of it.
        receipt_handle: What names it to the queue while it is in flight.
        received: How often it was handed out.
    """

    body: Any
    message_id: str
    receipt_handle: str
    received: int

    @classmethod
    def parse(cls, record: Any) -> Record:
        """Read a record; anything can be read."""
        record = record if isinstance(record, Mapping) else {}
        attributes = record.get("attributes")
        count = _text(attributes.get(_COUNT)) if isinstance(attributes, Mapping) else ""
        return cls(
            body=record.get("body"),
            message_id=_text(record.get("messageId")),
            receipt_handle=_text(record.get("receiptHandle")),
            received=int(count) if re.fullmatch("[0-9]{1,6}", count) else 1,
        )


def records_of(event: Any) -> list[Record]:
    """The messages of an event; none where it is no batch."""
    found = event.get("Records") if isinstance(event, Mapping) else None
    return [Record.parse(record) for record in found] if isinstance(found, list) else []


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Attend to each wake-up; report those that must come back (`ReportBatchItemFailures`)."""
    failures = []
    answering, wakeups = _built()
    for record in records_of(event):
        seconds = context.get_remaining_time_in_millis() / MILLISECONDS - _RESERVE_SECONDS
        again = _attend(answering, record, Deadline.after(seconds))
        if again is not None:
            _come_back(wakeups, record, again)
            failures.append({"itemIdentifier": record.message_id})
    observability.flush()
    return {"batchItemFailures": failures}


def _attend(answering: Answering, record: Record, deadline: Deadline) -> float | None:
    """One wake-up: None when it is dealt with, else after how many seconds to try again."""
    log = observability.logger()
    try:
        return answering.attend(conversation_of(record.body), deadline)
    except WakeupError:
        log.error("not a wake-up", extra={"message_id": record.message_id})  # noqa: TRY400  as below
        return None
    except Exception as error:  # noqa: BLE001  a handled failure comes back in seconds (rule 11)
        # Not `exception`: a library's message may quote a text, a number or a secret.
        log.error("turn failed", extra=observability.describe(error))  # noqa: TRY400
        observability.count("TurnFailed")
        doublings = min(record.received, _LAST_DOUBLING)
        return min(_FIRST_RETRY_SECONDS << doublings, _LONGEST_RETRY_SECONDS)


def _come_back(wakeups: Wakeups, record: Record, seconds: float) -> None:
    """Have a wake-up return soon; if the queue does not listen, it returns in its own time."""
    try:
        wakeups.come_back(record.receipt_handle, seconds)
    except Exception as error:  # noqa: BLE001  the other wake-ups of the batch must be reported
        observability.logger().warning("not shortened", extra=observability.describe(error))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
