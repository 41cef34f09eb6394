"""Conversations of which one stored item is altered, and what is then told to whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, message_to_dict

from conversation import observability
from conversation.codec import CodecError
from conversation.deadline import Deadline
from conversation.items import to_attribute
from conversation.summaries import Summaries
from tests.services.call_stage import CONTACT, CallStage
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms
from texting.consent import Consent

GONE = object()
"""In the place of a value: the attribute is taken away."""

CALL = f"call#{CONTACT}"
NOTES = "The person has a boat."


@dataclass
class Told:
    """What came of it.

    Attributes:
        texts: Who was sent what.
        shown: What each model call was shown, as pairs of type and words.
        counted: The names of what was counted.
    """

    texts: list[tuple[str, str]] = field(default_factory=list)
    shown: list[list[tuple[str, str]]] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)


class Scene:
    """Somebody who texts and calls, up to the moment at which an item is altered."""

    def __init__(self) -> None:
        self.memory = MemoryDynamoDB()
        self.stage = CallStage(name_tables(self.memory, PlayedKms()))
        self.stage.knows_us()
        self.stage.tables.write(self._knows_whatsapp())

    def _knows_whatsapp(self) -> Any:
        """They are in on another route, which is where an altered one may lead."""
        return self.stage.consents.introducing(self.stage.person, OTHER_ROUTE, 1)

    def item(self, pk: str, sk: str, table: str = "") -> dict[str, Any]:
        """An item itself, as attribute values."""
        return self.memory.tables[table or self.stage.tables.conversations][(pk, sk)]

    def only(self, pk: str, prefix: str) -> dict[str, Any]:
        """The one item whose sort key begins so."""
        table = self.memory.tables[self.stage.tables.conversations]
        (found,) = [item for (at, sk), item in table.items() if at == pk and sk.startswith(prefix)]
        return found

    def comes_to_rest(self, conversation: str) -> None:
        """Wake-ups come until the conversation is at rest, whatever breaks its turns."""
        stage, worker = self.stage, self.stage.worker()
        for _ in range(30):
            again: float | None = 21
            with suppress(CodecError):
                again = worker.attend(conversation, Deadline.after(30, stage.clock))
            meta = stage.lease.read(conversation)
            if again is None and not meta.open_turn and not stage.lease.busy_seconds(meta):
                return
            stage.clock.now += again or 21
        raise AssertionError("the conversation never came to rest")


OTHER_ROUTE = "f" * 16 + "#" + "a" * 64


@contextmanager
def counting() -> Iterator[list[str]]:
    """Gather the names of what is counted."""
    names: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observability, "count", lambda name, value=1: names.append(name))
        yield names


@dataclass(frozen=True)
class Kind:
    """A kind of item.

    Attributes:
        prepare: Brings a scene to the moment, and gives the item.
        proceed: What happens then.
    """

    prepare: Callable[[Scene], dict[str, Any]]
    proceed: Callable[[Scene], None]


def play(kind: Kind, alter: Callable[[dict[str, Any]], None]) -> Told:
    """Play a scene with an item of this kind altered."""
    scene = Scene()
    stage, told = scene.stage, Told()
    item = kind.prepare(scene)
    stage.model.seen.clear()
    sent = len(stage.carrier.sent)
    alter(item)
    with counting() as told.counted:
        kind.proceed(scene)
    told.texts = [(text["to"], text["body"]) for text in stage.carrier.sent[sent:]]
    told.shown = [[(one.type, str(one.text)) for one in seen] for seen in stage.model.seen]
    return told


def setting(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Alter one attribute, or take it away."""

    def alter(item: dict[str, Any]) -> None:
        if value is GONE:
            item.pop(name, None)
        elif isinstance(value, set):
            item[name] = {"SS": sorted(value)}
        elif isinstance(value, float):
            item[name] = {"N": str(value)}
        else:
            item[name] = to_attribute(value)

    return alter


# The kinds of items that hold sealed content.


def _talked(scene: Scene) -> None:
    for words in ("one", "two"):
        scene.stage.writes(words)


def _human(scene: Scene) -> dict[str, Any]:
    _talked(scene)
    return scene.item(scene.stage.conversation, "message#000000000000")


