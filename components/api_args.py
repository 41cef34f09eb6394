"""What a ``WebhookApi`` may be asked for."""

from typing import NotRequired, TypedDict

import pulumi

from components.api_routes import Throttle, validate_route
from components.function_target import require_function_arn

MAX_AUTHORIZER_CACHE_SECONDS = 3600
DEFAULT_AUTHORIZER_CACHE_SECONDS = 300


class DomainArgs(TypedDict):
    """A domain of one's own in front of the API."""

    name: str
    """Such as ``text.example.com``."""
    certificate_arn: pulumi.Input[str]
    """Certificate in ACM, in the API's region."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Hosted zone in Route 53 that gets the alias record. Left out: you write the record."""


class AuthorizerArgs(TypedDict):
    """A function that decides who may call a route."""

    name: str
    """Name of the authorizer, by which routes ask for it."""
    target_arn: pulumi.Input[str]
    """The function, or its alias. It returns a policy for the whole API, because it is cached."""
    identity_sources: list[str]
    """What it decides by, such as ``method.request.header.Authorization``; a request without them
    is refused unasked."""
    cache_seconds: NotRequired[int]
    """For how long a decision holds, 0 to 3600; 300 when left out."""


class RouteArgs(TypedDict):
    """One method of one path, and who answers."""

    method: str
    """Such as ``POST``."""
    path: str
    """Such as ``/webhooks/twilio/status/{turn}``."""
    target_arn: pulumi.Input[str]
    """Who answers: ``target_arn`` of a ``ContainerFunction``, or of any function or alias."""
    throttle: Throttle
    """How many requests the route takes."""
    authorizer: NotRequired[str]
    """Name of the authorizer that decides who may call. Left out: everybody, and the function
    checks."""


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
    authorizers: NotRequired[list[AuthorizerArgs]]
    """What ``add_authorizer`` would be called with; only together with ``routes``."""
    routes: NotRequired[list[RouteArgs]]
    """What ``add_route`` would be called with. With them the API is published at once and complete.
    A function that has to know the address gets ``public_url`` or the domain from you, since it
    exists before the API. Left out: add routes, then ``publish``, which only Python can."""


def validate_api(name: str, args: WebhookApiArgs) -> None:
    """Refuse an address that no signature could be made for, and routes that cannot be.

    Raises:
        ValueError: If ``public_url`` is not https, or ends in a slash, query or fragment; or if a
            route or an authorizer is malformed, repeated or unknown.
    """
    _validate_routes(name, args)
    url = args.get("public_url")
    if url is None:
        return
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ValueError(f"{name}: public_url must begin with https://, got {url!r}")
    if url.endswith("/") or "?" in url or "#" in url:
        raise ValueError(f"{name}: public_url ends without slash, query or fragment, got {url!r}")


def validate_authorizer(
    name: str, authorizer: str, identity_sources: list[str], cache_seconds: int
) -> None:
    """Refuse an authorizer that would see nothing, or be remembered too long.

    Raises:
        ValueError: With the limit and the value that breaks it.
    """
    if not identity_sources:
        raise ValueError(f"{name}: authorizer {authorizer!r} needs an identity source")
    if not 0 <= cache_seconds <= MAX_AUTHORIZER_CACHE_SECONDS:
        raise ValueError(
            f"{name}: cache_seconds must be 0 to {MAX_AUTHORIZER_CACHE_SECONDS}, "
            f"got {cache_seconds}"
        )


def _validate_routes(name: str, args: WebhookApiArgs) -> None:
    if "routes" not in args:
        if "authorizers" in args:
            raise ValueError(f"{name}: authorizers decide over routes, and there are none")
        return
    if not args["routes"]:
        raise ValueError(f"{name} has no route to publish: name one, or leave routes out")
    authorizers = args.get("authorizers", [])
    for one in authorizers:
        seconds = one.get("cache_seconds", DEFAULT_AUTHORIZER_CACHE_SECONDS)
        validate_authorizer(name, one["name"], one["identity_sources"], seconds)
    names = [one["name"] for one in authorizers]
    if len(set(names)) != len(names):
        raise ValueError(f"{name}: two authorizers share a name: {sorted(names)}")
    seen: set[tuple[str, str]] = set()
    for route in args["routes"]:
        validate_route(name, route["method"], route["path"])
        if (route["method"], route["path"]) in seen:
            raise ValueError(f"{name} already has {route['method']} {route['path']}")
        seen.add((route["method"], route["path"]))
        if isinstance(route["target_arn"], str):
            require_function_arn(route["target_arn"])
        wanted = route.get("authorizer")
        if wanted is not None and wanted not in names:
            raise ValueError(f"{name}: {route['path']} wants authorizer {wanted!r}, not {names}")
