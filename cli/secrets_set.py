"""`dialtone secrets set`: put the carrier's and the models' credentials into the stack."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.problems import CommandError, reporting
from cli.screen import remarks, show_warning

if TYPE_CHECKING:
    from cli.stack_secrets import StackSecret
    from cli.target import Target

ASKED = ("account_sid", "auth_token")
"""What a stack needs before its first text, in the order in which it is asked."""


@reporting
@options.of_a_stack
def set_secret(
    place: options.Place,
    field: Annotated[
        str | None,
        typer.Argument(
            help="account_sid, auth_token, shared_key, address_key, openai_api_key or "
            "anthropic_api_key; without one, account_sid and auth_token are asked for.",
        ),
    ] = None,
    *,
    from_env: Annotated[
        str | None, typer.Option("--from-env", help="Take the value from this variable.")
    ] = None,
    key_id: Annotated[
        str | None, typer.Option("--key-id", help="The shared key's id, as Twilio shows it.")
    ] = None,
    any_shape: Annotated[
        bool, typer.Option("--any-shape", help="Store a value that does not look right.")
    ] = False,
    new_address_key: Annotated[
        bool,
        typer.Option("--new-address-key", help="Replace the address key: everybody is forgotten."),
    ] = False,
    assume_yes: options.AssumeYes = False,
) -> None:
    """Store credentials in the stack's secrets; they are asked for, never given as arguments.

    A value is asked for without being shown, or read from standard input, or taken from a
    variable. Other fields keep their values. The first time, the address key is made: it turns
    phone numbers into table keys and is never replaced unless you say so.

    For example:

        dialtone secrets set --stack dev

        dialtone secrets set auth_token --stack dev --from-env TWILIO_AUTH_TOKEN

        pass show openai | dialtone secrets set openai_api_key --stack dev
    """
    from cli.stack_secrets import FIELDS, StackSecret

    if field is not None and field not in FIELDS:
        raise CommandError(f"there is no field {field!r}", f"one of: {', '.join(FIELDS)}")
    if (field == "shared_key") != (key_id is not None):
        raise CommandError(
            "a shared key and its id belong together",
            "dialtone secrets set shared_key --key-id ID",
        )
    target = place.open()
    secret = StackSecret(target, FIELDS[field].secret if field else "carrier")
    stored = secret.read()
    given = _values(field, from_env, stored, asking=not new_address_key)
    _check_shapes(given, any_shape=any_shape)
    if secret.role == "carrier":
        _guard_address_key(target, stored, given, replace=new_address_key, sure=assume_yes)
    _store(secret, stored, given, key_id)
    done = ", ".join(sorted(given)) or "nothing new"
    remarks().print(f"{secret.name}: stored {done}.")
    remarks().print(f"next: dialtone secrets check --live {target.arguments}")


def _values(
    field: str | None, from_env: str | None, stored: dict[str, Any], *, asking: bool
) -> dict[str, str]:
    """The values to store, from wherever the caller has them."""
    if from_env is not None:
        if field is None:
            raise CommandError("--from-env needs the field", "dialtone secrets set auth_token …")
        value = os.environ.get(from_env, "").strip()
        if not value:
            raise CommandError(f"the variable {from_env} is empty or not set")
        return {field: value}
    if not asking and field is None:
        return {}
    if at_a_terminal():
        return _ask((field,) if field else ASKED, stored)
    return _from_input(field)


def at_a_terminal() -> bool:
    """Whether a person types the values."""
    return sys.stdin.isatty()


def _ask(fields: tuple[str, ...], stored: dict[str, Any]) -> dict[str, str]:
    given = {}
    for name in fields:
        kept = " (Enter keeps what is stored)" if name in stored else ""
        value = typer.prompt(f"{name}{kept}", hide_input=True, default="", show_default=False)
        if value.strip():
            given[name] = str(value).strip()
        elif name not in stored:
            raise CommandError(f"{name} is needed", "run the command again")
    return given


def _from_input(field: str | None) -> dict[str, str]:
    """Read one value from standard input, or several as a JSON object."""
    text = sys.stdin.read().strip()
    if not text:
        raise CommandError(
            "standard input is empty", "type the value at a terminal, pipe it in, or --from-env"
        )
    if field is not None:
        return {field: text}
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not fields.keys() <= set(ASKED) or not fields:
        raise CommandError(
            "standard input is no JSON object of account_sid and auth_token",
            "name the field to pipe in a single value: dialtone secrets set auth_token",
        )
    return {name: str(value) for name, value in fields.items()}


def _check_shapes(given: dict[str, str], *, any_shape: bool) -> None:
    from cli.stack_secrets import ADDRESS_KEY, FIELDS

    for name, value in given.items():
        field = FIELDS[name]
        if not field.fits(value) and not (any_shape and name != ADDRESS_KEY):
            raise CommandError(
                f"{name} does not look right: expected {field.looks_like}, "
                f"got {len(value)} characters",
                "nothing was stored; copy it again, or --any-shape if you are sure",
            )


def _guard_address_key(
    target: Target, stored: dict[str, Any], given: dict[str, str], *, replace: bool, sure: bool
) -> None:
    """Make the address key once; never lose the one that the people are stored under."""
    from cli import stack_secrets

    name = stack_secrets.ADDRESS_KEY
    if stored.get(name) and not replace:
        if name in given:
            raise CommandError(
                "the stack has an address key already", "--new-address-key replaces it, if you must"
            )
        return
    known = _knows_people(target)
    if known and not stored.get(name) and not replace and name not in given:
        raise CommandError(
            "the address key is gone, but people are stored under it",
            f"put it back: dialtone secrets set {name} {target.arguments} (an earlier version of "
            "the secret has it), or --new-address-key to lose who they are",
        )
    if known and replace and not sure:
        show_warning(
            "Every person becomes a stranger: nobody's conversation is found again, and a STOP "
            "that somebody sent no longer holds. The texts that wait are answered under the old "
            "key or not at all. There is no way back once the secret's earlier version is gone."
        )
        typer.confirm("Replace the address key?", abort=True, err=True)
    given.setdefault(name, stack_secrets.new_address_key())


def _knows_people(target: Target) -> bool:
    answer = target.client("dynamodb").scan(TableName=target.name("people"), Limit=1)
    return bool(answer["Items"])


def _store(
    secret: StackSecret, stored: dict[str, Any], given: dict[str, str], key_id: str | None
) -> None:
    fields = {**stored, **{name: value for name, value in given.items() if name != "shared_key"}}
    if key_id is not None:
        fields["shared_keys"] = {**stored.get("shared_keys", {}), key_id: given["shared_key"]}
    if fields != stored:
        secret.write(fields)
