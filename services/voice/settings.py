"""What the functions of calls read from their environment; nothing else here reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from conversation.settings import AssistantSettings, Environment, TableNames


@dataclass(frozen=True)
class ProvingSettings:
    """The settings of the function that texts callers a code and checks it."""

    tables: TableNames
    carrier_secret_arn: str
    carrier_api_url: str
    messaging_service_sid: str
    sms_sender: str
    countries: tuple[str, ...]
    also_serve: tuple[str, ...]
    recycle_after_days: int
    person_allowance: dict[str, int]
    stack_allowance: dict[str, int]
    codes_per_day: int
    texts: dict[str, str]

    @classmethod
    def load(cls, env: Environment | None = None) -> ProvingSettings:
        """Read them all.

        Raises:
            SettingsError: Names every variable that is missing or wrong.
        """
        env = env or Environment()
        settings = cls(
            tables=TableNames.read(env),
            carrier_secret_arn=env.text("CARRIER_SECRET_ARN"),
            carrier_api_url=env.text("CARRIER_API_URL", "https://api.twilio.com"),
            messaging_service_sid=env.text("MESSAGING_SERVICE_SID", ""),
            sms_sender=env.text("SMS_SENDER", ""),
            countries=tuple(env.texts("COUNTRIES", [])),
            also_serve=tuple(env.texts("ALSO_SERVE", [])),
            recycle_after_days=env.integer("RECYCLE_AFTER_DAYS", 0),
            person_allowance=env.numbers("PERSON_ALLOWANCE", {}),
            stack_allowance=env.numbers("STACK_ALLOWANCE", {}),
            codes_per_day=env.integer("CODES_PER_DAY"),
            texts=env.mapping("TEXTS", {}),
        )
        env.check()
        return settings


@dataclass(frozen=True)
class CallSettings:
    """How calls go, as the stack's `voice` section says it."""

    memory: str = "call"
    answer_seconds: float = 12
    function_timeout_seconds: float = 18
    agents: bool = False
    locales: tuple[str, ...] = ("en_US",)
    maximum_turns: int = 60
    minimum_confidence: float = 0.4
    keep_after_seconds: float = 300
    offers_per_day: int = 3
    time_zone: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> CallSettings:
        """Read them; what is not named has its default, what we do not know is left out.

        Raises:
            ValueError: It is no JSON object, or names no locale.
        """
        given: Any = json.loads(text)
        if not isinstance(given, dict):
            raise TypeError("no object")
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in given.items() if name in known}
        values["locales"] = tuple(values.get("locales") or cls.locales)
        return cls(**values)


@dataclass(frozen=True)
class FulfilmentSettings:
    """The settings of the function that answers callers; times in the unit of their name."""

    tables: TableNames
    assistant: AssistantSettings
    wakeup_queue_url: str
    carrier_secret_arn: str
    sms_sender: str
    countries: tuple[str, ...]
    also_serve: tuple[str, ...]
    recycle_after_days: int
    receipt_days: int
    lease_slack_seconds: float
    texts: dict[str, str] = field(default_factory=dict)
    calls: CallSettings = field(default_factory=CallSettings)

    @classmethod
    def load(cls, env: Environment | None = None) -> FulfilmentSettings:
        """Read them all.

        Raises:
            SettingsError: Names every variable that is missing or wrong.
        """
        env = env or Environment()
        settings = cls(
            tables=TableNames.read(env),
            assistant=AssistantSettings.read(env),
            wakeup_queue_url=env.text("WAKEUP_QUEUE_URL"),
            carrier_secret_arn=env.text("CARRIER_SECRET_ARN"),
            sms_sender=env.text("SMS_SENDER", ""),
            countries=tuple(env.texts("COUNTRIES", [])),
            also_serve=tuple(env.texts("ALSO_SERVE", [])),
            recycle_after_days=env.integer("RECYCLE_AFTER_DAYS", 0),
            receipt_days=env.integer("RECEIPT_DAYS", 30),
            lease_slack_seconds=env.number("LEASE_SLACK_SECONDS", 3),
            texts=env.mapping("TEXTS", {}),
            calls=env.parsed("VOICE", CallSettings.parse, CallSettings()),
        )
        env.check()
        return settings
