"""Texts that no webhook saw: the carrier is asked, and what has no receipt is accepted.

By the same function as every text.
The carrier's own retries cover little, so this is what keeps promise 1 through an outage of ours.
Owns which messages of a listing are new. Reserved words found here are recorded but not answered:
an answer that late would be a riddle. The listing has the carrier's times, so it also settles in
which order STOPs and STARTs were sent, those that webhooks brought included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from conversation import observability
from conversation.deadline import Deadline
from messaging.accept import Acceptor
from messaging.acceptance import CONSENT, DEFERRED, Acceptance
from messaging.inbound import InboundText
from texting.carrier_outcomes import CarrierMessage, CarrierUnavailableError
from texting.consent import Consent, ConsentWord

_INBOUND = "inbound"
_STILL_COMING = "receiving"


class Listing(Protocol):
    """What is needed of the carrier."""

    def list_inbound(self, sender: str, since: int) -> list[CarrierMessage]:
        """List what came in to one of our addresses, newest first."""


def list_and_accept(
    carrier: Listing,
    acceptor: Acceptor,
    wake: Callable[[str, str], None],
    *,
    senders: Sequence[str],
    since: int,
    deadline: Deadline,
) -> int:
    """Accept the texts since then that have no receipt, the oldest of them first.

    Args:
        carrier: Lists messages.
        acceptor: Accepts texts.
        wake: Wakes a conversation; takes it and the `MessageSid`.
        senders: Our addresses, with `whatsapp:` where they have it.
        since: Epoch milliseconds; a look-back far shorter than a receipt's life.
        deadline: No text is begun after it; the next run finds the rest.

    Returns:
        How many texts were accepted.
    """
    accepted = 0
    for sender in senders:
        try:
            listed = carrier.list_inbound(sender, since)
        except CarrierUnavailableError as error:
            observability.count("ListingFailed")
            observability.logger().warning("listing failed", extra={"why": str(error)})
            continue
        words: dict[str, list[tuple[InboundText, ConsentWord]]] = defaultdict(list)
        # Listed newest first; accepted in the order they were sent, which is the inbox's order.
        for message in reversed(listed):
            if deadline.expired:
                return accepted
            if message.direction == _INBOUND and message.status != _STILL_COMING:
                inbound = _inbound(message)
                new, word = _accept(acceptor, wake, inbound)
                accepted += new
                if word is not None:
                    words[inbound.number].append((inbound, word))
        _settle(acceptor, words.values())
    return accepted


def _accept(
    acceptor: Acceptor, wake: Callable[[str, str], None], inbound: InboundText
) -> tuple[bool, ConsentWord | None]:
    """Accept one text if it is new. One that fails keeps no other waiting.

    Returns:
        Whether it was new, and what it says of consent.
    """
    acceptance: Acceptance | None = None
    try:
        receipt = acceptor.receipt(inbound)
        if receipt is None:
            acceptance = acceptor.accept(inbound)
            if acceptance.effect in {CONSENT, DEFERRED}:
                receipt = acceptor.receipt(inbound)
    except Exception as error:  # noqa: BLE001  the next run tries it again, the others come first
        extra = {"message_sid": inbound.sid, **observability.describe(error)}
        observability.logger().error("not accepted from the listing", extra=extra)
        return False, None
    if acceptance is not None and acceptance.wakes:
        _wake(wake, acceptance.conversation, inbound.sid)
    word = None
    if receipt is not None and "consent" in receipt and inbound.sent_at is not None:
        word = ConsentWord(inbound.sid, Consent(receipt["consent"]), inbound.sent_at)
    return acceptance is not None and not acceptance.duplicate, word


def _settle(
    acceptor: Acceptor, addresses: Iterable[Sequence[tuple[InboundText, ConsentWord]]]
) -> None:
    """Put each address's words of consent into order; one that fails is for the next run."""
    for said in addresses:
        try:
            acceptor.settle(said[0][0], [word for _, word in said])
        except Exception as error:  # noqa: BLE001  as above
            observability.logger().warning(
                "consent not settled", extra=observability.describe(error)
            )


def _wake(wake: Callable[[str, str], None], conversation: str, sid: str) -> None:
    """Wake a conversation at once; where that fails the sweep does, for its text is due."""
    try:
        wake(conversation, sid)
    except Exception as error:  # noqa: BLE001  the texts after it are to be accepted
        extra = {"conversation": conversation, **observability.describe(error)}
        observability.logger().warning("not woken from the listing", extra=extra)


def _inbound(message: CarrierMessage) -> InboundText:
    return InboundText(
        sid=message.sid,
        sender=message.to,
        address=message.sender,
        text=message.body,
        media=message.media,
        sent_at=message.created_at,
    )
