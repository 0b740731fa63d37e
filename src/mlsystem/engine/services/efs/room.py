"""Amazon EFS: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.efs.access_points import AccessPoints
from mlsystem.engine.services.efs.file_systems import FileSystems
from mlsystem.engine.services.efs.mount_targets import MountTargets
from mlsystem.engine.services.efs.permissions import PERMISSIONS


def open_room(house: House) -> Room:
    return Room("efs", [FileSystems(house), MountTargets(house), AccessPoints(house)], PERMISSIONS)
