"""What a person is told once on each route, before their first reply: who answers them."""

from __future__ import annotations

import time

from conversation.clocks import Clock, milliseconds
from conversation.meta import Claim
from conversation.texts import Texts
from conversation.turn import Opening
from texting.consent import Consents, Standing


class Introduction:
    """Says that this is an AI, how to stop it and how to be forgotten.

    Args:
        consents: Remembers on which routes that was said.
        texts: The fixed sentences.
        clock: Epoch seconds.
    """

    def __init__(self, consents: Consents, texts: Texts, clock: Clock = time.time) -> None:
        self._consents = consents
        self._texts = texts
        self._clock = clock

    def opening(self, claim: Claim, standing: Standing) -> Opening | None:
        """What a turn's reply begins with; None when the person knows.

        Noted by the commit of the reply that says it, so that it is said once, and said again only
        when that reply was never committed.
        """
        person = claim.whose
        if standing.introduced or person is None:
            return None
        words = self._texts.introduction
        if standing.asks:
            words = f"{words} {self._texts.returning}"
        noted = self._consents.introducing(person, claim.turn.route, milliseconds(self._clock))
        return Opening(words, (noted,))
