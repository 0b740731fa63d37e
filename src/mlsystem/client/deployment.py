"""Puts the system of a project in place: its bucket, the monitor's image, and the stack of pipeline.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlsystem.client import template as templates
from mlsystem.client.bucket import Bucket
from mlsystem.client.connection import Connection
from mlsystem.client.monitor_image import push_monitor
from mlsystem.client.preview import PlannedChange, Preview
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack, StackEvent, settings

SEED_KEY = "project.zip"
Tell = Callable[[str], None]


class Deployment:
    """`prepare`, then `apply`, then `follow` until the stack has settled."""

    def __init__(self, connection: Connection, project: Project, tell: Tell):
        self._connection = connection
        self._project = project
        self._tell = tell
        self._stack = Stack(connection, project.stack)
        self._bucket = Bucket(connection, project.dataset_bucket)

    def prepare(self) -> None:
        """The bucket for data, the seed of the repository, and the image of the monitor."""
        self._bucket.make()
        self._bucket.upload(self._seed_key(), self._project.archive())
        push_monitor(self._connection, self._project.prefix, self._tell)

    def apply(self) -> bool:
        """Create or update the stack; False when there is nothing to update. Raises ClientFailure."""
        # It is larger than CloudFormation takes in a request (51,200 bytes).
        template = (self._project.folder / "pipeline.yml").read_bytes()
        url = self._bucket.upload(f"{self._project.pipeline}/pipeline.yml", template)
        return self._stack.apply(self.parameters(), self._project.cost_tags(), TemplateURL=url)

    def preview(self, pause: Callable[[], None]) -> list[PlannedChange]:
        """What `apply` would change. Raises ClientFailure for what would be refused."""
        template = templates.read(self._project.folder / "pipeline.yml")
        preview = Preview(self._connection, self._stack, self._placed, pause)
        return preview.changes(template, **settings(self.parameters(), self._project.cost_tags()))

    @contextmanager
    def _placed(self, template: str) -> Iterator[str]:
        """For a while in the bucket that is there already."""
        key = f"{self._project.pipeline}/plan.json"
        url = self._bucket.upload(key, template.encode())
        try:
            yield url
        finally:
            self._connection.client("s3").delete_object(Bucket=self._project.dataset_bucket, Key=key)

    def follow(self, pause: Callable[[], None]) -> Iterator[StackEvent]:
        """New events until the stack has settled. Raises RunFailed with the first reason when it did not end well."""
        return self._stack.follow(pause)

    def outputs(self, stack: str | None = None) -> dict[str, str]:
        """Of the pipeline's stack or of another; empty when there is none."""
        return (Stack(self._connection, stack) if stack else self._stack).outputs()

    def resource(self, logical_id: str, stack: str | None = None) -> str:
        """The physical id of a resource of a stack. Raises ClientFailure."""
        return (Stack(self._connection, stack) if stack else self._stack).resource(logical_id)

    def parameters(self) -> dict[str, str]:
        """Of pipeline.yml."""
        values = {**self._project.parameters(), "SeedBucket": self._project.dataset_bucket, "SeedKey": self._seed_key()}
        engine = self._connection.engine
        if engine is not None:
            values["ApiBaseUrl"] = f"{engine.url}/_api"
            own = {"ConsoleUrl": f"{engine.url}/_console", "MlflowTrackingUri": engine.mlflow_tracking_uri}
            for name, value in own.items():
                if value and self._takes(name):
                    values.setdefault(name, value)
        return values

    def _takes(self, parameter: str) -> bool:
        """A project that was made before there was such a parameter does not."""
        return f"\n  {parameter}:\n" in (self._project.folder / "pipeline.yml").read_text()

    def _seed_key(self) -> str:
        return f"{self._project.pipeline}/{SEED_KEY}"
