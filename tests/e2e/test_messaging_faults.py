"""The carrier, the models and the store fail: each text still ends in exactly one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from conversation.items import Item, to_item
from local.carrier import Fault
from local.faults import Action
from local.scripted_model import EMPTY, THROTTLE, Step, slow
from local.stack import LocalStack
from tests.e2e.conftest import RECOVERY_SECONDS, next_second

FIRST = "dialtone.scripted-v1"
SECOND = "dialtone.second-v1"
ERROR = Step(error="ModelErrorException")


def closed(phone: Any) -> Any:
    """Whether nothing waits and no turn is open."""
    return lambda: not phone.meta().get("open_turn") and not phone.items("inbox#")


def test_a_rate_limit_is_waited_out(stack: LocalStack, phone: Any) -> None:
    """429 from the carrier: sent later, once, without asking the model again."""
    stack.carrier.faults.add(Fault.RATE_LIMIT, number=phone.number)
    phone.text("hello")
    phone.hear()
    phone.wait(closed(phone), "the turn to close")
    assert len(phone.replies()) == 1
    assert len(stack.model.calls) == 1


def test_an_opted_out_person_is_not_tried_again(stack: LocalStack, phone: Any) -> None:
    """21610 from the carrier: recorded with the turn, not retried, nothing left open."""
    stack.carrier.faults.add(Fault.OPTED_OUT, number=phone.number)
    phone.text("hello")
    phone.wait(lambda: phone.turns() and closed(phone)(), "the turn to close")
    [turn] = phone.turns()
    assert (turn["delivery"], turn["delivery_error"]) == ("failed", "21610")
    assert phone.replies() == []


def test_outside_the_whatsapp_window_is_recorded(stack: LocalStack, phone: Any) -> None:
    """63016 on WhatsApp: reported by the carrier, recorded, not retried."""
    stack.carrier.faults.add(Fault.WINDOW, number=f"whatsapp:{phone.number}")
    phone.text("hello", whatsapp=True)
    phone.wait(
        lambda: phone.turns() and phone.turns()[0].get("delivery_error") == "63016", "the report"
    )
    assert phone.turns()[0]["delivery"] == "failed"
    phone.wait(closed(phone), "the turn to close")
    assert len(phone.replies(whatsapp=True)) == 1


def test_undelivered_is_recorded(stack: LocalStack, phone: Any) -> None:
    """A text that the network did not deliver is marked so, with the carrier's code."""
    stack.carrier.faults.add(Fault.UNDELIVERED, number=phone.number)
    phone.text("hello")
    phone.hear()
    phone.wait(lambda: phone.turns()[0]["delivery"] == "undelivered", "the report")
    assert phone.turns()[0]["delivery_error"] == "30005"


def test_stop_is_silence_and_start_lifts_it(stack: LocalStack, phone: Any) -> None:
    """After STOP a text ends stopped, without a model call; after START it is answered."""
    phone.meet()
    phone.text("STOP")
    phone.text("are you there?")
    phone.wait(
        lambda: len(phone.turns()) == 2 and phone.turns()[1]["outcome"] == "stopped", "the end"
    )
    assert len(phone.replies()) == 1
    assert len(stack.model.calls) == 1
    next_second()
    phone.text("START")
    phone.text("and now?")
    assert len(phone.hear(2)) == 2
    assert all("STOP" not in text for call in stack.model.calls for text in call.texts)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(THROTTLE, id="throttled"),
        pytest.param(ERROR, id="failing"),
        pytest.param(EMPTY, id="empty"),
        pytest.param(slow(30), id="slow"),
    ],
)
def test_the_second_model_answers_for_the_first(stack: LocalStack, phone: Any, step: Step) -> None:
    """Throttled, failing, empty or slow: the next model answers, within the turn's deadline."""
    stack.model.always(step, model=FIRST)
    phone.text("my name is Ada")
    assert phone.hear(timeout=12) == ["Nice to meet you, Ada!"]
    phone.wait(closed(phone), "the turn to close")
    [turn] = phone.turns()
    assert turn["model"].endswith(SECOND)
    assert [bool(attempt.get("error")) for attempt in turn["model_attempts"]] == [True, False]


def test_when_all_models_fail_there_is_one_apology(stack: LocalStack, phone: Any) -> None:
    """All fail: one apology, no retry; the next turn knows what the person had said."""
    stack.model.always(ERROR)
    phone.text("my name is Ada")
    [apology] = phone.hear(timeout=12)
    phone.wait(closed(phone), "the turn to close")
    assert phone.turns()[0]["outcome"] == "apologised"
    stack.model.always(None)
    phone.text("what is my name?")
    replies = phone.hear(2)
    assert replies[0] == apology
    assert replies[1].endswith("Your name is Ada.")


def test_a_text_that_arrives_while_a_turn_is_busy_is_next(stack: LocalStack, phone: Any) -> None:
    """A text during a slow turn gets its own turn, after it."""
    phone.meet()
    stack.model.script(slow(3), model=FIRST)
    phone.text("slow one")
    stack.model.wait_calls(2)
    phone.text("quick one")
    replies = phone.hear(3)
    assert "slow one" in replies[1]
    assert 'the one before was "slow one"' in replies[2]


def test_two_channels_at_once_share_one_memory(stack: LocalStack, phone: Any) -> None:
    """SMS and WhatsApp at the same moment: one conversation, two replies, each where it belongs."""
    phone.meet()
    phone.text("by sms")
    phone.text("by whatsapp", whatsapp=True)
    assert "by sms" in phone.hear(2)[1]
    assert "by whatsapp" in phone.hear(1, whatsapp=True)[0]
    phone.wait(closed(phone), "the turns to close")
    said = [text for role, text in phone.remembered() if role == "human"]
    assert sorted(said) == ["by sms", "by whatsapp", "hello"]


