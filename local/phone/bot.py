"""A Lex V2 bot as the program declares it, as far as playing it needs.

The provisioner fills it in; ``local.phone.lex`` runs it. Owns the shape and nothing of either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FALLBACK = "AMAZON.FallbackIntent"


@dataclass(frozen=True)
class BotMessage:
    """Something the bot itself says.

    Attributes:
        content: Words, or SSML.
        content_type: ``PlainText`` or ``SSML``.
    """

    content: str
    content_type: str = "PlainText"


# Each group is said, by one of its alternatives (``message`` and ``variations``).
MessageGroups = tuple[tuple[BotMessage, ...], ...]


@dataclass(frozen=True)
class Progress:
    """What is said while the hook works (``fulfillmentUpdatesSpecification``).

    Attributes:
        start: Said once, ``start_delay_seconds`` after the hook began.
        update: Said again and again, every ``update_every_seconds``.
        timeout_seconds: How long the hook may take in place of 30 s.
    """

    start: MessageGroups
    start_delay_seconds: float
    update: MessageGroups
    update_every_seconds: float
    timeout_seconds: float


@dataclass(frozen=True)
class Intent:
    """An intent of one locale.

    Attributes:
        name: As the flow branches on it and the hook names it.
        utterances: Sample utterances; a fallback has none.
        parent_signature: ``AMAZON.FallbackIntent`` on the fallback.
        fulfillment_hook: Whether the hook is asked.
        initial_response: Said when the intent is matched, while the hook works.
        progress: Said while the hook works; None for nothing.
    """

    name: str
    utterances: tuple[str, ...] = ()
    parent_signature: str = ""
    fulfillment_hook: bool = False
    initial_response: MessageGroups = ()
    progress: Progress | None = None

    @property
    def is_fallback(self) -> bool:
        """Whether it takes what no other intent matches."""
        return self.parent_signature == FALLBACK


@dataclass(frozen=True)
class BotLocale:
    """One language of a bot, with what the alias says about it.

    Attributes:
        id: Such as ``en_US``.
        intents: In the order declared.
        confidence_threshold: Below it an intent is not matched.
        hook_arn: Function that the alias names for this locale; empty for none.
        enabled: Whether the alias serves this locale.
    """

    id: str
    intents: tuple[Intent, ...]
    confidence_threshold: float = 0.4
    hook_arn: str = ""
    enabled: bool = True

    @property
    def fallback(self) -> Intent:
        """The intent that takes everything else.

        Raises:
            LookupError: There is none; Lex would not build such a locale.
        """
        for intent in self.intents:
            if intent.is_fallback:
                return intent
        raise LookupError(f"locale {self.id} has no intent based on {FALLBACK}")


@dataclass(frozen=True)
class Bot:
    """A bot behind one alias.

    Attributes:
        id: Of the bot.
        name: Of the bot.
        version: That the alias points at.
        alias_id: Of the alias.
        alias_name: Of the alias.
        alias_arn: What a contact flow names.
        locales: By locale id.
    """

    id: str
    name: str
    version: str
    alias_id: str
    alias_name: str
    alias_arn: str
    locales: Mapping[str, BotLocale] = field(default_factory=dict)
