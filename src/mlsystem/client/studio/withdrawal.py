"""Takes a published template away: its stack, the monitor's image, its bucket. Never before the projects made of it."""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.teardown.removal import Removal
from mlsystem.client.teardown.stacks import Pause, Stacks
from mlsystem.client.teardown.storage import Storage


class Withdrawal:
    """Of one stack of studio.yml and its bucket."""

    def __init__(self, connection: Connection, bucket: str, stack: str, pause: Pause):
        self._bucket = bucket
        self._stack = stack
        self._stacks = Stacks(connection, pause)
        self._storage = Storage(connection)

    def plan(self) -> Iterator[Removal]:
        """In this order. Raises ClientFailure while projects stand: without the launch role they could not be deleted."""
        prefix = self._stacks.parameters(self._stack).get("ProjectPrefix", "")
        standing = self._stacks.with_parameter("ProjectPrefix", prefix) - {self._stack} if prefix else set()
        projects = sorted(name for name in standing if name.startswith(("SC-", "sagemaker-")))
        if projects:
            raise ClientFailure(
                f"{', '.join(projects)}: remove these projects first (`mlsystem studio remove PROJECT`)"
            )
        yield from self._stacks.removals(self._stack)
        if prefix and not standing:
            yield from self._storage.repository(f"{prefix}-monitor")
        yield from self._storage.bucket(self._bucket)
