"""Called by the contact flow itself: texts a caller a code, and checks what they typed.

Connect waits eight seconds at most, so nothing here is tried twice; and it gets one word back,
which its flow branches on. Neither the code nor the number is logged.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from conversation import aws, observability
from conversation.allowances import Limits
from conversation.persons import call_key
from conversation.secrets import JsonSecret
from conversation.tables import StoreBusyError
from conversation.texts import CODE, Texts
from texting.address_key import AddressKey
from texting.carrier import Carrier
from texting.carrier_outcomes import Accepted, Unknown
from texting.meter import Meter
from texting.notices import Notices
from voice.callers import Caller, Callers
from voice.codes import Check, Codes, CodesSpentError
from voice.connect_event import CHECK, SEND, ConnectEvent
from voice.settings import ProvingSettings

SENT: Final = "sent"
UNAVAILABLE: Final = "unavailable"

_SEND_SECONDS: Final = 4.0


class Proving:
    """The use case: a code goes out, a code comes in.

    Args:
        callers: Who calls.
        codes: Issues and checks.
        notices: Texts.
        texts: The fixed sentences.
    """

    def __init__(self, callers: Callers, codes: Codes, notices: Notices, texts: Texts) -> None:
        self._callers = callers
        self._codes = codes
        self._notices = notices
        self._texts = texts

    def send(self, number: str, contact: str) -> str:
        """Text a caller a code.

        Returns:
            "sent", or "unavailable" when this number gets none, today or ever.
        """
        caller = self._callers.resolve(number, contact)
        person = caller.person or ""
        if not self._callers.textable(caller) or not self._notices.allowed(
            call_key(contact), person
        ):
            return UNAVAILABLE
        try:
            code = self._codes.issue(person, caller.hashed, contact)
        except CodesSpentError:
            return UNAVAILABLE
        return SENT if code is None else self._text(caller, code)

    def check(self, number: str, contact: str, code: str) -> str:
        """Check what a caller typed.

        Returns:
            "proved", "wrong", "expired" or "spent".
        """
        caller = self._callers.resolve(number, contact)
        if caller.person is None:
            return Check.EXPIRED.value
        return self._codes.check(caller.person, caller.hashed, contact, code).value

    def _text(self, caller: Caller, code: str) -> str:
        person, body = caller.person or "", self._texts.call_code.replace(CODE, code)
        # A forged caller id uses up nobody's texts: the counters are those of calls.
        call = call_key(caller.contact)
        outcome = self._notices.send(call, person, caller.route or "", caller.reply_to, body)
        if isinstance(outcome, Accepted):
            self._codes.sent(person, caller.contact, outcome.sid)
        # What may have been sent is waited for: no second text goes out for it.
        return SENT if isinstance(outcome, Accepted | Unknown) else UNAVAILABLE


@cache
def _built() -> Proving:
    """Put the parts of this worker together, on the first call."""
    settings = ProvingSettings.load()
    secret = JsonSecret(settings.carrier_secret_arn, aws.secrets_manager)
    tables, key = settings.tables.connect(), AddressKey(secret)
    carrier = Carrier(
        secret,
        api_url=settings.carrier_api_url,
        timeout_seconds=_SEND_SECONDS,
        messaging_service_sid=settings.messaging_service_sid,
    )
    callers = Callers(
        tables,
        key,
        sender=settings.sms_sender,
        countries=settings.countries,
        also_serve=settings.also_serve,
        recycle_after_days=settings.recycle_after_days,
    )
    texts = Texts.load(settings.texts)
    meter = Meter(
        tables,
        person=Limits.load(settings.person_allowance),
        stack=Limits.load(settings.stack_allowance),
    )
    codes = Codes(tables, key, stack_codes_a_day=settings.codes_per_day)
    return Proving(callers, codes, Notices(tables, carrier, meter), texts)


def handler(event: Any, _context: Any) -> dict[str, str]:
    """Answer one block of the contact flow."""
    try:
        return {"result": respond(_built(), event)}
    finally:
        observability.flush()


def respond(proving: Proving, event: Any) -> str:
    """Map Connect's event to the use case; what goes wrong is "unavailable", never an error."""
    asked = ConnectEvent.parse(event)
    result = UNAVAILABLE
    try:
        if asked.contact and asked.action == SEND:
            result = proving.send(asked.number, asked.contact)
        elif asked.contact and asked.action == CHECK:
            result = proving.check(asked.number, asked.contact, asked.code)
    except StoreBusyError as error:
        observability.logger().warning("store busy", extra={"why": str(error)})
    except Exception as error:  # noqa: BLE001  the caller hears that it does not work, and goes on
        # Not `exception`: a library's message may quote a number.
        observability.logger().error("proving failed", extra=observability.describe(error))
    observability.logger().info(
        "proving", extra={"contact": asked.contact, "action": asked.action, "result": result}
    )
    return result
