"""The HTTPS address that carriers and clients call.

Owns the API, its routes, its limits, its access logs and its domain. Does not own who is behind a
request: a function checks the signature, or an authorizer does. Nor the account-wide role by which
API Gateway writes logs: that belongs to the account, and is declared with it (``delivery/``).
"""

import pulumi
import pulumi_aws as aws

from components.alarm_topic import Watch, alarm
from components.api_args import (
    DEFAULT_AUTHORIZER_CACHE_SECONDS,
    DomainArgs,
    RouteArgs,
    WebhookApiArgs,
    validate_api,
    validate_authorizer,
)
from components.api_routes import Route, RouteTree, Throttle, deployment_triggers
from components.function_target import DeclaredTarget, Target
from components.iam import compact, region_of
from components.naming import physical_name

# Ids, sizes and durations; no body, no query, no path parameter, no address.
ACCESS_LOG_FORMAT = compact(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTimeEpoch",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "responseLength": "$context.responseLength",
        "responseLatency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "integrationStatus": "$context.integration.status",
        "error": "$context.error.responseType",
    }
)


class WebhookApi(pulumi.ComponentResource):
    """A regional REST API: construct it with its routes; or add them later, then ``publish`` it.

    Later is for Python: the constructor makes the API and its ``url``, so that a function can know
    the address before its route exists. A body may have 10 MB, which is API Gateway's limit; a
    function that wants less refuses more itself. Access logs need the account's CloudWatch role for
    API Gateway.

    Creates: ``apigateway.RestApi``, ``cloudwatch.LogGroup``; for each route ``apigateway.Resource``
    where its path is new, ``apigateway.Method``, ``apigateway.Integration``,
    ``lambda.Permission`` and ``apigateway.MethodSettings``; for each authorizer
    ``apigateway.Authorizer`` and ``lambda.Permission``; ``apigateway.Deployment``,
    ``apigateway.Stage``; with a domain ``apigateway.DomainName``, ``apigateway.BasePathMapping``
    and ``route53.Record``; when asked for a ``cloudwatch.MetricAlarm`` on server errors.
    """

    url: pulumi.Output[str]
    """Address of the API as clients use it, without a slash at the end."""
    api_url: pulumi.Output[str]
    """Address of the stage itself, whatever stands in front of it."""
    api_id: pulumi.Output[str]
    """Id of the REST API."""

    def __init__(
        self, name: str, args: WebhookApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the API, and publish the routes that are given.

        Raises:
            ValueError: If ``public_url`` is no plain https address, or a route cannot be.
        """
        validate_api(name, args)
        super().__init__("dialtone:index:WebhookApi", name, {}, opts)
        self._name = name
        self._args = args
        self._stage_name = args.get("stage", "v1")
        self._child = pulumi.ResourceOptions(parent=self)
        self._api = aws.apigateway.RestApi(
            f"{name}-api",
            name=physical_name(name, 128),
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(
                types="REGIONAL"
            ),
            disable_execute_api_endpoint="domain" in args,
            opts=self._child,
        )
        self._tree = RouteTree(name, self._api, self)
        self._published = False
        self.api_id = self._api.id
        self.api_url = pulumi.Output.all(self._api.id, self._api.arn).apply(
            lambda known: (
                f"https://{known[0]}.execute-api.{region_of(known[1])}.amazonaws.com/"
                f"{self._stage_name}"
            )
        )
        self.url = self._public_url()
        if "routes" in args:
            self._publish_as_declared(args["routes"])

    def add_authorizer(
        self,
        name: str,
        function: Target,
        *,
        identity_sources: list[str],
        cache_seconds: int = DEFAULT_AUTHORIZER_CACHE_SECONDS,
    ) -> aws.apigateway.Authorizer:
        """Declare a function that decides who may call a route.

        Args:
            name: Name of the authorizer.
            function: Decides; it must return a policy for the whole API, because it is cached.
            identity_sources: What it decides by, such as ``method.request.header.Authorization``;
                a request without them is refused unasked.
            cache_seconds: For how long a decision holds, 0 to 3600.

        Returns:
            The authorizer, for ``add_route``.
        """
        validate_authorizer(self._name, name, identity_sources, cache_seconds)
        self._refuse_published()
        return self._tree.add_authorizer(name, function, identity_sources, cache_seconds)

    def add_route(
        self,
        method: str,
        path: str,
        function: Target,
        *,
        throttle: Throttle,
        authorizer: aws.apigateway.Authorizer | None = None,
    ) -> None:
        """Send one method of one path to a function.

        Args:
            method: Such as ``POST``.
            path: Such as ``/webhooks/twilio/status/{turn}``.
            function: Answers; grant it everything else before ``publish``.
            throttle: How many requests the route takes.
            authorizer: Decides who may call. Left out: everybody, and the function checks.

        Raises:
            ValueError: If method or path is malformed, or the route exists.
            RuntimeError: If the API is already published.
        """
        self._refuse_published()
        self._tree.add(Route(method, path, function, throttle, authorizer))

    def publish(self) -> None:
        """Deploy all routes, and start taking requests.

        Raises:
            RuntimeError: If there is no route, or it was published before.
        """
        self._refuse_published()
        if not self._tree.routes:
            raise RuntimeError(f"{self._name} has no route to publish")
        self._published = True
        stage = self._declare_stage(self._declare_deployment())
        for route in self._tree.routes:
            self._declare_limits(route, stage)
        if "domain" in self._args:
            self._declare_domain(self._args["domain"], stage)
        if "alarm_topic_arn" in self._args:
            self._declare_alarm(stage, self._args["alarm_topic_arn"])
        self.register_outputs({"url": self.url, "apiUrl": self.api_url, "apiId": self.api_id})

    def _publish_as_declared(self, routes: list[RouteArgs]) -> None:
        authorizers = {
            one["name"]: self.add_authorizer(
                one["name"],
                DeclaredTarget(one["target_arn"]),
                identity_sources=one["identity_sources"],
                cache_seconds=one.get("cache_seconds", DEFAULT_AUTHORIZER_CACHE_SECONDS),
            )
            for one in self._args.get("authorizers", [])
        }
        for route in routes:
            self.add_route(
                route["method"],
                route["path"],
                DeclaredTarget(route["target_arn"]),
                throttle=route["throttle"],
                authorizer=authorizers.get(route.get("authorizer", "")),
            )
        self.publish()

    def _refuse_published(self) -> None:
        if self._published:
            raise RuntimeError(f"{self._name} is published: its routes are complete")

    def _public_url(self) -> pulumi.Output[str]:
        if "public_url" in self._args:
            return pulumi.Output.from_input(self._args["public_url"])
        if "domain" in self._args:
            return pulumi.Output.from_input(f"https://{self._args['domain']['name']}")
        return self.api_url

    def _declare_deployment(self) -> aws.apigateway.Deployment:
        return aws.apigateway.Deployment(
            f"{self._name}-deployment",
            rest_api=self._api.id,
            triggers=deployment_triggers(self._tree.routes, own_address="domain" not in self._args),
            # Before the permissions are there nobody may call; and a deployment is a snapshot.
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._tree.everything()),
        )

    def _declare_stage(self, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-access-logs",
            name=f"/aws/apigateway/{physical_name(self._name)}",
            retention_in_days=self._args.get("log_retention_days", 30),
            kms_key_id=self._args["key_arn"],
            opts=self._child,
        )
        return aws.apigateway.Stage(
            f"{self._name}-stage",
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=self._stage_name,
            xray_tracing_enabled=self._args.get("tracing", True),
            access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(
                destination_arn=logs.arn, format=ACCESS_LOG_FORMAT
            ),
            opts=self._child,
        )

    def _declare_limits(self, route: Route, stage: aws.apigateway.Stage) -> None:
        aws.apigateway.MethodSettings(
            f"{self._name}-{route.slug}-limits",
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path=route.settings_path,
            settings=aws.apigateway.MethodSettingsSettingsArgs(
                throttling_rate_limit=route.throttle["requests_per_second"],
                throttling_burst_limit=route.throttle["burst"],
                metrics_enabled=True,
                # Execution logs would hold bodies.
                logging_level="OFF",
                data_trace_enabled=False,
            ),
            opts=self._child,
        )

    def _declare_domain(self, domain: DomainArgs, stage: aws.apigateway.Stage) -> None:
        named = aws.apigateway.DomainName(
            f"{self._name}-domain",
            domain_name=domain["name"],
            regional_certificate_arn=domain["certificate_arn"],
            endpoint_configuration=aws.apigateway.DomainNameEndpointConfigurationArgs(
                types="REGIONAL"
            ),
            security_policy="TLS_1_2",
            opts=self._child,
        )
        aws.apigateway.BasePathMapping(
            f"{self._name}-mapping",
            domain_name=named.domain_name,
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            opts=self._child,
        )
        if "zone_id" in domain:
            aws.route53.Record(
                f"{self._name}-record",
                name=domain["name"],
                type="A",
                zone_id=domain["zone_id"],
                aliases=[
                    aws.route53.RecordAliasArgs(
                        name=named.regional_domain_name,
                        zone_id=named.regional_zone_id,
                        evaluate_target_health=False,
                    )
                ],
                opts=self._child,
            )

    def _declare_alarm(self, stage: aws.apigateway.Stage, topic_arn: pulumi.Input[str]) -> None:
        watch = Watch(
            namespace="AWS/ApiGateway",
            metric="5XXError",
            dimensions={"ApiName": self._api.name, "Stage": stage.stage_name},
            statistic="Sum",
            threshold=1,
            description="A request got a server error; the access log says which route.",
        )
        alarm(f"{self._name}-server-errors", watch, topic_arn, self)
