"""`dialtone secrets`: credentials go in unseen, are judged unseen, and are never printed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import Result

import cli.secrets_set
from local.carrier.exchange import Carrier
from local.carrier.rest import carrier_app

Dialtone = Callable[..., Result]
ACCOUNT = "AC" + "1f" * 16
TOKEN = "e7" * 16
BOTH = json.dumps({"account_sid": ACCOUNT, "auth_token": TOKEN})


def _set(dialtone: Dialtone, *arguments: str, text: str | None = None) -> Result:
    answer = dialtone("secrets", "set", *arguments, text=text)
    assert answer.exit_code == 0, answer.output
    return answer


def test_the_first_set_makes_the_address_key(dialtone: Dialtone, stack: Any) -> None:
    """Account and token are stored as given; the address key is 32 random bytes of our own."""
    _set(dialtone, text=BOTH)

    stored = stack.secret()

    assert (stored["account_sid"], stored["auth_token"]) == (ACCOUNT, TOKEN)
    assert len(base64.b64decode(stored["address_key"], validate=True)) == 32


def test_no_value_is_ever_printed(dialtone: Dialtone, stack: Any) -> None:
    """Neither storing nor checking nor a wrong shape shows a value."""
    outputs = [
        dialtone("secrets", "set", text=BOTH).output,
        dialtone("secrets", "check").output,
        dialtone("secrets", "check", "--json").output,
        dialtone("secrets", "set", "auth_token", text="hunter2-hunter2").output,
    ]

    shown = "".join(outputs)
    for value in (*stack.secret().values(), "hunter2"):
        assert value not in shown


def test_setting_one_field_keeps_the_others(dialtone: Dialtone, stack: Any) -> None:
    """A rotated token leaves the account and the address key as they were."""
    _set(dialtone, text=BOTH)
    before = stack.secret()

    _set(dialtone, "auth_token", text="0a" * 16 + "\n")

    assert stack.secret() == {**before, "auth_token": "0a" * 16}


def test_a_value_can_come_from_a_variable(
    dialtone: Dialtone, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--from-env reads the variable that is named."""
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    _set(dialtone, "auth_token", "--from-env", "MY_TOKEN")

    assert stack.secret()["auth_token"] == TOKEN


