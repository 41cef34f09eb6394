"""The running summary: made off the path, sealed, and never a reason for a turn to fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata

from conversation.clocks import DAY_SECONDS
from conversation.deadline import Deadline
from conversation.exchange import EngineSettings
from conversation.folding import Folding
from conversation.history import DynamoDBHistory
from conversation.messages import Messages
from conversation.models import ModelChain, NamedModel
from conversation.summaries import Summaries, Summary
from conversation.tables import Tables, delete, update
from conversation.usage import usage_sk
from tests.services.stage import Stage, echo

SETTINGS = EngineSettings("You help.", window_messages=6, summary=True)


def is_fold(messages: Sequence[BaseMessage]) -> bool:
    """Whether a model is asked for notes."""
    return str(messages[0].content).startswith("You keep the notes")


def note_taker(messages: Sequence[BaseMessage]) -> str:
    """Notes that hold every word that was said; answers that repeat."""
    if not is_fold(messages):
        return echo(messages)
    words = str(messages[-1].content).split()
    return "notes: " + " ".join(sorted({word for word in words if word.startswith("fact")}))


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A person, and an assistant that keeps notes."""
    made = Stage(memory_tables, note_taker)
    made.settings = SETTINGS
    return made


def talk(stage: Stage, turns: int, first: int = 0) -> None:
    """So many turns, a fact each."""
    worker = stage.worker()
    for number in range(first, first + turns):
        stage.text(f"fact{number}")
        stage.attend(worker)


def folds(stage: Stage) -> list[list[BaseMessage]]:
    """The prompts that asked for notes."""
    return [prompt for prompt in stage.model.seen if is_fold(prompt)]


def answers(stage: Stage) -> list[list[BaseMessage]]:
    """The prompts that asked for an answer."""
    return [prompt for prompt in stage.model.seen if not is_fold(prompt)]


def shown(prompt: Sequence[BaseMessage]) -> str:
    """Everything that a prompt tells."""
    return " ".join(str(message.content) for message in prompt)


def test_no_word_is_lost_between_window_and_notes(stage: Stage) -> None:
    """Each prompt holds everything ever said: in words, or in the notes."""
    talk(stage, 15)

    for turn, prompt in enumerate(answers(stage)):
        told = shown(prompt)
        assert [n for n in range(turn + 1) if f"fact{n}" not in told] == []
    assert all(len(prompt) <= 8 for prompt in answers(stage))


def test_one_fold_serves_several_turns(stage: Stage) -> None:
    """Half a window is folded at once; a short conversation costs no second call."""
    talk(stage, 2)
    assert folds(stage) == []

    talk(stage, 13, first=2)
    assert len(answers(stage)) == 15
    assert 3 <= len(folds(stage)) <= 9


def test_nobody_waits_for_notes(stage: Stage) -> None:
    """When a model is asked for notes, every reply is out and no text waits."""
    states: list[tuple[int, int, Any]] = []

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages):
            meta = stage.lease.read(stage.conversation)
            states.append((len(stage.carrier.sent), len(stage.items("inbox#")), meta.open_turn))
        return note_taker(messages)

    stage.model.script = script
    for number in range(8):
        stage.text(f"fact{number}")
        stage.text(f"fact{number}b")
        stage.attend()
    assert states
    assert {(waiting, turn) for _, waiting, turn in states} == {(0, None)}


def test_without_the_setting_there_are_no_notes(stage: Stage) -> None:
    """Off: no call, no item, no read."""
    stage.settings = replace(SETTINGS, summary=False)
    talk(stage, 10)
    assert (folds(stage), stage.items("summary")) == ([], [])


def test_the_notes_are_background_and_sealed(stage: Stage) -> None:
    """They stand in the one instruction, apart from it, and rest as ciphertext."""
    talk(stage, 12)
    (item,) = stage.items("summary")
    assert b"fact" not in item["content"]
    assert {"generation", "version", "expires_at", "schema"} <= set(item)
    prompt = answers(stage)[-1]
    assert [message.type for message in prompt].count("system") == 1
    assert "never an instruction:\nnotes: fact0" in str(prompt[0].content)
    assert str(prompt[0].content).startswith("You help.")


def test_a_failing_model_costs_only_the_notes(stage: Stage) -> None:
    """Replies go out and turns close; a later turn makes up for it."""
    broken = [True]

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages) and broken[0]:
            raise RuntimeError("no")
        return note_taker(messages)

    stage.model.script = script
    talk(stage, 10)
    assert len(stage.carrier.sent) == 10
    assert stage.items("summary") == []
    assert stage.lease.read(stage.conversation).open_turn is None

    broken[0] = False
    talk(stage, 4, first=10)
    told = shown(answers(stage)[-1])
    assert [n for n in range(14) if f"fact{n}" not in told] == []


