"""`dialtone doctor voice`: a broken joint between number and function is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.target import Target
from cli.voice_connect import digest
from cli.voice_line import bot_name
from components import lex_bot
from components.contact_flow import CallFlowArgs, SpokenLocale, call_flow
from stack.voice import flow_digest
from tests.cli import played_account as played
from tests.cli.played_account import LAMBDA, NUMBER, PlayedAccount, permission

Doctor = Callable[..., Result]
Break = Callable[[PlayedAccount], object]
LEX, CONNECT = "lexv2.amazonaws.com", "connect.amazonaws.com"
PROVING = f"{LAMBDA}dialtone-prod-proving"


def flow(proving_arn: str | None = None) -> dict[str, Any]:
    """The flow of a call, as the stack declares it."""
    locales = [SpokenLocale(locale_id="en_US", voice="Joanna")]
    args = CallFlowArgs(locales=locales, alias_arn=played.ALIAS_ARN, proving_arn=proving_arn)
    return call_flow(args).document()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> PlayedAccount:
    """An account in which everything is as `pulumi up` leaves it."""
    made = PlayedAccount("prod", flow())
    monkeypatch.setattr(Target, "client", lambda _target, service: made.client(service))
    return made


@pytest.fixture
def doctor() -> Doctor:
    """Ask about the calls of the stack."""

    def run(*arguments: str, text: str | None = None) -> Result:
        command = ["doctor", "voice", "--stack", "prod", *arguments]
        return CliRunner().invoke(app, command, input=text)

    return run


def findings(answer: Result) -> dict[str, dict[str, Any]]:
    """What was found, by name."""
    return {one["what"]: one for one in json.loads(answer.stdout)}


def wrong(answer: Result) -> dict[str, str]:
    """What is wrong, and what is said of it."""
    return {what: one["says"] for what, one in findings(answer).items() if not one["ok"]}


def prove(account: PlayedAccount) -> None:
    """Let callers prove their numbers, with everything that needs."""
    account.told["memory"] = "person"
    account.functions["proving"] = {"State": "Active"}
    account.policies["proving"] = [permission(CONNECT, played.INSTANCE_ARN)]
    account.associated_functions.append(PROVING)
    account.content = flow(PROVING)


def alias_hook(account: PlayedAccount, qualifier: str) -> None:
    """Let the bot call an alias of the function."""
    locale = account.alias["botAliasLocaleSettings"]["en_US"]
    locale["codeHookSpecification"]["lambdaCodeHook"]["lambdaARN"] += f":{qualifier}"


@pytest.mark.usefixtures("account")
def test_a_line_as_it_is_deployed_is_well(doctor: Doctor) -> None:
    """Every check is made, turns every page, and finds nothing; the number to call is said."""
    answer = doctor("--json")

    assert answer.exit_code == 0, answer.output
    assert len(findings(answer)) == 15
    assert wrong(answer) == {}
    assert findings(answer)["number"]["says"] == "call +12025550100"


def test_a_line_on_which_callers_prove_their_number_is_well(
    doctor: Doctor, account: PlayedAccount
) -> None:
    """The proving function is looked at only where the memory is a person's."""
    assert "not needed" in findings(doctor("--json"))["proving"]["says"]
    prove(account)

    assert wrong(doctor("--json")) == {}


def hook_alias_only(account: PlayedAccount) -> None:
    """The permission stands on the function, the hook names its alias."""
    alias_hook(account, "live")


def lead_nowhere(account: PlayedAccount) -> None:
    """A block leads to one that is not there."""
    block = next(one for one in account.content["Actions"] if one["Transitions"].get("NextAction"))
    block["Transitions"]["NextAction"] = "nowhere"


def no_number(account: PlayedAccount) -> None:
    """Nothing is claimed, and nothing may be."""
    account.claimed.clear()
    account.quotas["Phone numbers per instance"] = 0.0


