"""What runs in the fresh interpreters of `turn_cpu`: the engine's turns, or their bare requests.

Both talk to canned AWS: botocore builds, signs and parses as ever, and no byte leaves the process.
Imports nothing but the payload and the standard library.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from typing import Any

WARM_UPS = 20
TURNS = 200
WINDOW = 20
CONVERSATION = "person#01K0000000000000000000BENCH"
GENERATION = "0" * 32
ROUTE = "0123456789abcdef#fedcba9876543210"
QUESTION = "Could you tell me which of the two trains on Friday evening stops at the old harbour?"
ANSWER = "Only the second one, at 19:40; the first one passes it without a stop. " * 3


class _Raw:
    """The part of an HTTP response that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        """The body, in one piece."""
        return [self._body]


def canned(client: Any, bodies: dict[str, bytes]) -> Any:
    """Let a client's operations answer from memory; returns the client."""
    from botocore.awsrequest import AWSResponse

    def answer(request: Any, event_name: str, **_: Any) -> Any:
        body = bodies[event_name.rpartition(".")[2]]
        headers: Any = {"x-amzn-requestid": "canned"}
        return AWSResponse(request.url, 200, headers, _Raw(body))

    client.meta.events.register("before-send", answer)
    return client


def _bodies() -> dict[str, bytes]:
    """What AWS answers; the window is empty until there have been turns."""
    said = {
        "output": {"message": {"role": "assistant", "content": [{"text": ANSWER}]}},
        "stopReason": "end_turn",
        "metrics": {"latencyMs": 400},
        "usage": {"inputTokens": 900, "outputTokens": 60, "totalTokens": 960},
    }
    return {
        "Query": _page([]),
        "TransactWriteItems": b"{}",
        "Converse": json.dumps(said).encode(),
    }


def _page(items: list[dict[str, Any]]) -> bytes:
    """The answer to a Query; bytes travel as base64."""
    page = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    return json.dumps(page, default=lambda raw: b64encode(raw).decode()).encode()


def _engine_turn(bodies: dict[str, bytes], *, sealed: bool = True) -> Callable[[], object]:
    """One turn of the engine, as the responder runs it, or with its contents in clear."""
    from conversation import aws
    from conversation.deadline import Deadline
    from conversation.exchange import EngineSettings, Incoming
    from conversation.meta import Claim, OpenTurn
    from conversation.models import build_chain
    from conversation.outcomes import TurnState
    from conversation.sealing import Seals, new_seed
    from conversation.tables import Tables, delete
    from conversation.turn import Engine
    from conversation.vault import Vault
    from messaging.profile import PROFILE

    vault = Vault(aws.kms, "never asked")
    # Warm: the key was unwrapped for an earlier turn.
    key = Seals if sealed else _clear_seals()
    vault.hold(key(CONVERSATION, GENERATION, new_seed()))
    client = canned(aws.dynamodb(), bodies)
    tables = Tables(client, "people", "conversations", "keys", vault=vault)
    canned(aws.bedrock_runtime(read_seconds=45), bodies)
    chain = build_chain(["bedrock:amazon.bench"], max_output_tokens=500, answer_seconds=45)
    engine = Engine(tables, chain, EngineSettings("You are a friendly assistant.", WINDOW))
    inbox = "inbox#01K0000000000000000000MAIL"
    opened = OpenTurn("01K00000000000000000BENCHT", (inbox,), TurnState.CLAIMED, 1, 1, ROUTE, "t")
    taking = delete("conversations", CONVERSATION, inbox, condition="attribute_exists(pk)")
    reply_to = {"from": "+13035550100", "to": "+13035550111"}

    def turn(sequence: int = WINDOW) -> object:
        claim = Claim(CONVERSATION, opened, epoch=7, sequence=sequence, generation=GENERATION)
        texts = [Incoming(QUESTION, 1_790_000_000_000)]
        deadline = Deadline.after(45)
        return engine.answer(claim, texts, PROFILE, deadline, [taking], reply_to=reply_to)

    _fill_window(aws.dynamodb(), bodies, turn)
    return turn


def _fill_window(client: Any, bodies: dict[str, bytes], turn: Callable[[int], object]) -> None:
    """Let the engine write a window of messages; from then on each Query returns them."""
    written: list[dict[str, Any]] = []

    def record(params: Any, **_: Any) -> None:
        puts = [action["Put"]["Item"] for action in params["TransactItems"] if "Put" in action]
        written.extend(item for item in puts if item["sk"]["S"].startswith("message#"))

    event = "before-parameter-build.dynamodb.TransactWriteItems"
    client.meta.events.register(event, record)
    for sequence in range(0, WINDOW, 2):
        turn(sequence)
    client.meta.events.unregister(event, record)
    bodies["Query"] = _page(sorted(written, key=lambda item: item["sk"]["S"], reverse=True))


def _clear_seals() -> Any:
    """Keys that leave the content as it is: what a turn would be without sealing."""
    from conversation.sealing import Seals

    class Clear(Seals):
        def seal(self, text: str, item: Any, role: Any) -> bytes:
            del item, role
            return text.encode()

        def read(self, item: Any, name: str, role: Any, decode: Any) -> Any:
            del role
            return decode(item[name].decode())

    return Clear


def _bare_turn(bodies: dict[str, bytes]) -> Callable[[], object]:
    """The requests of one such turn, recorded and made again with boto3 alone."""
    import boto3

    from conversation import aws

    recorded: dict[str, Any] = {}

    def record(params: Any, model: Any, **_: Any) -> None:
        recorded[model.name] = dict(params)

    turn = _engine_turn(bodies)
    for client in (aws.dynamodb(), aws.bedrock_runtime(read_seconds=45)):
        client.meta.events.register("before-parameter-build", record)
    turn()
    dynamodb = canned(boto3.client("dynamodb"), bodies)
    bedrock = canned(boto3.client("bedrock-runtime"), bodies)

    def bare() -> object:
        window = dynamodb.query(**recorded["Query"])["Items"]
        said = bedrock.converse(**recorded["Converse"])
        dynamodb.transact_write_items(**recorded["TransactWriteItems"])
        return window, said

    return bare


def run(kind: str) -> None:
    """Run turns of one kind and print the CPU milliseconds of one."""
    turns: dict[str, Callable[[dict[str, bytes]], Callable[[], object]]] = {
        "engine": _engine_turn,
        "clear": partial(_engine_turn, sealed=False),
        "bare": _bare_turn,
    }
    turn = turns[kind](_bodies())
    for _ in range(WARM_UPS):
        turn()
    began = time.process_time()
    for _ in range(TURNS):
        turn()
    print((time.process_time() - began) * 1000 / TURNS)
