"""Refuses, before anything happens, to put a new Connect instance or number in a made one's place.

Pulumi's own protection refuses it too, but cannot say what AWS does to an account that goes on.
State refers to ``LineGuardProvider`` by this module's path: do not rename either while a stack is
deployed.
"""

from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.dynamic import Resource as DynamicResource

from stack.voice_settings import INSTANCE_LOCK, NUMBER_LOCK, Voice

MADE = "made"
ADOPTED = "adopted"
_LOCKS = {
    "instance": ("Connect instance", "voice.createInstance and voice.instanceAlias", INSTANCE_LOCK),
    "number": ("number", "voice.claimNumberCountry", NUMBER_LOCK),
}


class LineGuardProvider(ResourceProvider):
    """Remembers what was made, and refuses what would replace it."""

    # It holds nothing secret: it is stored as a reference to this class.
    serialize_as_secret_always = False

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse another instance or number than the one that was made."""
        failures = [
            CheckFailure(kind, _refusal(kind, str(olds[kind]), str(news[kind])))
            for kind in _LOCKS
            if str(olds.get(kind, "")).startswith(f"{MADE}:") and olds[kind] != news.get(kind)
        ]
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Remember."""
        return CreateResult("line", props)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another one is remembered in the place of the old: the guard itself is never replaced."""
        return DiffResult(changes=any(olds.get(kind) != news.get(kind) for kind in _LOCKS))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Remember what was adopted since."""
        return UpdateResult(news)


def _refusal(kind: str, old: str, new: str) -> str:
    what, settings, lock = _LOCKS[kind]
    return (
        f"this stack made its {what} ({old.partition(':')[2]}), and would now use another one "
        f"({new.replace(':', ' ')}): {lock}. Set {settings} back as they were. To let go of it on "
        "purpose, `pulumi state delete` it and then this resource; it stays in AWS."
    )


class LineGuard(DynamicResource, module="dialtone", name="LineGuard"):
    """What a line is made of, as far as it must not be replaced."""

    def __init__(self, name: str, voice: Voice) -> None:
        """Declare it with what the settings say."""
        instance = f"{ADOPTED}:{voice.instance_id}"
        number = f"{ADOPTED}:{voice.phone_number_id}"
        if voice.instance_id is None:
            instance = f"{MADE}:{voice.instance_alias}"
        if voice.phone_number_id is None:
            number = f"{MADE}:{voice.claim_number_country}"
        super().__init__(LineGuardProvider(), name, {"instance": instance, "number": number})
