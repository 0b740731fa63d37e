"""Key Management Service: symmetric keys whose material is kept under a key of the data folder."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.kms.aliases import Aliases
from mlsystem.engine.services.kms.ciphers import Ciphers
from mlsystem.engine.services.kms.directory import Directory
from mlsystem.engine.services.kms.keys import Keys
from mlsystem.engine.services.kms.permissions import PERMISSIONS
from mlsystem.engine.services.kms.policies import Policies
from mlsystem.engine.services.kms.rotation import Rotation
from mlsystem.engine.store.keys import KeyRing


def open_room(house: House, keys: KeyRing) -> Room:
    directory = Directory(house, keys)
    parts = [Keys(house, directory), Aliases(directory), Ciphers(directory), Policies(directory)]
    return Room("kms", [*parts, Rotation(house, directory)], PERMISSIONS)
