"""The carrier as FORGET sees it: somebody who holds copies."""

from __future__ import annotations

from conversation import observability
from conversation.erasing import CopiesUnavailableError
from conversation.reply_to import ReplyTo
from texting.carrier import Carrier
from texting.carrier_outcomes import CarrierUnavailableError
from texting.reconciliation import is_ours


class CarrierCopies:
    """The carrier's copies of what was texted, both ways.

    Args:
        carrier: The carrier.
    """

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def erase(self, sid: str) -> bool:
        """Delete one; False when the carrier has not finished with it.

        Raises:
            CopiesUnavailableError: The carrier cannot be asked now.
        """
        try:
            return self._carrier.erase(sid)
        except CarrierUnavailableError as error:
            raise _unavailable(error) from error

    def sent_back(self, sid: str, since: int, until: int) -> list[str] | None:
        """The ids of what we sent in a time to who sent a message, by the way that it came.

        Returns:
            None when the carrier has the message no longer.

        Raises:
            CopiesUnavailableError: The carrier cannot be asked now.
        """
        try:
            heard = self._carrier.fetch(sid)
            if heard is None:
                return None
            back: ReplyTo = {"from": heard.to, "to": heard.sender}
            listed = self._carrier.list_messages_to(back["to"], since)
        except CarrierUnavailableError as error:
            raise _unavailable(error) from error
        return [
            message.sid
            for message in listed
            if is_ours(message, back, self._carrier) and (message.created_at or since) <= until
        ]


def _unavailable(error: CarrierUnavailableError) -> CopiesUnavailableError:
    observability.logger().warning("copies not deleted", extra={"why": str(error)})
    return CopiesUnavailableError(str(error))
