"""Dynamic resources: their own provider's Create runs, in a process of its own as with Pulumi.

The child sees the emulator as AWS and nothing of this process's environment. It is started with
the program, because its imports take longer than anything it does. This module is also the child:
``python -m local.provisioner.dynamic`` reads one resource a line and answers with one line.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, Self

from local.config import (
    ADMIN_KEY,
    ADMIN_SECRET,
    PROJECT,
    REGION,
    ROOT,
    STACK,
    scrubbed_environment,
)
from local.provisioner.account import Account, Created
from local.provisioner.inputs import Inputs

PREFIX = "pulumi-python:dynamic"
STOP_SECONDS = 5


class DynamicProviderError(Exception):
    """The provider's Create failed; the message is its error."""


class ProviderHost:
    """The process that dynamic providers run in.

    Args:
        aws_url: What the providers take for AWS.
        token: What a request to it must present.
    """

    def __init__(self, aws_url: str, token: str) -> None:
        self._lock = threading.Lock()
        environment = scrubbed_environment(
            AWS_ACCESS_KEY_ID=ADMIN_KEY,
            AWS_SECRET_ACCESS_KEY=ADMIN_SECRET,
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ENDPOINT_URL=aws_url,
            AWS_SDK_UA_APP_ID=token,
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
            PYTHONPATH=str(ROOT),
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.provisioner.dynamic"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment,
            # Ctrl-C in a terminal goes to its whole process group: the launcher ends this one.
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def create(self, given: Mapping[str, Any]) -> Created:
        """Run a provider's check and create.

        Raises:
            DynamicProviderError: It refused, failed, or the process ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise DynamicProviderError("the provider process has no pipes")
        with self._lock:
            try:
                stdin.write(json.dumps(given).encode() + b"\n")
                stdin.flush()
                line = stdout.readline()
            except BrokenPipeError:
                line = b""
        if not line:
            raise DynamicProviderError("the provider process ended")
        made = json.loads(line)
        if "error" in made:
            raise DynamicProviderError(made["error"])
        return Created(made["id"], made["outs"])


def create(inputs: Inputs, account: Account) -> Created:
    """Create a dynamic resource."""
    given = inputs.everything
    inputs.ignore_all()  # the provider gets them all
    if account.create_dynamic is None:
        raise DynamicProviderError("no provider process was started")
    return account.create_dynamic(given)


def _create_here(given: dict[str, Any]) -> dict[str, Any]:
    """Run the provider in this process, as Pulumi's dynamic provider host does."""
    import dill  # noqa: PLC0415 - only the child needs it
    from pulumi.dynamic import Config, ConfigureRequest  # noqa: PLC0415 - as above

    provider = dill.loads(base64.b64decode(given.pop("__provider")))  # noqa: S301 - our program's
    provider.configure(ConfigureRequest(Config({"aws:region": REGION}, PROJECT)))
    checked = provider.check({}, given)
    if checked.failures:
        raise DynamicProviderError("; ".join(str(failure.reason) for failure in checked.failures))
    made = provider.create(checked.inputs)
    return {"id": made.id, "outs": {**given, **(made.outs or {})}}


def main() -> None:
    """Create what standard input describes, line by line, until it closes."""
    import pulumi  # noqa: PLC0415 - before the first line comes, so that it does not wait
    import twilio.rest  # noqa: F401, PLC0415 - as above

    answers = os.fdopen(os.dup(1), "w")
    sys.stdout = sys.stderr  # what a provider prints must not look like an answer
    pulumi.runtime.settings.configure(
        pulumi.runtime.settings.Settings(project=PROJECT, stack=STACK)
    )
    for line in sys.stdin:
        try:
            answer = _create_here(json.loads(line))
        except Exception as error:  # noqa: BLE001 - handed to the parent
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
