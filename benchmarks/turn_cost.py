"""What a whole turn costs in DynamoDB and the queue, from the webhook to the delivered reply.

Taken where the functions meet AWS: the local stack's proxy counts every request, its bytes and
its write units. Nothing is simulated but AWS itself.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.community_history import write_units_of_a_turn
from benchmarks.figures import Figure
from benchmarks.grown_memory import ANSWER, WORDS, grow_messages, put_all
from benchmarks.stack_tables import tables_of
from conversation.stack_usage import FRESH_SECONDS
from local.config import OUR_NUMBER, LocalConfig
from local.scripted_model import Step
from local.stack import LocalStack

FUNCTIONS = ("webhook", "responder", "status")
SEEDS, TURNS = 2, 5
FEW, COMPARED = 10, 500


@dataclass(frozen=True)
class TurnCost:
    """What one turn took.

    Attributes:
        requests: Requests of the functions to AWS.
        bytes: What went over the wire for them, both ways.
        write_units: What DynamoDB would charge, index writes included.
    """

    requests: float
    bytes: float
    write_units: float


def measure_turn_costs(many: int) -> list[Figure]:
    """How flat a turn's cost is, and how it compares with langchain-community's history."""
    costs, community = measure_turns((FEW, COMPARED, many))
    return [_flatness(costs, many), _write_units(costs[COMPARED], community)]


def measure_turns(sizes: tuple[int, ...]) -> tuple[dict[int, TurnCost], float]:
    """The cost of a turn in conversations of each size, and the baseline's write units."""
    # One worker of each, so that no turn pays another's first reads of the secrets; and a window
    # that ten messages fill, so that what grows is the conversation and not what is read of it.
    config = LocalConfig(
        port=0,
        persist=False,
        schedules=False,
        workers=dict.fromkeys(("webhook", "status", "responder", "sweep"), 1),
        overrides={"assistant": {"windowMessages": FEW}},
    )
    with LocalStack(config) as stack:
        stack.model.always(Step(text=ANSWER))
        dynamodb = stack.aws("dynamodb")
        stack.measure_write_units(on=True)
        numbers = {size: f"+130355502{index:02d}" for index, size in enumerate(sizes)}
        for size, number in numbers.items():
            for turn in range(SEEDS):
                _talk(stack, number, turn + 1)
            _grow(stack, dynamodb, size)
        taken: dict[int, list[TurnCost]] = {size: [] for size in sizes}
        for turn in range(TURNS):
            # In turn, so that what a busy machine does to one conversation it does to all.
            for size in sizes:
                # A worker remembers the stack's usage this long, from whichever turn read it.
                time.sleep(FRESH_SECONDS)
                stack.meter.reset()
                _talk(stack, numbers[size], SEEDS + turn + 1)
                taken[size].append(_cost(stack))
        costs = {size: _typical(of_size) for size, of_size in taken.items()}
        model_url = f"{stack.url}/bedrock"
        community = write_units_of_a_turn(stack.emulator, model_url, COMPARED, WORDS)
        return costs, community


def _typical(taken: list[TurnCost]) -> TurnCost:
    """Of several turns, the least requests and bytes, and the median of the units.

    A delivery report that overtakes the turn's close costs both a retry, now in one conversation
    and now in another: the least is a turn where none did, so that conversations compare. What a
    turn is charged includes such retries.
    """
    return TurnCost(
        requests=min(cost.requests for cost in taken),
        bytes=min(cost.bytes for cost in taken),
        write_units=statistics.median(cost.write_units for cost in taken),
    )


def _talk(stack: LocalStack, number: str, count: int) -> None:
    """One turn, to its last delivery report."""
    stack.carrier.text(number, OUR_NUMBER, WORDS)
    reply = stack.carrier.wait_reply(number, count, timeout=60)[-1]
    stack.carrier.wait_status(reply.sid, "delivered", timeout=60)
    _wait_quiet(stack)


def _wait_quiet(stack: LocalStack, seconds: float = 0.5) -> None:
    """Wait until the functions have asked AWS for nothing for a while."""
    last = -1.0
    while last != (last := _of(stack, "requests")):
        time.sleep(seconds)


def _of(stack: LocalStack, what: str) -> float:
    """What the functions of a turn spent, all operations together."""
    return sum(float(getattr(stack.meter.total(function), what)) for function in FUNCTIONS)


def _cost(stack: LocalStack) -> TurnCost:
    return TurnCost(
        requests=_of(stack, "requests"),
        bytes=_of(stack, "request_bytes") + _of(stack, "response_bytes"),
        # An update whose condition failed is charged like one that went through.
        write_units=_of(stack, "write_units") + _of(stack, "errors"),
    )


def _grow(stack: LocalStack, dynamodb: Any, size: int) -> None:
    """Give a conversation as many messages and receipts as it would have by then."""
    conversation = _newest_conversation(stack, dynamodb)
    receipt = dynamodb.query(
        TableName=stack.outputs["peopleTable"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :receipt)",
        ExpressionAttributeValues={":pk": {"S": conversation}, ":receipt": {"S": "receipt#"}},
    )["Items"][0]
    grow_messages(tables_of(stack), conversation, size, after=2 * SEEDS)
    put_all(
        dynamodb,
        stack.outputs["peopleTable"],
        ({**receipt, "sk": {"S": f"receipt#SM{number:032x}"}} for number in range(size)),
    )


def _newest_conversation(stack: LocalStack, dynamodb: Any) -> str:
    """The conversation just begun; addresses are hashed, so nothing else tells whose it is."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=stack.outputs["peopleTable"])
    found: list[tuple[int, str]] = [
        (int(item["created_at"]["N"]), item["pk"]["S"])
        for page in pages
        for item in page["Items"]
        if item["sk"]["S"].startswith("conversation#")
    ]
    return max(found)[1]


def _flatness(costs: Mapping[int, TurnCost], many: int) -> Figure:
    """How a turn's bytes and requests grow with the conversation."""
    few, much = costs[FEW], costs[many]
    return Figure(
        measure=f"bytes and requests of a whole turn with {many:,} messages and receipts",
        baseline=f"the same with {FEW}",
        value=max(much.bytes / few.bytes, much.requests / few.requests),
        unit="×",
        must=1.05,
        aim=None,
        detail={
            "bytes": [round(few.bytes), round(much.bytes)],
            "requests": [few.requests, much.requests],
        },
    )


def _write_units(ours: TurnCost, community: float) -> Figure:
    """Everything that a turn writes, against one class's writes of the same words."""
    return Figure(
        measure=f"write units of a whole turn at {COMPARED} messages, everything counted",
        baseline="langchain-community's `DynamoDBChatMessageHistory` alone",
        value=community / ours.write_units,
        unit="× fewer",
        must=6,
        aim=10,
        detail={"write_units": ours.write_units, "community": community},
    )
