"""Where things lie and how a local stack is set up. Owns no behaviour."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ROOT / "services"
STATE = ROOT / ".local"
REGION = "us-east-1"
ACCOUNT = "000000000000"
PROJECT = "dialtone"
STACK = "local"
DEFAULT_PORT = 8080
DEFAULT_WORKERS = {
    "webhook": 2,
    "status": 1,
    "responder": 3,
    "sweep": 1,
    "fulfilment": 3,
    "proving": 1,
}
# The emulator takes this key as the account's root.
ADMIN_KEY = "test"
ADMIN_SECRET = "test"  # noqa: S105 - the emulator's fixed root key, good for loopback only
LOOPBACK = "127.0.0.1"
# How the emulator's process is told its token, and which secrets (JSON list) it must not save.
TOKEN_VARIABLE = "DIALTONE_EMULATOR_TOKEN"  # noqa: S105 - a variable's name
UNSAVED_SECRETS_VARIABLE = "DIALTONE_UNSAVED_SECRETS"
# In the emulator's state folder while its files hold all that it knew when it ended.
SAVED_FILE = "saved"
# Files of the state folder are for their owner only: keys, credentials and what people wrote.
PRIVATE_UMASK = 0o077

OUR_NUMBER = "+13035550100"
OUR_VOICE_NUMBER = "+13035550180"
# Any ids do: the provisioner answers for an instance and a number of every id.
VOICE_INSTANCE_ID = "d1a17040-0000-4000-8000-000000000001"
VOICE_NUMBER_ID = "d1a17040-0000-4000-8000-000000000002"
SCRIPTED_MODEL = "bedrock:dialtone.scripted-v1"
CARRIER_SECRET = f"{PROJECT}-{STACK}-carrier"
MODEL_SECRET = f"{PROJECT}-{STACK}-models"

# What a child process may see of this one's environment. Everything else stays out: a function
# that read a developer's AWS_PROFILE or tokens would behave as no deployed function can.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")


def scrubbed_environment(**extra: str) -> dict[str, str]:
    """Return the allow-listed part of this process's environment, with additions."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, **extra}


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class LocalConfig:
    """How one local stack runs.

    Attributes:
        port: Public port of the front door; 0 takes any free one.
        state: Folder for what is remembered, and for logs.
        persist: Whether the emulator's data survives a stop.
        overrides: Merged over the program's ``dialtone`` configuration.
        models: Chain of models; the scripted one unless asked otherwise.
        model_keys: Values of the model secret, by key name.
        workers: Most workers at once, by function.
        warm: Whether a worker of each function is started before the first message.
        schedules: Whether the emulator's scheduler fires.
        program: The Pulumi program to run.
        task_root: What the functions import from.
    """

    port: int = DEFAULT_PORT
    state: Path = STATE
    persist: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] = (SCRIPTED_MODEL,)
    model_keys: Mapping[str, str] = field(default_factory=dict)
    workers: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_WORKERS))
    warm: bool = True
    schedules: bool = True
    program: Path = ROOT / "__main__.py"
    task_root: Path = SERVICES


def program_settings(config: LocalConfig, public_url: str) -> dict[str, Any]:
    """Return the ``dialtone`` configuration of the stack ``local``."""
    settings: dict[str, Any] = {
        "publicUrl": public_url,
        "protect": False,
        "models": list(config.models),
        "sms": {"number": OUR_NUMBER},
        "whatsapp": {"enabled": True, "sender": f"whatsapp:{OUR_NUMBER}"},
        "voice": {
            "enabled": True,
            "instanceId": VOICE_INSTANCE_ID,
            "phoneNumberId": VOICE_NUMBER_ID,
            # Whether somebody answers is a switch of the phone, not of the clock.
            "agents": {"enabled": True},
            # Somebody is waiting to see the offer; yet it must not come while they still talk.
            "keepAfterSeconds": 30,
        },
        "carrier": {"apiUrl": f"{public_url}/carrier"},
        # A lost webhook is made good within a minute, while somebody is looking.
        "timing": {"listingEveryMinutes": 1},
        # Never pulled: the function host runs the handlers from services/.
        "image": {"uri": f"local/dialtone@sha256:{'0' * 64}"},
    }
    return merged(settings, config.overrides)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``under`` with ``over`` laid on top, mappings merged key by key."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both else value  # type: ignore[arg-type] # both says so
    return result
