"""A phone number of one's own, pointed at this stack.

Owns which addresses a number that exists calls, and what they were before. Does not own the number
(it is bought and released by its owner), nor the carrier's credentials: the provider fetches them
from Secrets Manager when it needs them.
"""

from typing import NotRequired, TypedDict

import pulumi
from pulumi.dynamic import Resource as DynamicResource

from components.twilio_provider import E164, TwilioNumberProvider

# Texts only: what fails to connect, times out or gets a server error is tried again, all within
# the 15 s the carrier waits. Receipts make a second delivery harmless.
DEFAULT_RETRY = "rc=3&rp=5xx,ct,rt"


class TwilioNumberArgs(TypedDict):
    """Arguments of ``TwilioNumber``."""

    number: str
    """The number, in E.164 form such as ``+13035550100``; it must belong to the account."""
    sms_url: pulumi.Input[str]
    """Where the carrier sends texts, without a fragment."""
    secret_arn: pulumi.Input[str]
    """Secret with ``account_sid`` and ``auth_token``, JSON. While it has no value the number is
    left alone and its status is ``pending``."""
    fallback_url: NotRequired[pulumi.Input[str]]
    """Where a text goes when ``sms_url`` failed; ``sms_url`` itself when left out."""
    status_callback: NotRequired[pulumi.Input[str]]
    """Where the carrier reports about calls to the number. Left out: untouched."""
    retry: NotRequired[str]
    """Connection override of the carrier, the fragment of ``sms_url``; three retries on failed
    connections, time-outs and server errors when left out."""
    messaging_service_sid: NotRequired[str]
    """Service that the number sends through. It must leave inbound texts to the number."""
    api_url: NotRequired[str]
    """Where the carrier's API is; its own address when left out."""
    protect: NotRequired[bool]
    """Refuse to let go of the number; true when left out. Turn it off for a throwaway stack."""


class TwilioNumber(pulumi.ComponentResource):
    """Points an existing number at an API, and points it back when it is deleted.

    The previous addresses are kept. On delete each is restored, but only where the number still
    has ours. A number that an application or a messaging service answers for is refused, because
    the carrier would ignore what is set here. The credentials are in no input and no state.

    The provider runs where ``pulumi`` runs, so that machine needs this Python package.

    Creates: one dynamic resource, ``twilio:Number``.
    """

    status: pulumi.Output[str]
    """``ready``; ``pending`` until the secret has a value; ``changed`` when a refresh found other
    addresses."""
    number_sid: pulumi.Output[str]
    """The carrier's id of the number, empty while pending."""

    def __init__(
        self, name: str, args: TwilioNumberArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the number's addresses.

        Raises:
            ValueError: If the number is not in E.164 form, or the retry setting has a ``#``.
        """
        if not E164.match(args["number"]):
            raise ValueError(f"{name}: number must be like +13035550100, got {args['number']!r}")
        retry = args.get("retry", DEFAULT_RETRY)
        if "#" in retry:
            raise ValueError(f"{name}: retry is the fragment without its #, got {retry!r}")
        super().__init__("dialtone:index:TwilioNumber", name, {}, opts)
        sms_url = pulumi.Output.from_input(args["sms_url"])
        pointed = NumberWebhook(
            f"{name}-webhook",
            {
                "number": args["number"],
                "sms_url": pulumi.Output.format("{0}#{1}", sms_url, retry) if retry else sms_url,
                "sms_fallback_url": args.get("fallback_url", sms_url),
                "status_callback": args.get("status_callback", ""),
                "secret_arn": args["secret_arn"],
                "messaging_service_sid": args.get("messaging_service_sid", ""),
                "api_url": args.get("api_url", ""),
            },
            pulumi.ResourceOptions(
                parent=self,
                protect=args.get("protect", True),
                # An address may hold a password.
                additional_secret_outputs=["previous"],
            ),
        )
        self.status = pointed.status
        self.number_sid = pointed.number_sid
        self.register_outputs({"status": self.status, "numberSid": self.number_sid})


class NumberWebhook(DynamicResource, module="twilio", name="Number"):
    """The dynamic resource behind ``TwilioNumber``."""

    status: pulumi.Output[str]
    number_sid: pulumi.Output[str]
    previous: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        name: str,
        props: dict[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; outputs are named among the inputs, or they would not exist."""
        outputs: dict[str, pulumi.Input[str] | None] = {
            "status": None,
            "number_sid": None,
            "previous": None,
        }
        super().__init__(TwilioNumberProvider(), name, {**props, **outputs}, opts)
