"""Which of the services' own metrics wake somebody.

The metrics are written by ``services/``; alarms on tables, queues, functions and the API are
declared by their components.
"""

from components import Watch
from settings import StackSettings

METRICS_NAMESPACE = "dialtone"
# The sweep runs once a minute.
_SWEEP_SECONDS = 60


def watches(settings: StackSettings) -> dict[str, Watch]:
    """Return the watches of a stack, by name."""
    slow = (settings.timing.sweep_after_seconds + _SWEEP_SECONDS) * 1000
    return {
        "set-aside": _watch(
            "SetAside",
            "responder",
            "A text broke its turn three times and was put aside: `dialtone status`, then "
            "`dialtone redrive`.",
        ),
        "answer-wait": _watch(
            "AnswerWait",
            "responder",
            "Texts wait too long before their turn begins: look at throttles and concurrency.",
            statistic="Maximum",
            threshold=slow,
        ),
        "turn-failed": _watch(
            "TurnFailed",
            "responder",
            "Turns fail and are tried again: the responder's log has the reason.",
            threshold=3,
        ),
        "apologised": _watch(
            "Apologised",
            "responder",
            "No model answered several people: check the models' quotas and keys.",
            threshold=5,
        ),
        **_of_limits(),
        **_of_sends(),
        **_of_contents(),
        **_of_keys(),
        **(_of_calls() if settings.voice.enabled else {}),
    }


def _of_limits() -> dict[str, Watch]:
    """What there is no more of, and what is not kept for want of a model."""
    return {
        "refused": _watch(
            "Refused",
            "responder",
            "Many texts meet a used-up allowance: `dialtone status` shows the stack's.",
            threshold=20,
        ),
        "stack-spent": _watch(
            "StackSpent",
            "responder",
            "The stack's allowance is used up and nobody is answered: `dialtone status`, then "
            "`stackAllowance`.",
        ),
        "fold-failed": _watch(
            "FoldFailed",
            "responder",
            "No model keeps the notes of conversations: what leaves the window is not remembered.",
            threshold=5,
        ),
    }


def _of_sends() -> dict[str, Watch]:
    """What can become of an answer at the carrier."""
    return {
        "send-unknown": _watch(
            "SendUnknown",
            "responder",
            "The carrier did not say whether it took a message, and nothing was found later.",
        ),
        "send-refused": _watch(
            "SendRefused",
            "responder",
            "The carrier refuses our messages: `dialtone trace` shows the error of each.",
            threshold=5,
        ),
        "undelivered": _watch(
            "Undelivered",
            "status",
            "Answers do not arrive: `dialtone trace` shows the error. 30034, 30032: the number is "
            "not registered.",
            threshold=5,
        ),
    }


def _of_contents() -> dict[str, Watch]:
    """What can happen to sealed content, to where it asks to be answered, and to its deletion."""
    return {
        "seal-broken": _watch(
            "SealBroken",
            "responder",
            "Something stored is not what was sealed there: swapped, altered or brought from "
            "elsewhere. The log has `seal broken` with the item; see who can write the tables.",
        ),
        "seal-broken-status": _watch(
            "SealBroken",
            "status",
            "The record of a turn is not what was written there. The log has `seal broken` with "
            "the item; see who can write the tables.",
        ),
        "foreign-address": _watch(
            "ForeignAddress",
            "responder",
            "A text asked for its answer at an address that is not its person's, and was not "
            "answered. The log has `foreign address` with the item; see who can write the tables, "
            "and whether `people` was restored or the address key replaced.",
        ),
        "forget-late": _watch(
            "ForgetLate",
            "responder",
            "The carrier has kept copies of a forgotten conversation for over a day. Nothing of "
            "ours opens any more; the log has `copies not deleted` with the reason.",
        ),
    }


def _of_keys() -> dict[str, Watch]:
    """What can happen to the key of a conversation, and to a secret."""
    found: dict[str, Watch] = {}
    for service in ("webhook", "responder", "sweep"):
        found[f"key-lost-{service}"] = _watch(
            "KeyLost",
            service,
            "A conversation has no key any more and cannot go on: put its `keys` item back, or "
            "`dialtone rekey`.",
        )
        found[f"key-unavailable-{service}"] = _watch(
            "KeyUnavailable",
            service,
            "KMS does not give the stack's key: disabled, throttled or denied. What waits is kept.",
        )
    for service in ("webhook", "responder"):
        found[f"secret-stale-{service}"] = _watch(
            "SecretStale",
            service,
            "Secrets Manager does not give a secret, and an earlier value is in use, an hour at "
            "most: the function's log has `secret not fetched` with the reason.",
        )
    return found


def _of_calls() -> dict[str, Watch]:
    """What a caller may have to put up with."""
    watched = {
        "call-late": _watch(
            "LateAnswer",
            "fulfilment",
            "Answers to callers are not ready in time and are offered by text: look at the models' "
            "latency, then at voice.answerSeconds.",
            threshold=5,
        ),
        "call-apologised": _watch(
            "SpokenApology",
            "fulfilment",
            "Callers hear an apology in the place of an answer: the fulfilment function's log has "
            "the reason.",
            threshold=3,
        ),
        "call-unsupported": _watch(
            "UnsupportedEvent",
            "fulfilment",
            "Lex sends something that the function does not know, and callers hear an apology: "
            "`dialtone doctor voice` compares the bot with what it should be.",
        ),
    }
    for alarm, metric, description in (
        ("call-seal-broken", "SealBroken", "Something stored is not what was sealed there."),
        ("call-key-lost", "KeyLost", "A call's conversation has no key any more."),
        ("call-key-unavailable", "KeyUnavailable", "KMS does not give the stack's key to a call."),
    ):
        watched[alarm] = _watch(metric, "fulfilment", description)
    return watched


def _watch(
    metric: str,
    service: str,
    description: str,
    *,
    statistic: str = "Sum",
    threshold: float = 1,
) -> Watch:
    return Watch(
        namespace=METRICS_NAMESPACE,
        metric=metric,
        dimensions={"service": service},
        statistic=statistic,
        threshold=threshold,
        period_seconds=300,
        description=description,
    )
