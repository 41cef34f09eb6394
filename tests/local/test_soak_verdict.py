"""The verdict on a soak of calls: each promise that can be broken is found broken."""

from __future__ import annotations

import pytest

from benchmarks.soak_caller import Heard, Told, Utterance, understood
from benchmarks.soak_verdict import Stored, Verdict
from benchmarks.soak_voice import codes_left
from conversation.outcomes import Outcome
from conversation.texts import Texts
from voice.call_texts import CallTexts

ONE, TWO, LATE = "soak call 1 line 0", "soak call 1 line 1", "soak call 1 line 2"
ANSWERED, OFFERED = (Outcome.ANSWERED,), (Outcome.OFFERED,)
SAYS = CallTexts()
TEXT = f'I heard "{LATE}". That is message 3; the one before was "{TWO}".'


def told() -> Told:
    """A call with two answers."""
    utterances = [Utterance(ONE, Heard.ANSWER, 0.5), Utterance(TWO, Heard.ANSWER, 20.0)]
    return Told("+12025550100", "contact", utterances)


def offered(*, taken: bool | None) -> Told:
    """The same with an offer at its end."""
    call = told()
    call.said.append(Utterance(LATE, Heard.OFFER, 12.0, taken))
    return call


def memory(*words: str) -> list[tuple[int, str, str]]:
    """Messages in which each of these has a reply."""
    pairs = [message for one in words for message in (("human", one), ("ai", f"heard {one}"))]
    return [(number, role, text) for number, (role, text) in enumerate(pairs)]


def judged(call: Told, stored: Stored) -> Verdict:
    """The verdict on one call."""
    verdict = Verdict()
    verdict.count(call, stored, deadline=12)
    assert verdict.kept is not bool(verdict.complaints)
    return verdict


BOTH = {ONE: ANSWERED, TWO: ANSWERED}
RIGHT = Stored(BOTH, memory(ONE, TWO))


def test_a_call_that_went_well_is_kept() -> None:
    """Two answers, one of them in time, each in one turn, and a memory of both."""
    verdict = judged(told(), RIGHT)
    assert verdict.kept
    assert (verdict.utterances, verdict.answered, verdict.in_time) == (2, 2, 1)
    assert verdict.seconds == [0.5, 20.0]


def test_an_answer_that_no_turn_holds_is_lost() -> None:
    """Heard, and in no table."""
    verdict = judged(told(), Stored({ONE: ANSWERED}, memory(ONE)))
    assert (verdict.lost, verdict.doubled, verdict.kept) == (1, 0, False)


def test_an_utterance_in_two_turns_is_doubled() -> None:
    """A hook delivered twice that was answered twice."""
    twice = Stored({ONE: ANSWERED * 2, TWO: ANSWERED}, memory(ONE, TWO))
    verdict = judged(told(), twice)
    assert (verdict.lost, verdict.doubled, verdict.kept) == (0, 1, False)


@pytest.mark.parametrize("heard", [Heard.TROUBLE, Heard.APOLOGY, Heard.GONE])
def test_words_that_were_not_taken_in_are_abandoned(heard: Heard) -> None:
    """Their caller was told so, or did not wait: that is no loss."""
    call = told()
    call.said[1].heard = heard
    verdict = judged(call, Stored({ONE: ANSWERED}, memory(ONE)))
    assert (verdict.abandoned, verdict.lost, verdict.kept) == (1, 0, True)


def test_a_caller_who_heard_nothing_has_lost_an_answer() -> None:
    """Silence on the line is a loss, whatever the tables say."""
    call = told()
    call.said[1].heard = Heard.NOTHING
    assert judged(call, RIGHT).lost == 1


@pytest.mark.parametrize(
    "messages",
    [memory(TWO, ONE), memory(ONE), memory(ONE, TWO, TWO), memory(ONE, TWO)[:3], memory(ONE)[1:]],
    ids=["out of order", "one missing", "one twice", "no reply", "a gap"],
)
def test_a_memory_that_is_not_what_was_said_is_found(
    messages: list[tuple[int, str, str]],
) -> None:
    """In order, whole, once each, every one with its reply, numbered from nought."""
    verdict = judged(told(), Stored(BOTH, messages))
    assert (verdict.unordered, verdict.kept) == (1, False)


@pytest.mark.parametrize(("texts", "lost", "doubled"), [(0, 1, 0), (1, 0, 0), (2, 0, 1)])
def test_an_offer_that_was_taken_is_texted_once(texts: int, lost: int, doubled: int) -> None:
    """The text that answers it quotes it; one that only mentions it does not count."""
    stored = Stored(
        {**BOTH, LATE: OFFERED},
        memory(ONE, TWO, *[LATE] * bool(texts)),
        [*[TEXT] * texts, f'I heard "later". The one before was "{LATE}".'],
    )
    verdict = judged(offered(taken=True), stored)
    assert (verdict.lost, verdict.doubled) == (lost, doubled)
    assert (verdict.offered, verdict.taken, verdict.texted) == (1, 1, texts == 1)


def test_an_offer_that_was_taken_may_end_in_an_apology() -> None:
    """The text says that no model answered: told, so not lost."""
    stored = Stored({**BOTH, LATE: OFFERED}, memory(ONE, TWO, LATE), [Texts().apology])
    verdict = judged(offered(taken=True), stored)
    assert (verdict.lost, verdict.texted, verdict.apologies) == (0, 0, 1)


def test_words_whose_offer_was_not_taken_are_not_remembered() -> None:
    """A memory that has them is wrong: the caller said no, or nothing."""
    turns = {**BOTH, LATE: OFFERED}
    assert judged(offered(taken=False), Stored(turns, memory(ONE, TWO))).kept
    assert not judged(offered(taken=None), Stored(turns, memory(ONE, TWO, LATE))).kept


def test_what_a_caller_hears_is_understood() -> None:
    """The words that are quoted, an offer, an apology, a fault, or nothing at all."""
    heard = {
        f'I heard "{ONE}". This is the first thing you have told me.': Heard.ANSWER,
        f'I heard "{TWO}". That is message 2; the one before was "{ONE}".': Heard.NOTHING,
        SAYS.offer: Heard.OFFER,
        SAYS.late: Heard.APOLOGY,
        SAYS.apology: Heard.APOLOGY,
        SAYS.trouble: Heard.TROUBLE,
    }
    assert {spoken: understood(ONE, spoken) for spoken in heard} == heard
    assert understood(ONE, "") is Heard.NOTHING


def test_a_code_is_found_where_it_stands_alone() -> None:
    """Not within an id, a fraction or a longer number, where it means nothing."""
    by_chance = [("log", b'{"id":"a704543b","at":12.704543,"n":1704543}')]
    assert codes_left(by_chance, ["704543", ""]) == 0
    assert codes_left([*by_chance, ("log", b'{"Digits":"704543"}')], ["704543"]) == 1
