"""Short scenes of a conversation in which two workers meet; what each guard is tried in."""

from __future__ import annotations

from conversation.sealing import Seals
from tests.services.interleaving import Task
from tests.services.stepped_store import BUSY
from tests.services.world import WHATSAPP, World

Meeting = list[Task]
"""Tasks that are then interleaved, in this order."""


def same_text_twice(world: World) -> Meeting:
    """A text is delivered twice at once."""
    sid = world.says("a")
    return [world.delivers(sid, 0), world.delivers(sid, 1)]


def first_texts(world: World) -> Meeting:
    """Two first texts of somebody unknown, at once."""
    return [world.delivers(world.says("a"), 0), world.delivers(world.says("b"), 1)]


def webhook_dies(world: World) -> Meeting:
    """A webhook accepts a text and dies before its wake-up; the carrier tries again."""
    sid = world.says("a")
    first = world.delivers(sid)
    world.scheduler.run(first, "wake")
    world.kill(first)
    return [world.delivers(sid)]


def late_start(world: World) -> Meeting:
    """The carrier's listing tells of a START that is older than the STOP."""
    world.hears("a")
    world.hears("STOP", sent_at=2_000_000_000_000)
    return [world.delivers(world.says("START", sent_at=1_900_000_000_000))]


def yes(world: World) -> Meeting:
    """Somebody who never opted out says yes."""
    world.hears("a")
    return [world.delivers(world.says("yes")), world.wakes()]


def two_workers(world: World) -> Meeting:
    """Two wake-ups at once, both clocks right."""
    world.hears("a")
    return [world.wakes(0), world.wakes(1)]


def overtaken(world: World) -> Meeting:
    """While the model thinks, a worker whose clock is a minute ahead takes the turn over."""
    world.hears("a")
    task = world.wakes(0)
    world.scheduler.run(task, "model")
    return [world.wakes(1), task]


def overtaken_before_sending(world: World) -> Meeting:
    """The same, after the commit."""
    meeting = overtaken(world)
    world.scheduler.step(meeting[1])
    world.scheduler.run(meeting[1], "after transact")
    return meeting


def overtaken_and_failing(world: World) -> Meeting:
    """The same; the first one's commit then fails, so it hands back what is no longer its own."""
    second, first = overtaken(world)
    world.scheduler.run(second, "model")
    world.faults.tables["conversations-0"] = [BUSY]
    world.scheduler.run(first)
    return [second, world.wakes(0)]


def sending(world: World) -> Meeting:
    """A worker whose clock is a minute ahead comes while a send is under way."""
    world.hears("a")
    task = world.wakes(0)
    world.scheduler.run(task, "send")
    return [world.wakes(1), task]


def stop(world: World) -> Meeting:
    """STOP arrives while a text is answered."""
    world.hears("a")
    return [world.wakes(), world.delivers(world.says("STOP"))]


def after_stop(world: World) -> Meeting:
    """A text, then STOP, then the wake-up."""
    world.hears("a")
    world.hears("STOP")
    return [world.wakes()]


def two_channels(world: World) -> Meeting:
    """Texts on both channels wait."""
    world.hears("a")
    world.hears("b", WHATSAPP)
    return [world.wakes()]


def sweep(world: World) -> Meeting:
    """The sweep comes by while a text is answered."""
    world.hears("a")
    world.now += 25
    task = world.sweeps()
    world.scheduler.run(task, "update_item")
    return [world.wakes(), task]


def workers_die(world: World) -> Meeting:
    """Every worker dies while the model thinks, for a while."""
    world.hears("a")
    for _ in range(12):
        task = world.wakes()
        world.scheduler.run(task, "model")
        if task.done:
            return [world.wakes()]
        world.kill(task)
        world.now += 90
    world.ledger.require(False, "all comes to rest", "still tried")
    return []


def worker_dies_once(world: World) -> Meeting:
    """A worker dies right after its claim, and its wake-up with it."""
    world.hears("a")
    task = world.wakes()
    world.scheduler.run(task, "after update_item")
    world.kill(task)
    return [world.wakes()]


def store_is_busy(world: World) -> Meeting:
    """Turn after turn the store is too busy for the commit."""
    world.hears("a")
    for _ in range(5):
        task = world.wakes()
        world.scheduler.run(task, "model")
        world.faults.tables["conversations-0"] = [BUSY]
        world.scheduler.run(task)
        world.now += 90
    return [world.wakes()]


def another_writer(world: World) -> Meeting:
    """Another program writes to the memory, and clears it, while a text is answered."""
    world.hears("a")
    world.ledger.clears = True
    task = world.wakes()
    world.scheduler.run(task, "model")
    return [world.clears_elsewhere("other: x"), task]


