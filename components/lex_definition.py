"""What a Lex bot understands: its locales, as the provider wants them, and a digest of that.

Owns the definition alone. Versions, the alias and permissions are in ``lex_bot``.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import pulumi_aws_native as aws_native

FALLBACK = "FallbackIntent"
FALLBACK_SIGNATURE = "AMAZON.FallbackIntent"
# Beside a fallback a small intent would catch ordinary sentences at Lex's own 0.4.
CONFIDENCE_THRESHOLD = 0.8
MAX_SPOKEN_CHARACTERS = 1000
MAX_VARIATIONS = 4
_INTENT = re.compile(r"^([0-9a-zA-Z][_-]?){1,100}$")
_LOCALE = re.compile(r"^[a-z]{2}_([A-Z]{2}|[0-9]{3})$")


class VoiceEngine(StrEnum):
    """How Polly speaks."""

    STANDARD = "standard"
    """Cheapest, and it sounds so."""
    NEURAL = "neural"
    """What most voices have."""
    GENERATIVE = "generative"
    """Closest to a person."""


class Filler(StrEnum):
    """What is heard while the hook works."""

    INITIAL = "initial"
    """The first words of ``fillers``, when the intent is matched."""
    PROGRESS = "progress"
    """Lex's own updates, at once and then again and again."""
    NONE = "none"
    """Nothing."""


class LexIntentArgs(TypedDict):
    """Something that a caller may ask for in so many words."""

    name: str
    """Such as ``Goodbye``; the hook is told."""
    utterances: list[str]
    """Sample utterances, at least one."""


class LexLocaleArgs(TypedDict):
    """One language of a bot."""

    locale_id: str
    """Lex's name of it, such as ``en_US``."""
    voice: str
    """The Polly voice, such as ``Joanna``."""
    engine: NotRequired[VoiceEngine]
    """How it speaks; ``neural`` when left out."""
    intents: list[LexIntentArgs]
    """What may be asked for beside everything else, at least one: Lex builds no locale without a
    sample utterance. The fallback, which takes everything else, is added."""
    fillers: NotRequired[list[str]]
    """Words said while the hook works, at most five, one of them each time. Left out: silence."""


def validate_locales(name: str, locales: Sequence[LexLocaleArgs], filler: Filler) -> None:
    """Refuse what Lex would refuse, before anything is declared.

    Raises:
        ValueError: With what is wrong in which locale.
    """
    ids = [locale["locale_id"] for locale in locales]
    if not ids or len(set(ids)) != len(ids):
        raise ValueError(f"{name}: a bot needs locales, each once, got {ids}")
    for locale in locales:
        place = f"{name}: locale {locale['locale_id']!r}"
        if not _LOCALE.match(locale["locale_id"]):
            raise ValueError(f"{place} must be like en_US")
        names = [intent["name"] for intent in locale["intents"]]
        wrong = [one for one in names if not _INTENT.match(one) or one == FALLBACK]
        if wrong or not names or len(set(names)) != len(names):
            raise ValueError(f"{place}: intents need names, each once, none {FALLBACK}: {names}")
        for intent in locale["intents"]:
            _validate_utterances(f"{place}: intent {intent['name']!r}", intent["utterances"])
        _validate_fillers(place, locale.get("fillers", []), filler)


def _validate_utterances(place: str, utterances: Sequence[str]) -> None:
    if not utterances or len(set(utterances)) != len(utterances):
        raise ValueError(f"{place} needs sample utterances, each once")
    # Braces name a slot in an utterance, and other signs are refused by Lex.
    wrong = [one for one in utterances if not re.fullmatch(r"[\w][\w' -]*", one)]
    if wrong:
        raise ValueError(f"{place}: an utterance has words, spaces, ' and - only: {wrong}")


def _validate_fillers(place: str, fillers: Sequence[str], filler: Filler) -> None:
    if filler is Filler.NONE:
        return
    if not 1 <= len(fillers) <= MAX_VARIATIONS + 1:
        raise ValueError(f"{place}: {filler} needs 1 to {MAX_VARIATIONS + 1} fillers")
    if not all(0 < len(one) <= MAX_SPOKEN_CHARACTERS for one in fillers):
        raise ValueError(f"{place}: a filler has 1 to {MAX_SPOKEN_CHARACTERS} characters")


def bot_locales(
    locales: Sequence[LexLocaleArgs], filler: Filler, hook_timeout_seconds: int
) -> list[aws_native.lex.BotLocaleArgs]:
    """Return a definition as the provider wants it."""
    lex = aws_native.lex
    return [
        lex.BotLocaleArgs(
            locale_id=locale["locale_id"],
            nlu_confidence_threshold=CONFIDENCE_THRESHOLD,
            voice_settings=lex.BotVoiceSettingsArgs(
                voice_id=locale["voice"],
                engine=lex.BotVoiceSettingsEngine(locale.get("engine", VoiceEngine.NEURAL).value),
            ),
            intents=[
                *(_intent(intent) for intent in locale["intents"]),
                _fallback(locale.get("fillers", []), filler, hook_timeout_seconds),
            ],
        )
        for locale in locales
    ]


def _intent(intent: LexIntentArgs) -> aws_native.lex.BotIntentArgs:
    lex = aws_native.lex
    return lex.BotIntentArgs(
        name=intent["name"],
        sample_utterances=[
            lex.BotSampleUtteranceArgs(utterance=one) for one in intent["utterances"]
        ],
        # The hook decides whether the caller meant it: a threshold alone does not.
        fulfillment_code_hook=lex.BotFulfillmentCodeHookSettingArgs(enabled=True),
    )


def _fallback(
    fillers: Sequence[str], filler: Filler, hook_timeout_seconds: int
) -> aws_native.lex.BotIntentArgs:
    lex = aws_native.lex
    hook = lex.BotFulfillmentCodeHookSettingArgs(enabled=True)
    intent = lex.BotIntentArgs(
        name=FALLBACK, parent_intent_signature=FALLBACK_SIGNATURE, fulfillment_code_hook=hook
    )
    if filler is Filler.INITIAL:
        intent.initial_response_setting = lex.BotInitialResponseSettingArgs(
            initial_response=lex.BotResponseSpecificationArgs(
                message_groups_list=[_said(fillers)], allow_interrupt=True
            )
        )
    if filler is Filler.PROGRESS:
        hook.is_active = True
        hook.fulfillment_updates_specification = lex.BotFulfillmentUpdatesSpecificationArgs(
            # Where updates are active, all three are required.
            active=True,
            timeout_in_seconds=hook_timeout_seconds,
            start_response=lex.BotFulfillmentStartResponseSpecificationArgs(
                delay_in_seconds=1, message_groups=[_said(fillers)], allow_interrupt=True
            ),
            update_response=lex.BotFulfillmentUpdateResponseSpecificationArgs(
                frequency_in_seconds=5, message_groups=[_said(fillers)], allow_interrupt=True
            ),
        )
    return intent


def _said(words: Sequence[str]) -> aws_native.lex.BotMessageGroupArgs:
    lex = aws_native.lex
    first, *others = (
        lex.BotMessageArgs(plain_text_message=lex.BotPlainTextMessageArgs(value=one))
        for one in words
    )
    return lex.BotMessageGroupArgs(message=first, variations=others or None)


def digest_of(definition: Any) -> str:
    """Return a digest of what a version is made of; in any order of its keys, the same."""
    rendered = json.dumps(definition, default=_plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(rendered.encode()).hexdigest()


def _plain(args: Any) -> dict[str, Any]:
    """What an input type of the SDK is given."""
    return {key: value for key, value in vars(args).items() if value is not None}
