"""The carrier's own opt-out on long codes: its words and its answers.

Owns Twilio's default word lists and sentences; what we record of them is the messaging service's.
Source: Twilio, "Twilio support for opt-out keywords (SMS STOP filtering)".
"""

from __future__ import annotations

from enum import StrEnum

from local.carrier.message import WHATSAPP

_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_HELP = frozenset({"HELP", "INFO"})


class OptOut(StrEnum):
    """What a reserved word asks of the carrier."""

    STOP = "stop"
    START = "start"
    HELP = "help"


ANSWERS = {
    OptOut.STOP: (
        "You have successfully been unsubscribed. You will not receive any more messages from "
        "this number. Reply START to resubscribe."
    ),
    OptOut.START: (
        "You have successfully been re-subscribed to messages from this number. Reply HELP for "
        "help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    OptOut.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def reserved_word(from_: str, body: str) -> OptOut | None:
    """What the carrier reads in a text; nothing on WhatsApp, which it leaves to the account."""
    if from_.startswith(WHATSAPP):
        return None
    word = body.strip().upper()
    if word in _STOP:
        return OptOut.STOP
    if word in _START:
        return OptOut.START
    return OptOut.HELP if word in _HELP else None
