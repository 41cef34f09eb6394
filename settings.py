"""What a stack can be told: every setting with its type, unit, default and a sentence.

The home of defaults, with ``stack/people.py`` for whose texts are taken and
``stack/voice_settings.py`` for calls. What may not go together is in ``stack/checks.py``; how a
stack file is read, and how its mistakes are reported, in ``stack/settings_file.py``; what a setting
becomes, in ``__main__.py``.
``python -m settings --write`` brings ``Pulumi.yaml`` up to date.
"""

import math
import sys
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from stack.people import Allowance, People, PersonAllowance
from stack.section import Section
from stack.voice_settings import Voice

E164 = r"^\+[1-9][0-9]{6,14}$"
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

Days = Annotated[int, Field(ge=1, le=3650)]
Seconds = Annotated[float, Field(ge=0, le=900)]


class Assistant(Section):
    """How the assistant speaks and how much it remembers."""

    system_prompt: str = Field(
        "You are a friendly assistant that people reach by text message. "
        "Answer in plain text, in the language of the person, in at most three short sentences.",
        min_length=1,
        description="What the assistant is told about itself; a channel adds its own style.",
    )
    window_messages: int = Field(20, ge=2, le=200, description="Messages a turn looks back on.")
    window_tokens: int = Field(6000, ge=200, le=200_000, description="And as many tokens, roughly.")
    summary: bool = Field(False, description="Keep notes of what falls out of the window.")
    max_output_tokens: int = Field(500, ge=16, le=8000, description="Longest answer, in tokens.")


class Sms(Section):
    """Texting."""

    enabled: bool = Field(True, description="Whether the stack has a number to text.")
    number: str | None = Field(
        None, pattern=E164, description="Your number at the carrier, such as +13035550100."
    )
    messaging_service_sid: str | None = Field(
        None,
        pattern=r"^MG[0-9a-fA-F]{32}$",
        description="Service to send through; US long codes need one (A2P 10DLC).",
    )
    answer_seconds: float = Field(
        45, ge=5, le=300, description="A text is answered within this time of its claim."
    )
    settle_seconds: float = Field(
        1.5, ge=0, le=30, description="Waits this long for another text of the same burst."
    )
    settle_cap_seconds: float = Field(
        5, ge=0, le=60, description="Longest wait for a burst to end."
    )
    carrier_answers_reserved_words: bool = Field(
        True, description="Whether the carrier itself answers STOP, START and HELP."
    )
    languages: list[str] = Field(
        default_factory=lambda: ["en"],
        description="Whose words for STOP, START, HELP and FORGET count.",
    )
    manage_number: bool = Field(
        True, description="Point the number at this stack, and back when the stack is deleted."
    )


class WhatsApp(Section):
    """WhatsApp, through the same carrier."""

    enabled: bool = Field(False, description="Whether people can write on WhatsApp.")
    sender: str | None = Field(
        None,
        pattern=r"^whatsapp:\+[1-9][0-9]{6,14}$",
        description="Your sender, such as whatsapp:+13035550100.",
    )


class Carrier(Section):
    """Where the carrier is."""

    api_url: str = Field(
        "https://api.twilio.com", pattern=r"^https?://[^?#]+$", description="Its REST API."
    )


class Timing(Section):
    """How long things may take before somebody else takes them over."""

    recovery_seconds: float = Field(
        150, ge=30, le=900, description="A text is answered within this time after a crash."
    )
    clock_skew_seconds: Seconds = Field(60, description="How far two clocks may disagree.")
    send_timeout_seconds: float = Field(10, ge=1, le=30, description="Longest send to the carrier.")
    lease_slack_seconds: Seconds = Field(
        3, description="A lease outlives its function's timeout by this."
    )
    sweep_after_seconds: float = Field(
        20, ge=1, le=600, description="After this wait the sweep wakes a conversation."
    )
    listing_every_minutes: int = Field(
        5, ge=1, le=60, description="How often the carrier is asked for texts we never saw."
    )
    listing_lookback_minutes: int = Field(
        60, ge=5, le=1440, description="How far back it is asked."
    )
    resume_per_second: float = Field(
        5, gt=0, le=100, description="Conversations woken a second after `dialtone resume`."
    )
    sweep_wakes_per_shard: int = Field(
        25, ge=1, le=1000, description="Conversations one run of the sweep wakes in each shard."
    )


class Retention(Section):
    """How long things are kept."""

    message_days: Days = Field(30, description="Messages, and texts that wait.")
    receipt_days: Days = Field(30, description="Receipts of accepted texts, and consent events.")
    turn_days: Days = Field(30, description="Turns, with their durations and costs.")
    log_days: int = Field(30, description="Logs; one of the values CloudWatch knows.")
    recovery_days: int = Field(35, ge=1, le=35, description="How far back tables can be restored.")

    @field_validator("log_days")
    @classmethod
    def _known_to_cloudwatch(cls, value: int) -> int:
        if value not in LOG_RETENTION_DAYS:
            raise ValueError(f"must be one of {', '.join(map(str, LOG_RETENTION_DAYS))}")
        return value


