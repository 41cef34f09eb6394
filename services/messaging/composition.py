"""Puts the responder's parts together from its settings."""

from __future__ import annotations

from conversation import aws
from conversation.accounting import Accounting
from conversation.composition import build_engine
from conversation.forgetting import Forgetting
from conversation.lease import Lease
from conversation.secrets import JsonSecret
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.turn import Engine
from conversation.turns import Turns
from messaging.answering import Answering, Timing
from messaging.introduction import Introduction
from messaging.keeping import Keeping
from messaging.offering import Offering
from messaging.profile import segments
from messaging.replying import Replying
from messaging.settings import ResponderSettings
from messaging.settling import Settling
from texting.address_key import AddressKey
from texting.carrier import Carrier
from texting.consent import Consents
from texting.consent_order import ConsentOrder
from texting.copies import CarrierCopies
from texting.delivery import Delivery
from texting.inbox import Inbox
from texting.recipients import Recipients
from texting.wakeups import Wakeups


def build_answering(settings: ResponderSettings, tables: Tables, wakeups: Wakeups) -> Answering:
    """The responder's use case."""
    lease, inbox, stack_usage = Lease(tables), Inbox(tables), StackUsage(tables)
    secret = JsonSecret(settings.carrier_secret_arn, aws.secrets_manager)
    carrier, texts = _carrier(settings, secret), Texts.load(settings.texts)
    recipients = Recipients(tables, AddressKey(secret))
    engine = build_engine(
        settings.assistant,
        tables,
        stack_usage,
        texts=texts,
        answer_seconds=settings.answer_seconds,
        segments=segments,
    )
    return Answering(
        lease=lease,
        inbox=inbox,
        engine=engine,
        turns=Turns(tables),
        delivery=_delivery(settings, tables, carrier, lease, recipients),
        replying=_replying(settings, tables, engine, texts, carrier=carrier, recipients=recipients),
        offering=_offering(settings, tables, engine, texts, recipients),
        switch=Switch(tables),
        accounting=Accounting(stack_usage),
        wakeups=wakeups,
        settling=Settling(
            lease,
            inbox,
            quiet_seconds=settings.settle_seconds,
            cap_seconds=settings.settle_cap_seconds,
        ),
        forgetting=Forgetting(
            tables,
            CarrierCopies(carrier),
            settled_seconds=settings.function_timeout_seconds + settings.clock_skew_seconds,
        ),
        timing=_timing(settings),
    )


def _delivery(
    settings: ResponderSettings,
    tables: Tables,
    carrier: Carrier,
    lease: Lease,
    recipients: Recipients,
) -> Delivery:
    return Delivery(
        tables,
        carrier,
        lease,
        recipients,
        public_url=settings.public_url,
        function_timeout_seconds=settings.function_timeout_seconds,
        clock_skew_seconds=settings.clock_skew_seconds,
    )


def _timing(settings: ResponderSettings) -> Timing:
    return Timing(
        answer_seconds=settings.answer_seconds,
        lease_seconds=settings.function_timeout_seconds + settings.lease_slack_seconds,
        send_seconds=settings.send_timeout_seconds,
        message_days=settings.assistant.message_days,
    )


def _offering(
    settings: ResponderSettings,
    tables: Tables,
    engine: Engine,
    texts: Texts,
    recipients: Recipients,
) -> Offering:
    return Offering(
        tables,
        engine,
        recipients,
        Introduction(Consents(tables), texts),
        texts,
        offers_per_day=settings.offers_per_day,
        time_zone=settings.time_zone,
    )


def _replying(
    settings: ResponderSettings,
    tables: Tables,
    engine: Engine,
    texts: Texts,
    *,
    carrier: Carrier,
    recipients: Recipients,
) -> Replying:
    return Replying(
        inbox=Inbox(tables),
        recipients=recipients,
        engine=engine,
        consents=Consents(tables),
        order=ConsentOrder(tables),
        carrier=carrier,
        introduction=Introduction(Consents(tables), texts),
        keeping=Keeping(
            tables,
            engine,
            texts,
            window_tokens=settings.assistant.window_tokens,
            message_days=settings.assistant.message_days,
        ),
        message_days=settings.assistant.message_days,
    )


def _carrier(settings: ResponderSettings, secret: JsonSecret) -> Carrier:
    return Carrier(
        secret,
        api_url=settings.carrier_api_url,
        timeout_seconds=settings.send_timeout_seconds,
        messaging_service_sid=settings.messaging_service_sid,
    )
