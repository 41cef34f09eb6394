"""AWS clients: one lean botocore session, tight time-outs, built on first use.

botocore and not boto3: the resource layer is never used and costs a cold start its import.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

CONNECT_SECONDS = 2
READ_SECONDS = 5

# Lambda sets both, a shell often one of them; botocore alone reads only the second.
_REGION = {"region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)}


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session(session_vars=_REGION)


@cache
def client(service: str, *, read_seconds: int = READ_SECONDS, attempts: int = 3) -> Any:
    """The client of a service, one per worker and setting.

    Args:
        service: botocore's name of it, such as "dynamodb".
        read_seconds: Longest silence while a response is awaited.
        attempts: Attempts the SDK makes by itself; 1 where the caller owns the deadline.
    """
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        # A tenth of a turn's CPU, for what the service checks again; every request is built here.
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="dialtone",
    )
    return _session().create_client(service, config=config)


def dynamodb() -> Any:
    """DynamoDB without the SDK's retries: `Tables` retries inside a turn's deadline."""
    return client("dynamodb", read_seconds=3, attempts=1)


def sqs() -> Any:
    """SQS."""
    return client("sqs")


def kms() -> Any:
    """KMS without the SDK's retries: the vault retries inside a turn's deadline."""
    return client("kms", read_seconds=2, attempts=1)


def secrets_manager() -> Any:
    """Secrets Manager, given up soon: a worker that has a value goes on with that."""
    return client("secretsmanager", read_seconds=2, attempts=2)


def bedrock_runtime(read_seconds: int) -> Any:
    """Bedrock's runtime without the SDK's retries: the model chain owns the deadline."""
    return client("bedrock-runtime", read_seconds=read_seconds, attempts=1)
