"""Which settings may not go together.

Owns the rules between settings. A single value's own range is beside its default, in
``settings.py``.
"""

import json
from collections.abc import Iterator

from settings import StackSettings
from stack import provider_config
from stack.settings_file import Mistake
from stack.voice_checks import call_contradictions

# The sweep runs every minute; a lost wake-up may just have missed a run.
SWEEP_EVERY_SECONDS = 60
# To notice, wake and claim.
RECOVERY_SLACK_SECONDS = 15
MAX_TIMEOUT_SECONDS = 900
# A function's variables have 4 KB together; this is what its addresses and numbers leave.
WORDS_BYTES = 1800
BEDROCK = "bedrock"
# Where an inference profile can be called from, by the area that its id begins with: no other
# continent offers it. Which models an area has is for `aws bedrock list-inference-profiles` to say.
PROFILE_AREAS = {
    "apac": ("ap-", "me-"),
    "au": ("ap-southeast-",),
    "ca": ("ca-",),
    "eu": ("eu-", "il-", "me-", "af-"),
    "jp": ("ap-northeast-",),
    "us": ("us-east-", "us-west-", "ca-", "mx-"),
    "us-gov": ("us-gov-",),
}
# A test holds it to the vocabulary of `services/messaging`.
LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
EXTRAS = ("anthropic", "ollama", "openai")


def contradictions(settings: StackSettings) -> list[Mistake]:
    """Return every contradiction between settings that are valid by themselves."""
    return [
        *_channels(settings),
        *_times(settings),
        *_words(settings),
        *_models(settings),
        *_image(settings),
        *_address(settings),
        *call_contradictions(settings),
    ]


def _channels(settings: StackSettings) -> Iterator[Mistake]:
    sms, whatsapp = settings.sms, settings.whatsapp
    if sms.enabled and sms.number is None:
        yield Mistake("sms.number", "texting needs your number at the carrier", "+13035550100")
    if whatsapp.enabled and whatsapp.sender is None:
        yield Mistake("whatsapp.sender", "WhatsApp needs your sender", "whatsapp:+13035550100")
    if not sms.enabled and not whatsapp.enabled and not settings.voice.enabled:
        yield Mistake("sms.enabled", "a stack without any channel reaches nobody", fix=True)
    unknown = sorted(set(sms.languages) - set(LANGUAGES))
    if unknown:
        yield Mistake("sms.languages", f"no words for {', '.join(unknown)}", list(LANGUAGES))
    if sms.settle_seconds > sms.settle_cap_seconds:
        yield Mistake(
            "sms.settleSeconds",
            f"{sms.settle_seconds:g} is more than sms.settleCapSeconds, {sms.settle_cap_seconds:g}",
            sms.settle_cap_seconds,
        )


def _times(settings: StackSettings) -> Iterator[Mistake]:
    timing, timeout = settings.timing, settings.responder_timeout_seconds
    if timeout > MAX_TIMEOUT_SECONDS:
        yield Mistake(
            "sms.answerSeconds", f"a turn would take {timeout} s; a function has at most 900", 45
        )
    crashed = timeout + timing.clock_skew_seconds + RECOVERY_SLACK_SECONDS
    lost = (
        timing.sweep_after_seconds
        + SWEEP_EVERY_SECONDS
        + settings.sms.settle_cap_seconds
        + settings.sms.answer_seconds
    )
    needed = max(crashed, lost)
    if needed > timing.recovery_seconds:
        why = (
            f"a crash: a turn of {timeout} s, timing.clockSkewSeconds and "
            f"{RECOVERY_SLACK_SECONDS} s"
            if crashed >= lost
            else "a lost wake-up: timing.sweepAfterSeconds, a minute, and the answer"
        )
        yield Mistake(
            "timing.recoverySeconds",
            f"{timing.recovery_seconds:g} is too short after {why} come to {needed:g}",
            _whole(needed),
        )
    if timing.listing_lookback_minutes < 2 * timing.listing_every_minutes:
        yield Mistake(
            "timing.listingLookbackMinutes",
            "each listing has to overlap the one before: at least twice "
            f"timing.listingEveryMinutes, {timing.listing_every_minutes}",
            2 * timing.listing_every_minutes,
        )
    if timing.listing_lookback_minutes * 2 > settings.retention.receipt_days * 24 * 60:
        yield Mistake(
            "retention.receiptDays",
            "a receipt has to outlive timing.listingLookbackMinutes at least twice, or an old "
            "text would be answered again",
            30,
        )


def _words(settings: StackSettings) -> Iterator[Mistake]:
    prompt = len(settings.assistant.system_prompt.encode())
    texts = len(json.dumps(settings.texts))
    if prompt + texts > WORDS_BYTES:
        yield Mistake(
            "assistant.systemPrompt" if prompt >= texts else "texts",
            f"assistant.systemPrompt and texts come to {prompt + texts} bytes; functions are told "
            f"them in their environment, which has room for {WORDS_BYTES}",
        )


def _models(settings: StackSettings) -> Iterator[Mistake]:
    for model in settings.models:
        provider, _, name = model.partition(":")
        if provider not in (BEDROCK, *EXTRAS) or not name:
            yield Mistake(
                "models",
                f"{model!r} must be <provider>:<model>, the provider one of "
                f"{', '.join((BEDROCK, *EXTRAS))}",
                ["bedrock:us.amazon.nova-lite-v1:0"],
            )
        elif provider == BEDROCK:
            yield from _profile(name)


def _profile(name: str) -> Iterator[Mistake]:
    """A profile of another continent fails with the first text, not with the deployment."""
    area, _, model = name.partition(".")
    region = provider_config.region()
    if region is None or region.startswith(PROFILE_AREAS.get(area, "")):
        return
    here = [one for one, places in PROFILE_AREAS.items() if region.startswith(places)]
    yield Mistake(
        "models",
        f"{name} cannot be called from {region}; `aws bedrock list-inference-profiles` lists what "
        "can",
        [f"{BEDROCK}:{here[0]}.{model}" if here else f"{BEDROCK}:{model}"],
    )


def _image(settings: StackSettings) -> Iterator[Mistake]:
    image = settings.image
    if image.uri is not None:
        if image.repository is not None or image.extras:
            yield Mistake(
                "image", "uri names a finished image: nothing is built", {"uri": image.uri}
            )
        return
    unknown = sorted(set(image.extras) - set(EXTRAS))
    if unknown:
        yield Mistake("image.extras", f"no such extra: {', '.join(unknown)}", list(EXTRAS))
    providers = {model.partition(":")[0] for model in settings.models}
    missing = sorted(providers & set(EXTRAS) - set(image.extras))
    if missing:
        yield Mistake(
            "image.extras",
            f"models need {', '.join(missing)}, and the image would be built without",
            sorted({*image.extras, *missing} - set(unknown)),
        )


def _address(settings: StackSettings) -> Iterator[Mistake]:
    api, url = settings.api, settings.public_url
    if api.domain is not None and api.certificate_arn is None:
        yield Mistake(
            "api.certificateArn",
            "a domain needs its certificate in ACM",
            "arn:aws:acm:us-east-1:123456789012:certificate/…",
        )
    if api.domain is None and (api.certificate_arn or api.zone_id):
        yield Mistake("api.domain", "a certificate or zone is for a domain", "text.example.com")
    loopback = ("http://127.0.0.1", "http://localhost")
    if url is not None and not url.startswith(("https://", *loopback)):
        yield Mistake("publicUrl", f"{url!r} must begin with https://", "https://text.example.com")


def _whole(seconds: float) -> int:
    return int(-(-seconds // 1))
