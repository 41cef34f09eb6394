"""What a trigger has to know of the function it calls.

Owns the two ways to know it: a ``ContainerFunction`` of the same program, or an ARN that comes from
another language. Does not own the function.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document, region_of

_ARN = re.compile(r"^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$")


class Target(Protocol):
    """A function that may be called: a ``ContainerFunction``, or a ``DeclaredTarget``."""

    function_name: pulumi.Output[str]
    target_arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]

    @property
    def qualifier(self) -> pulumi.Output[Any] | None:
        """Alias that is called, if it is one."""

    def ready(self) -> Sequence[pulumi.Resource]:
        """What a trigger has to depend on."""


class Consumer(Target, Protocol):
    """A function that works something off, and gets the permission to."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def timeout_seconds(self) -> int:
        """After how long an invocation is ended."""

    def allow(self, *statements: Statement) -> None:
        """Give its role a permission."""


def require_function_arn(arn: str) -> str:
    """Return the ARN if it is one of a function or an alias.

    Raises:
        ValueError: If it is something else, such as a function's name.
    """
    if not _ARN.match(arn):
        raise ValueError(f"target_arn must be the ARN of a function or an alias, got {arn!r}")
    return arn


class DeclaredTarget:
    """A function known by its ARN. Depending on the ARN is depending on what it is an output of."""

    def __init__(self, target_arn: pulumi.Input[str]) -> None:
        """Derive the rest from the ARN.

        Args:
            target_arn: ``ContainerFunction.target_arn``: of the function, or of its alias.
        """
        self.target_arn = pulumi.Output.from_input(target_arn).apply(require_function_arn)
        self.function_name = self.target_arn.apply(lambda arn: arn.split(":")[6])
        self.invoke_arn = self.target_arn.apply(
            lambda arn: (
                f"arn:{arn.split(':')[1]}:apigateway:{region_of(arn)}:lambda:path/2015-03-31/"
                f"functions/{arn}/invocations"
            )
        )

    @property
    def qualifier(self) -> pulumi.Output[Any] | None:
        """Alias the ARN ends in; nothing if it ends in the function."""
        return self.target_arn.apply(lambda arn: ":".join(arn.split(":")[7:]) or None)

    def ready(self) -> Sequence[pulumi.Resource]:
        """Nothing that the ARN does not bring along."""
        return []


class DeclaredConsumer(DeclaredTarget):
    """A function known by its ARN, its role and its timeout."""

    def __init__(
        self,
        name: str,
        target_arn: pulumi.Input[str],
        role_name: pulumi.Input[str],
        timeout_seconds: int,
        parent: pulumi.Resource,
    ) -> None:
        """Know a function well enough to give it a permission.

        Args:
            name: Prefix of what is declared for it.
            target_arn: The function or its alias.
            role_name: The function's execution role.
            timeout_seconds: After how long an invocation is ended.
            parent: The component that the permissions are children of.
        """
        super().__init__(target_arn)
        self.name = name
        self.timeout_seconds = timeout_seconds
        self._role_name = role_name
        self._child = pulumi.ResourceOptions(parent=parent)
        self._policies: list[pulumi.Resource] = []

    def allow(self, *statements: Statement) -> None:
        """Give the role a permission, as ``ContainerFunction.allow`` does."""
        for statement in statements:
            sid = statement["sid"]
            self._policies.append(
                aws.iam.RolePolicy(
                    f"{self.name}-{sid}",
                    name=sid,
                    role=self._role_name,
                    policy=policy_document([statement]),
                    opts=self._child,
                )
            )

    def ready(self) -> Sequence[pulumi.Resource]:
        """The permissions: without them a trigger is refused."""
        return self._policies