@pytest.mark.parametrize("action", [Action.THROTTLE, Action.CONFLICT])
def test_a_busy_store_is_retried(stack: LocalStack, phone: Any, action: Action) -> None:
    """Throttles and conflicts of DynamoDB, in the webhook and in the turn: answered once."""
    operations = "PutItem|UpdateItem|TransactWriteItems"
    for function in ("webhook", "responder"):
        rule = stack.faults.add(
            action, function=function, service="dynamodb", operation=operations, times=2
        )
        assert rule.hits == 0
    phone.text("busy today?")
    phone.hear()
    phone.wait(closed(phone), "the turn to close")
    assert [rule.hits for rule in stack.faults.rules] == [2, 2]
    assert len(phone.replies()) == 1
    assert len(phone.remembered()) == 2


def test_an_answer_waits_for_kms(stack: LocalStack, phone: Any) -> None:
    """KMS is away and no worker has the key: counted, nothing said, answered once it is back."""
    already = counted(stack, "KeyUnavailable")
    rule = stack.faults.add(Action.ERROR, function="responder", service="kms", operation="Decrypt")
    phone.text("hello")
    phone.wait(lambda: counted(stack, "KeyUnavailable") > already, "the alarm's metric")
    phone.wait(lambda: "open_turn" in phone.meta(), "the turn to be open")
    assert (phone.replies(), len(phone.items("inbox#"))) == ([], 1)
    assert "pending_at" in phone.meta()
    stack.faults.remove(rule.id)
    assert "hello" in phone.hear(timeout=RECOVERY_SECONDS)[0]
    phone.wait(closed(phone), "the turn to close")
    assert [turn["outcome"] for turn in phone.turns()] == ["answered"]
    assert len(phone.replies()) == 1


def counted(stack: LocalStack, metric: str) -> int:
    """How often the responder counted something."""
    return sum(f'"{metric}":' in line for line in stack.logs("responder"))


def test_a_lost_webhook_is_found_by_the_sweep(stack: LocalStack, phone: Any) -> None:
    """A text that only the carrier's list has is accepted and answered; its neighbours once."""
    phone.meet()
    stack.carrier.faults.add(Fault.LOST_WEBHOOK, number=phone.number)
    phone.text("did you get this?")
    assert stack.invoke("sweep", {})["accepted"] == 1
    assert "did you get this?" in phone.hear(2)[1]
    assert stack.invoke("sweep", {})["accepted"] == 0
    assert len(phone.replies()) == 2


def test_a_stop_found_by_the_sweep_is_a_stop(stack: LocalStack, phone: Any) -> None:
    """A STOP whose webhook was lost changes consent and never reaches the model."""
    phone.meet()
    stack.carrier.faults.add(Fault.LOST_WEBHOOK, number=phone.number)
    phone.text("STOP")
    stack.invoke("sweep", {})
    assert phone.items("consent#", "peopleTable")[0]["state"] == "out"
    assert len(stack.model.calls) == 1


def test_a_poisonous_text_is_set_aside_and_the_others_go_on(
    stack: LocalStack, new_phone: Callable[[], Any]
) -> None:
    """A text that breaks every turn is set aside with an apology; others go on; redrive works."""
    phone, other = new_phone(), new_phone()
    conversation = phone.meet()
    whole = _break_next_text(stack, phone, "poison")
    other.text("am I held up?")
    assert "am I held up?" in other.hear()[0]
    phone.hear(2, timeout=40)
    phone.wait(lambda: not phone.meta().get("open_turn"), "the turn to close")
    [aside] = phone.items("inbox#")
    assert aside["set_aside_at"]
    assert "pending_at" not in aside
    assert phone.turns()[-1]["outcome"] == "set_aside"
    # Metrics are written when the function ends, which is after the turn does.
    phone.wait(lambda: '"SetAside":[1.0]' in "".join(stack.logs("responder")), "the metric")
    phone.text("go on")
    assert "go on" in phone.hear(3)[2]
    _put(stack, {**aside, "text": whole})
    done = CliRunner().invoke(
        app,
        ["redrive", "--yes", "--conversation", conversation, "--stack-file", _stack_file(stack)],
    )
    assert done.exit_code == 0, done.output
    assert "poison" in phone.hear(4)[3]
    phone.wait(closed(phone), "the inbox to be empty")


def _break_next_text(stack: LocalStack, phone: Any, body: str) -> bytes:
    """Send a text and make its stored words unreadable before its turn; returns them whole."""
    stack.faults.add(
        Action.DELAY, function="responder", operation="GetItem", contains=phone.conversation,
        seconds=2, times=1,
    )  # fmt: skip
    phone.text(body)
    phone.wait(lambda: phone.items("inbox#"), "the text to wait")
    [item] = phone.items("inbox#")
    _put(stack, {**item, "text": b"\x7fnot what it was"})
    whole: bytes = item["text"]
    return whole


def _put(stack: LocalStack, item: Item) -> None:
    table = stack.outputs["conversationsTable"]
    stack.aws("dynamodb").put_item(TableName=table, Item=to_item(item))


def _stack_file(stack: LocalStack) -> str:
    """Where the stack tells the command line how to reach it."""
    return str(stack.config.state / "stack.json")
