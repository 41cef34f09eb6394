"""What a claimed turn replies: an answer, notes of a call, a stop, or words set aside unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conversation.codec import CodecError
from conversation.deadline import Deadline
from conversation.keys import KeyBrokenError
from conversation.meta import Claim
from conversation.reply_to import ReplyTo
from conversation.turn import Engine, Reply
from messaging.introduction import Introduction
from messaging.keeping import Keeping
from messaging.profile import PROFILE, incoming
from texting.consent import Consents, Standing
from texting.consent_order import Asked, ConsentOrder
from texting.inbox import Inbox
from texting.recipients import Recipients
from texting.waiting_text import OpenedText, WaitingText

SET_ASIDE_AFTER = 3
"""Claims after which a takeover sets the text aside (protocol rule 7)."""


class Replying:
    """Makes the reply of a turn and commits it, each in one commit.

    Args:
        inbox: Opens what waits.
        recipients: Says whether a reply may go to an address.
        engine: Answers claimed turns.
        consents: Who has opted out.
        order: Settles which of a STOP and a START was sent last.
        carrier: Knows when they were sent.
        introduction: What a person is told before their first reply.
        keeping: Answers those who ask that a call be remembered.
        message_days: How long a text that was set aside is kept.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        recipients: Recipients,
        engine: Engine,
        consents: Consents,
        order: ConsentOrder,
        carrier: Asked,
        introduction: Introduction,
        keeping: Keeping,
        message_days: int,
    ) -> None:
        self._inbox = inbox
        self._recipients = recipients
        self._engine = engine
        self._consents = consents
        self._order = order
        self._carrier = carrier
        self._introduction = introduction
        self._keeping = keeping
        self._message_days = message_days

    def reply(
        self,
        claim: Claim,
        texts: Sequence[WaitingText],
        stages: dict[str, int],
        deadline: Deadline,
    ) -> Reply:
        """Answer, remember, stop or set aside.

        Raises:
            CodecError: A text or its address cannot be read, or a reply may not go there.
            LeaseLostError: Somebody else has the turn now.
            StoreBusyError: The store did not answer within the deadline.
        """
        conversation, route = claim.conversation, texts[0].route
        # `meta` names the route too, but only an item's own is bound to what is sealed in it.
        claim = replace(claim, turn=replace(claim.turn, route=route))
        if claim.turn.attempts > SET_ASIDE_AFTER:
            aside = [
                self._inbox.setting_aside(conversation, text, self._message_days) for text in texts
            ]
            address = self._address(claim, texts[0])
            return self._engine.set_aside(claim, aside, reply_to=address, deadline=deadline)
        taking = self._inbox.taking(conversation, texts)
        standing = self._standing(claim)
        if standing.opted_out:
            address = self._inbox.reply_to(conversation, texts[-1])
            self._recipients.require(address, route, claim.whose, conversation, texts[-1].sk)
            return self._engine.stop(claim, taking, reply_to=address, deadline=deadline)
        opened = self._opened(claim, texts)
        heard = [
            incoming(text, sealed.received_at) for text, sealed in zip(opened, texts, strict=True)
        ]
        reply_to, opening = opened[-1].reply_to, self._introduction.opening(claim, standing)
        if (call := texts[0].keeps) is not None:
            return self._keeping.reply(
                claim,
                call,
                heard,
                taking,
                reply_to=reply_to,
                stages=stages,
                opening=opening,
                deadline=deadline,
            )
        return self._engine.answer(
            claim,
            heard,
            PROFILE,
            deadline,
            taking,
            reply_to=reply_to,
            stages=stages,
            opening=opening,
        )

    def _standing(self, claim: Claim) -> Standing:
        """How the person stands; a START that waits for its time is settled before it is read."""
        person, route = claim.whose or "", claim.turn.route
        standing = self._consents.standing(person, route)
        if not (standing.opted_out and standing.start_by):
            return standing
        self._order.ask(person, route, self._carrier)
        return self._consents.standing(person, route)

    def _opened(self, claim: Claim, texts: Sequence[WaitingText]) -> list[OpenedText]:
        """The texts of a turn. Before the memory is read: a reply may go where they say."""
        opened = [self._inbox.open(claim.conversation, text) for text in texts]
        for one, text in zip(opened, texts, strict=True):
            self._recipients.require_route(one.reply_to, text.route, claim.conversation, text.sk)
        last, address = texts[-1], opened[-1].reply_to
        self._recipients.require(address, last.route, claim.whose, claim.conversation, last.sk)
        return opened

    def _address(self, claim: Claim, text: WaitingText) -> ReplyTo | None:
        """Where to apologise; None when there is no address that a reply may go to."""
        try:
            address = self._inbox.reply_to(claim.conversation, text)
            self._recipients.require(address, text.route, claim.whose, claim.conversation, text.sk)
        except KeyBrokenError:
            raise
        except CodecError:
            return None
        return address
