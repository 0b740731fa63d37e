"""Simple Storage Service: objects as encrypted files, their versions as rows."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.s3.buckets import Buckets
from mlsystem.engine.services.s3.deletions import Deletions
from mlsystem.engine.services.s3.listings import Listings
from mlsystem.engine.services.s3.object_store import ObjectStore
from mlsystem.engine.services.s3.objects import Objects
from mlsystem.engine.services.s3.vault import Vault
from mlsystem.engine.services.s3.versions import Versions
from mlsystem.engine.store.bodies import BodyStore
from mlsystem.engine.store.keys import KeyRing


def open_room(house: House, keys: KeyRing) -> Room:
    bodies = BodyStore(house.folder)
    versions = Versions(bodies)
    store = ObjectStore(house, bodies, versions, Vault(house, keys))
    return Room("s3", [Buckets(house, versions), Objects(house, store), Deletions(store), Listings(house, versions)])
