"""Settings as the arguments of the image and of the API."""

import pulumi

from components import BuildArgs, ContainerImageArgs, DomainArgs, WebhookApiArgs
from settings import StackSettings


def image_args(settings: StackSettings, key_arn: pulumi.Input[str]) -> ContainerImageArgs:
    """Return which image to run: one that was pushed, or one that is built here."""
    image = settings.image
    if image.uri is not None:
        return ContainerImageArgs(uri=image.uri)
    build = BuildArgs(
        context=".",
        dockerfile="services/Dockerfile",
        arguments={"EXTRAS": " ".join(image.extras)},
    )
    args = ContainerImageArgs(build=build, key_arn=key_arn)
    if image.repository is not None:
        args["repository_url"] = image.repository
    return args


def api_args(
    settings: StackSettings,
    key_arn: pulumi.Input[str],
    alarm_topic_arn: pulumi.Input[str] | None,
) -> WebhookApiArgs:
    """Return where the API answers, how long it keeps its log and whom it alarms."""
    args = WebhookApiArgs(key_arn=key_arn, log_retention_days=settings.retention.log_days)
    if settings.public_url is not None:
        args["public_url"] = settings.public_url
    if settings.api.domain is not None and settings.api.certificate_arn is not None:
        args["domain"] = DomainArgs(
            name=settings.api.domain, certificate_arn=settings.api.certificate_arn
        )
        if settings.api.zone_id is not None:
            args["domain"]["zone_id"] = settings.api.zone_id
    if alarm_topic_arn is not None:
        args["alarm_topic_arn"] = alarm_topic_arn
    return args
