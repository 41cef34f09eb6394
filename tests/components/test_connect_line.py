"""The line: what is adopted, what is made and kept, and what is there before what."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
import pytest

from components import ConnectLine, ConnectLineArgs
from components.connect_line import BOT_ALIAS, FUNCTION, HOURS, QUEUE
from tests.components import recorded_calls
from tests.components.building import HOURS as OPEN
from tests.components.building import PROVING
from tests.components.conftest import Deploy
from tests.components.recorded_calls import INSTANCE, INSTANCE_ID, NUMBER, NUMBER_ID
from tests.components.recording_cloud import RecordingCloud

ALIAS = "arn:aws:lex:us-east-1:123456789012:bot-alias/BOT1234567/ALIAS12345"
ASSOCIATION = "aws-native:connect:IntegrationAssociation"


def line(**overrides: Any) -> ConnectLine:
    """A line on an adopted instance and number, with what a test is about."""
    args = ConnectLineArgs(instance_id=INSTANCE_ID, phone_number_id=NUMBER_ID)
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return ConnectLine("line", args)


def answering(*marks: str, **overrides: Any) -> ConnectLine:
    """A line with a flow that has these marks."""
    return line(flow=f"talk to {' '.join((BOT_ALIAS, *marks))}", bot_alias_arn=ALIAS, **overrides)


def test_what_is_there_is_used(deploy: Deploy, cloud: RecordingCloud) -> None:
    """An adopted instance and number are looked up, and neither is declared."""
    deploy(answering)

    assert not cloud.of(aws.connect.Instance)
    assert not cloud.of(aws.connect.PhoneNumber)
    (made,) = cloud.components()
    outputs = cloud.component_outputs[made.urn]
    assert (outputs["instanceArn"], outputs["phoneNumber"]) == (INSTANCE, NUMBER)
    answers = cloud.one(aws.connect.PhoneNumberContactFlowAssociation).inputs
    assert answers == {
        "instanceId": INSTANCE_ID,
        "phoneNumberId": NUMBER_ID,
        "contactFlowId": "flow",
    }


def test_what_is_made_is_protected_and_kept(deploy: Deploy, cloud: RecordingCloud) -> None:
    """An instance and a number cost an account its right to make others: they stay, twice over."""
    deploy(lambda: ConnectLine("line", ConnectLineArgs(instance_alias="mine", **CLAIM)))

    instance, number = cloud.one(aws.connect.Instance), cloud.one(aws.connect.PhoneNumber)
    assert all(one.protect and one.retained for one in (instance, number))
    assert instance.inputs["instanceAlias"] == "mine"
    assert number.inputs == {
        "countryCode": "US",
        "type": "DID",
        "targetArn": "arn:aws:connect:us-east-1:123456789012:instance/line-instance-id",
    }
    assert {one.type for one in cloud.resources if one.custom} == {instance.type, number.type}


CLAIM = ConnectLineArgs(claim_number_country="US")


def test_a_made_instance_keeps_no_words(deploy: Deploy, cloud: RecordingCloud) -> None:
    """No flow logs, no Contact Lens, no calls to the outside: each would be a choice."""
    deploy(lambda: ConnectLine("line", ConnectLineArgs(instance_alias="mine", **CLAIM)))

    instance = cloud.one(aws.connect.Instance).inputs
    assert instance["contactLensEnabled"] is False
    assert instance["contactFlowLogsEnabled"] is False
    assert instance["outboundCallsEnabled"] is False
    assert instance["inboundCallsEnabled"] is True


def test_the_bot_is_associated_before_the_flow_names_it(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """By the instance's ARN, whatever the property is called; Connect refuses a flow otherwise."""
    deploy(answering)

    association, flow = cloud.one(ASSOCIATION), cloud.one(aws.connect.ContactFlow)
    assert association.inputs == {
        "instanceId": INSTANCE,
        "integrationArn": ALIAS,
        "integrationType": "LEX_BOT",
    }
    assert association.urn in flow.depends_on
    assert flow.inputs["content"] == f"talk to {ALIAS}"
    assert flow.inputs["instanceId"] == INSTANCE_ID


