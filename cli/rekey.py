"""`dialtone rekey`: give up a conversation's lost key, so that it can go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.problems import CommandError, reporting
from cli.screen import remarks, results

if TYPE_CHECKING:
    from conversation.rekeying import Loss


@reporting
@options.of_a_stack
def rekey(
    place: options.Place,
    conversation: Annotated[
        str, typer.Argument(help="The conversation whose key is lost, e.g. person#01J…, in quotes.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is lost and do nothing.")
    ] = False,
    assume_yes: options.AssumeYes = False,
) -> None:
    """Give a conversation whose key is lost a new one. What the old one sealed is lost for good.

    Only for a conversation that the KeyLost or SealBroken alarm names: one whose key is there is
    left alone. If the `keys` item can be put back, do that instead: then nothing is lost.

    For example:

        dialtone rekey 'person#01JABCDEFGHJKMNPQRSTVWXYZ0' --stack prod --dry-run
    """
    from conversation.keys import KeyUnavailableError
    from conversation.rekeying import NothingLostError, Rekeying
    from conversation.tables import ConditionFailedError

    target = place.open()
    work = Rekeying(target.tables)
    try:
        loss = work.look(conversation)
        _show(loss)
        if dry_run:
            results().print("dry run: nothing was done")
            return
        if not assume_yes:
            typer.confirm("Give all of this up and make a new key?", abort=True, err=True)
        made = work.replace(loss)
    except NothingLostError as error:
        raise CommandError(
            str(error),
            "nothing was done; the alarm's log line names the conversation that is meant",
        ) from None
    except KeyUnavailableError as error:
        raise CommandError(
            f"KMS does not give the stack's key: {error}",
            "nothing is known to be lost; see that the key is enabled and that you may use it",
        ) from None
    except ConditionFailedError:
        raise CommandError(f"{conversation} has moved on meanwhile", "run it again") from None
    results().print(f"{conversation} has a new key, of generation {made.generation}")
    remarks().print(f"next: dialtone status {target.arguments}")


def _show(loss: Loss) -> None:
    console = results()
    console.print(f"the key of {loss.conversation} is lost: {loss.reason}")
    console.print(f"lost with it: {loss.messages} messages, {loss.waiting} texts that wait")
    if loss.turn_open:
        console.print("and the turn that is open now")
