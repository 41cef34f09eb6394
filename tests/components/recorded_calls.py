"""What Lex and Connect would compute, and answer when asked."""

from __future__ import annotations

from typing import Any

HERE = "us-east-1:123456789012"
INSTANCE_ID = "01234567-89ab-cdef-0123-456789abcdef"
NUMBER_ID = "fedcba98-7654-3210-fedc-ba9876543210"
INSTANCE = f"arn:aws:connect:{HERE}:instance/{INSTANCE_ID}"
NUMBER = "+13035550180"

ANSWERS: dict[str, dict[str, Any]] = {
    "aws:connect/getInstance:getInstance": {"id": INSTANCE_ID, "arn": INSTANCE},
    "aws-native:connect:getPhoneNumber": {"address": NUMBER, "targetArn": INSTANCE},
}


def computed(kind: str, logical: str) -> dict[str, Any] | None:
    """Return what the provider adds to a resource of Lex or Connect; None for others."""
    within = f"arn:aws:connect:{HERE}:instance/{logical}-id"
    return {
        "aws-native:lex:Bot": {
            "awsId": "BOT1234567",
            "arn": f"arn:aws:lex:{HERE}:bot/BOT1234567",
        },
        "aws-native:lex:BotVersion": {"botVersion": "7"},
        "aws-native:lex:BotAlias": {
            "botAliasId": "ALIAS12345",
            "arn": f"arn:aws:lex:{HERE}:bot-alias/BOT1234567/ALIAS12345",
        },
        "aws-native:connect:IntegrationAssociation": {"integrationAssociationId": "association"},
        "aws:connect/instance:Instance": {"arn": within},
        "aws:connect/phoneNumber:PhoneNumber": {"phoneNumber": "+13035550181"},
        "aws:connect/hoursOfOperation:HoursOfOperation": {
            "arn": f"{within}/operating-hours/hours",
            "hoursOfOperationId": "hours",
        },
        "aws:connect/queue:Queue": {"arn": f"{within}/queue/queue", "queueId": "queue"},
        "aws:connect/contactFlow:ContactFlow": {
            "arn": f"{within}/contact-flow/flow",
            "contactFlowId": "flow",
        },
    }.get(kind)
