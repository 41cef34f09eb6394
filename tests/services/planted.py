"""Guards of the protocol, planted out: a condition that is dropped, a check that is skipped."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import conversation.codec
import conversation.committing
import conversation.erasing
import conversation.forgetting
import conversation.keys
import conversation.lease
import messaging.accept
import messaging.answering
import messaging.waking
import texting.consent
import texting.delivery
import texting.reconciliation
import texting.tracking
from conversation.allowances import Allowances
from conversation.committing import Commits
from conversation.deadline import Deadline
from conversation.erasing import Erasing, _Asked
from conversation.forgetting import Forgetting
from conversation.history import DynamoDBHistory
from conversation.keys import Keys
from conversation.lease import Lease
from conversation.messages import Messages
from conversation.sealing import Seals
from conversation.switch import Position, Switch
from conversation.tables import check, delete
from conversation.turns import Turns
from conversation.unconfirmed import Unconfirmed
from messaging.acceptance import Acceptance
from messaging.answering import Answering
from messaging.receipts import Receipts
from texting.consent import Consent, Consents, ConsentWord, Standing
from texting.consent_order import ConsentOrder
from texting.delivery import Delivery
from texting.held import Held
from texting.inbox import Inbox
from voice.call_turn import CallTurns

Plant = Callable[[pytest.MonkeyPatch], None]


def drops(owner: Any, name: str, *texts: str, sets: str = "") -> Plant:
    """Plant that drops text from the conditions that a method or function makes.

    Args:
        owner: A class, or the module that has a builder of actions in its namespace.
        name: Which method or function.
        texts: What is dropped.
        sets: Text to drop from the update itself instead.
    """

    def plant(patch: pytest.MonkeyPatch) -> None:
        original = getattr(owner, name)

        def planted(*args: Any, **kwargs: Any) -> Any:
            made = original(*args, **kwargs)
            for action in _actions(made):
                _drop(action, texts, sets)
            return made

        patch.setattr(owner, name, planted)

    return plant


def _actions(made: Any) -> Iterator[dict[str, Any]]:
    """The actions in whatever a builder returns."""
    if isinstance(made, dict):
        yield from (part for part in made.values() if isinstance(part, dict))
    elif isinstance(made, list | tuple):
        for one in made:
            yield from _actions(one)


def _drop(action: dict[str, Any], texts: tuple[str, ...], sets: str) -> None:
    if sets:
        action["UpdateExpression"] = action["UpdateExpression"].replace(sets, "")
    condition = action.get("ConditionExpression", "")
    for text in texts:
        condition = condition.replace(text, "")
    if condition.strip():
        action["ConditionExpression"] = condition
    else:
        action.pop("ConditionExpression", None)


def becomes(owner: Any, name: str, value: Any) -> Plant:
    """Plant that replaces something altogether."""
    return lambda patch: patch.setattr(owner, name, value)


def both(*plants: Plant) -> Plant:
    """Plants that have to be there together: each of the guards covers for the other."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for one in plants:
            one(patch)

    return plant


def _deletes_whatever_is_foreign(
    self: Inbox, conversation: str, _generation: str | None, found: list[str]
) -> None:
    for sk in found:
        self._tables.write(delete(self._tables.conversations, conversation, sk))


def _asks_nobody(self: _Asked, sid: str) -> bool:
    del self, sid
    return True


def _knows_no_send(original: Any) -> Any:
    def left_to_do(self: Forgetting, *args: Any) -> Any:
        return replace(original(self, *args), sending=None)

    return left_to_do


def _counts_no_attempt(original: Any) -> Any:
    def take(self: Lease, meta: Any, turn: Any, seconds: float) -> Any:
        return original(self, meta, replace(turn, attempts=0), seconds)

    return take


def _begins_anew(self: Answering, meta: Any) -> Any:
    return self._begin(meta, Deadline.after(30, self._clock))


class _Everything(tuple[str, ...]):
    """The texts of a turn, which has all that wait."""

    __slots__ = ()

    def __contains__(self, _sk: object) -> bool:
        return True


def _takes_everything(original: Any) -> Any:
    def take_over(self: Lease, *args: Any) -> Any:
        claim = original(self, *args)
        return replace(claim, turn=replace(claim.turn, inbox=_Everything(claim.turn.inbox)))

    return take_over


def _takes_what_is_there(self: Commits, claim: Any, _turn: Any, _error: Any) -> Any:
    meta = self._lease.read(claim.conversation)
    return replace(claim, epoch=meta.epoch, sequence=meta.sequence)


