"""Where a reply may go: to the address that its route names, if that is the person's, and no other.

An address that was opened was sealed for its item; but whoever has the public half can seal one. So
it is held against the route, which is bound to it, and against the person whose conversation it is.
"""

from __future__ import annotations

from collections.abc import Callable

from conversation import observability
from conversation.codec import CodecError
from conversation.persons import Persons, address_hash, route_of
from conversation.reply_to import ReplyTo
from conversation.tables import Tables
from conversation.turns import Turn, Turns, turn_sk
from texting.screening import WHATSAPP


class ForeignAddressError(CodecError):
    """A reply address is not that of its route, or not of the person whose conversation it is."""


class Recipients:
    """Says whether a reply may go to an address.

    Args:
        tables: The tables.
        address_key: Gives the stack's address key.
    """

    def __init__(self, tables: Tables, address_key: Callable[[], bytes]) -> None:
        self._address_key = address_key
        self._persons = Persons(tables)
        self._turns = Turns(tables)

    def require_route(self, reply_to: ReplyTo, route: str, conversation: str, sk: str) -> None:
        """See that an address is the one that its route names; reads nothing.

        Args:
            reply_to: The address, as it was opened.
            route: The route of the item that it was opened from.
            conversation: The item's conversation.
            sk: The item's sort key.

        Raises:
            ForeignAddressError: It is not; counted.
            SecretError: The address key cannot be had now.
        """
        sender, number = reply_to.get("from", ""), number_of(reply_to)
        if not number or route_of(sender, number, self._address_key()) != route:
            raise _foreign(conversation, sk)

    def require(
        self, reply_to: ReplyTo, route: str, person: str | None, conversation: str, sk: str
    ) -> None:
        """See that an address is that of its route and of the person; one strong read.

        Args:
            reply_to: The address, as it was opened.
            route: The route of the item that it was opened from.
            person: Whose the conversation is; None for nobody's, where nothing may go.
            conversation: The item's conversation.
            sk: The item's sort key.

        Raises:
            ForeignAddressError: It is not; counted.
            SecretError: The address key cannot be had now.
        """
        self.require_route(reply_to, route, conversation, sk)
        owners = self._persons.owners(address_hash(number_of(reply_to), self._address_key()))
        if person not in owners:
            raise _foreign(conversation, sk)

    def of_turn(self, turn: Turn, person: str | None, *, proved: bool) -> ReplyTo:
        """Where the reply of a turn goes.

        Args:
            turn: The turn.
            person: Whose its conversation is.
            proved: Whether this worker has just seen that the address is the person's.

        Raises:
            CodecError: The address cannot be read, or a reply may not go there.
            SecretError: The address key cannot be had now.
        """
        reply_to, sk = self._turns.address(turn), turn_sk(turn.id)
        if proved:
            self.require_route(reply_to, turn.route, turn.conversation, sk)
        else:
            self.require(reply_to, turn.route, person, turn.conversation, sk)
        return reply_to


def number_of(reply_to: ReplyTo) -> str:
    """The number of an address, whatever channel it is on."""
    return reply_to.get("to", "").removeprefix(WHATSAPP)


def _foreign(conversation: str, sk: str) -> ForeignAddressError:
    observability.count("ForeignAddress")
    extra = {"conversation": conversation, "item": sk}
    observability.logger().error("foreign address", extra=extra)
    return ForeignAddressError("the address is not that of its route and person")
