"""What the validator says of flows that are not sound."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from components.contact_flow import call_flow, problems
from components.contact_flow.block import Block
from components.contact_flow.blocks import Message, SetAttributes, StoreInput
from components.contact_flow.flow import Flow
from components.contact_flow.routing import HangUp
from tests.components.call_flows import Actions, by_slug, everything

pytestmark = pytest.mark.registers_nothing
SOUND = call_flow(everything()).document()
Break = Callable[[Actions], object]


def given_to(slug: str, **changed: Any) -> Break:
    """Change the parameters of a block; None takes one away."""

    def change(actions: Actions) -> None:
        parameters = actions[slug]["Parameters"]
        parameters.update(changed)
        for name, value in changed.items():
            if value is None:
                del parameters[name]

    return change


def told(slug: str, name: str, value: object) -> Break:
    """Change a session attribute that a block tells the bot."""

    def change(actions: Actions) -> None:
        actions[slug]["Parameters"]["LexSessionAttributes"][name] = value

    return change


def followed(slug: str, case: str, by: str | None) -> Break:
    """Change what follows a block in one case; None takes the case away."""

    def change(actions: Actions) -> None:
        transitions = actions[slug]["Transitions"]
        if case == "next":
            transitions["NextAction"] = by
            return
        for branches in (transitions["Errors"], transitions["Conditions"]):
            for one in list(branches):
                if case in (one.get("ErrorType"), one.get("Condition", {}).get("Operands", [0])[0]):
                    one["NextAction"] = by
                    if by is None:
                        branches.remove(one)

    return change


def typed(slug: str, kind: str) -> Break:
    """Change the type of a block."""
    return lambda actions: actions[slug].update(Type=kind)


def both(*changes: Break) -> Break:
    """One change after the other."""
    return lambda actions: [change(actions) for change in changes]


def compared(slug: str, operator: str) -> Break:
    """Change how a block compares."""
    return lambda actions: actions[slug]["Transitions"]["Conditions"][0]["Condition"].update(
        Operator=operator
    )


MUST_SPEAK = "may end the call without a word"
CIRCLE = "goes round in a circle that neither the caller nor a Loop ends"
BROKEN: dict[str, tuple[Break, str]] = {
    "a target that is not there": (
        followed("voice", "next", "lost"),
        "voice: NextAction leads to 'lost', which is no action",
    ),
    "an error branch to nowhere": (
        followed("queue", "NoMatchingError", "lost"),
        "queue: NoMatchingError leads to 'lost', which is no action",
    ),
    "a condition to nowhere": (
        followed("next", "goodbye", "lost"),
        "next: goodbye leads to 'lost', which is no action",
    ),
    "nothing next": (followed("voice", "next", None), "voice: names no NextAction"),
    "a function without an error branch": (
        followed("code-send", "NoMatchingError", None),
        "code-send: has no branch for NoMatchingError",
    ),
    "a bot without a time-out branch": (
        followed("talk", "InputTimeLimitExceeded", None),
        "talk: has no branch for InputTimeLimitExceeded",
    ),
    "a menu without a branch for other keys": (
        followed("code-offer", "NoMatchingCondition", None),
        "code-offer: has no branch for NoMatchingCondition",
    ),
    "a full queue without a branch": (
        followed("hand-over", "QueueAtCapacity", None),
        "hand-over: has no branch for QueueAtCapacity",
    ),
    "a comparison without an else": (
        followed("next", "NoMatchingCondition", None),
        "next: has no branch for NoMatchingCondition",
    ),
    "a time-out branch of stored input, which Connect refuses": (
        lambda actions: actions["code-enter"]["Transitions"]["Errors"].append(
            {"ErrorType": "InputTimeLimitExceeded", "NextAction": "talk"}
        ),
        "code-enter: raises no InputTimeLimitExceeded",
    ),
    "an error twice": (
        lambda actions: actions["voice"]["Transitions"]["Errors"].append(
            {"ErrorType": "NoMatchingError", "NextAction": "talk"}
        ),
        "voice: has 2 branches for NoMatchingError",
    ),
    "hours without outside": (
        followed("hours", "False", None),
        "hours: needs a condition for each of ['False', 'True'] and no other, got ['True']",
    ),
    "a loop without an end": (
        followed("trouble-times", "DoneLooping", None),
        "trouble-times: needs a condition for each of ['ContinueLooping', 'DoneLooping']",
    ),
    "a menu without keys": (
        followed("code-offer", "1", None),
        "code-offer: asks for a key, and goes by none",
    ),
    "a menu that goes by two digits": (
        lambda actions: actions["code-offer"]["Transitions"]["Conditions"][0]["Condition"].update(
            Operands=["11"]
        ),
        "code-offer: goes by ['11'], which is no single key",
    ),
    "a comparison with nothing": (
        lambda actions: actions["next"]["Transitions"].update(Conditions=[]),
        "next: compares with nothing",
    ),
    "a comparison with too much": (
        lambda actions: actions["next"]["Transitions"].update(
            Conditions=[
                {"NextAction": "hang-up", "Condition": {"Operator": "Equals", "Operands": [str(n)]}}
                for n in range(51)
            ]
        ),
        "next: has 51 conditions, at most 50",
    ),
    "a key that leads two ways": (
        lambda actions: actions["code-offer"]["Transitions"]["Conditions"].append(
            {"NextAction": "talk", "Condition": {"Operator": "Equals", "Operands": ["1"]}}
        ),
        "code-offer: has two conditions for one result: ['1', '1']",
    ),
    "an action with a name": (
        lambda actions: actions["talk"].update(Name="Talk"),
        "talk: an action has no ['Name']",
    ),
    "errors that are no list": (
        lambda actions: actions["talk"]["Transitions"].update(Errors={"NoMatchingError": "next"}),
        "talk: Errors is a list of objects",
    ),
    "a condition that is a text": (
        lambda actions: actions["next"]["Transitions"]["Conditions"][0].update(Condition="goodbye"),
        "next: a Condition is an object",
    ),
    "operands that are no list": (
        lambda actions: actions["next"]["Transitions"]["Conditions"][0]["Condition"].update(
            Operands="goodbye"
        ),
        "next: has a condition whose Operands are not one text in a list",
    ),
    "conditions on a message": (
        lambda actions: actions["trouble"]["Transitions"]["Conditions"].append(
            {"NextAction": "talk", "Condition": {"Operator": "Equals", "Operands": ["x"]}}
        ),
        "trouble: has no result, so no conditions",
    ),
    "an operator that does not exist": (
        compared("next", "Is"),
        "next: compares by 'Is', which is no operator",
    ),
    "a menu that compares otherwise": (
        compared("code-offer", "TextContains"),
        "code-offer: compares by TextContains, and knows Equals only",
    ),
    "transitions after the end": (
        lambda actions: actions["hang-up"]["Transitions"].update(NextAction="talk"),
        "hang-up: ends the flow, so its transitions are empty",
    ),
    "an action of generated flows": (
        typed("next", "CheckAttribute"),
        "next: CheckAttribute is no action of the flow language; use Compare",
    ),
    "an action of other flows": (
        typed("hang-up", "EndFlowExecution"),
        "hang-up: EndFlowExecution is not available in an inbound flow",
    ),
    "an action nobody knows": (
        typed("talk", "SingASong"),
        "talk: SingASong is no action that is used here",
    ),
    "a bot of Lex V1": (
        both(
            given_to("talk", LexV2Bot=None),
            given_to("talk", LexBot={"AliasArn": "arn:aws:lex:us-east-1:1:bot-alias/A/B"}),
        ),
        "talk: LexBot is a bot of Lex V1; use LexV2Bot with AliasArn",
    ),
    "an alias that is no ARN": (
        given_to("talk", LexV2Bot={"AliasArn": "the-alias"}),
        "talk: LexV2Bot needs AliasArn",
    ),
    "text and markup": (
        given_to("talk", SSML="<speak>Hello.</speak>"),
        "talk: needs exactly one of Text, SSML, PromptId, Media, got ['Text', 'SSML']",
    ),
    "a message without words": (
        given_to("trouble", Text=None),
        "trouble: needs exactly one of Text, SSML, PromptId, Media, got []",
    ),
    "a message of blanks": (given_to("trouble", Text=" "), "trouble: Text says nothing"),
    "a message that is too long": (
        given_to("trouble", Text="x" * 3001),
        "trouble: Text has 3001 characters, at most 3000",
    ),
    "half a recording": (
        both(given_to("trouble", Text=None), given_to("trouble", Media={"Uri": "s3://b/k"})),
        "trouble: Media has Uri, SourceType and MediaType",
    ),
    "a code that is read out": (
        given_to("trouble", Text="You typed $.StoredCustomerInput"),
        "trouble: Text speaks what a caller typed",
    ),
    "a code that a bot is told": (
        told("talk", "code", "$.StoredCustomerInput"),
        "talk: session attribute code holds what a caller typed",
    ),
    "a number where a text belongs": (
        told("talk", "turn", 1),
        "talk: session attribute turn is a text, got 1",
    ),
    "speech longer than Connect takes": (
        told("talk", "x-amz-lex:audio:max-length-ms:*:*", "15001"),
        "talk: session attribute x-amz-lex:audio:max-length-ms:*:* is a text of 1 to 15000",
    ),
    "barge-in that is neither": (
        told("talk", "x-amz-lex:allow-interrupt:*:*", "no"),
        "talk: session attribute x-amz-lex:allow-interrupt:*:* is true or false, got no",
    ),
    "a chat's time-out": (
        given_to("talk", LexTimeoutSeconds={"Text": "10"}),
        "talk: LexTimeoutSeconds is for chat",
    ),
    "a function that may take nine seconds": (
        given_to("code-send", InvocationTimeLimitSeconds="9"),
        "code-send: InvocationTimeLimitSeconds is a text of 1 to 8",
    ),
    "a time limit that is a number": (
        given_to("code-send", InvocationTimeLimitSeconds=8),
        "code-send: InvocationTimeLimitSeconds is a text of 1 to 8",
    ),
    "a function by name": (
        given_to("code-send", LambdaFunctionARN="proving"),
        "code-send: LambdaFunctionARN is an ARN of Lambda",
    ),
    "an answer of a shape Connect does not know": (
        given_to("code-send", ResponseValidation={"ResponseType": "JSON_OBJECT"}),
        "code-send: ResponseValidation has ResponseType STRING_MAP or JSON",
    ),
    "a loop of a hundred and one": (
        given_to("trouble-times", LoopCount="101"),
        "trouble-times: LoopCount is a text of 0 to 100",
    ),
    "a comparison of words": (
        given_to("next", ComparisonValue="next is $.Lex.IntentName"),
        "next: ComparisonValue is one JSONPath",
    ),
    "a voice that changes": (
        given_to("voice", TextToSpeechVoice="$.Attributes.voice"),
        "voice: TextToSpeechVoice is the name of a voice, fixed before the call",
    ),
    "an engine Connect has not": (
        given_to("voice", TextToSpeechEngine="Long-form"),
        "voice: TextToSpeechEngine is one of",
    ),
    "a locale where a language belongs": (
        given_to("locale", LanguageCode="en_US"),
        "locale: LanguageCode is such as en-US, for the locale en_US",
    ),
    "a transfer that names the queue": (
        given_to("hand-over", QueueId="q"),
        "hand-over: has parameters it does not know: ['QueueId']",
    ),
    "a queue and somebody": (
        given_to("queue", AgentId="a"),
        "queue: needs exactly one of QueueId, AgentId",
    ),
    "a log that is neither": (
        given_to("logging", FlowLoggingBehavior="Off"),
        "logging: FlowLoggingBehavior is Enabled or Disabled",
    ),
    "a menu without words": (
        given_to("code-offer", Text=None),
        "code-offer: needs exactly one of Text, SSML, PromptId, Media, got []",
    ),
    "input that is perhaps stored": (
        given_to("code-offer", StoreInput=False),
        "code-offer: StoreInput is the text True or False",
    ),
    "a phone number without a branch for a wrong one": (
        given_to(
            "code-enter",
            InputValidation={"PhoneNumberValidation": {"NumberFormat": "E164"}},
        ),
        "code-enter: has no branch for InvalidPhoneNumber",
    ),
    "a phone number that is encrypted": (
        given_to(
            "code-enter",
            InputValidation={"PhoneNumberValidation": {"NumberFormat": "E164"}},
            InputEncryption={"EncryptionKeyId": "k", "Key": "-----BEGIN"},
        ),
        "code-enter: InputEncryption needs CustomValidation",
    ),
    "a bot without words": (
        given_to("talk", Text=None),
        "talk: needs exactly one of Text, SSML, PromptId, Media, got []",
    ),
    "a bot that is told a list": (
        given_to("talk", LexSessionAttributes=["callerNumber"]),
        "talk: LexSessionAttributes maps names to texts",
    ),
    "a function that is sent a number": (
        given_to("code-send", LambdaInvocationAttributes={"tries": 3}),
        "code-send: LambdaInvocationAttributes maps names to texts",
    ),
    "a style of speech nobody knows": (
        given_to("voice", TextToSpeechStyle="Loud"),
        "voice: TextToSpeechStyle is one of",
    ),
    "hours without a name": (
        given_to("hours", HoursOfOperationId=""),
        "hours: HoursOfOperationId is an id or an ARN",
    ),
    "a key within no time": (
        given_to("code-offer", InputTimeLimitSeconds="0"),
        "code-offer: InputTimeLimitSeconds is a text of 1 to 180",
    ),
    "stored input without a length": (
        given_to("code-enter", InputValidation=None),
        "code-enter: stored input needs InputValidation",
    ),
    "stored input that is too long": (
        given_to("code-enter", InputValidation={"CustomValidation": {"MaximumLength": "21"}}),
        "code-enter: MaximumLength is a text of 1 to 20",
    ),
    "a cancel key that is no text": (
        given_to("code-enter", DTMFConfiguration={"DisableCancelKey": False}),
        "code-enter: DisableCancelKey is the text True or False",
    ),
    "an hour between two digits": (
        given_to("code-enter", DTMFConfiguration={"InterdigitTimeLimitSeconds": "21"}),
        "code-enter: InterdigitTimeLimitSeconds is a text of 1 to 20",
    ),
    "a setting of keys that nobody knows": (
        given_to("code-enter", DTMFConfiguration={"Timeout": "5"}),
        "code-enter: DTMFConfiguration has no more than",
    ),
    "half an encryption": (
        given_to("code-enter", InputEncryption={"Key": "-----BEGIN"}),
        "code-enter: InputEncryption has EncryptionKeyId and Key",
    ),
    "a menu with the settings of stored input": (
        given_to("code-offer", DTMFConfiguration={}),
        "code-offer: only stored input has ['DTMFConfiguration']",
    ),
    "a block that nothing leads to": (
        both(followed("hours", "False", "no-human"), followed("hours", "next", "no-human")),
        "closed: nothing leads here",
    ),
    "a circle in which the caller waits for nothing": (
        both(
            followed("trouble-end", "next", "trouble"),
            followed("trouble-end", "NoMatchingError", "trouble"),
            followed("talk-again", "NoMatchingError", "trouble"),
        ),
        f"trouble: {CIRCLE}",
    ),
    "a bot that fails again and again": (
        followed("talk-again", "NoMatchingError", "trouble"),
        f"talk-again: {CIRCLE}",
    ),
    "a silent caller who is asked forever": (
        followed("code-entered", "Timeout", "code-again"),
        f"code-again: {CIRCLE}",
    ),
    "a loop that is begun anew": (
        followed("trouble-times", "DoneLooping", "trouble"),
        f"trouble-times: {CIRCLE}",
    ),
    "an error that hangs up": (
        followed("talk", "NoMatchingError", "hang-up"),
        f"talk: NoMatchingError {MUST_SPEAK}",
    ),
    "an error that hangs up at a distance": (
        followed("code-checked", "NoMatchingCondition", "next"),
        f"code-checked: NoMatchingCondition {MUST_SPEAK}",
    ),
    "a bot that is left without what it said": (
        followed("talk", "NoMatchingCondition", "hang-up"),
        f"talk: NoMatchingCondition {MUST_SPEAK}",
    ),
    "a log while a code is typed": (
        given_to("logging", FlowLoggingBehavior="Enabled"),
        "code-enter: what the caller types may be written to the flow's log",
    ),
    "a log as a code is checked": (
        given_to("logging", FlowLoggingBehavior="Enabled"),
        "code-check: what the caller types may be written to the flow's log",
    ),
}


def broken(change: Break) -> list[str]:
    """What is said of our flow after a change."""
    document = copy.deepcopy(SOUND)
    change(by_slug(document))
    return problems(document)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_flow_is_rejected(case: str) -> None:
    """The problem names the block and says what is wrong with it."""
    change, said = BROKEN[case]

    assert any(said in one for one in broken(change)), broken(change)


@pytest.mark.parametrize("slug", sorted(by_slug(SOUND)))
def test_no_block_has_a_parameter_of_its_own_invention(slug: str) -> None:
    """Connect refuses a whole flow for one name that it does not know."""
    assert broken(given_to(slug, Colour="blue")) == [
        f"{slug}: has parameters it does not know: ['Colour']"
    ]


def test_no_way_to_an_end() -> None:
    """A flow whose blocks lead to each other alone is rejected."""
    talk = by_slug(SOUND)["talk"]
    errors = [{**one, "NextAction": "talk"} for one in talk["Transitions"]["Errors"]]
    alone = {**talk, "Transitions": {"NextAction": "talk", "Errors": errors, "Conditions": []}}
    found = problems({"Version": "2019-10-30", "StartAction": "talk", "Actions": [alone]})

    assert "talk: no way from here ends the call or hands it over" in found


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Version": "2020-01-01"}, "Version is 2019-10-30, got '2020-01-01'"),
        ({"StartAction": "lost"}, "StartAction is 'lost', which is no action"),
        ({"Actions": []}, "a flow has Actions"),
        ({"Actions": SOUND["Actions"] * 20}, "a flow has at most 250 actions, got 640"),
        ({"Actions": SOUND["Actions"] * 2}, "talk: 2 actions have this identifier"),
        ({"Modules": []}, "a flow has no ['Modules']"),
        ({"Actions": ["talk"]}, "an action is an object"),
        ({"Actions": [{"Identifier": "a"}]}, "a: has no Parameters"),
        ({"Actions": [{"Identifier": "a/b"}]}, "a/b: an identifier must not have"),
        ({"Actions": [{"Identifier": "toString"}]}, "toString: an identifier must not"),
        ({"Actions": [{"Identifier": "a" * 51}]}, "an identifier has at most 50 characters"),
    ],
)
def test_a_document_of_the_wrong_form(changed: dict[str, Any], said: str) -> None:
    """The form comes before what the blocks say."""
    assert any(said in one for one in problems({**SOUND, **changed}))


def ending(**blocks: Block) -> list[str]:
    """What is said of a flow of some blocks and the end."""
    made = {slug.replace("_", "-"): block for slug, block in blocks.items()}
    return problems(Flow(next(iter(made)), {**made, "hang-up": HangUp()}).document())


def test_blocks_that_our_call_does_without() -> None:
    """Attributes that nobody speaks, a key for what is typed, and stored input without a log."""
    said = Message(text="Thank you.", next="hang-up", failed="hang-up")
    ask = StoreInput(text="Your number?", digits=12, next="said", failed="said")
    keep = SetAttributes(attributes={"topic": "bills"}, next="said", failed="said")

    assert ending(keep=keep, said=said) == []
    key = {"EncryptionKeyId": "k", "Key": "-----BEGIN CERTIFICATE-----"}
    assert broken(given_to("code-enter", InputEncryption=key)) == []
    assert ending(ask=ask, said=said) == [
        "ask: what the caller types may be written to the flow's log"
    ]


def test_what_contact_attributes_may_hold() -> None:
    """Texts, at least one, and nothing that a caller typed."""
    said = Message(text="Thank you.", next="hang-up", failed="hang-up")

    def kept(**attributes: Any) -> list[str]:
        keep = SetAttributes(attributes=attributes, next="said", failed="said")
        return ending(keep=keep, said=said)

    assert kept() == kept(topic=1) == ["keep: Attributes maps names to texts"]
    assert kept(code="$.StoredCustomerInput") == [
        "keep: Attributes keep what a caller typed, in clear"
    ]
    document = Flow(
        "keep",
        {
            "keep": SetAttributes(attributes={"topic": "bills"}, next="said", failed="said"),
            "said": said,
            "hang-up": HangUp(),
        },
    ).document()
    by_slug(document)["keep"]["Parameters"].update(TargetContact="Both", Colour="blue")
    assert problems(document) == [
        "keep: has parameters it does not know: ['Colour']",
        "keep: TargetContact is Current or Related",
    ]


def speaking(text: str, *, failed: str = "hang-up", **attributes: str) -> list[str]:
    """What is said of a flow that sets some attributes and then says a text."""
    said = Message(text=text, next="hang-up", failed="hang-up")
    sorry = Message(text="Sorry.", next="hang-up", failed="hang-up")
    keep = SetAttributes(attributes=attributes, next="said", failed=failed)
    return ending(keep=keep, said=said, **({"sorry": sorry} if failed == "sorry" else {}))


def test_words_that_are_looked_up_are_set_before() -> None:
    """An attribute that nobody set, or that may have failed to be set, is silence."""
    gone = "said: says $.Attributes.hello, which may not be set by then"

    assert speaking("$.Attributes.hello", hello="Hello.", failed="sorry") == []
    assert speaking("$.Attributes.hello", hello="Hello.", failed="said") == [gone]
    assert speaking("Well, $.Attributes.hello", other="Hello.", failed="sorry") == [gone]
    assert speaking("$.Attributes.hello", hello="", failed="sorry") == [gone]


def test_attributes_have_an_end() -> None:
    """What is spoken is as long as a prompt, and all together what Connect keeps of a contact."""
    assert speaking("$.Attributes.hello", hello="x" * 3001, failed="sorry") == [
        "keep: sets hello to 3001 characters, spoken at most 3000"
    ]
    assert speaking("Hello.", hello="x" * 32_764, failed="sorry") == [
        "keep: Attributes come to 32769 bytes, at most 32768"
    ]
