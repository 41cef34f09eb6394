"""After a call: one text that offers to remember it.

What an unproved caller said does not enter a person's memory: only who holds the phone gets this
text and can say KEEP. Owns when the offer is made, and when it is not.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.codec import CodecError
from conversation.deadline import Deadline
from conversation.endings import told
from conversation.keys import Keys
from conversation.meta import Claim, Meta
from conversation.persons import contact_of
from conversation.tables import ConditionFailedError, Tables
from conversation.texts import TIME, Texts
from conversation.turn import Engine, Reply
from messaging.introduction import Introduction
from messaging.keeps import Keeps
from texting.after_call import AFTER_CALL, AfterCall, AfterCalls
from texting.consent import Consents
from texting.recipients import Recipients


class Offering:
    """Offers to remember calls.

    Args:
        tables: The tables.
        engine: Commits the text.
        recipients: Says whether a text may go to an address.
        introduction: What a person is told before our first text.
        texts: The fixed sentences.
        offers_per_day: Most offers a day and person.
        time_zone: Of the time that the text says.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        engine: Engine,
        recipients: Recipients,
        introduction: Introduction,
        texts: Texts,
        *,
        offers_per_day: int = 3,
        time_zone: str = "UTC",
        clock: Clock = time.time,
    ) -> None:
        self._engine = engine
        self._recipients = recipients
        self._introduction = introduction
        self._texts = texts
        self._most = offers_per_day
        self._zone = time_zone
        self._clock = clock
        self._consents = Consents(tables)
        self._calls = AfterCalls(tables, clock)
        self._keeps = Keeps(tables, clock)
        self._keys = Keys(tables, clock)

    def due(self, meta: Meta) -> AfterCall | None:
        """The call that is to be offered now: nothing is open in it, and nothing waits.

        A call that is to be offered to nobody is over: its note goes.

        Raises:
            KeyLostError: `meta` and `keys` differ for good.
        """
        contact = contact_of(meta.conversation)
        call = self._calls.read(meta.conversation) if contact else None
        if contact is None or call is None:
            return None
        if call.generation != meta.generation:
            self._keys.require_agreement(meta.conversation)  # else FORGET deletes it
            return None
        if call.due_at > milliseconds(self._clock):
            return None
        if self._may(meta.whose, contact, call):
            return call
        self._calls.end(call)
        return None

    def offer(self, claim: Claim, call: AfterCall, deadline: Deadline) -> Reply | None:
        """Commit the text that makes the offer; None when it may not be made any longer.

        Raises:
            LeaseLostError: Somebody else has the turn now.
        """
        person, contact = claim.whose or "", contact_of(claim.conversation) or ""
        standing = self._consents.standing(person, call.route)
        opening = self._introduction.opening(claim, standing)
        ending = told(self._texts.after_call.replace(TIME, said_time(call.started_at, self._zone)))
        seals = self._keys.seals(claim.conversation, claim.generation)
        items = [
            self._calls.ending(call),
            self._keeps.offering(person, call, contact, seals),
            self._keeps.counting(person, self._most),
        ]
        if opening is not None:
            ending, items = ending.after(opening.words), [*items, *opening.items]
        try:
            reply_to = self._calls.address(call)
            self._recipients.require(
                reply_to, call.route, claim.whose, call.conversation, AFTER_CALL
            )
            return self._engine.commit(
                claim, ending, items, reply_to=reply_to, stages={}, deadline=deadline
            )
        except (CodecError, ConditionFailedError):
            # The call has gone on, or another offer of today was faster, or the note is broken.
            self._calls.end(call)
            return None

    def _may(self, person: str | None, contact: str, call: AfterCall) -> bool:
        if person is None or self._most <= 0 or self._consents.opted_out(person, call.route):
            return False
        if self._keeps.read(person, contact) or not self._keeps.has_room(person, self._most):
            return False
        return self._engine.may_spend(call.conversation)


def said_time(at: int, time_zone: str) -> str:
    """A time of day as a text says it, such as "15:02", with the zone where that is UTC.

    Args:
        at: Epoch milliseconds.
        time_zone: A name of the time zone database; where that is not installed, UTC.
    """
    try:
        zone = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = UTC
    said = f"{datetime.fromtimestamp(at / MILLISECONDS, zone):%H:%M}"
    return f"{said} UTC" if zone is UTC else said
