"""Creates in the emulator what the Pulumi program declares, for one start of a stack."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.config import CARRIER_SECRET, MODEL_SECRET, LocalConfig, program_settings
from local.emulator import Emulator
from local.program import run_program
from local.provisioner import Account, Declared, Provisioner, Remembered, Seed
from local.provisioner.dynamic import ProviderHost

PROVISIONED_FILE = "provisioned.json"


@dataclass(frozen=True)
class Provisioned:
    """What a run of the program led to.

    Attributes:
        outputs: What the program exports.
        declared: What other parts of the local stack carry out.
        gateway_url: Where the front door sends requests, None without an API.
        notes: What is different from AWS, in words.
    """

    outputs: dict[str, Any]
    declared: Declared
    gateway_url: str | None
    notes: list[str]


def provision(
    config: LocalConfig,
    *,
    emulator: Emulator,
    public_url: str,
    function_url: str,
    carrier_secret: Mapping[str, str],
) -> Provisioned:
    """Run the program against an emulator.

    Args:
        config: How the stack runs.
        emulator: Started.
        public_url: Address of the front door.
        function_url: Where the emulator sends invocations.
        carrier_secret: The carrier's account and token.

    Raises:
        ProgramError: The program or a resource of it failed.
    """
    remembered = Remembered(config.state / PROVISIONED_FILE if config.persist else None)
    with ProviderHost(emulator.url, emulator.token) as providers:
        account = Account(
            emulator.client,
            remembered=remembered,
            seeds=_seeds(carrier_secret, config.model_keys),
            function_url=function_url,
            aws_url=emulator.url,
            schedules=config.schedules,
            create_dynamic=providers.create,
        )
        outputs = run_program(
            Provisioner(account), program_settings(config, public_url), program=config.program
        )
    gateway = None
    for api, stage in account.declared.stages.items():
        gateway = f"{emulator.url}/restapis/{api}/{stage}/_user_request_"
    return Provisioned(outputs, account.declared, gateway, differences(account.declared))


def _seeds(carrier: Mapping[str, str], model_keys: Mapping[str, str]) -> dict[str, Seed]:
    # A new address key would make strangers of everybody who ever texted this machine.
    address_key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        CARRIER_SECRET: Seed(always=carrier, once={"address_key": address_key}),
        MODEL_SECRET: Seed(always=model_keys, adopts=False),
    }


def differences(declared: Declared) -> list[str]:
    """What is different from AWS, in words."""
    missing = [
        f"{kind} is not emulated: {reason}"
        for kind, reason in sorted(declared.not_emulated.items())
    ]
    return [*missing, *_grouped(declared.translated)]


def _grouped(translated: list[str]) -> list[str]:
    """One line for what was changed in several policies: each entry is `place: what`."""
    places: dict[str, set[str]] = {}
    for entry in translated:
        place, _, what = entry.partition(": ")
        places.setdefault(what, set()).add(place)
    return [
        f"{what} (in {len(found)} policies)" if len(found) > 1 else f"{next(iter(found))}: {what}"
        for what, found in sorted(places.items())
    ]
