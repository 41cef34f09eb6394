"""What the program sends through CloudFormation's schemas, as templates that cfn-lint can read.

The provider ``aws-native`` is Cloud Control: a misspelt property or a value that no schema allows
fails in AWS only, and Pulumi's types do not know the patterns. Owns the rendering; ``make lint``
judges it. ``python -m local.cloudformation FOLDER`` writes a template for each of a few settings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.output import Unknown
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from local.config import (
    ACCOUNT,
    REGION,
    VOICE_INSTANCE_ID,
    VOICE_NUMBER_ID,
    LocalConfig,
    program_settings,
)
from local.program import run_program

NATIVE = "aws-native:"
# What is not the upper-case form of the name that Pulumi has for it.
_NAMES = {"idleSessionTtlInSeconds": "IdleSessionTTLInSeconds", "ssmlMessage": "SSMLMessage"}
_ARN = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{VOICE_INSTANCE_ID}"
_ADOPTED = {"enabled": True, "instanceId": VOICE_INSTANCE_ID, "phoneNumberId": VOICE_NUMBER_ID}
_MADE = {"enabled": True, "createInstance": True, "instanceAlias": "mine"}
# What a stack may look like: as it comes, with everything, and with each other mechanism.
SETTINGS: dict[str, dict[str, Any]] = {
    "default": _ADOPTED,
    "everything": {
        **_ADOPTED,
        "memory": "person",
        "agents": {"enabled": True},
        "locales": [{"id": "en_US"}, {"id": "es_US", "voice": "Lupe", "engine": "generative"}],
        "recordingNotice": "This call is recorded.",
        "filler": "progress",
    },
    "made": {**_MADE, "claimNumberCountry": "US", "filler": "none", "botVersion": 3},
}


class _Recorder(Mocks):
    """Takes down what goes through ``aws-native``; computes nothing, as before a deployment."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Record one resource."""
        if args.typ.startswith(NATIVE):
            self.resources[_logical(args.name)] = {
                "Type": cloudformation_type(args.typ),
                "Properties": rendered(args.inputs),
            }
        return None, dict(args.inputs)

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Answer what a program asks while it is composed."""
        answers: dict[str, dict[str, Any]] = {
            "aws-native:connect:getPhoneNumber": {"address": "+13035550180", "targetArn": _ARN},
            "aws:connect/getInstance:getInstance": {"id": VOICE_INSTANCE_ID, "arn": _ARN},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:index/getRegion:getRegion": {"region": REGION},
        }
        return answers[args.token], []


def cloudformation_type(kind: str) -> str:
    """Return ``AWS::Lex::Bot`` for ``aws-native:lex:Bot``."""
    _, service, name = kind.split(":")
    return f"AWS::{service.capitalize()}::{name}"


def rendered(value: Any) -> Any:
    """Return a value with CloudFormation's names; what is not known yet is a parameter."""
    if isinstance(value, Unknown):
        return {"Ref": "KnownLater"}
    if isinstance(value, Mapping):
        return {_name(key): rendered(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [rendered(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _name(key: str) -> str:
    return _NAMES.get(key, f"{key[:1].upper()}{key[1:]}")


def _logical(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def template(voice: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template of a program with these settings of calls."""
    recorder = _Recorder()
    config = LocalConfig(overrides={"voice": dict(voice)})
    settings = program_settings(config, "https://texts.example.com")
    # Not laid over the local stack's own: each is a whole.
    run_program(recorder, {**settings, "voice": dict(voice)}, preview=True)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"KnownLater": {"Type": "String"}},
        "Resources": dict(sorted(recorder.resources.items())),
    }


def main(folder: Path) -> None:
    """Write a template for each of the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, voice in SETTINGS.items():
        (folder / f"{name}.json").write_text(json.dumps(template(voice), indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
