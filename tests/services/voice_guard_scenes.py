"""Short scenes of a call and of what is left of it; each says whether it went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conversation.codec import CodecError
from conversation.deadline import Deadline
from conversation.forgetting import Forgetting
from tests.services.call_stage import CONTACT, OTHER, CallStage
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import KEY
from voice.codes import Check, Codes, is_proved

CALL = f"call#{CONTACT}"
SECOND_MESSAGE = 2


@dataclass
class World:
    """A stage, and the store below it."""

    memory: MemoryDynamoDB
    stage: CallStage

    def meanwhile(self, what: Callable[[], Any]) -> None:
        """Have something happen right before the next write."""

        def now(when: str, _operation: str) -> None:
            if when == "before":
                self.memory.written = lambda _when, _operation: None
                what()

        self.memory.written = now


def two_yes(world: World) -> bool:
    """Two yes at once: whether both count as the first."""
    stage = world.stage
    stage.holds("how far is it?")
    found: list[Any] = []
    world.meanwhile(lambda: found.append(stage.agrees()))
    found.append(stage.agrees())
    return len(set(found)) == 1


def no_beside_yes(world: World) -> bool:
    """No and yes at once: whether the yes makes a text of what is no longer there."""
    stage = world.stage
    caller = stage.holds("how far is it?")

    def no() -> None:
        stage.held.drop(caller.conversation, contact=CONTACT, turn="t-0002")

    world.meanwhile(no)
    stage.agrees()
    return bool(stage.of(CALL, "inbox#"))


def yes_after_forget(world: World) -> bool:
    """FORGET comes between finding the words and the yes: whether they are released."""
    stage = world.stage
    stage.holds("how far is it?")
    world.meanwhile(stage.forgets)
    return stage.agrees().wakes


def before_yes(world: World) -> bool:
    """The conversation is woken before the caller said anything: whether their words are taken."""
    world.stage.holds("how far is it?")
    try:
        world.stage.wake(CALL)
    except CodecError:  # They are not sealed as a text.
        return True
    return bool(world.stage.bodies())


def keep_again(world: World) -> bool:
    """KEEP, and once more: whether the call is in the memory twice."""
    stage = world.stage
    stage.says("I go to Oslo")
    stage.hangs_up()
    for _ in range(2):
        stage.writes("KEEP")
    return str(stage.remembered()).count("A telephone call") >= SECOND_MESSAGE


def forget_in_keep(world: World) -> bool:
    """The call is forgotten while its notes are written: whether they are kept."""
    return _kept_beside(world, lambda forgetting: forgetting.begin(CALL))


def forgotten_in_keep(world: World) -> bool:
    """The same, and the offer is gone by then too."""

    def ended(forgetting: Forgetting) -> None:
        forgetting.begin(CALL)
        forgetting.resume(CALL, Deadline.after(30, world.stage.clock))

    return _kept_beside(world, ended)


def _kept_beside(world: World, forget: Callable[[Forgetting], object]) -> bool:
    stage = world.stage
    stage.says("I go to Oslo")
    stage.hangs_up()

    def forgets(_messages: Any) -> str:
        forget(stage.forgetting())
        return "notes"

    stage.model.script = forgets
    stage.writes("KEEP")
    return "A telephone call" in str(stage.remembered())


def call_goes_on(world: World) -> bool:
    """A call that is to be offered to nobody goes on: whether what it left for later is gone."""
    stage = world.stage
    stage.says("hello")
    stage.opts_out()
    world.meanwhile(lambda: stage.says("and then", turn=2))
    stage.hangs_up()
    return not stage.of(CALL, "after-call")


def offered_before(world: World) -> bool:
    """A call goes on after its offer: whether it is offered once more."""
    for turn in (1, 2):
        world.stage.says("hello", turn=turn)
        world.stage.hangs_up()
    return len(world.stage.bodies()) > 1


def five_calls(world: World) -> bool:
    """Five calls in a day: whether they are offered more often than three times."""
    for number in range(5):
        world.stage.says("hello", f"{OTHER}-{number}")
        world.stage.hangs_up(f"{OTHER}-{number}")
    return len(world.stage.bodies()) > 3


def six_guesses(world: World) -> bool:
    """Five wrong codes, then the right one: whether it proves."""
    stage = world.stage
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    tried = [f"00000{number}" for number in range(5)] + ["123456"]
    found = [stage.codes.check(stage.person, stage.hashed, CONTACT, code) for code in tried]
    return found[-1] is Check.PROVED


def other_call(world: World) -> bool:
    """A code of one call is typed into another that was given one too: whether it proves."""
    stage = world.stage
    for contact in (CONTACT, OTHER):
        stage.codes.issue(stage.person, stage.hashed, contact)
    kept = stage.of_person(f"proof#{CONTACT}")[0]["digest"]
    return bool(kept == stage.of_person(f"proof#{OTHER}")[0]["digest"])


def proved_beside_a_new_code(world: World) -> bool:
    """The code is typed while another is asked for: whether the proof is lost."""
    stage = world.stage
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    stage.clock.now += 11
    world.meanwhile(lambda: stage.codes.check(stage.person, stage.hashed, CONTACT, "123456"))
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    return not is_proved(stage.tables, stage.person, CONTACT, stage.clock.now)


def new_code_beside_a_guess(world: World) -> bool:
    """Another code is asked for while the old one is typed: whether the old one proves."""
    stage = world.stage
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    stage.clock.now += 11
    other = Codes(stage.tables, lambda: KEY, stage.clock, draw=lambda: "654321")
    world.meanwhile(lambda: other.issue(stage.person, stage.hashed, CONTACT))
    return stage.codes.check(stage.person, stage.hashed, CONTACT, "123456") is Check.PROVED


def id_of_a_lost_code(world: World) -> bool:
    """The carrier's id of a code comes when its proof is gone: whether a ghost rises."""
    world.stage.codes.sent(world.stage.person, OTHER, "SMcode")
    return bool(world.stage.of_person("proof#"))
