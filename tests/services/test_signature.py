"""A request is believed only with the carrier's signature over our own URL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from conversation.secrets import JsonSecret
from messaging.signature import ForgedRequestError, SignatureCheck

TOKEN = "12345"
PUBLIC = "https://text.example.com/prod"
PATH = "/webhooks/twilio/messages"
FIELDS = {"MessageSid": ["SM1"], "From": ["+13035550111"], "Body": ["hello"]}


class Vault:
    """A Secrets Manager that counts."""

    def __init__(self, **value: Any) -> None:
        self.value = {"auth_token": TOKEN, **value}
        self.reads = 0

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        """One read."""
        self.reads += 1
        return {"SecretString": json.dumps(self.value)}


class Monotonic:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def sign(text: str, key: str = TOKEN, algorithm: Any = hashlib.sha1) -> str:
    """Sign by hand, without the code under test."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), algorithm).digest()).decode()


SIGNED = f"{PUBLIC}{PATH}BodyhelloFrom+13035550111MessageSidSM1"


def checking(vault: Vault | None = None, public: str = PUBLIC) -> SignatureCheck:
    """A check over a vault."""
    vault = vault or Vault()
    return SignatureCheck(JsonSecret("arn", lambda: vault, Monotonic()), public)


@pytest.mark.parametrize("odd", ["\ud800", "ü", "\x80", "签"])
def test_what_is_no_signature_is_forged(odd: str) -> None:
    """Neither a signature nor a path of ours has anything but ASCII; no error leaves the check."""
    for path, signature in ((PATH, odd), (PATH + odd, sign(SIGNED))):
        with pytest.raises(ForgedRequestError):
            checking().require(path, {"x-twilio-signature": signature}, FIELDS)


def test_published_example() -> None:
    """Twilio's own example of a signature passes; its query is part of the configured URL."""
    check = checking(public="https://mycompany.com")
    fields = {
        "CallSid": ["CA1234567890ABCDE"],
        "Caller": ["+14158675309"],
        "Digits": ["1234"],
        "From": ["+14158675309"],
        "To": ["+18005551212"],
    }
    headers = {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    check.require("/myapp.php?foo=1&bar=2", headers, fields)


def test_signed_by_hand() -> None:
    """URL, then names and values in the order of the names, under HMAC-SHA1."""
    checking().require(PATH, {"x-twilio-signature": sign(SIGNED)}, FIELDS)


def test_repeated_and_blank_parameters() -> None:
    """Each distinct value of a name is signed, sorted; a blank one adds its name alone."""
    fields = {"Blank": [""], "Many": ["b", "a", "b"]}
    headers = {"x-twilio-signature": sign(f"{PUBLIC}{PATH}BlankManyaManyb")}
    checking().require(PATH, headers, fields)


@pytest.mark.parametrize("text", ["😀 مرحبا", "null\x00byte", "a+b c&d=e", "x" * 10_000])
def test_any_text_can_be_signed(text: str) -> None:
    """What is signed is the decoded text in UTF-8."""
    headers = {"x-twilio-signature": sign(f"{PUBLIC}{PATH}Body{text}")}
    checking().require(PATH, headers, {"Body": [text]})


@pytest.mark.parametrize("port", ["", ":443"])
def test_signed_with_or_without_the_port(port: str) -> None:
    """The carrier is not consistent about a default port; both are its signature."""
    text = f"https://text.example.com{port}/prod{PATH}Bodyhi"
    checking().require(PATH, {"x-twilio-signature": sign(text)}, {"Body": ["hi"]})


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, FIELDS),
        ({"x-twilio-signature": ""}, FIELDS),
        ({"x-twilio-signature": "bm90IGl0"}, FIELDS),
        ({"x-twilio-signature": "\u00e9"}, FIELDS),
        ({"x-twilio-signature": sign(SIGNED, "other")}, FIELDS),
        ({"x-twilio-signature": sign(SIGNED)}, {**FIELDS, "Body": ["other"]}),
        ({"x-twilio-signature": sign(SIGNED)}, {**FIELDS, "Extra": [""]}),
        ({"x-twilio-signature": sign(SIGNED, TOKEN, hashlib.sha256)}, FIELDS),
        ({"x-twilio-signature": sign("https://evil.example" + PATH)}, {}),
    ],
)
def test_forged(headers: dict[str, str], fields: dict[str, list[str]]) -> None:
    """Missing, wrong, of another key, another body, another algorithm or another host."""
    with pytest.raises(ForgedRequestError):
        checking().require(PATH, headers, fields)


