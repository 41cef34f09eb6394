"""The webhook stays lean: it is on the cold path of every first message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"

ALLOWED = {
    "aws_lambda_powertools",
    "botocore",
    "certifi",
    "conversation",
    "cryptography",
    "dateutil",
    "jmespath",
    "messaging",
    "six",
    "texting",
    "twilio",
    "typing_extensions",
    "ulid",
    "urllib3",
}
TOO_HEAVY = {
    "twilio.http",
    "twilio.rest",
    "conversation.models",
    "conversation.turn",
    "texting.carrier",
    "texting.delivery",
    "texting.rendering",
    "aws_lambda_powertools.event_handler",
}

PROGRAM = """
import sys
before = set(sys.modules)
import messaging.webhook
from conversation import aws
aws.dynamodb(), aws.sqs(), aws.secrets_manager()
messaging.webhook.observability.logger()
own = sorted(set(sys.modules) - before - {"sitecustomize"})
print("\\n".join(own))
"""


def imported() -> set[str]:
    """Every module that the webhook and its clients load, in a fresh interpreter."""
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(SERVICES), "AWS_REGION": "us-east-1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(finished.stdout.split())


def test_webhook_imports_only_what_it_may() -> None:
    """Nothing beyond the list: no LangChain, langsmith, pydantic, requests, numpy, X-Ray, boto3."""
    modules = imported()
    packages = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    packages = {name for name in packages if not name.startswith("_")}
    assert packages <= ALLOWED
    assert modules.isdisjoint(TOO_HEAVY)
