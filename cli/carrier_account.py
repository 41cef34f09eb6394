"""What the carrier says about the account whose credentials a stack holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from cli.problems import CommandError
from cli.target import Target

_TIMEOUT_SECONDS = 10
_WEBHOOK_PATH = "/webhooks/twilio/messages"


class CarrierRefusedError(Exception):
    """The carrier does not accept the credentials, or cannot be asked."""


@dataclass(frozen=True)
class Number:
    """A number of the account and where its texts go."""

    address: str
    delivers_to: str


@dataclass(frozen=True)
class Account:
    """The account's state and its first numbers."""

    status: str
    numbers: list[Number]


def responder_variables(target: Target) -> dict[str, str]:
    """What the stack's own responder is told: where the carrier is, how long it may take."""
    answer = target.client("lambda").get_function_configuration(
        FunctionName=target.name("responder")
    )
    variables: dict[str, str] = answer.get("Environment", {}).get("Variables", {})
    return variables


def carrier_url(target: Target) -> str:
    """The carrier's address as the stack's own responder has it."""
    url = str(responder_variables(target).get("CARRIER_API_URL", ""))
    if not url:
        raise CommandError(f"{target.name('responder')} does not say where the carrier is")
    return url.rstrip("/")


def read_account(target: Target, account_sid: str, auth_token: str) -> Account:
    """Ask the carrier for the account and its numbers.

    Raises:
        CarrierRefusedError: Wrong credentials, or no sensible answer.
    """
    base = f"{carrier_url(target)}/2010-04-01/Accounts/{account_sid}"
    with httpx.Client(auth=(account_sid, auth_token), timeout=_TIMEOUT_SECONDS) as client:
        status = _get(client, f"{base}.json").get("status", "unknown")
        numbers = _get(client, f"{base}/IncomingPhoneNumbers.json?PageSize=50")
    return Account(
        status=str(status),
        numbers=[
            Number(str(number["phone_number"]), _delivers_to(number))
            for number in numbers.get("incoming_phone_numbers", [])
        ],
    )


def _get(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        answer = client.get(url)
    except httpx.HTTPError as error:
        raise CarrierRefusedError(f"not reached: {type(error).__name__}") from error
    if answer.status_code in {401, 403}:
        raise CarrierRefusedError(
            "refuses the credentials: is it the account's primary token, not a test one?"
        )
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise CarrierRefusedError("does not know this account_sid")
    if answer.is_error:
        raise CarrierRefusedError(f"answered {answer.status_code}; try again later")
    body: dict[str, Any] = answer.json()
    return body


def _delivers_to(number: dict[str, Any]) -> str:
    """Say in words where the number's texts go."""
    if number.get("sms_application_sid"):
        return "its texts go to a TwiML application, which hides the webhook"
    url = str(number.get("sms_url") or "")
    if not url:
        return "its texts go nowhere yet"
    address, _, _overrides = url.partition("#")
    ours = "a dialtone" if address.endswith(_WEBHOOK_PATH) else "something else"
    return f"its texts go to {ours}: {address}"
