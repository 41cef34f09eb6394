"""What the functions of calls read from their environment; nothing else here reads it."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.settings import Environment, TableNames


@dataclass(frozen=True)
class ProvingSettings:
    """The settings of the function that texts callers a code and checks it."""

    tables: TableNames
    carrier_secret_arn: str
    carrier_api_url: str
    messaging_service_sid: str
    sms_sender: str
    countries: tuple[str, ...]
    recycle_after_days: int
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
            recycle_after_days=env.integer("RECYCLE_AFTER_DAYS", 0),
            texts=env.mapping("TEXTS", {}),
        )
        env.check()
        return settings
