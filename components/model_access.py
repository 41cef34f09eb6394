"""Which rights a chain of models needs.

Owns the ARNs that stand behind a model id of Amazon Bedrock. Models of other providers need a key
in a secret and no right.
"""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.container_function import ContainerFunction
from components.iam import Statement

BEDROCK = "bedrock"
# An inference profile's id starts with where it may run; the model itself is the rest.
_EVERYWHERE = "global"
_PROFILE_AREAS = ("apac", "au", "ca", "eu", _EVERYWHERE, "jp", "us", "us-gov")


def grant_models(function: ContainerFunction, models: Sequence[str]) -> None:
    """Let a function call the Bedrock models of a chain, and no other model.

    Args:
        function: Who calls.
        models: Such as ``bedrock:us.amazon.nova-lite-v1:0``; other providers are left out.
    """
    ids = [model.removeprefix(f"{BEDROCK}:") for model in models if model.startswith(f"{BEDROCK}:")]
    if not ids:
        return
    invoke = pulumi.InvokeOutputOptions(parent=function)
    account = aws.get_caller_identity_output(opts=invoke).account_id
    region = aws.get_region_output(opts=invoke).region
    partition = aws.get_partition_output(opts=invoke).partition
    resources: list[pulumi.Input[str]] = []
    for model in ids:
        resources += _resources(model, partition, region, account)
    function.allow(
        Statement(
            sid="InvokeModels",
            actions=["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
            resources=resources,
        )
    )


def _resources(
    model: str,
    partition: pulumi.Output[str],
    region: pulumi.Output[str],
    account: pulumi.Output[str],
) -> list[pulumi.Output[str]]:
    if model.startswith("arn:"):
        return [pulumi.Output.from_input(model)]
    area, _, rest = model.partition(".")
    if area not in _PROFILE_AREAS:
        return [
            pulumi.Output.format(
                "arn:{0}:bedrock:{1}::foundation-model/{2}", partition, region, model
            )
        ]
    # A profile sends the request to any region of its area, and the caller needs the right there.
    resources = [
        pulumi.Output.format(
            "arn:{0}:bedrock:{1}:{2}:inference-profile/{3}", partition, region, account, model
        ),
        pulumi.Output.format("arn:{0}:bedrock:*::foundation-model/{1}", partition, rest),
    ]
    if area == _EVERYWHERE:
        # Routed to no region in particular; the model's ARN then names none.
        resources.append(
            pulumi.Output.format("arn:{0}:bedrock:::foundation-model/{1}", partition, rest)
        )
    return resources
