"""What must hold of one person's conversation, checked at every single write.

The ledger sees each change of the store in the order in which they were made, and knows what the
person wrote. It holds its own view of the memory, the counters and the consent, computed from
these, and names each invariant that a write breaks.
"""

from __future__ import annotations

from collections import Counter

from conversation.items import Item
from conversation.outcomes import Outcome
from messaging.acceptance import CONSENT, DEFERRED, FORGET, INBOX
from tests.services.ledger_commits import OTHERS, Commits
from tests.services.ledger_state import Said, ViolationError
from tests.services.stepped_store import Change
from texting.consent import DELIVERY_MS

__all__ = ["OTHERS", "Ledger", "Said", "ViolationError"]


class Ledger(Commits):
    """The model, which looks at each write."""

    def wrote(self, changes: list[Change]) -> None:
        """One write of the store, single or a transaction."""
        self.writes += 1
        # A call whose proof FORGET took speaks in a conversation of its own.
        changes = [one for one in changes if not one.pk.startswith("call#")]
        day = next((one.sk for one in changes if one.sk.startswith("usage#2")), self.day)
        if day != self.day:
            self.day, self.used = day, Counter()
        for change in changes:
            ghost = change.after is not None and "schema" not in change.after
            self.require(not ghost, "no ghosts", change)
        turns = [one for one in changes if one.sk.startswith("turn#") and one.before is None]
        for change in changes:
            kind = change.table.partition("-")[0]
            {"people": self._people, "conversations": self._conversation, "keys": self._key}[kind](
                change, changes
            )
        messages = [one for one in changes if one.sk.startswith("message#")]
        if turns and turns[0].after:
            self._commit(turns[0].after, messages, changes)
        else:
            self._other_messages(messages)
        self._count(changes)

    def _people(self, change: Change, changes: list[Change]) -> None:
        if change.sk.startswith("receipt#") and change.after:
            self.require(change.before is None, "each message is accepted once", change.sk)
            self._accepted(self.said[change.sk.removeprefix("receipt#")], change.after, changes)
        elif change.sk.startswith("consent#") and change.after:
            route = change.sk.removeprefix("consent#")
            out = change.after.get("state") == "out"
            if not any(one.sk.startswith("receipt#") for one in changes) and _is_word(change):
                self._settled(change.after, route)
            self.require(out == self.out.get(route, False), "consent is the latest word", out)

    def _accepted(self, said: Said, receipt: Item, changes: list[Change]) -> None:
        said.accepted, said.effect = self.writes, receipt["effect"]
        if said.effect == INBOX:
            put = next(one for one in changes if one.sk.startswith("inbox#") and one.after)
            item: Item = put.after or {}
            said.sk, said.route, said.generation = put.sk, item["route"], item["generation"]
            living = said.generation == self.generation
            self.require(living, "a text is sealed to the living key", said)
        elif said.effect == DEFERRED:
            self.channels |= {
                one.sk.removeprefix("consent#"): said.channel for one in _routes(changes)
            }
        elif said.effect == CONSENT:
            agreed = said.words.upper() != "YES" or any(self.changes_of_mind.values())
            self.require(agreed, "YES is conversation", said)
            for route in [one.sk.removeprefix("consent#") for one in _routes(changes)]:
                self.channels[route] = said.channel
                self._changes_mind(said, route)
        elif said.effect == FORGET:
            self.require(said.confirms, "FORGET is confirmed", said)

    def _changes_mind(self, said: Said, route: str) -> None:
        at = said.sent_at
        if at is not None and at < self.consent_at.get(route, 0):
            self.require(False, "consent is the latest word", said)
            return
        self.consent_at[route] = at or self.now()
        self.out[route] = said.words.split()[0] == "STOP"
        self.changes_of_mind[route] += 1

        if not self.out[route]:
            self._lifts(said)

    def _lifts(self, start: Said) -> None:
        """A START counts: no STOP that was accepted on its channel was sent after it.

        One that takes longer than the carrier's retries do is put right by the listing.
        """
        late = self.now() - start.said_at > DELIVERY_MS
        newer = [one for one in self._words(start.channel) if one.said_at >= start.said_at]
        stops = [one for one in newer if one.words == "STOP"]
        self.require(late or not stops, "a START lifts no later STOP", (start, stops))

    def _settled(self, item: Item, route: str) -> None:
        """The carrier's times decided: then a START was certainly sent after every STOP."""
        word, out = self.said[item["by"]], item["state"] == "out"
        stops = [
            one
            for one in self._words(word.channel)
            if one.words == "STOP" and one.said_at >= word.said_at
        ]
        self.require(out or not stops, "a START lifts no later STOP", (word, stops))
        self.changes_of_mind[route] += out != self.out.get(route, False)
        self.out[route] = out

    def _words(self, channel: str) -> list[Said]:
        """The words of consent that were accepted there."""
        return [
            one
            for one in self.said.values()
            if one.channel == channel and one.effect in {CONSENT, DEFERRED}
        ]

    def last_words(self) -> dict[str, bool]:
        """By route, whether the last word that the person sent there is a STOP."""
        found = {}
        for route, channel in self.channels.items():
            last = max(self._words(channel), key=lambda one: (one.said_at, one.words == "STOP"))
            found[route] = last.words == "STOP"
        return found

    def _conversation(self, change: Change, changes: list[Change]) -> None:
        if change.sk == "meta":
            self._meta(change)
        elif change.sk.startswith("inbox#"):
            self._inbox(change, changes)
        elif change.sk.startswith("turn#"):
            self._turn(change)
        elif change.sk.startswith("message#"):
            self.require(change.before is None or change.after is None, "no number twice", change)
            gone = change.before is not None and change.after is None
            living = gone and change.before["generation"] == self.generation  # type: ignore[index]  # gone says so
            self.require(self.clears or not living, "the memory is what was said", change)
            self.memory = [] if living else self.memory
        elif change.sk.startswith("forget#") and change.after:
            self.require("pending_at" in change.after, "what waits is in the index", change)

    def _meta(self, change: Change) -> None:
        before, after = change.before or {}, change.after or {}
        self.require(bool(after), "meta stays", change)
        old, new = before.get("open_turn") or {}, after.get("open_turn") or {}
        rises = after.get("epoch", 0) > before.get("epoch", 0)
        self.require(after.get("epoch", 0) >= before.get("epoch", 0), "the epoch rises", change)
        moved = (
            old.get("token") != new.get("token")
            or before.get("lease_until", 0) != after.get("lease_until", 0)
            or (old.get("state"), new.get("state")) == ("claimed", "answered")
        )
        self.require(rises or not moved, "the epoch rises", change)
        self.require(("pending_at" in after) == bool(new), "what waits is in the index", change)
        if new and new.get("token") != old.get("token"):
            self._claimed(before, old, new)
        if new.get("state") == "sending" and new.get("sending_at") != old.get("sending_at"):
            self._announced(new)

    def _claimed(self, before: Item, old: Item, new: Item) -> None:
        free = before.get("lease_until", 0) <= self.writers_now()
        self.require(free, "a lease is not taken while it runs", before)
        left = "-" in old.get("id", "") and old["state"] == "claimed"  # by a call that died
        kept = not old or old["id"] == new["id"] or left
        self.require(kept, "an open turn is finished first", (old, new))
        route = new["route"]
        self.claims[new["id"]] = (self.out.get(route, False), self.changes_of_mind[route])

    def _announced(self, opened: Item) -> None:
        turn = self.turns.get(opened["id"], {})
        self.announced.setdefault(opened["id"], []).append(self.now())
        self.require(not self.out.get(opened["route"]), "no send begins after STOP", opened)
        living = turn.get("generation") == self.generation and self.generation is not None
        self.require(living, "nothing forgotten is said", opened)

    def _inbox(self, change: Change, changes: list[Change]) -> None:
        after = change.after
        if "held" in (after or {}):
            self._held(change, changes)
            return
        if after is not None:
            known = self.said.get(after.get("sid", ""))
            once = known is None or known.sk in {"", change.sk}
            self.require(once, "each message is accepted once", change)
            due = "pending_at" in after and "pending_shard" in after
            self.require(due == ("set_aside_at" not in after), "what waits is in the index", change)
            return
        if "held" in (change.before or {}):
            return  # "No", other words, or FORGET: they were never accepted.
        taken = {sk for one in changes if one.after for sk in one.after.get("inbox", ())}
        if change.sk in taken or self.ended.get(change.sk) == Outcome.SET_ASIDE:
            return
        old = (change.before or {}).get("generation") != self.generation
        self.require(old, "each text ends in one way", change)
        self._end(change.sk, Outcome.FORGOTTEN)

    def _held(self, change: Change, changes: list[Change]) -> None:
        """Words of a call that wait for a yes, with the turn that offers to take them."""
        item: Item = change.after or {}
        self.require("pending_at" not in item, "nothing held is looked for", change)
        offers = [one.after for one in changes if one.sk.startswith("turn#") and one.after]
        self.require(bool(offers) and change.before is None, "what is held was offered", change)
        known = self.said.get(item["sid"])
        again = known is not None and known.generation == item["generation"]
        self.require(not again, "words are held once", change)
        words, generation = self.heard(offers[0]), item["generation"]
        self.said[item["sid"]] = Said(words, began=self.uttered[words], generation=generation)

    def _turn(self, change: Change) -> None:
        turn, item = change.sk.removeprefix("turn#"), change.after
        if item is None:
            return
        self.turns[turn] = item
        self.require(item.get("resent", 0) <= 1, "a send is repeated once", item)
        for sid in item.get("carrier_sids", ()):
            self.require(self.sid_is_of(sid, turn), "a turn holds its own sends", item)

    def _key(self, change: Change, changes: list[Change]) -> None:
        old = {one.sk: one.before or {} for one in changes}.get("meta", {}).get("generation")
        if change.after is None:
            self.forgotten.add((change.before or {})["generation"])
            self.generation, self.memory = None, []
            return
        new = change.after["generation"]
        fresh = new not in self.forgotten and old is None and change.before is None
        self.require(fresh, "a key is never replaced silently", change)
        known = self.said.get(self.writer().removeprefix("deliver "))
        late = known is not None and known.accepted is not None
        self.require(not late, "a late retry makes no key", known)
        self.generation = new


def _routes(changes: list[Change]) -> list[Change]:
    """The consents among the changes."""
    return [one for one in changes if one.sk.startswith("consent#")]


def _is_word(change: Change) -> bool:
    """Whether a consent has another word, or another time of it."""
    before, after = change.before or {}, change.after or {}
    return any(before.get(name) != after.get(name) for name in ("state", "by", "at"))
