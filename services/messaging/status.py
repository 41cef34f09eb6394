"""The carrier's delivery reports: how far an answer has come.

Owns what a report does to a turn: its delivery moves forward, and an open turn in `sending` is
closed, because a report with the turn's own reference is the carrier's word that it has the
message. Only *asking* the carrier has to wait until the sender is certainly dead (protocol rule
14): that finds nothing while the send is still on its way, a report cannot.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from conversation import aws, observability
from conversation.ids import parse_turn_reference
from conversation.lease import Lease
from conversation.outcomes import DeliveryState, TurnState
from conversation.secrets import JsonSecret, SecretError
from conversation.tables import StoreBusyError, Tables
from conversation.turns import Turns
from messaging.inbound import BadRequestError, FormRequest, form_request, message_sid
from messaging.settings import StatusSettings
from messaging.signature import ForgedRequestError, SignatureCheck
from texting.delivery_path import STATUS_PATH
from texting.states import from_carrier
from texting.tracking import News, record

_NOT_YET_CLOSED: Final = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_BAD_ENDS: Final = (DeliveryState.UNDELIVERED, DeliveryState.FAILED)
_CLOSING_ATTEMPTS: Final = 4
_LONGEST_CODE: Final = 16


class StatusReports:
    """The use case: check, record, close.

    Args:
        check: Checks signatures.
        tables: The tables.
    """

    def __init__(self, check: SignatureCheck, tables: Tables) -> None:
        self._check = check
        self._tables = tables
        self._turns = Turns(tables)
        self._lease = Lease(tables)

    def receive(self, event: dict[str, Any]) -> None:
        """Take in one report. One on a turn that is gone is of no use, and no fault.

        Raises:
            BadRequestError: It cannot be read.
            ForgedRequestError: It is not the carrier's.
            SecretError: The carrier's secret has no usable value.
            StoreBusyError: The store did not answer.
        """
        request = form_request(event)
        reference = request.path_parameters.get("turn", "")
        self._check.require(
            STATUS_PATH + reference,
            request.headers,
            request.fields,
            has_query=request.has_query,
        )
        sid, status = _report(request)
        try:
            conversation, turn_id = parse_turn_reference(reference)
        except ValueError as error:
            raise BadRequestError("no turn reference") from error
        error_code = request.field("ErrorCode")[:_LONGEST_CODE] or None
        self._take(conversation, turn_id, News(from_carrier(status), (sid,), error_code))

    def _take(self, conversation: str, turn_id: str, news: News) -> None:
        turn = self._turns.read(conversation, turn_id)
        if turn is None:
            observability.logger().info("report on a turn that is gone", extra={"turn": turn_id})
            return
        now = record(self._tables, turn, news)
        if now is not None and now.delivery != turn.delivery and now.delivery in _BAD_ENDS:
            observability.count("Undelivered")
        observability.logger().info(
            "reported", extra={"turn": turn_id, "state": news.state, "error": news.error}
        )
        if turn.delivery in _NOT_YET_CLOSED:
            self._close(conversation, turn_id)

    def _close(self, conversation: str, turn_id: str) -> None:
        """End the turn if it is still open in `sending`; its sender finds it closed."""
        for _ in range(_CLOSING_ATTEMPTS):
            meta = self._lease.read(conversation)
            opened = meta.open_turn
            if opened is None or opened.id != turn_id or opened.state is not TurnState.SENDING:
                return
            if self._lease.close_unheld(meta):
                return


@cache
def _built() -> StatusReports:
    """Put the parts of this worker together, on the first report."""
    settings = StatusSettings.load()
    secret = JsonSecret(settings.carrier_secret_arn, aws.secrets_manager)
    return StatusReports(SignatureCheck(secret, settings.public_url), settings.tables.connect())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one report of the carrier."""
    try:
        return respond(_built(), event)
    finally:
        observability.flush()


def respond(reports: StatusReports, event: dict[str, Any]) -> dict[str, Any]:
    """Map what becomes of a report to its HTTP response."""
    try:
        reports.receive(event)
    except BadRequestError as error:
        return _refusal(400, "bad request", str(error))
    except ForgedRequestError as error:
        return _refusal(403, "forged", str(error))
    except (SecretError, StoreBusyError) as error:
        return _refusal(503, "unavailable", str(error))
    return {"statusCode": 204, "headers": {}, "body": ""}


def _report(request: FormRequest) -> tuple[str, str]:
    sid = message_sid(request, "MessageSid", "SmsSid")
    status = request.field("MessageStatus") or request.field("SmsStatus")
    if not status:
        raise BadRequestError("no MessageStatus")
    return sid, status


def _refusal(status: int, what: str, why: str) -> dict[str, Any]:
    """Refuse, telling the log why and the caller nothing."""
    observability.logger().warning(what, extra={"why": why, "http_status": status})
    return {"statusCode": status, "headers": {"Content-Type": "text/plain"}, "body": what}
