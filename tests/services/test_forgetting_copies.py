"""FORGET at the carrier: its copies of what went both ways, those whose ids we never learnt too."""

from __future__ import annotations

import pytest

from conversation.tables import Tables, put
from tests.services.forget_scene import Scene, talked
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.test_crashes import Killed, Killer
from texting.carrier_outcomes import Unknown


@pytest.fixture
def scene(memory_tables: Tables) -> Scene:
    """A conversation with one answered text and one that waits."""
    return talked(memory_tables)


def test_the_carriers_copies_go_both_ways(scene: Scene) -> None:
    """What the person texted and what we answered, each asked for once."""
    assert scene.forget()
    assert sorted(scene.copies.erased) == [f"SM{0:032d}", f"SM{1:032x}", f"SM{2:032x}"]


def test_copies_that_cannot_go_yet_keep_their_turn(scene: Scene) -> None:
    """The words go, the turn waits for the carrier, and the index has it."""
    scene.copies.kept = {f"SM{0:032d}"}
    assert not scene.forget()
    kinds = [item["sk"].partition("#")[0] for item in scene.items("")]
    assert kinds == ["forget", "meta", "turn"]
    assert scene.items("forget#")[0]["pending_at"] > scene.clock.now * 1000
    scene.copies.kept.clear()
    assert scene.resume()
    assert [item["sk"] for item in scene.items("")] == ["meta"]


def test_a_carrier_that_is_away_is_asked_once_a_run(scene: Scene) -> None:
    """Everything of ours goes meanwhile, and its copies when it is back."""
    scene.copies.away = True
    assert not scene.forget()
    assert [item["sk"].partition("#")[0] for item in scene.items("")] == ["forget", "meta", "turn"]
    scene.copies.away = False
    assert scene.resume()
    assert len(scene.copies.erased) == 3


def test_a_report_beside_the_last_deletion_is_not_lost(scene: Scene) -> None:
    """It brings another copy's id: the turn stays until that copy is gone, too."""
    [turn] = scene.items("turn#")
    erase = scene.copies.erase

    def reported(sid: str) -> bool:
        turn["carrier_sids"] = [*turn["carrier_sids"], "SMlate"]
        scene.tables.write(put(scene.tables.conversations, turn))
        scene.copies.erase = erase  # type: ignore[method-assign]  # the report comes once
        return erase(sid)

    scene.copies.erase = reported  # type: ignore[method-assign]  # as the first copy goes
    assert not scene.forget()
    assert scene.resume()
    assert "SMlate" in scene.copies.erased


def test_what_took_the_place_of_an_item_stays(scene: Scene, memory: MemoryDynamoDB) -> None:
    """The notes of the new conversation are where the forgotten ones were read."""
    notes = {"pk": scene.conversation, "sk": "summary", "generation": scene.generation}
    scene.tables.write(put(scene.tables.conversations, notes))

    def anew(_when: str, operation: str) -> None:
        if operation == "delete_item":
            memory.written = lambda _when, _operation: None
            newer = put(scene.tables.conversations, {**notes, "generation": "newer"})
            scene.tables.write(newer)

    memory.written = anew
    assert scene.forget()
    assert [one["generation"] for one in scene.items("summary")] == ["newer"]


@pytest.fixture
def sending(memory_tables: Tables) -> Scene:
    """A conversation whose worker died while it sent."""
    scene = Scene(memory_tables)
    scene.heard("my secret")
    scene.carrier.outcomes = [Killed()]
    with pytest.raises(Killed):
        scene.attend()
    return scene


def test_a_send_under_way_is_waited_for(sending: Scene) -> None:
    """Its id is not known yet; once its worker wrote it, the copy goes too."""
    scene = sending
    assert not scene.forget()
    [turn] = scene.items("turn#")
    turn["carrier_sids"] = ["SMlate"]
    scene.tables.write(put(scene.tables.conversations, turn))
    assert scene.resume()
    assert "SMlate" in scene.copies.erased


