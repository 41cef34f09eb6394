"""Reading the environment: typed, with every mistake reported at once; and what channels share.

Plain dataclasses and not pydantic-settings: its import alone costs a cold start 0.4 of what boto3
and three clients cost. Only `settings.py` modules use this.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from conversation import aws
from conversation.tables import Tables
from conversation.vault import Vault

T = TypeVar("T")


class SettingsError(Exception):
    """The environment is not what the function needs; names every variable that is wrong."""


class Environment:
    """Reads variables and collects what is wrong with them.

    Read all, then call `check`: a reader that meets a mistake returns a stand-in until then.

    Args:
        variables: The environment; the process's by default.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables
        self._mistakes: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """A text; required when it has no default."""
        return self._read(name, str, default, "")

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        return self._read(name, int, default, 0)

    def number(self, name: str, default: float | None = None) -> float:
        """A number."""
        return self._read(name, float, default, 0.0)

    def flag(self, name: str, default: bool | None = None) -> bool:  # noqa: FBT001  a value
        """A flag, written `true` or `false`."""
        words = {"true": True, "false": False}
        return self._read(name, lambda text: words[text.lower()], default, False)

    def texts(self, name: str, default: list[str] | None = None) -> list[str]:
        """A JSON list of texts."""
        return self._read(name, lambda text: _texts(json.loads(text)), default, [])

    def mapping(self, name: str, default: dict[str, str] | None = None) -> dict[str, str]:
        """A JSON object of texts."""
        return self._read(name, lambda text: _mapping(json.loads(text)), default, {})

    def numbers(self, name: str, default: dict[str, int] | None = None) -> dict[str, int]:
        """A JSON object of whole numbers."""
        return self._read(name, lambda text: _numbers(json.loads(text)), default, {})

    def object(self, name: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """A JSON object of anything."""
        return self._read(name, lambda text: _object(json.loads(text)), default, {})

    def parsed(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Whatever `parse` makes of a text."""
        return self._read(name, parse, default, default)

    def check(self) -> None:
        """Raise what has been collected.

        Raises:
            SettingsError: Something was missing or wrong.
        """
        if self._mistakes:
            raise SettingsError("; ".join(self._mistakes))

    def _read(self, name: str, parse: Callable[[str], T], default: T | None, stand_in: T) -> T:
        raw = self._variables.get(name, "")
        if not raw:
            if default is None:
                self._mistakes.append(f"{name} is missing")
            return stand_in if default is None else default
        try:
            return parse(raw)
        except (ValueError, KeyError, TypeError):
            self._mistakes.append(f"{name} is wrong")
            return stand_in


@dataclass(frozen=True)
class TableNames:
    """The names of the three tables, and the KMS key that wraps the conversations' keys."""

    people: str
    conversations: str
    keys: str
    key_arn: str

    @classmethod
    def read(cls, env: Environment) -> TableNames:
        """Read them."""
        return cls(
            env.text("PEOPLE_TABLE"),
            env.text("CONVERSATIONS_TABLE"),
            env.text("KEYS_TABLE"),
            env.text("KEY_ARN"),
        )

    def connect(self) -> Tables:
        """The tables, behind this worker's client."""
        vault = Vault(aws.kms, self.key_arn)
        return Tables(aws.dynamodb(), self.people, self.conversations, self.keys, vault=vault)


@dataclass(frozen=True)
class AssistantSettings:
    """Who answers, what they see of the past, and how much of it there is."""

    models: list[str]
    model_secret_arn: str
    system_prompt: str
    window_messages: int
    window_tokens: int
    summary: bool
    max_output_tokens: int
    message_days: int
    turn_days: int
    person_allowance: dict[str, int]
    stack_allowance: dict[str, int]

    @classmethod
    def read(cls, env: Environment) -> AssistantSettings:
        """Read them."""
        return cls(
            models=env.texts("MODELS"),
            model_secret_arn=env.text("MODEL_SECRET_ARN", ""),
            system_prompt=env.text("SYSTEM_PROMPT"),
            window_messages=env.integer("WINDOW_MESSAGES"),
            window_tokens=env.integer("WINDOW_TOKENS", 6000),
            summary=env.flag("SUMMARY", False),
            max_output_tokens=env.integer("MAX_OUTPUT_TOKENS"),
            message_days=env.integer("MESSAGE_DAYS", 30),
            turn_days=env.integer("TURN_DAYS", 30),
            person_allowance=env.numbers("PERSON_ALLOWANCE", {}),
            stack_allowance=env.numbers("STACK_ALLOWANCE", {}),
        )


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise TypeError("no list of texts")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no mapping")
    return value


def _mapping(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        raise TypeError("no mapping of texts")
    return value


def _numbers(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(part) is int for part in value.values()):
        raise TypeError("no mapping of whole numbers")
    return value
