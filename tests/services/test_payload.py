"""What the image holds: built by the image's own steps, for this machine, and run alone.

The build asks the package index (or uv's cache). Where neither answers, a laptop skips these
tests and says so; CI fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

import build_payload

pytestmark = [pytest.mark.index, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"
HANDLERS = [
    *("messaging.webhook", "messaging.status", "messaging.responder", "messaging.sweep"),
    *("voice.fulfilment", "voice.proving"),
]
# What makes a cold start long; the webhook is in front of every first message.
HEAVY = ["boto3", "langchain_core", "langsmith", "pydantic", "requests", "numpy", "aws_xray_sdk"]
OFFLINE = ("error sending request", "Failed to fetch", "dns error", "Connection refused")


def run_from_index(command: list[str]) -> str:
    """Run a command that asks the package index; return what it said."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    said = done.stdout + done.stderr
    if done.returncode and not os.environ.get("CI") and any(sign in said for sign in OFFLINE):
        pytest.skip("the package index does not answer, so the payload was NOT checked")
    assert done.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The payload of the image, built for this machine by the Dockerfile's own command."""
    target = tmp_path_factory.mktemp("image") / "payload"
    script = ROOT / "services" / "build_payload.py"
    run_from_index([sys.executable, str(script), "--target", str(target), "--uv", str(UV)])
    return target


def run_alone(payload: Path, code: str) -> str:
    """Run code with nothing but the standard library and the payload to import from."""
    environment = {
        "AWS_DATA_PATH": str(payload / build_payload.AWS_DATA),
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.append({str(payload)!r})\n{code}",
        ],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", HANDLERS)
def test_a_handler_starts_from_the_payload_alone(payload: Path, module: str) -> None:
    """Each function's module imports without configuration and has its handler."""
    code = f"import {module} as module; print(callable(module.handler), module.__file__)"
    called, file = run_alone(payload, code).split()
    assert called == "True"
    assert Path(file).is_relative_to(payload)


def test_every_module_of_ours_imports_without_what_was_left_out(payload: Path) -> None:
    """Nothing that our code imports, at any depth, is among the packages taken out."""
    code = f"""
import importlib, json, pkgutil
for name in {build_payload.PACKAGES!r}:
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(found.name)
print(json.dumps(sorted(sys.modules)))
"""
    loaded = json.loads(run_alone(payload, code))
    assert "conversation.turn" in loaded
    assert "langchain_aws" not in loaded  # a model's SDK is loaded with the first turn


def test_a_model_is_built_and_asked_without_what_was_left_out(payload: Path) -> None:
    """The default chain's chat model answers from the payload, numpy and the like absent."""
    code = """
from botocore.stub import Stubber
import botocore.session
from langchain_aws import ChatBedrockConverse
client = botocore.session.Session().create_client("bedrock-runtime", region_name="eu-west-1")
stub = Stubber(client)
stub.add_response("converse", {
    "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
    "stopReason": "end_turn", "metrics": {"latencyMs": 1},
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}})
stub.activate()
model = ChatBedrockConverse(
    model="amazon.nova-lite-v1:0", provider="amazon", client=client, bedrock_client=client)
print(model.invoke("hi").content)
"""
    assert run_alone(payload, code).strip() == "hello"


def test_the_carriers_client_is_whole_without_the_products_taken_out(payload: Path) -> None:
    """Messages and numbers, the two things we use the carrier's SDK for, are still there."""
    code = """
from twilio.rest import Client
client = Client("AC" + "0" * 32, "token")
print(type(client.messages).__name__, type(client.incoming_phone_numbers).__name__)
"""
    assert run_alone(payload, code).split() == ["MessageList", "IncomingPhoneNumberList"]


def test_the_webhook_loads_nothing_heavy(payload: Path) -> None:
    """Importing the webhook leaves every slow package on the disk."""
    code = "import json, messaging.webhook; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run_alone(payload, code)))
    assert "messaging.webhook" in loaded
    assert not loaded & set(HEAVY)


def test_every_source_has_bytecode_that_no_clock_can_spoil(payload: Path) -> None:
    """Each .py has a .pyc of this interpreter, keyed by hash and never checked."""
    unchecked = (1).to_bytes(4, "little")
    wrong = []
    for source in payload.rglob("*.py"):
        cached = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        header = cached.read_bytes()[:8] if cached.exists() else b""
        if header != MAGIC_NUMBER + unchecked:
            wrong.append(str(source.relative_to(payload)))
    assert not wrong


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1"])
def test_the_lean_data_lead_to_the_same_endpoints(payload: Path, region: str) -> None:
    """A client from the lean copies calls the same address as one from the SDK's own data."""
    code = f"""
import json, os, botocore.session
def urls():
    session = botocore.session.Session()
    create = lambda name: session.create_client(name, region_name={region!r})
    return {{name: create(name).meta.endpoint_url for name in {build_payload.AWS_SERVICES!r}}}
lean = urls()
del os.environ["AWS_DATA_PATH"]
print(json.dumps([lean, urls()]))
"""
    lean, whole = json.loads(run_alone(payload, code))
    assert lean == whole
    assert set(lean) == set(build_payload.AWS_SERVICES)


def test_nothing_is_left_out_that_the_lock_does_not_have() -> None:
    """The list of packages left out has no entry that outlived its reason."""
    locked = build_payload.names_of((ROOT / "requirements" / "services.txt").read_text())
    assert set(build_payload.NEVER_IMPORTED) <= locked


@pytest.mark.parametrize(
    "extras", [[], ["anthropic", "ollama", "openai"]], ids=["default", "every-provider"]
)
def test_the_arm64_set_resolves_from_wheels_alone(tmp_path: Path, extras: list[str]) -> None:
    """The image's packages have wheels for Lambda's arm64 and Python 3.13: nothing compiles."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(build_payload.locked(extras))
    platform = ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13"]
    command = build_payload.install_command(
        str(UV), requirements, tmp_path / "target", [*platform, "--dry-run"]
    )
    run_from_index([part for part in command if part != "--quiet"])
