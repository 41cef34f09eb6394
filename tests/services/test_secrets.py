"""Secrets Manager away, slow or denied: what is at hand is used for a while, and nothing raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from conversation import aws, observability
from conversation.deadline import Deadline
from conversation.models import ModelChain, NamedModel, NoAnswerError
from conversation.providers import Providers
from conversation.secrets import (
    CACHE_SECONDS,
    EMPTY_RETRY_SECONDS,
    REFETCH_SECONDS,
    RETRY_SECONDS,
    STALE_SECONDS,
    JsonSecret,
    SecretError,
    SecretUnavailableError,
)
from messaging.signature import ForgedRequestError, SignatureCheck
from tests.services.texting_parts import Clock
from texting.address_key import AddressKey
from texting.carrier import Carrier
from texting.carrier_outcomes import NotSent


def answered(code: str) -> ClientError:
    """An error that Secrets Manager answers with."""
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:…"}}, "GetSecretValue")


AWAY: dict[str, Exception] = {
    "throttled": answered("ThrottlingException"),
    "internal": answered("InternalServiceError"),
    "denied": answered("AccessDeniedException"),
    "deleted": answered("InvalidRequestException"),
    "KMS away": answered("DecryptionFailure"),
    "without a value": answered("ResourceNotFoundException"),
    "unreachable": EndpointConnectionError(endpoint_url="https://x"),
    "no connection in time": ConnectTimeoutError(endpoint_url="https://x"),
    "silent": ReadTimeoutError(endpoint_url="https://x"),
    "no credentials": NoCredentialsError(),
    "anything of botocore's": BotoCoreError(),
}


class Store:
    """A Secrets Manager that can be away."""

    def __init__(self, value: Any) -> None:
        self.text: Any = json.dumps(value)
        self.error: Exception | None = None
        self.asked = 0

    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        """One read."""
        self.asked += 1
        if self.error:
            raise self.error
        return {"SecretString": self.text}


@pytest.fixture
def clock() -> Clock:
    """A clock that only the test moves."""
    return Clock()


@pytest.fixture
def store() -> Store:
    """A store with a carrier's secret."""
    return Store({"auth_token": "first", "account_sid": "AC1", "address_key": "a" * 43 + "="})


@pytest.fixture
def secret(store: Store, clock: Clock) -> JsonSecret:
    """The secret, as a worker has it."""
    return JsonSecret("arn", lambda: store, clock)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics that were counted."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, *_: names.append(name))
    return names


@pytest.mark.parametrize("how", AWAY)
def test_a_value_at_hand_is_used_for_an_hour(
    how: str, secret: JsonSecret, store: Store, clock: Clock, counted: list[str]
) -> None:
    """Longer than the cache, and not for ever, whatever the reason; each failure is counted."""
    assert secret.field("auth_token") == "first"
    store.error = AWAY[how]
    clock.now += CACHE_SECONDS + 1
    assert secret.field("auth_token") == "first"
    assert counted == ["SecretStale"]
    clock.now += STALE_SECONDS - CACHE_SECONDS - 1
    assert secret.field("auth_token") == "first"
    clock.now += EMPTY_RETRY_SECONDS
    with pytest.raises(SecretError):
        secret.get()
    assert counted == ["SecretStale", "SecretStale", "SecretUnavailable"]


@pytest.mark.parametrize("how", AWAY)
def test_a_cold_worker_has_no_value(how: str, secret: JsonSecret, store: Store) -> None:
    """It says so with the one error that every handler knows, which quotes nothing."""
    store.error = AWAY[how]
    with pytest.raises(SecretError) as failed:
        secret.get()
    assert isinstance(failed.value, SecretUnavailableError) == (how != "without a value")
    assert "arn" not in str(failed.value)
    assert "https" not in str(failed.value)


def test_a_failure_is_not_repeated_for_each_text(
    secret: JsonSecret, store: Store, clock: Clock
) -> None:
    """Each attempt may take seconds of the carrier's fifteen."""
    secret.get()
    store.error = AWAY["silent"]
    clock.now += CACHE_SECONDS + 1
    for _ in range(20):
        secret.get()
    assert store.asked == 2
    clock.now += RETRY_SECONDS
    secret.get()
    assert store.asked == 3
    store.error, store.text = None, json.dumps({"auth_token": "second"})
    clock.now += RETRY_SECONDS - 1
    assert secret.field("auth_token") == "first"
    clock.now += 1
    assert secret.field("auth_token") == "second"


def test_a_worker_without_a_value_asks_sooner(
    secret: JsonSecret, store: Store, clock: Clock
) -> None:
    """Nothing works until it has one, and still not each text asks."""
    store.error = AWAY["throttled"]
    for _ in range(20):
        with pytest.raises(SecretUnavailableError):
            secret.get()
    assert store.asked == 1
    store.error = None
    clock.now += EMPTY_RETRY_SECONDS
    assert secret.field("auth_token") == "first"


