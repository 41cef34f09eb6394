"""Reserved words are found as whole messages only, however they are typed."""

from __future__ import annotations

import pytest

from messaging.consent_words import LANGUAGES
from messaging.inbound import InboundText
from messaging.reserved_words import ReservedWord, Vocabulary, carrier_answers, instruction
from stack import checks


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", ReservedWord.STOP),
        ("stop", ReservedWord.STOP),
        (" Stop. ", ReservedWord.STOP),
        ("STOP!!!", ReservedWord.STOP),
        ("“Stop”", ReservedWord.STOP),
        ("stop 🛑", ReservedWord.STOP),
        ("\uff33\uff34\uff2f\uff30", ReservedWord.STOP),
        ("STOPALL", ReservedWord.STOP),
        ("stop all", ReservedWord.STOP),
        ("unsubscribe", ReservedWord.STOP),
        ("Cancel", ReservedWord.STOP),
        ("end", ReservedWord.STOP),
        ("Quit\n", ReservedWord.STOP),
        ("revoke", ReservedWord.STOP),
        ("OPTOUT", ReservedWord.STOP),
        ("opt out", ReservedWord.STOP),
        ("Opt-Out", ReservedWord.STOP),
        ("START", ReservedWord.START),
        ("unstop", ReservedWord.START),
        ("Yes!", ReservedWord.AGREE),
        ("please stop", ReservedWord.STOP),
        ("Stop, thanks", ReservedWord.STOP),
        ("Hello, please stop texting me now. Thank you!", ReservedWord.STOP),
        ("STOP SENDING ME MESSAGES", ReservedWord.STOP),
        ("Don\u2019t text me again", ReservedWord.STOP),
        ("do not text me", ReservedWord.STOP),
        ("unsubscribe me please", ReservedWord.STOP),
        ("I want to opt out.", ReservedWord.STOP),
        ("HELP", ReservedWord.HELP),
        ("info?", ReservedWord.HELP),
        ("yes please", None),
        ("please help", None),
        ("thank you", None),
        ("stop the music, please", None),
        ("how do I stop smoking", None),
        ("please", None),
        ("stop it", None),
        ("help me with my homework", None),
        ("the end", None),
        ("opt", None),
        ("out", None),
        ("s t o p", None),
        ("don't stop", None),
        ("", None),
        ("🛑", None),
        ("forget", None),
    ],
)
def test_words(text: str, word: ReservedWord | None) -> None:
    """A word counts when it is all that was said, in any case and with any punctuation."""
    assert Vocabulary().read(text) is word


@pytest.mark.parametrize(
    ("language", "stops", "starts", "helps", "talks"),
    [
        (
            "de",
            ["Stopp", "Bitte abmelden!", "KÜNDIGEN", "Keine SMS mehr"],
            "starten",
            "Hilfe",
            "halt",
        ),
        ("es", ["Por favor, pare", "dar de baja", "No más mensajes"], "INICIAR", "ayuda", "para"),
        ("fr", ["Arrêt", "arrêtez svp", "Ne m\u2019écrivez plus"], "commencer", "Aide", "fin"),
        ("it", ["Basta, grazie", "disiscrivimi", "Non scrivermi più"], "inizia", "aiuto", "fine"),
        ("nl", ["Stoppen aub", "afmelden", "Geen berichten meer"], "starten", "hulp", "nee"),
        ("pt", ["Parar, por favor", "não quero mais mensagens"], "começar", "AJUDA", "para"),
    ],
)
def test_words_of_other_languages(
    language: str, stops: list[str], starts: str, helps: str, talks: str
) -> None:
    """Each stops, starts and asks; English goes on counting; a likely answer is no word."""
    vocabulary = Vocabulary([language])
    assert [vocabulary.read(words) for words in stops] == [ReservedWord.STOP] * len(stops)
    assert vocabulary.read(starts) is ReservedWord.START
    assert vocabulary.read(helps) is ReservedWord.HELP
    assert vocabulary.read("please stop") is ReservedWord.STOP
    assert vocabulary.read(talks) is None
    assert Vocabulary().read(starts) is None


def test_settings_know_the_languages() -> None:
    """What a stack file may list is what there are words for."""
    assert sorted(LANGUAGES) == sorted(checks.LANGUAGES)
    with pytest.raises(ValueError, match="xx"):
        Vocabulary(["xx"])


def text(body: str = "hi", **changes: object) -> InboundText:
    """A text over SMS."""
    given = {"sid": "SM1", "sender": "+13035550100", "address": "+13035550111", "text": body}
    return InboundText(**{**given, **changes})  # type: ignore[arg-type]  # a test's shorthand


def test_the_carriers_reading_comes_first() -> None:
    """With Advanced Opt-Out the carrier knows words, and languages, that we do not."""
    assert instruction(text("arrêt", opt_out_type="STOP"), Vocabulary()) is ReservedWord.STOP
    assert instruction(text("arrêt", opt_out_type="SOMETHING_NEW"), Vocabulary()) is None
    assert (
        instruction(text("stop", opt_out_type="SOMETHING_NEW"), Vocabulary()) is ReservedWord.STOP
    )


@pytest.mark.parametrize(
    ("inbound", "on_numbers", "answered"),
    [
        (text("STOP"), True, True),
        (text("STOP"), False, False),
        (text("please stop"), True, False),
        (text("stopp"), True, False),
        (text("STOP", opt_out_type="STOP"), False, True),
        (text("STOP", address="whatsapp:+13035550111"), True, False),
        (text("STOP", address="whatsapp:+13035550111", opt_out_type="STOP"), True, True),
    ],
)
def test_who_answers(inbound: InboundText, *, on_numbers: bool, answered: bool) -> None:
    """A second answer is as wrong as none: the carrier's setting holds for phone numbers only."""
    assert carrier_answers(inbound, on_numbers=on_numbers) is answered
