"""A program small enough to start often: a table, a function under its role, a route to it.

The function's handler is one of the tests' own, in ``services/small``.
"""

import json

import pulumi
import pulumi_aws as aws

from local.config import OUR_NUMBER

NAME = "dialtone-local-"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

table = aws.dynamodb.Table(
    "kept",
    name=f"{NAME}kept",
    billing_mode="PAY_PER_REQUEST",
    hash_key="pk",
    attributes=[aws.dynamodb.TableAttributeArgs(name="pk", type="S")],
)
role = aws.iam.Role("keep-role", name=f"{NAME}keep", assume_role_policy=json.dumps(TRUST))
rights = aws.iam.RolePolicy(
    "keep-rights",
    name="UseTable",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
                    "Resource": table.arn,
                }
            ],
        }
    ),
)
keep = aws.lambda_.Function(
    "keep",
    name=f"{NAME}keep",
    package_type="Image",
    image_uri=f"small@sha256:{'0' * 64}",
    image_config=aws.lambda_.FunctionImageConfigArgs(commands=["small.keep.handler"]),
    role=role.arn,
    timeout=10,
    environment=aws.lambda_.FunctionEnvironmentArgs(variables={"TABLE": table.name}),
    opts=pulumi.ResourceOptions(depends_on=[rights]),
)
api = aws.apigateway.RestApi("api", name=f"{NAME}api")
parent = api.root_resource_id
resources = []
for part in ("webhooks", "keep"):
    resources.append(
        aws.apigateway.Resource(part, rest_api=api.id, parent_id=parent, path_part=part)
    )
    parent = resources[-1].id
method = aws.apigateway.Method(
    "post", rest_api=api.id, resource_id=parent, http_method="POST", authorization="NONE"
)
integration = aws.apigateway.Integration(
    "call",
    rest_api=api.id,
    resource_id=parent,
    http_method=method.http_method,
    type="AWS_PROXY",
    integration_http_method="POST",
    uri=keep.invoke_arn,
)
deployment = aws.apigateway.Deployment(
    "deployment", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=[integration])
)
aws.apigateway.Stage("stage", rest_api=api.id, deployment=deployment.id, stage_name="v1")
pulumi.export("table", table.name)
pulumi.export("number", OUR_NUMBER)
