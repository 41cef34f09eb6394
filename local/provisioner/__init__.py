"""The provider's Create, played on the emulator.

``Provisioner`` is what Pulumi's mocks call. Each service has a module with a ``CREATES`` table;
what is not emulated is on ``NOT_EMULATED`` with the reason, shown to whoever starts the stack;
any other type fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from local.config import ACCOUNT, REGION
from local.provisioner import (
    dynamic,
    dynamodb,
    functions,
    iam,
    kms,
    rest_api,
    secrets,
    sqs,
    voice,
    watching,
)
from local.provisioner.account import Account, Create, Created, Declared, Remembered, Seed
from local.provisioner.inputs import Inputs, UnreadPropertyError, plain

__all__ = [
    "CREATES",
    "NOT_EMULATED",
    "Account",
    "Declared",
    "Inputs",
    "Provisioner",
    "ProvisioningError",
    "Remembered",
    "Seed",
    "UnknownTypeError",
    "UnreadPropertyError",
]

CREATES: dict[str, Create] = {
    **dynamodb.CREATES,
    **functions.CREATES,
    **iam.CREATES,
    **kms.CREATES,
    **rest_api.CREATES,
    **secrets.CREATES,
    **sqs.CREATES,
    **voice.CREATES,
    **watching.CREATES,
}

# Type → why it exists in the program only.
NOT_EMULATED = {
    "aws:acm/certificate:Certificate": "a local stack has no domain of its own",
    "aws:acm/certificateValidation:CertificateValidation": "a local stack has no domain",
    "aws:apigateway/basePathMapping:BasePathMapping": "the front door is the stack's one address",
    "aws:apigateway/domainName:DomainName": "the front door is the stack's one address",
    "aws:cloudwatch/dashboard:Dashboard": "the console page shows what a dashboard would",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "no image is built or pushed here",
    "aws:ecr/repository:Repository": "no image is built or pushed here",
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": (
        "the function host keeps a warm worker of each function anyway"
    ),
    "aws:route53/record:Record": "a local stack has no domain of its own",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "nothing filters loopback traffic",
    "docker-build:index:Image": "the function host runs the handlers from services/",
}


class UnknownTypeError(Exception):
    """The program declares a type that is neither mapped nor known as not emulated."""


class ProvisioningError(Exception):
    """A resource could not be created; says which."""


class Provisioner(pulumi.runtime.Mocks):
    """Creates what the program declares.

    Args:
        account: The emulated account.
        progress: Told (type, logical name) as each resource is done.
    """

    def __init__(
        self, account: Account, progress: Callable[[str, str], None] | None = None
    ) -> None:
        self.account = account
        self._progress = progress or (lambda _type, _name: None)
        self._lock = threading.Lock()

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Create one resource; components and providers pass through."""
        given = plain(args.inputs)
        if not args.custom or args.typ.startswith("pulumi:providers:"):
            return args.name, given
        create = self._create_of(args.typ)
        inputs = Inputs(given, f"{args.typ} {args.name!r}", args.name)
        try:
            made = create(inputs, self.account)
            inputs.finish()
        except UnreadPropertyError:
            raise
        except Exception as error:
            raise ProvisioningError(f"{inputs.path}: {error}") from error
        with self._lock:
            counts = self.account.declared.counts
            counts[args.typ] = counts.get(args.typ, 0) + 1
        self._progress(args.typ, args.name)
        given.pop("__provider", None)
        return made.id, {**given, **made.outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Answer what a program asks AWS while it is composed."""
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": ACCOUNT,
                "arn": f"arn:aws:iam::{ACCOUNT}:root",
                "id": ACCOUNT,
                "userId": ACCOUNT,
            },
            "aws:index/getPartition:getPartition": {
                "dnsSuffix": "amazonaws.com",
                "id": "aws",
                "partition": "aws",
                "reverseDnsPrefix": "com.amazonaws",
            },
            "aws:index/getRegion:getRegion": {
                "endpoint": f"ec2.{REGION}.amazonaws.com",
                "id": REGION,
                "name": REGION,
                "region": REGION,
            },
        }
        if args.token in voice.ANSWERS:
            return voice.ANSWERS[args.token](plain(args.args), self.account), []
        if args.token not in answers:
            raise UnknownTypeError(
                f"the local stack has no answer to {args.token}: add it in local/provisioner/"
            )
        return answers[args.token], []

    def _create_of(self, kind: str) -> Create:
        if kind.startswith(dynamic.PREFIX):
            return dynamic.create
        if kind in CREATES:
            return CREATES[kind]
        if kind in NOT_EMULATED:
            return self._only_declared
        raise UnknownTypeError(
            f"the local stack cannot create {kind}: map it in local/provisioner/, or put it on "
            "NOT_EMULATED there with the reason"
        )

    def _only_declared(self, inputs: Inputs, account: Account) -> Created:
        kind = inputs.path.split(" ")[0]
        account.declared.not_emulated[kind] = NOT_EMULATED[kind]
        inputs.ignore_all()
        name = str(inputs.everything.get("name", inputs.name))
        service = kind.split(":")[1].split("/")[0]
        return Created(name, {"arn": account.arn(service, name)})
