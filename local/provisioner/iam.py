"""Roles and their policies, with the conditions that the emulator cannot judge taken out.

The list is what ``facts`` of the emulator found: a key it never fills in makes an Allow fail that
AWS would grant, or (in set operators) grant what AWS would refuse. Each translation is reported;
the policies themselves are tested against a real evaluator with the components.
"""

from __future__ import annotations

import json
from typing import Any

from local.config import ACCOUNT
from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs

# Condition key prefix → why it is dropped here.
UNJUDGED_CONDITIONS = {
    "kms:EncryptionContext:": "never filled in, so the grant would always be refused",
    "cloudwatch:namespace": "never filled in, so the grant would always be refused",
    "dynamodb:LeadingKeys": "never filled in, so ForAllValues would grant every key",
}
# Action → what the emulator checks in its place.
RENAMED_ACTIONS = {
    "bedrock:InvokeModel": "bedrock:Converse",
    "bedrock:InvokeModelWithResponseStream": "bedrock:ConverseStream",
}


def translate(document: str, where: str, account: Account) -> str:
    """Return a policy the emulator judges as AWS judges the given one; reports what it changed."""
    policy = json.loads(document)
    statements = policy["Statement"]
    policy["Statement"] = statements if isinstance(statements, list) else [statements]
    for statement in policy["Statement"]:
        for dropped in _drop_conditions(statement):
            account.declared.translated.append(f"{where}: condition {dropped} is not checked here")
        _rename_actions(statement)
    return json.dumps(policy)


def _drop_conditions(statement: dict[str, Any]) -> list[str]:
    dropped = []
    conditions = statement.get("Condition", {})
    for operator, tests in list(conditions.items()):
        for key in [key for key in tests if key.startswith(tuple(UNJUDGED_CONDITIONS))]:
            del tests[key]
            dropped.append(key)
        if not tests:
            del conditions[operator]
    if not conditions:
        statement.pop("Condition", None)
    return dropped


def _rename_actions(statement: dict[str, Any]) -> None:
    actions = statement.get("Action", [])
    actions = [actions] if isinstance(actions, str) else list(actions)
    added = [RENAMED_ACTIONS[action] for action in actions if action in RENAMED_ACTIONS]
    if added:
        statement["Action"] = actions + added


def role(inputs: Inputs, account: Account) -> Created:
    """Create a role."""
    name = inputs.take("name")
    client = account.client("iam")
    request = {
        "RoleName": name,
        "AssumeRolePolicyDocument": inputs.take("assumeRolePolicy"),
        "Path": inputs.take("path", "/"),
        "Description": inputs.take("description", ""),
        "MaxSessionDuration": inputs.take("maxSessionDuration", 3600),
    }
    if boundary := inputs.take("permissionsBoundary", None):
        request["PermissionsBoundary"] = boundary
    inputs.ignore("tags", "forceDetachPolicies")
    arn = client.create_role(**request)["Role"]["Arn"]
    for arn_of in inputs.take("managedPolicyArns", []):
        client.attach_role_policy(RoleName=name, PolicyArn=arn_of)
    for block in inputs.blocks("inlinePolicies"):
        _put(client, account, name, block.take("name"), block.take("policy"))
    return Created(name, {"arn": arn, "uniqueId": name})


def role_policy(inputs: Inputs, account: Account) -> Created:
    """Put an inline policy on a role."""
    of, name = inputs.take("role"), inputs.take("name")
    _put(account.client("iam"), account, of, name, inputs.take("policy"))
    return Created(f"{of}:{name}")


def _put(client: Any, account: Account, of: str, name: str, policy: str) -> None:
    client.put_role_policy(
        RoleName=of, PolicyName=name, PolicyDocument=translate(policy, f"{of}/{name}", account)
    )


def policy_attachment(inputs: Inputs, account: Account) -> Created:
    """Attach a managed policy."""
    of, arn = inputs.take("role"), inputs.take("policyArn")
    account.client("iam").attach_role_policy(RoleName=of, PolicyArn=arn)
    return Created(f"{of}/{arn}")


def policy(inputs: Inputs, account: Account) -> Created:
    """Create a managed policy."""
    name = inputs.take("name")
    document = translate(inputs.take("policy"), name, account)
    account.client("iam").create_policy(PolicyName=name, PolicyDocument=document)
    inputs.ignore("description", "path", "tags")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{name}"
    return Created(arn, {"arn": arn})


CREATES: dict[str, Create] = {
    "aws:iam/policy:Policy": policy,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": policy_attachment,
}
