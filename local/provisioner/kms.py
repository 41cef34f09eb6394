"""Keys, which a restart adopts: what they sealed must stay readable."""

from __future__ import annotations

from typing import Any

from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs


def key(inputs: Inputs, account: Account) -> Created:
    """Create a key, or adopt the remembered one."""
    client = account.client("kms")
    description = inputs.take("description", "")
    policy = inputs.take("policy", None)
    identity = _existing(client, account.remembered.get("key", inputs.name))
    if identity is None:
        request = {
            "Description": description,
            "KeyUsage": inputs.take("keyUsage", "ENCRYPT_DECRYPT"),
            "KeySpec": inputs.take("customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
            "MultiRegion": inputs.take("multiRegion", False),
        }
        identity = client.create_key(**request)["KeyMetadata"]["KeyId"]
        account.remembered.put("key", inputs.name, identity)
    if policy:
        client.put_key_policy(KeyId=identity, PolicyName="default", Policy=policy)
    if inputs.take("enableKeyRotation", False):
        client.enable_key_rotation(KeyId=identity)
    # The emulator's keys never really rotate, and nothing here waits for a deletion.
    inputs.ignore(
        "rotationPeriodInDays", "deletionWindowInDays", "tags",
        "keyUsage", "customerMasterKeySpec", "multiRegion", "isEnabled",
    )  # fmt: skip
    return Created(identity, {"arn": account.arn("kms", f"key/{identity}"), "keyId": identity})


def _existing(client: Any, identity: str | None) -> str | None:
    if identity is None:
        return None
    try:
        client.describe_key(KeyId=identity)
    except client.exceptions.NotFoundException:
        return None
    return identity


def alias(inputs: Inputs, account: Account) -> Created:
    """Point an alias at a key."""
    client = account.client("kms")
    name, target = inputs.take("name"), inputs.take("targetKeyId")
    try:
        client.create_alias(AliasName=name, TargetKeyId=target)
    except client.exceptions.AlreadyExistsException:
        client.update_alias(AliasName=name, TargetKeyId=target)
    arn = account.arn("kms", name)
    return Created(name, {"arn": arn, "targetKeyArn": account.arn("kms", f"key/{target}")})


CREATES: dict[str, Create] = {"aws:kms/alias:Alias": alias, "aws:kms/key:Key": key}
