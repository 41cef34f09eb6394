"""Where alarms go, and the alarms that belong to no other component.

Owns the topic, who may publish to it and the shape of an alarm. Does not own what is worth an
alarm: each component declares the alarms of what it owns.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.iam import POLICY_VERSION, account_of, region_of
from components.naming import physical_name


class Watch(TypedDict):
    """One metric and when it is worth waking somebody."""

    namespace: str
    """Such as ``AWS/SQS``."""
    metric: str
    """Name of the metric."""
    dimensions: dict[str, pulumi.Input[str]]
    """Which of the metric's series."""
    statistic: str
    """Such as ``Sum`` or ``Maximum``."""
    threshold: float
    """The alarm goes off at this value or above."""
    description: str
    """What it means and what to do, in a sentence or two."""
    period_seconds: NotRequired[int]
    """How long one reading is; 60 when left out."""
    readings: NotRequired[int]
    """How many readings in a row have to be bad; 1 when left out."""


class AlarmTopicArgs(TypedDict):
    """Arguments of ``AlarmTopic``."""

    key_arn: pulumi.Input[str]
    """Customer-managed key of the topic. Its policy must let CloudWatch use it (``StackKey``)."""
    email: NotRequired[str]
    """Address that is told; it has to confirm the subscription. Left out: nobody subscribes."""
    watches: NotRequired[dict[str, Watch]]
    """What ``AlarmTopic.watch`` would be called with, by name: metrics that no component owns."""


def alarm(
    name: str, watch: Watch, topic_arn: pulumi.Input[str], parent: pulumi.Resource
) -> aws.cloudwatch.MetricAlarm:
    """Declare one alarm that tells the topic when it goes off and when it is over."""
    return aws.cloudwatch.MetricAlarm(
        name,
        name=physical_name(name, 255),
        alarm_description=watch["description"],
        namespace=watch["namespace"],
        metric_name=watch["metric"],
        dimensions=watch["dimensions"],
        statistic=watch["statistic"],
        period=watch.get("period_seconds", 60),
        evaluation_periods=watch.get("readings", 1),
        threshold=watch["threshold"],
        comparison_operator="GreaterThanOrEqualToThreshold",
        # No traffic is no fault: an idle stack must not alarm.
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=pulumi.ResourceOptions(parent=parent),
    )


class AlarmTopic(pulumi.ComponentResource):
    """The topic a stack's alarms are sent to, encrypted, open to this account's alarms only.

    Creates: ``sns.Topic``, ``sns.TopicPolicy``, ``sns.TopicSubscription`` when an e-mail is given,
    and a ``cloudwatch.MetricAlarm`` for each ``watch``.
    """

    topic_arn: pulumi.Output[str]
    """ARN that alarms name as their action."""

    def __init__(
        self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the topic.

        Raises:
            ValueError: If ``email`` is no address.
        """
        email = args.get("email")
        if email is not None and "@" not in email:
            raise ValueError(f"{name}: email must be an address, got {email!r}")
        super().__init__("dialtone:index:AlarmTopic", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=physical_name(name, 256),
            kms_master_key_id=args["key_arn"],
            opts=child,
        )
        aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=_publish_policy(topic.arn), opts=child
        )
        if email is not None:
            aws.sns.TopicSubscription(
                f"{name}-email", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.topic_arn = topic.arn
        for alarm_name, one in args.get("watches", {}).items():
            self.watch(alarm_name, one)
        self.register_outputs({"topicArn": self.topic_arn})

    def watch(self, name: str, watch: Watch) -> None:
        """Alarm on a metric that no component owns, such as one that the services write."""
        alarm(name, watch, self.topic_arn, self)


def _publish_policy(topic_arn: pulumi.Output[str]) -> pulumi.Output[str]:
    alarms = topic_arn.apply(
        lambda arn: f"arn:{arn.split(':')[1]}:cloudwatch:{region_of(arn)}:{account_of(arn)}:alarm:*"
    )
    return pulumi.Output.json_dumps(
        {
            "Version": POLICY_VERSION,
            "Statement": [
                {
                    "Sid": "AlarmsOfThisAccount",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": topic_arn,
                    "Condition": {"ArnLike": {"aws:SourceArn": alarms}},
                }
            ],
        }
    )
