"""FORGET: what goes, in which order, what stays, and that a crash at any write changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from conversation.deadline import Deadline
from conversation.forgotten import ASKED
from conversation.keys import ForgottenError, Keys
from conversation.lease import LeaseLostError
from conversation.switch import Switch
from conversation.tables import Tables
from messaging.waking import Waking
from tests.services.forget_scene import Scene, talked
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.test_crashes import Killed, Killer
from texting.wakeups import Wakeups


@pytest.fixture
def scene(memory_tables: Tables) -> Scene:
    """A conversation with one answered text and one that waits."""
    return talked(memory_tables)


def test_forget_leaves_meta_alone_in_the_conversation(scene: Scene) -> None:
    """Key, messages, turns and waiting texts go; `meta` stays, with its sequence."""
    before = scene.meta
    assert scene.forget()
    assert scene.keys.find(scene.conversation) is None
    assert [item["sk"] for item in scene.items("")] == ["meta"]
    after = scene.meta
    assert after["epoch"] > before["epoch"]
    assert after["sequence"] == before["sequence"] == 2
    assert after.keys().isdisjoint({"generation", "open_turn", "pending_at", "forgetting"})


def test_people_is_as_it_was(scene: Scene, memory: MemoryDynamoDB) -> None:
    """Consent, receipts, allowances and the list of conversations survive."""
    before = memory.items(scene.tables.people)
    assert scene.forget()
    assert memory.items(scene.tables.people) == before
    assert any(item["sk"].startswith("usage#") for item in before)


def test_the_next_text_begins_a_clean_conversation(scene: Scene) -> None:
    """A new generation, numbers that go on, and a model that is shown nothing of before."""
    before = scene.generation
    scene.forget()
    scene.renew()
    assert scene.generation != before
    scene.text("hello")
    scene.attend()
    assert [str(m.content) for m in scene.model.seen[-1][1:]] == ["hello"]
    assert [item["sk"][-2:] for item in scene.items("message#")] == ["02", "03"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 12))
def test_a_crash_at_any_write_is_finished_by_the_next(
    memory: MemoryDynamoDB, memory_tables: Tables, number: int, when: str
) -> None:
    """Whatever had been written, the sweep finds it due and the end is the same."""
    scene = talked(memory_tables)
    scene.ask()
    killer = Killer(memory, number, when)
    try:
        scene.forget()
    except Killed:
        assert due(scene), "nothing is in the index"
        assert scene.forget()
    else:
        assert killer.writes < number
    assert [item["sk"] for item in scene.items("")] == ["meta"]
    assert scene.meta.keys().isdisjoint({"generation", "forget_asked", "forgetting"})
    assert {f"SM{0:032d}", f"SM{1:032x}"} <= set(scene.copies.erased)


def due(scene: Scene) -> bool:
    """Whether the index, or nothing at all, is left: `meta` alone needs no sweep."""
    items = scene.items("")
    return any("pending_at" in item for item in items) or len(items) == 1


def test_all_conversations_of_the_person_are_covered(scene: Scene) -> None:
    """Also one that only `people` knows of; its request is the last to go."""
    scene.keys.ensure("call#1", scene.person)
    scene.ask()
    begun = scene.forgetting().begin_all(scene.conversation)
    assert begun == ["call#1", scene.conversation]
    assert scene.keys.find("call#1") is None
    assert scene.items(ASKED) == []


def test_a_saved_copy_of_the_conversation_opens_nothing(
    scene: Scene, memory: MemoryDynamoDB
) -> None:
    """Restored items and a restored `meta` find no key, also in a worker with the key cached."""
    generation = scene.generation
    scene.keys.seals(scene.conversation, generation)
    saved = copy.deepcopy(memory.tables[scene.tables.conversations])
    scene.forget()
    memory.tables[scene.tables.conversations] = saved
    with pytest.raises(Exception, match=r"person#") as lost:
        Keys(scene.tables).seals(scene.conversation, generation)
    assert type(lost.value).__name__ in {"ForgottenError", "KeyLostError"}


def test_a_worker_that_is_answering_brings_nothing_back(scene: Scene) -> None:
    """A FORGET in the middle of the model call: the commit fails, nothing is sent."""
    sent = len(scene.carrier.sent)

    def forgets(_messages: Any) -> str:
        scene.forgetting().begin_all(scene.conversation)
        return "your secret is"

    scene.model.script = forgets
    assert scene.attend() is None
    assert len(scene.carrier.sent) == sent
    assert scene.forget()
    assert [item["sk"] for item in scene.items("")] == ["meta"]


def test_a_cached_key_is_of_no_use_afterwards(scene: Scene) -> None:
    """The worker that forgets drops it; another finds the generation gone from the store."""
    generation = scene.generation
    scene.keys.seals(scene.conversation, generation)
    scene.forget()
    with pytest.raises(ForgottenError):
        scene.keys.seals(scene.conversation, generation)
    scene.renew()
    assert scene.tables.vault.held(scene.conversation, generation) is None


def test_a_lost_key_can_be_forgotten_too(scene: Scene, memory: MemoryDynamoDB) -> None:
    """What nobody can open any more is still deleted."""
    memory.tables[scene.tables.keys].clear()
    assert scene.forget()
    assert [item["sk"] for item in scene.items("")] == ["meta"]


def test_the_new_conversation_survives_the_rest_of_the_old(scene: Scene) -> None:
    """What was said after a FORGET is not taken with what is left of it."""
    scene.copies.away = True
    scene.forget()
    scene.renew()
    scene.heard("hello again")
    scene.attend()
    scene.copies.away = False
    assert scene.resume()
    assert scene.words() == ["hello again", "you said: hello again"]
    assert f"SM{3:032x}" not in scene.copies.erased


def test_a_second_forget_before_the_first_is_done(scene: Scene) -> None:
    """Each generation is finished on its own."""
    scene.copies.away = True
    scene.forget()
    scene.renew()
    scene.heard("hello again")
    scene.attend()
    assert not scene.forget()
    assert len(scene.items("forget#")) == 2
    scene.copies.away = False
    assert scene.resume()
    assert [item["sk"] for item in scene.items("")] == ["meta"]
    assert "forgetting" not in scene.meta


def test_time_that_runs_out_leaves_the_rest(scene: Scene) -> None:
    """Nothing is claimed to be done that is not."""
    scene.forgetting().begin_all(scene.conversation)
    assert not scene.forgetting().resume(scene.conversation, Deadline.after(0, scene.clock))
    assert scene.items("forget#")
    assert scene.resume()


def test_a_request_without_a_memory_ends(memory_tables: Tables) -> None:
    """Somebody who was forgotten already asks again: the request goes, and nothing else."""
    scene = Scene(memory_tables)
    scene.forget()
    scene.ask()
    assert scene.forgetting().begin_all(scene.conversation) == []
    assert scene.items(ASKED) == []
    assert "forget_asked" not in scene.meta


def test_a_claim_of_before_can_write_nothing(scene: Scene) -> None:
    """Whoever held the lease is fenced off."""
    meta = scene.lease.read(scene.conversation)
    claim = scene.lease.claim(meta, scene.ids.new(), [], scene.route, 20)
    scene.forgetting().begin(scene.conversation)
    with pytest.raises(LeaseLostError):
        scene.lease.unsent(claim)
    assert scene.meta["lease_until"] == 0


def test_forget_on_the_emulators_tables(tables: Tables) -> None:
    """The same expressions hold where DynamoDB's own rules are played."""
    scene = Scene(tables)
    scene.heard("my secret")
    scene.attend()
    scene.ask()
    assert scene.forget()
    assert [item["sk"] for item in scene.items("")] == ["meta"]
    assert scene.keys.find(scene.conversation) is None


