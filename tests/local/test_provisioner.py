"""The provisioner: every property read or ignored by name, unknown types refused, data adopted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from local.config import REGION
from local.emulator import Emulator
from local.provision import differences
from local.provisioner import (
    CREATES,
    NOT_EMULATED,
    Account,
    Inputs,
    Provisioner,
    ProvisioningError,
    Remembered,
    Seed,
    UnknownTypeError,
    UnreadPropertyError,
)
from local.provisioner.dynamodb import TableChangedError
from local.provisioner.iam import translate

_names = itertools.count()
SECRET = "4dabf18193072939515e22adb298388d"


@pytest.fixture
def account(emulator: Emulator, tmp_path: Path) -> Account:
    """The emulated account, remembering in the test's folder."""
    return Account(
        emulator.client,
        remembered=Remembered(tmp_path / "provisioned.json"),
        function_url="http://127.0.0.1:9/invoke",
        aws_url=emulator.url,
        schedules=False,
    )


@pytest.fixture
def create(account: Account) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Create one resource as Pulumi's mocks would have it created."""

    def made(kind: str, logical: str = "one", /, **inputs: Any) -> tuple[str, dict[str, Any]]:
        args = MockResourceArgs(kind, logical, inputs, custom=True)
        identity, outputs = Provisioner(account).new_resource(args)
        assert identity is not None
        return identity, outputs

    return made


def table_inputs(name: str, **more: Any) -> dict[str, Any]:
    """A minimal table."""
    return {
        "name": name,
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "pk",
        "attributes": [{"name": "pk", "type": "S"}],
        **more,
    }


# -- reading -------------------------------------------------------------------------------------


def test_numbers_and_secrets_are_read_as_written() -> None:
    """Mocks hand over floats and wrapped secrets."""
    wrapped = {SECRET: "1b47061264138c4ac30d75fd1eb44270", "value": {"days": 35.0}}
    inputs = Inputs({"a": wrapped, "rate": 0.5, "list": [1.0]}, "x")
    assert inputs.take("a") == {"days": 35}
    assert isinstance(inputs.take("list")[0], int)
    assert inputs.take("rate") == 0.5


def test_what_was_not_read_is_named_with_its_path() -> None:
    """Also in blocks, and in lists of blocks."""
    inputs = Inputs(
        {"seen": 1, "unseen": 2, "block": {"deep": 3}, "many": [{"known": 4, "lost": 5}]}, "thing"
    )
    inputs.take("seen")
    inputs.block("block")
    inputs.blocks("many")[0].take("known")
    with pytest.raises(UnreadPropertyError) as error:
        inputs.finish()
    for path in ("thing.unseen", "thing.block.deep", "thing.many[0].lost"):
        assert path in str(error.value)
    assert "seen:" not in str(error.value)


def test_a_property_nobody_maps_fails_the_resource(
    create: Callable[..., tuple[str, dict[str, Any]]],
) -> None:
    """A new property of a component cannot be lost on the way."""
    with pytest.raises(UnreadPropertyError, match="streamEnabled"):
        create("aws:dynamodb/table:Table", **table_inputs("unread-table", streamEnabled=True))


def test_an_unknown_type_fails_with_what_to_do(
    create: Callable[..., tuple[str, dict[str, Any]]],
) -> None:
    """Nothing is silently left out."""
    with pytest.raises(UnknownTypeError, match="NOT_EMULATED"):
        create("aws:s3/bucket:Bucket", bucket="b")


def test_what_is_not_emulated_is_listed_with_its_reason(
    create: Callable[..., tuple[str, dict[str, Any]]], account: Account
) -> None:
    """It exists in the program, has an ARN, and whoever starts the stack is told."""
    kind = "aws:apigateway/domainName:DomainName"
    _, outputs = create(kind, domainName="x.example", anything={"goes": True})
    assert outputs["arn"].startswith("arn:aws:apigateway:")
    assert account.declared.not_emulated == {kind: NOT_EMULATED[kind]}


def test_no_type_is_both_created_and_not_emulated() -> None:
    """The two lists exclude each other."""
    assert set(CREATES).isdisjoint(NOT_EMULATED)


def test_a_failing_resource_says_which_it_was(
    create: Callable[..., tuple[str, dict[str, Any]]],
) -> None:
    """The error of the emulator comes with the resource's type and name."""
    with pytest.raises(ProvisioningError, match=r"aws:sqs/queue:Queue 'broken'"):
        create("aws:sqs/queue:Queue", "broken", name="no spaces", fifoQueue=True)


def test_the_program_may_ask_where_it_is(account: Account) -> None:
    """Region, account and partition are answered, anything else is refused."""
    provisioner = Provisioner(account)
    answer, _ = provisioner.call(MockCallArgs("aws:index/getRegion:getRegion", {}, ""))
    assert answer["region"] == REGION
    with pytest.raises(UnknownTypeError):
        provisioner.call(MockCallArgs("aws:s3/getBucket:getBucket", {}, ""))