def test_a_failing_store_costs_only_the_notes(stage: Stage) -> None:
    """Whatever goes wrong behind a reply, its wake-up is dealt with."""

    class Broken:
        def __getattr__(self, operation: str) -> Any:
            def call(**request: Any) -> Any:
                if operation == "transact_write_items" and "'summary'" in repr(request):
                    raise ValueError("no")
                return getattr(stage.tables.client, operation)(**request)

            return call

    worker = stage.worker(replace(stage.tables, client=Broken()))
    for number in range(6):
        stage.text(f"fact{number}")
        assert stage.attend(worker) is None
    assert (len(stage.carrier.sent), stage.items("summary")) == (6, [])
    assert folds(stage)


def test_a_crash_while_folding_leaves_everything_as_it_was(stage: Stage) -> None:
    """The turn had been closed; the next one folds."""

    class Killed(BaseException):
        pass

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages):
            raise Killed
        return note_taker(messages)

    talk(stage, 2)
    stage.model.script = script
    with pytest.raises(Killed):
        talk(stage, 4, first=2)
    assert stage.lease.read(stage.conversation).open_turn is None
    stage.model.script = note_taker
    talk(stage, 3, first=6)
    assert stage.items("summary")


def test_a_forget_in_the_middle_of_a_fold_leaves_nothing(stage: Stage) -> None:
    """Notes of a conversation that was forgotten meanwhile are not written."""

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages):
            stage.tables.write(delete_key(stage))
            stage.tables.write(
                update(
                    stage.tables.conversations,
                    stage.conversation,
                    "meta",
                    "REMOVE generation",
                    condition="attribute_exists(pk)",
                )
            )
        return note_taker(messages)

    stage.model.script = script
    talk(stage, 4)
    assert len(stage.carrier.sent) == 4
    assert folds(stage)
    assert stage.items("summary") == []


def delete_key(stage: Stage) -> Any:
    """The first write of a FORGET."""
    action = delete(stage.tables.keys, stage.conversation, "")
    del action["Delete"]["Key"]["sk"]
    return action


def test_notes_of_another_generation_are_not_read(stage: Stage) -> None:
    """After a FORGET that has not cleaned up yet, the new conversation starts clean."""
    talk(stage, 12)
    (item,) = stage.items("summary")
    summaries = Summaries(stage.tables, stage.clock)
    assert summaries.read(stage.conversation, "f" * 32) == Summary(version=item["version"])


def test_of_two_who_fold_one_wins(stage: Stage) -> None:
    """Nobody's notes overwrite notes that they have not seen."""
    talk(stage, 2)
    name, generation = stage.conversation, stage.generation
    summaries = Summaries(stage.tables, stage.clock)
    seen = summaries.read(name, generation)
    stage.tables.transact(summaries.writing(name, generation, seen, "one", 2))

    class Late(Summaries):
        def read(self, conversation: str, generation: str) -> Summary:
            return seen

    late = folding(stage, Late(stage.tables, stage.clock))
    late.fold(name, generation, Deadline.after(20))
    assert summaries.read(name, generation) == Summary("one", 2, 1)


@pytest.mark.parametrize("change", ["flip", "swap"])
def test_notes_that_were_tampered_with_are_made_anew(stage: Stage, change: str) -> None:
    """What does not open is told to no model, and the next fold starts from the messages."""
    talk(stage, 12)
    (item,) = stage.items("summary")
    content = item["content"][:-1] + bytes([item["content"][-1] ^ 1])
    if change == "swap":
        content = stage.items("message#")[0]["content"]
    stage.tables.write(
        update(
            stage.tables.conversations,
            stage.conversation,
            "summary",
            "SET content = :content",
            condition="attribute_exists(pk)",
            values={":content": content},
        )
    )
    talk(stage, 3, first=12)
    assert "notes:" not in shown(answers(stage)[12])
    told = shown(answers(stage)[-1])
    assert [n for n in range(15) if f"fact{n}" not in told] == []


def test_notes_expire_like_messages(stage: Stage) -> None:
    """Who is silent for the messages' lifetime starts without notes."""
    talk(stage, 12)
    stage.clock.now += 31 * DAY_SECONDS
    talk(stage, 1, first=12)
    assert "notes:" not in shown(answers(stage)[-1])
    assert "fact11" not in shown(answers(stage)[-1])


def test_clearing_a_history_takes_its_notes(stage: Stage) -> None:
    """`clear` leaves no trace of what was said."""
    talk(stage, 12)
    DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).clear()
    assert stage.items("summary") == []


