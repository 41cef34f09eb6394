"""What libraries may say: a stack that logs at DEBUG must not log what was written or is secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
HANDLERS = ("webhook", "status", "responder", "sweep")
LIBRARIES = ("botocore.parsers", "botocore.endpoint", "langchain_aws.chat_models", "urllib3")

# As Lambda's own runtime client begins: levels first, then the handler's module.
PROGRAM = """
import importlib, json, logging, sys
from awslambdaric import bootstrap
bootstrap._setup_logging(bootstrap.LogFormat.JSON, "DEBUG", bootstrap.StandardLogSink())
assert logging.getLogger("botocore.parsers").isEnabledFor(logging.DEBUG)
importlib.import_module(sys.argv[1])
from conversation import observability
levels = {name: logging.getLogger(name).getEffectiveLevel() for name in sys.argv[2:]}
levels["ours"] = observability.logger().log_level
print(json.dumps(levels))
"""


@pytest.mark.parametrize("handler", HANDLERS)
def test_libraries_are_quiet_while_we_debug(handler: str) -> None:
    """At DEBUG our own lines come, and no library's account of requests and responses."""
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"messaging.{handler}", *LIBRARIES],
        env={
            "PYTHONPATH": str(SERVICES),
            "PATH": "/usr/bin:/bin",
            "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "POWERTOOLS_SERVICE_NAME": handler,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    levels = json.loads(finished.stdout.splitlines()[-1])

    assert levels.pop("ours") == 10
    assert levels == dict.fromkeys(LIBRARIES, 30)
