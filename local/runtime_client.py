"""The Lambda Runtime API loop in plain Python, for machines that have no awslambdaric wheel.

Run by path inside a worker; standard library only. Behaves as awslambdaric does towards the host:
same requests, same error shape with a stack trace, log lines with the request id.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

PREFIX = "/2018-06-01/runtime"
JSON = {"Content-Type": "application/json"}


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn", "")
        self.deadline_ms = int(headers.get("Lambda-Runtime-Deadline-Ms", "0"))
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self.identity = None
        self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left before the host kills this worker."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


class RequestFormatter(logging.Formatter):
    """Log lines as the managed runtime writes them, with the current request's id."""

    converter = staticmethod(time.gmtime)
    request_id = "-"

    def format(self, record: logging.LogRecord) -> str:
        """Return one line: level, time, request id, message."""
        at = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        line = f"[{record.levelname}]\t{at}.{int(record.msecs):03d}Z\t{self.request_id}\t"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return line + record.getMessage() + trace


def describe(error: BaseException) -> dict[str, Any]:
    """Return an exception in the shape Lambda gives to callers."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": "",
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def find(handler: str) -> Callable[[Any, Any], Any]:
    """Return the function that ``module.name`` names."""
    module, _, name = handler.rpartition(".")
    found: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), name)
    return found


class Loop:
    """Asks the host for events, one at a time, for as long as the host answers.

    Args:
        address: `host:port/token`; the token is the first part of each path.
        formatter: Told the id of each request.
    """

    def __init__(self, address: str, formatter: RequestFormatter) -> None:
        host, _, token = address.partition("/")
        self._connection = http.client.HTTPConnection(host)
        self._prefix = f"/{token}{PREFIX}"
        self._formatter = formatter

    def run(self, handler: str) -> None:
        """Serve events until the process ends."""
        try:
            function = find(handler)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the host must hear of it
            traceback.print_exc()
            self._post("/init/error", describe(error))
            sys.exit(1)
        while True:
            self._serve(function)

    def _serve(self, function: Callable[[Any, Any], Any]) -> None:
        self._connection.request("GET", f"{self._prefix}/invocation/next")
        answer = self._connection.getresponse()
        event = json.loads(answer.read())
        context = Context(dict(answer.headers.items()))
        self._formatter.request_id = context.aws_request_id
        try:
            result = json.dumps(function(event, context), ensure_ascii=False).encode()
        except Exception as error:
            shape = describe(error)
            logging.getLogger().exception("%s", shape["errorType"])
            self._post(f"/invocation/{context.aws_request_id}/error", shape)
        else:
            self._post(f"/invocation/{context.aws_request_id}/response", result)

    def _post(self, path: str, body: bytes | dict[str, Any]) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request("POST", self._prefix + path, content, JSON)
        self._connection.getresponse().read()


def run(handler: str, address: str) -> None:
    """Set up logging and serve."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # a pipe, never replaced
    formatter = RequestFormatter()
    sink = logging.StreamHandler(sys.stdout)
    sink.setFormatter(formatter)
    logging.getLogger().addHandler(sink)
    Loop(address, formatter).run(handler)
