"""The chain of models: who is asked, for how long, and what counts as no answer."""

from __future__ import annotations

import builtins
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage

from conversation import aws
from conversation.deadline import Deadline
from conversation.models import (
    ModelChain,
    ModelSpecError,
    NamedModel,
    NoAnswerError,
    build_chain,
)
from conversation.outcomes import Outcome
from conversation.secrets import JsonSecret
from conversation.tables import Tables
from tests.services.stage import Stage

ASKED = [HumanMessage("hello")]


def throttled() -> str:
    """A model that is throttled."""
    raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Converse")


def erring() -> str:
    """A model whose connection breaks."""
    raise ConnectionResetError


def empty() -> str:
    """A model that says nothing."""
    return "  \n"


def slow() -> str:
    """A model that thinks too long."""
    time.sleep(5)
    return "too late"


class Played(GenericFakeChatModel):
    """Answers by a function without arguments."""

    messages: Any = iter(())
    say: Any = None

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        self.messages = iter([AIMessage(content=self.say())])
        return super()._generate(*args, **kwargs)


def chain(*scripts: Callable[[], str]) -> ModelChain:
    """A chain of played models, named by their place."""
    names = ("one", "two", "three")
    models = [
        NamedModel(name, partial(Played, say=say))
        for name, say in zip(names, scripts, strict=False)
    ]
    return ModelChain(models, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (throttled, "throttled"),
        (erring, "ConnectionResetError"),
        (empty, "empty"),
        (slow, "timeout"),
    ],
)
def test_the_second_model_answers_when_the_first_does_not(
    failing: Callable[[], str], error: str
) -> None:
    """The next is asked within the same deadline."""
    began = time.monotonic()
    answer = chain(failing, lambda: "fine").answer(ASKED, Deadline.after(1.5))
    assert (answer.text, answer.model) == ("fine", "two")
    assert [(tried.model, tried.error) for tried in answer.attempts] == [
        ("one", error),
        ("two", None),
    ]
    assert time.monotonic() - began < 1.5


def test_a_throttled_model_is_asked_again_when_it_is_all_there_is() -> None:
    """A throttle passes; an only model gets a second chance a moment later."""
    scripts: list[Callable[[], str]] = [lambda: "fine", throttled]

    def next_script() -> str:
        return scripts.pop()()

    answer = chain(next_script).answer(ASKED, Deadline.after(5))
    assert [tried.error for tried in answer.attempts] == ["throttled", None]


def test_no_answer_names_every_attempt() -> None:
    """When all fail, what was tried is known, and no provider's words are quoted."""
    with pytest.raises(NoAnswerError) as raised:
        chain(erring, empty).answer(ASKED, Deadline.after(5))
    assert [tried.error for tried in raised.value.attempts] == ["ConnectionResetError", "empty"]


def test_no_time_means_no_attempt() -> None:
    """A chain without time left asks nobody."""
    with pytest.raises(NoAnswerError):
        chain(lambda: pytest.fail("asked")).answer(ASKED, Deadline.after(0.1))


@pytest.mark.parametrize("failing", [throttled, erring, empty])
def test_all_models_failing_is_an_apology_and_the_words_are_kept(
    memory_tables: Tables, failing: Callable[[], str]
) -> None:
    """One apology goes out, the words are stored unanswered, and the next turn knows them."""
    stage = Stage(memory_tables)
    stage.model.script = lambda _messages: failing()
    stage.text("my name is Ada")
    stage.attend()
    assert [body[:5] for body in stage.bodies()] == ["Sorry"]
    stored = stage.items("message#")
    assert [(m["role"], m.get("answered"), m.get("kind")) for m in stored] == [
        ("human", False, None),
        ("ai", None, "apology"),
    ]
    assert stage.items("turn#")[0]["outcome"] == Outcome.APOLOGISED
    stage.model.script = lambda messages: " / ".join(str(m.content) for m in messages[1:])
    stage.text("who am I?")
    stage.attend()
    assert stage.bodies()[1] == "my name is Ada / who am I?"


def test_a_slow_model_is_an_apology_in_time(memory_tables: Tables) -> None:
    """The apology is committed before the turn's deadline, however long the model takes."""
    from messaging.answering import Timing

    stage = Stage(memory_tables)
    stage.model.script = lambda _messages: slow()
    stage.text("hello")
    began = time.monotonic()
    timing = Timing(answer_seconds=4, lease_seconds=20, send_seconds=2, message_days=30)
    stage.attend(stage.worker(timing=timing))
    assert time.monotonic() - began < 4
    assert stage.bodies()[0].startswith("Sorry")


