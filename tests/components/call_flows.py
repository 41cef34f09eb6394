"""Call flows of every kind, and their documents by slug."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from components.contact_flow import CallFlowArgs, SpokenLocale, call_flow

ALIAS = "arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/TSTALIASID"
PROVING = "arn:aws:lambda:us-east-1:123456789012:function:dialtone-test-proving"
NOTICE = "This call is recorded."
ENGLISH = SpokenLocale(locale_id="en_US", voice="Joanna")
SPANISH = SpokenLocale(locale_id="es_US", voice="Lupe")
GERMAN = SpokenLocale(locale_id="de_DE", voice="Vicki")

Actions = dict[str, dict[str, Any]]


def arguments(**changed: Any) -> CallFlowArgs:
    """The least that a call flow needs, and what a test changes of it; a notice is everybody's."""
    notice = changed.pop("recording_notice", "")
    locales = [
        replace(one, recording_notice=one.recording_notice or notice)
        for one in changed.pop("locales", [ENGLISH])
    ]
    return CallFlowArgs(locales=locales, alias_arn=changed.pop("alias_arn", ALIAS), **changed)


def everything(**changed: Any) -> CallFlowArgs:
    """All that one language can have."""
    asked = {"recording_notice": NOTICE, "proving_arn": PROVING, "queue": "q", "hours": "h"}
    return arguments(**{**asked, **changed})


def every_kind() -> list[CallFlowArgs]:
    """Every combination of languages, notice, memory, and people."""
    return [
        arguments(
            locales=locales,
            recording_notice=notice,
            proving_arn=proving,
            queue=queue,
            hours=queue,
        )
        for locales, notice, proving, queue in itertools.product(
            ([ENGLISH], [ENGLISH, SPANISH, GERMAN]),
            ("", NOTICE),
            (None, PROVING),
            (None, "of-people"),
        )
    ]


def by_slug(document: dict[str, Any]) -> Actions:
    """The actions of a flow by slug."""
    return {action["Identifier"]: action for action in document["Actions"]}


def actions(args: CallFlowArgs) -> Actions:
    """The actions of the flow that arguments make, by slug."""
    return by_slug(call_flow(args).document())


def after(action: dict[str, Any]) -> dict[str, str]:
    """What follows an action, by condition and by error; ``next`` for neither."""
    transitions = action["Transitions"]
    found = {"next": transitions["NextAction"]}
    found |= {one["ErrorType"]: one["NextAction"] for one in transitions["Errors"]}
    found |= {
        one["Condition"]["Operands"][0]: one["NextAction"] for one in transitions["Conditions"]
    }
    return found