# -- adopting ------------------------------------------------------------------------------------


def test_a_table_is_adopted_with_its_items(
    create: Callable[..., tuple[str, dict[str, Any]]], account: Account
) -> None:
    """The second start finds what the first one stored, and applies changed settings."""
    name = f"adopted-{next(_names)}"
    create("aws:dynamodb/table:Table", **table_inputs(name))
    account.client("dynamodb").put_item(TableName=name, Item={"pk": {"S": "kept"}})
    ttl = {"enabled": True, "attributeName": "expires_at"}
    create("aws:dynamodb/table:Table", **table_inputs(name, ttl=ttl))
    create("aws:dynamodb/table:Table", **table_inputs(name, ttl=ttl))
    client = account.client("dynamodb")
    assert "Item" in client.get_item(TableName=name, Key={"pk": {"S": "kept"}})
    told = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert told["TimeToLiveStatus"] == "ENABLED"


def test_a_table_with_other_keys_asks_for_a_reset(
    create: Callable[..., tuple[str, dict[str, Any]]],
) -> None:
    """Changed keys cannot be adopted; the message says what to do."""
    name = f"changed-{next(_names)}"
    create("aws:dynamodb/table:Table", **table_inputs(name))
    attributes = [{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}]
    with pytest.raises(ProvisioningError, match="--reset") as error:
        create(
            "aws:dynamodb/table:Table", **table_inputs(name, rangeKey="sk", attributes=attributes)
        )
    assert isinstance(error.value.__cause__, TableChangedError)


def test_a_key_is_adopted_by_its_logical_name(
    create: Callable[..., tuple[str, dict[str, Any]]], account: Account, tmp_path: Path
) -> None:
    """What was sealed stays readable, also for a stack that read the file from disk."""
    first, _ = create("aws:kms/key:Key", "data-key", description="one")
    account.remembered = Remembered(tmp_path / "provisioned.json")
    again, _ = create("aws:kms/key:Key", "data-key", description="changed")
    other, _ = create("aws:kms/key:Key", "other-key")
    assert first == again != other


def test_a_secret_keeps_what_is_made_once(
    create: Callable[..., tuple[str, dict[str, Any]]], account: Account
) -> None:
    """The address key survives a restart, the carrier's token is written each time."""
    name = f"carrier-{next(_names)}"
    account.seeds[name] = Seed(always={"auth_token": "a"}, once={"address_key": "first"})
    arn, _ = create("aws:secretsmanager/secret:Secret", name=name, kmsKeyId="alias/aws/x")
    account.seeds[name] = Seed(always={"auth_token": "b"}, once={"address_key": "second"})
    assert create("aws:secretsmanager/secret:Secret", name=name)[0] == arn
    value = account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert json.loads(value) == {"auth_token": "b", "address_key": "first"}


# -- translating ---------------------------------------------------------------------------------


def statement(**conditions: Any) -> str:
    """A policy of one statement."""
    one = {"Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": "*", "Condition": conditions}
    return json.dumps({"Version": "2012-10-17", "Statement": [one]})


def test_a_condition_the_emulator_cannot_judge_is_dropped_and_reported(account: Account) -> None:
    """Only that one; what it can judge stays."""
    policy = statement(
        StringEquals={"kms:ViaService": "x", "kms:EncryptionContext:conversation": "c"}
    )
    translated = json.loads(translate(policy, "role/policy", account))["Statement"][0]
    assert translated["Condition"] == {"StringEquals": {"kms:ViaService": "x"}}
    (note,) = account.declared.translated
    assert note.startswith("role/policy: condition kms:EncryptionContext:conversation")


def test_what_changed_in_several_policies_is_one_line(account: Account) -> None:
    """A start prints each difference from AWS once, and says in how many places it is."""
    policy = statement(StringEquals={"kms:EncryptionContext:conversation": "c"})
    for where in ("one/policy", "other/policy"):
        translate(policy, where, account)
    what = "condition kms:EncryptionContext:conversation is not checked here"
    assert differences(account.declared) == [f"{what} (in 2 policies)"]


def test_a_statement_left_without_conditions_has_none(account: Account) -> None:
    """An empty condition block would be malformed."""
    policy = statement(**{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}})
    assert "Condition" not in json.loads(translate(policy, "r", account))["Statement"][0]


def test_a_model_call_is_granted_under_the_name_the_emulator_checks(account: Account) -> None:
    """The emulator checks Converse as an action of its own."""
    policy = statement().replace("kms:Encrypt", "bedrock:InvokeModel")
    actions = json.loads(translate(policy, "r", account))["Statement"][0]["Action"]
    assert actions == ["bedrock:InvokeModel", "bedrock:Converse"]
