"""The meter of every text that leaves outside a turn: replies to reserved words, codes for calls.

Owns whether such a text may be sent (the operator's pause, the stack's and the person's allowances,
a small daily budget of replies for each address) and counts what it costs. The person's own
allowance leaves out no reply on FORGET or STOP: no right is used up. What a turn sends is metered
by the engine; `tests/services/test_ways_out.py` lists every way out and its meter.

The budget is the address's and not the person's: neither FORGET nor a number that changed hands
gives a new one. A forged sender costs at most that many replies a day.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from conversation import observability
from conversation.allowances import Allowances, Limits
from conversation.clocks import DAY_SECONDS, Clock, day_of
from conversation.items import SCHEMA
from conversation.persons import address_key
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Action, Tables, update
from conversation.usage import Used, segments_action
from texting.segments import count

REPLIES_A_DAY: Final = 5
"""Fixed replies a day and address: FORGET, its code, STOP, START and HELP are heard once each."""
WORDS_A_DAY: Final = 3
"""How many of them may answer STOP, START, HELP and CONTINUE. The others are FORGET's, or who asked
for help too often could not be forgotten: without the reply nobody knows the code."""

_KEPT_SECONDS: Final = 2 * DAY_SECONDS


@dataclass(frozen=True)
class FixedReply:
    """A sentence that answers a text at once.

    Attributes:
        text: The sentence.
        on_forgetting: Whether it answers FORGET or a code.
        on_stop: Whether it confirms a STOP.
    """

    text: str
    on_forgetting: bool = False
    on_stop: bool = False

    @property
    def is_due(self) -> bool:
        """Whether the person hears it also when their own allowance is used up."""
        return self.on_forgetting or self.on_stop


class Meter:
    """Says what may be sent, and counts it.

    Args:
        tables: The tables.
        person: What one person may use.
        stack: What all of them together may use.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        person: Limits | None = None,
        stack: Limits | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._switch = Switch(tables, clock)
        self._stack_usage = StackUsage(tables, clock)
        self._allowances = Allowances(
            tables,
            person=person or Limits(),
            stack=stack or Limits(),
            stack_usage=self._stack_usage,
            clock=clock,
        )

    def is_paused(self) -> bool:
        """Say whether the operator has paused the stack."""
        return self._switch.position().paused

    def allows(self, conversation: str, person: str) -> bool:
        """Say whether anything may be sent: no pause, and no allowance that is used up.

        Args:
            conversation: Whose counters are looked at; a call's are others than the person's.
            person: Whose text it is.
        """
        spent = self.is_paused() or self._allowances.spent(conversation, person) is not None
        return _counted(allowed=not spent)

    def allows_reply(self, conversation: str, person: str, reply: FixedReply) -> bool:
        """Say whether a reply may be given, as far as pause and allowances go.

        Args:
            conversation: Whose counters are looked at.
            person: Whose text it answers.
            reply: The reply.
        """
        if not reply.is_due:
            return self.allows(conversation, person)
        return _counted(allowed=not (self.is_paused() or self._allowances.stack_spent()))

    def reply_actions(
        self, hashed: str, conversation: str, person: str, reply: FixedReply
    ) -> list[Action]:
        """Build the part of an acceptance that a reply costs: the address's count, the segments.

        The first fails when the day's replies are used up. Both may create their item.
        """
        names = ("sent",) if reply.on_forgetting else ("sent", "words")
        now = int(self._clock())
        counted = update(
            self._tables.people,
            address_key(hashed),
            f"replies#{day_of(now)}",
            "SET #schema = :schema, expires_at = :expires ADD "
            + ", ".join(f"#{name} :one" for name in names),
            condition=" AND ".join(
                f"(attribute_not_exists(#{name}) OR #{name} < :{name})" for name in names
            ),
            values={
                ":schema": SCHEMA,
                ":expires": now + _KEPT_SECONDS,
                ":one": 1,
                **{
                    f":{name}": {"sent": REPLIES_A_DAY, "words": WORDS_A_DAY}[name]
                    for name in names
                },
            },
        )
        return [counted, self._segments_action(conversation, person, reply.text)]

    def count_stack(self, conversation: str, text: str) -> None:
        """Count a text for the stack, before it is sent: a crash counts too much, never too little.

        Never fails.
        """
        self._stack_usage.count(conversation, Used(segments=count(text).segments))

    def spend(self, conversation: str, person: str, text: str) -> None:
        """Count a text that is about to be sent, for its person and for the stack.

        Raises:
            StoreBusyError: It could not be counted, so it must not be sent.
        """
        self._tables.write(self._segments_action(conversation, person, text))
        self.count_stack(conversation, text)

    def _segments_action(self, conversation: str, person: str, text: str) -> Action:
        segments = count(text).segments
        return segments_action(self._tables, conversation, person, self._clock(), segments)


def _counted(*, allowed: bool) -> bool:
    """Count what is left out."""
    if not allowed:
        observability.count("TextLeftOut")
    return allowed
