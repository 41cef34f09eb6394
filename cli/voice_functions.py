"""Can a function answer, and does its policy let exactly one caller invoke it?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli.findings import Well
from cli.voice_line import Line

MEND = "`pulumi up` puts it right"


def fitness(function: dict[str, Any]) -> Iterator[str]:
    """What keeps a function from answering."""
    name = function["FunctionName"]
    if function.get("State", "Active") != "Active":
        yield f"{name} is {function['State']}: {function.get('StateReason', 'no reason given')}"
    if function.get("LastUpdateStatus") == "Failed":
        yield f"the last update of {name} failed: {function.get('LastUpdateStatusReason', '')}"
    yield Well(f"{name}, {function.get('Timeout', '?')} s")


def unqualified(arn: str) -> str:
    """A function's ARN without its version or alias."""
    return ":".join(arn.split(":")[:7])


def may_invoke(line: Line, function_arn: str, principal: str, source_arn: str) -> Iterator[str]:
    """What is wrong with the permission of a service to invoke a function.

    A permission holds for the very qualifier that is called: one on the function itself does not
    let anybody invoke its alias.
    """
    qualifier = function_arn.removeprefix(unqualified(function_arn)).lstrip(":")
    statements = list(_statements(line, function_arn, qualifier))
    ours = [one for one in statements if _names(one, principal)]
    exact = [one for one in ours if source_arn in _sources(one)]
    where = f"the alias {qualifier} of the function" if qualifier else "the function"
    if not exact:
        yield f"{principal} may not invoke {where} for {source_arn}: {MEND}"
        if qualifier and any(_names(one, principal) for one in _statements(line, function_arn, "")):
            yield "there is such a permission, but on the function without its alias"
    loose = [one for one in ours if not _sources(one) or any("*" in arn for arn in _sources(one))]
    if loose:
        yield f"{principal} may invoke {where} for anybody's bot or instance: remove that statement"
    yield Well(f"{principal} may invoke {where}, for this one alone")


def _statements(line: Line, function_arn: str, qualifier: str) -> Iterator[dict[str, Any]]:
    request = {"FunctionName": unqualified(function_arn)}
    if qualifier:
        request["Qualifier"] = qualifier
    try:
        answer = line.functions.get_policy(**request)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            return
        raise
    for one in json.loads(answer["Policy"])["Statement"]:
        action = one.get("Action")
        actions = action if isinstance(action, list) else [action]
        if one.get("Effect") == "Allow" and "lambda:InvokeFunction" in actions:
            yield one


def _names(statement: dict[str, Any], principal: str) -> bool:
    named = statement.get("Principal")
    service = named.get("Service") if isinstance(named, dict) else named
    return principal in service if isinstance(service, list) else service in (principal, "*")


def _sources(statement: dict[str, Any]) -> list[str]:
    for condition in statement.get("Condition", {}).values():
        for key, value in condition.items():
            if key.lower() == "aws:sourcearn":
                return list(value) if isinstance(value, list) else [str(value)]
    return []
