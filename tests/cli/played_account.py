"""An AWS account with Lex, Connect, Lambda and quotas that tests can break, one joint at a time.

Real botocore clients ask it: a request is checked by botocore before it comes here, and an answer
is checked here against the shape that botocore knows for the operation.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import botocore.session
from botocore.validate import ParamValidator

ACCOUNT, REGION = "123456789012", "us-east-1"
INSTANCE = "11111111-2222-3333-4444-555555555555"
FLOW = "aaaaaaaa-2222-3333-4444-555555555555"
NUMBER = "bbbbbbbb-2222-3333-4444-555555555555"
BOT, ALIAS = "BOTBOTBOT1", "ALIASALIAS"
ALIAS_ARN = f"arn:aws:lex:{REGION}:{ACCOUNT}:bot-alias/{BOT}/{ALIAS}"
INSTANCE_ARN = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{INSTANCE}"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
MADE = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

Answer = dict[str, Any]


class _Answered(NamedTuple):
    """As much of an HTTP answer as botocore looks at."""

    status_code: int


class RefusedError(Exception):
    """AWS answers with an error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def permission(principal: str, source: str | None) -> dict[str, Any]:
    """A statement of a function's policy."""
    made: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "lambda:InvokeFunction",
        "Resource": "*",
    }
    if source is not None:
        made["Condition"] = {
            "StringEquals": {"AWS:SourceAccount": ACCOUNT},
            "ArnLike": {"AWS:SourceArn": source},
        }
    return made


