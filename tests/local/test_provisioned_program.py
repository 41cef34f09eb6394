"""The program under the provisioner, all of it, and dynamic resources by their providers."""

from __future__ import annotations

import base64
import json
import pickle
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.contact_flow import problems
from local.config import (
    OUR_VOICE_NUMBER,
    REGION,
    VOICE_INSTANCE_ID,
    VOICE_NUMBER_ID,
    LocalConfig,
    merged,
    program_settings,
)
from local.emulator import Emulator
from local.program import ProgramError, run_program
from local.provisioner import CREATES, NOT_EMULATED, Account, Provisioner
from local.provisioner.account import Created, Declared
from local.provisioner.dynamic import DynamicProviderError, ProviderHost

CALLS = {
    "enabled": True,
    "instanceId": VOICE_INSTANCE_ID,
    "phoneNumberId": VOICE_NUMBER_ID,
    "memory": "person",
    "agents": {"enabled": True},
    "locales": [{"id": "en_US"}, {"id": "es_US"}],
    "recordingNotice": "This call is recorded.",
}


class Doubling:
    """A dynamic provider as the SDK would pickle it."""

    def configure(self, _request: Any) -> None:
        """Take nothing."""

    def check(self, _olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
        """Accept."""
        from pulumi.dynamic import CheckResult

        return CheckResult(dict(news), [])

    def create(self, inputs: Mapping[str, Any]) -> Any:
        """Double a number."""
        from pulumi.dynamic import CreateResult

        sys.stdout.write("this must not be taken for an answer\n")
        if inputs["number"] < 0:
            raise ValueError("too small")
        return CreateResult("made", {"double": 2 * inputs["number"]})


@pytest.fixture
def providers(emulator: Emulator) -> Iterator[ProviderHost]:
    """The process that dynamic providers run in."""
    with ProviderHost(emulator.url, emulator.token) as host:
        yield host


def dynamic(**inputs: Any) -> dict[str, Any]:
    """Inputs of a dynamic resource."""
    import dill

    provider = base64.b64encode(
        dill.dumps(Doubling(), protocol=pickle.DEFAULT_PROTOCOL, byref=False, recurse=True)
    )
    return {"__provider": provider.decode(), **inputs}


def test_a_dynamic_resource_is_created_by_its_own_provider(providers: ProviderHost) -> None:
    """One process serves them all, and what they print is no answer."""
    for number in (2, 3):
        made = providers.create(dynamic(number=number))
        assert (made.id, made.outputs["double"]) == ("made", 2 * number)


def test_a_dynamic_provider_that_fails_says_why(providers: ProviderHost) -> None:
    """Its error comes back, and the next resource is still served."""
    with pytest.raises(DynamicProviderError, match="ValueError: too small"):
        providers.create(dynamic(number=-1))
    assert providers.create(dynamic(number=1)).id == "made"


def test_every_type_and_property_of_the_program_is_covered(emulator: Emulator) -> None:
    """The stack as it is, with everything optional turned on, leaves nothing unread."""
    account = Account(emulator.client, aws_url=emulator.url, function_url="http://127.0.0.1:9/x")
    account.create_dynamic = created_number
    overrides = {
        "models": ["bedrock:any.model-v1", "openai:small"],
        "alarms": {"enabled": True, "email": "ops@example.com"},
        "functions": {"provisionedConcurrency": 1, "reservedConcurrency": 5},
        "api": {
            "domain": "texts.example.com",
            "certificateArn": f"arn:aws:acm:{REGION}:000000000000:certificate/x",
            "zoneId": "Z0123456789",
        },
        "voice": CALLS,
    }
    config = LocalConfig(overrides=overrides)
    run_program(Provisioner(account), program_settings(config, "http://127.0.0.1:8080"))
    declared = account.declared
    assert {spec.short_name for spec in declared.functions} == {
        *("webhook", "status", "responder", "sweep", "fulfilment", "proving")
    }
    assert [source.function for source in declared.event_sources] == ["dialtone-local-responder"]
    dynamic = {"twilio:Number", "dialtone:LineGuard"}
    own = {f"pulumi-python:dynamic/{kind}" for kind in dynamic}
    assert set(declared.counts) <= {*CREATES, *NOT_EMULATED, *own}
    assert "aws:apigateway/domainName:DomainName" in declared.not_emulated
    expect_calls(declared)


def expect_calls(declared: Declared) -> None:
    """A flow behind the number, a bot behind the alias it names, and what the line may use."""
    flow = declared.call_flows[OUR_VOICE_NUMBER]
    assert problems(flow) == []
    (arn,) = declared.bots
    functions = {one.short_name: one.arn for one in declared.functions}
    assert arn in json.dumps(flow)
    assert declared.associated == {arn, functions["proving"]}
    assert declared.instance.endswith(f":instance/{VOICE_INSTANCE_ID}")
    assert set(declared.bots[arn].locales) == {"en_US", "es_US"}
    english = declared.bots[arn].locales["en_US"]
    assert (english.hook_arn, english.confidence_threshold) == (functions["fulfilment"], 0.8)
    assert {one.name for one in english.intents} == {"FallbackIntent", "Goodbye", "Agent", "Help"}
    assert all(one.fulfillment_hook for one in english.intents)
    assert english.fallback.initial_response
    assert english.fallback.progress is None


def created_number(_given: Mapping[str, Any]) -> Any:
    """A number as its provider returns it."""
    return Created("number", {"status": "ready"})


def test_a_program_that_fails_fails_the_start(tmp_path: Path, emulator: Emulator) -> None:
    """Its own error is the message, and a second run is not disturbed by the first."""
    program, account = tmp_path / "__main__.py", Account(emulator.client)
    program.write_text("raise LookupError('no such setting')\n")
    with pytest.raises(ProgramError, match="no such setting"):
        run_program(Provisioner(account), {}, program=program)
    program.write_text("import pulumi\npulumi.export('answer', pulumi.Output.from_input(42))\n")
    assert run_program(Provisioner(account), {}, program=program) == {"answer": 42}


def test_overrides_are_merged_key_by_key() -> None:
    """A test that shortens one time keeps the others."""
    assert merged({"sms": {"a": 1, "b": 2}, "x": [1]}, {"sms": {"b": 3}, "x": [2]}) == {
        "sms": {"a": 1, "b": 3},
        "x": [2],
    }
