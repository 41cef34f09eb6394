"""What a call flow has for each language: choosing it, and what is set when it is chosen.

Owns how one flow speaks several languages. Connect takes 250 actions, too few to have every block
once for each: the chosen language puts its sentences into the contact's attributes, and the blocks
of the call, there once, say those. With one language its blocks simply say its sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from components.contact_flow.block import Block
from components.contact_flow.blocks import Menu, SetAttributes, SetLanguage, SetVoice
from components.contact_flow.reference import ATTRIBUTE
from components.contact_flow.routing import Loop
from components.contact_flow.words import Words, words_of

FURTHER_ROUNDS = 1
CHOICE_SECONDS = 2
NOTICE = "notice"


@dataclass(frozen=True, kw_only=True)
class SpokenLocale:
    """A language that callers may be spoken to in."""

    locale_id: str
    """The bot's, such as ``en_US``."""
    voice: str
    """A voice of Polly, such as ``Joanna``."""
    engine: str = "neural"
    """``standard``, ``neural`` or ``generative``; the voice has to have it."""
    greeting: str = ""
    """The first words; empty: the language's own."""
    recording_notice: str = ""
    """That the call is recorded, spoken before anything else; empty: nothing is."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Sentences to say instead of the built-in ones, by the names of ``Words``."""

    @property
    def language_code(self) -> str:
        """What Connect calls it: ``en-US``."""
        return self.locale_id.replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class Script:
    """What the blocks of the call say: sentences, or where a chosen language puts them."""

    words: Words
    notice: str
    """That the call is recorded; empty: nothing is said."""


class Language:
    """One of a flow's languages."""

    def __init__(self, locale: SpokenLocale, *, several: bool) -> None:
        """Take a locale.

        Raises:
            ValueError: If there are no words in this language.
        """
        self._locale = locale
        self._several = several
        greeting = {"greeting": locale.greeting} if locale.greeting else {}
        self.script = Script(
            words=words_of(locale.locale_id, {**locale.words, **greeting}),
            notice=locale.recording_notice,
        )

    @property
    def start(self) -> str:
        """Slug of the first block, once the language is chosen."""
        return self.slug("voice")

    def slug(self, name: str) -> str:
        """Slug of a block that every language has."""
        return f"{name}-{self._locale.language_code}" if self._several else name

    def voice(self, then: str) -> SetVoice:
        """Speak this language from here on."""
        return SetVoice(
            voice=self._locale.voice, engine=self._locale.engine, next=then, failed=then
        )

    def opening(self, then: str, spoken: frozenset[str], speechless: str) -> dict[str, Block]:
        """What is set before anything is said.

        Args:
            then: Slug of what follows the notice.
            spoken: Names of the sentences that are looked up.
            speechless: Slug of what follows when they cannot be set.
        """
        then = NOTICE if self.script.notice else then
        known = {**asdict(self.script.words), NOTICE: self.script.notice}
        said = {name: text for name, text in known.items() if name in spoken and text}
        words = self.slug("words")
        after = words if said else then
        blocks: dict[str, Block] = {
            self.start: self.voice(self.slug("locale")),
            self.slug("locale"): SetLanguage(
                language_code=self._locale.language_code, next=after, failed=after
            ),
        }
        if said:
            blocks[words] = SetAttributes(attributes=said, next=then, failed=speechless)
        return blocks


def script_of(languages: Sequence[Language]) -> Script:
    """What the blocks of the call say, which are there once."""
    if len(languages) == 1:
        return languages[0].script
    names = {one.name: f"{ATTRIBUTE}{one.name}" for one in fields(Words)}
    notice = any(one.script.notice for one in languages)
    return Script(words=Words(**names), notice=f"{ATTRIBUTE}{NOTICE}" if notice else "")


def looked_up(blocks: Mapping[str, Block]) -> frozenset[str]:
    """Names of the sentences that blocks say and a language has to set."""
    texts = (str(getattr(block, "text", "")) for block in blocks.values())
    return frozenset(text.removeprefix(ATTRIBUTE) for text in texts if text.startswith(ATTRIBUTE))


def choice(languages: Sequence[Language]) -> dict[str, Block]:
    """Each language asks in its own voice; any key of any of them counts at any time."""
    keys = {str(number): one.start for number, one in enumerate(languages, 1)}
    fallback = languages[0].start
    asks = [one.slug("language-voice") for one in languages]
    blocks: dict[str, Block] = {}
    for number, one in enumerate(languages, 1):
        then = (*asks, "language-rounds")[number]
        blocks[one.slug("language-voice")] = one.voice(one.slug("language"))
        blocks[one.slug("language")] = Menu(
            text=one.script.words.choose_language.replace("{key}", str(number)),
            keys=keys,
            other=then,
            silent=then,
            failed=fallback,
            seconds=CHOICE_SECONDS,
        )
    blocks["language-rounds"] = Loop(times=FURTHER_ROUNDS, again=asks[0], done=fallback)
    return blocks
