"""TwilioNumber: points a number here, remembers where it pointed, and points it back."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from twilio.base.exceptions import TwilioRestException

from components import TwilioNumber, TwilioNumberArgs, twilio_provider
from components.twilio_provider import NumberRefusedError, TwilioNumberProvider
from tests.components.conftest import Deploy
from tests.components.recording_cloud import RecordingCloud

NUMBER = "+13035550100"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:carrier-AbCdEf"
OURS = "https://api.example/webhooks/twilio/messages#rc=3"
FALLBACK = "https://api.example/webhooks/twilio/messages"
THEIRS = "https://before.example/sms"
PROPS = {
    "number": NUMBER,
    "sms_url": OURS,
    "sms_fallback_url": FALLBACK,
    "status_callback": "",
    "secret_arn": SECRET,
    "messaging_service_sid": "",
    "api_url": "",
}

pytestmark = pytest.mark.registers_nothing


@dataclass
class FakeNumber:
    """A number as the carrier shows it."""

    phone_number: str = NUMBER
    sid: str = "PN1"
    sms_url: str = THEIRS
    sms_method: str = "GET"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    status_callback: str = "https://before.example/calls"
    status_callback_method: str = "POST"
    sms_application_sid: str = ""


@dataclass
class FakeService:
    """A messaging service and the numbers in it."""

    sid: str = "MG1"
    use_inbound_webhook_on_number: bool = False
    members: tuple[str, ...] = ()

    @property
    def phone_numbers(self) -> Any:
        """The service's numbers."""
        return SimpleNamespace(list=lambda limit: [SimpleNamespace(sid=s) for s in self.members])


@dataclass
class FakeCarrier:
    """As much of the carrier's client as a deployment uses."""

    numbers: list[FakeNumber] = field(default_factory=lambda: [FakeNumber()])
    services: list[FakeService] = field(default_factory=list)
    no_services_api: bool = False
    updates: list[dict[str, str]] = field(default_factory=list)

    @property
    def incoming_phone_numbers(self) -> Any:
        """The account's numbers."""
        return _Numbers(self)

    @property
    def messaging(self) -> Any:
        """The account's messaging services."""
        return SimpleNamespace(v1=SimpleNamespace(services=_Services(self)))


class _Numbers:
    def __init__(self, carrier: FakeCarrier) -> None:
        self.carrier = carrier

    def list(self, *, phone_number: str, limit: int) -> list[FakeNumber]:
        # The carrier matches parts of numbers too.
        return [one for one in self.carrier.numbers if phone_number in one.phone_number][:limit]

    def __call__(self, sid: str) -> Any:
        number = next(one for one in self.carrier.numbers if one.sid == sid)

        def update(**changes: str) -> None:
            self.carrier.updates.append(changes)
            for key, value in changes.items():
                setattr(number, key, value)

        return SimpleNamespace(update=update)


class _Services:
    def __init__(self, carrier: FakeCarrier) -> None:
        self.carrier = carrier

    def __call__(self, sid: str) -> Any:
        found = next(one for one in self.carrier.services if one.sid == sid)
        return SimpleNamespace(fetch=lambda: found)

    def list(self, limit: int) -> list[FakeService]:
        if self.carrier.no_services_api:
            raise TwilioRestException(404, "/v1/Services")
        return self.carrier.services[:limit]


def provider(carrier: FakeCarrier | None) -> TwilioNumberProvider:
    """A provider whose client is the fake; ``None`` is a secret without a value."""
    return TwilioNumberProvider(lambda _props: carrier)


def test_points_the_number_here_and_remembers() -> None:
    """Creating sets our addresses, and keeps the previous ones with their methods."""
    carrier = FakeCarrier()

    made = provider(carrier).create(PROPS)

    number = carrier.numbers[0]
    assert made.id == NUMBER
    assert (number.sms_url, number.sms_method) == (OURS, "POST")
    assert number.sms_fallback_url == FALLBACK
    assert number.status_callback == "https://before.example/calls"
    outs = made.outs or {}
    assert (outs["status"], outs["number_sid"]) == ("ready", "PN1")
    assert outs["previous"] == {
        "sms_url": THEIRS,
        "sms_method": "GET",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
    }


def test_points_it_back() -> None:
    """Deleting restores what was there before, method included."""
    carrier = FakeCarrier()
    outs = provider(carrier).create(PROPS).outs or {}

    provider(carrier).delete(NUMBER, outs)

    number = carrier.numbers[0]
    assert (number.sms_url, number.sms_method) == (THEIRS, "GET")
    assert number.sms_fallback_url == ""


def test_leaves_alone_what_is_no_longer_ours() -> None:
    """An address that somebody changed since is not touched by a delete."""
    carrier = FakeCarrier()
    outs = provider(carrier).create(PROPS).outs or {}
    carrier.numbers[0].sms_url = "https://newer.example"

    provider(carrier).delete(NUMBER, outs)

    assert carrier.numbers[0].sms_url == "https://newer.example"
    assert carrier.numbers[0].sms_fallback_url == ""