def test_a_function_of_the_flow_may_be_called_by_this_instance(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """Associated and permitted before the flow is there, and for this instance alone."""
    deploy(lambda: answering(FUNCTION, function_arn=PROVING))

    permission = cloud.one(aws.lambda_.Permission)
    assert permission.inputs == {
        "action": "lambda:InvokeFunction",
        "function": "dialtone-test-proving",
        "principal": "connect.amazonaws.com",
        "sourceArn": INSTANCE,
        "sourceAccount": "123456789012",
    }
    association = cloud.one(aws.connect.LambdaFunctionAssociation)
    assert association.inputs == {"instanceId": INSTANCE_ID, "functionArn": PROVING}
    flow = cloud.one(aws.connect.ContactFlow)
    assert {permission.urn, association.urn} <= set(flow.depends_on)
    assert PROVING in flow.inputs["content"]


def test_people_have_hours_and_a_queue(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A queue is there only with the hours of those who answer it."""
    deploy(lambda: answering(QUEUE, HOURS, hours=OPEN))

    hours = cloud.one(aws.connect.HoursOfOperation).inputs
    assert hours["timeZone"] == "Europe/Berlin"
    assert hours["configs"] == [
        {
            "day": "MONDAY",
            "startTime": {"hours": 9, "minutes": 30},
            "endTime": {"hours": 17, "minutes": 0},
        }
    ]
    assert cloud.one(aws.connect.Queue).inputs["hoursOfOperationId"] == "hours"
    content = cloud.one(aws.connect.ContactFlow).inputs["content"]
    assert "/queue/queue" in content
    assert "/operating-hours/hours" in content
    assert "{" not in content


def test_a_number_of_another_instance_is_refused(
    deploy: Deploy, cloud: RecordingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connect would refuse the association at the end; this is said first, with both names."""
    elsewhere = {"address": NUMBER, "targetArn": f"{INSTANCE}0"}
    monkeypatch.setitem(recorded_calls.ANSWERS, "aws-native:connect:getPhoneNumber", elsewhere)

    with pytest.raises(ValueError, match=f"number \\{NUMBER} belongs to"):
        deploy(line)
    assert not cloud.of(aws.connect.ContactFlow)


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"instance_alias": "mine"}, "then blocks the account for 30 days"),
        ({"claim_number_country": "US"}, "rests for up to 180 days"),
        ({"flow": "talk"}, "bot_alias_arn is missing"),
        (
            {"flow": f"{BOT_ALIAS} {FUNCTION}", "bot_alias_arn": ALIAS},
            "function} in the flow and function_arn go together",
        ),
        (
            {"flow": BOT_ALIAS, "bot_alias_arn": ALIAS, "hours": OPEN},
            "queue} in the flow and hours go together",
        ),
        ({"hours": {**OPEN, "days": ["someday"]}}, "days are some of monday"),
        ({"hours": {**OPEN, "days": []}}, "days are some of monday"),
    ],
)
def test_contradictions_are_refused(overrides: dict[str, Any], says: str) -> None:
    """Before anything is declared, with the reason."""
    with pytest.raises(ValueError, match=says):
        line(**overrides)


@pytest.mark.registers_nothing
@pytest.mark.parametrize("missing", ["instance_id", "phone_number_id"])
def test_a_line_needs_an_instance_and_a_number(missing: str) -> None:
    """Neither adopted nor made is a mistake, not a wish for a new one."""
    args = ConnectLineArgs(instance_id=INSTANCE_ID, phone_number_id=NUMBER_ID)
    del args[missing]  # type: ignore[misc]  # the name is one of its fields

    with pytest.raises(ValueError, match="adopt"):
        ConnectLine("line", args)
