"""One customer-managed key for everything a stack stores.

Owns the key, its alias and which services may use it. Does not own which function may: tables,
queues and secrets grant that, and only through their own service. Only what a function seals by
itself is granted here, under an encryption context that it has to name.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.container_function import ContainerFunction
from components.iam import POLICY_VERSION, Condition, Statement
from components.naming import physical_name

MIN_DELETION_DAYS = 7
MAX_DELETION_DAYS = 30


class StackKeyArgs(TypedDict):
    """Arguments of ``StackKey``."""

    deletion_days: NotRequired[int]
    """How long a deleted key can still be brought back, 7 to 30 days; 30 when left out."""
    rotation_days: NotRequired[int]
    """How often AWS makes new key material, 90 to 2560 days; 365 when left out."""
    protect: NotRequired[bool]
    """Refuse to delete the key; true when left out. Without it everything it sealed is lost, so
    turn it off only for a throwaway stack."""


class StackKey(pulumi.ComponentResource):
    """A rotating symmetric key with an alias, open to this account and the services it needs.

    CloudWatch Logs may use it for this account's log groups, and CloudWatch for alarms that
    publish to an encrypted topic. Functions get their rights from the components whose data they
    read, each through that component's service only. ``grant_wrap`` and ``grant_unwrap`` are for
    those that seal by themselves.

    Creates: ``kms.Key``, ``kms.Alias``.
    """

    key_arn: pulumi.Output[str]
    """ARN of the key."""
    alias_name: pulumi.Output[str]
    """Alias, for people."""

    def __init__(
        self, name: str, args: StackKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the key.

        Raises:
            ValueError: If the deletion period is out of range.
        """
        days = args.get("deletion_days", MAX_DELETION_DAYS)
        if not MIN_DELETION_DAYS <= days <= MAX_DELETION_DAYS:
            raise ValueError(
                f"{name}: deletion_days must be {MIN_DELETION_DAYS} to {MAX_DELETION_DAYS}, "
                f"got {days}"
            )
        super().__init__("dialtone:index:StackKey", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Everything that stack {pulumi.get_stack()} stores",
            enable_key_rotation=True,
            rotation_period_in_days=args.get("rotation_days", 365),
            deletion_window_in_days=days,
            policy=_key_policy(self),
            opts=pulumi.ResourceOptions(parent=self, protect=args.get("protect", True)),
        )
        alias = aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{physical_name(name, 200)}",
            target_key_id=key.key_id,
            opts=child,
        )
        self.key_arn = key.arn
        self.alias_name = alias.name
        self.register_outputs({"keyArn": self.key_arn, "aliasName": self.alias_name})

    def grant_wrap(self, function: ContainerFunction, context_key: str) -> None:
        """Let a function wrap small secrets with the key, and not unwrap them.

        Args:
            function: Who may.
            context_key: Key of the encryption context that each call must name, so that this right
                reaches nothing that other services sealed with the key.
        """
        function.allow(self._by_itself("Wrap", "kms:Encrypt", context_key))

    def grant_unwrap(self, function: ContainerFunction, context_key: str) -> None:
        """Let a function unwrap what was wrapped under an encryption context of this key.

        Args:
            function: Who may.
            context_key: As for ``grant_wrap``.
        """
        function.allow(self._by_itself("Unwrap", "kms:Decrypt", context_key))

    def _by_itself(self, verb: str, action: str, context_key: str) -> Statement:
        """The right to use the key directly; with the context missing the test does not hold."""
        named = Condition(
            test="StringLike", key=f"kms:EncryptionContext:{context_key}", values=["?*"]
        )
        return Statement(
            sid=f"{verb}{context_key.capitalize()}Keys",
            actions=[action],
            resources=[self.key_arn],
            conditions=[named],
        )


def _key_policy(parent: pulumi.Resource) -> pulumi.Output[str]:
    invoke = pulumi.InvokeOutputOptions(parent=parent)
    account = aws.get_caller_identity_output(opts=invoke).account_id
    region = aws.get_region_output(opts=invoke).region
    partition = aws.get_partition_output(opts=invoke).partition
    groups = pulumi.Output.format("arn:{0}:logs:{1}:{2}:log-group:*", partition, region, account)
    statements = [
        {
            # IAM decides from here on; without it nobody could ever change the key again.
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": pulumi.Output.format("arn:{0}:iam::{1}:root", partition, account)},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogGroupsOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": pulumi.Output.format("logs.{0}.amazonaws.com", region)},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
        {
            # CloudWatch sends no source with these calls, so there is nothing to test here; that
            # only this account's alarms publish is the topic's policy.
            "Sid": "AlarmsToEncryptedTopics",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
    ]
    return pulumi.Output.json_dumps({"Version": POLICY_VERSION, "Statement": statements})
