"""Looks at everything that is known to stop a deployment half-way, before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError, UnknownRegionError

from mlsystem.client import template as templates
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.preflight.finding import Finding
from mlsystem.client.preflight.names import check_bucket, check_names
from mlsystem.client.preflight.permissions import check_permissions
from mlsystem.client.preflight.policy import deploying_policy
from mlsystem.client.preflight.quotas import check_quotas
from mlsystem.client.preflight.region import check_account, check_region
from mlsystem.client.preflight.stack_state import check_stack, check_stage
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack


class Preflight:
    """`findings` for a person who wants to know; `check` for a deployment that is about to begin."""

    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._project = project

    def check(self) -> None:
        """Raises ClientFailure with what stands in the way."""
        problems = [f"{item.subject}: {item.words}" for item in self.findings() if item.severity == "problem"]
        if problems:
            raise ClientFailure(f"nothing was created, for this would fail. {'; '.join(problems)}")

    def findings(self) -> Iterator[Finding]:
        project, connection = self._project, self._connection
        yield from self._region()
        stack = Stack(connection, project.stack)
        yield from check_stack(stack)
        for stage in ("dev", "prd"):
            yield from check_stage(Stack(connection, project.deployed_stack(stage)))
        yield from check_bucket(connection, project.dataset_bucket, is_ours=True)
        if stack.status() is None:
            yield from check_names(connection, templates.read(project.folder / "pipeline.yml"), self._known())
        else:
            yield from self._subscription()
        if connection.engine is None:
            yield from self._account()

    def _region(self) -> Iterator[Finding]:
        try:
            yield from check_region(self._connection.region)
        except UnknownRegionError:
            words = "AWS has no such region: set AWS_REGION"
            yield Finding("problem", f"region {self._connection.region}", words)

    def _account(self) -> Iterator[Finding]:
        """What only an account of AWS has."""
        yield from check_account(self._connection)
        caller = str(self._connection.client("sts").get_caller_identity()["Arn"])
        policy = deploying_policy(self._connection, self._project)
        yield from check_permissions(self._connection.client("iam"), caller, policy)
        try:
            yield from check_quotas(self._connection.client("service-quotas"), self._project.settings)
        except ClientError as error:
            yield Finding("unknown", "quotas", f"they cannot be read: {error.response['Error']['Message']}")

    def _known(self) -> dict[str, str]:
        """Parameters of pipeline.yml and the pseudo parameters, by name."""
        connection = self._connection
        return {
            **self._project.parameters(),
            "AWS::Region": connection.region,
            "AWS::AccountId": connection.account(),
            "AWS::Partition": connection.partition(),
        }

    def _subscription(self) -> Iterator[Finding]:
        """Who is to be told must have confirmed it."""
        address = self._project.parameters()["EmailAddress"]
        if not address:
            return
        for subscription in self._subscriptions():
            if subscription["Endpoint"] == address and subscription["SubscriptionArn"] == "PendingConfirmation":
                yield Finding(
                    "warning",
                    f"e-mail {address}",
                    "it is not confirmed, so nothing is sent to it: follow the link in the mail that came with the deployment",
                )

    def _subscriptions(self) -> list[dict[str, Any]]:
        stacks = self._connection.client("cloudformation")
        try:
            found = stacks.describe_stack_resource(StackName=self._project.stack, LogicalResourceId="NotificationTopic")
            topic = found["StackResourceDetail"]["PhysicalResourceId"]
            pages = self._connection.client("sns").get_paginator("list_subscriptions_by_topic")
            return [item for page in pages.paginate(TopicArn=topic) for item in page["Subscriptions"]]
        except (ClientError, KeyError):  # a stack that never was whole
            return []
