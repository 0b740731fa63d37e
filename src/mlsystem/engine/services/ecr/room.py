"""Elastic Container Registry: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.services.ecr.downloads import PREFIX, Downloads
from mlsystem.engine.services.ecr.images import Images
from mlsystem.engine.services.ecr.layers import Layers
from mlsystem.engine.services.ecr.permissions import PERMISSIONS
from mlsystem.engine.services.ecr.repositories import Repositories


def open_room(house: House, images: ImageStore) -> Room:
    downloads = Downloads(house, images)
    parts = [Repositories(house), Layers(house, images), Images(house, images), downloads]
    return Room("ecr", parts, PERMISSIONS, {PREFIX: downloads})