@pytest.fixture
def trickling() -> Iterator[str]:
    """A server that sends one byte of its response every now and then, for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not done.wait(0.05):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    done.set()
    server.close()
    thread.join(5)


def test_an_attempt_at_a_trickling_server_is_ended(
    trickling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response that never ends, and is never silent, does not outlive its attempt."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", trickling)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    aws.client.cache_clear()
    aws._session.cache_clear()
    built = build_chain(
        ["bedrock:us.amazon.nova-lite-v1:0"], max_output_tokens=50, answer_seconds=30
    )
    built.warm()
    began = time.monotonic()
    try:
        with pytest.raises(NoAnswerError) as raised:
            built.answer(ASKED, Deadline.after(1))
    finally:
        aws.client.cache_clear()
        aws._session.cache_clear()
    assert raised.value.attempts[0].error == "timeout"
    assert 0.8 < time.monotonic() - began < 2.5


@pytest.mark.parametrize("name", ["", "bedrock", "bedrock:", "acme:gpt", ":x"])
def test_a_name_that_is_no_model_is_refused(name: str) -> None:
    """A chain is refused when it is made, not at somebody's first message."""
    with pytest.raises(ModelSpecError):
        build_chain([name], max_output_tokens=1, answer_seconds=1)


def test_a_chain_of_no_models_is_refused() -> None:
    """A stack without a model cannot answer."""
    with pytest.raises(ModelSpecError):
        build_chain([], max_output_tokens=1, answer_seconds=1)


class _Secrets:
    def get_secret_value(self, **_: Any) -> dict[str, str]:
        """The models secret."""
        return {"SecretString": '{"openai_api_key": "o", "anthropic_api_key": "a"}'}


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("openai:gpt-4.1", "langchain_openai"),
        ("anthropic:claude-haiku-4-5", "langchain_anthropic"),
        ("ollama:llama3.2", "langchain_ollama"),
    ],
)
def test_a_missing_extra_says_which_build_it_needs(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image without a provider's SDK fails over, and says what to build."""
    importing = builtins.__import__

    def without(wanted: str, *rest: Any) -> Any:
        if wanted == package:
            raise ModuleNotFoundError(name=package)
        return importing(wanted, *rest)

    monkeypatch.setattr("importlib.import_module", without)
    secret = JsonSecret("arn", _Secrets)
    built = build_chain([name], max_output_tokens=1, answer_seconds=1, secret=secret)
    with pytest.raises(NoAnswerError) as raised:
        built.answer(ASKED, Deadline.after(5))
    assert raised.value.attempts[0].error == "MissingExtraError"
    provider = name.partition(":")[0]
    with pytest.raises(Exception, match=f"extra '{provider}'"):
        built._models[0].get()


@pytest.mark.parametrize(
    ("package", "cls", "name", "settings"),
    [
        (
            "langchain_openai",
            "ChatOpenAI",
            "openai:gpt-4.1",
            {"api_key": "o", "max_retries": 0, "max_tokens": 9, "timeout": 7},
        ),
        (
            "langchain_anthropic",
            "ChatAnthropic",
            "anthropic:claude",
            {"api_key": "a", "max_retries": 0, "max_tokens": 9, "timeout": 7},
        ),
        (
            "langchain_ollama",
            "ChatOllama",
            "ollama:llama3.2@http://127.0.0.1:11434",
            {"base_url": "http://127.0.0.1:11434", "num_predict": 9},
        ),
    ],
)
def test_a_provider_is_built_without_retries_of_its_own(
    package: str, cls: str, name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retries of an SDK would break the deadline; keys come from the models secret."""
    import sys
    import types

    given: dict[str, Any] = {}
    module = types.ModuleType(package)
    setattr(module, cls, lambda **kwargs: given.update(kwargs))
    monkeypatch.setitem(sys.modules, package, module)
    secret = JsonSecret("arn", _Secrets)
    built = build_chain([name], max_output_tokens=9, answer_seconds=7, secret=secret)
    built._models[0].build()
    assert settings.items() <= given.items()
    assert given["model"] == name.partition(":")[2].partition("@")[0]
