"""Which persons of a stack a number or an id means, and what is theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cli.problems import CommandError
from cli.stack_secrets import read_address_key
from cli.target import Target
from conversation.keys import conversations_of
from conversation.persons import Persons, address_hash, person_key

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_NOISE = re.compile(r"[\s().-]")


@dataclass(frozen=True)
class Subject:
    """Whom a command is about.

    Attributes:
        persons: Person ids: who has the address now, then whom it stood for before a long silence.
        hashed: The address's hash; None when the person was named by id.
    """

    persons: tuple[str, ...]
    hashed: str | None = None

    def conversations(self, target: Target) -> list[str]:
        """Their conversations, each once."""
        found: dict[str, None] = {}
        for person in self.persons:
            for conversation in (person_key(person), *conversations_of(target.tables, person)):
                found[conversation] = None
        return list(found)


def find_subject(target: Target, number: str | None, person: str | None) -> Subject:
    """Find whom the options mean.

    Args:
        target: The stack.
        number: A phone number, or the id by which WhatsApp names somebody without one.
        person: A person id, as in `person#01J…`.

    Raises:
        CommandError: Not exactly one was given, or nobody is known by it.
    """
    if (number is None) == (person is None):
        raise CommandError("whom do you mean?", "pass --number +13035550111 or --person 01J…")
    if person is not None:
        return _by_id(target, person.removeprefix("person#"))
    address = _NOISE.sub("", (number or "").removeprefix("whatsapp:"))
    if address.lstrip("+").isdecimal() and not _NUMBER.fullmatch(address):
        raise CommandError(f"{number} is no number in full", "begin with + and the country's code")
    hashed = address_hash(address, read_address_key(target))
    known = Persons(target.tables).known(hashed)
    if known is None:
        raise CommandError(f"nobody has written from {number}", "check --stack and the number")
    others = (other for other in (known.former, known.beside) if other)
    return Subject((known.person, *others), hashed)


def _by_id(target: Target, person: str) -> Subject:
    if not target.tables.query(target.tables.people, person_key(person), "", limit=1):
        raise CommandError(f"there is no person {person}", "ids are in `dialtone status` and logs")
    return Subject((person,))
