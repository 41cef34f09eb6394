"""A phone line in Amazon Connect: instance, number, and the flow that answers.

Owns what Connect needs between the number and a Lex bot. Does not own the bot, the function that
the flow may call, nor what the flow says: that comes in, with a mark in the place of each ARN.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native

from components.function_target import DeclaredTarget
from components.iam import account_of
from components.naming import physical_name

# What a flow has in the place of ARNs that are known only when it is deployed.
BOT_ALIAS = "arn:aws:lex:::{bot-alias}"
FUNCTION = "arn:aws:lambda:::{function}"
QUEUE = "arn:aws:connect:::{queue}"
HOURS = "arn:aws:connect:::{hours}"
INSTANCE_LOCK = (
    "AWS limits how many instances are made and deleted in 30 days, and then blocks the account "
    "for 30 days"
)
NUMBER_LOCK = "a released number rests for up to 180 days"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class OpeningHours(TypedDict):
    """When people answer."""

    days: list[str]
    """Such as ``monday``."""
    opens: str
    """From when, such as ``09:00``."""
    closes: str
    """Until when, such as ``17:00``, the same day."""
    time_zone: str
    """Such as ``America/New_York``."""


class ConnectLineArgs(TypedDict):
    """Arguments of ``ConnectLine``."""

    instance_id: NotRequired[str]
    """An instance that is there, by its id: used, never changed."""
    instance_alias: NotRequired[str]
    """Left out ``instance_id``: name of an instance to make, unique in AWS."""
    phone_number_id: NotRequired[str]
    """A number that is there, by its id."""
    claim_number_country: NotRequired[str]
    """Left out ``phone_number_id``: country, such as ``US``, to claim a number of."""
    flow: NotRequired[str]
    """What answers, in Connect's flow language, with marks in the place of ARNs:
    ``arn:aws:lex:::{bot-alias}``, ``arn:aws:lambda:::{function}``, ``arn:aws:connect:::{queue}``
    and ``arn:aws:connect:::{hours}``. Left out: nothing answers, and only what was made or claimed
    is kept."""
    bot_alias_arn: NotRequired[pulumi.Input[str]]
    """The alias that the flow talks to; needed with ``flow``."""
    function_arn: NotRequired[pulumi.Input[str]]
    """A function that the flow calls by itself. Left out: none."""
    hours: NotRequired[OpeningHours]
    """When people answer; with them comes a queue. Left out: nobody does."""


class ConnectLine(pulumi.ComponentResource):
    """A number in Amazon Connect that one contact flow answers.

    Instance and number are adopted, or made by an explicit wish: then they are protected, and kept
    even when they leave the program, because AWS blocks accounts that make and delete them.

    The association with the bot is of the provider ``aws-native``, which needs its region.

    Creates: ``connect.Instance`` and ``connect.PhoneNumber`` where none is adopted; with a flow
    ``connect.IntegrationAssociation``, ``connect.ContactFlow``,
    ``connect.PhoneNumberContactFlowAssociation``; with a function
    ``connect.LambdaFunctionAssociation`` and ``lambda.Permission``; with hours
    ``connect.HoursOfOperation`` and ``connect.Queue``.
    """

    instance_arn: pulumi.Output[str]
    """ARN of the instance."""
    phone_number_id: pulumi.Output[str]
    """Connect's id of the number."""
    phone_number: pulumi.Output[str]
    """The number, such as ``+13035550100``."""
    flow_id: pulumi.Output[str]
    """Connect's id of the flow; empty when nothing answers."""
    flow: pulumi.Output[str]
    """The flow with its marks filled in; empty when nothing answers."""

    def __init__(
        self, name: str, args: ConnectLineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the line.

        Raises:
            ValueError: If an instance or a number is both adopted and made, or neither, or the flow
                has a mark of something that is not given.
        """
        _validate(name, args)
        super().__init__("dialtone:index:ConnectLine", name, {}, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._invoke = pulumi.InvokeOutputOptions(parent=self)
        self._instance(args)
        self._number(args)
        self.flow = self.flow_id = pulumi.Output.from_input("")
        if "flow" in args:
            self._answer(args["flow"], args)
        self.register_outputs(
            {
                "instanceArn": self.instance_arn,
                "phoneNumberId": self.phone_number_id,
                "phoneNumber": self.phone_number,
                "flowId": self.flow_id,
                "flow": self.flow,
            }
        )

    def _instance(self, args: ConnectLineArgs) -> None:
        if "instance_id" in args:
            # Asking for it also says at once that there is none of that id.
            found = aws.connect.get_instance_output(
                instance_id=args["instance_id"], opts=self._invoke
            )
            self._instance_id, self.instance_arn = found.id, found.arn
            return
        made = aws.connect.Instance(
            f"{self._name}-instance",
            instance_alias=args["instance_alias"],
            identity_management_type="CONNECT_MANAGED",
            inbound_calls_enabled=True,
            outbound_calls_enabled=False,
            # Logs hold callers' numbers, and Contact Lens transcribes what they say, both in clear.
            contact_flow_logs_enabled=False,
            contact_lens_enabled=False,
            opts=_kept(self),
        )
        self._instance_id, self.instance_arn = made.id, made.arn

    def _number(self, args: ConnectLineArgs) -> None:
        if "phone_number_id" in args:
            wanted = args["phone_number_id"]
            found = aws_native.connect.get_phone_number_output(
                phone_number_arn=self.instance_arn.apply(
                    lambda arn: f"{arn.partition(':instance/')[0]}:phone-number/{wanted}"
                ),
                opts=self._invoke,
            )
            self.phone_number_id = pulumi.Output.from_input(wanted)
            self.phone_number = pulumi.Output.all(
                found.address, found.target_arn, self.instance_arn
            ).apply(lambda known: _of_instance(*known))
            return
        claimed = aws.connect.PhoneNumber(
            f"{self._name}-number",
            country_code=args["claim_number_country"],
            type="DID",
            target_arn=self.instance_arn,
            opts=_kept(self),
        )
        self.phone_number_id, self.phone_number = claimed.id, claimed.phone_number

    def _answer(self, flow: str, args: ConnectLineArgs) -> None:
        """Declare what answers: each part is there before what refers to it."""
        bot_alias = pulumi.Output.from_input(args["bot_alias_arn"])
        known = {BOT_ALIAS: bot_alias}
        needed: list[pulumi.Resource] = [
            aws_native.connect.IntegrationAssociation(
                f"{self._name}-association",
                # Named an id, and it is the ARN.
                instance_id=self.instance_arn,
                integration_arn=bot_alias,
                integration_type=aws_native.connect.IntegrationAssociationIntegrationType.LEX_BOT,
                opts=self._child,
            )
        ]
        if "function_arn" in args:
            function = DeclaredTarget(args["function_arn"])
            known[FUNCTION] = function.target_arn
            needed += self._function(function)
        if "hours" in args:
            known[HOURS], known[QUEUE] = self._queue(args["hours"])
        self.flow = pulumi.Output.all(**known).apply(lambda found: filled(flow, found))
        answering = aws.connect.ContactFlow(
            f"{self._name}-flow",
            instance_id=self._instance_id,
            name=physical_name(self._name, 127),
            description="Answers calls. Changed by deploying, not by hand.",
            type="CONTACT_FLOW",
            content=self.flow,
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )
        aws.connect.PhoneNumberContactFlowAssociation(
            f"{self._name}-answers",
            instance_id=self._instance_id,
            phone_number_id=self.phone_number_id,
            contact_flow_id=answering.contact_flow_id,
            opts=self._child,
        )
        self.flow_id = answering.contact_flow_id

    def _function(self, function: DeclaredTarget) -> list[pulumi.Resource]:
        permission = aws.lambda_.Permission(
            f"{self._name}-function-permission",
            action="lambda:InvokeFunction",
            function=function.function_name,
            qualifier=function.qualifier,
            principal="connect.amazonaws.com",
            source_arn=self.instance_arn,
            source_account=function.target_arn.apply(account_of),
            opts=self._child,
        )
        association = aws.connect.LambdaFunctionAssociation(
            f"{self._name}-function",
            instance_id=self._instance_id,
            function_arn=function.target_arn,
            opts=self._child,
        )
        return [permission, association]

    def _queue(self, hours: OpeningHours) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        open_at, closed_at = (_clock(hours[key]) for key in ("opens", "closes"))
        opened = aws.connect.HoursOfOperation(
            f"{self._name}-hours",
            instance_id=self._instance_id,
            name=physical_name(f"{self._name}-hours", 127),
            time_zone=hours["time_zone"],
            configs=[
                aws.connect.HoursOfOperationConfigArgs(
                    day=day.upper(),
                    start_time=aws.connect.HoursOfOperationConfigStartTimeArgs(
                        hours=open_at[0], minutes=open_at[1]
                    ),
                    end_time=aws.connect.HoursOfOperationConfigEndTimeArgs(
                        hours=closed_at[0], minutes=closed_at[1]
                    ),
                )
                for day in hours["days"]
            ],
            opts=self._child,
        )
        queue = aws.connect.Queue(
            f"{self._name}-queue",
            instance_id=self._instance_id,
            name=physical_name(f"{self._name}-queue", 127),
            hours_of_operation_id=opened.hours_of_operation_id,
            opts=self._child,
        )
        return opened.arn, queue.arn


def filled(flow: str, known: dict[str, str]) -> str:
    """Return a flow with what its marks stand for."""
    for mark, value in known.items():
        flow = flow.replace(mark, value)
    return flow


def _kept(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    # Both: one against a deletion that was not meant, one against a deletion that was.
    return pulumi.ResourceOptions(parent=parent, protect=True, retain_on_delete=True)


def _of_instance(address: str, target: str, instance: str) -> str:
    if target != instance:
        raise ValueError(f"number {address} belongs to {target}, not to {instance}")
    return address


def _clock(time: str) -> tuple[int, int]:
    hours, _, minutes = time.partition(":")
    return int(hours), int(minutes)


def _validate(name: str, args: ConnectLineArgs) -> None:
    if ("instance_id" in args) == ("instance_alias" in args):
        raise ValueError(
            f"{name}: adopt an instance by its id, or make one, not both: {INSTANCE_LOCK}"
        )
    if ("phone_number_id" in args) == ("claim_number_country" in args):
        raise ValueError(f"{name}: adopt a number, or claim one, not both: {NUMBER_LOCK}")
    if "hours" in args:
        unknown = [day for day in args["hours"]["days"] if day not in WEEK]
        if unknown or not args["hours"]["days"]:
            raise ValueError(f"{name}: days are some of {', '.join(WEEK)}, got {unknown}")
    if "flow" not in args:
        return
    if "bot_alias_arn" not in args:
        raise ValueError(f"{name}: a flow talks to a bot: bot_alias_arn is missing")
    needs = {BOT_ALIAS: "bot_alias_arn", FUNCTION: "function_arn", QUEUE: "hours", HOURS: "hours"}
    for mark, needed in needs.items():
        if (mark in args["flow"]) != (needed in args):
            raise ValueError(f"{name}: {mark} in the flow and {needed} go together")
