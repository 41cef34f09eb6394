"""Logs and metrics: ids, sizes and durations; never text, numbers or secrets."""

from __future__ import annotations

import logging
import traceback
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics import Metrics


NAMESPACE = "dialtone"

# The runtime gives the root logger the function's level and a way into the log. At DEBUG the
# libraries quote whole requests and responses: texts, numbers, the carrier's token. Every handler
# imports this module, and the runtime sets its level before it imports a handler.
logging.getLogger().setLevel(logging.WARNING)


@cache
def logger() -> Logger:
    """The function's structured logger; Lambda's environment names the service and the level."""
    return Logger(use_rfc3339=True)


@cache
def metrics() -> Metrics:
    """The function's metrics, written as embedded metric format to its log."""
    from aws_lambda_powertools.metrics import Metrics  # noqa: PLC0415  the webhook needs few

    return Metrics(namespace=NAMESPACE)


def flush() -> None:
    """Write what was measured; an invocation that measured nothing writes nothing."""
    if metrics.cache_info().currsize and metrics().provider.metric_set:
        metrics().flush_metrics()


def count(name: str, value: float = 1) -> None:
    """Add to a counter; written when the invocation flushes its metrics."""
    metrics().add_metric(name=name, unit="Count", value=value)


def duration(name: str, milliseconds: float) -> None:
    """Record how long something took; written when the invocation flushes its metrics."""
    metrics().add_metric(name=name, unit="Milliseconds", value=milliseconds)


def describe(error: BaseException) -> dict[str, str]:
    """An error as a log may hold it: what it is and where, never its words.

    A library's message may quote what it was given: a person's text, a number, a secret.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    cause = error.__cause__
    described = {
        "error": type(error).__name__,
        "where": where,
        "cause": type(cause).__name__ if cause else "",
    }
    # An AWS client's error says all that matters in two words, neither of them anybody's.
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and "Error" in answer:
        described["code"] = str(answer["Error"].get("Code", ""))
        described["operation"] = str(getattr(error, "operation_name", ""))
    return described
