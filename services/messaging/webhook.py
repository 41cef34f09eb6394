"""The carrier's webhook: a text comes in, is accepted, and its conversation is woken.

On the cold path of every first message, so it imports no model, no pydantic, no requests and no
boto3 (a test holds it to that). Acknowledges with empty TwiML: the answer goes out through the
carrier's REST API. Only a reserved word that the carrier does not answer is answered here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from conversation import aws, observability
from conversation.allowances import Limits
from conversation.keys import KeyLostError, KeyUnavailableError
from conversation.secrets import JsonSecret, SecretError
from conversation.tables import StoreBusyError
from conversation.texts import Texts
from messaging.accept import Acceptor
from messaging.acceptance import FORGET
from messaging.inbound import BadRequestError, form_request, inbound_text
from messaging.settings import WebhookSettings
from messaging.signature import ForgedRequestError, SignatureCheck
from texting.address_key import AddressKey
from texting.meter import Meter
from texting.wakeups import Wakeups

PATH: Final = "/webhooks/twilio/messages"

_TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?><Response>{}</Response>'
# `html.escape` costs an import of every entity there is.
_ESCAPED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Webhook:
    """The use case: check, accept, wake.

    Args:
        check: Checks signatures.
        acceptor: Accepts texts.
        wakeups: The queue.
    """

    def __init__(self, check: SignatureCheck, acceptor: Acceptor, wakeups: Wakeups) -> None:
        self._check = check
        self._acceptor = acceptor
        self._wakeups = wakeups

    def receive(self, event: dict[str, Any]) -> str | None:
        """Take in one request.

        Returns:
            What to answer at once, if anything.

        Raises:
            BadRequestError: It cannot be read.
            ForgedRequestError: It is not the carrier's.
            KeyLostError: The conversation's key is gone.
            KeyUnavailableError: KMS does not make a first contact's key now.
            SecretError: The carrier's secret has no usable value.
            StoreBusyError: The store or the queue did not answer.
        """
        request = form_request(event)
        self._check.require(PATH, request.headers, request.fields, has_query=request.has_query)
        inbound = inbound_text(request)
        accepted = self._acceptor.accept(inbound)
        if accepted.wakes:
            # A FORGET does not queue up behind a turn that is still being answered.
            apart = f"forget:{accepted.conversation}" if accepted.effect == FORGET else None
            self._wake(accepted.conversation, inbound.sid, apart)
        observability.logger().info(
            "accepted",
            extra={
                "conversation": accepted.conversation,
                "message_sid": inbound.sid,
                "effect": accepted.effect,
                "duplicate": accepted.duplicate,
                "characters": len(inbound.text),
                "media": inbound.media,
            },
        )
        return accepted.reply

    def _wake(self, conversation: str, sid: str, group: str | None) -> None:
        """Wake a conversation whose text is accepted: the carrier's retry wakes it again."""
        try:
            self._wakeups.send(conversation, sid, group=group)
        except (BotoCoreError, ClientError) as error:
            raise StoreBusyError("the queue did not take a wake-up") from error


@cache
def _built() -> Webhook:
    """Put the parts of this worker together, on the first request."""
    settings = WebhookSettings.load()
    secret = JsonSecret(settings.carrier_secret_arn, aws.secrets_manager)
    tables = settings.tables.connect()
    acceptor = Acceptor(
        tables,
        AddressKey(secret),
        receipt_days=settings.receipt_days,
        look_after_seconds=settings.sweep_after_seconds,
        carrier_answers_words=settings.carrier_answers_reserved_words,
        policy=settings.policy,
        texts=Texts.load(settings.texts),
        meter=Meter(
            tables,
            person=Limits.load(settings.person_allowance),
            stack=Limits.load(settings.stack_allowance),
        ),
    )
    check = SignatureCheck(secret, settings.public_url)
    return Webhook(check, acceptor, Wakeups(settings.wakeup_queue_url, aws.sqs))


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one request of the carrier."""
    try:
        return respond(_built(), event)
    finally:
        observability.flush()


def respond(webhook: Webhook, event: dict[str, Any]) -> dict[str, Any]:
    """Map what becomes of a request to its HTTP response."""
    try:
        reply = webhook.receive(event)
    except BadRequestError as error:
        return _refusal(400, "bad request", str(error))
    except ForgedRequestError as error:
        return _refusal(403, "forged", str(error))
    except KeyLostError as error:
        observability.logger().error("key lost", extra={"conversation": str(error)})
        return _refusal(503, "key lost")
    except (KeyUnavailableError, SecretError, StoreBusyError) as error:
        return _refusal(503, "unavailable", str(error))
    message = f"<Message>{reply.translate(_ESCAPED)}</Message>" if reply else ""
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    return {"statusCode": 200, "headers": headers, "body": _TWIML.format(message)}


def _refusal(status: int, what: str, why: str = "") -> dict[str, Any]:
    """Refuse, telling the log why and the caller nothing."""
    observability.logger().warning(what, extra={"why": why, "http_status": status})
    return {"statusCode": status, "headers": {"Content-Type": "text/plain"}, "body": what}
