"""Who may invoke a function, as its declared resource policy has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.phone.policies import Policies
from tests.local.phones import ALIAS, HOOK

LEX = "lexv2.amazonaws.com"


class Functions:
    """The one call of the Lambda API that is made; records what was asked."""

    def __init__(self, *statements: dict[str, Any]) -> None:
        self.statements = list(statements)
        self.asked: list[dict[str, str]] = []

    def get_policy(self, **request: str) -> dict[str, str]:
        """The policy of a function, or of one of its aliases."""
        self.asked.append(request)
        if not self.statements:
            error = {"Error": {"Code": "ResourceNotFoundException"}}
            raise ClientError(error, "GetPolicy")  # type: ignore[arg-type] # enough of it
        return {"Policy": json.dumps({"Statement": self.statements})}


def statement(principal: str = LEX, source: str = ALIAS, effect: str = "Allow") -> dict[str, Any]:
    """What a permission becomes."""
    return {
        "Effect": effect,
        "Principal": {"Service": principal},
        "Action": "lambda:InvokeFunction",
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "000000000000"},
            "ArnLike": {"AWS:SourceArn": source},
        },
    }


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([statement()], True),
        ([statement("connect.amazonaws.com")], False),
        ([statement(source=f"{ALIAS[:-1]}X")], False),
        ([statement(source=f"{ALIAS[:-10]}*")], True),
        ([statement(effect="Deny")], False),
        ([statement("connect.amazonaws.com"), statement()], True),
    ],
)
def test_a_policy_names_the_service_and_the_source(
    statements: list[dict[str, Any]], *, allowed: bool
) -> None:
    """Another service, another alias, and no policy at all are not enough."""
    functions = Functions(*statements)
    assert Policies(functions).allow(HOOK, LEX, ALIAS) is allowed
    assert functions.asked == [{"FunctionName": "test-fulfilment", "Qualifier": "live"}]


def test_what_is_allowed_is_asked_once() -> None:
    """And what is not allowed is asked again, for it may come to be."""
    functions = Functions()
    policies = Policies(functions)
    assert not policies.allow(HOOK, LEX, ALIAS)
    functions.statements.append(statement())
    assert policies.allow(HOOK, LEX, ALIAS)
    assert policies.allow(HOOK, LEX, ALIAS)
    assert len(functions.asked) == 2