class Functions(Section):
    """How the functions run."""

    memory_megabytes: int = Field(1024, ge=128, le=10240, description="Memory of each function.")
    maximum_concurrency: int = Field(
        10, ge=2, le=1000, description="Conversations answered at the same time."
    )
    reserved_concurrency: int | None = Field(
        None, ge=1, description="Kept for the webhook; new AWS accounts refuse it. Unset: none."
    )
    provisioned_concurrency: int | None = Field(
        None, ge=1, description="Webhooks kept warm, priced by the hour. Unset: none."
    )


class Alarms(Section):
    """Who is told when something is wrong."""

    enabled: bool = Field(True, description="Whether there are alarms, each priced by the month.")
    email: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="Told; has to confirm once."
    )


class Image(Section):
    """The image that the functions run."""

    uri: str | None = Field(
        None,
        pattern=r"^[^\s@]+@sha256:[0-9a-f]{64}$",
        description="Pushed by CI, by digest. Unset: built here, with Docker.",
    )
    repository: str | None = Field(
        None, description="Where a built image is pushed. Unset: a repository of the stack's own."
    )
    extras: list[str] = Field(
        default_factory=list, description="Model SDKs to build in: openai, anthropic, ollama."
    )


class Api(Section):
    """The address of the stack."""

    domain: str | None = Field(None, description="Your own domain, such as text.example.com.")
    certificate_arn: str | None = Field(
        None, pattern=r"^arn:", description="Its certificate in ACM, in the stack's region."
    )
    zone_id: str | None = Field(None, description="Its zone in Route 53, for the alias record.")
    requests_per_second: float = Field(50, gt=0, description="What each route takes for long.")
    burst: int = Field(100, ge=1, description="What each route takes at once.")


class StackSettings(Section):
    """Everything a stack can be told."""

    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^?#]*[^?#/]$",
        description="The address people's carriers call, if something stands in front of the API.",
    )
    protect: bool = Field(True, description="Refuse to delete what holds data or a number.")
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO)$", description="How much the functions log: INFO, or DEBUG."
    )
    models: list[str] = Field(
        default_factory=lambda: ["bedrock:us.amazon.nova-lite-v1:0"],
        min_length=1,
        description="Models in the order they are tried, each <provider>:<model>.",
    )
    texts: dict[str, str] = Field(
        default_factory=dict, description="Our fixed sentences in other words, by name."
    )
    assistant: Assistant = Field(default_factory=Assistant, description="How it speaks.")
    sms: Sms = Field(default_factory=Sms, description="Texting.")
    whatsapp: WhatsApp = Field(default_factory=WhatsApp, description="WhatsApp.")
    voice: Voice = Field(default_factory=Voice, description="Calls.")
    carrier: Carrier = Field(default_factory=Carrier, description="Where the carrier is.")
    timing: Timing = Field(default_factory=Timing, description="Takeovers and recovery.")
    retention: Retention = Field(default_factory=Retention, description="How long data is kept.")
    functions: Functions = Field(default_factory=Functions, description="How functions run.")
    people: People = Field(default_factory=People, description="Whose texts are taken.")
    person_allowance: PersonAllowance = Field(
        default_factory=PersonAllowance, description="What one person may use."
    )
    stack_allowance: Allowance = Field(
        default_factory=Allowance, description="What all people together may use."
    )
    alarms: Alarms = Field(default_factory=Alarms, description="Who is told.")
    image: Image = Field(default_factory=Image, description="What the functions run.")
    api: Api = Field(default_factory=Api, description="The address of the stack.")

    @property
    def responder_work_seconds(self) -> float:
        """What one turn may take: settle, answer, send, and five seconds to write it all down."""
        sms = self.sms
        return sms.settle_cap_seconds + sms.answer_seconds + self.timing.send_timeout_seconds + 5

    @property
    def responder_timeout_seconds(self) -> int:
        """After how long a turn's worker is ended."""
        return math.ceil(self.responder_work_seconds)

    @property
    def senders(self) -> list[str]:
        """Our own addresses, as the carrier writes them."""
        mine = [self.sms.number if self.sms.enabled else None]
        mine.append(self.whatsapp.sender if self.whatsapp.enabled else None)
        return [address for address in mine if address is not None]

    @classmethod
    def load(cls, overrides: Mapping[str, Any] | None = None) -> "StackSettings":
        """Read the settings of the current stack.

        Args:
            overrides: Laid over the stack's configuration, by camelCase key.

        Raises:
            SettingsError: With every mistake, its path and the YAML that would fix it.
        """
        # They look at this class.
        from stack.checks import contradictions  # noqa: PLC0415 - see above
        from stack.settings_file import read  # noqa: PLC0415 - see above

        return read(cls, contradictions, overrides)


if __name__ == "__main__":
    import settings
    from stack.settings_file import main

    sys.exit(main(settings.StackSettings, sys.argv[1:]))
