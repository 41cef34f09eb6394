"""The lease: one worker at a time, and a worker that lost it can write nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conversation.deadline import Deadline
from conversation.exchange import Incoming, Profile
from conversation.history import DynamoDBHistory
from conversation.lease import Lease, LeaseLostError
from conversation.meta import Claim
from conversation.tables import Tables, put
from conversation.turn import Engine
from tests.services.played_parts import echo
from tests.services.stage import PERSON, SENDER, Stage

REPLY_TO = {"from": SENDER, "to": PERSON}


@pytest.fixture
def stage(tables: Tables) -> Stage:
    """A stage on the emulator."""
    return Stage(tables)


def claim(stage: Stage, turn_id: str = "01J0") -> Claim:
    """A worker claims."""
    meta = stage.lease.read(stage.conversation)
    return stage.lease.claim(meta, turn_id, ["inbox#1"], stage.route, 20)


def answer(stage: Stage, held: Claim, engine: Engine | None = None) -> Any:
    """A worker answers what it claimed."""
    return (engine or stage.engine()).answer(
        held, [Incoming("hi", 0)], Profile("brief"), Deadline.after(8), reply_to=REPLY_TO
    )


def test_two_workers_that_read_the_same_cannot_both_claim(stage: Stage) -> None:
    """The claim is conditioned on the epoch that was read."""
    meta = stage.lease.read(stage.conversation)
    stage.lease.claim(meta, "01J0", ["inbox#1"], stage.route, 20)
    with pytest.raises(LeaseLostError):
        stage.lease.claim(meta, "01J1", ["inbox#1"], stage.route, 20)


def test_a_running_lease_cannot_be_taken_over(stage: Stage) -> None:
    """Nobody takes a turn from a worker whose lease still runs."""
    claim(stage)
    with pytest.raises(LeaseLostError):
        stage.lease.take_over(stage.lease.read(stage.conversation), None, 20)


def test_every_write_of_a_fenced_worker_fails(stage: Stage) -> None:
    """After a takeover the first worker can neither commit, announce, release nor close."""
    lost = claim(stage)
    stage.clock.now += 21
    held = stage.lease.take_over(stage.lease.read(stage.conversation), None, 20)
    assert (held.epoch, held.turn.attempts) == (lost.epoch + 1, 2)
    with pytest.raises(LeaseLostError):
        answer(stage, lost)
    with pytest.raises(LeaseLostError):
        stage.lease.release(lost)
    with pytest.raises(LeaseLostError):
        stage.lease.close(lost)
    with pytest.raises(LeaseLostError):
        stage.lease.unsent(lost)
    assert stage.items("message#") == []
    assert answer(stage, held).text == "you said: hi"


def test_closing_twice_is_success(stage: Stage) -> None:
    """A close whose response was lost is made again without harm."""
    held = answer(stage, claim(stage)).claim
    stage.lease.close(held)
    stage.lease.close(held)
    assert stage.lease.read(stage.conversation).open_turn is None


def test_a_callback_closes_a_turn_that_nobody_holds(stage: Stage) -> None:
    """The carrier's report ends the open turn, once; a stale report changes nothing."""
    claim(stage)
    stale = stage.lease.read(stage.conversation)
    assert stage.lease.close_unheld(stale)
    assert not stage.lease.close_unheld(stale)


class Losing:
    """A client whose first response to an operation is lost after it was carried out."""

    def __init__(self, client: Any, operation: str) -> None:
        self._client = client
        self._operation = operation
        self.calls = 0

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)
        if operation != self._operation:
            return call

        def losing(**request: Any) -> Any:
            from botocore.exceptions import ReadTimeoutError

            self.calls += 1
            request.pop("ClientRequestToken", None)  # As after ten minutes: no idempotency left.
            response = call(**request)
            if self.calls == 1:
                raise ReadTimeoutError(endpoint_url="lost")
            return response

        return losing


def with_client(tables: Tables, client: Any) -> Tables:
    """The same tables behind another client."""
    return replace(tables, client=client)


def test_a_claim_whose_response_was_lost_is_still_ours(stage: Stage) -> None:
    """The retry meets our own claim and knows it by its token."""
    lease = Lease(
        with_client(stage.tables, Losing(stage.tables.client, "update_item")), stage.clock
    )
    meta = lease.read(stage.conversation)
    held = lease.claim(meta, "01J0", ["inbox#1"], stage.route, 20)
    assert stage.lease.read(stage.conversation).epoch == held.epoch


def test_a_commit_whose_response_was_lost_is_success(stage: Stage) -> None:
    """The retry's failed condition is re-read: "already committed by me" (rule 8)."""
    client = Losing(stage.tables.client, "transact_write_items")
    reply = answer(stage, claim(stage), stage.engine(with_client(stage.tables, client)))
    assert client.calls == 2
    assert reply.turn.messages == [0, 1]
    assert len(stage.items("message#")) == 2
    stage.lease.close(reply.claim)


def test_numbers_taken_by_another_writer_are_retaken(stage: Stage) -> None:
    """Two channels at once: a message added during the model call moves the turn's numbers."""
    held = claim(stage)

    def meanwhile(messages: Any) -> str:
        DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).add_user_message("hm")
        return echo(messages)

    stage.model.script = meanwhile
    reply = answer(stage, held)
    assert reply.turn.messages == [1, 2]
    assert stage.words() == ["hm", "hi", "you said: hi"]
    assert len(stage.model.seen) == 1


class Rough:
    """A client that throttles and conflicts before it does what it is asked."""

    def __init__(self, client: Any, codes: list[str]) -> None:
        self._client = client
        self._codes = codes

    def __getattr__(self, operation: str) -> Any:
        from botocore.exceptions import ClientError

        call = getattr(self._client, operation)

        def rough(**request: Any) -> Any:
            if operation == "transact_write_items" and self._codes:
                code = self._codes.pop(0)
                if code == "TransactionConflict":
                    error: Any = {"Error": {"Code": "TransactionCanceledException"}}
                    error["CancellationReasons"] = [{"Code": "None"}, {"Code": code}]
                    raise ClientError(error, operation)
                raise ClientError({"Error": {"Code": code}}, operation)
            return call(**request)

        return rough


def test_throttles_and_conflicts_are_retried_within_the_deadline(stage: Stage) -> None:
    """The commit gets through a rough store."""
    codes = ["ProvisionedThroughputExceededException", "TransactionConflict", "ThrottlingException"]
    client = Rough(stage.tables.client, codes)
    assert answer(stage, claim(stage), stage.engine(with_client(stage.tables, client))).text
    assert codes == []


def test_a_store_that_stays_busy_ends_at_the_deadline(stage: Stage) -> None:
    """Retries never outlive the deadline they were handed."""
    from conversation.tables import StoreBusyError

    busy = with_client(stage.tables, Rough(stage.tables.client, ["ThrottlingException"] * 10_000))
    item = {"pk": "a", "sk": "b"}
    with pytest.raises(StoreBusyError):
        busy.transact([put(busy.people, item)], deadline=Deadline.after(0.2))


def test_a_forgotten_conversation_fences_its_turn(stage: Stage) -> None:
    """A commit of a generation that is gone writes nothing."""
    held = claim(stage)
    item = stage.tables.client.update_item(
        TableName=stage.tables.conversations,
        Key={"pk": {"S": stage.conversation}, "sk": {"S": "meta"}},
        UpdateExpression="SET epoch = epoch + :one REMOVE generation, open_turn",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    assert item
    with pytest.raises(LeaseLostError):
        answer(stage, held)
    assert stage.items("message#") == []
