"""What went wrong and what to do next, in the operator's words.

Every command runs under `reporting`: a problem is one sentence, the next step another, and the
exit code is 2. A traceback is left for what is our mistake.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer

from cli.screen import show_error

P = ParamSpec("P")
R = TypeVar("R")

CANNOT_TELL = 2
"""The exit code of a command that could not do its work; 1 is an answer (`status --fail-on`)."""

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN_CALLER = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_MISSING = {
    "ResourceNotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}


_LOG_IN = (
    "run `aws sso login`, or set AWS_PROFILE, or pass --profile; "
    "for the stack on this machine pass --stack local"
)
_CONNECT = (
    "check the network and --region; is the stack on this machine meant? "
    "Then start it with `make local` and pass --stack local"
)


class CommandError(Exception):
    """A command cannot go on, for a reason that the operator can act on."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step


def reporting(command: Callable[P, R]) -> Callable[P, R]:
    """Wrap a command so that its problems are told plainly, with the next step."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CommandError as problem:
            _give_up(problem)
        except Exception as error:
            problem_of_aws = _explain(error)
            if problem_of_aws is None:
                raise
            _give_up(problem_of_aws)

    return run


def _give_up(problem: CommandError) -> NoReturn:
    show_error(f"error: {problem}", problem.next_step)
    raise typer.Exit(CANNOT_TELL) from None


def _explain(error: Exception) -> CommandError | None:
    """Say what an error of the AWS client means here, or None when it is not one."""
    if "botocore" not in sys.modules:  # nothing has called AWS, so AWS did not fail
        return None
    from botocore import exceptions

    from conversation.tables import StoreBusyError

    if isinstance(error, exceptions.ClientError):
        return _explain_answer(error)
    meanings: dict[type[Exception], CommandError] = {
        StoreBusyError: CommandError(f"the tables are busy: {error}", "try again in a minute"),
        exceptions.NoCredentialsError: CommandError("no AWS credentials were found", _LOG_IN),
        exceptions.PartialCredentialsError: CommandError(str(error), _LOG_IN),
        exceptions.ProfileNotFound: CommandError(
            str(error), "`aws configure list-profiles` shows those there are"
        ),
        exceptions.NoRegionError: CommandError(
            "no AWS region is set", "pass --region, or set AWS_REGION"
        ),
        exceptions.ConnectionError: CommandError(f"cannot reach AWS: {error}", _CONNECT),
        exceptions.HTTPClientError: CommandError(f"cannot reach AWS: {error}", _CONNECT),
    }
    for kind in (
        exceptions.CredentialRetrievalError,
        exceptions.SSOTokenLoadError,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    ):
        meanings[kind] = CommandError(str(error), _LOG_IN)
    # A wrong region, a profile that cannot be parsed, …: its own words say it best.
    meanings[exceptions.BotoCoreError] = CommandError(
        str(error), "see --help, and your AWS profile"
    )
    return next((said for kind, said in meanings.items() if isinstance(error, kind)), None)


def _explain_answer(error: Any) -> CommandError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = str(error.response.get("Error", {}).get("Message", "")) or str(error)
    if code in _EXPIRED:
        return CommandError("the AWS credentials have expired", "run `aws sso login` again")
    if code in _UNKNOWN_CALLER:
        return CommandError(
            f"AWS does not know these credentials ({code})",
            "`aws sts get-caller-identity` shows who you are; if the stack on this machine was "
            "restarted, run the command again",
        )
    if code in _DENIED:
        return CommandError(
            f"AWS refused {error.operation_name}: {said}",
            "use a role that may read the stack; docs/operations.md lists what each command calls",
        )
    if code in _MISSING:
        return CommandError(
            f"{error.operation_name} found nothing: {said}",
            "check --stack and --region; `pulumi stack ls` shows the stacks, "
            "`pulumi up --stack NAME` makes one",
        )
    return CommandError(f"AWS answered {code} to {error.operation_name}: {said}")
