"""FORGET by text: asked for, confirmed by who holds the phone, and never sent to a model."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conversation.clocks import DAY_SECONDS
from conversation.forgotten import ASKED
from conversation.tables import Tables
from conversation.texts import Texts
from messaging import forget_words
from messaging.acceptance import Acceptance
from messaging.consent_words import LANGUAGES, Vocabulary
from messaging.forget_requests import TRIES, VALID_SECONDS
from messaging.forget_words import ForgetVocabulary, ForgetWords
from messaging.policy import Policy
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.texting_door import Door

ENGLISH = ForgetVocabulary()


@pytest.mark.parametrize(
    "text",
    ["FORGET", "forget", " Forget. ", "FORGET ME", "Please forget me!", "delete my data, thanks"],
)
def test_what_asks(text: str) -> None:
    """The word, plain variants, case, punctuation and courtesy."""
    assert ENGLISH.read(text) == ForgetWords()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FORGET 4821", "4821"),
        ("forget me 0007", "0007"),
        ("Forget: 4821, please", "4821"),
        ("FORGET-4821", "4821"),
    ],
)
def test_what_confirms(text: str, code: str) -> None:
    """The word with four digits."""
    assert ENGLISH.read(text) == ForgetWords(code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please",
        "forget it",
        "don't forget me",
        "forget 48210",
        "4821",
        "never forget 1984",
        "forget ٤٨٢١",
    ],
)
def test_what_is_conversation(text: str) -> None:
    """Everything else goes to the model."""
    assert ENGLISH.read(text) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Bitte löschen Sie meine Daten!"),
        ("de", "Vergiss mich"),
        ("es", "Olvídame, por favor"),
        ("es", "Elimina mis datos."),
        ("fr", "Oubliez-moi, s'il vous plaît"),
        ("fr", "Supprimez mes données"),
        ("it", "Dimenticami, grazie"),
        ("nl", "Verwijder mijn gegevens aub"),
        ("pt", "Apague os meus dados, obrigada"),
    ],
)
def test_words_of_other_languages(language: str, text: str) -> None:
    """They ask where the operator lists their language, and are conversation elsewhere."""
    assert ForgetVocabulary([language]).read(text) == ForgetWords()
    assert ForgetVocabulary(LANGUAGES).read(text) == ForgetWords()
    assert ENGLISH.read(text) is None


@pytest.mark.parametrize("text", ["olvídalo", "oublie", "vergiss es", "lascia stare", "esquece"])
def test_never_mind_is_conversation(text: str) -> None:
    """In no language does it ask for anything."""
    assert ForgetVocabulary(LANGUAGES).read(text) is None


def test_every_language_has_its_words() -> None:
    """Whoever can stop in their language can ask to be forgotten in it; neither is the other."""
    assert set(LANGUAGES) == set(forget_words._PHRASES) == set(forget_words._COURTESY)
    for phrases in forget_words._PHRASES.values():
        for phrase in phrases.split(","):
            assert Vocabulary(LANGUAGES).read(phrase) is None


def test_the_code_is_confirmed_as_it_was_told() -> None:
    """The reply names one word, and that is the word in every language."""
    assert ForgetVocabulary(LANGUAGES).read("Forget 4821, gracias") == ForgetWords("4821")
    assert ForgetVocabulary(LANGUAGES).read("olvidar 4821") is None


def test_the_operators_languages_are_read(memory_tables: Tables) -> None:
    """What is listed reaches the door."""
    door = Door(memory_tables, policy=Policy(languages=("es",)))
    assert "FORGET" in (door.accept("Borra mis datos", "SM1").reply or "")
    assert door.accept("meine Daten löschen", "SM2").effect == "inbox"


@pytest.fixture
def door(tables: Tables) -> Door:
    """A door on the emulator, whose person has texted."""
    door = Door(tables)
    door.accept("my secret", "SM0")
    return door


def code_of(accepted: Acceptance) -> str:
    """The code that a reply names."""
    found = re.search(r"FORGET (\d{4})", accepted.reply or "")
    assert found, accepted.reply
    return found[1]


def asked(door: Door, conversation: str) -> list[dict[str, Any]]:
    """The request that rests in the conversation."""
    return door.tables.query(door.tables.conversations, conversation, ASKED, limit=2)


def wrong(code: str) -> str:
    """Another one."""
    return f"{(int(code) + 1) % 10_000:04d}"


def test_asking_alone_changes_nothing(door: Door) -> None:
    """A code comes back; nobody is woken, and what was said is still there."""
    accepted = door.accept("FORGET", "SM1")
    assert (accepted.effect, accepted.wakes) == ("ignored", False)
    assert asked(door, accepted.conversation) == []
    assert door.waiting(accepted.conversation) == ["my secret"]


def test_the_code_confirms(door: Door) -> None:
    """The request rests, due for the sweep, with its flag in `meta`; somebody is woken."""
    code = code_of(door.accept("FORGET", "SM1"))
    accepted = door.accept(f"forget {code}", "SM2")
    assert (accepted.effect, accepted.wakes) == ("forget", True)
    assert accepted.reply == Texts().forgetting
    [request] = asked(door, accepted.conversation)
    assert request["pending_at"] == door.clock.ms + 20_000
    meta = door.tables.get(door.tables.conversations, accepted.conversation, "meta") or {}
    assert (meta["forget_asked"], "generation" in meta) == ("SM2", True)


def test_neither_rests_in_the_inbox(door: Door) -> None:
    """No model ever sees a word of it."""
    code = code_of(door.accept("FORGET", "SM1"))
    accepted = door.accept(f"FORGET {code}", "SM2")
    assert door.waiting(accepted.conversation) == ["my secret"]


def test_a_wrong_code_confirms_nothing(door: Door) -> None:
    """Who forged the sender saw no reply; the right code still counts afterwards."""
    code = code_of(door.accept("FORGET", "SM1"))
    accepted = door.accept(f"FORGET {wrong(code)}", "SM2")
    assert (accepted.effect, accepted.reply) == ("ignored", Texts().forget_wrong)
    assert asked(door, accepted.conversation) == []
    assert door.accept(f"FORGET {code}", "SM3").effect == "forget"


def test_a_code_works_once(door: Door) -> None:
    """Texted again later it erases nothing of the new conversation."""
    code = code_of(door.accept("FORGET", "SM1"))
    door.accept(f"FORGET {code}", "SM2")
    assert door.accept(f"FORGET {code}", "SM3").effect == "ignored"


def test_a_code_expires(door: Door) -> None:
    """After ten minutes; asking again gives one that works."""
    old = code_of(door.accept("FORGET", "SM1"))
    door.clock.now += VALID_SECONDS + 1
    accepted = door.accept(f"FORGET {old}", "SM2")
    assert (accepted.effect, accepted.reply) == ("ignored", Texts().forget_wrong)
    new = code_of(door.accept("FORGET", "SM3"))
    assert door.accept(f"FORGET {new}", "SM4").effect == "forget"


def test_guesses_are_counted_over_requests(door: Door) -> None:
    """Asking anew gives no new guesses: after five a day not even the right code counts."""
    code = code_of(door.accept("FORGET", "SM1"))
    for guess in range(TRIES):
        door.accept("FORGET", f"SMask{guess}")
        door.accept(f"FORGET {wrong(code)}", f"SMguess{guess}")
    assert door.accept("FORGET", "SM2").effect == "ignored"
    assert door.accept(f"FORGET {code}", "SM3").effect == "ignored"
    door.clock.now += DAY_SECONDS + 1
    code = code_of(door.accept("FORGET", "SM4"))
    assert door.accept(f"FORGET {code}", "SM5").effect == "forget"


def test_digits_that_nobody_asked_for_are_conversation(door: Door) -> None:
    """An answer such as "forget 2020" is one until FORGET was asked for."""
    assert door.accept("Forget 2020!", "SM1").effect == "inbox"


def test_duplicates_are_answered_alike(door: Door) -> None:
    """The first answer may not have reached the carrier; nothing is counted or begun twice."""
    first, again = door.accept("FORGET", "SM1"), door.accept("FORGET", "SM1")
    assert (again.duplicate, again.reply) == (True, first.reply)
    confirmed = f"FORGET {code_of(first)}"
    door.accept(confirmed, "SM2")
    late = door.accept(confirmed, "SM2")
    assert (late.duplicate, late.wakes, late.reply) == (True, True, Texts().forgetting)


def test_a_lost_key_stops_no_forget(memory: MemoryDynamoDB, memory_tables: Tables) -> None:
    """Texts cannot be taken in then; forgetting needs no key."""
    door = Door(memory_tables)
    door.accept("my secret", "SM0")
    memory.tables[memory_tables.keys].clear()
    code = code_of(door.accept("FORGET", "SM1"))
    assert door.accept(f"FORGET {code}", "SM2").effect == "forget"


def test_the_code_rests_nowhere(memory: MemoryDynamoDB, memory_tables: Tables) -> None:
    """A stolen table confirms nothing."""
    door = Door(memory_tables)
    code = code_of(door.accept("FORGET", "SM1"))
    [request] = [i for i in memory.items(memory_tables.people) if i["sk"] == "forget"]
    assert code not in {str(value) for value in request.values()}


def test_whoever_never_texted_may_ask(memory_tables: Tables) -> None:
    """There is nothing to forget, and nothing that fails."""
    door = Door(memory_tables)
    code = code_of(door.accept("FORGET", "SM1"))
    assert door.accept(f"FORGET {code}", "SM2").effect == "forget"


def test_the_sentence_needs_its_code() -> None:
    """An operator's own words without it would leave nobody able to confirm."""
    assert Texts.load({"forget_ask": "FORGET {code}?"}).forget_ask == "FORGET {code}?"
    with pytest.raises(ValueError, match="code"):
        Texts.load({"forget_ask": "Sure?"})