def test_what_came_back_is_as_fresh_as_ever(
    secret: JsonSecret, store: Store, clock: Clock, counted: list[str]
) -> None:
    """A failure leaves no trace once a fetch succeeds."""
    secret.get()
    store.error = AWAY["internal"]
    clock.now += CACHE_SECONDS + 1
    secret.get()
    store.error = None
    clock.now += RETRY_SECONDS
    secret.get()
    asked = store.asked
    clock.now += CACHE_SECONDS
    secret.get()
    assert store.asked == asked
    assert counted == ["SecretStale"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "1", "[" * 100_000])
def test_a_value_that_is_none_is_not_taken_for_one(
    text: str, secret: JsonSecret, store: Store, clock: Clock
) -> None:
    """A slip of an operator: a worker with the value before it goes on with that."""
    before = store.text
    store.text = text
    with pytest.raises(SecretError):
        secret.get()
    store.text = before
    clock.now += EMPTY_RETRY_SECONDS
    secret.get()
    store.text = text
    clock.now += CACHE_SECONDS + 1
    assert secret.field("auth_token") == "first"


@pytest.mark.parametrize("how", AWAY)
def test_a_refetch_that_fails_changes_nothing(
    how: str, secret: JsonSecret, store: Store, clock: Clock
) -> None:
    """A check that failed is then final; the value at hand stays."""
    secret.get()
    store.error = AWAY[how]
    assert secret.refetch() is False
    assert secret.field("auth_token") == "first"
    store.error, store.text = None, json.dumps({"auth_token": "second"})
    clock.now += REFETCH_SECONDS
    assert secret.refetch() is True
    assert secret.field("auth_token") == "second"
    clock.now += REFETCH_SECONDS
    assert secret.refetch() is False


def _signature(secret: JsonSecret) -> None:
    check = SignatureCheck(secret, "https://x")
    check.require("/p", {"x-twilio-signature": "bm90IGl0"}, {})


USERS: dict[str, Callable[[JsonSecret], Any]] = {
    "signature": _signature,
    "address key": lambda secret: AddressKey(secret)(),
    "model key": lambda secret: Providers(1, 1, secret).build("openai", "gpt"),
}


@pytest.mark.parametrize("how", AWAY)
@pytest.mark.parametrize("user", USERS)
def test_who_uses_a_secret_raises_what_handlers_know(
    user: str, how: str, secret: JsonSecret, store: Store
) -> None:
    """No error of botocore's passes a use of the secret."""
    store.error = AWAY[how]
    with pytest.raises(SecretError):
        USERS[user](secret)


@pytest.mark.parametrize("how", AWAY)
def test_the_carrier_is_not_asked_without_an_account(
    how: str, secret: JsonSecret, store: Store
) -> None:
    """A send is known not to have happened, and a model without a key is passed over."""
    store.error = AWAY[how]
    carrier = Carrier(secret, api_url="http://127.0.0.1:1")
    outcome = carrier.send(sender="+1", to="+2", body="x", status_callback="")
    assert isinstance(outcome, NotSent)
    chain = ModelChain(
        [NamedModel("openai:x", lambda: Providers(1, 1, secret).build("openai", "x"))]
    )
    with pytest.raises(NoAnswerError):
        chain.answer([], Deadline.after(5))


@pytest.mark.parametrize("value", ["é" * 44, "\ud800", "not base64!", "AAAA", "=" * 44])
def test_an_address_key_that_is_none_is_the_secrets_fault(
    value: str, secret: JsonSecret, store: Store
) -> None:
    """Whatever somebody typed into it: 503, and no attempt that counts against the words."""
    store.text = json.dumps({"address_key": value})
    with pytest.raises(SecretError):
        AddressKey(secret)()


@pytest.mark.parametrize(
    "value", [{}, {"auth_token": ""}, {"auth_token": None}, {"auth_token": ["x"]}]
)
def test_a_secret_without_a_token_believes_nobody(value: Any, clock: Clock) -> None:
    """An empty key would believe whoever signs with it; it is the operator's to mend: 503."""
    secret = JsonSecret("arn", lambda: Store(value), clock)
    with pytest.raises(SecretError):
        _signature(secret)


@pytest.mark.parametrize("shared", [["k"], "k", {"k": ""}, {"k": None}, {"k": ["x"]}])
def test_shared_keys_of_another_shape_believe_nobody(shared: Any, clock: Clock) -> None:
    """They are refused, or the operator's to mend."""
    secret = JsonSecret("arn", lambda: Store({"auth_token": "t", "shared_keys": shared}), clock)
    headers = {
        "x-twilio-signature": "bm90IGl0",
        "x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA256",
    }
    with pytest.raises((SecretError, ForgedRequestError)):
        SignatureCheck(secret, "https://x").require("/p", headers, {})


def test_a_fetch_gives_up_within_the_carriers_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Secrets Manager that hangs takes less than half of the fifteen seconds of a webhook."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    aws.client.cache_clear()
    config = aws.secrets_manager().meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < 15 / 2 + 1
    aws.client.cache_clear()
