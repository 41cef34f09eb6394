"""Functions and what calls them.

The emulator holds each function and sends its invocations to the function host; queues are polled
by ``local.event_source``, because the emulator's own poller runs a FIFO queue's groups one after
the other.
"""

from __future__ import annotations

from typing import Any

from local.config import REGION
from local.function_spec import FunctionSpec
from local.provisioner.account import Account, Create, Created, EventSource
from local.provisioner.inputs import Inputs

PROXY_VARIABLE = "MINISTACK_LAMBDA_PROXY_URL"
UNLIMITED = 1000


def function(inputs: Inputs, account: Account) -> Created:
    """Create a function whose invocations go to the function host."""
    name = inputs.take("name")
    arn = account.arn("lambda", f"function:{name}")
    spec = _spec(inputs, name, arn)
    client = account.client("lambda")
    client.create_function(
        FunctionName=name,
        PackageType=inputs.take("packageType"),
        Code={"ImageUri": inputs.take("imageUri")},
        ImageConfig={"Command": [spec.handler]},
        Role=spec.role_arn,
        Timeout=int(spec.timeout_seconds),
        MemorySize=spec.memory_megabytes,
        Architectures=inputs.take("architectures", ["x86_64"]),
        Environment={"Variables": {**spec.environment, PROXY_VARIABLE: account.function_url}},
        Description=inputs.take("description", ""),
        Publish=inputs.take("publish", False),
    )
    reserved = inputs.take("reservedConcurrentExecutions", None)
    if reserved is not None and reserved >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    # No traces here; the storage of this machine is what it is.
    inputs.ignore("tracingConfig", "ephemeralStorage", "tags", "skipDestroy")
    account.declared.functions.append(spec)
    return Created(name, {"arn": arn, "invokeArn": _invoke_arn(arn), "version": "$LATEST"})


def _spec(inputs: Inputs, name: str, arn: str) -> FunctionSpec:
    image = inputs.block("imageConfig")
    if image is None:
        raise KeyError(f"{inputs.path} has no imageConfig: its handler is unknown here")
    (handler,) = image.take("commands")
    environment = inputs.block("environment")
    logging = inputs.block("loggingConfig")
    extra = {}
    log_group = ""
    if logging:
        log_group = logging.take("logGroup", "")
        extra["AWS_LAMBDA_LOG_FORMAT"] = logging.take("logFormat", "Text")
        if level := logging.take("applicationLogLevel", None):
            extra["AWS_LAMBDA_LOG_LEVEL"] = level
        logging.ignore("systemLogLevel")
    return FunctionSpec(
        name=name,
        arn=arn,
        handler=handler,
        role_arn=inputs.take("role"),
        timeout_seconds=inputs.take("timeout", 3),
        memory_megabytes=inputs.take("memorySize", 128),
        environment=environment.take("variables", {}) if environment else {},
        log_group=log_group,
        platform=extra,
    )


def _invoke_arn(arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def alias(inputs: Inputs, account: Account) -> Created:
    """Name a version; here there is one, the sources as they are."""
    name, of = inputs.take("name"), inputs.take("functionName")
    inputs.ignore("functionVersion", "description")
    account.client("lambda").create_alias(Name=name, FunctionName=of, FunctionVersion="$LATEST")
    short = of.rpartition(":")[2]
    arn = account.arn("lambda", f"function:{short}:{name}")
    return Created(arn, {"arn": arn, "invokeArn": _invoke_arn(arn)})


def permission(inputs: Inputs, account: Account) -> Created:
    """Let a service call a function."""
    # The emulator finds an alias by its qualifier only, not within an ARN.
    name, qualifier = _split(inputs.take("function"))
    request: dict[str, Any] = {
        "FunctionName": name,
        "StatementId": inputs.take("statementId", inputs.name),
        "Action": inputs.take("action"),
        "Principal": inputs.take("principal"),
    }
    for of, to in (
        ("sourceArn", "SourceArn"),
        ("sourceAccount", "SourceAccount"),
    ):
        if value := inputs.take(of, None):
            request[to] = value
    if qualifier := inputs.take("qualifier", qualifier):
        request["Qualifier"] = qualifier
    account.client("lambda").add_permission(**request)
    return Created(request["StatementId"])


def _split(function: str) -> tuple[str, str]:
    """Return the name and the qualifier that a name or an ARN holds."""
    name, _, qualifier = function.rpartition(":function:")[2].partition(":")
    return name, qualifier


def event_source_mapping(inputs: Inputs, account: Account) -> Created:
    """Have a queue worked off, by our own poller under the function's role."""
    function_arn, source = inputs.take("functionName"), inputs.take("eventSourceArn")
    batch = inputs.take("batchSize", 10)
    types = inputs.take("functionResponseTypes", [])
    scaling = inputs.block("scalingConfig")
    concurrency = scaling.take("maximumConcurrency", UNLIMITED) if scaling else UNLIMITED
    created = account.client("lambda").create_event_source_mapping(
        FunctionName=function_arn,
        EventSourceArn=source,
        BatchSize=batch,
        FunctionResponseTypes=types,
        Enabled=False,
    )
    if inputs.take("enabled", True):
        name, _ = _split(function_arn)
        account.declared.event_sources.append(
            EventSource(
                queue_url=f"{account.aws_url}/{source.split(':')[4]}/{source.rpartition(':')[2]}",
                function=name,
                batch_size=batch,
                maximum_concurrency=concurrency,
                reports_failures="ReportBatchItemFailures" in types,
            )
        )
    inputs.ignore("tags")
    return Created(created["UUID"], {"uuid": created["UUID"], "functionArn": function_arn})


def event_invoke_config(inputs: Inputs, account: Account) -> Created:
    """Set how often an asynchronous call is tried again."""
    name = inputs.take("functionName")
    request: dict[str, Any] = {"FunctionName": name}
    if (attempts := inputs.take("maximumRetryAttempts", None)) is not None:
        request["MaximumRetryAttempts"] = attempts
    if (age := inputs.take("maximumEventAgeInSeconds", None)) is not None:
        request["MaximumEventAgeInSeconds"] = age
    if qualifier := inputs.take("qualifier", None):
        request["Qualifier"] = qualifier
    account.client("lambda").put_function_event_invoke_config(**request)
    return Created(name)


CREATES: dict[str, Create] = {
    "aws:lambda/alias:Alias": alias,
    "aws:lambda/eventSourceMapping:EventSourceMapping": event_source_mapping,
    "aws:lambda/function:Function": function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": event_invoke_config,
    "aws:lambda/permission:Permission": permission,
}
