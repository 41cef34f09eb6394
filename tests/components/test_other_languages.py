"""The components in a program of another language: arguments in, outputs out, and no methods.

The plugin runs in Pulumi's own host of components; only the engine is a recording one. The program
is the one in the documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pulumi_aws as aws
import pytest
import yaml

from components import COMPONENTS
from tests.components.building import KEY_ARN
from tests.components.plugin_host import FOLDER, Late, Made, Plugin, started
from tests.components.policies import allows, statements_of
from tests.components.programs import ROOT
from tests.components.recording_cloud import RecordingCloud
from tests.components.schema_fit import REFERENCE, SchemaFit, token

PROGRAM = yaml.safe_load((ROOT / "docs/from-another-language/Pulumi.yaml").read_text())
RESOURCES: dict[str, dict[str, Any]] = PROGRAM["resources"]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    """The plugin, started once: constructing leaves nothing behind in it."""
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def schema(plugin: Plugin) -> dict[str, Any]:
    """What the plugin says it can do."""
    return plugin.schema()


def construct_all(plugin: Plugin, cloud: RecordingCloud) -> dict[str, Made]:
    """Construct the program, in its order, each part with the outputs of those before it."""
    made: dict[str, Made] = {}

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolve(one) for key, one in value.items()}
        if isinstance(value, list):
            return [resolve(one) for one in value]
        found = REFERENCE.match(value) if isinstance(value, str) else None
        if found is None:
            return value
        name, output = found.groups()
        if output is None:
            return PROGRAM["config"][name]["default"]
        given = made[name].outputs[output]
        return Late(made[name].urn, None if given == UNKNOWN else given)

    for name, resource in RESOURCES.items():
        kind = token(resource).rpartition(":")[2]
        made[name] = plugin.construct(cloud, kind, name, resolve(resource["properties"]))
    return made


@pytest.mark.registers_nothing
def test_the_schema_describes_every_component(schema: dict[str, Any]) -> None:
    """The plugin starts, and the SDK's analyzer describes every component and type."""
    assert set(schema["resources"]) == {f"dialtone:index:{one.__name__}" for one in COMPONENTS}
    assert all(one["isComponent"] for one in schema["resources"].values())
    wanted = schema["resources"]["dialtone:index:SecureTable"]
    assert set(wanted["requiredInputs"]) == {"hashKey", "keyArn"}
    assert wanted["inputProperties"]["protect"]["plain"] is True
    assert {"dialtone:index:Statement", "dialtone:index:KeyType"} <= set(schema["types"])


@pytest.mark.registers_nothing
def test_the_plugin_names_its_runtime() -> None:
    """Pulumi knows how to start the folder."""
    assert yaml.safe_load((FOLDER / "PulumiPlugin.yaml").read_text()) == {"runtime": "python"}


@pytest.mark.registers_nothing
@pytest.mark.parametrize("name", list(RESOURCES))
def test_the_documented_program_fits_the_schema(schema: dict[str, Any], name: str) -> None:
    """Every argument of the program exists, every needed one is there, every output is one."""
    assert not list(SchemaFit(schema, RESOURCES).of_resource(name))


@pytest.mark.registers_nothing
def test_the_documented_program_uses_every_component_it_can() -> None:
    """Only the number is missing: its dynamic provider runs in Python programs alone."""
    used = {token(one).rpartition(":")[2] for one in RESOURCES.values()}

    assert {one.__name__ for one in COMPONENTS} - used == {"TwilioNumber"}


def test_the_documented_program_is_constructed(
    plugin: Plugin, cloud: RecordingCloud, schema: dict[str, Any]
) -> None:
    """Each component is registered, completed, and gives the outputs that its schema promises."""
    made = construct_all(plugin, cloud)

    assert {one.urn for one in made.values()} <= set(cloud.component_outputs)
    assert {one.urn for one in cloud.components()} == set(cloud.component_outputs)
    for name, one in made.items():
        outputs = schema["resources"][token(RESOURCES[name])]["properties"]
        assert set(one.outputs) == set(outputs)
    assert made["api"].outputs["url"] == "https://texts.example.com"
    assert "5.0" not in cloud.one(aws.sqs.Queue, "wakeups-queue").inputs["redrivePolicy"]


def test_policies_open_what_they_name_and_no_more(plugin: Plugin, cloud: RecordingCloud) -> None:
    """The worker writes its table and consumes its queue; the webhook sends and reads a secret."""
    made = construct_all(plugin, cloud)

    table = made["texts"].outputs["tableArn"]
    queue = made["wakeups"].outputs["queueArn"]
    secret = made["carrier"].outputs["secretArn"]
    worker, webhook = statements_of(cloud, "worker"), statements_of(cloud, "webhook")
    for statements, action, resource, allowed in (
        (worker, "dynamodb:PutItem", table, True),
        (worker, "dynamodb:Query", f"{table}/index/pending", True),
        (worker, "dynamodb:Scan", table, False),
        (worker, "sqs:ReceiveMessage", queue, True),
        (worker, "sqs:SendMessage", queue, False),
        (webhook, "sqs:SendMessage", queue, True),
        (webhook, "sqs:ReceiveMessage", queue, False),
        (webhook, "secretsmanager:GetSecretValue", secret, True),
        (webhook, "dynamodb:GetItem", table, False),
    ):
        assert allows(statements, action, resource) is allowed, action
    through = {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}
    assert allows(worker, "kms:Decrypt", made["data"].outputs["keyArn"], through)


