"""What a ``ContainerFunction`` may be asked for, and which wishes contradict each other."""

import re
from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi

from components.container_image import require_digest
from components.iam import Statement, validate_document

MAX_TIMEOUT_SECONDS = 900
MIN_MEMORY_MEGABYTES = 128
MAX_MEMORY_MEGABYTES = 10240
_POLICY_NAME = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


class LogLevel(StrEnum):
    """How much a function says.

    There is nothing quieter than ``INFO``: Lambda takes a line without a level for ``INFO``, and
    would drop metrics written as logs, and with them the alarms, and errors that nothing caught.
    """

    DEBUG = "DEBUG"
    """Everything; for a short time only."""
    INFO = "INFO"
    """One or two lines an invocation."""


class ContainerFunctionArgs(TypedDict):
    """Arguments of ``ContainerFunction``."""

    image_uri: pulumi.Input[str]
    """The image by digest, ``<repository>@sha256:<64 hex digits>``. A tag is refused: it can move
    under a deployed function."""
    handler: str
    """The command of the image, such as ``messaging.webhook.handler``."""
    timeout_seconds: int
    """After how long an invocation is ended, 1 to 900."""
    memory_megabytes: NotRequired[int]
    """Memory, and with it CPU: 128 to 10240; 512 when left out."""
    deadline_seconds: NotRequired[float]
    """How long the caller listens. The timeout must be shorter, so that the function always ends
    before the channel gives up. Left out for what nobody waits for."""
    work_seconds: NotRequired[float]
    """What one invocation may take by its own rules. The timeout must not be shorter."""
    environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variables. Never a secret: pass its ARN."""
    key_arn: pulumi.Input[str]
    """Customer-managed key of the log group."""
    log_retention_days: NotRequired[int]
    """How long logs are kept; 30 when left out. One of the values CloudWatch knows."""
    log_level: NotRequired[LogLevel]
    """What the platform lets through; ``INFO`` when left out."""
    tracing: NotRequired[bool]
    """Trace with X-Ray; true when left out. Turn it off where nobody looks at traces."""
    alias: NotRequired[str]
    """Name of an alias that triggers call, over published versions. Left out: the latest code."""
    provisioned_concurrency: NotRequired[int]
    """Environments kept warm, priced by the hour; needs ``alias``. Left out: none."""
    reserved_concurrency: NotRequired[int]
    """Concurrency kept for, and no more than for, this function. Left out: the account's pool;
    new accounts refuse to reserve."""
    statements: NotRequired[list[Statement]]
    """Permissions known at once. ``allow`` adds those that come later."""
    policies: NotRequired[dict[str, pulumi.Input[str]]]
    """Access to other components, by a name of yours: policy documents such as the outputs
    ``read_write_policy`` of a table and ``send_policy`` of a queue."""
    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """Where errors, throttles and near time-outs are reported. Left out: no alarms."""


def validate_function(name: str, args: ContainerFunctionArgs) -> None:
    """Refuse arguments that are out of range or contradict each other.

    Raises:
        ValueError: With the limit and the value that breaks it.
    """
    timeout = args["timeout_seconds"]
    if not 1 <= timeout <= MAX_TIMEOUT_SECONDS:
        raise ValueError(
            f"{name}: timeout_seconds must be 1 to {MAX_TIMEOUT_SECONDS}, got {timeout}"
        )
    memory = args.get("memory_megabytes", 512)
    if not MIN_MEMORY_MEGABYTES <= memory <= MAX_MEMORY_MEGABYTES:
        raise ValueError(
            f"{name}: memory_megabytes must be {MIN_MEMORY_MEGABYTES} to "
            f"{MAX_MEMORY_MEGABYTES}, got {memory}"
        )
    deadline = args.get("deadline_seconds")
    if deadline is not None and timeout >= deadline:
        raise ValueError(
            f"{name}: timeout_seconds {timeout} must be below the {deadline} s the caller waits"
        )
    work = args.get("work_seconds")
    if work is not None and timeout < work:
        raise ValueError(f"{name}: timeout_seconds {timeout} is less than its work of {work} s")
    if "provisioned_concurrency" in args and "alias" not in args:
        raise ValueError(f"{name}: provisioned_concurrency needs an alias to keep warm")
    if isinstance(args["image_uri"], str):
        require_digest(args["image_uri"])
    for policy, document in args.get("policies", {}).items():
        if not _POLICY_NAME.match(policy):
            raise ValueError(f"{name}: a policy's name has letters, digits, - and _: {policy!r}")
        if isinstance(document, str):
            validate_document(policy, document)
