"""Secrets, which a restart adopts with their values."""

from __future__ import annotations

import json
from typing import Any

from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs


def secret(inputs: Inputs, account: Account) -> Created:
    """Create a secret, or adopt it; it gets its local value where it has none."""
    client = account.client("secretsmanager")
    name = inputs.take("name")
    arn = _existing(client, name)
    if arn is None:
        request = {"Name": name, "Description": inputs.take("description", "")}
        if key := inputs.take("kmsKeyId", None):
            request["KmsKeyId"] = key
        arn = client.create_secret(**request)["ARN"]
    # Deleting is not something the local stack does to a secret.
    inputs.ignore(
        "description", "kmsKeyId", "recoveryWindowInDays", "forceOverwriteReplicaSecret", "tags"
    )
    account.remembered.put("secret", name, arn)
    if name in account.seeds:
        existing = _value(client, arn)
        wanted = account.seeds[name].over(existing)
        if wanted != existing:
            client.put_secret_value(SecretId=arn, SecretString=json.dumps(wanted))
    return Created(arn, {"arn": arn})


def _value(client: Any, arn: str) -> dict[str, str]:
    try:
        answer = client.get_secret_value(SecretId=arn)
    except client.exceptions.ResourceNotFoundException:
        return {}
    # A secret without a value has no SecretString here, where AWS says it is not found.
    return dict(json.loads(answer.get("SecretString", "{}")))


def _existing(client: Any, name: str) -> str | None:
    try:
        return str(client.describe_secret(SecretId=name)["ARN"])
    except client.exceptions.ResourceNotFoundException:
        return None


def secret_version(inputs: Inputs, account: Account) -> Created:
    """Write a value that the program itself declares."""
    of = inputs.take("secretId")
    written = account.client("secretsmanager").put_secret_value(
        SecretId=of, SecretString=inputs.take("secretString")
    )
    return Created(f"{of}|{written['VersionId']}", {"versionId": written["VersionId"]})


def secret_policy(inputs: Inputs, account: Account) -> Created:
    """Set a secret's resource policy."""
    of = inputs.take("secretArn")
    account.client("secretsmanager").put_resource_policy(
        SecretId=of, ResourcePolicy=inputs.take("policy")
    )
    inputs.ignore("blockPublicPolicy")
    return Created(of)


CREATES: dict[str, Create] = {
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretPolicy:SecretPolicy": secret_policy,
    "aws:secretsmanager/secretVersion:SecretVersion": secret_version,
}
