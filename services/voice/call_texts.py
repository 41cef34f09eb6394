"""The fixed sentences that a caller may hear, by language, each overridable in the stack's config.

An override is written in the language of the stack's first locale, under the sentence's name with
`spoken_` before it, beside the sentences of texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Final

from conversation.texts import SPOKEN
from voice.translations import TRANSLATIONS

KEYS: Final = "{keys}"
"""Where `help` has what the keys do."""


@dataclass(frozen=True)
class CallTexts:
    """Every sentence of a call that no model wrote.

    Attributes:
        apology: No model answered; the call goes on.
        trouble: Something else of ours failed; nothing was taken in.
        trouble_end: It failed again and again.
        goodbye: The caller leaves.
        silence: Nothing was said.
        silence_end: Nothing was said again and again.
        unclear: Nothing was understood.
        help: What can be said here; `{keys}` stands for what the keys do.
        keys: What the keys do.
        keys_agent: The same, and who wants a human.
        agent: The caller is handed over.
        no_agent: There is no human to hand over to.
        offer: The answer comes too late: shall it be texted?
        late: The answer comes too late, and the number takes no texts.
        busy: A text of theirs is being answered, and the number takes no texts.
        released: The answer will be texted.
        gone: There is nothing left to text.
        declined: The answer will not be texted.
        refused: An allowance is used up; the call ends.
        paused: The operator has paused the stack; the call ends.
        too_long: The call had as many turns as it may have.
        more: The answer was cut; there is more.
        nothing: There is nothing to repeat.
        other_language: We do not speak the language that the flow has chosen.
    """

    apology: str = "Sorry, I cannot answer that right now. Please try again in a moment."
    trouble: str = "Sorry, something went wrong. Please say that again."
    trouble_end: str = "Sorry, something is wrong here. Please call again later. Goodbye."
    goodbye: str = "Goodbye."
    silence: str = "I did not hear anything. What can I do for you?"
    silence_end: str = "I still hear nothing, so I will hang up. Call again any time. Goodbye."
    unclear: str = "Sorry, I did not understand that. Could you say it again?"
    help: str = "I am an AI assistant. Ask me anything, and say goodbye to hang up. {keys}"
    keys: str = "Press 9 to hear my answer again."
    keys_agent: str = "Press 9 to hear my answer again, or 0 to speak to a human."
    agent: str = "I will put you through."
    no_agent: str = "There is nobody here but me, an AI assistant. What can I do for you?"
    offer: str = "This takes me longer than a call allows. Shall I text you the answer?"
    late: str = "Sorry, this takes me longer than a call allows. Please ask me something shorter."
    busy: str = "I am still busy with a text of yours. Please ask me again in a moment."
    released: str = "I will text you the answer. What else can I do for you?"
    gone: str = "Sorry, I no longer have that question. Please ask me again."
    declined: str = "All right, I will not. What else can I do for you?"
    refused: str = "That is all I can answer for today. Please call again tomorrow. Goodbye."
    paused: str = "I cannot answer at the moment. Please call again later. Goodbye."
    too_long: str = "We have talked for very long. Please call again to go on. Goodbye."
    more: str = "There is more; ask me to go on."
    nothing: str = "I have not said anything yet. What can I do for you?"
    other_language: str = "Sorry, I do not speak that language here."

    def help_with(self, *, agents: bool) -> str:
        """What can be said and pressed."""
        return self.help.replace(KEYS, self.keys_agent if agents else self.keys)


@cache
def texts_in(language: str) -> CallTexts:
    """The sentences in a language; in English where it has none."""
    return CallTexts(**TRANSLATIONS.get(language, {}))


class Sentences:
    """The sentences of a stack, with what its config replaces.

    Args:
        overrides: As the stack's config has them; those of texts are not ours.
        language: The language of the first locale, which overrides are written in.

    Raises:
        ValueError: A name is unknown or a sentence is empty.
    """

    def __init__(self, overrides: Mapping[str, str], language: str) -> None:
        ours = {
            name.removeprefix(SPOKEN): text
            for name, text in overrides.items()
            if name.startswith(SPOKEN)
        }
        known = {field.name for field in fields(CallTexts)}
        wrong = [name for name, text in ours.items() if name not in known or not text.strip()]
        if wrong:
            raise ValueError(f"no such text, or empty: {SPOKEN}{', '.join(sorted(wrong))}")
        self._language = language
        self._overridden = replace(texts_in(language), **ours)

    def of(self, language: str) -> CallTexts:
        """The sentences in a language."""
        return self._overridden if language == self._language else texts_in(language)