def test_routes_are_published_at_once(plugin: Plugin, cloud: RecordingCloud) -> None:
    """A route calls the alias it was given, its permission names it, and a guard decides."""
    made = construct_all(plugin, cloud)

    live = made["webhook"].outputs["targetArn"]
    assert live.endswith(":dialtone-test-webhook:live")
    posted = cloud.one(aws.apigateway.Integration, "api-texts-post-integration").inputs
    assert posted["uri"] == made["webhook"].outputs["invokeArn"]
    permission = cloud.one(aws.lambda_.Permission, "api-texts-post-permission").inputs
    assert (permission["function"], permission["qualifier"]) == ("dialtone-test-webhook", "live")
    guard = cloud.one(aws.lambda_.Permission, "api-keys-authorizer-permission").inputs
    assert "qualifier" not in guard
    read = cloud.one(aws.apigateway.Method, "api-texts-by-id-get-method").inputs
    assert (read["authorization"], read["authorizerId"]) == ("CUSTOM", "api-keys-authorizer-id")
    permissions = [one for one in cloud.of(aws.lambda_.Permission) if one.name.startswith("api-")]
    assert {one.urn for one in permissions} <= set(cloud.one(aws.apigateway.Deployment).depends_on)


def test_a_call_reaches_the_alias_it_was_given(plugin: Plugin, cloud: RecordingCloud) -> None:
    """Bot, line and flow are made in a process of their own too, each in the other's place."""
    made = construct_all(plugin, cloud)

    live = made["talker"].outputs["targetArn"]
    alias = cloud.one("aws-native:lex:BotAlias", "calls-alias").inputs
    (setting,) = alias["botAliasLocaleSettings"]
    hook = setting["botAliasLocaleSetting"]["codeHookSpecification"]["lambdaCodeHook"]
    assert hook["lambdaArn"] == live
    assert made["calls"].outputs["phoneNumber"] == "+13035550180"
    assert made["calls"].outputs["aliasArn"] in made["calls"].outputs["flow"]
    assert made["robot"].outputs["botVersion"] == "3"
    assert made["line"].outputs["flowId"] == ""


def test_consumer_starts_after_its_permission(plugin: Plugin, cloud: RecordingCloud) -> None:
    """The event source waits for the right to receive, and calls the function it was given."""
    made = construct_all(plugin, cloud)

    source = cloud.one(aws.lambda_.EventSourceMapping)
    assert source.inputs["functionName"] == made["worker"].outputs["targetArn"]
    assert source.inputs["scalingConfig"] == {"maximumConcurrency": 10}
    right = cloud.one(aws.iam.RolePolicy, "wakeups-consumer-ConsumeWakeups")
    assert right.inputs["role"] == made["worker"].outputs["roleName"]
    assert right.urn in source.depends_on


def test_a_preview_shows_the_same_resources(plugin: Plugin, cloud: RecordingCloud) -> None:
    """Values that are not known yet decide nothing about what exists."""
    construct_all(plugin, cloud)
    before = RecordingCloud(preview=True)
    construct_all(plugin, before)

    assert {one.urn for one in before.resources} == {one.urn for one in cloud.resources}


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("component", "inputs", "says"),
    [
        ("WebhookApi", {"keyArn": KEY_ARN, "routes": []}, "it has no route to publish"),
        (
            "WebhookApi",
            {
                "keyArn": KEY_ARN,
                "routes": [
                    {
                        "method": "POST",
                        "path": "texts",
                        "targetArn": f"{LAMBDA}a",
                        "throttle": {"requestsPerSecond": 1, "burst": 1},
                    }
                ],
            },
            "a path looks like /webhooks/{id}, got 'texts'",
        ),
        (
            "FifoQueue",
            {
                "visibilityTimeoutSeconds": 60,
                "consumer": {
                    "targetArn": f"{LAMBDA}a",
                    "roleName": "a",
                    "timeoutSeconds": 60,
                    "maximumConcurrency": 10,
                },
            },
            "the timeout of its consumer plus 5",
        ),
    ],
)
def test_a_mistake_is_said_to_whoever_made_it(
    plugin: Plugin, cloud: RecordingCloud, component: str, inputs: dict[str, Any], says: str
) -> None:
    """A wrong argument fails before anything is registered, with the words that Python says."""
    with pytest.raises(grpc.RpcError) as failed:
        plugin.construct(cloud, component, "it", inputs)

    assert says in str(failed.value)
    assert not cloud.resources
