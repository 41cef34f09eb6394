"""What rests where the next messages go, against what `meta` says, stops no conversation."""

from __future__ import annotations

from typing import Any

import pytest

from conversation.history import DynamoDBHistory
from conversation.tables import put
from tests.services.altered_scenes import Scene, counting


@pytest.mark.parametrize("content", [b"\x01odd", b"\x02odd", "odd", None, 7])
def test_what_rests_at_the_next_number_stops_nothing(content: Any) -> None:
    """Somebody put an item where the next message goes: it is counted, and goes."""
    scene = Scene()
    stage = scene.stage
    stage.writes("one")
    for number in (2, 3):
        item = {"pk": stage.conversation, "sk": f"message#{number:012d}", "role": "ai"}
        item |= {"generation": stage.generation, "content": content}
        stage.tables.write(put(stage.tables.conversations, item))
    with counting() as counted:
        stage.writes("two")
        DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).add_messages([])
    assert stage.remembered() == ["one", "you said: one", "two", "you said: two"]
    assert "SealBroken" in counted


def test_meta_of_before_the_last_messages_stops_nothing() -> None:
    """`meta` was restored from before an exchange: the numbers go on behind it."""
    scene = Scene()
    stage = scene.stage
    stage.writes("one")
    before = dict(scene.item(stage.conversation, "meta"))
    stage.writes("two")
    history = DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock)
    for words in ("three", "four"):
        scene.item(stage.conversation, "meta").update(before)
        if words == "three":
            stage.writes(words)
        else:
            history.add_user_message(words)
    said = ["one", "you said: one", "two", "you said: two", "three", "you said: three", "four"]
    assert stage.remembered() == said
