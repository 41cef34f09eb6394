"""WebhookApi with its routes as arguments: what the methods declare, in one step."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components import AuthorizerArgs, RouteArgs
from tests.components.building import THROTTLE, api, function
from tests.components.conftest import Deploy
from tests.components.recording_cloud import RecordingCloud, run_to_the_end

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:dialtone-test-worker"


def test_given_routes_are_what_added_ones_are(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Routes as arguments declare what the methods declare, inputs and all."""
    again = RecordingCloud()
    header = ["method.request.header.Authorization"]

    def methods() -> None:
        made, worker = api(), function(alias="live")
        guard = made.add_authorizer("keys", function("guard"), identity_sources=header)
        made.add_route("GET", "/a/{id}", worker, throttle=THROTTLE, authorizer=guard)
        made.add_route("POST", "/a", worker, throttle=THROTTLE)
        made.publish()

    def arguments() -> None:
        pulumi.runtime.set_mocks(
            again.mocks, project="dialtone", stack="test", preview=False, monitor=again.monitor
        )
        target, guard = function(alias="live").target_arn, function("guard").target_arn
        get = RouteArgs(method="GET", path="/a/{id}", target_arn=target, throttle=THROTTLE)
        get["authorizer"] = "keys"
        post = RouteArgs(method="POST", path="/a", target_arn=target, throttle=THROTTLE)
        keys = AuthorizerArgs(name="keys", target_arn=guard, identity_sources=header)
        api(routes=[get, post], authorizers=[keys])

    deploy(methods)
    run_to_the_end(arguments)

    assert declared(again) == declared(cloud)
    assert again.component_outputs.items() <= cloud.component_outputs.items()


def declared(cloud: RecordingCloud) -> dict[str, dict[str, Any]]:
    """Everything that was asked for, by URN."""
    return {one.urn: one.inputs for one in cloud.resources}


def test_given_routes_are_complete(deploy: Deploy) -> None:
    """An API that was given its routes is published, so nothing is added."""
    route = RouteArgs(method="GET", path="/a", target_arn=LAMBDA, throttle=THROTTLE)

    with pytest.raises(RuntimeError, match="is published"):
        deploy(lambda: api(routes=[route]).add_route("GET", "/b", function(), throttle=THROTTLE))


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("routes", "authorizers", "says"),
    [
        ([], None, "has no route to publish"),
        (None, [{"name": "k"}], "there are none"),
        ([{"method": "FETCH"}], None, "method must be one of .* got 'FETCH'"),
        ([{"target_arn": "worker"}], None, "must be the ARN of a function or an alias"),
        ([{"target_arn": "arn:aws:iam::1:role/a"}], None, "must be the ARN of a function"),
        ([{"path": "a"}], None, "a path looks like"),
        ([{}, {}], None, "already has GET /a"),
        ([{"authorizer": "keys"}], None, "wants authorizer 'keys', not "),
        ([{}], [{"identity_sources": []}], "needs an identity source"),
        ([{}], [{"cache_seconds": 3601}], "cache_seconds must be 0 to 3600, got 3601"),
        ([{}], [{}, {}], "two authorizers share a name"),
    ],
)
def test_refuses_given_routes_that_cannot_be(
    routes: list[dict[str, Any]] | None, authorizers: list[dict[str, Any]] | None, says: str
) -> None:
    """Whatever is wrong with given routes is said before anything is registered."""
    asked: dict[str, Any] = {}
    if routes is not None:
        route = RouteArgs(method="GET", path="/a", target_arn=LAMBDA, throttle=THROTTLE)
        asked["routes"] = [{**route, **one} for one in routes]
    if authorizers is not None:
        guard = AuthorizerArgs(name="k", target_arn=LAMBDA, identity_sources=["x"])
        asked["authorizers"] = [{**guard, **one} for one in authorizers]

    with pytest.raises(ValueError, match=says):
        api(**asked)
