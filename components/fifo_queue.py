"""A first-in-first-out queue with a place for what cannot be worked off.

Owns the queue, its dead letters, who may send and who consumes. Does not own what a message says:
it should name work, not carry it.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.alarm_topic import Watch, alarm
from components.container_function import ContainerFunction
from components.function_target import Consumer, DeclaredConsumer, require_function_arn
from components.iam import Statement, compact, key_statement, policy_document
from components.naming import physical_name

VISIBILITY_SLACK_SECONDS = 5
MAX_VISIBILITY_SECONDS = 43_200
MIN_CONCURRENCY = 2
MAX_CONCURRENCY = 1000
MAX_BATCH = 10
FOURTEEN_DAYS_SECONDS = 14 * 24 * 60 * 60
# What a role may do with the queue, and with the queue's key if it has one.
_RIGHTS = {
    "Send": (["sqs:SendMessage"], ["kms:Decrypt", "kms:GenerateDataKey"]),
    "Consume": (
        [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
        ["kms:Decrypt"],
    ),
}


class ConsumerArgs(TypedDict):
    """A function that works a queue off, known by the outputs of its ``ContainerFunction``."""

    target_arn: pulumi.Input[str]
    """The function, or its alias."""
    role_name: pulumi.Input[str]
    """Its role, which gets the permission to consume."""
    timeout_seconds: int
    """Its timeout, to which the queue's visibility timeout is held."""
    maximum_concurrency: int
    """How many invocations at once, 2 to 1000."""
    batch_size: NotRequired[int]
    """How many messages an invocation gets, 1 to 10; 1 when left out."""


class FifoQueueArgs(TypedDict):
    """Arguments of ``FifoQueue``."""

    visibility_timeout_seconds: int
    """How long a received message is hidden: at least its consumer's timeout plus 5."""
    maximum_receives: NotRequired[int]
    """How often a message is tried before it is a dead letter; 5 when left out."""
    retention_seconds: NotRequired[int]
    """How long a message waits, 60 s to 14 days; 4 days when left out. Dead letters stay 14."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Customer-managed key. Left out: the queue is encrypted by SQS itself, which is right when
    messages hold nothing personal, and spares the sender a call to KMS."""
    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """Where a dead letter is reported. Left out: no alarm."""
    consumer: NotRequired[ConsumerArgs]
    """What ``consume`` would be called with. A function that also needs this queue's address or
    ``send_policy`` cannot stand here, since each would wait for the other: give it
    ``consume_policy``, and declare its event source mapping yourself."""