def test_a_send_that_nobody_ever_reported_ends_the_wait(sending: Scene) -> None:
    """Once its worker is certainly dead and no report came, its turn goes."""
    scene = sending
    assert not scene.forget()
    scene.clock.now += 76
    assert scene.resume()
    assert scene.items("turn#") == []


LOST = f"SM{0:032d}"
"""The carrier's id of a reply that it took, which it never told us."""


def test_a_copy_whose_id_we_never_learnt_goes_too(sending: Scene) -> None:
    """The carrier is asked what went back to who texted, once the send has certainly ended."""
    assert not sending.forget()
    assert sending.copies.erased == []
    sending.clock.now += 76
    assert sending.resume()
    assert sending.copies.erased == [LOST, f"SM{1:032x}"]
    assert [item["sk"] for item in sending.items("")] == ["meta"]


def test_a_copy_is_found_among_texts_that_an_earlier_forget_erased(sending: Scene) -> None:
    """Their copies are gone and tell nothing, however many there are and however near in time."""
    [own] = sending.tables.query(sending.tables.people, sending.conversation, "receipt#", limit=9)
    sending.copies.erased += [f"SMgone{number}" for number in range(9)]
    for sid in sending.copies.erased:
        gone = {**own, "sk": f"receipt#{sid}", "generation": "earlier"}
        sending.tables.write(put(sending.tables.people, gone))
    sending.tables.write(put(sending.tables.people, {**own, "accepted_at": 1}))
    sending.forget()
    sending.clock.now += 76
    assert sending.resume()
    assert LOST in sending.copies.erased


def test_what_tells_where_replies_went_goes_last(sending: Scene) -> None:
    """While the reply's copy cannot be deleted, the text by which it is found stays."""
    sending.copies.kept = {LOST}
    sending.forgetting().begin_all(sending.conversation)
    sending.clock.now += 76
    assert not sending.resume()
    assert sending.copies.erased == []
    sending.copies.kept.clear()
    assert sending.resume()
    assert sending.copies.erased == [LOST, f"SM{1:032x}"]


def test_a_lost_answer_waits_for_a_carrier_that_is_away(sending: Scene) -> None:
    """Its turn stays in the meantime: nothing else says that there was a send."""
    sending.copies.away = True
    sending.forget()
    sending.clock.now += 76
    assert not sending.resume()
    assert len(sending.items("turn#")) == 1
    sending.copies.away = False
    assert sending.resume()
    assert LOST in sending.copies.erased


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_between_finding_a_copy_and_the_end(
    memory: MemoryDynamoDB, sending: Scene, number: int, when: str
) -> None:
    """Whatever write it came at, the next worker finds the copy or finds it gone."""
    sending.ask()
    sending.forgetting().begin_all(sending.conversation)
    sending.clock.now += 76
    killer = Killer(memory, number, when)
    try:
        sending.resume()
    except Killed:
        assert sending.resume()
    else:
        assert killer.writes < number
    assert sending.copies.erased[0] == LOST
    assert [item["sk"] for item in sending.items("")] == ["meta"]


