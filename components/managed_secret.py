"""A secret that a stack declares and never knows.

Owns the secret's shell, its key and who may read it. Does not own the value: an operator writes it
with ``dialtone secrets set``, so it is in no config, no state and no environment.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.container_function import ContainerFunction
from components.iam import Statement, key_statement, policy_document
from components.naming import physical_name

MIN_RECOVERY_DAYS = 7
MAX_RECOVERY_DAYS = 30


class ManagedSecretArgs(TypedDict):
    """Arguments of ``ManagedSecret``."""

    description: str
    """What belongs into it and in which form; shown where the value is written."""
    key_arn: pulumi.Input[str]
    """Customer-managed key that seals it."""
    recovery_days: NotRequired[int]
    """How long a deleted secret can be brought back: 7 to 30, or 0 for at once; 30 when left
    out. While it waits its name is taken."""
    protect: NotRequired[bool]
    """Refuse to delete the secret; true when left out. Turn it off for a throwaway stack."""


class ManagedSecret(pulumi.ComponentResource):
    """A secret without a value in state.

    Creates: ``secretsmanager.Secret``; an ``iam.RolePolicy`` on each function that may read it.
    """

    secret_arn: pulumi.Output[str]
    """ARN by which functions fetch the value."""
    read_policy: pulumi.Output[str]
    """What ``grant_read`` gives, as a policy document; for ``ContainerFunctionArgs.policies``."""

    def __init__(
        self, name: str, args: ManagedSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the secret.

        Raises:
            ValueError: If the recovery period is out of range.
        """
        days = args.get("recovery_days", MAX_RECOVERY_DAYS)
        if days != 0 and not MIN_RECOVERY_DAYS <= days <= MAX_RECOVERY_DAYS:
            raise ValueError(
                f"{name}: recovery_days must be 0 or {MIN_RECOVERY_DAYS} to {MAX_RECOVERY_DAYS}, "
                f"got {days}"
            )
        super().__init__("dialtone:index:ManagedSecret", name, {}, opts)
        self._name = name
        self._key_arn = args["key_arn"]
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=physical_name(name, 512),
            description=args["description"],
            kms_key_id=args["key_arn"],
            recovery_window_in_days=days,
            opts=pulumi.ResourceOptions(parent=self, protect=args.get("protect", True)),
        )
        self.secret_arn = secret.arn
        self.read_policy = policy_document(self._statements())
        self.register_outputs({"secretArn": self.secret_arn, "readPolicy": self.read_policy})

    def grant_read(self, function: ContainerFunction) -> None:
        """Let a function read the value, and open it with the key, through Secrets Manager only."""
        function.allow(*self._statements())

    def _statements(self) -> list[Statement]:
        sid = "".join(part.capitalize() for part in self._name.split("-"))
        return [
            Statement(
                sid=f"Read{sid}Secret",
                actions=["secretsmanager:GetSecretValue"],
                resources=[self.secret_arn],
            ),
            key_statement(f"Open{sid}Secret", ["kms:Decrypt"], self._key_arn, "secretsmanager"),
        ]
