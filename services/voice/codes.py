"""The codes by which a caller proves that the phone with the calling number is theirs.

Owns the items `proof#<contact>` of a person and `codes#<day>`, of an address and of the stack. A
code rests only as a keyed hash that is bound to the call, for five minutes. Codes and tries are
counted before they are acted on, in conditional writes, so that two calls at once get no more than
one does.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final

from conversation import observability
from conversation.clocks import DAY_SECONDS, Clock, day_of
from conversation.items import SCHEMA, Item
from conversation.persons import address_key as address_pk
from conversation.persons import person_key, proof_sk
from conversation.stack_usage import STACK
from conversation.tables import Action, ConditionFailedError, Tables, put, update

DIGITS: Final = 6
VALID_SECONDS: Final = 300
"""How long a code proves."""
CODES_A_DAY: Final = 3
STACK_CODES_A_DAY: Final = 100
TRIES_A_DAY: Final = 5

_KEPT_DAYS: Final = 30

# Connect calls its function up to three times in eight seconds when it hears no answer.
_SAME_REQUEST_SECONDS: Final = 10


class Check(enum.StrEnum):
    """What became of a code that was entered."""

    PROVED = "proved"
    WRONG = "wrong"
    EXPIRED = "expired"
    SPENT = "spent"


class CodesSpentError(Exception):
    """The number, or the whole stack, has had its codes for today."""


class Codes:
    """Issues codes and checks them.

    Args:
        tables: The tables.
        address_key: Gives the stack's address key.
        clock: Epoch seconds.
        draw: Gives the digits of a new code.
        stack_codes_a_day: Most codes a day for all numbers together, forged ones included.
    """

    def __init__(
        self,
        tables: Tables,
        address_key: Callable[[], bytes],
        clock: Clock = time.time,
        draw: Callable[[], str] = lambda: f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}",
        *,
        stack_codes_a_day: int = STACK_CODES_A_DAY,
    ) -> None:
        self._tables = tables
        self._address_key = address_key
        self._clock = clock
        self._draw = draw
        self._stack_codes_a_day = stack_codes_a_day

    def issue(self, person: str, hashed: str, contact: str) -> str | None:
        """A new code for a call; it takes the place of an earlier one.

        Returns:
            None when the call was given one just now, or has been proved.

        Raises:
            CodesSpentError: The number, or the whole stack, has had its codes for today.
        """
        now, held = int(self._clock()), self._proof(person, contact)
        if held and ("proved_at" in held or now - held["issued_at"] < _SAME_REQUEST_SECONDS):
            return None
        if not self._counts_code(hashed):
            raise CodesSpentError
        code = self._draw()
        item: Item = {
            "pk": person_key(person),
            "sk": proof_sk(contact),
            "digest": self._digest(person, contact, code),
            "issued_at": now,
            # Longer than it is good for: FORGET finds the carrier's copy of the code by it.
            "expires_at": now + _KEPT_DAYS * DAY_SECONDS,
            "schema": SCHEMA,
        }
        try:
            self._tables.write(
                put(self._tables.people, item, condition="attribute_not_exists(proved_at)")
            )
        except ConditionFailedError:
            return None
        return code

    def sent(self, person: str, contact: str, sid: str) -> None:
        """Note the carrier's id of the text with the code, so that FORGET finds its copy."""
        action = update(
            self._tables.people,
            person_key(person),
            proof_sk(contact),
            "SET #sid = :sid",
            condition="attribute_exists(pk)",
            values={":sid": sid},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return  # Forgotten meanwhile.

    def check(self, person: str, hashed: str, contact: str, code: str) -> Check:
        """Try a code. A call that is proved stays so, whatever is entered then."""
        held = self._proof(person, contact)
        if held and "proved_at" in held:
            return Check.PROVED
        if not self._counted(hashed, "tries", TRIES_A_DAY):
            return Check.SPENT
        now = int(self._clock())
        if held is None or now - held["issued_at"] >= VALID_SECONDS:
            return Check.EXPIRED
        if not hmac.compare_digest(held["digest"], self._digest(person, contact, code)):
            return Check.WRONG
        try:
            self._tables.write(self._proving(person, contact, held["digest"], now))
        except ConditionFailedError:
            return Check.EXPIRED  # Another code took its place, or the person was forgotten.
        return Check.PROVED

    def _proof(self, person: str, contact: str) -> Item | None:
        return _read(self._tables, person, contact, self._clock())

    def _proving(self, person: str, contact: str, digest: str, now: int) -> Action:
        return update(
            self._tables.people,
            person_key(person),
            proof_sk(contact),
            "SET proved_at = :now REMOVE digest",
            condition="digest = :digest",
            values={":now": now, ":digest": digest},
        )

    def _counts_code(self, hashed: str) -> bool:
        """Count one more code of today's, for the number and for the stack, or neither.

        Neither, so that one number which asks again and again does not use up everybody's.
        """
        mine = self._counting(address_pk(hashed), "sent", CODES_A_DAY)
        everybodys = self._counting(STACK, "sent", self._stack_codes_a_day)
        try:
            self._tables.transact([mine, everybodys])
        except ConditionFailedError as error:
            if error.failed(1):
                observability.count("StackCodesSpent")
            return False
        return True

    def _counted(self, hashed: str, what: str, most: int) -> bool:
        """Count one more of today's; False when there is none left."""
        try:
            self._tables.write(self._counting(address_pk(hashed), what, most))
        except ConditionFailedError:
            return False
        return True

    def _counting(self, pk: str, what: str, most: int) -> Action:
        """Count one more, of fewer than `most`, in the day's item, which it may create."""
        now = int(self._clock())
        return update(
            self._tables.people,
            pk,
            f"codes#{day_of(now)}",
            f"SET #schema = :schema, expires_at = :expires ADD #{what} :one",
            condition=f"attribute_not_exists(#{what}) OR #{what} < :most",
            values={
                ":schema": SCHEMA,
                ":expires": now + 2 * DAY_SECONDS,
                ":one": 1,
                ":most": most,
            },
        )

    def _digest(self, person: str, contact: str, code: str) -> str:
        words = f"call {person} {contact} {code}".encode()
        return hmac.new(self._address_key(), words, hashlib.sha256).hexdigest()


def is_proved(tables: Tables, person: str, contact: str, now: float) -> bool:
    """Whether the caller of this call proved that the phone is the person's. One strong read."""
    return "proved_at" in (_read(tables, person, contact, now) or {})


def _read(tables: Tables, person: str, contact: str, now: float) -> Item | None:
    item = tables.get(tables.people, person_key(person), proof_sk(contact))
    return item if item and now - item.get("issued_at", 0) < DAY_SECONDS else None
