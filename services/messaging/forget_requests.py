"""FORGET by text: asked for, confirmed with a code from our reply, then begun (rule 16).

A sender can be forged, and a forger does not see our reply: only who holds the phone can confirm.
Owns the code and the item `forget` in `people`, which holds no code: it is made of the stack's
address key and the asking message's id, so that a repeated delivery is answered with the same one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conversation.clocks import DAY_SECONDS, MILLISECONDS, Clock, milliseconds
from conversation.forgotten import asking
from conversation.items import SCHEMA, Item
from conversation.persons import person_key
from conversation.tables import Action, Tables, put
from conversation.texts import CODE, Texts
from messaging.forget_words import CODE_DIGITS, ForgetVocabulary
from messaging.inbound import InboundText

VALID_SECONDS: Final = 600
"""How long a code confirms."""
TRIES: Final = 5
"""Wrong codes a day, after which none confirms: a guess hits one time in 2,000."""

_SK: Final = "forget"
_DAY_MS: Final = DAY_SECONDS * MILLISECONDS


@dataclass(frozen=True)
class ForgetStep:
    """What a message about forgetting leads to.

    Attributes:
        confirmed: Whether it begins.
        reply: What to answer.
        actions: Further writes of its acceptance.
    """

    confirmed: bool
    reply: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class _Request:
    """The `forget` item of a person.

    Attributes:
        by: The message that asked.
        at: Epoch milliseconds of it; 0 once it was confirmed.
        tries: Wrong codes since `since`.
        since: Epoch milliseconds.
    """

    by: str = ""
    at: int = 0
    tries: int = 0
    since: int = 0

    def is_open(self, now: int) -> bool:
        """Whether its code can confirm."""
        return now - self.at <= VALID_SECONDS * MILLISECONDS and self.tries < TRIES


class ForgetRequests:
    """Reads messages about forgetting.

    Args:
        tables: The tables.
        texts: The fixed sentences.
        look_after_seconds: When the sweep is to look at a confirmed one that nobody began.
        clock: Epoch seconds.
        languages: Whose words are read, beside English.
    """

    def __init__(
        self,
        tables: Tables,
        texts: Texts,
        look_after_seconds: float,
        clock: Clock,
        languages: Iterable[str] = (),
    ) -> None:
        self._tables = tables
        self._vocabulary = ForgetVocabulary(languages)
        self._texts = texts
        self._look_after_seconds = look_after_seconds
        self._clock = clock

    def step(
        self, inbound: InboundText, person: str, others: Sequence[str], key: bytes
    ) -> ForgetStep | None:
        """What a message leads to; None when it is conversation. One read, if it is not.

        Args:
            inbound: The message.
            person: Who wrote it.
            others: Whom the address stood for lately: they are forgotten with the person.
            key: The stack's address key.
        """
        words = self._vocabulary.read(inbound.text)
        if words is None:
            return None
        now, held = milliseconds(self._clock), self._read(person)
        request = held or _Request()
        if now - request.since > _DAY_MS:
            request = replace(request, tries=0, since=now)
        if words.code is None:
            return self._ask(inbound, person, held, request, key)
        if held is None:
            return None  # Nobody asked: "forget 2020" is something to talk about.
        if request.is_open(now) and hmac.compare_digest(words.code, _code(key, person, request.by)):
            used = self._write(person, held, replace(request, at=0))
            return ForgetStep(
                True, self._texts.forgetting, (used, *self._begun(inbound, person, others))
            )
        missed = replace(request, tries=request.tries + 1)
        return ForgetStep(False, self._texts.forget_wrong, (self._write(person, held, missed),))

    def _ask(
        self,
        inbound: InboundText,
        person: str,
        held: _Request | None,
        request: _Request,
        key: bytes,
    ) -> ForgetStep:
        now = milliseconds(self._clock)
        if request.tries >= TRIES:
            return ForgetStep(False, self._texts.forget_wrong, ())
        by = request.by if request.is_open(now) else inbound.sid
        reply = self._texts.forget_ask.replace(CODE, _code(key, person, by))
        return ForgetStep(
            False, reply, (self._write(person, held, replace(request, by=by, at=now)),)
        )

    def _begun(self, inbound: InboundText, person: str, others: Sequence[str]) -> Iterator[Action]:
        for one in (person, *others):
            yield from asking(
                self._tables,
                person_key(one),
                by=inbound.sid,
                at=milliseconds(self._clock),
                look_after_seconds=self._look_after_seconds,
            )

    def _read(self, person: str) -> _Request | None:
        item = self._tables.get(self._tables.people, person_key(person), _SK)
        if item is None or item["expires_at"] <= self._clock():
            return None
        return _Request(**{name: item[name] for name in _Request.__dataclass_fields__})

    def _write(self, person: str, seen: _Request | None, now: _Request) -> Action:
        """Replace the item as it was read: of two messages at once the second is read again."""
        item: Item = {
            "pk": person_key(person),
            "sk": _SK,
            **now.__dict__,
            # Longer than a day after the last try, so that tries are not forgiven early.
            "expires_at": int(self._clock()) + 2 * DAY_SECONDS,
            "schema": SCHEMA,
        }
        if seen is None:
            expired = {":now": int(self._clock())}
            condition = "attribute_not_exists(pk) OR expires_at <= :now"
            return put(self._tables.people, item, condition=condition, values=expired)
        values = {":by": seen.by, ":at": seen.at, ":tries": seen.tries}
        condition = "#by = :by AND #at = :at AND tries = :tries"
        return put(self._tables.people, item, condition=condition, values=values)


def _code(key: bytes, person: str, by: str) -> str:
    """The code of a request: nobody without the stack's key can compute it."""
    digest = hmac.new(key, f"forget {person} {by}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
