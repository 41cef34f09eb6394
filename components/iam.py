"""The statement type that components share, and the policy documents made of it.

Owns how a permission is written down. Owns no permission itself: each component grants access to
what it owns, through methods that end in ``ContainerFunction.allow``, and as documents among its
outputs, for programs that have no methods.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

POLICY_VERSION = "2012-10-17"
_KEYS = frozenset({"Action", "Condition", "Effect", "Resource", "Sid"})


class Condition(TypedDict):
    """One test of a statement, such as ``StringEquals`` of ``kms:ViaService``."""

    test: str
    """The operator, such as ``StringEquals`` or ``ArnLike``."""
    key: str
    """The condition key, such as ``aws:SourceAccount``."""
    values: list[pulumi.Input[str]]
    """What the key is compared with; any one of them is enough."""


class Statement(TypedDict):
    """What a role may do. There is no ``Deny`` and no principal: a role starts with nothing."""

    sid: str
    """Names the statement and its policy; unique within a role, letters and digits only."""
    actions: list[str]
    """Whole action names. A wildcard is refused."""
    resources: list[pulumi.Input[str]]
    """ARNs; ``*`` only for actions that know no resource."""
    conditions: NotRequired[list[Condition]]
    """All of them have to hold."""


def validate_statement(statement: Statement) -> None:
    """Refuse a statement that grants more than it names.

    Raises:
        ValueError: If the sid is not alphanumeric, or an action is a wildcard, or nothing is named.
    """
    sid = statement["sid"]
    if not sid.isalnum():
        raise ValueError(f"a statement's sid has letters and digits only, got {sid!r}")
    if not statement["actions"] or not statement["resources"]:
        raise ValueError(f"statement {sid!r} names no action or no resource")
    for action in statement["actions"]:
        if "*" in action or ":" not in action:
            raise ValueError(
                f"statement {sid!r} grants {action!r}: write each action out as service:Action"
            )


def validate_document(name: str, document: str) -> str:
    """Refuse a policy document that grants more than its statements name.

    Args:
        name: What the policy is called, for the message.
        document: Such as a component's ``read_policy``.

    Returns:
        The document as it was given.

    Raises:
        ValueError: If it is no list of ``Allow`` statements that ``Statement`` could express.
    """
    try:
        statements = json.loads(document)["Statement"]
        for one in statements:
            validate_statement(_parse(one))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"policy {name!r} is no document of statements with Sid, Effect, Action and Resource: "
            f"{error}"
        ) from error
    return document


def policy_document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Render an identity policy.

    Args:
        statements: What is allowed; resources and condition values may be outputs.

    Returns:
        The JSON document, known once every ARN in it is.
    """
    rendered = [_render(statement) for statement in statements]
    return pulumi.Output.json_dumps({"Version": POLICY_VERSION, "Statement": rendered})


def trust_document(
    service: str, conditions: Mapping[str, Mapping[str, pulumi.Input[str]]] | None = None
) -> pulumi.Output[str]:
    """Render the policy by which a service may take a role.

    Args:
        service: The service principal, such as ``lambda.amazonaws.com``.
        conditions: Operator to key to value; guards against a confused deputy.
    """
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if conditions:
        statement["Condition"] = conditions
    return pulumi.Output.json_dumps({"Version": POLICY_VERSION, "Statement": [statement]})


def account_of(arn: str) -> str:
    """Return the account id an ARN names."""
    return arn.split(":")[4]


def region_of(arn: str) -> str:
    """Return the region an ARN names."""
    return arn.split(":")[3]


def key_statement(
    sid: str, actions: list[str], key_arn: pulumi.Input[str], service: str
) -> Statement:
    """Return the right to use a key, but only through one service.

    Args:
        sid: Name of the statement.
        actions: The ``kms:`` actions that the service performs in the caller's name.
        key_arn: The key.
        service: First label of the service's endpoint, such as ``dynamodb``.
    """
    endpoint = pulumi.Output.from_input(key_arn).apply(
        lambda arn: f"{service}.{region_of(arn)}.amazonaws.com"
    )
    return Statement(
        sid=sid,
        actions=actions,
        resources=[key_arn],
        conditions=[Condition(test="StringEquals", key="kms:ViaService", values=[endpoint])],
    )


def compact(document: Mapping[str, Any]) -> str:
    """Render a document of plain values; sizes of policies are limited, so without spaces."""
    return json.dumps(document, separators=(",", ":"))


def _parse(rendered: dict[str, Any]) -> Statement:
    """Read back what ``_render`` wrote, or a hand wrote in the same form."""
    if rendered["Effect"] != "Allow" or not set(rendered) <= _KEYS:
        raise ValueError(f"a statement has {sorted(_KEYS)} and allows, got {rendered}")
    actions, resources = (
        [rendered[key]] if isinstance(rendered[key], str) else rendered[key]
        for key in ("Action", "Resource")
    )
    return Statement(sid=rendered["Sid"], actions=actions, resources=resources)


def _render(statement: Statement) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "Sid": statement["sid"],
        "Effect": "Allow",
        "Action": statement["actions"],
        "Resource": statement["resources"],
    }
    conditions: dict[str, dict[str, list[pulumi.Input[str]]]] = {}
    for condition in statement.get("conditions", []):
        conditions.setdefault(condition["test"], {})[condition["key"]] = condition["values"]
    if conditions:
        rendered["Condition"] = conditions
    return rendered
