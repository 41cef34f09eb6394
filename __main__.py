"""The program: settings become components, and components know each other.

Composition only. What a setting may be is in ``settings.py``; how a thing is made, secured and
watched is in ``components/``.
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    ContainerFunction,
    ContainerFunctionArgs,
    ContainerImage,
    FifoQueue,
    FifoQueueArgs,
    IndexArgs,
    KeyType,
    LogLevel,
    ManagedSecret,
    ManagedSecretArgs,
    SecureTable,
    SecureTableArgs,
    StackKey,
    StackKeyArgs,
    Throttle,
    TwilioNumber,
    TwilioNumberArgs,
    WebhookApi,
    every,
    grant_models,
)
from settings import StackSettings
from stack import environments
from stack.arguments import api_args, image_args
from stack.grants import CHECK, DELETE, EVERY_ITEM_ACTION, GET, PUT, QUERY, SEALED_FOR, UPDATE
from stack.voice import Calls
from stack.watches import watches

MESSAGES_PATH = "/webhooks/twilio/messages"
STATUS_PATH = "/webhooks/twilio/status/{turn}"
# The carrier waits this long for an answer to a webhook.
CARRIER_WAITS_SECONDS = 15
WEBHOOK_TIMEOUT_SECONDS = 14
STATUS_TIMEOUT_SECONDS = 10
SWEEP_TIMEOUT_SECONDS = 50


class Stack:
    """Everything one environment has, declared in the order in which it is needed."""

    def __init__(self, settings: StackSettings) -> None:
        """Declare it all."""
        self.settings = settings
        self.key = StackKey("data", StackKeyArgs(protect=settings.protect))
        self.alarms = self._alarm_topic()
        self._declare_storage()
        self._declare_secrets()
        self.image = ContainerImage("image", image_args(settings, self.key.key_arn))
        topic_arn = None if self.alarms is None else self.alarms.topic_arn
        self.api = WebhookApi("api", api_args(settings, self.key.key_arn, topic_arn))
        self.addresses = self._addresses()
        self.webhook, self.status = self._webhook(), self._status()
        self.responder, self.sweep = self._responder(), self._sweep()
        self.calls = Calls(self)
        self._connect()
        self.number = self._number()

    def _alarm_topic(self) -> AlarmTopic | None:
        if not self.settings.alarms.enabled:
            return None
        args = AlarmTopicArgs(key_arn=self.key.key_arn)
        if self.settings.alarms.email is not None:
            args["email"] = self.settings.alarms.email
        return AlarmTopic("alarms", args)

    def _declare_storage(self) -> None:
        pending = IndexArgs(name="pending", hash_key="pending_shard", range_key="pending_at")
        pending["range_key_type"] = KeyType.NUMBER
        self.people = SecureTable("people", self._table_args("pk", "sk"))
        self.conversations = SecureTable(
            "conversations", self._table_args("pk", "sk", indexes=[pending])
        )
        # A forgotten conversation's key must not come back with a backup.
        keys = self._table_args("pk")
        keys["point_in_time_recovery"] = False
        self.keys = SecureTable("keys", keys)
        visible = self.settings.responder_timeout_seconds + 5
        wakeups = FifoQueueArgs(visibility_timeout_seconds=visible)
        if self.alarms is not None:
            wakeups["alarm_topic_arn"] = self.alarms.topic_arn
        self.wakeups = FifoQueue("wakeups", wakeups)

    def _table_args(
        self, hash_key: str, range_key: str | None = None, indexes: list[IndexArgs] | None = None
    ) -> SecureTableArgs:
        args = SecureTableArgs(
            hash_key=hash_key,
            indexes=indexes or [],
            key_arn=self.key.key_arn,
            expiry_attribute="expires_at",
            recovery_days=self.settings.retention.recovery_days,
            protect=self.settings.protect,
        )
        if range_key is not None:
            args["range_key"] = range_key
        if self.alarms is not None:
            args["alarm_topic_arn"] = self.alarms.topic_arn
        return args

    def _declare_secrets(self) -> None:
        def secret(name: str, description: str) -> ManagedSecret:
            args = ManagedSecretArgs(
                description=description,
                key_arn=self.key.key_arn,
                recovery_days=30 if self.settings.protect else 0,
                protect=self.settings.protect,
            )
            return ManagedSecret(name, args)

        self.carrier_secret = secret(
            "carrier", "JSON: account_sid, auth_token, address_key; see `dialtone secrets set`"
        )
        beyond = any(not model.startswith("bedrock:") for model in self.settings.models)
        self.model_secret = (
            secret("models", "JSON: openai_api_key, anthropic_api_key; see `dialtone secrets set`")
            if beyond
            else None
        )

    def _addresses(self) -> environments.Addresses:
        return environments.Addresses(
            people_table=self.people.table_name,
            conversations_table=self.conversations.table_name,
            keys_table=self.keys.table_name,
            key_arn=self.key.key_arn,
            wakeup_queue_url=self.wakeups.queue_url,
            carrier_secret_arn=self.carrier_secret.secret_arn,
            model_secret_arn=None if self.model_secret is None else self.model_secret.secret_arn,
            public_url=self.api.url,
        )

    def function_args(
        self,
        name: str,
        timeout_seconds: int,
        environment: environments.Environment,
        package: str = "messaging",
    ) -> ContainerFunctionArgs:
        """What all functions have in common."""
        args = ContainerFunctionArgs(
            image_uri=self.image.uri,
            handler=f"{package}.{name}.handler",
            timeout_seconds=timeout_seconds,
            memory_megabytes=self.settings.functions.memory_megabytes,
            environment=environment,
            key_arn=self.key.key_arn,
            log_retention_days=self.settings.retention.log_days,
            log_level=LogLevel(self.settings.log_level),
        )
        if self.alarms is not None:
            args["alarm_topic_arn"] = self.alarms.topic_arn
        return args

    def _webhook(self) -> ContainerFunction:
        functions = self.settings.functions
        environment = environments.webhook(self.settings, self.addresses)
        args = self.function_args("webhook", WEBHOOK_TIMEOUT_SECONDS, environment)
        args["deadline_seconds"] = CARRIER_WAITS_SECONDS
        if functions.reserved_concurrency is not None:
            args["reserved_concurrency"] = functions.reserved_concurrency
        if functions.provisioned_concurrency is not None:
            args["alias"] = "live"
            args["provisioned_concurrency"] = functions.provisioned_concurrency
        function = ContainerFunction("webhook", args)
        self._grant_accepting(function)
        # A new inbox item, and a new conversation's meta, or that it names the key.
        self.conversations.grant(function, [PUT, UPDATE, CHECK])
        return function

    def _grant_accepting(self, function: ContainerFunction) -> None:
        """Accepting: the webhook does it, and the sweep with what the carrier lists."""
        self.people.grant(function, [GET, PUT, UPDATE, CHECK, QUERY])
        self.wakeups.grant_send(function)
        self.carrier_secret.grant_read(function)
        self.keys.grant(function, [GET, PUT, CHECK])
        # A first contact's key is made here; nothing is opened.
        self.key.grant_wrap(function, SEALED_FOR)

    def _status(self) -> ContainerFunction:
        environment = environments.status(self.settings, self.addresses)
        args = self.function_args("status", STATUS_TIMEOUT_SECONDS, environment)
        args["deadline_seconds"] = CARRIER_WAITS_SECONDS
        function = ContainerFunction("status", args)
        self.conversations.grant(function, [GET, UPDATE])
        self.carrier_secret.grant_read(function)
        return function

    def _responder(self) -> ContainerFunction:
        timeout = self.settings.responder_timeout_seconds
        environment = environments.responder(self.settings, self.addresses)
        args = self.function_args("responder", timeout, environment)
        args["work_seconds"] = self.settings.responder_work_seconds
        function = ContainerFunction("responder", args)
        # After a call it writes down what it offered to remember.
        offers = [PUT] if self.settings.voice.enabled else []
        self.people.grant(function, [GET, UPDATE, CHECK, QUERY, *offers])
        self.conversations.grant(function, EVERY_ITEM_ACTION, indexes=[])
        # FORGET begins here, with the key: no function that faces the network may do it.
        self.keys.grant(function, [GET, CHECK, DELETE])
        self.key.grant_unwrap(function, SEALED_FOR)
        self.wakeups.grant_send(function)
        self.carrier_secret.grant_read(function)
        if self.model_secret is not None:
            self.model_secret.grant_read(function)
        grant_models(function, self.settings.models)
        return function

    def _sweep(self) -> ContainerFunction:
        environment = environments.sweep(self.settings, self.addresses)
        args = self.function_args("sweep", SWEEP_TIMEOUT_SECONDS, environment)
        function = ContainerFunction("sweep", args)
        self._grant_accepting(function)
        self.conversations.grant(function, [GET, PUT, UPDATE, CHECK, QUERY])
        return function

    def _connect(self) -> None:
        """Let the world in, now that every function has what it needs."""
        api = self.settings.api
        throttle = Throttle(requests_per_second=api.requests_per_second, burst=api.burst)
        self.api.add_route("POST", MESSAGES_PATH, self.webhook, throttle=throttle)
        self.api.add_route("POST", STATUS_PATH, self.status, throttle=throttle)
        self.api.publish()
        concurrency = self.settings.functions.maximum_concurrency
        self.wakeups.consume(self.responder, maximum_concurrency=concurrency)
        every("sweep-clock", "rate(1 minute)", self.sweep)
        if self.alarms is not None:
            for name, watch in watches(self.settings).items():
                self.alarms.watch(name, watch)

    def _number(self) -> TwilioNumber | None:
        sms = self.settings.sms
        if not (sms.enabled and sms.manage_number) or sms.number is None:
            return None
        args = TwilioNumberArgs(
            number=sms.number,
            sms_url=pulumi.Output.concat(self.api.url, MESSAGES_PATH),
            secret_arn=self.carrier_secret.secret_arn,
            api_url=self.settings.carrier.api_url,
            protect=self.settings.protect,
        )
        if sms.messaging_service_sid is not None:
            args["messaging_service_sid"] = sms.messaging_service_sid
        # A number that points at an address nobody answers loses texts.
        return TwilioNumber("number", args, pulumi.ResourceOptions(depends_on=[self.api]))

    def export(self) -> None:
        """Say where everything is, for people and for the command line."""
        pulumi.export("apiUrl", self.api.url)
        pulumi.export("webhookUrl", pulumi.Output.concat(self.api.url, MESSAGES_PATH))
        pulumi.export("numberStatus", "unmanaged" if self.number is None else self.number.status)
        for table in (self.people, self.conversations, self.keys):
            pulumi.export(f"{table.name}Table", table.table_name)
        pulumi.export("keyArn", self.key.key_arn)
        pulumi.export("wakeupQueueUrl", self.wakeups.queue_url)
        pulumi.export("deadLetterQueueUrl", self.wakeups.dead_letter_queue_url)
        pulumi.export("carrierSecretArn", self.carrier_secret.secret_arn)
        if self.model_secret is not None:
            pulumi.export("modelSecretArn", self.model_secret.secret_arn)
        if self.alarms is not None:
            pulumi.export("alarmTopicArn", self.alarms.topic_arn)
        functions = [self.webhook, self.status, self.responder, self.sweep, *self.calls.functions]
        pulumi.export("functions", {one.name: one.function_name for one in functions})
        self.calls.export()


Stack(StackSettings.load()).export()
