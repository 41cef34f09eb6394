"""Items of any shape, planted by whoever may write `conversations`, stop nothing of ours."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from conversation.deadline import Deadline
from conversation.forgotten import Forgotten
from conversation.history import DynamoDBHistory
from conversation.ids import shard_of
from conversation.tables import Tables, put
from messaging.waking import Waking
from tests.services.altered_scenes import CALL, Scene, counting
from tests.services.forget_scene import Scene as ForgetScene
from tests.services.forget_scene import talked

VALUES: list[dict[str, Any] | None] = [
    {"N": "1.5"},
    {"N": "7"},
    {"SS": ["a", "b"]},
    {"NS": ["1", "2.5"]},
    {"BS": [b"a", b"b"]},
    {"L": [{"N": "1.5"}]},
    {"M": {"a": {"SS": ["b"]}}},
    {"NULL": True},
    {"BOOL": True},
    {"S": "odd"},
    None,
]
FULL = "a" * 32


class Queue:
    """Notes who is woken; refuses one conversation."""

    def __init__(self, refused: str = "") -> None:
        self.woken: list[str] = []
        self._refused = refused

    def send_from_sweep(self, conversation: str, _pending_at: int) -> None:
        """Wake a conversation."""
        if conversation == self._refused:
            error: Any = {"Error": {"Code": "InvalidParameterValue"}}
            raise ClientError(error, "SendMessage")
        self.woken.append(conversation)


def plant(tables: Tables, pk: str, sk: str, **attributes: Any) -> dict[str, Any]:
    """Write an item as attribute values, past everything of ours."""
    item = {"pk": {"S": pk}, "sk": {"S": sk}}
    item |= {name: value for name, value in attributes.items() if value is not None}
    tables.client.tables.setdefault(tables.conversations, {})[(pk, sk)] = item
    return item


def sweep(tables: Tables, queue: Queue) -> list[str]:
    """Run the sweep once; gives what was counted."""
    with counting() as counted:
        Waking(tables, queue, 2).run(Deadline.after(30))  # type: ignore[arg-type]  # as above
    return counted


def waits(tables: Tables, pk: str) -> None:
    """An honest text waits."""
    item = {"pk": pk, "sk": "inbox#1", "pending_at": 9_000, "pending_shard": shard_of(pk)}
    tables.write(put(tables.conversations, item))


@pytest.mark.parametrize(
    ("pk", "sk", "at", "wakes"),
    [
        ("person#zz", "zz", "1", {"S": "x"}),
        ("person#zz", "message#1", "1", None),
        ("person zz", "meta", "1", None),
        ("person#zz", "meta", "1.5", None),
        ("person#zz", "meta", "1e-130", None),
        ("person#zz", "meta", "-5000", None),
        ("person#zz", "meta", "-9" + "0" * 125, None),
        ("person#zz", "inbox#1", "1.5", None),
    ],
)
def test_what_cannot_wait_leaves_the_index(
    memory_tables: Tables, pk: str, sk: str, at: str, wakes: Any
) -> None:
    """And keeps nobody waiting, in the very run that finds it."""
    shard = shard_of("person#1")
    for number in range(25):
        mark = {"pending_shard": {"S": shard}, "pending_at": {"N": at}, "wakes": wakes}
        plant(memory_tables, f"{pk}{number}", sk, **mark)
    waits(memory_tables, "person#1")
    queue = Queue()
    assert sweep(memory_tables, queue).count("OddPending") == 25
    assert queue.woken == ["person#1"]
    assert "OddPending" not in sweep(memory_tables, queue)


@pytest.mark.parametrize("wakes", [*VALUES, {"N": "-5000"}, {"N": "1e120"}, {"N": "1" + "0" * 120}])
def test_any_count_of_wakes_is_moved_on(memory_tables: Tables, wakes: Any) -> None:
    """What is no number of ours is as none."""
    mark = {"pending_shard": {"S": shard_of("person#1")}, "pending_at": {"N": "1"}}
    item = plant(memory_tables, "person#1", "meta", wakes=wakes, **mark)
    queue = Queue()
    assert "OddPending" not in sweep(memory_tables, queue)
    assert queue.woken == ["person#1"]
    moved = memory_tables.get(memory_tables.conversations, "person#1", "meta") or {}
    assert moved["pending_at"] > 1
    assert item["pk"] == {"S": "person#1"}


def test_who_the_queue_refuses_stays_and_keeps_nobody_waiting(memory_tables: Tables) -> None:
    """The queue may be at fault: the place in the index is kept, whatever it answers."""
    for sk in ("inbox#1", "inbox#2", "inbox#3"):
        mark = {"pending_shard": {"S": shard_of("person#1")}, "pending_at": {"N": "1"}}
        plant(memory_tables, "person#0", sk, **mark)
    waits(memory_tables, "person#1")
    queue = Queue("person#0")
    assert "OddPending" not in sweep(memory_tables, queue)
    assert queue.woken == ["person#1"]
    kept = memory_tables.get(memory_tables.conversations, "person#0", "inbox#1") or {}
    assert kept["pending_at"] == 1


@pytest.mark.parametrize("value", VALUES)
def test_any_content_at_the_next_number_stops_no_text(value: Any) -> None:
    """Nor the clearing of a history that holds it, nor what comes after a FORGET."""
    scene = Scene()
    stage = scene.stage
    stage.writes("one")
    plant(stage.tables, stage.conversation, f"message#{2:012d}", content=value)
    stage.writes("two")
    assert stage.remembered() == ["one", "you said: one", "two", "you said: two"]
    plant(stage.tables, stage.conversation, f"message#{4:012d}", content=value, other=value)
    stage.forgets()
    stage.writes("three")
    assert stage.remembered() == ["three", "you said: three"]
    plant(stage.tables, stage.conversation, f"message#{6:012d}", content=value, other=value)
    DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).clear()
    assert stage.of(stage.conversation, "message#") == []


@pytest.mark.parametrize("value", VALUES)
def test_any_content_at_the_next_number_stops_no_call(value: Any) -> None:
    """The caller is answered."""
    scene = Scene()
    stage = scene.stage
    stage.says("one")
    plant(stage.tables, CALL, f"message#{2:012d}", content=value)
    assert stage.says("two", turn=2).text == "you said: two"


@pytest.mark.parametrize("name", ["x", *Forgotten.__dataclass_fields__])
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("sk", ["x", FULL])
def test_a_ghost_hangs_no_forget(memory_tables: Tables, sk: str, name: str, value: Any) -> None:
    """It goes, FORGET goes on to its end, and the person is answered again."""
    scene = talked(memory_tables)
    plant(memory_tables, scene.conversation, f"forget#{sk}", **{name: value})
    plant(memory_tables, scene.conversation, "forget#", x={"S": "x"})
    more = {"generation": {"S": FULL}, name: value}
    plant(memory_tables, scene.conversation, f"forget#{FULL}", **more)
    assert scene.forget()
    assert [item["sk"] for item in scene.items("")] == ["meta"]
    answered(scene)


@pytest.mark.parametrize("name", sorted(Forgotten.__dataclass_fields__.keys() - {"generation"}))
@pytest.mark.parametrize("value", VALUES)
def test_an_altered_forget_is_ended(memory_tables: Tables, name: str, value: Any) -> None:
    """Whatever became of what it noted on its way, all that was said goes."""
    scene = talked(memory_tables)
    scene.forgetting().begin_all(scene.conversation)
    [left] = scene.items("forget#")
    stored = memory_tables.client.tables[memory_tables.conversations]
    item = stored[(scene.conversation, left["sk"])]
    item.pop(name, None)
    item.update({name: value} if value is not None else {})
    assert scene.resume()
    assert [item["sk"] for item in scene.items("")] == ["meta"]


def answered(scene: ForgetScene) -> None:
    """The person writes, and is answered."""
    scene.renew()
    scene.text("hello")
    scene.attend_until_done()
    assert scene.bodies()[-1] == "you said: hello"
