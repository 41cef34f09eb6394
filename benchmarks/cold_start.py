"""Cold starts: importing a function and building its clients, in a fresh interpreter."""

from __future__ import annotations

import json

from benchmarks.figures import Figure
from benchmarks.interleaved import Program, Usage, measure
from benchmarks.payloads import Payloads

AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_SETTINGS = {
    "PEOPLE_TABLE": "people",
    "CONVERSATIONS_TABLE": "conversations",
    "KEYS_TABLE": "keys",
    "KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/data",
    "WAKEUP_QUEUE_URL": "http://127.0.0.1:9/000000000000/wakeups.fifo",
    "CARRIER_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:carrier",
    "CARRIER_API_URL": "http://127.0.0.1:9",
    "PUBLIC_URL": "http://127.0.0.1:9",
    "MODELS": json.dumps(["bedrock:us.amazon.nova-lite-v1:0"]),
    "SYSTEM_PROMPT": "You are a friendly assistant.",
    "WINDOW_MESSAGES": "20",
    "MAX_OUTPUT_TOKENS": "500",
    "ANSWER_SECONDS": "45",
    "SETTLE_SECONDS": "1.5",
    "SETTLE_CAP_SECONDS": "5",
    "SEND_TIMEOUT_SECONDS": "10",
    "CLOCK_SKEW_SECONDS": "60",
    "LEASE_SLACK_SECONDS": "3",
    "FUNCTION_TIMEOUT_SECONDS": "70",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "dialtone",
}
_WEBHOOK_FLOOR = """
import boto3
boto3.client("sqs")
"""
# What a first text needs: the handler's own parts, and each client that they would build.
_WEBHOOK = """
import messaging.webhook
from conversation import aws, observability
messaging.webhook._built()
observability.logger()
aws.dynamodb(), aws.kms(), aws.sqs(), aws.secrets_manager()
"""
_ANSWERING_FLOOR = """
import boto3
from aws_lambda_powertools import Logger
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
Logger(service="bench")
AESGCM(AESGCM.generate_key(256))
for name in ("dynamodb", "kms", "bedrock-runtime"):
    boto3.client(name)
"""
# What a first turn needs: the same, and the chain's first chat model. The carrier's client is
# imported with the module.
_RESPONDER = """
import messaging.responder
from conversation import aws, observability
answering = messaging.responder._built()[0]
answering._engine.warm()
observability.logger()
aws.dynamodb(), aws.kms(), aws.sqs(), aws.secrets_manager()
import sys
assert any(name.startswith("langchain_aws.chat_models") for name in sys.modules)
"""
_FULFILMENT = """
import voice.fulfilment
from conversation import aws, observability
voice.fulfilment._built()._dialog._turns.warm()
observability.logger()
aws.dynamodb(), aws.kms(), aws.sqs(), aws.secrets_manager()
import sys
assert any(name.startswith("langchain_aws.chat_models") for name in sys.modules)
"""


def measure_cold_starts(payloads: Payloads, rounds: int) -> list[Figure]:
    """The functions that somebody waits for, against what any with these clients would pay."""
    ours = {**AWS, **_SETTINGS, "AWS_DATA_PATH": str(payloads.ours / "aws-data")}
    used = measure(
        {
            "webhook floor": Program(_WEBHOOK_FLOOR, payloads.plain, AWS),
            "webhook": Program(_WEBHOOK, payloads.ours, ours),
            "answering floor": Program(_ANSWERING_FLOOR, payloads.plain, AWS),
            "responder": Program(_RESPONDER, payloads.ours, ours),
            "fulfilment": Program(_FULFILMENT, payloads.ours, ours),
        },
        rounds,
    )
    webhook = _figure(
        used, "webhook", "webhook floor", "`import boto3` and an SQS client", must=1.15, aim=0.75
    )
    clients = "boto3 with DynamoDB, KMS and Bedrock clients, AES-GCM, Logger"
    answering = [
        _figure(used, function, "answering floor", clients, must=3.1, aim=2.0)
        for function in ("responder", "fulfilment")
    ]
    return [webhook, *answering]


def _figure(
    used: dict[str, Usage], function: str, floor: str, baseline: str, *, must: float, aim: float
) -> Figure:
    """A function's cold start against its floor, with the CPU and memory of both."""
    ours, least = used[function], used[floor]
    return Figure(
        measure=f"{function}, cold: import and its clients",
        baseline=baseline,
        value=ours.times(least),
        unit="×",
        must=must,
        aim=aim,
        detail={
            "cpu_ms": round(ours.cpu_ms, 1),
            "floor_cpu_ms": round(least.cpu_ms, 1),
            "memory_mb": round(ours.memory_mb, 1),
            "floor_memory_mb": round(least.memory_mb, 1),
        },
    )
