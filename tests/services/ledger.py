"""What must hold of one person's conversation, checked at every single write.

The ledger sees each change of the store in the order in which they were made, and knows what the
person wrote. It holds its own view of the memory, the counters and the consent, computed from
these, and names each invariant that a write breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conversation.items import Item
from conversation.outcomes import Outcome
from conversation.texts import Texts
from messaging.acceptance import CONSENT, FORGET, INBOX
from messaging.profile import segments
from tests.services.stepped_store import Change

_SAYS = {Outcome.ANSWERED, Outcome.APOLOGISED}
_TEXTS = Texts()
OTHERS = "other:"
"""How what another program writes begins."""

_BEGIN_MS = 2000
_COUNTED = ("turns", "refused", "segments", "input_tokens", "output_tokens")


class ViolationError(AssertionError):
    """An invariant is broken.

    Attributes:
        invariant: Which.
    """

    def __init__(self, invariant: str, how: str) -> None:
        super().__init__(f"{invariant}: {how}")
        self.invariant = invariant


@dataclass
class Said:
    """Something that the person sent.

    Attributes:
        words: What it says.
        channel: "whatsapp:", or empty for SMS.
        began: When its first delivery began, in writes of the store.
        accepted: When it was accepted.
        sk: Its place in the inbox.
        route: On which route.
        generation: The key that it was sealed to.
        effect: What its receipt says.
        confirms: Whether it holds the code that our reply told.
        sent_at: The carrier's time, when that was told.
    """

    words: str
    channel: str = ""
    began: int | None = None
    accepted: int | None = None
    sk: str = ""
    route: str = ""
    generation: str = ""
    effect: str = ""
    confirms: bool = False
    sent_at: int | None = None


@dataclass
class Ledger:
    """The model.

    Attributes:
        said: By the carrier's id, what the person sent.
        opened: Opens a stored message, apart from every fault.
        now: The true time in epoch milliseconds.
        turns_a_day: The person's allowance; 0 for none.
        clears: Whether another program may delete messages.
    """

    opened: Callable[[Item], str]
    now: Callable[[], int]
    writers_now: Callable[[], int]
    turns_a_day: int = 0
    said: dict[str, Said] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    memory: list[tuple[str, str]] = field(default_factory=list)
    numbers: int = 0
    generation: str | None = None
    forgotten: set[str] = field(default_factory=set)
    out: dict[str, bool] = field(default_factory=dict)
    consent_at: dict[str, int] = field(default_factory=dict)
    changes_of_mind: Counter[str] = field(default_factory=Counter)
    introduced: set[str] = field(default_factory=set)
    used: Counter[str] = field(default_factory=Counter)
    turns: dict[str, Item] = field(default_factory=dict)
    announced: dict[str, list[int]] = field(default_factory=dict)
    sends: Counter[str] = field(default_factory=Counter)
    claims: dict[str, tuple[bool, int]] = field(default_factory=dict)
    clears: bool = False
    deaths: int = 0
    writes: int = 0
    day: str = ""
    sid_is_of: Callable[[str, str], bool] = lambda _sid, _turn: True
    violations: list[ViolationError] = field(default_factory=list)

    def require(self, held: bool, invariant: str, how: object = "") -> None:  # noqa: FBT001
        """Note a violation; a worker's own `except` must not swallow it."""
        if not held:
            self.violations.append(ViolationError(invariant, str(how)))

    def wrote(self, changes: list[Change]) -> None:
        """One write of the store, single or a transaction."""
        self.writes += 1
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

    def send_begins(self, turn: str) -> None:
        """A worker is about to ask the carrier for a send."""
        self.sends[turn] += 1
        announced = self.announced.get(turn, [])
        self.require(self.sends[turn] <= len(announced), "each send is announced", turn)
        late = not announced or self.now() - announced[-1] > _BEGIN_MS
        self.require(not late, "a send begins in time", turn)

    def words_of(self, sk: str) -> str:
        """What the text in this place of the inbox says."""
        return next(one.words for one in self.said.values() if one.sk == sk)

    def waiting(self) -> list[Said]:
        """What was accepted and has not ended."""
        return [one for one in self.said.values() if one.sk and one.sk not in self.ended]

    def _people(self, change: Change, changes: list[Change]) -> None:
        if change.sk.startswith("receipt#") and change.after:
            self.require(change.before is None, "each message is accepted once", change.sk)
            self._accepted(self.said[change.sk.removeprefix("receipt#")], change.after, changes)
        elif change.sk.startswith("consent#") and change.after:
            route = change.sk.removeprefix("consent#")
            out = change.after.get("state") == "out"
            self.require(out == self.out.get(route, False), "consent is the latest word", out)

    def _accepted(self, said: Said, receipt: Item, changes: list[Change]) -> None:
        said.accepted, said.effect = self.writes, receipt["effect"]
        if said.effect == INBOX:
            put = next(one for one in changes if one.sk.startswith("inbox#") and one.after)
            item: Item = put.after or {}
            said.sk, said.route, said.generation = put.sk, item["route"], item["generation"]
            living = said.generation == self.generation
            self.require(living, "a text is sealed to the living key", said)
        elif said.effect == CONSENT:
            agreed = said.words.upper() != "YES" or any(self.changes_of_mind.values())
            self.require(agreed, "YES is conversation", said)
            routes = [one.sk.removeprefix("consent#") for one in changes if "consent#" in one.sk]
            for route in routes:
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
        kept = not old or old["id"] == new["id"]
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
        if after is not None:
            known = self.said.get(after.get("sid", ""))
            once = known is None or known.sk in {"", change.sk}
            self.require(once, "each message is accepted once", change)
            due = "pending_at" in after and "pending_shard" in after
            self.require(due == ("set_aside_at" not in after), "what waits is in the index", change)
            return
        taken = {sk for one in changes if one.after for sk in one.after.get("inbox", ())}
        if change.sk in taken or self.ended.get(change.sk) == Outcome.SET_ASIDE:
            return
        old = (change.before or {}).get("generation") != self.generation
        self.require(old, "each text ends in one way", change)
        self._end(change.sk, Outcome.FORGOTTEN)

    def _turn(self, change: Change) -> None:
        turn, item = change.sk.removeprefix("turn#"), change.after
        if item is None:
            return
        self.turns[turn] = item
        self.require(item.get("resent", 0) <= 1, "a send is repeated once", item)
        for sid in item.get("carrier_sids", ()):
            self.require(self.sid_is_of(sid, turn), "a turn holds its own sends", item)

    def _end(self, sk: str, outcome: str) -> None:
        self.require(sk not in self.ended, "each text ends in one way", (sk, outcome))
        self.ended[sk] = outcome

    def _commit(self, turn: Item, messages: list[Change], changes: list[Change]) -> None:
        outcome, inbox = Outcome(turn["outcome"]), turn.get("inbox", [])
        self._in_order(inbox)
        for sk in inbox:
            self._end(sk, outcome)
        said = [one for one in self.said.values() if one.sk in inbox]
        one_route = all(one.route == turn["route"] for one in said)
        self.require(one_route, "a turn has one route", (turn, said))
        self.require(turn["generation"] == self.generation, "nothing forgotten is said", turn)
        self._decided(turn["sk"].removeprefix("turn#"), outcome)
        expected = self._expected(outcome, [self.words_of(sk) for sk in inbox], turn)
        found = [(one.after["role"], self.opened(one.after)) for one in messages if one.after]
        self._append(messages)
        if not (outcome is Outcome.REFUSED and not found):
            self.require(found == expected, "the memory is what was said", (found, expected))
        self.memory += found
        self._use(turn, outcome, found[-1][1] if found else "")

    def _in_order(self, inbox: list[str]) -> None:
        self.require(inbox == sorted(inbox), "texts are taken in order", inbox)
        taken = [one for one in self.said.values() if one.sk in inbox]
        for one in self.waiting():
            before = [late for late in taken if (one.accepted or 0) < (late.began or 0)]
            skipped = one.sk not in inbox and before and one.generation == self.generation
            self.require(not skipped, "texts are taken in order", (one, before))

    def _decided(self, turn: str, outcome: Outcome) -> None:
        """That the outcome was the right one for who asked."""
        out, since = self.claims[turn]
        route = self.turns[turn]["route"]
        unchanged = since == self.changes_of_mind[route]
        wrong = unchanged and out == (outcome in {*_SAYS, Outcome.REFUSED})
        self.require(not wrong or outcome is Outcome.SET_ASIDE, "an opted-out person's texts stop")
        if self.turns_a_day and outcome in {*_SAYS, Outcome.REFUSED}:
            spent = self.used["turns"] >= self.turns_a_day
            self.require(spent == (outcome is Outcome.REFUSED), "an allowance is kept", outcome)
        early = outcome is Outcome.SET_ASIDE and self.deaths < 3
        self.require(not early, "only what breaks its turn is set aside", self.deaths)

    def _expected(self, outcome: Outcome, words: list[str], turn: Item) -> list[tuple[str, str]]:
        if outcome is Outcome.STOPPED:
            return []
        if outcome is Outcome.SET_ASIDE:
            return [("ai", _TEXTS.set_aside)]
        heard = [("human", one) for one in words] if outcome is not Outcome.REFUSED else []
        heard_before = [text for role, text in self.memory if role == "human"]
        # Another program may have written since the model was asked.
        everything = [one for one in heard_before if not one.startswith(OTHERS)] + words
        reply = {
            Outcome.ANSWERED: "re " + ",".join(everything),
            Outcome.APOLOGISED: _TEXTS.apology,
            Outcome.REFUSED: _TEXTS.refused,
        }[outcome]
        if turn["route"] not in self.introduced and turn.get("messages"):
            self.introduced.add(turn["route"])
            reply = f"{_TEXTS.introduction}\n\n{reply}"
        return [*heard, ("ai", reply)]

    def _append(self, messages: list[Change]) -> None:
        numbers = sorted(int(one.sk.partition("#")[2]) for one in messages if one.after)
        expected = list(range(self.numbers, self.numbers + len(numbers)))
        self.require(numbers == expected, "numbers have no gap and no repeat", numbers)
        self.numbers += len(numbers)

    def _other_messages(self, messages: list[Change]) -> None:
        """Another program wrote to the memory, or FORGET deletes."""
        put = [one for one in messages if one.after]
        self._append(put)
        self.memory += [(one.after["role"], self.opened(one.after)) for one in put if one.after]

    def _use(self, turn: Item, outcome: Outcome, reply: str) -> None:
        self.used["refused" if outcome is Outcome.REFUSED else "turns"] += 1
        self.used["segments"] += segments(reply)
        self.used["input_tokens"] += turn.get("input_tokens", 0)
        self.used["output_tokens"] += turn.get("output_tokens", 0)

    def _count(self, changes: list[Change]) -> None:
        """Counters, which one transaction writes with what they count."""
        usage: list[Any] = [one for one in changes if one.sk.startswith("usage#2") and one.after]
        for one in usage:
            found = {name: one.after.get(name, 0) for name in _COUNTED}
            expected = {name: self.used[name] for name in _COUNTED}
            self.require(found == expected, "counters are what was committed", (found, expected))
        turns = [one for one in changes if one.sk.startswith("turn#") and one.before is None]
        self.require(len(usage) == len(turns), "counters are what was committed", "not counted")

    def _key(self, change: Change, changes: list[Change]) -> None:
        old = {one.sk: one.before or {} for one in changes}.get("meta", {}).get("generation")
        if change.after is None:
            self.forgotten.add((change.before or {})["generation"])
            self.generation, self.memory = None, []
            return
        new = change.after["generation"]
        fresh = new not in self.forgotten and old is None and change.before is None
        self.require(fresh, "a key is never replaced silently", change)
        self.generation = new
