"""The carrier's REST API, as far as a messaging application calls it, in Twilio's JSON shapes.

Owns parsing, authentication, Twilio's error codes and paging; the exchange does what is asked.
Paths: ``/2010-04-01/Accounts/{sid}/Messages…``, ``…/IncomingPhoneNumbers…`` and the messaging
service of ``messaging.twilio.com``, ``/v1/Services/{sid}``. Source: twilio 9.13 (its resource
classes read these fields) and Twilio's error reference.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from local.carrier.exchange import Carrier, UnknownNumberError
from local.carrier.faults import Fault
from local.carrier.listing import list_messages
from local.carrier.message import API_VERSION, MAX_BODY_CHARACTERS, WHATSAPP, resource
from local.carrier.number_api import add_number_routes
from local.carrier.refusal import RefusedError, not_found

HANG_SECONDS = 60.0
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]
_UNFINISHED = frozenset({"accepted", "queued", "sending", "receiving"})
_CREDENTIALS = HTTPBasic(auto_error=False)


def carrier_app(carrier: Carrier) -> FastAPI:
    """The API of one carrier; mount it where ``CARRIER_API_URL`` points."""
    app = FastAPI(openapi_url=None)

    @app.exception_handler(RefusedError)
    def refuse(_: Request, refused: RefusedError) -> Response:
        return refused.response()

    app.include_router(_routes(carrier))
    return app


def _routes(carrier: Carrier) -> APIRouter:
    def authenticate(
        account_sid: str | None = None,
        given: Annotated[HTTPBasicCredentials | None, Depends(_CREDENTIALS)] = None,
    ) -> None:
        known = given is not None and (
            secrets.compare_digest(given.username.encode(), carrier.account_sid.encode())
            & secrets.compare_digest(given.password.encode(), carrier.auth_token.encode())
        )
        if not known or account_sid not in (None, carrier.account_sid):
            raise RefusedError(401, 20003, "Authenticate")

    router = APIRouter(dependencies=[Depends(authenticate)])
    accounts = f"/{API_VERSION}/Accounts/{{account_sid}}"
    _add_message_routes(router, carrier, accounts)
    add_number_routes(router, carrier, accounts)

    # Last: whatever else is asked for is asked for with credentials too.
    @router.api_route("/{path:path}", methods=_METHODS)
    def nothing(path: str) -> Response:
        raise not_found(path)

    return router


def _add_message_routes(router: APIRouter, carrier: Carrier, accounts: str) -> None:
    @router.post(f"{accounts}/Messages.json")
    async def create_message(request: Request) -> Response:
        form = {k: str(v) for k, v in (await request.form()).items()}
        return await _create(carrier, form)

    @router.get(f"{accounts}/Messages.json")
    def get_messages(request: Request) -> dict[str, Any]:
        return list_messages(carrier, dict(request.query_params))

    @router.get(f"{accounts}/Messages/{{sid}}.json")
    def get_message(sid: str) -> Response:
        message = carrier.message(sid)
        if message is None:
            raise not_found(sid)
        return JSONResponse(resource(message, carrier.account_sid))

    @router.delete(f"{accounts}/Messages/{{sid}}.json")
    def delete_message(sid: str) -> Response:
        with carrier.book.changed:
            message = carrier.message(sid)
            if message is None:
                raise not_found(sid)
            if message.status in _UNFINISHED:
                raise RefusedError(409, 20009, "Cannot delete this resource before it is complete")
            del carrier.book.messages[sid]
        carrier.book.touch()
        return Response(status_code=204)


async def _create(carrier: Carrier, form: dict[str, str]) -> Response:
    to, faults = form.get("To", ""), carrier.faults
    if faults.take(Fault.RATE_LIMIT, to):
        raise RefusedError(429, 20429, "Too Many Requests")
    if faults.take(Fault.ERROR_500, to):
        raise RefusedError(500, 20500, "Internal Server Error")
    if faults.take(Fault.HANG, to):
        await _hang(carrier)
    from_ = _checked_sender(carrier, form)
    message = carrier.send(
        from_,
        to,
        form.get("Body", ""),
        status_callback=form.get("StatusCallback") or None,
        messaging_service_sid=form.get("MessagingServiceSid") or None,
        media=[form["MediaUrl"]] if form.get("MediaUrl") else [],
    )
    if faults.take(Fault.ACCEPT_THEN_HANG, to):
        await _hang(carrier)
    if faults.take(Fault.ACCEPT_THEN_500, to):
        raise RefusedError(500, 20500, "Internal Server Error")
    return JSONResponse(resource(message, carrier.account_sid), 201)


def _checked_sender(carrier: Carrier, form: dict[str, str]) -> str:
    """The sender of a text that may go out; else raises what Twilio would answer."""
    to, body = form.get("To", ""), form.get("Body", "")
    if not to:
        raise RefusedError(400, 21604, "A 'To' phone number is required.")
    # On WhatsApp a person may have an id without a number: `US.1349…`.
    name = to.removeprefix(WHATSAPP)
    if not (name.removeprefix("+").isdecimal() or (name != to and name[2:3] == ".")):
        raise RefusedError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not body and not form.get("MediaUrl"):
        raise RefusedError(400, 21602, "Message body is required.")
    if len(body) > MAX_BODY_CHARACTERS:
        raise RefusedError(
            400, 21617, "The concatenated message body exceeds the 1600 character limit"
        )
    from_ = _sender(carrier, form)
    if to.startswith(WHATSAPP) != from_.startswith(WHATSAPP):
        raise RefusedError(400, 21910, "Invalid From and To pair. Both must be of one channel.")
    if carrier.is_opted_out(from_, to) or carrier.faults.take(Fault.OPTED_OUT, to):
        raise RefusedError(400, 21610, "Attempt to send to unsubscribed recipient")
    return from_


def _sender(carrier: Carrier, form: dict[str, str]) -> str:
    from_, service_sid = form.get("From", ""), form.get("MessagingServiceSid", "")
    if service_sid and service_sid not in carrier.book.services:
        raise RefusedError(400, 21701, "The Messaging Service does not exist")
    if service_sid and not from_:
        number = carrier.book.services[service_sid].number
        return f"{WHATSAPP}{number}" if form["To"].startswith(WHATSAPP) else number
    if not from_:
        raise RefusedError(400, 21603, "A 'From' phone number is required.")
    try:
        carrier.number_of(from_)
    except UnknownNumberError as unknown:
        if from_.startswith(WHATSAPP):
            raise RefusedError(
                400, 63007, "Twilio could not find a Channel with the specified From address"
            ) from unknown
        raise RefusedError(
            400, 21606, f"The 'From' phone number provided ({from_}) is not valid for this account"
        ) from unknown
    return from_


async def _hang(carrier: Carrier) -> NoReturn:
    """Keep the caller waiting until it gives up, or the stack stops."""
    waited = 0.0
    while waited < HANG_SECONDS and not carrier.stopping.is_set():
        await asyncio.sleep(0.1)
        waited += 0.1
    raise RefusedError(504, 20504, "Gateway Timeout")
