"""Settings that no bucket has here, as S3 tells of buckets without them.

Tools ask for all of them before they compare a bucket with its plan. The operations that would set them are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.object_store import ObjectStore

MISSING = {
    "GetBucketCors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "GetBucketWebsite": ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    "GetBucketReplication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "GetObjectLockConfiguration": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
}


class AbsentSettings(Part):
    """See the module."""

    def __init__(self, house: House, store: ObjectStore):
        self._house = house
        self._store = store

    @operation("GetBucketCors", accepts="Bucket ExpectedBucketOwner")
    def cors(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        raise _missing("GetBucketCors", request, call)

    @operation("GetBucketWebsite", accepts="Bucket ExpectedBucketOwner")
    def website(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        raise _missing("GetBucketWebsite", request, call)

    @operation("GetBucketReplication", accepts="Bucket ExpectedBucketOwner")
    def replication(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        raise _missing("GetBucketReplication", request, call)

    @operation("GetObjectLockConfiguration", accepts="Bucket ExpectedBucketOwner")
    def object_lock(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        raise _missing("GetObjectLockConfiguration", request, call)

    @operation("GetBucketAccelerateConfiguration", accepts="Bucket ExpectedBucketOwner")
    def acceleration(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        find_bucket(call.tx, request)
        return {}

    @operation("GetBucketRequestPayment", accepts="Bucket ExpectedBucketOwner")
    def payment(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        find_bucket(call.tx, request)
        return {"Payer": "BucketOwner"}

    @operation("GetObjectAcl", accepts="Bucket Key VersionId ExpectedBucketOwner")
    def object_acl(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        """There are no access control lists but the owner's."""
        self._store.find(call.tx, find_bucket(call.tx, request), request["Key"], request.get("VersionId"))
        owner = {"ID": self._house.scope.account}
        return {
            "Owner": owner,
            "Grants": [{"Grantee": {**owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
        }


def _missing(name: str, request: Mapping[str, Any], call: Call) -> AwsError:
    find_bucket(call.tx, request)
    return AwsError(*MISSING[name], 404)
