"""Short scenes of a conversation that is forgotten; what each guard of FORGET is tried in."""

from __future__ import annotations

import copy

from tests.services.scenes import Meeting, talk
from tests.services.world import World


def forget_and_text(world: World) -> Meeting:
    """FORGET begins while the next text is accepted."""
    talk(world)
    sid = world.asks_forget()
    world.scheduler.run(world.delivers(sid))
    return [world.delivers(world.says("b")), world.wakes()]


def forget_in_a_turn(world: World) -> Meeting:
    """FORGET begins, and a new text is accepted, while a text is answered."""
    talk(world)
    world.hears("b")
    sid, later = world.asks_forget(), world.says("c")
    forget = (lambda: world.deliver(sid, 1), lambda: world.responds(1))
    return [world.wakes(0), world.does(*forget, lambda: world.deliver(later, 1), worker=1)]


def writer_beside_a_forget(world: World) -> Meeting:
    """FORGET begins while another program writes to the memory."""
    talk(world)
    sid = world.asks_forget()
    forget = (lambda: world.deliver(sid, 1), lambda: world.responds(1))
    return [world.writes_elsewhere("other: x"), world.does(*forget, worker=1)]


def forget_beside_a_commit(world: World) -> Meeting:
    """A worker commits between FORGET's look at the conversation and its first write."""
    talk(world)
    world.hears("b")
    first = world.wakes(0)
    world.scheduler.run(first, "model")
    world.scheduler.run(world.delivers(world.asks_forget()))
    second = world.wakes(1)
    world.scheduler.run(second, "transact")
    world.scheduler.step(first)
    world.scheduler.run(first, "after transact")
    return [second, first]


def forget_dies(world: World) -> Meeting:
    """The worker that began a FORGET dies; the next text comes before anything is deleted."""
    talk(world)
    world.scheduler.run(world.delivers(world.asks_forget()))
    task = world.wakes()
    world.scheduler.run(task, "after transact")
    world.kill(task)
    world.hears("b")
    return [world.wakes(0), world.wakes(1)]


def forget_with_carrier_away(world: World) -> Meeting:
    """FORGET when no copy can be erased; the next text comes before it can."""
    talk(world)
    world.carrier.away = True
    sid, later = world.asks_forget(), world.says("b")
    return [
        world.does(lambda: world.deliver(sid), world.responds, lambda: world.deliver(later)),
        world.wakes(1),
    ]


def forged_forget(world: World) -> Meeting:
    """Somebody who cannot read our reply guesses the code."""
    talk(world)
    right = world.ledger.said[world.asks_forget()].words
    return [world.delivers(world.says("FORGET 0000" if right != "FORGET 0000" else "FORGET 1111"))]


def two_erasers(world: World) -> Meeting:
    """Two workers go on with one FORGET."""
    talk(world)
    world.carrier.away = True
    world.scheduler.run(world.delivers(world.asks_forget()))
    world.scheduler.run(world.wakes())
    world.carrier.away = False
    return [world.wakes(0), world.wakes(1)]


def forgotten_and_answered_anew(world: World) -> Meeting:
    """While the model thinks, the person is forgotten; the next text is being answered already."""
    talk(world)
    world.hears("b")
    old = world.wakes(0)
    world.scheduler.run(old, "model")
    world.scheduler.run(world.delivers(world.asks_forget()))
    world.scheduler.run(world.wakes(1))
    world.hears("c")
    new = world.wakes(1)
    world.scheduler.run(new, "model")
    return [old, new]


def forgotten_before_sending(world: World) -> Meeting:
    """The person is forgotten between the commit and the announcement of its send."""
    world.hears("a")
    sid = world.asks_forget()
    task = world.wakes(0)
    world.scheduler.run(task, "model")
    world.scheduler.step(task)
    world.scheduler.run(task, "after transact")
    return [world.does(lambda: world.deliver(sid, 1), lambda: world.responds(1)), task]


def report_beside_a_forget(world: World) -> Meeting:
    """The carrier reports on a reply while its turn is forgotten."""
    talk(world)
    world.scheduler.run(world.delivers(world.asks_forget()))
    return [world.reports(), world.wakes()]


def forget_after_a_lost_answer(world: World) -> Meeting:
    """The carrier took a reply, its answer was lost, and the person is forgotten."""
    world.hears("a")
    world.carrier.outcomes = ["answer lost"]
    world.scheduler.run(world.wakes())
    world.scheduler.run(world.delivers(world.asks_forget()))
    world.scheduler.run(world.wakes())
    world.now += 140
    return [world.wakes(0), world.wakes(1)]


def two_sends_in_doubt(world: World) -> Meeting:
    """The same, and the next text is answered before anybody has asked the carrier."""
    world.hears("a")
    world.carrier.outcomes = ["answer lost", "request lost"]
    world.scheduler.run(world.wakes())
    world.scheduler.run(world.delivers(world.asks_forget()))
    world.scheduler.run(world.wakes())
    world.hears("b")
    world.scheduler.run(world.wakes())
    world.now += 80
    return [world.wakes()]


def late_retry(world: World) -> Meeting:
    """The carrier delivers a text once more after it was forgotten."""
    talk(world)
    world.scheduler.run(world.delivers(world.asks_forget()))
    world.scheduler.run(world.wakes())
    return [world.delivers("SMin0")]


def forget_while_sending(world: World) -> Meeting:
    """FORGET begins between the announcement of a send and its arrival."""
    world.hears("a")
    sid = world.asks_forget()
    return [world.wakes(0), world.does(lambda: world.deliver(sid, 1), lambda: world.responds(1))]


def restored_conversation(world: World) -> Meeting:
    """`meta` is restored from before a FORGET of somebody who has come back; they text again."""
    talk(world)
    table, place = world.memory.tables["conversations-0"], (world.name, "meta")
    before = copy.deepcopy(table[place])
    world.scheduler.run(world.delivers(world.asks_forget()))
    world.scheduler.run(world.wakes())
    world.hears("b")
    world.scheduler.run(world.wakes())
    table[place] = before
    sid = world.says("c")
    world.scheduler.run(world.delivers(sid))
    taken = world.ledger.said[sid].accepted is not None
    world.ledger.violations.clear()
    world.ledger.require(not taken, "what is accepted can be answered", sid)
    table.clear()
    return []
