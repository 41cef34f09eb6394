"""`dialtone doctor privacy`: what would undo a promise is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from typer.testing import Result

Dialtone = Callable[..., Result]


def findings(answer: Result) -> dict[str, dict[str, Any]]:
    """What was found, by name."""
    return {one["what"]: one for one in json.loads(answer.stdout)}


def test_a_stack_as_it_is_deployed_is_well(dialtone: Dialtone) -> None:
    """Every check is made and finds nothing."""
    answer = dialtone("doctor", "privacy", "--json")
    assert answer.exit_code == 0, answer.output
    assert len(findings(answer)) == 7
    assert all(one["ok"] for one in findings(answer).values())


def test_copies_of_the_keys_are_found(dialtone: Dialtone, stack: Any) -> None:
    """Recovery and a backup: the exit code is 1, and each is named with what to do."""
    stack.client("dynamodb").create_backup(TableName=stack.tables.keys, BackupName="nightly")
    stack.client("dynamodb").update_continuous_backups(
        TableName=stack.tables.keys,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    answer = dialtone("doctor", "privacy", "--json")
    assert answer.exit_code == 1
    found = findings(answer)
    wrong = {what for what, one in found.items() if not one["ok"]}
    assert wrong == {"recovery of the keys", "backups of the keys"}
    assert "delete" in found["backups of the keys"]["says"]


def test_a_stream_of_the_keys_is_found(dialtone: Dialtone, stack: Any) -> None:
    """Whoever reads it has every key."""
    stack.client("dynamodb").update_table(
        TableName=stack.tables.keys,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    answer = dialtone("doctor", "privacy")
    assert answer.exit_code == 1
    assert "a stream carries every key" in answer.stdout


def test_bedrocks_log_of_words_is_found(dialtone: Dialtone, stack: Any) -> None:
    """The account's setting is the operator's to know of."""
    bedrock = stack.client("bedrock")
    bedrock.put_model_invocation_logging_configuration(
        loggingConfig={
            "cloudWatchConfig": {"logGroupName": "models", "roleArn": "arn:aws:iam::1:role/x"},
            "textDataDeliveryEnabled": True,
        }
    )
    try:
        found = findings(dialtone("doctor", "privacy", "--json"))
    finally:
        bedrock.delete_model_invocation_logging_configuration()
    assert not found["Bedrock's invocation log"]["ok"]


def test_a_log_that_is_kept_for_ever_is_found(dialtone: Dialtone, stack: Any) -> None:
    """Only this stack's groups count."""
    group = f"/aws/lambda/dialtone-{stack.name}-webhook"
    stack.client("logs").create_log_group(logGroupName=group)
    found = findings(dialtone("doctor", "privacy", "--json"))
    assert group in found["logs of the functions"]["says"]
    stack.client("logs").put_retention_policy(logGroupName=group, retentionInDays=30)
    assert findings(dialtone("doctor", "privacy", "--json"))["logs of the functions"]["ok"]
