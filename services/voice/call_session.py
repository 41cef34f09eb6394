"""What Lex carries from one utterance of a call to the next, as its session attributes.

Names and numbers only: nothing of the conversation, and no secret. Whoever calls cannot write
them; a hook's retry repeats them, so that they name the utterance.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NEXT: Final = "next"
"""What the flow is to do when the dialog has ended: `GOODBYE`, `AGENT`, or `NOTHING`."""
GOODBYE: Final = "goodbye"
AGENT: Final = "agent"
NOTHING: Final = "none"

_CONTACT: Final = re.compile(r"[0-9A-Za-z-]{8,64}")
_TURN: Final = re.compile(rf"{_CONTACT.pattern}-[0-9]{{4,}}")
_LONGEST_COUNTER: Final = 4
_LONGEST_TIME: Final = 13
_COUNTERS: Final = {"turn": 1, "silences": 0, "unclear": 0, "more": 0, "failures": 0}


@dataclass
class CallSession:
    """The state of a call between two utterances.

    Attributes:
        contact: The call.
        number: The caller's number as Connect writes it; anything at all.
        turn: Number of the next turn.
        silences: How often in a row nothing was said.
        unclear: How often in a row nothing was understood.
        more: How many pieces of the last answer were spoken, when some are left.
        failures: How often in a row we failed.
        offer: Id of the turn whose words are held until a yes.
        started_at: Epoch milliseconds of the call's first utterance; 0 before it.
        locale_told: Whether the caller was told that we do not speak the locale's language.
        others: The attributes that are not ours.
    """

    contact: str
    number: str
    turn: int = 1
    silences: int = 0
    unclear: int = 0
    more: int = 0
    failures: int = 0
    offer: str = ""
    started_at: int = 0
    locale_told: bool = False
    others: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, attributes: Mapping[str, str], session: str = "") -> CallSession:
        """Read the attributes; what is missing or damaged begins anew.

        Args:
            attributes: As Lex sent them.
            session: Lex's session id: stands in for a contact id that the flow did not pass.
        """
        contact = attributes.get("contactId", "")
        if not _CONTACT.fullmatch(contact):
            named = (contact or session).encode("utf-8", "replace")
            contact = hashlib.sha256(named).hexdigest()[:32]
        offer = attributes.get("offer", "")
        counters = {
            name: _number(attributes.get(name, ""), first) or first
            for name, first in _COUNTERS.items()
        }
        return cls(
            contact=contact,
            number=attributes.get("callerNumber", ""),
            offer=offer if _TURN.fullmatch(offer) else "",
            started_at=_number(attributes.get("callStarted", ""), 0, _LONGEST_TIME),
            locale_told=attributes.get("locale", "") == "told",
            others=dict(attributes),
            **counters,
        )

    def attributes(self, then: str = NOTHING) -> dict[str, str]:
        """All attributes, for Lex forgets what it is not given back.

        Args:
            then: What the flow is to do once the dialog has ended.
        """
        ours = {
            "turn": str(self.turn),
            "silences": str(self.silences),
            "unclear": str(self.unclear),
            "more": str(self.more),
            "failures": str(self.failures),
            "offer": self.offer,
            "callStarted": str(self.started_at) if self.started_at else "",
            "locale": "told" if self.locale_told else "",
            NEXT: then,
        }
        kept = {name: value for name, value in self.others.items() if name not in ours}
        return kept | {name: value for name, value in ours.items() if value not in {"", "0"}}

    def turn_id(self, number: int) -> str:
        """Id of a turn of this call: the same for each retry of its utterance."""
        return f"{self.contact}-{number:04d}"


def _number(text: str, first: int, digits: int = _LONGEST_COUNTER) -> int:
    """A whole number of so many digits; what is none, or longer, counts as absent."""
    is_number = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if is_number else first
