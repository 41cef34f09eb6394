"""REST APIs. Throttling per route is the emulator's; its missing pieces are the front door's."""

from __future__ import annotations

from typing import Any

from local.config import REGION
from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs

_SETTINGS = {
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
}


def rest_api(inputs: Inputs, account: Account) -> Created:
    """Create an API with its root resource."""
    client = account.client("apigateway")
    request: dict[str, Any] = {
        "name": inputs.take("name"),
        "description": inputs.take("description", ""),
        "binaryMediaTypes": inputs.take("binaryMediaTypes", []),
    }
    endpoint = inputs.block("endpointConfiguration")
    if endpoint:
        request["endpointConfiguration"] = {"types": [endpoint.take("types")]}
        endpoint.ignore("ipAddressType")
    # Reached through the front door only; sizes and policies of the real gateway are not emulated.
    inputs.ignore(
        "apiKeySource", "disableExecuteApiEndpoint", "minimumCompressionSize", "policy",
        "securityPolicy", "endpointAccessMode", "tags",
    )  # fmt: skip
    identity = client.create_rest_api(**request)["id"]
    root = client.get_resources(restApiId=identity)["items"][0]["id"]
    return Created(
        identity,
        {
            "arn": f"arn:aws:apigateway:{REGION}::/restapis/{identity}",
            "executionArn": account.arn("execute-api", identity),
            "rootResourceId": root,
        },
    )


def resource(inputs: Inputs, account: Account) -> Created:
    """Create a part of a path."""
    made = account.client("apigateway").create_resource(
        restApiId=inputs.take("restApi"),
        parentId=inputs.take("parentId"),
        pathPart=inputs.take("pathPart"),
    )
    return Created(made["id"], {"path": made["path"]})


def method(inputs: Inputs, account: Account) -> Created:
    """Open a path for a verb."""
    request: dict[str, Any] = {
        "restApiId": inputs.take("restApi"),
        "resourceId": inputs.take("resourceId"),
        "httpMethod": inputs.take("httpMethod"),
        "authorizationType": inputs.take("authorization"),
        "apiKeyRequired": inputs.take("apiKeyRequired", False),
        "requestParameters": inputs.take("requestParameters", {}),
        "requestModels": inputs.take("requestModels", {}),
    }
    for of, to in (
        ("authorizerId", "authorizerId"),
        ("requestValidatorId", "requestValidatorId"),
        ("operationName", "operationName"),
        ("authorizationScopes", "authorizationScopes"),
    ):
        if value := inputs.take(of, None):
            request[to] = value
    account.client("apigateway").put_method(**request)
    return Created(_key("agm", request))


def integration(inputs: Inputs, account: Account) -> Created:
    """Send a method's requests somewhere."""
    request: dict[str, Any] = {
        "restApiId": inputs.take("restApi"),
        "resourceId": inputs.take("resourceId"),
        "httpMethod": inputs.take("httpMethod"),
        "type": inputs.take("type"),
    }
    for of, to in (
        ("integrationHttpMethod", "integrationHttpMethod"),
        ("uri", "uri"),
        ("timeoutMilliseconds", "timeoutInMillis"),
        ("passthroughBehavior", "passthroughBehavior"),
        ("requestTemplates", "requestTemplates"),
        ("contentHandling", "contentHandling"),
    ):
        if (value := inputs.take(of, None)) is not None:
            request[to] = value
    inputs.ignore("responseTransferMode")  # the emulated gateway buffers
    account.client("apigateway").put_integration(**request)
    return Created(_key("agi", request))


def _key(kind: str, of: dict[str, Any]) -> str:
    return f"{kind}-{of['restApiId']}-{of['resourceId']}-{of['httpMethod']}"


def method_response(inputs: Inputs, account: Account) -> Created:
    """Declare a response of a method."""
    request = {
        "restApiId": inputs.take("restApi"),
        "resourceId": inputs.take("resourceId"),
        "httpMethod": inputs.take("httpMethod"),
        "statusCode": str(inputs.take("statusCode")),
        "responseModels": inputs.take("responseModels", {}),
        "responseParameters": inputs.take("responseParameters", {}),
    }
    account.client("apigateway").put_method_response(**request)
    return Created(_key("agmr", request))


def integration_response(inputs: Inputs, account: Account) -> Created:
    """Map what an integration answers."""
    request = {
        "restApiId": inputs.take("restApi"),
        "resourceId": inputs.take("resourceId"),
        "httpMethod": inputs.take("httpMethod"),
        "statusCode": str(inputs.take("statusCode")),
        "responseTemplates": inputs.take("responseTemplates", {}),
        "responseParameters": inputs.take("responseParameters", {}),
        "selectionPattern": inputs.take("selectionPattern", ""),
    }
    account.client("apigateway").put_integration_response(**request)
    return Created(_key("agir", request))