def test_other_path_is_forged() -> None:
    """A signature for one route opens no other."""
    with pytest.raises(ForgedRequestError):
        checking().require("/webhooks/other", {"x-twilio-signature": sign(SIGNED)}, FIELDS)


def test_query_is_refused() -> None:
    """A URL with a query is refused even if the rest is signed: its raw form is lost."""
    headers = {"x-twilio-signature": sign(SIGNED)}
    with pytest.raises(ForgedRequestError, match="query"):
        checking().require(PATH, headers, FIELDS, has_query=True)


SETTINGS = "x-twilio-webhooks-signature-settings"
SHARED = {"shared_keys": {"webhooks_key_1": "a secret that is shared"}}


def test_shared_key() -> None:
    """The newer form: a known shared key and HMAC-SHA256."""
    headers = {
        "x-twilio-signature": sign(SIGNED, "a secret that is shared", hashlib.sha256),
        SETTINGS: "key=webhooks_key_1, algorithm=HMAC_SHA256",
    }
    checking(Vault(**SHARED)).require(PATH, headers, FIELDS)


@pytest.mark.parametrize(
    ("settings", "key", "algorithm"),
    [
        # Each signed correctly by what the header names; the header alone decides nothing.
        ("key=unknown,algorithm=HMAC_SHA256", "a secret that is shared", hashlib.sha256),
        ("key=webhooks_key_1,algorithm=HMAC_SHA1", "a secret that is shared", hashlib.sha1),
        # Signed as a shared key signs, but the header says otherwise.
        ("key=webhooks_key_1,algorithm=HMAC_SHA1", "a secret that is shared", hashlib.sha256),
        ("key=webhooks_key_1", "a secret that is shared", hashlib.sha1),
        ("key=webhooks_key_1,algorithm=HMAC_MD5", "a secret that is shared", hashlib.md5),
        ("algorithm=HMAC_SHA1", TOKEN, hashlib.sha1),
        ("algorithm=HMAC_SHA256", TOKEN, hashlib.sha256),
        ("key=,algorithm=HMAC_SHA256", "", hashlib.sha256),
        ("nonsense", TOKEN, hashlib.sha1),
    ],
)
def test_header_chooses_no_weaker_key(settings: str, key: str, algorithm: Any) -> None:
    """The header may only name a shared key that we hold, with its own algorithm."""
    headers = {"x-twilio-signature": sign(SIGNED, key or "x", algorithm), SETTINGS: settings}
    with pytest.raises(ForgedRequestError):
        checking(Vault(**SHARED)).require(PATH, headers, FIELDS)


def test_blank_settings_header_means_the_token() -> None:
    """An empty header is no header."""
    headers = {"x-twilio-signature": sign(SIGNED), SETTINGS: " "}
    checking(Vault(**SHARED)).require(PATH, headers, FIELDS)


def test_rotated_token_is_read_once_more() -> None:
    """A token that changed since it was cached is found out by the check that fails."""
    vault = Vault()
    check = checking(vault)
    check.require(PATH, {"x-twilio-signature": sign(SIGNED)}, FIELDS)
    vault.value["auth_token"] = "rotated"
    check.require(PATH, {"x-twilio-signature": sign(SIGNED, "rotated")}, FIELDS)
    assert vault.reads == 2


def test_forgers_cannot_make_us_read_the_secret() -> None:
    """A flood of forged requests costs one read of the secret, not one each."""
    vault = Vault()
    check = checking(vault)
    for _ in range(20):
        with pytest.raises(ForgedRequestError):
            check.require(PATH, {"x-twilio-signature": "bm90IGl0"}, FIELDS)
    assert vault.reads == 2