class FifoQueue(pulumi.ComponentResource):
    """A high-throughput FIFO queue, ordered per message group, with a dead-letter queue.

    Creates: two ``sqs.Queue``, ``sqs.RedriveAllowPolicy``; when asked for a
    ``cloudwatch.MetricAlarm`` on dead letters; a ``lambda.EventSourceMapping`` for the consumer;
    an ``iam.RolePolicy`` on each function that is granted to send, or consumes.
    """

    queue_url: pulumi.Output[str]
    """Where messages are sent."""
    queue_arn: pulumi.Output[str]
    """ARN of the queue."""
    dead_letter_queue_url: pulumi.Output[str]
    """Where messages end that were tried too often."""
    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the dead-letter queue."""
    send_policy: pulumi.Output[str]
    """What ``grant_send`` gives, as a policy document; for ``ContainerFunctionArgs.policies``."""
    consume_policy: pulumi.Output[str]
    """What ``consume`` gives, as a policy document."""

    def __init__(
        self, name: str, args: FifoQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the queue.

        Raises:
            ValueError: If the visibility timeout or the number of receives is out of range, or the
                consumer does not fit (``consume``).
        """
        _validate(name, args)
        super().__init__("dialtone:index:FifoQueue", name, {}, opts)
        self._name = name
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        dead = self._declare_queue(f"{name}-dead", FOURTEEN_DAYS_SECONDS, None)
        redrive = pulumi.Output.json_dumps(
            {
                "deadLetterTargetArn": dead.arn,
                # From another language every number is a float, and SQS wants no ``5.0``.
                "maxReceiveCount": int(args.get("maximum_receives", 5)),
            }
        )
        queue = self._declare_queue(name, args.get("retention_seconds", 345_600), redrive)
        aws.sqs.RedriveAllowPolicy(
            f"{name}-redrive",
            queue_url=dead.url,
            redrive_allow_policy=queue.arn.apply(
                lambda arn: compact({"redrivePermission": "byQueue", "sourceQueueArns": [arn]})
            ),
            opts=child,
        )
        self.queue_url, self.queue_arn = queue.url, queue.arn
        self.dead_letter_queue_url, self.dead_letter_queue_arn = dead.url, dead.arn
        self.send_policy = policy_document(self._statements("Send"))
        self.consume_policy = policy_document(self._statements("Consume"))
        if "alarm_topic_arn" in args:
            self._declare_alarm(dead.name, args["alarm_topic_arn"])
        if "consumer" in args:
            self._consume_as_declared(args["consumer"])
        self.register_outputs(
            {
                "queueUrl": self.queue_url,
                "queueArn": self.queue_arn,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
                "deadLetterQueueArn": self.dead_letter_queue_arn,
                "sendPolicy": self.send_policy,
                "consumePolicy": self.consume_policy,
            }
        )

    def grant_send(self, function: ContainerFunction) -> None:
        """Let a function send messages."""
        function.allow(*self._statements("Send"))

    def consume(self, function: Consumer, *, maximum_concurrency: int, batch_size: int = 1) -> None:
        """Have a function work the queue off, reporting failures message by message.

        Args:
            function: The consumer; grant it everything else before.
            maximum_concurrency: How many invocations at once, 2 to 1000.
            batch_size: How many messages an invocation gets, 1 to 10.

        Raises:
            ValueError: If a number is out of range, or a message would become visible again while
                the function may still work on it.
        """
        visibility = self._args["visibility_timeout_seconds"]
        _check_visibility(self._name, visibility, function.name, function.timeout_seconds)
        _check_numbers(self._name, maximum_concurrency, batch_size)
        function.allow(*self._statements("Consume"))
        aws.lambda_.EventSourceMapping(
            f"{self._name}-consumer",
            event_source_arn=self.queue_arn,
            function_name=function.target_arn,
            batch_size=batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(
                maximum_concurrency=maximum_concurrency
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(function.ready())),
        )

    def _consume_as_declared(self, consumer: ConsumerArgs) -> None:
        function = DeclaredConsumer(
            f"{self._name}-consumer",
            consumer["target_arn"],
            consumer["role_name"],
            consumer["timeout_seconds"],
            self,
        )
        self.consume(
            function,
            maximum_concurrency=consumer["maximum_concurrency"],
            batch_size=consumer.get("batch_size", 1),
        )

    def _declare_queue(
        self, name: str, retention_seconds: int, redrive: pulumi.Output[str] | None
    ) -> aws.sqs.Queue:
        key_arn = self._args.get("key_arn")
        return aws.sqs.Queue(
            f"{name}-queue",
            name=f"{physical_name(name, 75)}.fifo",
            fifo_queue=True,
            deduplication_scope="messageGroup",
            fifo_throughput_limit="perMessageGroupId",
            visibility_timeout_seconds=self._args["visibility_timeout_seconds"],
            message_retention_seconds=retention_seconds,
            kms_master_key_id=key_arn,
            sqs_managed_sse_enabled=None if key_arn is not None else True,
            redrive_policy=redrive,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _declare_alarm(self, queue: pulumi.Output[str], topic_arn: pulumi.Input[str]) -> None:
        watch = Watch(
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue},
            statistic="Maximum",
            threshold=1,
            description="A message was tried too often; find out why, then `dialtone redrive`.",
        )
        alarm(f"{self._name}-dead-letters", watch, topic_arn, self)

    def _statements(self, verb: str) -> list[Statement]:
        actions, key_actions = _RIGHTS[verb]
        sid = "".join(part.capitalize() for part in self._name.split("-"))
        statements = [Statement(sid=f"{verb}{sid}", actions=actions, resources=[self.queue_arn])]
        if "key_arn" in self._args:
            statements.append(
                key_statement(f"{verb}{sid}Key", key_actions, self._args["key_arn"], "sqs")
            )
        return statements


def _validate(name: str, args: FifoQueueArgs) -> None:
    visibility = args["visibility_timeout_seconds"]
    if not 1 <= visibility <= MAX_VISIBILITY_SECONDS:
        raise ValueError(
            f"{name}: visibility_timeout_seconds must be 1 to {MAX_VISIBILITY_SECONDS}, "
            f"got {visibility}"
        )
    receives = args.get("maximum_receives", 5)
    if not 1 <= receives <= MAX_CONCURRENCY:
        raise ValueError(f"{name}: maximum_receives must be 1 to 1000, got {receives}")
    consumer = args.get("consumer")
    if consumer is not None:
        _check_visibility(name, visibility, "its consumer", consumer["timeout_seconds"])
        _check_numbers(name, consumer["maximum_concurrency"], consumer.get("batch_size", 1))
        if isinstance(consumer["target_arn"], str):
            require_function_arn(consumer["target_arn"])


def _check_visibility(name: str, visibility: int, function: str, timeout: int) -> None:
    needed = timeout + VISIBILITY_SLACK_SECONDS
    if visibility < needed:
        raise ValueError(
            f"{name}: visibility_timeout_seconds {visibility} must be at least {needed}: "
            f"the timeout of {function} plus {VISIBILITY_SLACK_SECONDS}"
        )


def _check_numbers(name: str, concurrency: int, batch: int) -> None:
    if not MIN_CONCURRENCY <= concurrency <= MAX_CONCURRENCY:
        raise ValueError(
            f"{name}: maximum_concurrency must be {MIN_CONCURRENCY} to "
            f"{MAX_CONCURRENCY}, got {concurrency}"
        )
    if not 1 <= batch <= MAX_BATCH:
        raise ValueError(f"{name}: batch_size must be 1 to {MAX_BATCH}, got {batch}")
