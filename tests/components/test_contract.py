"""What holds for every component, whichever it is."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import components
from components import (
    COMPONENTS,
    AlarmTopic,
    AlarmTopicArgs,
    ConnectLine,
    ConnectLineArgs,
    ContainerImage,
    ContainerImageArgs,
    ManagedSecret,
    ManagedSecretArgs,
    Schedule,
    ScheduleArgs,
    StackKey,
    StackKeyArgs,
    TwilioNumber,
    TwilioNumberArgs,
)
from tests.components.building import (
    IMAGE,
    KEY_ARN,
    THROTTLE,
    TOPIC_ARN,
    api,
    bot,
    function,
    queue,
    table,
    voice,
)
from tests.components.conftest import Deploy
from tests.components.recording_cloud import RecordingCloud

FOLDER = Path(components.__file__).parent
COMPONENT = re.compile(r"^class (\w+)\(pulumi\.ComponentResource\)", re.MULTILINE)
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:dialtone-test-worker"


def _published() -> Any:
    made = api(alarm_topic_arn=TOPIC_ARN)
    made.add_route("POST", "/a", function("worker"), throttle=THROTTLE)
    made.publish()
    return made


EXAMPLES: dict[str, Callable[[], Any]] = {
    "AlarmTopic": lambda: AlarmTopic("it", AlarmTopicArgs(key_arn=KEY_ARN, email="a@b.example")),
    "ConnectLine": lambda: ConnectLine(
        "it", ConnectLineArgs(instance_alias="mine", claim_number_country="US")
    ),
    "ContainerFunction": lambda: function(
        "it", alarm_topic_arn=TOPIC_ARN, alias="live", provisioned_concurrency=1
    ),
    "ContainerImage": lambda: (ContainerImage("it", ContainerImageArgs(uri=IMAGE)), table("x")),
    "FifoQueue": lambda: queue("it", alarm_topic_arn=TOPIC_ARN),
    "LexBot": lambda: bot("it"),
    "ManagedSecret": lambda: ManagedSecret(
        "it", ManagedSecretArgs(description="d", key_arn=KEY_ARN)
    ),
    "Schedule": lambda: Schedule("it", ScheduleArgs(expression="rate(1 hour)", target_arn=LAMBDA)),
    "SecureTable": lambda: table("it", alarm_topic_arn=TOPIC_ARN),
    "StackKey": lambda: StackKey("it", StackKeyArgs()),
    "TwilioNumber": lambda: TwilioNumber(
        "it", TwilioNumberArgs(number="+13035550100", sms_url="https://a", secret_arn="arn:aws:s")
    ),
    "VoiceChannel": lambda: voice("it"),
    "WebhookApi": _published,
}
HOLDS_DATA = {"ConnectLine", "ManagedSecret", "SecureTable", "StackKey", "TwilioNumber"}


@pytest.mark.registers_nothing
def test_every_component_is_covered() -> None:
    """A new component cannot be forgotten here, nor in the list that is served."""
    declared = {
        found
        for file in FOLDER.glob("*.py")
        for found in re.findall(
            r"^class (\w+)\(pulumi\.ComponentResource\)", file.read_text(), re.MULTILINE
        )
    }
    assert declared == set(EXAMPLES) == {one.__name__ for one in COMPONENTS}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_children_belong_to_their_component(
    deploy: Deploy, cloud: RecordingCloud, name: str
) -> None:
    """Every resource has a component as parent, and its name begins with that component's."""
    deploy(EXAMPLES[name])

    urns = {one.urn: one for one in cloud.components()}
    for one in cloud.resources:
        if one.custom:
            assert one.parent in urns, f"{one.name} is nobody's child"
            assert one.name.startswith(f"{urns[one.parent].name}-"), one.name


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_physical_names_are_of_one_form(deploy: Deploy, cloud: RecordingCloud, name: str) -> None:
    """Whatever has a name in the account says project and stack first."""
    deploy(EXAMPLES[name])

    inner = {"aws:iam/rolePolicy:RolePolicy", "aws:lambda/alias:Alias"}
    for one in cloud.resources:
        if "name" in one.inputs and one.type not in inner:
            assert re.match(r"^(alias/|/aws/\w+/)?dialtone-test-", one.inputs["name"]), one.inputs


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_outputs_are_registered_as_annotated(
    deploy: Deploy, cloud: RecordingCloud, name: str
) -> None:
    """What the class annotates is what is registered, in camelCase, once, and known."""
    deploy(EXAMPLES[name])

    component = next(one for one in COMPONENTS if one.__name__ == name)
    annotated = {
        re.sub(r"_(\w)", lambda found: found[1].upper(), key)
        for key in inspect.get_annotations(component)
    }
    made = next(one for one in cloud.components() if one.type == f"dialtone:index:{name}")
    outputs = cloud.component_outputs[made.urn]
    assert set(outputs) == annotated
    assert None not in outputs.values()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_tags_come_from_the_provider(deploy: Deploy, cloud: RecordingCloud, name: str) -> None:
    """No component tags by itself; ``aws:defaultTags`` reaches everything."""
    deploy(EXAMPLES[name])

    assert not [one.name for one in cloud.resources if "tags" in one.inputs]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_holds_data_is_protected(deploy: Deploy, cloud: RecordingCloud, name: str) -> None:
    """Data and numbers are protected unless the caller says otherwise; nothing else is."""
    deploy(EXAMPLES[name])

    made = next(one for one in cloud.components() if one.type == f"dialtone:index:{name}")
    protected = [one.name for one in cloud.children(made) if one.protect]
    assert bool(protected) == (name in HOLDS_DATA)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_docstring_lists_what_is_created(deploy: Deploy, cloud: RecordingCloud, name: str) -> None:
    """The class says every kind of resource it creates."""
    deploy(EXAMPLES[name])

    component = next(one for one in COMPONENTS if one.__name__ == name)
    made = next(one for one in cloud.components() if one.type == f"dialtone:index:{name}")
    text = " ".join((component.__doc__ or "").split())
    assert "Creates: " in text
    for one in cloud.children(made):
        module, kind = one.type.split(":")[1:]
        names = {f"``{module.split('/')[0]}.{kind}``", f"``twilio:{kind}``", f"``{kind}``"}
        assert any(name in text for name in names), one.type


