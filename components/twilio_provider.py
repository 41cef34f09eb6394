"""Create, read, update and delete of a number's addresses, over the twilio SDK.

Owns the calls to the carrier that a deployment makes. State refers to ``TwilioNumberProvider`` by
this module's path: do not rename either while a stack is deployed, and register nothing here.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")
READY = "ready"
PENDING = "pending"
CHANGED = "changed"
# What is set, and with which method; the carrier's names.
_ADDRESSES = {
    "sms_url": "sms_method",
    "sms_fallback_url": "sms_fallback_method",
    "status_callback": "status_callback_method",
}
_INPUTS = (*_ADDRESSES, "number", "secret_arn", "messaging_service_sid", "api_url")
_NOT_FOUND = 404
_SERVICES_SEARCHED = 100


class NumberRefusedError(Exception):
    """The number cannot be pointed at this stack; the message says why and what to do."""


class TwilioNumberProvider(ResourceProvider):
    """Points a number at an address, and remembers where it pointed before."""

    # It holds nothing secret: it is stored as a reference to this class.
    serialize_as_secret_always = False

    def __init__(
        self,
        client: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        """Take the way to a client of the carrier; ``None`` is the SDK's own."""
        super().__init__()
        self._make_client = client

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse a number that is not in E.164 form."""
        number = news.get("number")
        if isinstance(number, str) and not E164.match(number):
            return CheckResult(
                news, [CheckFailure("number", f"must be like +13035550100, got {number!r}")]
            )
        return CheckResult(news, [])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Point the number here, unless there are no credentials yet."""
        return CreateResult(props["number"], self._point(props, {}))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """A pending number is tried again each time; another number is another resource."""
        changed = [key for key in _INPUTS if (olds.get(key) or "") != (news.get(key) or "")]
        return DiffResult(
            changes=bool(changed) or olds.get("status") != READY,
            replaces=["number"] if "number" in changed else [],
            stables=["number"],
            # The new number is answered before the old one is given back.
            delete_before_replace=False,
        )

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Point the number here again; what it was before us stays remembered."""
        return UpdateResult(self._point(news, olds))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Report where the number points now."""
        client = self._client(props)
        if client is None:
            return ReadResult(id_, props)
        number = _find(client, props["number"])
        if number is None:
            return ReadResult("", {})
        found = {key: getattr(number, key, None) or "" for key in _managed(props)}
        ours = all(found[key] == props[key] for key in found)
        status = props.get("status", READY)
        if status != PENDING:
            status = READY if ours else CHANGED
        outs = {**props, **(found if status != PENDING else {}), "status": status}
        return ReadResult(id_, {**outs, "number_sid": number.sid})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Restore each address that is still ours."""
        previous = props.get("previous") or {}
        if props.get("status") == PENDING or not previous:
            return
        client = self._client(props)
        number = None if client is None else _find(client, props["number"])
        if client is None or number is None:
            return
        changes: dict[str, str] = {}
        for key in _managed(props):
            if (getattr(number, key, None) or "") == props[key] and key in previous:
                changes[key] = previous[key]
                method = _ADDRESSES[key]
                changes[method] = previous.get(method) or "POST"
        if changes:
            client.incoming_phone_numbers(number.sid).update(**changes)

    def _point(self, props: dict[str, Any], olds: dict[str, Any]) -> dict[str, Any]:
        remembered: dict[str, str] = dict(olds.get("previous") or {})
        inputs = {key: props.get(key) or "" for key in _INPUTS}
        client = self._client(props)
        if client is None:
            status = {"status": PENDING, "number_sid": olds.get("number_sid") or ""}
            return {**inputs, **status, "previous": remembered}
        number = _find(client, inputs["number"])
        if number is None:
            raise NumberRefusedError(
                f"{inputs['number']} is not a number of this account; check it with "
                "`dialtone secrets check`, or set sms.manageNumber to false"
            )
        _refuse_ignored(client, number, inputs["messaging_service_sid"])
        changes: dict[str, str] = {}
        for key in _managed(inputs):
            method = _ADDRESSES[key]
            remembered.setdefault(key, getattr(number, key, None) or "")
            remembered.setdefault(method, getattr(number, method, None) or "")
            changes |= {key: inputs[key], method: "POST"}
        client.incoming_phone_numbers(number.sid).update(**changes)
        outs = {"status": READY, "number_sid": number.sid, "previous": remembered}
        return {**inputs, **outs}

    def _client(self, props: dict[str, Any]) -> Any:
        """Return a client, or ``None`` while the secret has no value."""
        if self._make_client is not None:
            return self._make_client(props)
        secret = read_secret(props["secret_arn"])
        if secret is None:
            return None
        return make_client(secret, props.get("api_url") or "")


def read_secret(arn: str) -> dict[str, str] | None:
    """Fetch the carrier's credentials.

    Args:
        arn: The secret.

    Returns:
        Its JSON object, or ``None`` if no value was written yet.
    """
    import botocore.session  # noqa: PLC0415 - a preview needs neither SDK
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    session = botocore.session.get_session()
    client: Any = session.create_client("secretsmanager", region_name=arn.split(":")[3])
    try:
        value = client.get_secret_value(SecretId=arn)["SecretString"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    secret: dict[str, str] = json.loads(value)
    if not secret.get("account_sid") or not secret.get("auth_token"):
        return None
    return secret


def make_client(secret: dict[str, str], api_url: str) -> Any:
    """Build a client of the carrier, at its own address or at another."""
    from twilio.rest import Client  # noqa: PLC0415 - a preview needs no SDK

    client = Client(secret["account_sid"], secret["auth_token"])
    if api_url and api_url != client.api.base_url:
        client.api.base_url = api_url
        client.messaging.base_url = api_url
    return client


def _managed(props: dict[str, Any]) -> list[str]:
    return [key for key in _ADDRESSES if props.get(key)]


def _find(client: Any, number: str) -> Any:
    found = client.incoming_phone_numbers.list(phone_number=number, limit=2)
    exact = [one for one in found if one.phone_number == number]
    return exact[0] if exact else None


def _refuse_ignored(client: Any, number: Any, service_sid: str) -> None:
    """Refuse a number whose own addresses the carrier would ignore."""
    if getattr(number, "sms_application_sid", None):
        raise NumberRefusedError(
            f"{number.phone_number} is answered by application {number.sms_application_sid}, and "
            "its own addresses are ignored: take the application off the number"
        )
    if service_sid:
        services = [client.messaging.v1.services(service_sid).fetch()]
    else:
        services = _services_of(client, number.sid)
    for service in services:
        if not service.use_inbound_webhook_on_number:
            raise NumberRefusedError(
                f"messaging service {service.sid} answers for {number.phone_number}: let it defer "
                "to the sender's webhook (use_inbound_webhook_on_number)"
            )


def _services_of(client: Any, number_sid: str) -> list[Any]:
    from twilio.base.exceptions import TwilioRestException  # noqa: PLC0415 - as above

    found = []
    try:
        for service in client.messaging.v1.services.list(limit=_SERVICES_SEARCHED):
            if service.use_inbound_webhook_on_number:
                continue
            numbers = service.phone_numbers.list(limit=_SERVICES_SEARCHED * 4)
            if any(one.sid == number_sid for one in numbers):
                found.append(service)
    except TwilioRestException as error:
        if error.status != _NOT_FOUND:  # an account without messaging services
            raise
    return found
