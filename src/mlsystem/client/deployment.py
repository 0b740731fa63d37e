"""Puts the system of a project in place: its bucket, the monitor's image, and the stack of pipeline.yml."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

import mlsystem
from mlsystem.client import template as templates
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, RunFailed
from mlsystem.client.images.build import Build, build
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import push
from mlsystem.client.preview import PlannedChange, Preview
from mlsystem.client.project import Project

SEED_KEY = "project.zip"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class StackEvent:
    logical_id: str
    type: str
    status: str
    reason: str


class Deployment:
    """`prepare`, then `apply`, then `follow` until the stack has settled."""

    def __init__(self, connection: Connection, project: Project, tell: Tell):
        self._connection = connection
        self._project = project
        self._tell = tell
        self._stacks = connection.client("cloudformation")

    def prepare(self) -> None:
        """The bucket for data, the seed of the repository, and the image of the monitor."""
        self._make_bucket(self._project.dataset_bucket)
        self._connection.client("s3").put_object(
            Bucket=self._project.dataset_bucket, Key=self._seed_key(), Body=self._project.archive()
        )
        self._push_monitor()

    def apply(self) -> bool:
        """Create or update the stack; False when there is nothing to update. Raises ClientFailure."""
        request = {
            "StackName": self._project.stack,
            "TemplateURL": self._upload_template(),
            **self._settings(),
        }
        try:
            if self._status() is None:
                self._stacks.create_stack(**request, OnFailure="DELETE")
            else:
                self._stacks.update_stack(**request)
        except ClientError as error:
            message = error.response["Error"]["Message"]
            if "No updates are to be performed" in message:
                return False
            raise ClientFailure(f"the stack {self._project.stack} was refused: {message}") from error
        return True

    def preview(self, pause: Callable[[], None]) -> list[PlannedChange]:
        """What `apply` would change. Raises ClientFailure for what would be refused."""
        template = templates.read(self._project.folder / "pipeline.yml")
        return Preview(self._stacks, self._project.stack, pause).changes(template, **self._settings())

    def _settings(self) -> dict[str, Any]:
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters().items()]
        tags = [{"Key": key, "Value": value} for key, value in self._project.cost_tags().items()]
        return {"Parameters": parameters, "Capabilities": CAPABILITIES, "Tags": tags}

    def follow(self, pause: Callable[[], None]) -> Iterator[StackEvent]:
        """New events until the stack has settled. Raises RunFailed with the first reason when it did not end well."""
        stack_id = self._stack_id()
        seen: set[str] = set()
        reasons: list[str] = []
        while True:
            status = self._stacks.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
            for event in self._new_events(stack_id, seen):
                if event.status.endswith("_FAILED") and event.reason and "cancelled" not in event.reason:
                    reasons.append(f"{event.logical_id}: {event.reason}")
                yield event
            if not status.endswith("_IN_PROGRESS"):
                break
            pause()
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise RunFailed(f"the stack {self._project.stack} is {status}. {reasons[0] if reasons else ''}".strip())

    def outputs(self, stack: str | None = None) -> dict[str, str]:
        """Of the pipeline's stack or of another; empty when there is none."""
        try:
            found = self._stacks.describe_stacks(StackName=stack or self._project.stack)["Stacks"][0]
        except ClientError:
            return {}
        return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}

    def resource(self, logical_id: str, stack: str | None = None) -> str:
        """The physical id of a resource of a stack. Raises ClientFailure."""
        try:
            detail = self._stacks.describe_stack_resource(
                StackName=stack or self._project.stack, LogicalResourceId=logical_id
            )["StackResourceDetail"]
        except ClientError as error:
            raise ClientFailure(f"{logical_id}: {error.response['Error']['Message']}") from error
        return str(detail["PhysicalResourceId"])

    # ------------------------------------------------------------------ parts
    def parameters(self) -> dict[str, str]:
        """Of pipeline.yml."""
        values = {**self._project.parameters(), "SeedBucket": self._project.dataset_bucket, "SeedKey": self._seed_key()}
        if self._connection.engine is not None:
            values["ApiBaseUrl"] = f"{self._connection.engine.url}/_api"
        return values

    def _seed_key(self) -> str:
        return f"{self._project.pipeline}/{SEED_KEY}"

    def _upload_template(self) -> str:
        """Its URL: it is larger than CloudFormation takes in a request (51,200 bytes)."""
        key, bucket = f"{self._project.pipeline}/pipeline.yml", self._project.dataset_bucket
        self._connection.client("s3").put_object(
            Bucket=bucket, Key=key, Body=(self._project.folder / "pipeline.yml").read_bytes()
        )
        return f"https://{bucket}.s3.{self._connection.region}.{self._connection.dns_suffix()}/{key}"

    def _make_bucket(self, name: str) -> None:
        s3 = self._connection.client("s3")
        region = self._connection.region
        place: dict[str, Any] = {}
        if region != "us-east-1":
            place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            s3.create_bucket(Bucket=name, **place)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise ClientFailure(
                    f"the bucket {name} cannot be made: {error.response['Error']['Message']}"
                ) from error

    def _push_monitor(self) -> None:
        """The analyzer as an image in ECR, under the name that pipeline.yml expects."""
        ecr = self._connection.client("ecr")
        repository = f"{self._project.prefix}-monitor"
        try:
            ecr.create_repository(repositoryName=repository)
        except ClientError as error:
            if error.response["Error"]["Code"] != "RepositoryAlreadyExistsException":
                raise ClientFailure(f"the repository {repository}: {error.response['Error']['Message']}") from error
        registry = f"{self._connection.account()}.dkr.ecr.{self._connection.region}.{self._connection.dns_suffix()}"
        name = f"{registry}/{repository}:latest"
        package = Path(mlsystem.__file__).parent
        with tempfile.TemporaryDirectory(prefix="monitor-image-") as folder:
            layout = ImageLayout(Path(folder))
            request = Build(package / "monitor" / "Dockerfile", package.parent, {}, (name,))
            try:
                build(request, layout, self._tell)
                push(name, layout, ecr, self._tell)
            except ImageError as error:
                raise ClientFailure(str(error)) from error

    def _status(self) -> str | None:
        try:
            found = self._stacks.describe_stacks(StackName=self._project.stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        status = str(found["StackStatus"])
        return None if status == "DELETE_COMPLETE" else status

    def _stack_id(self) -> str:
        return str(self._stacks.describe_stacks(StackName=self._project.stack)["Stacks"][0]["StackId"])

    def _new_events(self, stack_id: str, seen: set[str]) -> list[StackEvent]:
        fresh = []
        for page in self._stacks.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            fresh += [event for event in page["StackEvents"] if event["EventId"] not in seen]
        seen.update(event["EventId"] for event in fresh)
        return [
            StackEvent(
                event["LogicalResourceId"],
                event["ResourceType"],
                event["ResourceStatus"],
                event.get("ResourceStatusReason", ""),
            )
            for event in reversed(fresh)
        ]
