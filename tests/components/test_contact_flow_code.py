"""Proving a number in a call: what follows what, and where the digits never go."""

from __future__ import annotations

import json

import pytest

from components.contact_flow import WORDS, CallFlowArgs, call_flow
from tests.components.call_flows import (
    PROVING,
    Actions,
    actions,
    after,
    arguments,
    every_kind,
)

pytestmark = pytest.mark.registers_nothing
STORED = "$.StoredCustomerInput"


@pytest.fixture
def made() -> Actions:
    """A flow with a code to enter, and without a log."""
    return actions(arguments(proving_arn=PROVING))


def test_nobody_proves_anything_unless_asked_for() -> None:
    """Without the function there is no block about a code."""
    assert not [slug for slug in actions(arguments()) if slug.startswith("code-")]


def test_the_offer_is_accepted_by_key_alone(made: Actions) -> None:
    """Key 1 sends a code; any other, none, or an error goes on to the conversation."""
    assert after(made["locale"])["next"] == "code-offer"
    assert made["code-offer"]["Parameters"]["Text"] == WORDS["en"].offer_code
    assert after(made["code-offer"]) == {
        "1": "code-wait",
        "next": "talk",
        "InputTimeLimitExceeded": "talk",
        "NoMatchingCondition": "talk",
        "NoMatchingError": "talk",
    }


def test_a_code_is_sent_by_the_function(made: Actions) -> None:
    """The caller hears what happens, and is asked for the code only once it was sent."""
    assert after(made["code-wait"])["next"] == "code-send"
    assert made["code-send"]["Parameters"] == {
        "LambdaFunctionARN": PROVING,
        "InvocationTimeLimitSeconds": "8",
        "LambdaInvocationAttributes": {"action": "send"},
        "ResponseValidation": {"ResponseType": "STRING_MAP"},
    }
    assert after(made["code-send"]) == {"next": "code-sent", "NoMatchingError": "code-failed"}
    assert made["code-sent"]["Parameters"] == {"ComparisonValue": "$.External.result"}
    assert after(made["code-sent"]) == {
        "sent": "code-enter",
        "next": "code-unavailable",
        "NoMatchingCondition": "code-unavailable",
    }


@pytest.mark.parametrize("block", ["code-enter", "code-again"])
def test_the_digits_are_stored_input(made: Actions, block: str) -> None:
    """Six digits, ended by the sixth or by pound; nothing typed leaves like anything typed."""
    parameters = dict(made[block]["Parameters"])
    assert parameters.pop("Text")
    assert parameters == {
        "StoreInput": "True",
        "InputTimeLimitSeconds": "20",
        "InputValidation": {"CustomValidation": {"MaximumLength": "6"}},
        "DTMFConfiguration": {"InputTerminationSequence": "#", "DisableCancelKey": "False"},
    }
    assert after(made[block]) == {"next": "code-entered", "NoMatchingError": "code-failed"}


def test_what_was_typed_is_checked_by_the_function(made: Actions) -> None:
    """Nothing typed counts as a try, zero goes on without, and anything else is checked."""
    assert made["code-entered"]["Parameters"] == {"ComparisonValue": STORED}
    assert after(made["code-entered"]) == {
        "Timeout": "code-tries",
        "0": "talk",
        "next": "code-check",
        "NoMatchingCondition": "code-check",
    }
    sent = made["code-check"]["Parameters"]["LambdaInvocationAttributes"]
    assert sent == {"action": "check", "code": STORED}
    assert after(made["code-check"]) == {"next": "code-checked", "NoMatchingError": "code-failed"}
    assert after(made["code-checked"]) == {
        "proved": "code-proved",
        "wrong": "code-tries",
        "expired": "code-expired",
        "spent": "code-spent",
        "next": "code-failed",
        "NoMatchingCondition": "code-failed",
    }


def test_a_wrong_code_may_be_corrected_twice(made: Actions) -> None:
    """Three entries a call, and then on without."""
    assert made["code-tries"]["Parameters"] == {"LoopCount": "2"}
    assert after(made["code-tries"])["ContinueLooping"] == "code-again"
    assert after(made["code-tries"])["DoneLooping"] == "code-spent"


@pytest.mark.parametrize(
    "block", ["code-proved", "code-expired", "code-spent", "code-unavailable", "code-failed"]
)
def test_every_way_out_leads_to_the_conversation(made: Actions, block: str) -> None:
    """A caller is told what became of the code, and goes on, with it or without."""
    assert made[block]["Type"] == "MessageParticipant"
    assert set(after(made[block]).values()) == {"talk"}


def test_a_flow_keeps_no_log(made: Actions) -> None:
    """The first block turns it off, whatever the instance does by default."""
    assert made["logging"]["Parameters"] == {"FlowLoggingBehavior": "Disabled"}


@pytest.mark.parametrize("args", every_kind())
def test_digits_go_to_the_function_that_checks_them_and_nowhere_else(args: CallFlowArgs) -> None:
    """No bot, no attribute and no sentence gets them."""
    for slug, action in call_flow(args).blocks.items():
        if slug.startswith(("code-check", "code-entered")) and not slug.startswith("code-checked"):
            continue
        assert STORED not in json.dumps(action.action(slug)), slug
