"""A table that is encrypted, recoverable and hard to lose.

Owns the table, its alarms and every permission to it, indexes and key included. Owns no item: what
is written into it is the services' business.
"""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.alarm_topic import Watch, alarm
from components.container_function import ContainerFunction
from components.iam import Statement, key_statement, policy_document
from components.naming import physical_name

MAX_RECOVERY_DAYS = 35
MAX_INDEXES = 20
READ_ACTIONS = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
WRITE_ACTIONS = [
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
]
# Only these act on an index; a write to one is refused by DynamoDB itself.
_INDEX_ACTIONS = {"dynamodb:Query", "dynamodb:Scan"}


class KeyType(StrEnum):
    """Type of a key attribute."""

    STRING = "S"
    """Text."""
    NUMBER = "N"
    """A number."""
    BINARY = "B"
    """Bytes."""


class IndexArgs(TypedDict):
    """A sparse index: only items that have both of its attributes are in it, keys only."""

    name: str
    """Name of the index."""
    hash_key: str
    """Partition key attribute."""
    hash_key_type: NotRequired[KeyType]
    """Its type; text when left out."""
    range_key: NotRequired[str]
    """Sort key attribute."""
    range_key_type: NotRequired[KeyType]
    """Its type; text when left out."""


class SecureTableArgs(TypedDict):
    """Arguments of ``SecureTable``."""

    hash_key: str
    """Partition key attribute, text."""
    range_key: NotRequired[str]
    """Sort key attribute, text. Left out: one item for each partition key."""
    indexes: NotRequired[list[IndexArgs]]
    """Sparse global indexes, at most 20, projecting the keys only."""
    key_arn: pulumi.Input[str]
    """Customer-managed key that encrypts the table."""
    expiry_attribute: NotRequired[str]
    """Attribute with the epoch second after which an item is deleted. Left out: nothing expires."""
    point_in_time_recovery: NotRequired[bool]
    """Continuous backups; true when left out. Turn it off where a copy must not outlive its item,
    such as for keys whose deletion has to be final."""
    recovery_days: NotRequired[int]
    """How far back the table can be restored, 1 to 35 days; 35 when left out."""
    protect: NotRequired[bool]
    """Refuse to delete the table, in AWS and in Pulumi; true when left out. Turn it off for a
    throwaway stack."""
    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """Where throttling of the table and its indexes is reported. Left out: no alarms."""


