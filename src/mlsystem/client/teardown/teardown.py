"""The order in which a system goes: what serves, what was retained, what trains, what is stored, what is left of it.

One that was made as a project in Studio goes by way of it.

A plan is looked up anew after it was carried out: what it finds then is what stays, and is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlsystem.client.connection import Connection
from mlsystem.client.project import Project
from mlsystem.client.studio.projects import StudioProjects
from mlsystem.client.teardown.removal import Removal
from mlsystem.client.teardown.stacks import Stacks
from mlsystem.client.teardown.storage import Storage
from mlsystem.client.teardown.traces import Traces
from mlsystem.client.teardown.versions import RetainedVersions

Tell = Callable[[str], None]


class Teardown:
    """Of one project. `partial`: only what is deployed, so that nothing costs and all can come back with the next run."""

    def __init__(self, connection: Connection, project: Project, pause: Callable[[], None]):
        self._connection = connection
        self._studio = StudioProjects(connection, pause)
        self._studio_name = project.parameters()["SageMakerProjectName"]
        made_in_studio = self._studio.find(self._studio_name)
        self._is_made_in_studio = made_in_studio is not None and made_in_studio.prefix == project.prefix
        if made_in_studio is not None and self._is_made_in_studio:
            # Its id is SageMaker's, and with it the tags of all that it has made.
            project = made_in_studio.project() or project
        self._project = project
        self._stacks = Stacks(connection, pause)
        self._versions = RetainedVersions(connection, project, pause)
        self._storage = Storage(connection)
        self._traces = Traces(connection, project)

    def plan(self, partial: bool = False, with_data: bool = False) -> list[Removal]:
        """What is there now, in the order in which it can go. `with_data`: the bucket of data sets too."""
        return list(self._found(partial, with_data))

    def carry_out(self, partial: bool, with_data: bool, tell: Tell) -> list[Removal]:
        """Remove all of it; what is left in the end, which should be nothing. Raises RunFailed at the first thing that stays."""
        for part in self._parts(partial, with_data):
            for removal in list(part):
                tell(f"removing {removal}")
                removal.carry_out()
        return self.plan(partial, with_data)

    def _found(self, partial: bool, with_data: bool) -> Iterator[Removal]:
        for part in self._parts(partial, with_data):
            yield from part

    def _parts(self, partial: bool, with_data: bool) -> Iterator[Iterator[Removal]]:
        """Looked up one after the other: the stacks take away what would be retained otherwise."""
        project = self._project
        yield self._stacks.removals(project.deployed_stack("prd"), project.deployed_stack("dev"))
        yield self._versions.removals()
        if partial:
            return
        yield self._stacks.removals(f"{project.pipeline}-workflow", f"{project.pipeline}-sagemaker-custom-resource")
        yield self._storage.contents(self._artifact_bucket())
        yield self._stacks.removals(project.stack)
        if self._is_made_in_studio:
            yield self._studio.removals(self._studio_name)
        if not self._is_prefix_shared():
            yield self._storage.repository(f"{project.prefix}-monitor")
        yield self._traces.removals()
        yield self._storage.contents(project.dataset_bucket, f"{project.pipeline}/")
        if with_data:
            yield self._storage.bucket(project.dataset_bucket)

    def _is_prefix_shared(self) -> bool:
        """Whether another project uses the prefix, or a published template: and so the same image of the monitor."""
        own = {self._project.stack, self._studio.stack_name(self._studio_name)}
        return bool(self._stacks.with_parameter("ProjectPrefix", self._project.prefix) - own)

    def _artifact_bucket(self) -> str:
        """As pipeline.yml names it."""
        return f"{self._project.pipeline}-{self._connection.account()}-{self._connection.region}"