def two_writers(world: World) -> Meeting:
    """Two other programs write to the memory at once."""
    talk(world)
    return [world.writes_elsewhere("other: x"), world.writes_elsewhere("other: y")]


def more_than_allowed(world: World) -> Meeting:
    """One text more than a day allows."""
    for number in range(3):
        world.hears(f"<{number}>")
        world.scheduler.run(world.wakes())
    world.hears("one more")
    return [world.wakes()]


def pause(world: World) -> Meeting:
    """The operator has paused the stack."""
    world.hears("a")
    world.throws_switch(paused=True)
    world.now += 20
    return [world.wakes()]


def slow_announcement(world: World) -> Meeting:
    """Three seconds pass between the announcement of a send and the send."""
    world.hears("a")
    task = world.wakes()
    world.scheduler.run(task, "model")
    for _ in range(2):  # The commit, then the announcement.
        world.scheduler.step(task)
        world.scheduler.run(task, "after transact")
    world.now += 3
    return [task]


def sends_are_lost(world: World) -> Meeting:
    """The carrier hears of no send of a turn."""
    world.hears("a")
    world.carrier.outcomes = ["request lost"] * 4
    for _ in range(5):
        world.scheduler.run(world.wakes())
        world.now += 200
    return [world.wakes()]


def second_send_is_lost(world: World) -> Meeting:
    """The carrier has the reply before, and never heard of this one."""
    talk(world)
    world.hears("b")
    world.carrier.outcomes = ["request lost"]
    world.scheduler.run(world.wakes())
    world.now += 80
    return [world.wakes()]


def key_is_lost(world: World) -> Meeting:
    """Somebody deleted the conversation's key."""
    talk(world)
    world.memory.tables["keys-0"].clear()
    world.unheard.add("SMin1")
    sid = world.says("b")
    task = world.delivers(sid)
    world.scheduler.run(task)
    world.unheard.clear()
    if sid in world.ledger.said and world.ledger.said[sid].accepted is None:
        lost = [one for one in world.ledger.violations if "KeyLostError" in str(one)]
        for one in lost:  # What must be.
            world.ledger.violations.remove(one)
    return []


def another_text_after_a_death(world: World) -> Meeting:
    """A worker dies right after its claim; the next text comes before anybody goes on."""
    meeting = worker_dies_once(world)
    world.hears("b")
    world.now += 25
    return meeting


def text_is_gone(world: World) -> Meeting:
    """Somebody deletes a text while it is answered."""
    world.hears("a")
    task = world.wakes()
    world.scheduler.run(task, "model")
    [waits] = world.ledger.waiting()
    del world.memory.tables["conversations-0"][(world.name, waits.sk)]
    world.ledger.ended[waits.sk] = "deleted"
    world.scheduler.run(task)
    failed = [one for one in world.ledger.violations if "ConditionFailedError" in str(one)]
    for one in failed:  # What must be: it is tried again, and finds nothing left.
        world.ledger.violations.remove(one)
    return [world.wakes()]


def key_is_swapped(world: World) -> Meeting:
    """Somebody who can write the keys has texts sealed to a key of theirs."""
    talk(world)
    [item] = world.memory.tables["keys-0"].values()
    item["public_key"] = {"B": Seals(world.name, "theirs", b"t" * 32).public_key}
    world.workers[0] = world.responder()
    world.hears("b")
    world.scheduler.run(world.wakes(0))
    noticed = any("'keys'" in str(one) for one in world.ledger.violations)
    world.ledger.violations.clear()
    world.ledger.require(noticed, "a foreign key is noticed", "opened with it")
    world.memory.tables["conversations-0"].clear()
    return []


def items_are_swapped(world: World) -> Meeting:
    """Somebody who can write the table swaps the words of two messages."""
    talk(world)
    world.hears("b")
    world.scheduler.run(world.wakes())
    table, name = world.memory.tables["conversations-0"], world.name
    first, second = ((name, f"message#{number:012d}") for number in (0, 2))
    one, two = table[first]["content"], table[second]["content"]
    table[first]["content"], table[second]["content"] = two, one
    before = len(world.model.seen)
    world.hears("c")
    world.scheduler.run(world.wakes())
    shown = [str(one.content) for one in world.model.seen[before] if one.type == "human"]
    world.ledger.violations.clear()
    world.ledger.require(shown == ["c"], "nothing swapped is shown", shown)
    world.memory.tables["conversations-0"].clear()
    return []


def talk(world: World) -> None:
    """A text and its answer."""
    world.hears("a")
    world.scheduler.run(world.wakes())
