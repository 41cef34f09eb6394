"""The responder: a wake-up from the queue becomes an answer on its way."""

from __future__ import annotations

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


@cache
def _built() -> tuple[Answering, Wakeups]:
    """The use case of this worker, built on the first wake-up."""
    settings = ResponderSettings.load()
    wakeups = Wakeups(settings.wakeup_queue_url, aws.sqs)
    return build_answering(settings, settings.tables.connect(), wakeups), wakeups


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Attend to each wake-up; report those that must come back (`ReportBatchItemFailures`)."""
    failures = []
    answering, wakeups = _built()
    for record in event["Records"]:
        seconds = context.get_remaining_time_in_millis() / MILLISECONDS - _RESERVE_SECONDS
        again = _attend(answering, record, Deadline.after(seconds))
        if again is not None:
            wakeups.come_back(record["receiptHandle"], again)
            failures.append({"itemIdentifier": record["messageId"]})
    observability.flush()
    return {"batchItemFailures": failures}


def _attend(answering: Answering, record: dict[str, Any], deadline: Deadline) -> float | None:
    """One wake-up: None when it is dealt with, else after how many seconds to try again."""
    log = observability.logger()
    try:
        return answering.attend(conversation_of(record["body"]), deadline)
    except WakeupError:
        log.error("not a wake-up", extra={"message_id": record["messageId"]})  # noqa: TRY400  as below
        return None
    except Exception as error:  # noqa: BLE001  a handled failure comes back in seconds (rule 11)
        # Not `exception`: a library's message may quote a text, a number or a secret.
        log.error("turn failed", extra=observability.describe(error))  # noqa: TRY400
        observability.count("TurnFailed")
        received = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
        return min(_FIRST_RETRY_SECONDS << min(received, _LAST_DOUBLING), _LONGEST_RETRY_SECONDS)
