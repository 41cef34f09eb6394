"""The carrier as FORGET sees it: somebody who holds copies."""

from __future__ import annotations

from conversation import observability
from conversation.erasing import CopiesUnavailableError
from texting.carrier import Carrier
from texting.carrier_outcomes import CarrierUnavailableError


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
            observability.logger().warning("copies not deleted", extra={"why": str(error)})
            raise CopiesUnavailableError(str(error)) from error