class _WhateverIsStored(bytes):
    """A public half that equals every other."""

    __slots__ = ()

    def __eq__(self, _other: object) -> bool:
        return True

    def __ne__(self, _other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


def _checks_nothing(table: str, pk: str, _sk: str, **_: Any) -> Any:
    return check(table, pk, "nothing", condition="attribute_not_exists(pk)")


def _erases_texts_first(original: Any) -> Any:
    def erase(self: Erasing, forgotten: Any, deadline: Any) -> Any:
        self._erase_heard(forgotten, _Asked(self._copies), deadline)
        return original(self, forgotten, deadline)

    return erase


def _lifts_whenever_sent(self: ConsentOrder, person: str, route: str, _carrier: Any) -> None:
    seen = self._consents.recorded(person, route)
    if seen is not None:
        self._take(person, route, seen, ConsentWord(seen.start_by, Consent.IN, seen.at + 1))


EPOCH = "epoch = :epoch AND "
EXISTS = "attribute_not_exists(pk)"

receipt = drops(Receipts, "put_action", EXISTS)
duplicates_wake = becomes(
    Acceptance, "wakes", property(lambda self: self.effect == "inbox" and not self.duplicate)
)
consent_is_newer = drops(Consents, "changing", texting.consent.START_IS_NEWER)
start_waits = becomes(texting.consent, "DELIVERY_MS", 0)
listing_settles = becomes(ConsentOrder, "settle", lambda *_: None)
start_compared = becomes(ConsentOrder, "ask", _lifts_whenever_sent)
yes_only_when_out = becomes(Consents, "opted_out", lambda *_: True)
key_generation = drops(Keys, "condition", "generation = :generation")
meta_names = becomes(Keys, "conditions", lambda *place: [Keys.condition(*place)])
accept_generation = both(key_generation, meta_names)
claim_epoch = drops(conversation.lease, "update", EPOCH)
commit_epoch = drops(Lease, "committing", EPOCH)
lease_runs = becomes(Lease, "busy_seconds", lambda *_: 0.0)
release_epoch = drops(Lease, "_fenced", EPOCH)
sending_epoch = drops(Lease, "sending", EPOCH)
# FORGET raises the epoch, and closes the turn that was open: each of the three fences it off.
_FORGOTTEN = (EPOCH, "generation = :generation AND ", "open_turn.id = :turn")
sending_generation = drops(Lease, "sending", *_FORGOTTEN)
commit_generation = both(
    drops(Lease, "committing", EPOCH, " AND generation = :generation", " AND open_turn.id = :turn"),
    drops(Inbox, "taking", "attribute_exists(pk)"),
)
finished_first = becomes(Answering, "_finish", _begins_anew)
frozen = becomes(Lease, "take_over", _takes_everything(Lease.take_over))
read_again = becomes(Commits, "_read_again", _takes_what_is_there)
commit_inbox = drops(Inbox, "taking", "attribute_exists(pk)")
commit_sequence = both(
    drops(Lease, "committing", "#sequence = :sequence AND "), drops(Messages, "putting", EXISTS)
)
history_sequence = both(
    drops(DynamoDBHistory, "_numbering", "#sequence = :sequence AND "),
    drops(Messages, "putting", EXISTS),
)
history_generation = drops(DynamoDBHistory, "_numbering", " AND generation = :generation")
attempts = becomes(Lease, "_take", _counts_no_attempt(Lease._take))
excused = becomes(messaging.answering, "_EXCUSED", ())
one_route = becomes(messaging.answering, "leading_run", list)
counters = becomes(conversation.committing, "counting", lambda *_, **__: [])
allowance = becomes(Allowances, "spent", lambda *_: None)
claim_is_pending = drops(
    conversation.lease, "update", sets=", pending_shard = :shard, pending_at = :until"
)
sweep_sees = drops(messaging.waking, "update", "pending_at = :seen")
pause = becomes(Switch, "position", lambda *_: Position())
announce_consent = drops(Consents, "required", "attribute_not_exists(#state) OR #state <> :out")
consent_first = becomes(Consents, "standing", lambda *_: Standing(introduced=True))
in_time = becomes(texting.delivery, "BEGIN_SECONDS", 1e9)
reconcile_late = becomes(Delivery, "reconcile_at", lambda *_: 0)
other_turns_sids = becomes(texting.reconciliation, "_held_by_others", lambda *_: set())
one_resend = becomes(texting.delivery, "_RESENDS", 99)
# A report that found its turn compares what it saw there, too.
report_exists = drops(
    texting.tracking,
    "update",
    "attribute_exists(pk) AND #delivery = :seen",
    " AND #carrier_sids = :sids",
    " AND attribute_not_exists(#carrier_sids)",
)
key_lost = drops(conversation.keys, "update", "attribute_not_exists(generation)")
key_is_new = both(drops(conversation.keys, "put", EXISTS), key_lost)
halves_fit = becomes(Seals, "public_key", _WhateverIsStored())
forget_epoch = drops(conversation.forgetting, "update", EPOCH)
forget_key_generation = becomes(Inbox, "_end_forgotten", _deletes_whatever_is_foreign)
copies_first = becomes(_Asked, "erase", _asks_nobody)
send_under_way = becomes(Forgetting, "_left_to_do", _knows_no_send(Forgetting._left_to_do))
lost_answers = becomes(Unconfirmed, "are_in", lambda *_: False)
heard_last = becomes(Erasing, "erase", _erases_texts_first(Erasing.erase))
doubt_first = becomes(Forgetting, "in_doubt_until", lambda *_: None)
late_retry = becomes(messaging.accept, "check", _checks_nothing)
generation_skipped = becomes(Messages, "_is_current", lambda *_: True)
eraser_notes = drops(conversation.erasing, "update", "attribute_exists(pk)")
texts_turn_left = becomes(
    CallTurns, "_taken", lambda self, meta: self._lease.busy_seconds(meta) > 0
)
utterance_known = becomes(Turns, "answers", lambda *_: False)
own_words = becomes(Turns, "answers", lambda *_: True)
spoken_fences = drops(
    Lease, "ending", EPOCH, "open_turn.id = :turn AND ", " AND generation = :generation"
)
spoken_sequence = both(
    drops(Lease, "ending", " AND #sequence = :sequence"), drops(Messages, "putting", EXISTS)
)
offer_generation = key_generation
one_offer = drops(Turns, "putting", EXISTS)
one_yes = both(
    drops(Held, "_receipt", EXISTS),
    drops(Held, "_releasing", "attribute_exists(held) AND expires_at > :today"),
)
code_compared = becomes(hmac, "compare_digest", lambda *_: True)
binding = both(
    becomes(conversation.codec, "binding", lambda *_: b"anything"),
    becomes(conversation.codec, "beside", lambda *_: b""),
)