def test_at_a_terminal_values_are_asked_for_unseen(
    dialtone: Dialtone, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person types account and token; Enter keeps what is stored."""
    asked: list[tuple[str, bool]] = []
    typed = iter([ACCOUNT, TOKEN, "", "0b" * 16])

    def prompt(label: str, *, hide_input: bool, **_: Any) -> str:
        asked.append((label, hide_input))
        return next(typed)

    monkeypatch.setattr(cli.secrets_set, "at_a_terminal", lambda: True)
    monkeypatch.setattr("typer.prompt", prompt)
    _set(dialtone)
    _set(dialtone)

    stored = stack.secret()
    assert (stored["account_sid"], stored["auth_token"]) == (ACCOUNT, "0b" * 16)
    assert [hidden for _, hidden in asked] == [True] * 4
    assert "Enter keeps" in asked[2][0]


def test_shared_keys_are_kept_by_their_ids(dialtone: Dialtone, stack: Any) -> None:
    """Several shared keys stand side by side while one replaces the other."""
    _set(dialtone, "shared_key", "--key-id", "old", text="k" * 32)
    _set(dialtone, "shared_key", "--key-id", "new", text="n" * 32)

    assert stack.secret()["shared_keys"] == {"old": "k" * 32, "new": "n" * 32}


def test_the_address_key_outlives_every_set(dialtone: Dialtone, stack: Any) -> None:
    """Nothing but the explicit flag replaces it."""
    _set(dialtone, text=BOTH)
    key = stack.secret()["address_key"]

    _set(dialtone, text=BOTH)
    other = base64.b64encode(bytes(32)).decode()
    refused = dialtone("secrets", "set", "address_key", text=other)

    assert refused.exit_code == 2
    assert stack.secret()["address_key"] == key


def test_replacing_the_address_key_warns_of_what_is_lost(dialtone: Dialtone, stack: Any) -> None:
    """With people stored, --new-address-key says what happens to them and wants a yes."""
    _set(dialtone, text=BOTH)
    key = stack.secret()["address_key"]
    _store_a_person(stack)

    refused = dialtone("secrets", "set", "--new-address-key", text="n\n")
    assert (refused.exit_code, stack.secret()["address_key"]) == (1, key)
    assert "becomes a stranger" in refused.stderr

    _set(dialtone, "--new-address-key", text="y\n")
    assert stack.secret()["address_key"] != key


def test_a_lost_address_key_is_not_silently_replaced(dialtone: Dialtone, stack: Any) -> None:
    """People without their key: the operator decides, and may put the key back."""
    _store_a_person(stack)
    key = base64.b64encode(bytes(range(32))).decode()

    refused = dialtone("secrets", "set", text=BOTH)
    assert refused.exit_code == 2
    assert "address key is gone" in refused.stderr

    _set(dialtone, "address_key", text=key)
    assert stack.secret()["address_key"] == key


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (["auth_token"], "short", "does not look right"),
        (["account_sid"], "SM" + "0" * 32, "does not look right"),
        (["address_key", "--any-shape"], "A" * 44, "does not look right"),
        (["password"], "x", "there is no field"),
        (["shared_key"], "x" * 20, "belong together"),
        (["auth_token", "--key-id", "k"], TOKEN, "belong together"),
        (["--from-env", "NOT_SET"], "", "needs the field"),
        (["auth_token", "--from-env", "NOT_SET"], "", "is empty or not set"),
        ([], "", "standard input is empty"),
        ([], '{"auth_token": 1, "other": 2}', "no JSON object"),
        (["openai_api_key"], "sk-" + "x" * 40, "there is no secret"),
    ],
)
def test_a_mistake_stores_nothing_and_is_explained(
    dialtone: Dialtone, stack: Any, arguments: list[str], text: str, said: str
) -> None:
    """Whatever is wrong with the input, the secret stays as it is."""
    before = _versions(stack)

    answer = dialtone("secrets", "set", *arguments, text=text)

    assert answer.exit_code == 2
    assert said in answer.stderr
    assert _versions(stack) == before


def test_a_value_of_another_shape_can_be_insisted_on(dialtone: Dialtone, stack: Any) -> None:
    """--any-shape stores what the carrier may one day hand out."""
    _set(dialtone, "auth_token", "--any-shape", text="a-new-kind-of-token")

    assert stack.secret()["auth_token"] == "a-new-kind-of-token"


def test_model_keys_go_into_their_own_secret(dialtone: Dialtone, stack: Any) -> None:
    """A stack that declares the models' secret takes its keys, without an address key."""
    stack.client("secretsmanager").create_secret(Name=f"dialtone-{stack.name}-models")
    _set(dialtone, "openai_api_key", text="sk-" + "x" * 40)

    assert stack.secret("models") == {"openai_api_key": "sk-" + "x" * 40}


def test_check_tells_missing_from_wrong_from_right(dialtone: Dialtone, stack: Any) -> None:
    """Each field is judged by itself, and one that is not right fails the check."""
    assert [f["ok"] for f in _check(dialtone, code=1)] == [False, False, False]

    _set(dialtone, text=BOTH)
    assert [f["ok"] for f in _check(dialtone, code=0)] == [True, True, True]

    _set(dialtone, "auth_token", "--any-shape", text="odd")
    found = {finding["what"]: finding for finding in _check(dialtone, code=1)}
    assert found["auth_token"]["ok"] is False
    assert "does not look right" in found["auth_token"]["says"]


@pytest.fixture
def carrier(stack: Any, serve: Callable[[Any], str]) -> Iterator[Carrier]:
    """A carrier whose address the stack's responder knows."""
    played = Carrier(account_sid=ACCOUNT, auth_token=TOKEN)
    url = serve(carrier_app(played))
    name = f"dialtone-{stack.name}-responder"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = stack.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Statement": [{**trust, "Action": "sts:AssumeRole"}]}),
    )
    stack.client("lambda").create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        PackageType="Image",
        Code={"ImageUri": "none"},
        Environment={"Variables": {"CARRIER_API_URL": url}},
    )
    yield played
    played.close()


def test_live_asks_the_carrier_for_account_and_numbers(
    dialtone: Dialtone, stack: Any, carrier: Carrier
) -> None:
    """--live shows the account's state and where each number delivers its texts."""
    _set(dialtone, text=BOTH)
    carrier.add_number("+13035550100").sms_url = "https://x.example/webhooks/twilio/messages#rc=2"

    found = {f["what"]: f["says"] for f in _check(dialtone, "--live", code=0)}

    assert found["carrier account"] == "active"
    assert found["+13035550100"] == (
        "its texts go to a dialtone: https://x.example/webhooks/twilio/messages"
    )


def test_live_tells_of_refused_credentials(
    dialtone: Dialtone, stack: Any, carrier: Carrier
) -> None:
    """A token that the carrier does not accept fails the check, however right it looks."""
    _set(dialtone, text=json.dumps({"account_sid": ACCOUNT, "auth_token": "00" * 16}))

    found = {f["what"]: f["says"] for f in _check(dialtone, "--live", code=1)}

    assert "refuses the credentials" in found["carrier"]


def _check(dialtone: Dialtone, *arguments: str, code: int) -> list[dict[str, Any]]:
    answer = dialtone("secrets", "check", "--json", *arguments)
    assert answer.exit_code == code, answer.output
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def _versions(stack: Any) -> list[str]:
    answer = stack.client("secretsmanager").list_secret_version_ids(
        SecretId=f"dialtone-{stack.name}-carrier"
    )
    return sorted(version["VersionId"] for version in answer["Versions"])


def _store_a_person(stack: Any) -> None:
    stack.tables.client.put_item(
        TableName=stack.tables.people, Item={"pk": {"S": "address#x"}, "sk": {"S": "person"}}
    )
