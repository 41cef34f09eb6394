"""Short scenes of a call in the conversation of its caller's texts."""

from __future__ import annotations

from tests.services.scenes import Meeting, talk
from tests.services.world import World


def hook_twice(world: World) -> Meeting:
    """Lex brings an utterance twice at once."""
    talk(world)
    return [world.utters(), world.tries_again(1)]


def other_words(world: World) -> Meeting:
    """The caller goes on while the hook of what they said before, given up by Lex, still runs."""
    talk(world)
    first = world.utters()
    world.scheduler.step(first)
    return [first, world.utters()]


def call_after_a_death(world: World) -> Meeting:
    """A worker dies while it answers a text; its lease runs out, and the person calls."""
    world.hears("a")
    task = world.wakes()
    world.scheduler.run(task, "model")
    world.kill(task)
    world.now += 25
    return [world.utters()]


def call_beside_a_writer(world: World) -> Meeting:
    """Another program writes to the memory while the caller is answered."""
    talk(world)
    return [world.utters(), world.writes_elsewhere("other: x")]


def call_beside_a_forget(world: World) -> Meeting:
    """FORGET is confirmed, and begins, while the caller is answered."""
    talk(world)
    sid = world.asks_forget()
    forget = (lambda: world.deliver(sid, 1), lambda: world.responds(1))
    return [world.utters(), world.does(*forget, worker=1)]


def offer_beside_a_forget(world: World) -> Meeting:
    """FORGET begins while a text is answered, and the caller of meanwhile is offered a text."""
    talk(world)
    world.hears("b")
    world.scheduler.run(world.wakes(), "model")
    sid = world.asks_forget()
    forget = (lambda: world.deliver(sid, 1), lambda: world.responds(1))
    return [world.utters(), world.does(*forget, worker=1)]


def offer_twice(world: World) -> Meeting:
    """Lex brings an utterance twice at once while a text is answered."""
    world.hears("a")
    world.scheduler.run(world.wakes(), "model")
    return [world.utters(), world.tries_again(1)]


def two_yes(world: World) -> Meeting:
    """The caller's yes is brought twice at once, and a text is answered between."""
    talk(world)
    world.scheduler.run(world.utters(late=True))
    return [world.decides(yes=True), world.decides(yes=True), world.wakes()]
