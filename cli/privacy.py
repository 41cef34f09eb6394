"""What would undo a promise about privacy, looked for in the account a stack runs in.

Each check asks AWS one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli import findings
from cli.findings import Check, Finding
from cli.privacy_voice import CallPrivacy
from cli.target import Target


def examine(target: Target) -> list[Finding]:
    """Make every check.

    Raises:
        ClientError: The stack's tables are not there.
    """
    described = target.client("dynamodb").describe_table(TableName=target.tables.keys)["Table"]
    checks: dict[str, Check] = {
        "recovery of the keys": lambda: _recovery(target),
        "backups of the keys": lambda: _backups(target, described["TableArn"]),
        "exports of the keys": lambda: _exports(target, described["TableArn"]),
        "streams of the keys": lambda: _streams(target, described),
        "Bedrock's invocation log": lambda: _bedrock(target),
        "logs of the functions": lambda: _function_logs(target),
        "logs of the API": lambda: _api_logs(target),
        **CallPrivacy(target).all(),
    }
    return [findings.examine(what, check) for what, check in checks.items()]


def _recovery(target: Target) -> Iterator[str]:
    answer = target.client("dynamodb").describe_continuous_backups(TableName=target.tables.keys)
    told = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if told.get("PointInTimeRecoveryStatus") == "ENABLED":
        yield "point-in-time recovery is on: a forgotten key can be restored; turn it off"


def _backups(target: Target, arn: str) -> Iterator[str]:
    pages = target.client("dynamodb").get_paginator("list_backups")
    count = sum(
        len(page["BackupSummaries"])
        for page in pages.paginate(TableName=target.tables.keys, BackupType="ALL")
    )
    if count:
        yield f"{count} backups of the table hold forgotten keys: delete them"
    points = target.client("backup").get_paginator("list_recovery_points_by_resource")
    held = sum(len(page["RecoveryPoints"]) for page in points.paginate(ResourceArn=arn))
    if held:
        yield f"AWS Backup has {held} recovery points: delete them, take the table out of its plan"


def _exports(target: Target, arn: str) -> Iterator[str]:
    answer = target.client("dynamodb").list_exports(TableArn=arn)
    if answer["ExportSummaries"]:
        yield f"{len(answer['ExportSummaries'])} exports to S3 hold keys: delete their objects"


def _streams(target: Target, described: dict[str, Any]) -> Iterator[str]:
    if described.get("StreamSpecification", {}).get("StreamEnabled"):
        yield "a stream carries every key to whoever reads it: turn it off"
    if described.get("Replicas"):
        yield "the table is replicated: a replica is one more place, with backups of its own"
    answer = target.client("dynamodb").describe_kinesis_streaming_destination(
        TableName=target.tables.keys
    )
    active = [
        one
        for one in answer["KinesisDataStreamDestinations"]
        if one.get("DestinationStatus") in {"ACTIVE", "ENABLING", "UPDATING"}
    ]
    if active:
        yield "a Kinesis stream receives every key: disable it"


def _bedrock(target: Target) -> Iterator[str]:
    answer = target.client("bedrock").get_model_invocation_logging_configuration()
    config = answer.get("loggingConfig") or {}
    places = [name for name in ("cloudWatchConfig", "s3Config") if config.get(name)]
    if places and config.get("textDataDeliveryEnabled", True):
        yield (
            "the account logs what every model is asked and answers, in clear: "
            "`aws bedrock delete-model-invocation-logging-configuration`, or exclude text"
        )


def _function_logs(target: Target) -> Iterator[str]:
    logs = target.client("logs")
    pages = logs.get_paginator("describe_log_groups")
    prefix = f"/aws/lambda/{target.name('')}"
    for page in pages.paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            if not group.get("retentionInDays"):
                yield f"{group['logGroupName']} is kept for ever: set its retention"


def _api_logs(target: Target) -> Iterator[str]:
    """A REST API that traces data writes whole requests, numbers and words included."""
    client = target.client("apigateway")
    for page in client.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["name"] == target.name("api"):
                for stage in client.get_stages(restApiId=api["id"])["item"]:
                    settings = stage.get("methodSettings", {}).values()
                    if any(one.get("dataTraceEnabled") for one in settings):
                        yield f"stage {stage['stageName']} traces data: whole texts are logged"
