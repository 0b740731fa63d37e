"""Simple Storage Service: objects as encrypted files, their versions as rows."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.s3.absent import AbsentSettings
from mlsystem.engine.services.s3.access import Access
from mlsystem.engine.services.s3.attributes import Attributes
from mlsystem.engine.services.s3.bucket_logging import BucketLogging
from mlsystem.engine.services.s3.buckets import Buckets
from mlsystem.engine.services.s3.copies import Copies
from mlsystem.engine.services.s3.deletions import Deletions
from mlsystem.engine.services.s3.encryption import DefaultEncryption
from mlsystem.engine.services.s3.lifecycle import Lifecycle
from mlsystem.engine.services.s3.listings import Listings
from mlsystem.engine.services.s3.multipart import Multipart
from mlsystem.engine.services.s3.notifications import Notifications
from mlsystem.engine.services.s3.object_store import ObjectStore
from mlsystem.engine.services.s3.objects import Objects
from mlsystem.engine.services.s3.permissions import PERMISSIONS
from mlsystem.engine.services.s3.tagging import Tagging
from mlsystem.engine.services.s3.upload_listings import UploadListings
from mlsystem.engine.services.s3.uploads import Uploads
from mlsystem.engine.services.s3.vault import Vault
from mlsystem.engine.services.s3.version_listing import VersionListing
from mlsystem.engine.services.s3.versioning import Versioning
from mlsystem.engine.services.s3.versions import Versions
from mlsystem.engine.store.bodies import BodyStore
from mlsystem.engine.store.keys import KeyRing


def open_room(house: House, keys: KeyRing) -> Room:
    versions = Versions(BodyStore(house.folder))
    uploads = Uploads(versions)
    store = ObjectStore(house, versions, Vault(house, keys))
    return Room(
        "s3",
        [
            Buckets(house, versions, uploads),
            Versioning(),
            DefaultEncryption(),
            Access(house),
            Notifications(),
            BucketLogging(),
            AbsentSettings(house, store),
            Objects(house, store),
            Copies(house, store),
            Deletions(store),
            Tagging(store),
            Attributes(store),
            Multipart(house, store, uploads),
            Lifecycle(house, store, uploads),
            Listings(house, versions),
            VersionListing(house, versions),
            UploadListings(house, uploads),
        ],
        PERMISSIONS,
    )