@pytest.mark.parametrize("gone", ["number", "secret"])
def test_deleting_what_is_gone_is_done(gone: str) -> None:
    """A number or a secret that no longer exists does not hold up a destroy."""
    carrier = FakeCarrier()
    outs = provider(carrier).create(PROPS).outs or {}
    carrier.numbers.clear()

    provider(None if gone == "secret" else carrier).delete(NUMBER, outs)

    assert len(carrier.updates) == 1


def test_an_update_keeps_the_first_memory() -> None:
    """Pointing elsewhere does not forget where the number was before us."""
    carrier = FakeCarrier()
    outs = provider(carrier).create(PROPS).outs or {}
    moved = {**PROPS, "sms_url": "https://moved.example#rc=3"}

    updated = provider(carrier).update(NUMBER, outs, moved).outs or {}

    assert carrier.numbers[0].sms_url == "https://moved.example#rc=3"
    assert updated["previous"]["sms_url"] == THEIRS


def test_waits_for_the_secret() -> None:
    """Without a value nothing is touched; with one, the next deployment points the number."""
    pending = provider(None).create(PROPS).outs or {}
    assert (pending["status"], pending["number_sid"]) == ("pending", "")
    assert provider(None).diff(NUMBER, pending, PROPS).changes is True

    carrier = FakeCarrier()
    ready = provider(carrier).update(NUMBER, pending, PROPS).outs or {}

    assert ready["status"] == "ready"
    assert ready["previous"]["sms_url"] == THEIRS
    assert provider(carrier).diff(NUMBER, ready, PROPS).changes is False


def test_a_pending_number_is_not_restored() -> None:
    """What was never pointed here is not pointed back."""
    carrier = FakeCarrier()
    pending = provider(None).create(PROPS).outs or {}

    provider(carrier).delete(NUMBER, pending)

    assert carrier.updates == []


@pytest.mark.parametrize(
    ("key", "value", "replaces"),
    [
        ("sms_url", "https://x", []),
        ("messaging_service_sid", "MG2", []),
        ("secret_arn", "arn:other", []),
        ("number", "+13035550199", ["number"]),
    ],
)
def test_diff_names_what_changes(key: str, value: str, replaces: list[str]) -> None:
    """Only another number is another resource."""
    outs = provider(FakeCarrier()).create(PROPS).outs or {}

    found = provider(None).diff(NUMBER, outs, {**PROPS, key: value})

    assert (found.changes, found.replaces) == (True, replaces)


def test_diff_takes_unknowns_of_a_preview() -> None:
    """A preview compares with addresses that are not known yet, and asks nobody."""
    outs = provider(FakeCarrier()).create(PROPS).outs or {}
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

    assert provider(None).diff(NUMBER, outs, {**PROPS, "sms_url": unknown}).changes is True


def test_refresh_finds_drift() -> None:
    """A refresh reports addresses that somebody changed, and the next update mends them."""
    carrier = FakeCarrier()
    outs = provider(carrier).create(PROPS).outs or {}
    assert (provider(carrier).read(NUMBER, outs).outs or {})["status"] == "ready"
    carrier.numbers[0].sms_url = "https://newer.example"

    read = provider(carrier).read(NUMBER, outs).outs or {}

    assert (read["status"], read["sms_url"]) == ("changed", "https://newer.example")
    assert provider(carrier).diff(NUMBER, read, PROPS).changes is True
    mended = provider(carrier).update(NUMBER, read, PROPS).outs or {}
    assert carrier.numbers[0].sms_url == OURS
    assert mended["previous"]["sms_url"] == THEIRS


def test_refresh_of_a_released_number() -> None:
    """A number that left the account is gone from the state."""
    carrier = FakeCarrier(numbers=[])

    assert provider(carrier).read(NUMBER, {**PROPS, "status": "ready"}).id == ""


def test_refresh_without_a_secret_changes_nothing() -> None:
    """A refresh of a pending number stays pending."""
    pending = provider(None).create(PROPS).outs or {}

    assert provider(None).read(NUMBER, pending).outs == pending


def test_refuses_a_number_of_somebody_else() -> None:
    """A number that only contains ours is not ours."""
    carrier = FakeCarrier(numbers=[FakeNumber(phone_number=f"{NUMBER}99")])

    with pytest.raises(NumberRefusedError, match="not a number of this account"):
        provider(carrier).create(PROPS)