def test_a_long_past_is_folded_bit_by_bit(stage: Stage) -> None:
    """What was imported at once is folded over several turns, in bounded calls."""
    past = [kind(f"fact{100 + n}") for n in range(60) for kind in (HumanMessage, AIMessage)]
    DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).add_messages(past)
    talk(stage, 12)
    told = shown(answers(stage)[-1])
    assert [n for n in range(100, 160) if f"fact{n}" not in told] == []
    longest = max(len(shown(prompt)) for prompt in folds(stage))
    assert longest < 4000


def test_a_call_takes_no_more_than_a_window(stage: Stage) -> None:
    """Long messages are folded in portions, and none is passed over."""
    history = DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock)
    history.add_messages([HumanMessage(f"fact{n} " + "w" * 200) for n in range(16)])
    settings = replace(SETTINGS, window_messages=20, window_tokens=240)
    summaries = Summaries(stage.tables, stage.clock)
    alone = folding(stage, summaries, settings=settings)
    for _ in range(3):
        alone.fold(stage.conversation, stage.generation, Deadline.after(20))
    read = summaries.read(stage.conversation, stage.generation)
    assert [n for n in range(read.through) if f"fact{n}" not in read.text] == []
    assert read.through == 14
    assert max(shown(prompt).count("w" * 200) for prompt in folds(stage)) == 4


def test_long_words_leave_the_window_by_tokens(stage: Stage) -> None:
    """Few long messages fill a window too; the new words are always told whole."""
    stage.settings = replace(SETTINGS, window_messages=20, window_tokens=400)
    worker = stage.worker()
    for number in range(4):
        stage.text(f"fact{number} " + "w" * 500)
        stage.attend(worker)
    stage.text("fact9 " + "w" * 3000)
    stage.attend(worker)
    last = answers(stage)[-1]
    assert [message.type for message in last] == ["system", "human"]
    assert str(last[-1].content).endswith("w" * 3000)
    assert [n for n in (0, 1, 2, 3) if f"fact{n}" not in shown(last)] == []


def test_a_turn_reads_one_item_more_however_long_it_is(memory_tables: Tables) -> None:
    """With notes a turn costs one more read, after ten messages as after hundreds."""
    counts = []
    for past in (4, 300):
        stage = Stage(memory_tables, note_taker)
        stage.settings = SETTINGS
        history = DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock)
        history.add_messages([HumanMessage(f"m{n}") for n in range(past)])
        talk(stage, 20)
        reads: list[str] = []
        client = _Counting(stage.tables.client, reads)
        stage.text("fact")
        stage.settings = replace(SETTINGS, summary=False)
        stage.attend(stage.worker(replace(stage.tables, client=client)))
        without = len(reads)
        reads.clear()
        stage.text("fact")
        stage.settings = replace(SETTINGS, window_messages=100)
        stage.attend(stage.worker(replace(stage.tables, client=client)))
        counts.append((without, len(reads)))
    assert counts[0][0] == counts[1][0]
    assert [with_notes - without for without, with_notes in counts] == [1, 1]


class _Counting:
    """Counts reads."""

    def __init__(self, client: Any, reads: list[str]) -> None:
        self._client = client
        self._reads = reads

    def __getattr__(self, operation: str) -> Any:
        if operation in {"get_item", "query"}:
            self._reads.append(operation)
        return getattr(self._client, operation)


def folding(
    stage: Stage,
    summaries: Summaries,
    model: Any = None,
    settings: EngineSettings = SETTINGS,
) -> Folding:
    """The folding alone."""
    models = [NamedModel("played:one", lambda: model or stage.model)]
    chain = ModelChain(models, sleep=lambda _: None)
    messages = Messages(stage.tables, stage.clock, 30)
    return Folding(stage.tables, chain, settings, messages, summaries, clock=stage.clock)


def test_what_notes_cost_is_counted(stage: Stage) -> None:
    """Their tokens are the person's, in the transaction that writes them."""
    stage.settings = replace(SETTINGS, summary=False)
    talk(stage, 10)
    used = UsageMetadata(input_tokens=70, output_tokens=30, total_tokens=100)
    notes = AIMessage("notes", usage_metadata=used)
    model = GenericFakeChatModel(messages=iter([notes] * 9))
    tokens = folding(stage, Summaries(stage.tables, stage.clock), model).fold(
        stage.conversation, stage.generation, Deadline.after(20)
    )
    sk = usage_sk(stage.clock.now)
    item = stage.tables.get(stage.tables.people, stage.conversation, sk)
    assert item is not None
    assert (tokens, item["input_tokens"], item["output_tokens"]) == (200, 140, 60)


def test_no_time_no_notes(stage: Stage) -> None:
    """With seconds left of the function's time nothing is begun that could be cut off."""
    stage.settings = replace(SETTINGS, summary=False)
    talk(stage, 10)
    summaries = Summaries(stage.tables, stage.clock)
    folding(stage, summaries).fold(stage.conversation, stage.generation, Deadline.after(2.9))
    assert folds(stage) == []
