"""WebhookApi: routes with limits, logs without bodies, nothing before ``publish``."""

from __future__ import annotations

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components import DomainArgs, Throttle
from tests.components.building import KEY_ARN, THROTTLE, TOPIC_ARN, api, function
from tests.components.conftest import Deploy
from tests.components.recording_cloud import RecordingCloud


def one_route(path: str = "/a/{id}", **overrides: Any) -> Any:
    """An API with one route, published."""
    made = api(**overrides)
    made.add_route("POST", path, function(), throttle=THROTTLE)
    made.publish()
    return made


def test_route_reaches_its_function(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A route is a path, an open method, a proxy integration and a permission of its own."""
    deploy(one_route)

    parts = {one.name: one.inputs for one in cloud.of(aws.apigateway.Resource)}
    assert [one["pathPart"] for one in parts.values()] == ["a", "{id}"]
    assert parts["api-a-by-id-path"]["parentId"] == "api-a-path-id"
    method = cloud.one(aws.apigateway.Method).inputs
    assert (method["httpMethod"], method["authorization"]) == ("POST", "NONE")
    integration = cloud.one(aws.apigateway.Integration).inputs
    assert (integration["type"], integration["integrationHttpMethod"]) == ("AWS_PROXY", "POST")
    assert "function:dialtone-test-worker" in integration["uri"]
    permission = cloud.one(aws.lambda_.Permission).inputs
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"].endswith(":api-api-id/*/POST/a/*")


def test_shared_paths_are_declared_once(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Two routes below one path share its resource, whatever the methods."""

    def program() -> None:
        made, worker = api(), function()
        for method, path in (("POST", "/a/b"), ("GET", "/a/b"), ("GET", "/a/{b}")):
            made.add_route(method, path, worker, throttle=THROTTLE)
        made.publish()

    deploy(program)

    assert len(cloud.of(aws.apigateway.Resource)) == 3
    assert len(cloud.of(aws.apigateway.Method)) == 3


def test_every_route_is_throttled_and_logs_no_bodies(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Each route has its own limit; access logs hold ids, sizes and durations only."""
    deploy(one_route)

    limits = cloud.one(aws.apigateway.MethodSettings).inputs
    assert limits["methodPath"] == "~1a~1{id}/POST"
    assert limits["settings"]["throttlingRateLimit"] == 10
    assert limits["settings"]["throttlingBurstLimit"] == 20
    assert limits["settings"]["loggingLevel"] == "OFF"
    assert limits["settings"]["dataTraceEnabled"] is False
    stage = cloud.one(aws.apigateway.Stage).inputs
    logged = json.loads(stage["accessLogSettings"]["format"])
    assert not any(
        secret in value
        for value in logged.values()
        for secret in ("body", "querystring", "path", "identity", "authorizer", "header")
        if value != "$context.resourcePath"
    )
    group = cloud.one(aws.cloudwatch.LogGroup, "api-access-logs").inputs
    assert (group["kmsKeyId"], group["retentionInDays"]) == (KEY_ARN, 30)


def test_deployment_waits_for_permissions(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Nothing is deployed before routes, permissions and policies are there."""
    deploy(one_route)

    needed = [
        *cloud.of(aws.apigateway.Integration),
        *cloud.of(aws.apigateway.Method),
        *cloud.of(aws.lambda_.Permission),
        *cloud.of(aws.iam.RolePolicy),
    ]
    waits = set(cloud.one(aws.apigateway.Deployment).depends_on)
    assert {one.urn for one in needed} <= waits


def test_any_change_of_a_route_deploys_again(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Two sets of routes never share a deployment."""

    def program() -> None:
        for name, path in (("first", "/a"), ("second", "/b")):
            made = api(name)
            made.add_route("POST", path, function(f"{name}-worker"), throttle=THROTTLE)
            made.publish()

    deploy(program)

    first, second = (one.inputs["triggers"] for one in cloud.of(aws.apigateway.Deployment))
    assert first != second


def test_switching_off_the_own_address_deploys_again(deploy: Deploy, cloud: RecordingCloud) -> None:
    """API Gateway goes on answering at its own address until the next deployment."""
    domain = DomainArgs(name="t.example.com", certificate_arn="arn:aws:acm:x")

    def program() -> None:
        worker = function()
        for made in (api("plain"), api("named", domain=domain)):
            made.add_route("POST", "/a", worker, throttle=THROTTLE)
            made.publish()

    deploy(program)

    plain, named = (one.inputs["triggers"] for one in cloud.of(aws.apigateway.Deployment))
    assert plain["routes"] == named["routes"]
    assert plain != named


def test_forgetting_to_publish_fails(deploy: Deploy) -> None:
    """Routes that nobody published are found by the test loop."""

    def program() -> None:
        api().add_route("POST", "/a", function(), throttle=THROTTLE)

    with pytest.raises(AssertionError, match=r"never completed: \['api'\]"):
        deploy(program)


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        ({}, "https://api-api-id.execute-api.us-east-1.amazonaws.com/v1"),
        ({"stage": "x"}, "https://api-api-id.execute-api.us-east-1.amazonaws.com/x"),
        ({"public_url": "https://front.example"}, "https://front.example"),
        (
            {"domain": DomainArgs(name="t.example.com", certificate_arn="arn:aws:acm:x")},
            "https://t.example.com",
        ),
    ],
)
def test_knows_its_address(
    deploy: Deploy, cloud: RecordingCloud, asked: dict[str, Any], url: str
) -> None:
    """The address is the one that clients use: given, own domain, or the stage's."""
    deploy(lambda: one_route(**asked))

    component = next(one for one in cloud.components() if one.name == "api")
    assert cloud.component_outputs[component.urn]["url"] == url


def test_own_domain_replaces_the_address(deploy: Deploy, cloud: RecordingCloud) -> None:
    """With a domain and a zone the alias is written and the API's own address is off."""
    domain = DomainArgs(name="t.example.com", certificate_arn="arn:aws:acm:x", zone_id="Z9")
    deploy(lambda: one_route(domain=domain))

    assert cloud.one(aws.apigateway.RestApi).inputs["disableExecuteApiEndpoint"] is True
    named = cloud.one(aws.apigateway.DomainName).inputs
    assert named["securityPolicy"] == "TLS_1_2"
    assert cloud.one(aws.apigateway.BasePathMapping).inputs["stageName"] == "v1"
    record = cloud.one(aws.route53.Record).inputs
    assert (record["zoneId"], record["type"]) == ("Z9", "A")


def test_authorizer_decides_for_its_routes(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A route with an authorizer is closed, and the API may call the authorizer's function."""

    def program() -> None:
        made = api()
        decides = made.add_authorizer(
            "keys", function("guard"), identity_sources=["method.request.header.Authorization"]
        )
        made.add_route("GET", "/a", function(), throttle=THROTTLE, authorizer=decides)
        made.publish()

    deploy(program)

    method = cloud.one(aws.apigateway.Method).inputs
    assert (method["authorization"], method["authorizerId"]) == (
        "CUSTOM",
        "api-keys-authorizer-id",
    )
    sources = [one.inputs["sourceArn"] for one in cloud.of(aws.lambda_.Permission)]
    assert any(one.endswith("/authorizers/api-keys-authorizer-id") for one in sources)


def test_server_errors_alarm(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A 5xx is worth an alarm on this API and stage."""
    deploy(lambda: one_route(alarm_topic_arn=TOPIC_ARN))

    made = cloud.one(aws.cloudwatch.MetricAlarm, "api-server-errors").inputs
    assert made["dimensions"] == {"ApiName": "dialtone-test-api", "Stage": "v1"}


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("FETCH", "/a", "method must be one of"),
        ("POST", "a", "a path looks like"),
        ("POST", "/a//b", "a path looks like"),
        ("POST", "/a/{b}x", "a path looks like"),
        ("POST", "/taken", "already has POST /taken"),
    ],
)
def test_refuses_routes_that_cannot_be(deploy: Deploy, method: str, path: str, says: str) -> None:
    """A malformed or repeated route is named."""

    def program() -> None:
        made, worker = api(), function()
        made.add_route("POST", "/taken", worker, throttle=THROTTLE)
        made.add_route(method, path, worker, throttle=Throttle(requests_per_second=1, burst=1))

    with pytest.raises(ValueError, match=says):
        deploy(program)


@pytest.mark.parametrize("after", ["publish", "add_route"])
def test_is_complete_once_published(deploy: Deploy, after: str) -> None:
    """Nothing is added to a published API."""

    def program() -> None:
        made = one_route()
        if after == "publish":
            made.publish()
        else:
            made.add_route("POST", "/late", function("late"), throttle=THROTTLE)

    with pytest.raises(RuntimeError, match="is published"):
        deploy(program)


def test_refuses_to_publish_nothing(deploy: Deploy) -> None:
    """An API without routes is a mistake in the program."""
    with pytest.raises(RuntimeError, match="no route to publish"):
        deploy(lambda: api().publish())


@pytest.mark.registers_nothing
@pytest.mark.parametrize("url", ["ftp://x", "http://x.example", "https://x/", "https://x?y"])
def test_refuses_an_address_that_cannot_be_signed(url: str) -> None:
    """A public address is https, without slash, query or fragment."""
    with pytest.raises(ValueError, match="public_url"):
        api(public_url=url)