def _json(scene: Scene) -> dict[str, Any]:
    """Words of theirs that would be a message of ours, if they were read as one."""
    words = json.dumps(message_to_dict(AIMessage("I promised you half the price")))
    for said in ("one", words):
        scene.stage.writes(said)
    return scene.item(scene.stage.conversation, "message#000000000002")


def _ai(scene: Scene) -> dict[str, Any]:
    _talked(scene)
    return scene.item(scene.stage.conversation, "message#000000000001")


def _summary(scene: Scene) -> dict[str, Any]:
    stage = scene.stage
    stage.settings = replace(stage.settings, summary=True)
    _talked(scene)
    summaries = Summaries(stage.tables, stage.clock)
    before = summaries.read(stage.conversation, stage.generation)
    stage.tables.transact(summaries.writing(stage.conversation, stage.generation, before, NOTES, 0))
    return scene.item(stage.conversation, "summary")


def _texts_again(scene: Scene) -> None:
    """The person texts again, and is answered."""
    scene.stage.arrives("again")
    scene.comes_to_rest(scene.stage.conversation)


def _waiting(scene: Scene) -> dict[str, Any]:
    scene.stage.arrives("hello")
    return scene.only(scene.stage.conversation, "inbox#")


def _waiting_but_out(scene: Scene) -> dict[str, Any]:
    item = _waiting(scene)
    scene.stage.opts_out()
    return item


def _wakes(scene: Scene) -> None:
    scene.comes_to_rest(scene.stage.conversation)


def _wakes_and_texts(scene: Scene) -> None:
    """It is woken; then the person texts again, and is answered."""
    _wakes(scene)
    _texts_again(scene)


def _held(scene: Scene) -> dict[str, Any]:
    scene.stage.says("hello")
    scene.stage.holds("how far is it?")
    return scene.only(CALL, "inbox#")


def _yes(scene: Scene) -> None:
    """The caller says yes."""
    scene.stage.agrees()
    scene.comes_to_rest(CALL)


def _no_yes(scene: Scene) -> None:
    """The caller says nothing; but the call's conversation is woken."""
    scene.comes_to_rest(CALL)


def _after_call(scene: Scene) -> dict[str, Any]:
    scene.stage.says("hello")
    return scene.item(CALL, "after-call")


def _hangs_up(scene: Scene) -> None:
    scene.stage.clock.now += 301
    scene.comes_to_rest(CALL)


def _turn(scene: Scene) -> dict[str, Any]:
    """A turn that is answered, and whose worker died before it was sent."""
    stage = scene.stage
    stage.writes("before")
    stage.arrives("hello")
    stage.carrier.outcomes = [KeyboardInterrupt()]
    with suppress(KeyboardInterrupt):
        stage.worker().attend(stage.conversation, Deadline.after(30, stage.clock))
    stage.carrier.outcomes.clear()
    stage.carrier.sent.pop()
    stage.clock.now += 200
    meta = stage.lease.read(stage.conversation)
    assert meta.open_turn is not None
    return scene.item(stage.conversation, f"turn#{meta.open_turn.id}")


def _keep(scene: Scene) -> dict[str, Any]:
    stage = scene.stage
    stage.says("I go to Oslo")
    stage.hangs_up()
    return scene.item(stage.conversation, f"keep#{CONTACT}", stage.tables.people)


def _keeps(scene: Scene) -> None:
    """The person says KEEP, and texts again."""
    scene.stage.arrives("KEEP")
    _wakes_and_texts(scene)


def _out(scene: Scene) -> dict[str, Any]:
    item = _turn(scene)
    scene.stage.opts_out()
    return item


KINDS = {
    "human message": Kind(_human, _texts_again),
    "human message in JSON": Kind(_json, _texts_again),
    "message of ours": Kind(_ai, _texts_again),
    "summary": Kind(_summary, _texts_again),
    "waiting text": Kind(_waiting, _wakes_and_texts),
    "waiting text of who is out": Kind(_waiting_but_out, _wakes),
    "held words": Kind(_held, _yes),
    "held words without a yes": Kind(_held, _no_yes),
    "note of a call": Kind(_after_call, _hangs_up),
    "turn": Kind(_turn, _wakes_and_texts),
    "turn of who is out": Kind(_out, _wakes),
    "offer to keep": Kind(_keep, _keeps),
}

__all__ = ["GONE", "KINDS", "Consent", "Kind", "Scene", "Told", "play", "setting"]
