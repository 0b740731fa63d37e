"""Buckets: create, head, list, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.s3.bucket import Bucket, check_name, find_bucket
from mlsystem.engine.services.s3.times import instant
from mlsystem.engine.services.s3.uploads import Uploads
from mlsystem.engine.services.s3.versions import Versions

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        CreateBucketRequestTypeDef,
        DeleteBucketRequestTypeDef,
        GetBucketLocationRequestTypeDef,
        HeadBucketRequestTypeDef,
        ListBucketsRequestTypeDef,
    )

# The region that has no location constraint, and where creating one's own bucket again succeeds.
FIRST_REGION = "us-east-1"
MOST_BUCKETS = 10_000


class Buckets(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

    def __init__(self, house: House, versions: Versions, uploads: Uploads):
        self._house = house
        self._versions = versions
        self._uploads = uploads

    @operation("CreateBucket", accepts="Bucket CreateBucketConfiguration ObjectOwnership ACL")
    def create_bucket(self, request: CreateBucketRequestTypeDef, call: Call) -> dict[str, object]:
        name, region = request["Bucket"], self._house.scope.region
        check_name(name)
        if request.get("ACL", "private") != "private":
            raise AwsError(
                "InvalidBucketAclWithObjectOwnership",
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
                400,
            )
        self._check_location(request)
        if call.tx.get(Bucket, name) is not None:
            if region != FIRST_REGION:
                raise AwsError(
                    "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                    409,
                )
        else:
            bucket = Bucket(key=name, parent=self._house.scope.account, region=region)
            if request.get("ObjectOwnership"):
                bucket = bucket.with_document("ownership", {"Rules": [{"ObjectOwnership": request["ObjectOwnership"]}]})
            call.tx.add(bucket)
        return {"Location": f"/{name}", "BucketArn": self._arn(name)}

    def _check_location(self, request: CreateBucketRequestTypeDef) -> None:
        configuration = request.get("CreateBucketConfiguration") or {}
        unsupported = sorted(set(configuration) - {"LocationConstraint", "Tags"})
        if unsupported:
            raise NotImplementedHere(f"s3:CreateBucket with CreateBucketConfiguration.{unsupported[0]}")
        wanted = configuration.get("LocationConstraint")
        region = self._house.scope.region
        if wanted is None and region != FIRST_REGION:
            raise AwsError(
                "IllegalLocationConstraintException",
                f"The unspecified location constraint is incompatible for the region {region} that this engine plays.",
                400,
            )
        if wanted is not None and (wanted != region or region == FIRST_REGION):
            raise AwsError(
                "InvalidLocationConstraint",
                f"The specified location-constraint is not valid: {wanted}; this engine plays the region {region}.",
                400,
            )

    @operation("HeadBucket", accepts="Bucket ExpectedBucketOwner")
    def head_bucket(self, request: HeadBucketRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        return {"BucketRegion": bucket.region, "BucketArn": self._arn(bucket.key)}

    @operation("GetBucketLocation", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_location(self, request: GetBucketLocationRequestTypeDef, call: Call) -> dict[str, object]:
        region = find_bucket(call.tx, request).region
        return {"LocationConstraint": None if region == FIRST_REGION else region}

    @operation("ListBuckets", accepts="MaxBuckets ContinuationToken Prefix BucketRegion")
    def list_buckets(self, request: ListBucketsRequestTypeDef, call: Call) -> dict[str, object]:
        prefix, after = request.get("Prefix", ""), request.get("ContinuationToken", "")
        found = sorted(call.tx.all(Bucket, prefix=prefix), key=lambda bucket: bucket.key)
        found = [bucket for bucket in found if bucket.key > after]
        if request.get("BucketRegion"):
            found = [bucket for bucket in found if bucket.region == request["BucketRegion"]]
        page = found[: request.get("MaxBuckets", MOST_BUCKETS)]
        answer: dict[str, object] = {
            "Buckets": [
                {
                    "Name": bucket.key,
                    "CreationDate": instant(bucket.created_at),
                    "BucketRegion": bucket.region,
                    "BucketArn": self._arn(bucket.key),
                }
                for bucket in page
            ],
            "Owner": {"ID": self._house.scope.account},
        }
        if len(found) > len(page):
            answer["ContinuationToken"] = page[-1].key
        return {**answer, "Prefix": prefix} if prefix else answer

    @operation("DeleteBucket", accepts="Bucket ExpectedBucketOwner")
    def delete_bucket(self, request: DeleteBucketRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        if not self._versions.is_empty(call.tx, bucket.key):
            remedy = " You must delete all versions in the bucket." if bucket.is_versioned else ""
            raise AwsError("BucketNotEmpty", f"The bucket you tried to delete is not empty.{remedy}", 409)
        for upload in self._uploads.of_bucket(call.tx, bucket.key):
            self._uploads.forget(call.tx, upload)
        call.tx.remove(Bucket, bucket.key)
        return {}

    def _arn(self, name: str) -> str:
        return self._house.scope.global_arn("s3", name, with_account=False)
