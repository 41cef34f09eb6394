"""`dialtone doctor privacy`: what would undo a promise is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.target import Target
from tests.cli.played_account import PlayedAccount

Dialtone = Callable[..., Result]


def findings(answer: Result) -> dict[str, dict[str, Any]]:
    """What was found, by name."""
    return {one["what"]: one for one in json.loads(answer.stdout)}


def test_a_stack_as_it_is_deployed_is_well(dialtone: Dialtone) -> None:
    """Every check is made and finds nothing."""
    answer = dialtone("doctor", "privacy", "--json")
    assert answer.exit_code == 0, answer.output
    assert len(findings(answer)) == 13
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


PLAYED = {"lexv2-models", "connect", "lambda"}
Break = Callable[[PlayedAccount], object]
LOGGED = {"cloudWatch": {"cloudWatchLogGroupArn": "arn:aws:logs:x", "logPrefix": "x"}}
HEARD = {"s3Bucket": {"s3BucketArn": "arn:aws:s3:::heard", "logPrefix": "x"}}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, stack: Any) -> PlayedAccount:
    """The stack takes calls; what the emulator lacks is played."""
    disabled = {
        "Type": "UpdateFlowLoggingBehavior",
        "Parameters": {"FlowLoggingBehavior": "Disabled"},
    }
    made, real = PlayedAccount(stack.name, {"Actions": [disabled]}), Target.client

    def client(target: Target, service: str) -> Any:
        return made.client(service) if service in PLAYED else real(target, service)

    monkeypatch.setattr(Target, "client", client)
    return made


def set_block(account: PlayedAccount, kind: str, **parameters: Any) -> None:
    """Put one block into the flow in place of all."""
    account.content = {"Actions": [{"Type": kind, "Parameters": parameters}]}


def log_text(account: PlayedAccount) -> None:
    """Log what is said, on the alias that Lex makes by itself."""
    logged = {"enabled": True, "destination": LOGGED}
    account.test_alias["conversationLogSettings"] = {"textLogSettings": [logged]}


def log_audio(account: PlayedAccount) -> None:
    """Keep the audio of calls."""
    heard = {"enabled": True, "destination": HEARD}
    account.alias["conversationLogSettings"] = {"audioLogSettings": [heard]}


def log_flows(account: PlayedAccount) -> None:
    """Log the flows of the instance; ours leaves it as it is."""
    account.attributes["CONTACTFLOW_LOGS"] = "true"
    set_block(account, "Wait")


def record(account: PlayedAccount) -> None:
    """Keep recordings in a bucket."""
    place = {"BucketName": "kept", "BucketPrefix": "calls"}
    account.storage["CALL_RECORDINGS"] = [
        {"AssociationId": "a1", "StorageType": "S3", "S3Config": place}
    ]


CALLS: dict[str, tuple[Break, str, str]] = {
    "text is logged": (log_text, "Lex's conversation logs", "TestBotAlias logs text"),
    "audio is logged": (log_audio, "Lex's conversation logs", "live logs audio"),
    "errors are logged": (
        lambda a: a.bot.update(errorLogSettings={"enabled": True}),
        "Lex's error log",
        "errorLogSettings",
    ),
    "the bot is for children": (
        lambda a: a.bot.update(dataPrivacy={"childDirected": True}),
        "the bot and children",
        "parent's consent",
    ),
    "the flow logs": (
        lambda a: set_block(a, "UpdateFlowLoggingBehavior", FlowLoggingBehavior="Enabled"),
        "logs of the contact flow",
        "turns its log on",
    ),
    "the instance logs": (
        log_flows,
        "logs of the contact flow",
        "--attribute-type CONTACTFLOW_LOGS --value false",
    ),
    "recordings are kept": (record, "recordings of calls", "s3://kept/calls"),
    "the flow records": (
        lambda a: set_block(
            a,
            "UpdateContactRecordingBehavior",
            RecordingBehavior={"RecordedParticipants": ["Customer"]},
        ),
        "recordings of calls",
        "turns recording on",
    ),
    "Contact Lens is on": (
        lambda a: a.attributes.update(CONTACT_LENS="true"),
        "Contact Lens",
        "--attribute-type CONTACT_LENS --value false",
    ),
}


def test_a_stack_that_takes_calls_is_well(dialtone: Dialtone, account: PlayedAccount) -> None:
    """Logs of the instance's other flows are not ours as long as our flow turns its own off."""
    account.attributes["CONTACTFLOW_LOGS"] = "true"

    answer = dialtone("doctor", "privacy", "--json")

    assert answer.exit_code == 0, answer.output
    assert account.calls


@pytest.mark.parametrize("case", CALLS)
def test_what_keeps_the_words_of_callers_is_found(
    dialtone: Dialtone, account: PlayedAccount, case: str
) -> None:
    """FORGET reaches neither a log of Lex or Connect nor a recording."""
    broken, what, said = CALLS[case]
    broken(account)

    answer = dialtone("doctor", "privacy", "--json")

    assert answer.exit_code == 1
    assert {one for one, found in findings(answer).items() if not found["ok"]} == {what}
    assert said in findings(answer)[what]["says"]


def test_on_this_machine_there_is_nobody_who_could_keep_a_call(stack_file: Path) -> None:
    """The emulator has neither Lex nor Connect, and that is said."""
    command = ["doctor", "privacy", "--stack", "local", "--json", "--stack-file", str(stack_file)]

    found = findings(CliRunner().invoke(app, command))

    assert found["recordings of calls"]["ok"]
    assert "the emulator has no Lex" in found["recordings of calls"]["says"]
