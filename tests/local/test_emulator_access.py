"""Access as the emulator enforces it, and what it keeps over a stop."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator

_names = itertools.count()


@pytest.fixture
def table(emulator: Emulator) -> str:
    """A table with one key."""
    name = f"access-{next(_names)}"
    emulator.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    return name


def item(pk: str) -> dict[str, dict[str, str]]:
    """An item of the table."""
    return {"pk": {"S": pk}}


def error_of(call: Callable[[], object]) -> dict[str, Any]:
    """The response of a call that has to fail."""
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response)


def role(emulator: Emulator, *statements: dict[str, Any]) -> Callable[[str], Any]:
    """A role that may do this and nothing else; returns what makes clients under it."""
    iam, name = emulator.client("iam"), f"role-{next(_names)}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    trusted = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusted))["Role"][
        "Arn"
    ]
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    given = emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return lambda service: emulator.client_with(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], service
    )


def test_policies_are_enforced_by_action_and_resource(emulator: Emulator, table: str) -> None:
    """One action on one table is granted; another action and another table are denied."""
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}"
    client = role(emulator, {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": arn})(
        "dynamodb"
    )
    client.put_item(TableName=table, Item=item("f"))
    for call in (
        lambda: client.get_item(TableName=table, Key=item("f")),
        lambda: client.put_item(TableName=f"{table}-other", Item=item("f")),
    ):
        assert error_of(call)["Error"]["Code"] == "AccessDeniedException"


def test_a_transaction_needs_the_action_of_each_part(emulator: Emulator, table: str) -> None:
    """A role that may put but not check is refused the whole."""
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}"
    client = role(emulator, {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": arn})(
        "dynamodb"
    )
    put = {"Put": {"TableName": table, "Item": item("g")}}
    client.transact_write_items(TransactItems=[put])
    check = {"TableName": table, "Key": item("h"), "ConditionExpression": "attribute_exists(pk)"}
    refused = error_of(
        lambda: client.transact_write_items(TransactItems=[put, {"ConditionCheck": check}])
    )
    assert refused["Error"]["Code"] == "AccessDeniedException"


def test_a_key_is_used_through_the_service_only(emulator: Emulator) -> None:
    """``kms:ViaService`` refuses the direct call, and a secret under the key can still be read."""
    key = emulator.client("kms").create_key()["KeyMetadata"]
    secret = emulator.client("secretsmanager").create_secret(
        Name=f"secret-{next(_names)}", KmsKeyId=key["Arn"], SecretString="{}"
    )["ARN"]
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
    clients = role(
        emulator,
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret},
        {"Effect": "Allow", "Action": "kms:*", "Resource": key["Arn"], "Condition": via},
    )
    clients("secretsmanager").get_secret_value(SecretId=secret)
    refused = error_of(
        lambda: clients("kms").generate_data_key(KeyId=key["Arn"], KeySpec="AES_256")
    )
    assert refused["Error"]["Code"] == "AccessDeniedException"


def test_a_secret_without_a_value_answers_without_one(emulator: Emulator) -> None:
    """Unlike AWS, which answers ResourceNotFoundException: the provisioner knows of it."""
    client = emulator.client("secretsmanager")
    arn = client.create_secret(Name=f"secret-{next(_names)}")["ARN"]
    assert "SecretString" not in client.get_secret_value(SecretId=arn)


def test_expired_credentials_of_nobody_are_refused(emulator: Emulator) -> None:
    """A key that nobody issued opens nothing."""
    client = emulator.client_with("AKIANOBODY", "x", None, "dynamodb")
    code = error_of(client.list_tables)["Error"]["Code"]
    assert code in {"UnrecognizedClientException", "InvalidClientTokenId"}


def test_state_survives_a_stop(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tables, keys and secrets are there after SIGTERM and a new start; roles are made anew."""
    emulator = Emulator(tmp_path_factory.mktemp("persisting"))
    emulator.start()
    key = emulator.client("kms").create_key()["KeyMetadata"]["KeyId"]
    sealed = emulator.client("kms").encrypt(KeyId=key, Plaintext=b"seed")["CiphertextBlob"]
    emulator.client("secretsmanager").create_secret(Name="kept-secret", SecretString="value")
    client = emulator.client("dynamodb")
    client.create_table(
        TableName="kept-table",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    client.put_item(TableName="kept-table", Item={"pk": {"S": "a"}, "n": {"B": b"\x00\xff"}})
    role(emulator, {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    begun = time.monotonic()
    emulator.stop()
    assert time.monotonic() - begun < 5
    emulator.start()
    try:
        found = emulator.client("dynamodb").get_item(TableName="kept-table", Key={"pk": {"S": "a"}})
        assert found["Item"]["n"]["B"] == b"\x00\xff"
        assert emulator.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"seed"
        kept = emulator.client("secretsmanager").get_secret_value(SecretId="kept-secret")
        assert kept["SecretString"] == "value"
        assert emulator.client("iam").list_roles()["Roles"] == []
    finally:
        emulator.stop()
