"""File systems, mount targets and access points as rows, and the one life that they all have."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import Field

from mlsystem.engine.durable.machine import Action, Event, Notice, Step
from mlsystem.engine.store.records import Record


class LifeCycle(StrEnum):
    CREATING = "creating"  # its folder is being made
    AVAILABLE = "available"
    DELETING = "deleting"  # its folder is being removed


class FileSystemPart(Record):
    """`settings` are the members of the request that made it."""

    kind: ClassVar[str] = ""
    settings: dict[str, Any]
    tags: dict[str, str] = Field(default_factory=dict)


class FileSystem(FileSystemPart):
    """`key` is the id (`fs-...`)."""

    kind: ClassVar[str] = "efs.file_system"
    backup: str = "DISABLED"
    policy: str | None = None
    lifecycle: tuple[dict[str, str], ...] = ()


class MountTarget(FileSystemPart):
    """`key` is the id (`fsmt-...`), `parent` the file system."""

    kind: ClassVar[str] = "efs.mount_target"


class AccessPoint(FileSystemPart):
    """`key` is the id (`fsap-...`), `parent` the file system."""

    kind: ClassVar[str] = "efs.access_point"

    @property
    def path(self) -> str:
        return str(self.settings.get("RootDirectory", {}).get("Path", "/"))


R = TypeVar("R", bound=FileSystemPart)


class LifeMachine(Generic[R]):
    """`prepared` makes it available, `delete_requested` and `cleared` end it."""

    def __init__(self, model: type[R]):
        self.model = model

    def begin(self, record: R) -> Step[R]:
        return Step(record.changed(state=LifeCycle.CREATING), actions=(self._action("prepare", record),))

    def advance(self, record: R, event: Event, at: float) -> Step[R]:
        match event.name, record.state:
            case "prepared", LifeCycle.CREATING:
                return Step(record.changed(state=LifeCycle.AVAILABLE), notices=(self._settled(record),))
            case "delete_requested", LifeCycle.CREATING | LifeCycle.AVAILABLE:
                return Step(record.changed(state=LifeCycle.DELETING), actions=(self._action("clear", record),))
            case "cleared", LifeCycle.DELETING:
                return Step(None, notices=(self._settled(record),))
            case _:
                return Step(record)

    def _action(self, verb: str, record: R) -> Action:
        return Action(f"{self.model.kind}.{verb}", key=record.key)

    def _settled(self, record: R) -> Notice:
        """It is there, or it is gone."""
        return Notice(f"{self.model.kind}.settled", {"id": record.key})
