"""Puts the parts together that answer callers."""

from __future__ import annotations

from conversation import aws
from conversation.accounting import Accounting
from conversation.composition import build_engine
from conversation.secrets import JsonSecret
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.texts import Texts
from texting.address_key import AddressKey
from texting.held import Held
from texting.wakeups import Wakeups
from voice.call_texts import Sentences
from voice.call_turn import CallTurns
from voice.callers import Callers
from voice.dialog import Dialog, Policy
from voice.fulfilling import Fulfilling
from voice.offers import Offers
from voice.phrases import language_of
from voice.profile import STYLE
from voice.settings import FulfilmentSettings
from voice.utterance import Limits


def build_fulfilling(settings: FulfilmentSettings, tables: Tables) -> Fulfilling:
    """The use case of the fulfilment function."""
    calls = settings.calls
    sentences = Sentences(settings.texts, language_of(calls.locales[0]))
    dialog = Dialog(
        build_turns(settings, tables),
        Switch(tables),
        sentences,
        Policy(
            locales=calls.locales,
            agents=calls.agents,
            maximum_turns=calls.maximum_turns,
            minimum_confidence=calls.minimum_confidence,
        ),
    )
    return Fulfilling(dialog, answer_seconds=calls.answer_seconds)


def build_turns(settings: FulfilmentSettings, tables: Tables) -> CallTurns:
    """What answers utterances."""
    calls, stack_usage = settings.calls, StackUsage(tables)
    wakeups = Wakeups(settings.wakeup_queue_url, aws.sqs)
    assistant = settings.assistant
    callers = Callers(
        tables,
        AddressKey(JsonSecret(settings.carrier_secret_arn, aws.secrets_manager)),
        sender=settings.sms_sender,
        countries=settings.countries,
        also_serve=settings.also_serve,
        memory=calls.memory,
        recycle_after_days=settings.recycle_after_days,
        person_days=max(assistant.message_days, assistant.turn_days) + 1,
    )
    return CallTurns(
        tables,
        engine=build_engine(
            settings.assistant,
            tables,
            stack_usage,
            texts=Texts.load(settings.texts),
            answer_seconds=calls.answer_seconds,
        ),
        callers=callers,
        offers=Offers(
            tables,
            callers=callers,
            held=Held(tables),
            wakeups=wakeups,
            receipt_days=settings.receipt_days,
            turn_days=settings.assistant.turn_days,
        ),
        accounting=Accounting(stack_usage),
        wakeups=wakeups,
        limits=Limits(
            lease_seconds=calls.function_timeout_seconds + settings.lease_slack_seconds,
            keep_after_seconds=calls.keep_after_seconds,
        ),
        style=STYLE,
    )
