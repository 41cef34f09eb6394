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
import messaging.answering
import messaging.waking
import texting.delivery
import texting.reconciliation
import texting.tracking
from conversation.allowances import Allowances
from conversation.erasing import _Asked
from conversation.forgetting import Forgetting
from conversation.keys import Keys
from conversation.lease import Lease
from conversation.messages import Messages
from conversation.switch import Position, Switch
from conversation.tables import delete
from messaging.accept import Acceptor
from messaging.acceptance import Acceptance
from texting.consent import Consents, Standing
from texting.delivery import Delivery
from texting.inbox import Inbox

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


EPOCH = "epoch = :epoch AND "
EXISTS = "attribute_not_exists(pk)"

receipt = drops(Acceptor, "_receipt", EXISTS)
duplicates_wake = becomes(
    Acceptance, "wakes", property(lambda self: self.effect == "inbox" and not self.duplicate)
)
consent_is_newer = drops(Consents, "changing", "attribute_not_exists(#at) OR #at < :at")
yes_only_when_out = becomes(Consents, "opted_out", lambda *_: True)
accept_generation = drops(Keys, "condition", "generation = :generation")
claim_epoch = drops(conversation.lease, "update", EPOCH)
commit_epoch = drops(Lease, "committing", EPOCH)
lease_runs = becomes(Lease, "busy_seconds", lambda *_: 0.0)
release_epoch = drops(Lease, "_fenced", EPOCH)
sending_epoch = drops(Lease, "sending", EPOCH, "generation = :generation AND ")
commit_inbox = drops(Inbox, "taking", "attribute_exists(pk)")
commit_sequence = both(
    drops(Lease, "committing", "#sequence = :sequence AND "), drops(Messages, "putting", EXISTS)
)
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
key_lost = drops(conversation.keys, "update", "attribute_not_exists(generation)")
forget_epoch = drops(conversation.forgetting, "update", EPOCH)
forget_key_generation = becomes(Inbox, "_end_forgotten", _deletes_whatever_is_foreign)
copies_first = becomes(_Asked, "erase", _asks_nobody)
send_under_way = becomes(Forgetting, "_left_to_do", _knows_no_send(Forgetting._left_to_do))
generation_skipped = becomes(Messages, "_is_current", lambda *_: True)
eraser_notes = drops(conversation.erasing, "update", "attribute_exists(pk)")
code_compared = becomes(hmac, "compare_digest", lambda *_: True)
binding = becomes(conversation.codec, "binding", lambda *_: b"anything")