@pytest.mark.parametrize(
    ("carrier", "props", "says"),
    [
        (FakeCarrier(numbers=[FakeNumber(sms_application_sid="AP1")]), {}, "application AP1"),
        (
            FakeCarrier(services=[FakeService()]),
            {"messaging_service_sid": "MG1"},
            "messaging service MG1 answers",
        ),
        (FakeCarrier(services=[FakeService(members=("PN1",))]), {}, "messaging service MG1"),
    ],
    ids=["application", "its service", "a service nobody named"],
)
def test_refuses_a_number_whose_addresses_are_ignored(
    carrier: FakeCarrier, props: dict[str, str], says: str
) -> None:
    """Where the carrier would ignore our addresses, deploying fails and says what to change."""
    with pytest.raises(NumberRefusedError, match=says):
        provider(carrier).create({**PROPS, **props})
    assert carrier.updates == []


@pytest.mark.parametrize(
    "carrier",
    [
        FakeCarrier(services=[FakeService(use_inbound_webhook_on_number=True, members=("PN1",))]),
        FakeCarrier(services=[FakeService(members=("PN2",))]),
        FakeCarrier(no_services_api=True),
    ],
    ids=["defers to the number", "other numbers", "no services"],
)
def test_accepts_services_that_leave_the_number_alone(carrier: FakeCarrier) -> None:
    """A service that defers to the number, or has other numbers, is no obstacle."""
    assert (provider(carrier).create(PROPS).outs or {})["status"] == "ready"


def test_checks_the_number() -> None:
    """A number that is not in E.164 form is refused before anything happens."""
    found = provider(None).check({}, {**PROPS, "number": "0155"})

    assert [one.property for one in found.failures] == ["number"]
    assert provider(None).check({}, PROPS).failures == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"account_sid": "AC1", "auth_token": "t"}, {"account_sid": "AC1", "auth_token": "t"}),
        ({"account_sid": "AC1"}, None),
        (None, None),
    ],
)
def test_reads_the_secret_itself(
    answer: dict[str, str] | None,
    expected: dict[str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The provider fetches the credentials by ARN; none yet, or half of them, is none."""
    import botocore.session

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client: Any = botocore.session.get_session().create_client("secretsmanager", "us-east-1")
    stub = Stubber(client)
    if answer is None:
        stub.add_client_error("get_secret_value", "ResourceNotFoundException")
    else:
        value = {"SecretString": json.dumps(answer)}
        stub.add_response("get_secret_value", value, {"SecretId": SECRET})
    session = SimpleNamespace(create_client=lambda _service, region_name: client)
    monkeypatch.setattr(botocore.session, "get_session", lambda: session)

    with stub:
        assert twilio_provider.read_secret(SECRET) == expected


@pytest.mark.parametrize(
    ("api_url", "api", "messaging"),
    [
        ("", "https://api.twilio.com", "https://messaging.twilio.com"),
        ("https://api.twilio.com", "https://api.twilio.com", "https://messaging.twilio.com"),
        ("http://127.0.0.1:1/carrier", "http://127.0.0.1:1/carrier", "http://127.0.0.1:1/carrier"),
    ],
)
def test_calls_the_carrier_where_it_is(api_url: str, api: str, messaging: str) -> None:
    """Another address replaces both of the carrier's; its own changes nothing."""
    client = twilio_provider.make_client({"account_sid": "AC1", "auth_token": "t"}, api_url)

    assert (client.api.base_url, client.messaging.base_url) == (api, messaging)


def declared(deploy: Deploy, cloud: RecordingCloud, **overrides: Any) -> dict[str, Any]:
    """What the component declares."""
    args = TwilioNumberArgs(number=NUMBER, sms_url=FALLBACK, secret_arn=SECRET)
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    deploy(lambda: TwilioNumber("number", args))
    made = cloud.one("pulumi-python:dynamic/twilio:Number")
    assert made.protect
    return made.inputs


def test_declares_retries_and_a_fallback(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Texts are retried by the carrier, then sent to the fallback, which is ours too."""
    inputs = declared(deploy, cloud)

    assert inputs["sms_url"] == f"{FALLBACK}#rc=3&rp=5xx,ct,rt"
    assert inputs["sms_fallback_url"] == FALLBACK


def test_no_token_reaches_inputs_and_the_provider_is_a_reference(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """Inputs name the secret only, and the stored provider is a reference, not code."""
    inputs = declared(deploy, cloud)

    assert set(inputs) == {*PROPS, "__provider"} - {"x"}
    stored = base64.b64decode(inputs["__provider"])
    assert b"components.twilio_provider" in stored
    assert len(stored) < 200


@pytest.mark.parametrize(
    ("wrong", "says"), [({"number": "0155"}, "number must be"), ({"retry": "#rc=1"}, "without its")]
)
def test_refuses_what_cannot_be(
    deploy: Deploy, cloud: RecordingCloud, wrong: dict[str, Any], says: str
) -> None:
    """A wrong argument is named before anything is registered."""
    with pytest.raises(ValueError, match=says):
        declared(deploy, cloud, **wrong)
