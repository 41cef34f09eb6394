"""The API's numbers and messaging services: what a deployment reads and points at itself.

Owns ``IncomingPhoneNumbers`` (list, fetch, update) and the fetch of the account and of a messaging
service.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from local.carrier.book import MessagingService, PhoneNumber
from local.carrier.exchange import Carrier
from local.carrier.message import API_VERSION, rfc2822
from local.carrier.refusal import not_found

# Form fields of an update that are kept; the others are accepted and ignored, as most have no
# meaning for texts.
_UPDATABLE = {
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "SmsApplicationSid": "sms_application_sid",
    "StatusCallback": "status_callback",
    "VoiceUrl": "voice_url",
    "FriendlyName": "friendly_name",
}


def add_number_routes(router: APIRouter, carrier: Carrier, accounts: str) -> None:
    """Add the routes to the API; ``accounts`` is the path up to the account's sid."""

    @router.get(f"{accounts}.json")
    def get_account(account_sid: str) -> dict[str, Any]:
        return {"sid": account_sid, "status": "active", "type": "Full"}

    @router.get(f"{accounts}/IncomingPhoneNumbers.json")
    def list_numbers(request: Request) -> dict[str, Any]:
        wanted = request.query_params.get("PhoneNumber", "")
        found = [n for n in carrier.book.numbers.values() if wanted in n.phone_number]
        uri = f"/{API_VERSION}/Accounts/{carrier.account_sid}/IncomingPhoneNumbers.json"
        return {
            "end": max(len(found) - 1, 0),
            "first_page_uri": uri,
            "incoming_phone_numbers": [_number(n, carrier.account_sid) for n in found],
            "next_page_uri": None,
            "page": 0,
            "page_size": 50,
            "previous_page_uri": None,
            "start": 0,
            "uri": uri,
        }

    @router.get(f"{accounts}/IncomingPhoneNumbers/{{sid}}.json")
    def get_number(sid: str) -> Response:
        return JSONResponse(_number(_by_sid(carrier, sid), carrier.account_sid))

    @router.post(f"{accounts}/IncomingPhoneNumbers/{{sid}}.json")
    async def update_number(sid: str, request: Request) -> Response:
        number, form = _by_sid(carrier, sid), await request.form()
        for field, attribute in _UPDATABLE.items():
            if field in form:
                setattr(number, attribute, str(form[field]))
        carrier.book.touch()
        return JSONResponse(_number(number, carrier.account_sid))

    add_service_routes(router, carrier)


def add_service_routes(router: APIRouter, carrier: Carrier) -> None:
    """Add what is asked about messaging services."""

    @router.get("/v1/Services")
    def list_services() -> dict[str, Any]:
        found = [_service(service, carrier) for service in carrier.book.services.values()]
        return _page("services", found)

    @router.get("/v1/Services/{sid}/PhoneNumbers")
    def list_senders(sid: str) -> dict[str, Any]:
        service = carrier.book.services.get(sid)
        if service is None:
            raise not_found(sid)
        number = carrier.number_of(service.number)
        sender = {"sid": number.sid, "phone_number": number.phone_number, "service_sid": sid}
        return _page("phone_numbers", [sender])

    @router.get("/v1/Services/{sid}")
    def get_service(sid: str) -> Response:
        service = carrier.book.services.get(sid)
        if service is None:
            raise not_found(sid)
        return JSONResponse(_service(service, carrier))


def _by_sid(carrier: Carrier, sid: str) -> PhoneNumber:
    number = next((n for n in carrier.book.numbers.values() if n.sid == sid), None)
    if number is None:
        raise not_found(sid)
    return number


def _number(number: PhoneNumber, account_sid: str) -> dict[str, Any]:
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "beta": False,
        "capabilities": {"fax": False, "mms": True, "sms": True, "voice": True},
        "date_created": rfc2822(0),
        "date_updated": rfc2822(0),
        "friendly_name": number.friendly_name,
        "origin": "twilio",
        "phone_number": number.phone_number,
        "sid": number.sid,
        "sms_application_sid": number.sms_application_sid,
        "sms_fallback_method": number.sms_fallback_method,
        "sms_fallback_url": number.sms_fallback_url,
        "sms_method": number.sms_method,
        "sms_url": number.sms_url,
        "status": "in-use",
        "status_callback": number.status_callback,
        "status_callback_method": "POST",
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{number.sid}.json",
        "voice_url": number.voice_url,
    }


def _page(key: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list as the newer APIs page it; there is only ever one page."""
    meta = {"key": key, "page": 0, "page_size": 50, "next_page_url": None, "url": ""}
    return {key: found, "meta": meta}


def _service(service: MessagingService, carrier: Carrier) -> dict[str, Any]:
    return {
        "account_sid": carrier.account_sid,
        "date_created": "1970-01-01T00:00:00Z",
        "date_updated": "1970-01-01T00:00:00Z",
        "friendly_name": service.friendly_name,
        "inbound_method": "POST",
        "inbound_request_url": None,
        "sid": service.sid,
        "url": f"https://messaging.twilio.com/v1/Services/{service.sid}",
        "use_inbound_webhook_on_number": service.use_inbound_webhook_on_number,
    }
