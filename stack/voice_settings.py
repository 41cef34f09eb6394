"""Calling the number: settings. What may not go together is in ``stack/voice_checks.py``."""

import math
from typing import Annotated

from pydantic import Field, field_validator

from stack.section import Section

UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
# Lex gives a hook 30 s. What is left beside the answer is for reading, and for writing it down.
BESIDE_THE_ANSWER_SECONDS = 6
# What AWS does to accounts that make and delete them.
INSTANCE_LOCK = (
    "AWS limits how many instances are made and deleted in 30 days, and then blocks the account "
    "for 30 days"
)
NUMBER_LOCK = (
    "a released number rests for up to 180 days, and claiming and releasing too many blocks claims "
    "for up to 180 days"
)
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# A language that our phrases know, in the places where Lex, Polly and Connect all speak it, with
# the neural voices of each; the first is taken where none is named.
VOICES = {
    "de_AT": ("Hannah",),
    "de_DE": ("Vicki", "Daniel"),
    "en_AU": ("Olivia",),
    "en_GB": ("Amy", "Arthur", "Brian", "Emma"),
    "en_IN": ("Kajal",),
    "en_US": (
        *("Joanna", "Danielle", "Gregory", "Ivy", "Joey", "Justin", "Kendra", "Kevin", "Kimberly"),
        *("Matthew", "Ruth", "Salli", "Stephen"),
    ),
    "en_ZA": ("Ayanda",),
    "es_ES": ("Lucia", "Sergio"),
    "es_US": ("Lupe", "Pedro"),
    "fr_CA": ("Gabrielle", "Liam"),
    "fr_FR": ("Lea", "Remi"),
    "it_IT": ("Bianca", "Adriano"),
    "nl_NL": ("Laura",),
    "pt_BR": ("Camila", "Thiago", "Vitoria"),
    "pt_PT": ("Ines",),
}


Sentence = Annotated[str, Field(min_length=1, max_length=400)]


class Locale(Section, str_strip_whitespace=True):
    """One language that callers may speak."""

    id: str = Field("en_US", description="Lex's name of it: language and place, such as en_US.")
    voice: str | None = Field(
        None,
        pattern=r"^[A-Z][A-Za-z]+$",
        description="The Polly voice that speaks it. Unset: one that speaks it best.",
    )
    engine: str = Field(
        "neural",
        pattern="^(standard|neural|generative)$",
        description="How Polly speaks: standard, neural or generative.",
    )
    greeting: str | None = Field(
        None, min_length=1, max_length=500, description="What a caller hears first."
    )
    recording_notice: str | None = Field(
        None, max_length=500, description="In its words. Unset: voice.recordingNotice; empty: none."
    )
    texts: dict[str, Sentence] | None = Field(
        None,
        description="What the call says by itself in other words, by name, such as trouble_end. "
        "What the assistant says by rote is in texts, as spoken_….",
    )

    @field_validator("id")
    @classmethod
    def _spoken(cls, value: str) -> str:
        if value not in VOICES:
            raise ValueError(f"must be one of {', '.join(VOICES)}")
        return value

    @property
    def polly_voice(self) -> str:
        """The voice that speaks it."""
        return self.voice or VOICES[self.id][0]


class Agents(Section):
    """People whom a caller may ask for."""

    enabled: bool = Field(False, description="Whether a caller can be handed over to somebody.")
    days: list[str] = Field(
        default_factory=lambda: list(WEEK[:5]), min_length=1, description="Days they answer."
    )
    opens: str = Field("09:00", pattern=CLOCK, description="From when, in voice.timeZone.")
    closes: str = Field("17:00", pattern=CLOCK, description="Until when.")

    @field_validator("days")
    @classmethod
    def _of_the_week(cls, value: list[str]) -> list[str]:
        unknown = [day for day in value if day not in WEEK]
        if unknown:
            raise ValueError(f"there is no {unknown[0]!r}: write {', '.join(WEEK)}")
        return value


class Voice(Section, str_strip_whitespace=True):
    """Calling the number, through Amazon Connect and Lex."""

    enabled: bool = Field(False, description="Whether people can call.")
    instance_id: str | None = Field(
        None, pattern=UUID, description="Your Connect instance, by its id; used, never changed."
    )
    create_instance: bool = Field(
        False,
        description="Make an instance instead. It is never replaced: AWS limits how many are made "
        "and deleted in 30 days, and then blocks the account for 30 days.",
    )
    instance_alias: str | None = Field(
        None,
        pattern=r"^[0-9a-z]+(-[0-9a-z]+)*$",
        max_length=45,
        description="Name of the instance that is made, unique in AWS.",
    )
    phone_number_id: str | None = Field(
        None, pattern=UUID, description="Your number in Connect, by its id."
    )
    claim_number_country: str | None = Field(
        None,
        pattern="^[A-Z]{2}$",
        description="Claim a number of this country instead, such as US. It is never given back: "
        "a released number rests for up to 180 days.",
    )
    locales: list[Locale] = Field(
        default_factory=lambda: [Locale()],
        min_length=1,
        max_length=9,
        description="Languages, in the order of the keys that choose them.",
    )
    memory: str = Field(
        "call",
        pattern="^(call|person)$",
        description="call: each call by itself, kept by a text that says KEEP. person: a caller "
        "who has proved the number goes on with what was texted.",
    )
    answer_seconds: float = Field(
        12, ge=5, le=23, description="A caller hears an answer, or an offer of one, within this."
    )
    filler: str = Field(
        "initial",
        pattern="^(initial|progress|none)$",
        description="What is heard while the model thinks: initial words, progress or none.",
    )
    agents: Agents = Field(default_factory=Agents, description="Whom a caller may ask for.")
    time_zone: str = Field("UTC", description="Of opening hours and of times that are said.")
    recording_notice: str = Field(
        "",
        max_length=500,
        description="Said before anything else, if the law asks, in the language of those "
        "voice.locales that have none of their own. Empty: none.",
    )
    max_speech_seconds: int = Field(
        12, ge=2, le=15, description="Longest utterance; Lex ends the call's turn beyond 15."
    )
    silence_seconds: int = Field(
        4, ge=1, le=15, description="How long a caller may be silent before being asked again."
    )
    maximum_turns: int = Field(60, ge=1, le=500, description="Answers in one call.")
    minimum_confidence: float = Field(
        0.4, ge=0, le=1, description="Speech understood less surely than this is asked for again."
    )
    keep_after_seconds: float = Field(
        300, ge=5, le=3600, description="After this wait a call's end is taken for granted."
    )
    offers_per_day: int = Field(
        3, ge=0, le=20, description="Texts a day that offer one person to keep a call. 0: none."
    )
    codes_per_day: int = Field(
        100,
        ge=1,
        le=100_000,
        description="Codes a day that all callers together are texted, forged ones included.",
    )
    bot_version: int | None = Field(
        None, ge=1, description="A version of the bot to go back to. Unset: the newest."
    )

    @property
    def function_timeout_seconds(self) -> int:
        """After how long the hook's function is ended."""
        return math.ceil(self.answer_seconds + BESIDE_THE_ANSWER_SECONDS)

    @property
    def is_declared(self) -> bool:
        """Whether there is a line: to answer, or because what was made for it is kept."""
        return self.enabled or self.create_instance or self.claim_number_country is not None

    @property
    def proves_callers(self) -> bool:
        """Whether a caller may prove the number with a code."""
        return self.enabled and self.memory == "person"