BROKEN: dict[str, tuple[Break, str, str]] = {
    "function is gone": (lambda a: a.functions.clear(), "function", "voice.enabled: true"),
    "function is not ready": (
        lambda a: a.functions["fulfilment"].update(State="Failed", StateReason="no image"),
        "function",
        "no image",
    ),
    "bot failed": (
        lambda a: a.bot.update(botStatus="Failed", failureReasons=["no such role"]),
        "bot",
        "no such role",
    ),
    "alias means the draft": (lambda a: a.alias.update(botVersion="DRAFT"), "alias", "the draft"),
    "locale is not built": (
        lambda a: a.locales.update(es_US="Failed"),
        "locales",
        "no sample utterance",
    ),
    "locale is off": (
        lambda a: a.alias["botAliasLocaleSettings"]["en_US"].update(enabled=False),
        "hook",
        "en_US is off",
    ),
    "locale has no hook": (
        lambda a: a.alias["botAliasLocaleSettings"]["en_US"].pop("codeHookSpecification"),
        "hook",
        "no function behind it",
    ),
    "hook of another function": (
        lambda a: a.alias["botAliasLocaleSettings"]["en_US"]["codeHookSpecification"][
            "lambdaCodeHook"
        ].update(lambdaARN=f"{LAMBDA}somebody-elses"),
        "hook",
        "another function",
    ),
    "no permission": (lambda a: a.policies.clear(), "permission", "may not invoke"),
    "permission for another bot": (
        lambda a: a.policies.update(fulfilment=[permission(LEX, played.ALIAS_ARN[:-1] + "X")]),
        "permission",
        played.ALIAS_ARN,
    ),
    "permission for any bot": (
        lambda a: a.policies["fulfilment"].append(permission(LEX, None)),
        "permission",
        "for anybody's",
    ),
    "permission without the qualifier": (hook_alias_only, "permission", "without its alias"),
    "instance is not ready": (
        lambda a: a.instance.update(
            InstanceStatus="CREATION_FAILED", StatusReason={"Message": "too many"}
        ),
        "instance",
        "too many",
    ),
    "no calls come in": (
        lambda a: a.instance.update(InboundCallsEnabled=False),
        "instance",
        "--attribute-type INBOUND_CALLS --value true",
    ),
    "bot is not associated": (lambda a: a.associated_bots.clear(), "association", "may not use"),
    "flow is archived": (lambda a: a.flow.update(State="ARCHIVED"), "flow", "ARCHIVED"),
    "flow is a draft": (lambda a: a.flow.update(Status="SAVED"), "flow", "not published"),
    "flow talks to another bot": (
        lambda a: setattr(
            a, "content", json.loads(json.dumps(a.content).replace(played.ALIAS, "OTHERALIAS"))
        ),
        "flow",
        "OTHERALIAS",
    ),
    "flow leads nowhere": (lead_nowhere, "flow", "nowhere"),
    "flow calls what it may not": (
        lambda a: setattr(a, "content", flow(PROVING)),
        "flow's functions",
        PROVING,
    ),
    "number leads elsewhere": (
        lambda a: a.leads.update({NUMBER: "another-flow"}),
        "number",
        "no number leads to the flow",
    ),
    "number is not claimed yet": (
        lambda a: setattr(a, "number_state", "IN_PROGRESS"),
        "number",
        "IN_PROGRESS: the carrier is asked",
    ),
    "versions run out": (
        lambda a: setattr(a, "versions", ["DRAFT", *map(str, range(1, 94))]),
        "bot versions",
        "dialtone voice prune --stack prod",
    ),
    "no call is allowed": (
        lambda a: a.quotas.update({"Concurrent active calls per instance": 0.0}),
        "calls at once",
        "Service Quotas",
    ),
    "no number is allowed": (
        no_number,
        "numbers of the instance",
        "may claim no number",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_broken_joint_is_named_with_what_mends_it(
    doctor: Doctor, account: PlayedAccount, case: str
) -> None:
    """The exit code is 1, and the finding says where it is broken and what to do."""
    broken, what, said = BROKEN[case]
    broken(account)

    answer = doctor("--json")

    assert answer.exit_code == 1, answer.output
    assert said in wrong(answer)[what]


PROVING_BROKEN: dict[str, tuple[Break, str]] = {
    "gone": (lambda a: a.functions.pop("proving"), "there is no function"),
    "not associated": (lambda a: a.associated_functions.clear(), "may not invoke dialtone-prod"),
    "not permitted": (lambda a: a.policies.pop("proving"), "connect.amazonaws.com may not invoke"),
}


@pytest.mark.parametrize("case", PROVING_BROKEN)
def test_a_proving_function_that_cannot_be_called_is_found(
    doctor: Doctor, account: PlayedAccount, case: str
) -> None:
    """Without it nobody's memory is opened on the phone."""
    prove(account)
    broken, said = PROVING_BROKEN[case]
    broken(account)

    assert said in wrong(doctor("--json"))["proving"]


def test_a_hook_on_an_alias_with_its_own_permission_is_well(
    doctor: Doctor, account: PlayedAccount
) -> None:
    """The permission must stand on the very qualifier that the bot calls, and then does."""
    alias_hook(account, "live")
    account.policies["fulfilment:live"] = account.policies.pop("fulfilment")

    assert wrong(doctor("--json")) == {}


def outputs(**changes: str) -> str:
    """What `pulumi stack output --json` prints."""
    voice = {
        "instanceArn": played.INSTANCE_ARN,
        "flowId": played.FLOW,
        "aliasArn": played.ALIAS_ARN,
        "botId": played.BOT,
        "botVersion": "7",
        "number": "+12025550100",
        "phoneNumberId": NUMBER,
        "flowDigest": digest(flow()),
        **changes,
    }
    return json.dumps({"apiUrl": "https://example.com", "voice": voice})


@pytest.mark.parametrize(
    ("changes", "what", "said"),
    [
        ({"botVersion": "8"}, "alias", "the stack declares 8"),
        ({"phoneNumberId": "cccccccc"}, "number", "not claimed on this instance"),
        ({"flowDigest": "0" * 64}, "flow", "was it edited?"),
        ({"aliasArn": played.ALIAS_ARN[:-1] + "X"}, "alias", "has no alias"),
    ],
)
@pytest.mark.usefixtures("account")
def test_what_is_there_is_held_against_the_outputs(
    doctor: Doctor, changes: dict[str, str], what: str, said: str
) -> None:
    """With the program's outputs, what was changed by hand is seen too."""
    assert wrong(doctor("--json", "--outputs", "-", text=outputs())) == {}

    assert said in wrong(doctor("--json", "--outputs", "-", text=outputs(**changes)))[what]


def test_a_number_that_leads_to_another_flow_is_found_by_its_id(
    doctor: Doctor, account: PlayedAccount, tmp_path: Path
) -> None:
    """The outputs name the number, so another that leads to the flow does not hide it."""
    account.claimed["second"] = "+12025550199"
    account.leads = {"second": played.FLOW, NUMBER: "another-flow"}
    told = tmp_path / "outputs.json"
    told.write_text(outputs())

    said = wrong(doctor("--json", "--outputs", str(told)))["number"]

    assert "+12025550100 does not lead to the flow" in said


@pytest.mark.parametrize("text", ["{", json.dumps({"apiUrl": "x"}), json.dumps([])])
def test_outputs_that_say_nothing_of_calls_are_refused(doctor: Doctor, text: str) -> None:
    """The next step is said; AWS is not asked."""
    answer = doctor("--outputs", "-", text=text)

    assert answer.exit_code == 2
    assert "next:" in answer.stderr


@pytest.mark.parametrize("stack", ["prod", "a.b", "a_-b", "dev..2"])
def test_the_bot_is_called_as_the_program_calls_it(
    monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    """Both ends make the same name of a stack's."""
    monkeypatch.setattr("pulumi.get_project", lambda: "dialtone")
    monkeypatch.setattr("pulumi.get_stack", lambda: stack)

    assert bot_name(Target(stack, None, {})) == lex_bot._bot_name("voice")


def test_the_fingerprint_is_the_programs() -> None:
    """Both ends see the same flow in the same content."""
    assert digest(flow()) == flow_digest(json.dumps(flow()))


def test_a_flow_moved_about_in_the_editor_is_the_same_flow() -> None:
    """The fingerprint leaves out where blocks lie and in which order they are listed."""
    moved, other = flow(), flow()
    moved["Metadata"] = {"entryPointPosition": {"x": 4, "y": 2}}
    moved["Actions"] = [{**one, "Metadata": {"position": 1}} for one in moved["Actions"][::-1]]
    other["Actions"][-1]["Identifier"] += "-2"

    assert digest(moved) == digest(flow()) != digest(other)


def test_the_instance_is_found_by_its_flow_when_the_bot_is_not_associated(
    doctor: Doctor, account: PlayedAccount
) -> None:
    """A missing association does not hide the rest."""
    account.associated_bots.clear()

    assert set(wrong(doctor("--json"))) == {"association"}


def test_without_an_instance_each_check_says_why_it_was_not_made(
    doctor: Doctor, account: PlayedAccount
) -> None:
    """Nobody reads "all well" of what nobody looked at."""
    account.associated_bots.clear()
    account.flow.clear()

    found = wrong(doctor("--json"))

    assert "voice.instanceId" in found["instance"]
    assert {"association", "flow", "number", "calls at once"} <= found.keys()


def test_what_may_not_be_asked_is_wrong(doctor: Doctor, account: PlayedAccount) -> None:
    """A role without the rights gets a finding for each check, not a crash."""

    def refuse(_request: dict[str, Any]) -> dict[str, Any]:
        raise played.RefusedError("AccessDeniedException")

    account.answers["lexv2-models.DescribeBot"] = refuse

    assert wrong(doctor("--json")) == {
        "bot": "not looked at: DescribeBot answered AccessDeniedException"
    }


def test_the_table_shows_what_is_wrong(doctor: Doctor, account: PlayedAccount) -> None:
    """People read a table."""
    account.associated_bots.clear()

    shown = doctor().stdout

    assert "calls of prod" in shown
    assert "the instance may not use" in shown


def test_on_this_machine_it_says_that_there_is_nothing_to_ask(stack_file: Path) -> None:
    """The emulator has none of the services: no check is made, and none called well."""
    command = ["doctor", "voice", "--stack", "local", "--json", "--stack-file", str(stack_file)]
    answer = CliRunner().invoke(app, command)

    assert answer.exit_code == 2
    (finding,) = findings(answer).values()
    assert finding["ok"] is None
    assert "the emulator has no Lex" in finding["says"]
