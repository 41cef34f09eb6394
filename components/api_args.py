"""What a ``WebhookApi`` may be asked for."""

from typing import NotRequired, TypedDict

import pulumi


class DomainArgs(TypedDict):
    """A domain of one's own in front of the API."""

    name: str
    """Such as ``text.example.com``."""
    certificate_arn: pulumi.Input[str]
    """Certificate in ACM, in the API's region."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Hosted zone in Route 53 that gets the alias record. Left out: you write the record."""


class WebhookApiArgs(TypedDict):
    """Arguments of ``WebhookApi``."""

    key_arn: pulumi.Input[str]
    """Customer-managed key of the access logs."""
    log_retention_days: NotRequired[int]
    """How long access logs are kept; 30 when left out."""
    stage: NotRequired[str]
    """Name of the stage, a part of the address; ``v1`` when left out."""
    domain: NotRequired[DomainArgs]
    """Custom domain. With it the API's own address is switched off."""
    public_url: NotRequired[str]
    """The address clients use if something stands in front of the API, without a slash at the
    end."""
    tracing: NotRequired[bool]
    """Trace with X-Ray; true when left out. Turn it off where nobody looks at traces."""
    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """Where server errors are reported. Left out: no alarm."""


def validate_api(name: str, args: WebhookApiArgs) -> None:
    """Refuse an address that no signature could be made for.

    Raises:
        ValueError: If ``public_url`` is not https, or ends in a slash, query or fragment.
    """
    url = args.get("public_url")
    if url is None:
        return
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ValueError(f"{name}: public_url must begin with https://, got {url!r}")
    if url.endswith("/") or "?" in url or "#" in url:
        raise ValueError(f"{name}: public_url ends without slash, query or fragment, got {url!r}")
