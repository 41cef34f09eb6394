"""A clock that calls a function.

Owns the schedule and the role it calls with. Does not own what happens when a call is missed: the
next one has to make up for it, so nothing is retried late.
"""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.container_function import ContainerFunction
from components.function_target import DeclaredTarget
from components.iam import Statement, account_of, policy_document, trust_document
from components.naming import physical_name

# The least that scheduler and Lambda know.
MISSED_AFTER_SECONDS = 60


class ScheduleArgs(TypedDict):
    """Arguments of ``Schedule``."""

    expression: str
    """When: ``rate(1 minute)``, ``cron(...)`` in UTC, or ``at(...)``."""
    target_arn: pulumi.Input[str]
    """The function, or its alias, that is called."""


class Schedule(pulumi.ComponentResource):
    """An EventBridge schedule that calls one function, on time or not at all.

    The scheduler's call is asynchronous: it only hands the event to Lambda, which by itself would
    try a failed one twice more, minutes later, and a throttled one for six hours. So that is turned
    off for the function too, for every asynchronous call of it.

    Creates: ``iam.Role``, ``iam.RolePolicy``, ``lambda.FunctionEventInvokeConfig``,
    ``scheduler.Schedule``.
    """

    schedule_arn: pulumi.Output[str]
    """ARN of the schedule."""

    def __init__(
        self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the schedule.

        Raises:
            ValueError: If the expression is of no known form.
        """
        expression = args["expression"]
        if not expression.startswith(("rate(", "cron(", "at(")) or not expression.endswith(")"):
            raise ValueError(
                f"{name}: expression must be rate(...), cron(...) or at(...), got {expression!r}"
            )
        super().__init__("dialtone:index:Schedule", name, {}, opts)
        target = pulumi.Output.from_input(args["target_arn"])
        role, policy = self._role(name, target)
        called = DeclaredTarget(target)
        once = aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-once",
            function_name=called.function_name,
            qualifier=called.qualifier,
            maximum_event_age_in_seconds=MISSED_AFTER_SECONDS,
            maximum_retry_attempts=0,
            opts=pulumi.ResourceOptions(parent=self),
        )
        schedule = aws.scheduler.Schedule(
            f"{name}-schedule",
            name=physical_name(name),
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn=target,
                role_arn=role.arn,
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=MISSED_AFTER_SECONDS, maximum_retry_attempts=0
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, once]),
        )
        self.schedule_arn = schedule.arn
        self.register_outputs({"scheduleArn": self.schedule_arn})

    def _role(
        self, name: str, target: pulumi.Output[str]
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """Declare the role of this schedule alone, which may call this one function."""
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(f"{name}-schedule"),
            assume_role_policy=trust_document(
                "scheduler.amazonaws.com",
                {"StringEquals": {"aws:SourceAccount": target.apply(account_of)}},
            ),
            opts=child,
        )
        invoke = Statement(
            sid="InvokeTarget", actions=["lambda:InvokeFunction"], resources=[target]
        )
        policy = aws.iam.RolePolicy(
            f"{name}-invoke",
            name="InvokeTarget",
            role=role.name,
            policy=policy_document([invoke]),
            opts=child,
        )
        return role, policy


def every(
    name: str,
    expression: str,
    function: ContainerFunction,
    opts: pulumi.ResourceOptions | None = None,
) -> Schedule:
    """Call a function on a schedule, once every permission of it is there.

    Args:
        name: Name of the schedule.
        expression: Such as ``rate(1 minute)``.
        function: Who is called; grant it everything else before.
        opts: Options of the schedule.
    """
    after = pulumi.ResourceOptions(depends_on=list(function.ready()))
    merged = pulumi.ResourceOptions.merge(opts, after)
    args = ScheduleArgs(expression=expression, target_arn=function.target_arn)
    return Schedule(name, args, merged)
