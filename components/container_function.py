"""A function that runs one handler of a container image, under a role of its own.

Owns the function, its role, its logs, its alias and its alarms. Does not own what it may do to
others' resources: their components grant that, and it ends here, in ``ContainerFunction.allow``.
"""

from collections.abc import Sequence
from functools import partial

import pulumi
import pulumi_aws as aws

from components.alarm_topic import Watch, alarm
from components.container_image import require_digest
from components.function_args import ContainerFunctionArgs, LogLevel, validate_function
from components.iam import (
    Condition,
    Statement,
    policy_document,
    trust_document,
    validate_document,
    validate_statement,
)
from components.naming import physical_name

NEAR_TIMEOUT = 0.9


class ContainerFunction(pulumi.ComponentResource):
    """A Lambda function from an image, arm64, with its own role and log group.

    The role can write to its own log group and, if traced, send traces; everything else comes
    through ``allow``. A trigger waits for ``ready``, so that no invocation runs before the
    permissions are there.

    Creates: ``iam.Role``, ``cloudwatch.LogGroup``, an ``iam.RolePolicy`` for the logs and one for
    each statement allowed and each policy given, ``lambda.Function``; when asked for
    ``lambda.Alias``, ``lambda.ProvisionedConcurrencyConfig`` and three ``cloudwatch.MetricAlarm``.
    """

    function_name: pulumi.Output[str]
    """Physical name."""
    function_arn: pulumi.Output[str]
    """ARN of the function, without a qualifier."""
    target_arn: pulumi.Output[str]
    """What a trigger calls: the alias if there is one, else the function."""
    invoke_arn: pulumi.Output[str]
    """What API Gateway calls."""
    role_name: pulumi.Output[str]
    """Name of the execution role."""
    role_arn: pulumi.Output[str]
    """ARN of the execution role."""
    log_group_name: pulumi.Output[str]
    """Where it logs."""

    def __init__(
        self, name: str, args: ContainerFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the function.

        Raises:
            ValueError: If a value is out of range, a tag is given, or the timeout contradicts the
                channel's deadline or the work to be done.
        """
        validate_function(name, args)
        super().__init__("dialtone:index:ContainerFunction", name, {}, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._policies: list[pulumi.Resource] = []
        self._attached: set[str] = set()
        self._triggered = False
        self._timeout_seconds = int(args["timeout_seconds"])
        self._alias_name = args.get("alias")
        self._declare_role_and_logs(args)
        self._declare_function(args)
        self._declare_alias(args)
        if "alarm_topic_arn" in args:
            self._declare_alarms(args["alarm_topic_arn"])
        self.register_outputs(
            {
                "functionName": self.function_name,
                "functionArn": self.function_arn,
                "targetArn": self.target_arn,
                "invokeArn": self.invoke_arn,
                "roleName": self.role_name,
                "roleArn": self.role_arn,
                "logGroupName": self.log_group_name,
            }
        )

    @property
    def name(self) -> str:
        """Logical name; other components name their grants and triggers after it."""
        return self._name

    @property
    def timeout_seconds(self) -> int:
        """After how long an invocation is ended."""
        return self._timeout_seconds

    @property
    def qualifier(self) -> pulumi.Output[str] | None:
        """Name of the alias that triggers call, if there is one."""
        if self._alias_name is None:
            return None
        # From the alias itself: a permission for one that does not exist yet is refused.
        return self.target_arn.apply(lambda arn: arn.rpartition(":")[2])

    def allow(self, *statements: Statement) -> None:
        """Give the role a permission, as an inline policy of its own.

        Args:
            statements: What it may do; each sid once.

        Raises:
            ValueError: If a statement is malformed or repeats a sid.
            RuntimeError: If a trigger was attached before; it would not wait for this permission.
        """
        if self._triggered:
            raise RuntimeError(
                f"{self._name} already has a trigger: grant first, then attach triggers"
            )
        for statement in statements:
            validate_statement(statement)
            self._attach(statement["sid"], policy_document([statement]))

    def ready(self) -> Sequence[pulumi.Resource]:
        """Close the role, and return what a trigger has to depend on."""
        self._triggered = True
        return [*self._callable, *self._policies]

    def grant_metrics(self, namespace: str) -> None:
        """Let the function put metrics of one namespace; metrics written as logs need no right."""
        self.allow(
            Statement(
                sid="PutMetrics",
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],  # the action knows no resource
                conditions=[
                    Condition(test="StringEquals", key="cloudwatch:namespace", values=[namespace])
                ],
            )
        )

    def _attach(self, policy: str, document: pulumi.Output[str]) -> None:
        if policy in self._attached:
            raise ValueError(f"{self._name} already has a statement or policy {policy!r}")
        self._attached.add(policy)
        self._policies.append(
            aws.iam.RolePolicy(
                f"{self._name}-{policy}",
                name=policy,
                role=self.role_name,
                policy=document,
                opts=self._child,
            )
        )

    def _declare_role_and_logs(self, args: ContainerFunctionArgs) -> None:
        role = aws.iam.Role(
            f"{self._name}-role",
            name=physical_name(self._name),
            assume_role_policy=trust_document("lambda.amazonaws.com"),
            opts=self._child,
        )
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/lambda/{physical_name(self._name)}",
            retention_in_days=args.get("log_retention_days", 30),
            kms_key_id=args["key_arn"],
            opts=self._child,
        )
        self.role_name, self.role_arn = role.name, role.arn
        self.log_group_name = logs.name
        self.allow(
            Statement(
                sid="WriteLogs",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[pulumi.Output.format("{0}:*", logs.arn)],
            )
        )
        if args.get("tracing", True):
            self.allow(
                Statement(
                    sid="SendTraces",
                    actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
                    resources=["*"],  # the actions know no resource
                )
            )
        self.allow(*args.get("statements", []))
        for policy, document in args.get("policies", {}).items():
            checked = pulumi.Output.from_input(document).apply(partial(validate_document, policy))
            self._attach(policy, checked)

    def _declare_function(self, args: ContainerFunctionArgs) -> None:
        self._function = aws.lambda_.Function(
            f"{self._name}-function",
            name=physical_name(self._name),
            package_type="Image",
            image_uri=pulumi.Output.from_input(args["image_uri"]).apply(require_digest),
            image_config=aws.lambda_.FunctionImageConfigArgs(commands=[args["handler"]]),
            architectures=["arm64"],
            role=self.role_arn,
            timeout=args["timeout_seconds"],
            memory_size=args.get("memory_megabytes", 512),
            publish="alias" in args,
            reserved_concurrent_executions=args.get("reserved_concurrency"),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(
                mode="Active" if args.get("tracing", True) else "PassThrough"
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                log_group=self.log_group_name,
                application_log_level=args.get("log_level", LogLevel.INFO).value,
                system_log_level="WARN",
            ),
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=args.get("environment", {})),
            # What the constructor allows is there before the code; see ``ready`` for the rest.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._policies)),
        )
        self.function_name, self.function_arn = self._function.name, self._function.arn
        self.target_arn, self.invoke_arn = self._function.arn, self._function.invoke_arn
        self._callable: list[pulumi.Resource] = [self._function]

    def _declare_alias(self, args: ContainerFunctionArgs) -> None:
        if self._alias_name is None:
            return
        alias = aws.lambda_.Alias(
            f"{self._name}-alias",
            name=self._alias_name,
            function_name=self.function_name,
            function_version=self._function.version,
            opts=self._child,
        )
        self.target_arn, self.invoke_arn = alias.arn, alias.invoke_arn
        self._callable.append(alias)
        if "provisioned_concurrency" in args:
            aws.lambda_.ProvisionedConcurrencyConfig(
                f"{self._name}-warm",
                function_name=self.function_name,
                qualifier=alias.name,
                provisioned_concurrent_executions=args["provisioned_concurrency"],
                opts=self._child,
            )

    def _declare_alarms(self, topic_arn: pulumi.Input[str]) -> None:
        milliseconds = self._timeout_seconds * 1000 * NEAR_TIMEOUT
        for role, metric, statistic, threshold, description in (
            ("errors", "Errors", "Sum", 1, "An invocation failed; its log has the reason."),
            ("throttles", "Throttles", "Sum", 1, "Invocations were refused: raise concurrency."),
            (
                "duration",
                "Duration",
                "Maximum",
                milliseconds,
                f"An invocation came near its time-out of {self._timeout_seconds} s.",
            ),
        ):
            watch = Watch(
                namespace="AWS/Lambda",
                metric=metric,
                dimensions={"FunctionName": self.function_name},
                statistic=statistic,
                threshold=threshold,
                description=description,
            )
            alarm(f"{self._name}-{role}", watch, topic_arn, self)
