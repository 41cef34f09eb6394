"""Offers to text an answer that a call cannot wait for (protocol rule 18).

Owns when an offer may be made and what becomes of a yes, a no and neither. The held words
themselves are `texting.held`'s.
"""

from __future__ import annotations

import time
from typing import Final

from conversation import observability
from conversation.clocks import Clock, expiry, milliseconds
from conversation.deadline import Deadline
from conversation.exchange import Late
from conversation.keys import ForgottenError, Keys
from conversation.meta import Claim
from conversation.outcomes import DeliveryState, Outcome
from conversation.tables import Action, ConditionFailedError, Tables
from conversation.turns import Turn, Turns
from texting.held import Held, Release, held_sid
from texting.wakeups import Wakeups
from voice.callers import Caller, Callers

LAPSE_SECONDS: Final = 1.0
"""How long a caller's answer may wait for the words of an offer that they passed over."""

_GENERATION: Final = 0


class Offers:
    """Makes offers and keeps them.

    Args:
        tables: The tables.
        callers: Says who can be sent a text.
        held: Holds the words.
        wakeups: Wakes the conversation whose words were released.
        receipt_days: How long a second yes is recognised.
        turn_days: Lifetime of a turn's record.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        callers: Callers,
        held: Held,
        wakeups: Wakeups,
        receipt_days: int,
        turn_days: int,
        clock: Clock = time.time,
    ) -> None:
        self._tables = tables
        self._callers = callers
        self._held = held
        self._wakeups = wakeups
        self._receipt_days = receipt_days
        self._turn_days = turn_days
        self._clock = clock
        self._keys = Keys(tables, clock)
        self._turns = Turns(tables)

    def late(self, claim: Claim, caller: Caller, words: str, offer: str) -> Late | None:
        """What a turn ends in whose answer is late; None when the caller cannot be texted."""
        if not self._callers.textable(caller):
            return None
        return Late(offer, (self._holding(caller, claim.turn.id, words, claim.generation),))

    def instead(self, caller: Caller, generation: str, turn_id: str, words: str) -> Turn | None:
        """Offer without a claim, while the caller's conversation answers one of their texts.

        Returns:
            The turn of that id: the offer, or what another delivery of the utterance came to
            meanwhile. None when the caller cannot be texted.

        Raises:
            ForgottenError: The conversation was forgotten meanwhile.
        """
        if not self._callers.textable(caller):
            return None
        turn = Turn(
            conversation=caller.conversation,
            id=turn_id,
            generation=generation,
            outcome=Outcome.OFFERED,
            route=caller.route or "",
            messages=[],
            inbox=[],
            attempts=0,
            created_at=milliseconds(self._clock),
            expires_at=expiry(self._clock, self._turn_days),
            delivery=DeliveryState.SPOKEN,
        )
        turn = self._turns.sealed(turn, {}, words)
        actions = [
            self._keys.condition(caller.conversation, generation),
            self._turns.putting(turn),
            self._holding(caller, turn_id, words, generation),
        ]
        try:
            self._tables.transact(actions)
        except ConditionFailedError as error:
            if error.failed(_GENERATION):
                raise ForgottenError(caller.conversation) from error
            return self._turns.read(caller.conversation, turn_id)
        return turn

    def accept(self, caller: Caller, turn_id: str) -> Release | None:
        """The caller said yes: the words become a text of theirs.

        Returns:
            What became of them; None when the caller cannot be texted any longer: then they go.
        """
        if caller.person is None or not self._callers.textable(caller):
            self.decline(caller, turn_id)
            return None
        release = self._held.release(
            caller.conversation,
            caller.person,
            contact=caller.contact,
            turn=turn_id,
            receipt_days=self._receipt_days,
        )
        if release.wakes:
            self._wakeups.send(caller.conversation, held_sid(caller.contact, turn_id))
        return release

    def decline(self, caller: Caller, turn_id: str) -> None:
        """The caller said no: the words go."""
        self._held.drop(caller.conversation, contact=caller.contact, turn=turn_id)

    def lapse(self, number: str, contact: str, turn_id: str, deadline: Deadline) -> None:
        """The caller said neither: the words go if the store lets them, else they expire.

        Args:
            number: The caller's, as Connect writes it.
            contact: The call.
            turn_id: The turn that was offered.
            deadline: When the reply to what they said instead must be there.
        """
        try:
            with deadline.attempt(LAPSE_SECONDS):
                self.decline(self._callers.resolve(number, contact), turn_id)
        except Exception as error:  # noqa: BLE001  they have been answered: that is spoken
            extra = {"turn": turn_id, **observability.describe(error)}
            observability.logger().warning("held words left to expire", extra=extra)

    def _holding(self, caller: Caller, turn_id: str, words: str, generation: str) -> Action:
        return self._held.holding(
            caller.conversation,
            contact=caller.contact,
            turn=turn_id,
            text=words,
            route=caller.route or "",
            reply_to=caller.reply_to,
            seals=self._keys.seals(caller.conversation, generation),
        )