@pytest.mark.registers_nothing
@pytest.mark.parametrize("component", COMPONENTS, ids=lambda one: one.__name__)
def test_arguments_are_documented_and_plain(component: Any) -> None:
    """Arguments are ``name, args, opts``; every field and output has its docstring."""
    signature = inspect.signature(component.__init__)
    assert list(signature.parameters) == ["self", "name", "args", "opts"]
    args = signature.parameters["args"].annotation
    assert args.__name__ == f"{component.__name__}Args"
    assert typing.is_typeddict(args)
    analyzer = Analyzer("dialtone")
    for owner in (args, component):
        for field in inspect.get_annotations(owner):
            assert analyzer.get_docstring(owner, field), f"{owner.__name__}.{field}"


@pytest.mark.registers_nothing
@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda one: one.name)
def test_modules_keep_what_inference_needs(file: Path) -> None:
    """Real type objects: no postponed annotations, no literals, no dict in the place of Args."""
    source = file.read_text()
    assert "from __future__ import annotations" not in source
    assert not re.search(r"\bLiteral\[", source)
    assert len(source.splitlines()) <= 300


def test_pulumi_outputs_never_decide_what_exists(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Values from other resources may arrive late, and the same resources are declared."""
    late = pulumi.Output.from_input(KEY_ARN)
    deploy(lambda: (table("early"), table("late", key_arn=late)))

    kinds = [
        sorted(one.type for one in cloud.children(component)) for component in cloud.components()
    ]
    assert kinds[0] == kinds[1]
