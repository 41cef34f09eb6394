"""After conversations, every byte that the stack stored and logged: no text and no number."""

from __future__ import annotations

import time
from pathlib import Path

from local.config import OUR_VOICE_NUMBER, LocalConfig
from local.plaintext import files, search
from local.scripted_model import THROTTLE, slow
from local.stack import LocalStack
from tests.e2e.conftest import SHORT_TIMES, Phone
from voice.call_texts import CallTexts

TEXTS = CallTexts()

ADA, BEN, CLEO = "+13037310462", "+13038264917", "+12025550187"
SAID = ("the marmalade is under the third stair", "ünd Grüße an Tante Wilhelmine")
WAITING = "my sister knows the zucchini password"
SPOKEN = ("the walrus has locker nine", "tell me all about the periwinkle")
RARE = ("marmalade", "Wilhelmine", "zucchini", "Grüße an")
PLANTED = "rhubarb in plain sight"
CARRIERS_OWN = "carrier.json"


def talk(stack: LocalStack) -> None:
    """Texts on both channels, an answer that fails, a STOP, a call; and what still waits."""
    ada, ben = Phone(stack, ADA), Phone(stack, BEN)
    ada.text(SAID[0])
    ada.hear()
    ben.text(SAID[1], whatsapp=True)
    ben.hear(whatsapp=True)
    stack.model.script(THROTTLE)
    ada.text(f"again: {SAID[0]}")
    ada.hear(2)
    ben.text("STOP")
    stack.invoke("sweep", {})
    call = stack.phone.dial(CLEO, OUR_VOICE_NUMBER)
    call.exchange(SPOKEN[0])
    stack.model.always(slow(30))
    assert TEXTS.offer in call.exchange(SPOKEN[1]), call.transcript
    ada.text(WAITING)
    ada.wait(lambda: ada.meta().get("open_turn"), "a turn that is open when the stack stops")
    time.sleep(0.5)  # For its log lines to be forwarded.


def plant(stack: LocalStack) -> None:
    """What a store would hold if content were stored as it is."""
    item = {"pk": {"S": "planted"}, "sk": {"S": "x"}, "content": {"B": PLANTED.encode()}}
    stack.aws("dynamodb").put_item(TableName=stack.outputs["conversationsTable"], Item=item)


def test_nothing_stored_or_logged_says_a_word_or_a_number(tmp_path: Path) -> None:
    """Tables, queues, keys, logs and state, as they rest on disk after a stop in mid-turn."""
    config = LocalConfig(port=0, state=tmp_path, schedules=False, overrides=SHORT_TIMES)
    with LocalStack(config) as stack:
        talk(stack)
        conversation = Phone(stack, ADA).conversation
        plant(stack)
        lines = [(line.function, line.text.encode()) for line in stack.log_lines()]
    assert len(lines) > 10

    stored = list(files(tmp_path, lambda path: path.name == CARRIERS_OWN))
    assert search([*stored, *lines], [*SAID, WAITING, *SPOKEN, *RARE], [ADA, BEN, CLEO]) == []

    # The search would have found them: the carrier has its own books, with everything in clear.
    found = search([("carrier", (tmp_path / CARRIERS_OWN).read_bytes())], RARE, [ADA, BEN])
    assert {one.what for one in found} == {*RARE, ADA, BEN}
    # And it was searched where it would be: names are found in each place, and what was planted.
    named = {Path(where).name for where, data in stored if conversation.encode() in data}
    assert {"dynamodb.json", "sqs.json", "cloudwatch_logs.json"} < named
    assert "dialtone-local-responder.log" in named
    assert {Path(one.where).name for one in search(stored, [PLANTED], [])} == {"dynamodb.json"}
