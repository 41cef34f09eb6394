"""Which settings of a call may not go together. A value's own range is beside its default."""

import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import fields

from components.contact_flow import Words
from settings import StackSettings
from stack import provider_config
from stack.settings_file import Mistake
from stack.voice_settings import INSTANCE_LOCK, NUMBER_LOCK, VOICES

# Both Amazon Connect and Lex V2 are there, by the providers' schemas. Ireland has Lex alone.
REGIONS = (
    *("af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-west-2", "us-east-1", "us-west-2"),
)
# The greeting is a setting of its own.
_NAMES = [one.name for one in fields(Words) if one.name != "greeting"]
_ID = "01234567-89ab-cdef-0123-456789abcdef"


def call_contradictions(settings: StackSettings) -> Iterator[Mistake]:
    """Yield every contradiction between settings of a call that are valid by themselves."""
    yield from _instance(settings)
    yield from _number(settings)
    if settings.voice.is_declared:
        yield from _region(settings)
    if settings.voice.enabled:
        yield from _texting(settings)
    yield from _locales(settings)
    yield from _texts(settings)
    yield from _hours(settings)


def _region(settings: StackSettings) -> Iterator[Mistake]:
    region = provider_config.region()
    if region is None:
        yield Mistake(
            "voice.enabled",
            "what calls need has to know its region, and neither aws:region nor AWS_REGION says "
            "it: `pulumi config set aws:region us-east-1`",
        )
    elif settings.voice.enabled and region not in REGIONS:
        yield Mistake(
            "voice.enabled",
            f"there is no Amazon Connect with Lex in {region}; both are in {', '.join(REGIONS)}",
            fix=False,
        )


def _instance(settings: StackSettings) -> Iterator[Mistake]:
    voice = settings.voice
    if voice.instance_id is not None and voice.create_instance:
        yield Mistake(
            "voice.createInstance",
            "voice.instanceId adopts an instance, and this would put a new one in its place: "
            f"{INSTANCE_LOCK}",
            fix=False,
        )
    if voice.enabled and voice.instance_id is None and not voice.create_instance:
        yield Mistake(
            "voice.instanceId",
            "calls need a Connect instance: adopt one by its id, or make one with "
            f"voice.createInstance. Adopt where you can: {INSTANCE_LOCK}",
            _ID,
        )
    if voice.create_instance and voice.instance_alias is None:
        yield Mistake(
            "voice.instanceAlias", "an instance that is made needs its name", "acme-dialtone"
        )
    if (voice.instance_alias or "").startswith("d-"):
        yield Mistake(
            "voice.instanceAlias", "AWS keeps names that begin with d- to itself", "acme-dialtone"
        )
    if voice.instance_alias is not None and not voice.create_instance:
        yield Mistake(
            "voice.instanceAlias",
            "names an instance that is made, and voice.createInstance is off. If it was on, the "
            f"instance would be let go: {INSTANCE_LOCK}",
        )


def _number(settings: StackSettings) -> Iterator[Mistake]:
    voice = settings.voice
    if voice.phone_number_id is not None and voice.claim_number_country is not None:
        yield Mistake(
            "voice.claimNumberCountry",
            "voice.phoneNumberId adopts a number, and this would put a new one in its place: "
            f"{NUMBER_LOCK}",
        )
    if voice.enabled and voice.phone_number_id is None and voice.claim_number_country is None:
        yield Mistake(
            "voice.phoneNumberId",
            "calls need a number in Connect: adopt one by its id, or claim one with "
            f"voice.claimNumberCountry. Adopt where you can: {NUMBER_LOCK}",
            _ID,
        )
    has_instance = voice.create_instance or voice.instance_id is not None
    if voice.claim_number_country is not None and not voice.enabled and not has_instance:
        yield Mistake(
            "voice.claimNumberCountry",
            "a claimed number belongs to an instance, and none is named any more. Keep it: "
            f"{NUMBER_LOCK}",
        )


def _texting(settings: StackSettings) -> Iterator[Mistake]:
    voice = settings.voice
    if settings.sms.enabled:
        return
    if voice.memory == "person":
        yield Mistake(
            "voice.memory", "person needs sms.enabled: a caller proves the number by text", "call"
        )
    if voice.offers_per_day:
        yield Mistake(
            "voice.offersPerDay", "a call is offered to be kept by text: needs sms.enabled", 0
        )


def _locales(settings: StackSettings) -> Iterator[Mistake]:
    locales = settings.voice.locales
    ids = [one.id for one in locales]
    if len(set(ids)) != len(ids):
        yield Mistake(
            "voice.locales",
            "one of them is named twice",
            [{"id": one} for one in dict.fromkeys(ids)],
        )
    for one in locales:
        owners = [where for where, voices in VOICES.items() if one.polly_voice in voices]
        if owners and one.id not in owners:
            yield Mistake(
                "voice.locales",
                f"{one.voice} speaks {', '.join(owners)}, not {one.id}: the call would be silent",
                [{"id": one.id, "voice": VOICES[one.id][0]}],
            )


def _texts(settings: StackSettings) -> Iterator[Mistake]:
    """A locale's own sentences; a list is mended as a whole."""
    locales = settings.voice.locales
    mended = [
        {"id": one.id} | ({"texts": kept} if (kept := _known(one.texts or {})) else {})
        for one in locales
    ]
    for one in locales:
        unknown = sorted((one.texts or {}).keys() - _NAMES)
        if unknown:
            yield Mistake(
                "voice.locales",
                f"{one.id} has no texts {', '.join(unknown)}; there are {', '.join(_NAMES)}",
                mended,
            )
        elif "{key}" not in (one.texts or {}).get("choose_language", "{key}"):
            yield Mistake(
                "voice.locales",
                f"{one.id}: choose_language says which key to press, as {{key}}",
                mended,
            )


def _known(texts: Mapping[str, str]) -> dict[str, str]:
    """Those that there are; how a language is chosen needs a place for the key."""
    return {
        name: text
        for name, text in texts.items()
        if name in _NAMES and (name != "choose_language" or "{key}" in text)
    }


def _hours(settings: StackSettings) -> Iterator[Mistake]:
    voice = settings.voice
    known = zoneinfo.available_timezones()
    if voice.time_zone != "UTC" and known and voice.time_zone not in known:
        yield Mistake("voice.timeZone", f"{voice.time_zone!r} is no time zone", "America/New_York")
    if voice.agents.opens >= voice.agents.closes:
        yield Mistake(
            "voice.agents",
            f"opens at {voice.agents.opens}, which is not before it closes, {voice.agents.closes}",
            {"opens": "09:00", "closes": "17:00"},
        )
