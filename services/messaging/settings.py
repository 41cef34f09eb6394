"""What the messaging functions read from their environment; nothing else here reads it."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.settings import AssistantSettings, Environment, TableNames
from messaging.policy import Policy


def _policy(env: Environment) -> Policy:
    """Whose texts are taken, and how they are read."""
    return Policy(
        languages=tuple(env.texts("LANGUAGES", [])),
        countries=tuple(env.texts("COUNTRIES", [])),
        also_serve=tuple(env.texts("ALSO_SERVE", [])),
        recycle_after_days=env.integer("RECYCLE_AFTER_DAYS", 0),
        continue_days=env.integer("CONTINUE_DAYS", 0),
    )


@dataclass(frozen=True)
class ResponderSettings:
    """The responder's settings; times are in the unit that their name ends in."""

    tables: TableNames
    wakeup_queue_url: str
    carrier_secret_arn: str
    carrier_api_url: str
    public_url: str
    messaging_service_sid: str
    assistant: AssistantSettings
    answer_seconds: float
    settle_seconds: float
    settle_cap_seconds: float
    send_timeout_seconds: float
    clock_skew_seconds: float
    lease_slack_seconds: float
    function_timeout_seconds: float
    texts: dict[str, str]
    offers_per_day: int
    time_zone: str

    @classmethod
    def load(cls, env: Environment | None = None) -> ResponderSettings:
        """Read them all.

        Raises:
            SettingsError: Names every variable that is missing or wrong.
        """
        env = env or Environment()
        voice = env.object("VOICE", {})
        settings = cls(
            tables=TableNames.read(env),
            wakeup_queue_url=env.text("WAKEUP_QUEUE_URL"),
            carrier_secret_arn=env.text("CARRIER_SECRET_ARN"),
            carrier_api_url=env.text("CARRIER_API_URL", "https://api.twilio.com"),
            public_url=env.text("PUBLIC_URL"),
            messaging_service_sid=env.text("MESSAGING_SERVICE_SID", ""),
            assistant=AssistantSettings.read(env),
            answer_seconds=env.number("ANSWER_SECONDS"),
            settle_seconds=env.number("SETTLE_SECONDS"),
            settle_cap_seconds=env.number("SETTLE_CAP_SECONDS"),
            send_timeout_seconds=env.number("SEND_TIMEOUT_SECONDS"),
            clock_skew_seconds=env.number("CLOCK_SKEW_SECONDS"),
            lease_slack_seconds=env.number("LEASE_SLACK_SECONDS"),
            function_timeout_seconds=env.number("FUNCTION_TIMEOUT_SECONDS"),
            texts=env.mapping("TEXTS", {}),
            offers_per_day=int(voice.get("offers_per_day", 0)),
            time_zone=str(voice.get("time_zone", "UTC")),
        )
        env.check()
        return settings


@dataclass(frozen=True)
class SweepSettings:
    """The sweep's settings; times are in the unit that their name ends in."""

    tables: TableNames
    wakeup_queue_url: str
    carrier_secret_arn: str
    carrier_api_url: str
    public_url: str
    senders: list[str]
    listing_every_minutes: int
    listing_lookback_minutes: int
    wakes_per_shard: int
    resume_per_second: float
    sweep_after_seconds: float
    receipt_days: int
    carrier_answers_reserved_words: bool
    policy: Policy
    texts: dict[str, str]

    @classmethod
    def load(cls, env: Environment | None = None) -> SweepSettings:
        """Read them all.

        Raises:
            SettingsError: Names every variable that is missing or wrong.
        """
        env = env or Environment()
        settings = cls(
            tables=TableNames.read(env),
            wakeup_queue_url=env.text("WAKEUP_QUEUE_URL"),
            carrier_secret_arn=env.text("CARRIER_SECRET_ARN"),
            carrier_api_url=env.text("CARRIER_API_URL", "https://api.twilio.com"),
            public_url=env.text("PUBLIC_URL"),
            senders=env.texts("SENDERS"),
            listing_every_minutes=env.integer("LISTING_EVERY_MINUTES", 5),
            listing_lookback_minutes=env.integer("LISTING_LOOKBACK_MINUTES", 60),
            wakes_per_shard=env.integer("SWEEP_WAKES_PER_SHARD", 25),
            resume_per_second=env.number("RESUME_PER_SECOND", 5),
            sweep_after_seconds=env.number("SWEEP_AFTER_SECONDS", 20),
            receipt_days=env.integer("RECEIPT_DAYS", 30),
            carrier_answers_reserved_words=env.flag("CARRIER_ANSWERS_RESERVED_WORDS", True),
            policy=_policy(env),
            texts=env.mapping("TEXTS", {}),
        )
        env.check()
        return settings


@dataclass(frozen=True)
class WebhookSettings:
    """The webhook's settings; times are in the unit that their name ends in."""

    tables: TableNames
    wakeup_queue_url: str
    carrier_secret_arn: str
    public_url: str
    receipt_days: int
    sweep_after_seconds: float
    carrier_answers_reserved_words: bool
    policy: Policy
    person_allowance: dict[str, int]
    stack_allowance: dict[str, int]
    texts: dict[str, str]

    @classmethod
    def load(cls, env: Environment | None = None) -> WebhookSettings:
        """Read them all.

        Raises:
            SettingsError: Names every variable that is missing or wrong.
        """
        env = env or Environment()
        settings = cls(
            tables=TableNames.read(env),
            wakeup_queue_url=env.text("WAKEUP_QUEUE_URL"),
            carrier_secret_arn=env.text("CARRIER_SECRET_ARN"),
            public_url=env.text("PUBLIC_URL"),
            receipt_days=env.integer("RECEIPT_DAYS", 30),
            sweep_after_seconds=env.number("SWEEP_AFTER_SECONDS", 20),
            carrier_answers_reserved_words=env.flag("CARRIER_ANSWERS_RESERVED_WORDS", True),
            policy=_policy(env),
            person_allowance=env.numbers("PERSON_ALLOWANCE", {}),
            stack_allowance=env.numbers("STACK_ALLOWANCE", {}),
            texts=env.mapping("TEXTS", {}),
        )
        env.check()
        return settings


@dataclass(frozen=True)
class StatusSettings:
    """The settings of the function that takes delivery reports."""

    tables: TableNames
    carrier_secret_arn: str
    public_url: str

    @classmethod
    def load(cls, env: Environment | None = None) -> StatusSettings:
        """Read them all.

        Raises:
            SettingsError: Names every variable that is missing or wrong.
        """
        env = env or Environment()
        settings = cls(
            tables=TableNames.read(env),
            carrier_secret_arn=env.text("CARRIER_SECRET_ARN"),
            public_url=env.text("PUBLIC_URL"),
        )
        env.check()
        return settings