class PlayedAccount:
    """What is there, as plain data to change; `answers` by `service.operation` overrides any."""

    def __init__(self, stack: str, flow: dict[str, Any]) -> None:
        self.stack = stack
        self.calls: list[tuple[str, Answer]] = []
        self.answers: dict[str, Callable[[Answer], Answer]] = {}
        self.functions: dict[str, Answer] = {
            "fulfilment": {"State": "Active", "LastUpdateStatus": "Successful", "Timeout": 18}
        }
        self.told: Answer = {"memory": "call"}
        self.policies = {"fulfilment": [permission("lexv2.amazonaws.com", ALIAS_ARN)]}
        self.bot: Answer = {"botStatus": "Available", "dataPrivacy": {"childDirected": False}}
        hook = {
            "lambdaARN": f"{LAMBDA}{self.name('fulfilment')}",
            "codeHookInterfaceVersion": "1.0",
        }
        behind = {"enabled": True, "codeHookSpecification": {"lambdaCodeHook": hook}}
        self.alias: Answer = {
            "botVersion": "7",
            "botAliasStatus": "Available",
            "botAliasLocaleSettings": {"en_US": behind},
        }
        self.test_alias: Answer = {"botVersion": "DRAFT", "botAliasStatus": "Available"}
        self.locales = {"en_US": "Built"}
        self.versions = ["DRAFT", "7", "6"]
        self.instance: Answer = {"InstanceStatus": "ACTIVE", "InboundCallsEnabled": True}
        self.attributes = {"CONTACTFLOW_LOGS": "false", "CONTACT_LENS": "false"}
        self.storage: dict[str, list[Answer]] = {}
        self.associated_bots = [ALIAS_ARN]
        self.associated_functions: list[str] = []
        self.flow: Answer = {"State": "ACTIVE", "Status": "PUBLISHED"}
        self.content = flow
        self.claimed = {NUMBER: "+12025550100"}
        self.number_state = "CLAIMED"
        self.leads = {NUMBER: FLOW}
        self.quotas = {
            "Concurrent active calls per instance": 10.0,
            "Phone numbers per instance": 5.0,
        }

    def name(self, role: str) -> str:
        """The physical name of a thing."""
        return f"dialtone-{self.stack}-{role}"

    def client(self, service: str) -> Any:
        """A real client whose requests end here."""
        made = _client(service)
        made.meta.events.register("provide-client-params", _remember, unique_id="remember")
        made.meta.events.unregister("before-call", unique_id="answer")
        made.meta.events.register(
            "before-call",
            lambda model, context, **_: self._answer(service, model, context),
            unique_id="answer",
        )
        return made

    def _answer(self, service: str, model: Any, context: Answer) -> tuple[_Answered, Answer]:
        request = context["request_of_the_test"]
        name = f"{service}.{model.name}"
        self.calls.append((name, request))
        answer = self.answers.get(name) or getattr(self, f"_{_snake(name)}")
        try:
            told: Answer = answer(request)
        except RefusedError as refusal:
            error = {"Error": {"Code": refusal.code, "Message": "played"}, "ResponseMetadata": {}}
            return _Answered(400), error
        report = ParamValidator().validate(told, model.output_shape)
        assert not report.has_errors(), f"{name}: {report.generate_report()}"
        return _Answered(200), {**told, "ResponseMetadata": {}}

    def _lambda_getfunctionconfiguration(self, request: Answer) -> Answer:
        name = request["FunctionName"]
        role = name.removeprefix(self.name(""))
        if role not in self.functions:
            raise RefusedError("ResourceNotFoundException")
        told = {"Variables": {"VOICE": json.dumps(self.told)}}
        named = {"FunctionName": name, "FunctionArn": f"{LAMBDA}{name}", "Environment": told}
        return {**named, **self.functions[role]}

    def _lambda_getpolicy(self, request: Answer) -> Answer:
        role = request["FunctionName"].rpartition(":")[2].removeprefix(self.name(""))
        qualified = f"{role}:{request['Qualifier']}" if "Qualifier" in request else role
        if qualified not in self.policies:
            raise RefusedError("ResourceNotFoundException")
        return {"Policy": json.dumps({"Statement": self.policies[qualified]})}

    def _lexv2models_listbots(self, request: Answer) -> Answer:
        (wanted,) = request["filters"]
        assert wanted["operator"] == "EQ"
        every = [{"botId": "OTHERBOT01", "botName": self.name("voice-of-another")}]
        if self.bot:
            every.append({"botId": BOT, "botName": self.name("voice")})
        return _paged(request, "botSummaries", every)

    def _lexv2models_describebot(self, _request: Answer) -> Answer:
        return {"botId": BOT, "botName": self.name("voice"), **self.bot}

    def _lexv2models_listbotaliases(self, request: Answer) -> Answer:
        every = [self._alias_named(one) for one in ("TSTALIASID", ALIAS)]
        known = ("botAliasId", "botAliasName", "botVersion", "botAliasStatus")
        short = [{key: one[key] for key in known if key in one} for one in every]
        return _paged(request, "botAliasSummaries", short)

    def _lexv2models_describebotalias(self, request: Answer) -> Answer:
        return self._alias_named(request["botAliasId"])

    def _alias_named(self, alias: str) -> Answer:
        ours = alias == ALIAS
        told = self.alias if ours else self.test_alias
        return {"botAliasId": alias, "botAliasName": "live" if ours else "TestBotAlias", **told}

    def _lexv2models_listbotlocales(self, request: Answer) -> Answer:
        every = [{"localeId": k, "botLocaleStatus": v} for k, v in self.locales.items()]
        return _paged(request, "botLocaleSummaries", every)

    def _lexv2models_describebotlocale(self, request: Answer) -> Answer:
        return {"localeId": request["localeId"], "failureReasons": ["no sample utterance"]}

    def _lexv2models_listbotversions(self, request: Answer) -> Answer:
        every = [
            {"botVersion": one, "botStatus": "Available", "creationDateTime": MADE}
            for one in self.versions
        ]
        return _paged(request, "botVersionSummaries", every)

    def _lexv2models_deletebotversion(self, request: Answer) -> Answer:
        version = request["botVersion"]
        if version not in self.versions:
            raise RefusedError("ResourceNotFoundException")
        if version in (self.alias["botVersion"], self.test_alias["botVersion"]):
            raise RefusedError("ConflictException")
        self.versions.remove(version)
        return {"botId": BOT, "botVersion": version, "botStatus": "Deleting"}

    def _connect_listinstances(self, request: Answer) -> Answer:
        every = [{"Id": "another-instance"}, {"Id": INSTANCE}]
        return _paged(request, "InstanceSummaryList", every)

    def _connect_describeinstance(self, _request: Answer) -> Answer:
        named = {"Id": INSTANCE, "Arn": INSTANCE_ARN, "InstanceAlias": "ours"}
        return {"Instance": {**named, **self.instance}}

    def _connect_describeinstanceattribute(self, request: Answer) -> Answer:
        kind = request["AttributeType"]
        return {"Attribute": {"AttributeType": kind, "Value": self.attributes[kind]}}

    def _connect_listinstancestorageconfigs(self, request: Answer) -> Answer:
        return {"StorageConfigs": self.storage.get(request["ResourceType"], [])}

    def _connect_listbots(self, request: Answer) -> Answer:
        assert request["LexVersion"] == "V2"
        arns = self.associated_bots if request["InstanceId"] == INSTANCE else []
        return {"LexBots": [{"LexV2Bot": {"AliasArn": arn}} for arn in arns]}

    def _connect_listcontactflows(self, request: Answer) -> Answer:
        ours = {"Id": FLOW, "Name": self.name("voice"), "ContactFlowType": "CONTACT_FLOW"}
        another = self.name("eu-voice")  # of a stack whose name begins like ours
        default = {"Id": "default", "Name": another, "ContactFlowType": "CONTACT_FLOW"}
        every = [default, ours] if request["InstanceId"] == INSTANCE and self.flow else [default]
        return _paged(request, "ContactFlowSummaryList", every)

    def _connect_describecontactflow(self, request: Answer) -> Answer:
        assert request["ContactFlowId"] == FLOW
        named = {"Id": FLOW, "Name": self.name("voice"), "Content": json.dumps(self.content)}
        return {"ContactFlow": {**named, **self.flow}}

    def _connect_listlambdafunctions(self, _request: Answer) -> Answer:
        return {"LambdaFunctions": self.associated_functions}

    def _connect_listflowassociations(self, request: Answer) -> Answer:
        assert request["ResourceType"] == "VOICE_PHONE_NUMBER"
        prefix = f"arn:aws:connect:{REGION}:{ACCOUNT}:phone-number/"
        every = [
            {"ResourceId": f"{prefix}{number}", "FlowId": f"{INSTANCE_ARN}/contact-flow/{flow}"}
            for number, flow in self.leads.items()
        ]
        return _paged(request, "FlowAssociationSummaryList", every)

    def _connect_listphonenumbersv2(self, request: Answer) -> Answer:
        assert request["TargetArn"] == INSTANCE_ARN
        every = [{"PhoneNumberId": k, "PhoneNumber": v} for k, v in self.claimed.items()]
        return {"ListPhoneNumbersSummaryList": every}

    def _connect_describephonenumber(self, request: Answer) -> Answer:
        one = {"PhoneNumberId": request["PhoneNumberId"]}
        status = {"Status": self.number_state, "Message": "the carrier is asked"}
        return {"ClaimedPhoneNumberSummary": {**one, "PhoneNumberStatus": status}}

    def _servicequotas_listservicequotas(self, _request: Answer) -> Answer:
        return {"Quotas": [{"QuotaName": k, "Value": v} for k, v in self.quotas.items()]}

    def _servicequotas_listawsdefaultservicequotas(self, _request: Answer) -> Answer:
        return {"Quotas": [{"QuotaName": "Phone numbers per instance", "Value": 5.0}]}


@functools.cache
def _client(service: str) -> Any:
    """One client for all tests: making one takes longer than a test."""
    return botocore.session.Session().create_client(
        service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )


def _remember(params: Answer, context: Answer, **_: Any) -> None:
    context["request_of_the_test"] = dict(params)


def _snake(name: str) -> str:
    return name.replace("-", "").replace(".", "_").lower()


def _paged(request: Answer, key: str, every: list[Answer]) -> Answer:
    """One item a page: whoever does not turn the page misses the rest."""
    names = {"nextToken": "nextToken", "NextToken": "NextToken"}
    token = next((request[name] for name in names if name in request), "0")
    place = int(token)
    page: Answer = {key: every[place : place + 1]}
    if place + 1 < len(every):
        page["nextToken" if key[0].islower() else "NextToken"] = str(place + 1)
    return page
