"""The small program's handler: keeps what it is sent, and reads it back."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Keep a request's body, or read one back when called directly."""
    table = os.environ["TABLE"]
    client = boto3.client("dynamodb")
    if "read" in event:
        found = client.get_item(TableName=table, Key={"pk": {"S": event["read"]}})
        return {"found": found.get("Item", {}).get("pk", {}).get("S")}
    if event["body"] == "fail":
        raise LookupError("a secret of the handler")
    if event["body"] == "headers":
        return {"statusCode": 203, "headers": {"X-Own": "1"}, "body": json.dumps(event["headers"])}
    client.put_item(TableName=table, Item={"pk": {"S": event["body"]}})
    return {"statusCode": 200, "body": "kept"}
