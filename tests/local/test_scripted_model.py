"""The scripted model: the real ChatBedrockConverse and boto3 against it over loopback."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from langchain_aws import ChatBedrockConverse
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from local.scripted_answers import answer
from local.scripted_model import EMPTY, ERROR_STATUS, THROTTLE, ScriptedModel, Step, model_app, slow

MODEL = "us.amazon.nova-lite-v1:0"


@pytest.fixture
def model() -> ScriptedModel:
    """A fresh model."""
    return ScriptedModel()


@pytest.fixture
def client(model: ScriptedModel, serve: Callable[[Any], str]) -> Any:
    """boto3's own client, pointed at the model."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=2)
    client = boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=serve(model_app(model)),
        aws_access_key_id="x", aws_secret_access_key="y", config=config,
    )  # fmt: skip
    yield client
    client.close()


def chat(client: Any, *messages: BaseMessage, model: str = MODEL) -> AIMessage:
    """Ask through LangChain, as the engine does."""
    reply = ChatBedrockConverse(client=client, model_id=model).invoke(list(messages))
    assert isinstance(reply, AIMessage)
    return reply


def test_it_remembers_through_langchain(model: ScriptedModel, client: Any) -> None:
    """ChatBedrockConverse gets an answer about what was said before, with its token counts."""
    reply = chat(
        client,
        SystemMessage("Be brief."),
        HumanMessage("My name is Ada."),
        AIMessage("Nice to meet you, Ada!"),
        HumanMessage("What is my name?"),
    )
    assert reply.content == "Your name is Ada."
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["total_tokens"] > 0
    [call] = model.calls
    assert (call.model, call.system, call.texts) == (MODEL, "Be brief.", ["What is my name?"])
    assert call.answer == "Your name is Ada."


def test_several_texts_of_a_turn_are_covered_in_order(client: Any) -> None:
    """Human messages in a row are one turn: its answer covers each of them, in order."""
    reply = chat(client, HumanMessage("one"), HumanMessage("My name is Ada"), HumanMessage("two"))
    text = str(reply.content)
    assert text.startswith("You sent 3 texts.")
    places = [text.index(part) for part in ('"one"', "Ada!", '"two"')]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        (["hello", "and more"], "What did I say first?", 'The first thing you said was "hello".'),
        (["hello", "and more"], "what did I just say?", 'You said "and more".'),
        (["hello"], "How many messages have I sent?", "Counting this one, you have sent me 2."),
        (["call me Zoë"], "who am I?", "Your name is Zoë."),
        (["my name is Ada", "call me Bea"], "What's my name?", "Your name is Bea."),
        ([], "What is my name?", "You have not told me your name yet."),
        (["My dog is Rex."], "What is my dog?", "Your dog is Rex."),
        ([], "my dog is Rex", "I will remember that your dog is Rex."),
        (["a"], "b", 'I heard "b". That is message 2; the one before was "a".'),
    ],
)
def test_answers_show_memory(said: list[str], asked: str, expected: str) -> None:
    """Questions about the conversation are answered from it."""
    conversation = [turn for text in said for turn in (("user", [text]), ("assistant", ["ok"]))]
    assert answer([*conversation, ("user", [asked])]) == expected


@pytest.mark.parametrize("error", sorted(ERROR_STATUS))
def test_errors_are_read_by_botocore(model: ScriptedModel, client: Any, error: str) -> None:
    """Every error of Converse arrives as botocore's typed exception with its status."""
    model.script(Step(error=error))
    with pytest.raises(getattr(client.exceptions, error)) as raised:
        chat(client, HumanMessage("hello"))
    assert isinstance(raised.value, ClientError)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == ERROR_STATUS[error]
    assert model.calls[0].error == error


def test_scripts_are_per_model_and_in_order(model: ScriptedModel, client: Any) -> None:
    """A model takes its own steps first, then what is always, then answers by itself."""
    model.script(THROTTLE, Step(text="canned"), model=MODEL)
    with pytest.raises(client.exceptions.ThrottlingException):
        chat(client, HumanMessage("hello"))
    assert chat(client, HumanMessage("hello"), model="other").text.startswith("I heard")
    assert chat(client, HumanMessage("hello")).content == "canned"
    model.always(Step(text="always"), model=MODEL)
    assert chat(client, HumanMessage("hello")).content == "always"
    model.reset()
    assert chat(client, HumanMessage("hello")).text.startswith("I heard")


def test_an_answer_may_be_empty(model: ScriptedModel, client: Any) -> None:
    """An empty answer has no text block, as some models do."""
    model.script(EMPTY)
    assert not chat(client, HumanMessage("hello")).content


def test_a_slow_model_is_slow(model: ScriptedModel, client: Any) -> None:
    """A slow step outlives the caller's patience; the call is in the log all the same."""
    model.script(slow(4))
    started = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        chat(client, HumanMessage("hello"))
    assert time.monotonic() - started < 3.5
    assert len(model.wait_calls(1)) == 1
    model.stopping.set()


def test_faults_strike_every_model(model: ScriptedModel, client: Any) -> None:
    """``--fault throttle=1`` throttles whatever has no script."""
    model.faults.throttle_probability = 1.0
    with pytest.raises(client.exceptions.ThrottlingException):
        chat(client, HumanMessage("hello"))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": [{"text": "x"}]}],
        [{"role": "user", "content": [{"text": "x"}]}] * 2,
        [{"role": "user", "content": [{"text": "  "}]}],
        [
            {"role": "user", "content": [{"text": "x"}]},
            {"role": "assistant", "content": [{"text": "x"}]},
        ],
    ],
)
def test_a_malformed_conversation_is_refused(client: Any, messages: list[Any]) -> None:
    """What Bedrock refuses before any model sees it is refused here."""
    with pytest.raises(client.exceptions.ValidationException):
        client.converse(modelId=MODEL, messages=messages)
