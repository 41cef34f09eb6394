"""Dynamic resources: their own provider's Create runs, in a process of its own as with Pulumi.

The child sees the emulator as AWS and nothing of this process's environment. It is also the child:
``python -m local.provisioner.dynamic`` reads the inputs from standard input.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

from local.config import ADMIN_KEY, ADMIN_SECRET, PROJECT, REGION, ROOT, STACK, scrubbed_environment
from local.provisioner.account import Account, Created
from local.provisioner.inputs import Inputs

PREFIX = "pulumi-python:dynamic"
LIMIT_SECONDS = 60


class DynamicProviderError(Exception):
    """The provider's Create failed; the message is what it printed last."""


def create(inputs: Inputs, account: Account) -> Created:
    """Run the provider that a dynamic resource carries."""
    given = inputs.everything
    inputs.ignore_all()  # the provider gets them all
    environment = scrubbed_environment(
        AWS_ACCESS_KEY_ID=ADMIN_KEY,
        AWS_SECRET_ACCESS_KEY=ADMIN_SECRET,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ENDPOINT_URL=account.aws_url,
        AWS_EC2_METADATA_DISABLED="true",
        PYTHONPATH=str(ROOT),
    )
    ran = subprocess.run(
        [sys.executable, "-m", "local.provisioner.dynamic"],
        input=json.dumps(given).encode(),
        capture_output=True,
        cwd=ROOT,
        env=environment,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    if ran.returncode:
        lines = ran.stderr.decode(errors="replace").strip().splitlines() or ["(nothing printed)"]
        raise DynamicProviderError(f"{inputs.path}: {lines[-1]}")
    made = json.loads(ran.stdout)
    return Created(made["id"], made["outs"])


def _create_here(given: dict[str, Any]) -> dict[str, Any]:
    """Run the provider in this process, as Pulumi's dynamic provider host does."""
    import dill  # noqa: PLC0415 - only the child needs it
    import pulumi  # noqa: PLC0415 - as above
    from pulumi.dynamic import Config, ConfigureRequest  # noqa: PLC0415 - as above

    serialised = given.pop("__provider")
    provider = dill.loads(base64.b64decode(serialised))  # noqa: S301 - our own program wrote it
    pulumi.runtime.settings.configure(
        pulumi.runtime.settings.Settings(project=PROJECT, stack=STACK)
    )
    provider.configure(ConfigureRequest(Config({"aws:region": REGION}, PROJECT)))
    checked = provider.check({}, given)
    if checked.failures:
        raise DynamicProviderError("; ".join(str(failure.reason) for failure in checked.failures))
    made = provider.create(checked.inputs)
    return {"id": made.id, "outs": {**given, **(made.outs or {})}}


def main() -> None:
    """Create what standard input describes and print what came of it."""
    result = _create_here(json.load(sys.stdin))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
