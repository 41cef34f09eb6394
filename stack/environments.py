"""What each function is told: settings and addresses, as environment variables.

The other end is ``services/*/settings.py``; a test ties the two.
"""

import json
from dataclasses import dataclass

import pulumi

from settings import StackSettings
from stack.watches import METRICS_NAMESPACE

Environment = dict[str, pulumi.Input[str]]


@dataclass(frozen=True)
class Addresses:
    """Where a function finds what it works with."""

    people_table: pulumi.Input[str]
    conversations_table: pulumi.Input[str]
    keys_table: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    wakeup_queue_url: pulumi.Input[str]
    carrier_secret_arn: pulumi.Input[str]
    model_secret_arn: pulumi.Input[str] | None
    public_url: pulumi.Input[str]


def shared(name: str, settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what every function of texts is told."""
    return {**everywhere(name, settings, addresses), "PUBLIC_URL": addresses.public_url}


def everywhere(name: str, settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what every function is told."""
    return {
        "STACK": pulumi.get_stack(),
        "LOG_LEVEL": settings.log_level,
        "POWERTOOLS_SERVICE_NAME": name,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "PEOPLE_TABLE": addresses.people_table,
        "CONVERSATIONS_TABLE": addresses.conversations_table,
        "KEYS_TABLE": addresses.keys_table,
        "KEY_ARN": addresses.key_arn,
        "CARRIER_SECRET_ARN": addresses.carrier_secret_arn,
    }


def webhook(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what the function needs that accepts texts and answers reserved words."""
    return {
        **shared("webhook", settings, addresses),
        **_accepting(settings, addresses),
        **_allowances(settings),
    }


def _accepting(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what a function needs that accepts texts."""
    reserved = settings.sms.carrier_answers_reserved_words
    return {
        "WAKEUP_QUEUE_URL": addresses.wakeup_queue_url,
        "RECEIPT_DAYS": str(settings.retention.receipt_days),
        "SWEEP_AFTER_SECONDS": _number(settings.timing.sweep_after_seconds),
        "CARRIER_ANSWERS_RESERVED_WORDS": "true" if reserved else "false",
        "LANGUAGES": json.dumps(settings.sms.languages),
        "COUNTRIES": json.dumps(settings.people.countries),
        "ALSO_SERVE": json.dumps(settings.people.also_serve),
        "RECYCLE_AFTER_DAYS": str(settings.people.recycle_after_days),
        "CONTINUE_DAYS": str(settings.people.continue_days),
        "TEXTS": json.dumps(settings.texts),
    }


def _allowances(settings: StackSettings) -> Environment:
    """Return what a person and the stack may use."""
    return {
        "PERSON_ALLOWANCE": json.dumps(settings.person_allowance.model_dump()),
        "STACK_ALLOWANCE": json.dumps(settings.stack_allowance.model_dump()),
    }


def status(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what the function needs that hears of deliveries."""
    return shared("status", settings, addresses)


def responder(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what the function needs that answers."""
    sms, timing, assistant = settings.sms, settings.timing, settings.assistant
    environment: Environment = {
        **shared("responder", settings, addresses),
        "WAKEUP_QUEUE_URL": addresses.wakeup_queue_url,
        "CARRIER_API_URL": settings.carrier.api_url,
        "MODELS": json.dumps(settings.models),
        "SYSTEM_PROMPT": assistant.system_prompt,
        "WINDOW_MESSAGES": str(assistant.window_messages),
        "WINDOW_TOKENS": str(assistant.window_tokens),
        "SUMMARY": "true" if assistant.summary else "false",
        "MAX_OUTPUT_TOKENS": str(assistant.max_output_tokens),
        "ANSWER_SECONDS": _number(sms.answer_seconds),
        "SETTLE_SECONDS": _number(sms.settle_seconds),
        "SETTLE_CAP_SECONDS": _number(sms.settle_cap_seconds),
        "SEND_TIMEOUT_SECONDS": _number(timing.send_timeout_seconds),
        "CLOCK_SKEW_SECONDS": _number(timing.clock_skew_seconds),
        "LEASE_SLACK_SECONDS": _number(timing.lease_slack_seconds),
        "FUNCTION_TIMEOUT_SECONDS": str(settings.responder_timeout_seconds),
        "MESSAGE_DAYS": str(settings.retention.message_days),
        "TURN_DAYS": str(settings.retention.turn_days),
        **_allowances(settings),
        "TEXTS": json.dumps(settings.texts),
    }
    if settings.voice.enabled:
        environment["VOICE"] = voice(settings)
    if sms.messaging_service_sid is not None:
        environment["MESSAGING_SERVICE_SID"] = sms.messaging_service_sid
    if addresses.model_secret_arn is not None:
        environment["MODEL_SECRET_ARN"] = addresses.model_secret_arn
    return environment


def fulfilment(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what the function needs that answers a caller."""
    assistant, retention = settings.assistant, settings.retention
    environment: Environment = {
        **everywhere("fulfilment", settings, addresses),
        "WAKEUP_QUEUE_URL": addresses.wakeup_queue_url,
        "MODELS": json.dumps(settings.models),
        "SYSTEM_PROMPT": assistant.system_prompt,
        "WINDOW_MESSAGES": str(assistant.window_messages),
        "WINDOW_TOKENS": str(assistant.window_tokens),
        "SUMMARY": "true" if assistant.summary else "false",
        "MAX_OUTPUT_TOKENS": str(assistant.max_output_tokens),
        "MESSAGE_DAYS": str(retention.message_days),
        "TURN_DAYS": str(retention.turn_days),
        "RECEIPT_DAYS": str(retention.receipt_days),
        **_allowances(settings),
        "LEASE_SLACK_SECONDS": _number(settings.timing.lease_slack_seconds),
        "VOICE": voice(settings),
        **_of_callers(settings),
    }
    if addresses.model_secret_arn is not None:
        environment["MODEL_SECRET_ARN"] = addresses.model_secret_arn
    return environment


def proving(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what the function needs that texts a caller a code and checks it."""
    environment: Environment = {
        **everywhere("proving", settings, addresses),
        "CARRIER_API_URL": settings.carrier.api_url,
        "CODES_PER_DAY": str(settings.voice.codes_per_day),
        **_allowances(settings),
        **_of_callers(settings),
    }
    if settings.sms.messaging_service_sid is not None:
        environment["MESSAGING_SERVICE_SID"] = settings.sms.messaging_service_sid
    return environment


def _of_callers(settings: StackSettings) -> Environment:
    """Who may be texted, from where, and in which words."""
    return {
        "SMS_SENDER": (settings.sms.enabled and settings.sms.number) or "",
        "COUNTRIES": json.dumps(settings.people.countries),
        "ALSO_SERVE": json.dumps(settings.people.also_serve),
        "RECYCLE_AFTER_DAYS": str(settings.people.recycle_after_days),
        "TEXTS": json.dumps(settings.texts),
    }


def voice(settings: StackSettings) -> str:
    """Return how calls go, as one JSON object."""
    of = settings.voice
    told = {
        "memory": of.memory,
        "answer_seconds": of.answer_seconds,
        "function_timeout_seconds": of.function_timeout_seconds,
        "agents": of.agents.enabled,
        "locales": [one.id for one in of.locales],
        "maximum_turns": of.maximum_turns,
        "minimum_confidence": of.minimum_confidence,
        "keep_after_seconds": of.keep_after_seconds,
        "offers_per_day": of.offers_per_day,
        "time_zone": of.time_zone,
    }
    return json.dumps(told)


def sweep(settings: StackSettings, addresses: Addresses) -> Environment:
    """Return what the function needs that looks after what waits; it also accepts texts."""
    timing = settings.timing
    return {
        **_accepting(settings, addresses),
        **shared("sweep", settings, addresses),
        "CARRIER_API_URL": settings.carrier.api_url,
        "SENDERS": json.dumps(settings.senders),
        "LISTING_EVERY_MINUTES": str(timing.listing_every_minutes),
        "LISTING_LOOKBACK_MINUTES": str(timing.listing_lookback_minutes),
        "SWEEP_WAKES_PER_SHARD": str(timing.sweep_wakes_per_shard),
        "RESUME_PER_SECOND": _number(timing.resume_per_second),
    }


def _number(value: float) -> str:
    return f"{value:g}"
