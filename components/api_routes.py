"""The routes of a REST API, before they are published.

Owns the tree of paths and what stands at its leaves. Does not own deployment, stage or limits:
that is ``WebhookApi``, and nothing else uses this module.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.function_target import Target

_METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SEGMENT = re.compile(r"^(?:[A-Za-z0-9._-]+|\{[A-Za-z0-9._-]+\+?\})$")


class Throttle(TypedDict):
    """How many requests a route takes before it answers 429."""

    requests_per_second: float
    """In the long run."""
    burst: int
    """At once."""


@dataclass(frozen=True)
class Route:
    """One method of one path, and who answers."""

    method: str
    path: str
    function: Target
    throttle: Throttle
    authorizer: aws.apigateway.Authorizer | None

    @property
    def segments(self) -> tuple[str, ...]:
        """Parts of the path."""
        return segments_of(self.path)

    @property
    def settings_path(self) -> str:
        """How a stage's method settings name the route: the path is one JSON pointer token.

        The provider passes it on as it is, and reads it back from the stage by the same key.
        """
        return f"{self.path.replace('~', '~0').replace('/', '~1')}/{self.method}"

    @property
    def slug(self) -> str:
        """Name of the route's resources; ``{turn}`` and ``turn`` differ in it."""
        parts = [re.sub(r"^\{(.*?)\+?\}$", r"by-\1", segment) for segment in self.segments]
        return "-".join([*parts, self.method.lower()])


class RouteTree:
    """Declares paths, methods, integrations and permissions, each once."""

    def __init__(self, name: str, api: aws.apigateway.RestApi, parent: pulumi.Resource) -> None:
        """Start with the root path.

        Args:
            name: Logical name of the API.
            api: The API that the routes belong to.
            parent: The component that the resources are children of.
        """
        self.routes: list[Route] = []
        self._name = name
        self._api = api
        self._child = pulumi.ResourceOptions(parent=parent)
        self._paths: dict[tuple[str, ...], aws.apigateway.Resource] = {}
        self._declared: list[pulumi.Resource] = []

    def add(self, route: Route) -> None:
        """Declare one route.

        Raises:
            ValueError: If it is malformed or exists.
        """
        validate_route(self._name, route.method, route.path)
        if any((route.method, route.path) == (one.method, one.path) for one in self.routes):
            raise ValueError(f"{self._name} already has {route.method} {route.path}")
        self.routes.append(route)
        prefix = f"{self._name}-{route.slug}"
        resource_id = self._path(route.segments)
        authorizer = route.authorizer
        method = aws.apigateway.Method(
            f"{prefix}-method",
            rest_api=self._api.id,
            resource_id=resource_id,
            http_method=route.method,
            authorization="NONE" if authorizer is None else "CUSTOM",
            authorizer_id=None if authorizer is None else authorizer.id,
            opts=self._child,
        )
        integration = aws.apigateway.Integration(
            f"{prefix}-integration",
            rest_api=self._api.id,
            resource_id=resource_id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=route.function.invoke_arn,
            opts=self._child,
        )
        # One star for each variable segment: the source ARN names the request as it came in.
        path = "/".join("*" if part.startswith("{") else part for part in route.segments)
        verb = "*" if route.method == "ANY" else route.method
        self._declared += [
            method,
            integration,
            self._permit(
                prefix,
                route.function,
                pulumi.Output.format("{0}/*/{1}/{2}", self._api.execution_arn, verb, path),
            ),
        ]

    def add_authorizer(
        self, name: str, function: Target, identity_sources: list[str], seconds: int
    ) -> aws.apigateway.Authorizer:
        """Declare an authorizer, and let the API call its function."""
        authorizer = aws.apigateway.Authorizer(
            f"{self._name}-{name}-authorizer",
            name=name,
            rest_api=self._api.id,
            type="REQUEST",
            authorizer_uri=function.invoke_arn,
            identity_source=",".join(identity_sources),
            authorizer_result_ttl_in_seconds=seconds,
            opts=self._child,
        )
        source = pulumi.Output.format("{0}/authorizers/{1}", self._api.execution_arn, authorizer.id)
        self._declared += [
            authorizer,
            self._permit(f"{self._name}-{name}-authorizer", function, source),
            *function.ready(),
        ]
        return authorizer

    def everything(self) -> list[pulumi.Resource]:
        """Return what a deployment has to wait for, the functions' permissions included."""
        ready = [resource for route in self.routes for resource in route.function.ready()]
        return [*self._declared, *ready]

    def _path(self, segments: tuple[str, ...]) -> pulumi.Output[str]:
        if not segments:
            return self._api.root_resource_id
        if segments not in self._paths:
            parent_id = self._path(segments[:-1])
            slug = "-".join(re.sub(r"^\{(.*?)\+?\}$", r"by-\1", part) for part in segments)
            self._paths[segments] = aws.apigateway.Resource(
                f"{self._name}-{slug}-path",
                rest_api=self._api.id,
                parent_id=parent_id,
                path_part=segments[-1],
                opts=self._child,
            )
        return self._paths[segments].id

    def _permit(
        self, prefix: str, function: Target, source: pulumi.Output[str]
    ) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            f"{prefix}-permission",
            action="lambda:InvokeFunction",
            function=function.function_name,
            qualifier=function.qualifier,
            principal="apigateway.amazonaws.com",
            source_arn=source,
            opts=self._child,
        )


def segments_of(path: str) -> tuple[str, ...]:
    """Return the parts of a path."""
    return tuple(path.removeprefix("/").split("/"))


def validate_route(name: str, method: str, path: str) -> None:
    """Refuse what is no method or no path.

    Raises:
        ValueError: With the API and what is wrong.
    """
    if method not in _METHODS:
        raise ValueError(f"{name}: method must be one of {sorted(_METHODS)}, got {method!r}")
    if not path.startswith("/") or not all(map(_SEGMENT.match, segments_of(path))):
        raise ValueError(f"{name}: a path looks like /webhooks/{{id}}, got {path!r}")


def deployment_triggers(
    routes: Sequence[Route], *, own_address: bool
) -> dict[str, pulumi.Input[str]]:
    """Return what makes a new deployment necessary: any change of any route.

    Args:
        routes: All of the API's.
        own_address: Whether the API answers at its own address too; a change of that takes effect
            with the next deployment only.
    """
    facts = [
        {
            "method": route.method,
            "path": route.path,
            "uri": route.function.invoke_arn,
            "authorizer": "" if route.authorizer is None else route.authorizer.id,
        }
        for route in sorted(routes, key=lambda route: (route.path, route.method))
    ]
    return {
        "routes": pulumi.Output.from_input(facts).apply(_digest),
        "ownAddress": "on" if own_address else "off",
    }


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