def request_validator(inputs: Inputs, account: Account) -> Created:
    """Check parameters and bodies before an integration is called."""
    made = account.client("apigateway").create_request_validator(
        restApiId=inputs.take("restApi"),
        name=inputs.take("name"),
        validateRequestBody=inputs.take("validateRequestBody", False),
        validateRequestParameters=inputs.take("validateRequestParameters", False),
    )
    return Created(made["id"])


def gateway_response(inputs: Inputs, account: Account) -> Created:
    """Set what the gateway itself answers for a kind of error."""
    request = {
        "restApiId": inputs.take("restApiId"),
        "responseType": inputs.take("responseType"),
        "responseParameters": inputs.take("responseParameters", {}),
        "responseTemplates": inputs.take("responseTemplates", {}),
    }
    if code := inputs.take("statusCode", None):
        request["statusCode"] = str(code)
    account.client("apigateway").put_gateway_response(**request)
    return Created(f"aggr-{request['restApiId']}-{request['responseType']}")


def authorizer(inputs: Inputs, account: Account) -> Created:
    """Have a function judge requests."""
    request = {
        "restApiId": inputs.take("restApi"),
        "name": inputs.take("name"),
        "type": inputs.take("type", "TOKEN"),
        "authorizerUri": inputs.take("authorizerUri"),
        "identitySource": inputs.take("identitySource", "method.request.header.Authorization"),
        "authorizerResultTtlInSeconds": inputs.take("authorizerResultTtlInSeconds", 300),
    }
    inputs.ignore("authorizerCredentials", "identityValidationExpression")
    return Created(account.client("apigateway").create_authorizer(**request)["id"])


def deployment(inputs: Inputs, account: Account) -> Created:
    """Take a snapshot of an API."""
    made = account.client("apigateway").create_deployment(
        restApiId=inputs.take("restApi"), description=inputs.take("description", "")
    )
    inputs.ignore("triggers")  # here everything is deployed anew at each start
    return Created(made["id"])


def stage(inputs: Inputs, account: Account) -> Created:
    """Publish a snapshot under a name."""
    api, name = inputs.take("restApi"), inputs.take("stageName")
    account.client("apigateway").create_stage(
        restApiId=api,
        stageName=name,
        deploymentId=inputs.take("deployment"),
        variables=inputs.take("variables", {}),
        description=inputs.take("description", ""),
    )
    logs = inputs.block("accessLogSettings")
    if logs:
        # The front door says who called; the emulated gateway writes no access log.
        logs.ignore("destinationArn", "format")
    inputs.ignore("xrayTracingEnabled", "cacheClusterEnabled", "tags")
    account.declared.stages[api] = name
    return Created(
        f"ags-{api}-{name}",
        {
            "arn": f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{name}",
            "invokeUrl": f"https://{api}.execute-api.{REGION}.amazonaws.com/{name}",
            "executionArn": account.arn("execute-api", f"{api}/{name}"),
        },
    )


def method_settings(inputs: Inputs, account: Account) -> Created:
    """Set rate and logging of one route, or of all."""
    api, name = inputs.take("restApi"), inputs.take("stageName")
    # As the provider does: the path comes escaped, and nothing is escaped here.
    route = inputs.take("methodPath")
    if route.count("/") != 1:
        raise ValueError(f"{inputs.path}: Invalid method setting path: /{route}")
    settings = inputs.block("settings")
    patches = []
    for of, to in _SETTINGS.items():
        value = settings.take(of, None) if settings else None
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            patches.append({"op": "replace", "path": f"/{route}/{to}", "value": text})
    if settings:
        settings.ignore("cachingEnabled", "cacheTtlInSeconds", "cacheDataEncrypted")
    account.client("apigateway").update_stage(
        restApiId=api, stageName=name, patchOperations=patches
    )
    return Created(f"{api}-{name}-{route}")


CREATES: dict[str, Create] = {
    "aws:apigateway/authorizer:Authorizer": authorizer,
    "aws:apigateway/deployment:Deployment": deployment,
    "aws:apigateway/integration:Integration": integration,
    "aws:apigateway/integrationResponse:IntegrationResponse": integration_response,
    "aws:apigateway/method:Method": method,
    "aws:apigateway/methodResponse:MethodResponse": method_response,
    "aws:apigateway/methodSettings:MethodSettings": method_settings,
    "aws:apigateway/requestValidator:RequestValidator": request_validator,
    "aws:apigateway/resource:Resource": resource,
    "aws:apigateway/response:Response": gateway_response,
    "aws:apigateway/restApi:RestApi": rest_api,
    "aws:apigateway/stage:Stage": stage,
}