class SecureTable(pulumi.ComponentResource):
    """An on-demand DynamoDB table under a customer-managed key.

    Point-in-time recovery and deletion protection are on. Functions get exactly the actions that
    ``grant`` names, on this table, its indexes if the action can use one, and its key through
    DynamoDB only.

    Creates: ``dynamodb.Table``; when alarms are asked for, a ``cloudwatch.MetricAlarm`` for
    throttled reads and one for throttled writes of the table and of each index; an
    ``iam.RolePolicy`` on each function that is granted access.
    """

    table_name: pulumi.Output[str]
    """Physical name."""
    table_arn: pulumi.Output[str]
    """ARN for statements about the table."""
    read_policy: pulumi.Output[str]
    """What ``grant_read`` gives, as a policy document; for ``ContainerFunctionArgs.policies``."""
    write_policy: pulumi.Output[str]
    """What ``grant_write`` gives, as a policy document."""
    read_write_policy: pulumi.Output[str]
    """What ``grant_read_write`` gives, as a policy document."""

    def __init__(
        self, name: str, args: SecureTableArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the table.

        Raises:
            ValueError: If the recovery period or the number of indexes is out of range, or two
                indexes share a name or disagree on an attribute's type.
        """
        attributes = _attributes(name, args)
        _validate(name, args)
        super().__init__("dialtone:index:SecureTable", name, {}, opts)
        self._name = name
        self._key_arn = args["key_arn"]
        self._index_names = [index["name"] for index in args.get("indexes", [])]
        protect = args.get("protect", True)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=physical_name(name, 255),
            billing_mode="PAY_PER_REQUEST",
            hash_key=args["hash_key"],
            range_key=args.get("range_key"),
            attributes=[_attribute(*declared) for declared in attributes.items()],
            global_secondary_indexes=[_index(index) for index in args.get("indexes", [])],
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
                enabled=True, kms_key_arn=args["key_arn"]
            ),
            point_in_time_recovery=_recovery(args),
            ttl=_expiry(args),
            deletion_protection_enabled=protect,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.table_name, self.table_arn = table.name, table.arn
        if "alarm_topic_arn" in args:
            self._declare_alarms(args["alarm_topic_arn"])
        self.read_policy = policy_document(self._statements(READ_ACTIONS))
        self.write_policy = policy_document(self._statements(WRITE_ACTIONS))
        self.read_write_policy = policy_document(self._statements(READ_ACTIONS + WRITE_ACTIONS))
        self.register_outputs(
            {
                "tableName": self.table_name,
                "tableArn": self.table_arn,
                "readPolicy": self.read_policy,
                "writePolicy": self.write_policy,
                "readWritePolicy": self.read_write_policy,
            }
        )

    @property
    def name(self) -> str:
        """Logical name."""
        return self._name

    def grant_read(self, function: ContainerFunction) -> None:
        """Let a function get and query items, through the indexes too."""
        self.grant(function, READ_ACTIONS)

    def grant_write(self, function: ContainerFunction) -> None:
        """Let a function put, change, check and delete items, in transactions too."""
        self.grant(function, WRITE_ACTIONS)

    def grant_read_write(self, function: ContainerFunction) -> None:
        """Let a function do everything with items except scan the table."""
        self.grant(function, READ_ACTIONS + WRITE_ACTIONS)

    def grant(
        self, function: ContainerFunction, actions: list[str], *, indexes: list[str] | None = None
    ) -> None:
        """Let a function do exactly these things.

        A transaction needs the action of each of its parts (``PutItem``, ``UpdateItem``,
        ``DeleteItem``, ``ConditionCheckItem``); there is none for the transaction.

        Args:
            function: Who may.
            actions: Whole names, such as ``dynamodb:GetItem``. Once for each function and table.
            indexes: Which indexes a query may use; all of them when left out.

        Raises:
            ValueError: If an index is not of this table.
        """
        function.allow(*self._statements(actions, indexes))

    def _statements(self, actions: list[str], indexes: list[str] | None = None) -> list[Statement]:
        sid = "".join(part.capitalize() for part in self._name.split("-"))
        statements = [
            Statement(sid=f"Use{sid}Table", actions=sorted(actions), resources=[self.table_arn])
        ]
        opened = self._index_names if indexes is None else indexes
        unknown = sorted(set(opened) - set(self._index_names))
        if unknown:
            raise ValueError(f"{self._name} has no index {unknown}: only {self._index_names}")
        of_indexes = sorted(_INDEX_ACTIONS.intersection(actions))
        if of_indexes and opened:
            statements.append(
                Statement(
                    sid=f"Use{sid}Indexes",
                    actions=of_indexes,
                    resources=[
                        pulumi.Output.format("{0}/index/{1}", self.table_arn, index)
                        for index in opened
                    ],
                )
            )
        # DynamoDB opens the table's own key in the caller's name, for writes as for reads.
        statements.append(
            key_statement(
                f"Open{sid}Table", ["kms:Decrypt", "kms:DescribeKey"], self._key_arn, "dynamodb"
            )
        )
        return statements

    def _declare_alarms(self, topic_arn: pulumi.Input[str]) -> None:
        series: list[tuple[str, dict[str, pulumi.Input[str]]]] = [
            ("", {"TableName": self.table_name})
        ]
        series += [
            (f"-{index}", {"TableName": self.table_name, "GlobalSecondaryIndexName": index})
            for index in self._index_names
        ]
        for suffix, dimensions in series:
            for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
                watch = Watch(
                    namespace="AWS/DynamoDB",
                    metric=metric,
                    dimensions=dimensions,
                    statistic="Sum",
                    threshold=1,
                    description=(
                        "Requests were throttled; an index that throttles holds up writes to its "
                        "table. Look for one hot partition key."
                    ),
                )
                kind = metric.removesuffix("ThrottleEvents").lower()
                alarm(f"{self._name}{suffix}-{kind}-throttles", watch, topic_arn, self)


def _validate(name: str, args: SecureTableArgs) -> None:
    days = args.get("recovery_days", MAX_RECOVERY_DAYS)
    if not 1 <= days <= MAX_RECOVERY_DAYS:
        raise ValueError(f"{name}: recovery_days must be 1 to {MAX_RECOVERY_DAYS}, got {days}")
    names = [index["name"] for index in args.get("indexes", [])]
    if len(names) > MAX_INDEXES:
        raise ValueError(f"{name}: a table has at most {MAX_INDEXES} indexes, got {len(names)}")
    if len(set(names)) != len(names):
        raise ValueError(f"{name}: two indexes share a name: {sorted(names)}")


def _attributes(name: str, args: SecureTableArgs) -> dict[str, KeyType]:
    attributes = {args["hash_key"]: KeyType.STRING}
    if "range_key" in args:
        attributes[args["range_key"]] = KeyType.STRING
    for index in args.get("indexes", []):
        wanted = {index["hash_key"]: index.get("hash_key_type", KeyType.STRING)}
        if "range_key" in index:
            wanted[index["range_key"]] = index.get("range_key_type", KeyType.STRING)
        for attribute, kind in wanted.items():
            if attributes.setdefault(attribute, kind) is not kind:
                raise ValueError(f"{name}: attribute {attribute!r} has two types")
    return attributes


def _attribute(name: str, kind: KeyType) -> aws.dynamodb.TableAttributeArgs:
    return aws.dynamodb.TableAttributeArgs(name=name, type=kind.value)


def _index(index: IndexArgs) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    keys = [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(
            attribute_name=index["hash_key"], key_type="HASH"
        )
    ]
    if "range_key" in index:
        keys.append(
            aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(
                attribute_name=index["range_key"], key_type="RANGE"
            )
        )
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index["name"], key_schemas=keys, projection_type="KEYS_ONLY"
    )


def _recovery(args: SecureTableArgs) -> aws.dynamodb.TablePointInTimeRecoveryArgs:
    if not args.get("point_in_time_recovery", True):
        return aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=False)
    return aws.dynamodb.TablePointInTimeRecoveryArgs(
        enabled=True, recovery_period_in_days=args.get("recovery_days", MAX_RECOVERY_DAYS)
    )


def _expiry(args: SecureTableArgs) -> aws.dynamodb.TableTtlArgs | None:
    if "expiry_attribute" not in args:
        return None
    return aws.dynamodb.TableTtlArgs(enabled=True, attribute_name=args["expiry_attribute"])
