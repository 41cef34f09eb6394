"""`dialtone secrets check`: are the credentials there, of the right shape, and do they work?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.problems import CommandError, reporting
from cli.screen import line, results, show_json, table

if TYPE_CHECKING:
    from cli.target import Target

NEEDED = ("account_sid", "auth_token", "address_key")


@reporting
@options.of_a_stack
def check(
    place: options.Place,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the carrier whether it knows the credentials.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Say whether the stack's secrets are there and of the right shape; no value is printed.

    With --live the carrier is asked too: is the account active, and which of its numbers deliver
    their texts to a dialtone. The exit code is 1 when something is missing or wrong.

    For example:

        dialtone secrets check --stack dev

        dialtone secrets check --stack prod --live --json
    """
    target = place.open()
    findings = _findings(target)
    if live:
        findings += _ask_carrier(target)
    if as_json:
        show_json(findings)
    else:
        shown = table(f"secrets of {target.stack}", "what", "", "says")
        for finding in findings:
            mark = line(("ok", "green") if finding["ok"] else ("wrong", "red"))
            shown.add_row(finding["what"], mark, finding["says"])
        results().print(shown)
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)


def _finding(what: str, says: str, *, ok: bool) -> dict[str, Any]:
    return {"what": what, "ok": ok, "says": says}


def _findings(target: Target) -> list[dict[str, Any]]:
    """Presence and shape of every field, carrier first."""
    from cli.stack_secrets import FIELDS, StackSecret

    carrier = StackSecret(target, "carrier").read()
    found = [_judge(name, carrier.get(name)) for name in NEEDED]
    shared = carrier.get("shared_keys", {}).items()
    found += [_judge("shared_key", value, f"shared_keys.{key_id}") for key_id, value in shared]
    try:
        models = StackSecret(target, "models").read()
    except CommandError:  # the model chain is Bedrock alone: there is no such secret
        return found
    found += [_judge(name, models[name]) for name in FIELDS if name in models]
    if not models:
        found.append(_finding("models", "no value yet: dialtone secrets set …_api_key", ok=False))
    return found


def _judge(name: str, value: object, shown: str = "") -> dict[str, Any]:
    from cli.stack_secrets import FIELDS

    field = FIELDS[name]
    if not value:
        return _finding(shown or name, f"missing: dialtone secrets set {name}", ok=False)
    if not field.fits(value):
        return _finding(shown or name, f"does not look right: {field.looks_like}", ok=False)
    return _finding(shown or name, "present, looks right", ok=True)


def _ask_carrier(target: Target) -> list[dict[str, Any]]:
    """What the carrier says about the account and its numbers."""
    from cli.carrier_account import CarrierRefusedError, read_account
    from cli.stack_secrets import StackSecret

    fields = StackSecret(target, "carrier").read()
    if not (fields.get("account_sid") and fields.get("auth_token")):
        return [_finding("carrier", "not asked: credentials are missing", ok=False)]
    try:
        account = read_account(target, fields["account_sid"], fields["auth_token"])
    except CarrierRefusedError as refusal:
        return [_finding("carrier", str(refusal), ok=False)]
    found = [_finding("carrier account", account.status, ok=account.status == "active")]
    found += [_finding(n.address, n.delivers_to, ok=True) for n in account.numbers]
    if not account.numbers:
        found.append(_finding("numbers", "the account has none: buy one first", ok=False))
    return found