def test_a_crash_right_after_a_deletion_at_the_carrier(
    sending: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is gone and the turn is there: the next worker finds nothing and goes on."""
    erase = sending.copies.erase

    def erased_and_killed(sid: str) -> bool:
        erase(sid)
        monkeypatch.undo()
        raise Killed

    sending.forgetting().begin_all(sending.conversation)
    sending.clock.now += 76
    monkeypatch.setattr(sending.copies, "erase", erased_and_killed)
    with pytest.raises(Killed):
        sending.resume()
    assert len(sending.items("turn#")) == 1
    assert sending.resume()
    assert sending.copies.erased == [LOST, f"SM{1:032x}"]


def test_a_send_that_was_given_up_is_looked_for_once_more(memory_tables: Tables) -> None:
    """The carrier's list did not have it in time, and has it now."""
    scene = Scene(memory_tables)
    scene.heard("my secret")
    scene.carrier.outcomes = [Unknown("time-out")] * 2
    scene.attend_until_done()
    assert scene.items("turn#")[0]["delivery"] == "unknown"
    scene.carrier.sent_at["SMlate"] = scene.items("turn#")[0]["sending_at"] + 1000
    scene.clock.now += 86_400
    scene.carrier.sent_at["SMmuch-later"] = int(scene.clock.now * 1000)
    assert scene.forget()
    assert scene.copies.erased == ["SMlate", f"SM{1:032x}"]


def test_a_repeated_send_may_have_left_two_copies(memory_tables: Tables) -> None:
    """The second one's id is known; the first may have been taken as well."""
    scene = Scene(memory_tables)
    scene.heard("my secret")
    scene.carrier.outcomes = [Unknown("time-out")]
    scene.attend_until_done()
    [turn] = scene.items("turn#")
    assert (turn["resent"], turn["carrier_sids"]) == (1, [LOST])
    scene.carrier.sent_at["SMfirst"] = turn["created_at"]
    scene.clock.now += 600
    assert scene.forget()
    assert sorted(scene.copies.erased) == sorted([LOST, "SMfirst", f"SM{1:032x}"])


def test_nothing_is_said_while_a_forgotten_send_is_in_doubt(sending: Scene) -> None:
    """Of two sends in doubt to one phone nobody could say which copy is whose."""
    sending.forget()
    sending.renew()
    sending.heard("hello again")
    assert sending.attend() == pytest.approx(75, abs=1)
    assert len(sending.carrier.sent) == 1
    sending.clock.now += 76
    assert sending.attend() is None
    assert sending.bodies()[1:] == ["you said: hello again"]
    assert sending.copies.erased == [LOST, f"SM{1:032x}"]


def test_what_waits_for_the_doubt_to_end_waits_for_the_carrier(sending: Scene) -> None:
    """It is asked again every minute, and told nothing meanwhile."""
    sending.forget()
    sending.renew()
    sending.heard("hello again")
    sending.copies.away = True
    sending.clock.now += 76
    assert sending.attend() == pytest.approx(60, abs=1)
    assert len(sending.carrier.sent) == 1
    sending.copies.away = False
    assert sending.attend() is None
    assert sending.bodies()[1:] == ["you said: hello again"]


def given_up(tables: Tables) -> Scene:
    """A conversation that was forgotten right after a repeated send, and goes on."""
    scene = Scene(tables)
    scene.heard("my secret")
    scene.carrier.outcomes = [Unknown("time-out")]
    scene.attend_until_done()
    scene.forgetting().begin_all(scene.conversation)
    scene.renew()
    scene.heard("hello again")
    return scene


def test_what_was_said_since_is_left_alone(memory_tables: Tables) -> None:
    """A reply of the new conversation went to the same phone in the same minute."""
    scene = given_up(memory_tables)
    scene.attend()
    scene.clock.now += 76
    assert scene.resume()
    assert len(scene.items("turn#")) == 1
    assert scene.copies.erased == [LOST, f"SM{1:032x}"]


def test_a_new_send_in_doubt_is_not_taken_for_the_old_one(memory_tables: Tables) -> None:
    """Until it is known which copy is whose, none that could be either's is deleted."""
    scene = given_up(memory_tables)
    scene.carrier.outcomes = [Killed()]
    with pytest.raises(Killed):
        scene.attend()
    scene.clock.now += 76
    assert not scene.resume()
    assert scene.copies.erased == []


def test_a_text_that_the_carrier_no_longer_has_tells_nothing(sending: Scene) -> None:
    """Its log of that time is gone, and with it the reply: nothing is waited for."""
    sending.copies.erased.append(f"SM{1:032x}")
    sending.forgetting().begin_all(sending.conversation)
    sending.clock.now += 76
    assert sending.resume()
    assert [item["sk"] for item in sending.items("")] == ["meta"]
