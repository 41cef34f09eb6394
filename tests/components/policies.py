"""Reads the policies a program declares, and decides by them as IAM would.

A pure evaluator of identity policies: Allow and Deny, whole ``*`` and ``?`` patterns, and the
operators the program uses. An operator it does not know is an error, never a pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws

from tests.components.recording_cloud import RecordingCloud


def statements_of(cloud: RecordingCloud, function: str) -> list[dict[str, Any]]:
    """Every statement of a function's role, by the function's logical name."""
    role = cloud.one(aws.iam.Role, f"{function}-role")
    policies = [
        one for one in cloud.of(aws.iam.RolePolicy) if one.inputs["role"] == role.inputs["name"]
    ]
    return [
        statement
        for policy in policies
        for statement in json.loads(policy.inputs["policy"])["Statement"]
    ]


def allows(
    statements: Sequence[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether the statements allow an action on a resource; a Deny wins."""
    decided = False
    for statement in statements:
        if not _applies(statement, action, resource, context or {}):
            continue
        if statement["Effect"] == "Deny":
            return False
        decided = True
    return decided


def _applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]
) -> bool:
    return (
        any(_matches(one, action, fold=True) for one in _listed(statement["Action"]))
        and any(_matches(one, resource) for one in _listed(statement["Resource"]))
        and all(
            _holds(test, key, _listed(values), context.get(key))
            for test, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(test: str, key: str, values: Sequence[str], given: str | None) -> bool:
    if test not in {"StringEquals", "StringLike", "ArnLike"}:
        raise ValueError(f"the evaluator knows no {test} (of {key})")
    if given is None:
        return False
    if test == "StringEquals":
        return given in values
    return any(_matches(one, given) for one in values)


def _matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    parts = [{"*": ".*", "?": "."}.get(one) or re.escape(one) for one in pattern]
    return re.fullmatch("".join(parts), value, re.IGNORECASE if fold else 0) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