def test_a_wake_up_forgets(scene: Scene) -> None:
    """The responder begins what was asked for and goes on with it when nothing waits."""
    scene.ask()
    calls = len(scene.model.seen)
    assert scene.attend() is None
    assert [item["sk"] for item in scene.items("")] == ["meta"]
    assert len(scene.model.seen) == calls


def test_a_running_turn_does_not_hold_it_up(scene: Scene) -> None:
    """While another worker has the lease, the key goes at once."""
    scene.lease.claim(scene.lease.read(scene.conversation), scene.ids.new(), [], scene.route, 20)
    scene.ask()
    began = scene.clock.now
    assert scene.attend() is None
    assert scene.clock.now == began
    assert scene.keys.find(scene.conversation) is None


def test_a_pause_does_not_hold_it_up(scene: Scene) -> None:
    """The key goes in a pause too; deleting what is left waits for the resume."""
    switch = Switch(scene.tables, scene.clock)
    switch.throw(paused=True)
    scene.ask()
    scene.attend()
    assert scene.keys.find(scene.conversation) is None
    switch.throw(paused=False)
    scene.clock.now += 60
    scene.attend()
    assert [item["sk"] for item in scene.items("")] == ["meta"]


def test_what_came_after_is_answered_by_the_same_worker(scene: Scene) -> None:
    """A wake-up that finds a FORGET half done answers first and deletes then."""
    scene.forgetting().begin_all(scene.conversation)
    scene.renew()
    scene.heard("hello again")
    scene.attend()
    assert scene.words() == ["hello again", "you said: hello again"]
    assert scene.items("forget#") == []


def test_the_sweep_finds_what_is_left(scene: Scene) -> None:
    """The index has the rest of a FORGET, and moves it on like anything that waits."""
    scene.copies.away = True
    scene.forget()
    scene.clock.now += 61
    waking = Waking(
        scene.tables,
        Wakeups("https://queue.test/wakeups.fifo", lambda: scene.queue),
        25,
        clock=scene.clock,
        sleep=scene.clock.sleep,
    )
    assert waking.run(Deadline.after(30, scene.clock)) == 1
    assert scene.queue.conversations() == [scene.conversation]
    [left] = scene.items("forget#")
    assert (left["wakes"], left["pending_at"]) == (1, int(scene.clock.now * 1000) + 60_000)
