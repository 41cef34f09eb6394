"""Tables."""

from __future__ import annotations

from typing import Any

from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs


class TableChangedError(Exception):
    """A remembered table has other keys than the program declares now."""


def table(inputs: Inputs, account: Account) -> Created:
    """Create a table, or adopt the remembered one with its items."""
    client = account.client("dynamodb")
    name = inputs.take("name")
    request = _definition(inputs, name)
    existing = _describe(client, name)
    if existing is None:
        arn = client.create_table(**request)["TableDescription"]["TableArn"]
    else:
        _check_same(existing, request)
        arn = existing["TableArn"]
    account.remembered.put("table", name, arn)
    _set_expiry(client, inputs.block("ttl"), name)
    _set_recovery(client, inputs.block("pointInTimeRecovery"), name)
    client.update_table(
        TableName=name, DeletionProtectionEnabled=inputs.take("deletionProtectionEnabled", False)
    )
    return Created(name, {"arn": arn})


def _definition(inputs: Inputs, name: str) -> dict[str, Any]:
    keys = [{"AttributeName": inputs.take("hashKey"), "KeyType": "HASH"}]
    if range_key := inputs.take("rangeKey", None):
        keys.append({"AttributeName": range_key, "KeyType": "RANGE"})
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": keys,
        "BillingMode": inputs.take("billingMode", "PROVISIONED"),
        "AttributeDefinitions": [
            {"AttributeName": block.take("name"), "AttributeType": block.take("type")}
            for block in inputs.blocks("attributes")
        ],
    }
    if indexes := [_index(block) for block in inputs.blocks("globalSecondaryIndexes")]:
        request["GlobalSecondaryIndexes"] = indexes
    sealing = inputs.block("serverSideEncryption")
    if sealing and sealing.take("enabled"):
        request["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
        if key := sealing.take("kmsKeyArn", None):
            request["SSESpecification"]["KMSMasterKeyId"] = key
    inputs.ignore("tableClass", "tags")  # neither changes what a program can see
    return request


def _index(block: Inputs) -> dict[str, Any]:
    keys = [
        {"AttributeName": key.take("attributeName"), "KeyType": key.take("keyType")}
        for key in block.blocks("keySchemas")
    ]
    if hash_key := block.take("hashKey", None):
        keys.append({"AttributeName": hash_key, "KeyType": "HASH"})
    if range_key := block.take("rangeKey", None):
        keys.append({"AttributeName": range_key, "KeyType": "RANGE"})
    projection: dict[str, Any] = {"ProjectionType": block.take("projectionType")}
    if attributes := block.take("nonKeyAttributes", None):
        projection["NonKeyAttributes"] = attributes
    return {"IndexName": block.take("name"), "KeySchema": keys, "Projection": projection}


def _describe(client: Any, name: str) -> dict[str, Any] | None:
    try:
        return dict(client.describe_table(TableName=name)["Table"])
    except client.exceptions.ResourceNotFoundException:
        return None


def _check_same(existing: dict[str, Any], request: dict[str, Any]) -> None:
    def shape(of: dict[str, Any]) -> Any:
        indexes = {
            index["IndexName"]: (index["KeySchema"], index["Projection"]["ProjectionType"])
            for index in of.get("GlobalSecondaryIndexes") or []
        }
        return of["KeySchema"], indexes

    if shape(existing) != shape(request):
        raise TableChangedError(
            f"table {request['TableName']} was made with other keys or indexes; "
            "start with --reset to make it anew (what it holds is lost)"
        )


def _set_expiry(client: Any, block: Inputs | None, name: str) -> None:
    if block is None:
        return
    wanted = {"Enabled": block.take("enabled"), "AttributeName": block.take("attributeName")}
    now = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if (now.get("TimeToLiveStatus") == "ENABLED") != wanted["Enabled"]:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)


def _set_recovery(client: Any, block: Inputs | None, name: str) -> None:
    if block is None:
        return
    setting: dict[str, Any] = {"PointInTimeRecoveryEnabled": block.take("enabled")}
    if days := block.take("recoveryPeriodInDays", None):
        setting["RecoveryPeriodInDays"] = days
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=setting)


CREATES: dict[str, Create] = {"aws:dynamodb/table:Table": table}
