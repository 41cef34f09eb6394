"""The carrier of the local stack: Twilio played both ways, with real signatures and real shapes.

``Carrier`` is the account; ``carrier_app`` is its API. Owns everything the carrier does to us and
for us; it knows no table and no function of ours.
"""

from local.carrier.book import MessagingService, PhoneNumber
from local.carrier.exchange import (
    ACCOUNT_SID,
    Carrier,
    UnknownNumberError,
)
from local.carrier.faults import SENTENCES, CarrierFaults, Fault
from local.carrier.message import Attempt, Direction, Message
from local.carrier.reports import Pace
from local.carrier.rest import carrier_app
from local.carrier.webhooks import Delivery, WebhookSender

__all__ = [
    "ACCOUNT_SID",
    "SENTENCES",
    "Attempt",
    "Carrier",
    "CarrierFaults",
    "Delivery",
    "Direction",
    "Fault",
    "Message",
    "MessagingService",
    "Pace",
    "PhoneNumber",
    "UnknownNumberError",
    "WebhookSender",
    "carrier_app",
]
