"""What watches and what runs on time: log groups, alarms, topics, schedules."""

from __future__ import annotations

from typing import Any

from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs


def log_group(inputs: Inputs, account: Account) -> Created:
    """Create a log group; the function logs are passed on to it."""
    client = account.client("logs")
    name = inputs.take("name")
    client.create_log_group(logGroupName=name)
    if days := inputs.take("retentionInDays", 0):
        client.put_retention_policy(logGroupName=name, retentionInDays=days)
    # Local logs are not sealed, and go with the folder they are in.
    inputs.ignore("kmsKeyId", "skipDestroy", "logGroupClass", "tags", "deletionProtectionEnabled")
    return Created(name, {"arn": account.arn("logs", f"log-group:{name}")})


_ALARM = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "name": "AlarmName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}


def metric_alarm(inputs: Inputs, account: Account) -> Created:
    """Create an alarm. Metrics written as log lines never reach it: the emulator reads none."""
    request: dict[str, Any] = {
        to: value for of, to in _ALARM.items() if (value := inputs.take(of, None)) is not None
    }
    dimensions = inputs.take("dimensions", {})
    if dimensions:
        request["Dimensions"] = [{"Name": k, "Value": v} for k, v in dimensions.items()]
    queries = inputs.take("metricQueries", [])
    inputs.ignore("tags", "thresholdMetricId")
    if not queries:  # metric math is not emulated: the alarm then exists in the program only
        account.client("cloudwatch").put_metric_alarm(**request)
    name = request["AlarmName"]
    return Created(name, {"arn": account.arn("cloudwatch", f"alarm:{name}")})


def topic(inputs: Inputs, account: Account) -> Created:
    """Create a topic."""
    name = inputs.take("name")
    attributes = {}
    if inputs.take("fifoTopic", False):
        attributes["FifoTopic"] = "true"
    if shown := inputs.take("displayName", None):
        attributes["DisplayName"] = shown
    if policy := inputs.take("policy", None):
        attributes["Policy"] = policy
    inputs.ignore("kmsMasterKeyId", "tags", "tracingConfig", "signatureVersion")
    arn = account.client("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]
    return Created(arn, {"arn": arn})


def topic_policy(inputs: Inputs, account: Account) -> Created:
    """Set a topic's resource policy."""
    arn = inputs.take("arn")
    account.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=inputs.take("policy")
    )
    return Created(arn)


def topic_subscription(inputs: Inputs, account: Account) -> Created:
    """Subscribe to a topic; nothing is ever mailed from here."""
    made = account.client("sns").subscribe(
        TopicArn=inputs.take("topic"),
        Protocol=inputs.take("protocol"),
        Endpoint=inputs.take("endpoint"),
        ReturnSubscriptionArn=True,
    )
    inputs.ignore("rawMessageDelivery", "filterPolicy", "redrivePolicy")
    return Created(made["SubscriptionArn"], {"arn": made["SubscriptionArn"]})


def schedule(inputs: Inputs, account: Account) -> Created:
    """Create a schedule, asleep where schedules are off."""
    name, group = inputs.take("name"), inputs.take("groupName", "default")
    target = inputs.block("target")
    window = inputs.block("flexibleTimeWindow")
    if target is None or window is None:
        raise KeyError(f"{inputs.path} lacks its target or its window")
    request: dict[str, Any] = {"Arn": target.take("arn"), "RoleArn": target.take("roleArn")}
    if event := target.take("input", None):
        request["Input"] = event
    target.ignore("retryPolicy", "deadLetterConfig")  # a missed minute is made up by the next
    window.ignore("mode", "maximumWindowInMinutes")
    asked = inputs.take("state", "ENABLED")
    made = account.client("scheduler").create_schedule(
        Name=name,
        GroupName=group,
        ScheduleExpression=inputs.take("scheduleExpression"),
        ScheduleExpressionTimezone=inputs.take("scheduleExpressionTimezone", "UTC"),
        FlexibleTimeWindow={"Mode": "OFF"},
        State=asked if account.schedules else "DISABLED",
        Target=request,
    )
    inputs.ignore("kmsKeyArn", "description")
    return Created(f"{group}/{name}", {"arn": made["ScheduleArn"]})


def schedule_group(inputs: Inputs, account: Account) -> Created:
    """Create a group of schedules."""
    name = inputs.take("name")
    inputs.ignore("tags")
    made = account.client("scheduler").create_schedule_group(Name=name)
    return Created(name, {"arn": made["ScheduleGroupArn"]})


CREATES: dict[str, Create] = {
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:scheduler/scheduleGroup:ScheduleGroup": schedule_group,
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicPolicy:TopicPolicy": topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": topic_subscription,
}
