"""CodeCommit: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.codecommit.contents import Contents
from mlsystem.engine.services.codecommit.permissions import PERMISSIONS
from mlsystem.engine.services.codecommit.repositories import Repositories
from mlsystem.engine.services.codecommit.smart_http import PREFIX, SmartHttp
from mlsystem.engine.store.keys import KeyRing


def open_room(house: House, keys: KeyRing) -> Room:
    repositories = Repositories(house)
    mounts = {PREFIX: SmartHttp(house, keys, repositories)}
    return Room("codecommit", [repositories, Contents(house, repositories)], PERMISSIONS, mounts)
