"""Who may reach a bucket: policy, public access block, ownership. Checked when they come in; the front evaluates the policy.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.errors import malformed_xml

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        DeleteBucketOwnershipControlsRequestTypeDef,
        DeleteBucketPolicyRequestTypeDef,
        DeletePublicAccessBlockRequestTypeDef,
        GetBucketAclRequestTypeDef,
        GetBucketOwnershipControlsRequestTypeDef,
        GetBucketPolicyRequestTypeDef,
        GetPublicAccessBlockRequestTypeDef,
        PutBucketOwnershipControlsRequestTypeDef,
        PutBucketPolicyRequestTypeDef,
        PutPublicAccessBlockRequestTypeDef,
    )

POLICY = "policy"
PUBLIC_ACCESS_BLOCK = "public_access_block"
OWNERSHIP = "ownership"
LONGEST_POLICY_BYTES = 20 * 1024
OWNER_ONLY = "BucketOwnerEnforced"
# What S3 gives to every new bucket.
USUAL_BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
USUAL_OWNERSHIP = {"Rules": [{"ObjectOwnership": OWNER_ONLY}]}


class Access(Part):
    """See the module."""

    def __init__(self, house: House):
        self._house = house

    # ------------------------------------------------------------------ policy
    @operation(
        "PutBucketPolicy",
        accepts="Bucket Policy ConfirmRemoveSelfBucketAccess ContentMD5 ChecksumAlgorithm ExpectedBucketOwner",
    )
    def put_bucket_policy(self, request: PutBucketPolicyRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        _check_policy(request["Policy"], bucket.key)
        call.tx.put(bucket.with_document(POLICY, request["Policy"]))
        return {}

    @operation("GetBucketPolicy", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_policy(self, request: GetBucketPolicyRequestTypeDef, call: Call) -> dict[str, object]:
        policy = find_bucket(call.tx, request).documents.get(POLICY)
        if policy is None:
            raise AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404)
        return {"Policy": policy}

    @operation("DeleteBucketPolicy", accepts="Bucket ExpectedBucketOwner")
    def delete_bucket_policy(self, request: DeleteBucketPolicyRequestTypeDef, call: Call) -> dict[str, object]:
        call.tx.put(find_bucket(call.tx, request).without_document(POLICY))
        return {}

    # ------------------------------------------------------------------ public access
    @operation(
        "PutPublicAccessBlock",
        accepts="Bucket PublicAccessBlockConfiguration ContentMD5 ChecksumAlgorithm ExpectedBucketOwner",
    )
    def put_public_access_block(self, request: PutPublicAccessBlockRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        block = {**dict.fromkeys(USUAL_BLOCK, False), **request["PublicAccessBlockConfiguration"]}
        call.tx.put(bucket.with_document(PUBLIC_ACCESS_BLOCK, block))
        return {}

    @operation("GetPublicAccessBlock", accepts="Bucket ExpectedBucketOwner")
    def get_public_access_block(self, request: GetPublicAccessBlockRequestTypeDef, call: Call) -> dict[str, object]:
        block = find_bucket(call.tx, request).documents.get(PUBLIC_ACCESS_BLOCK, USUAL_BLOCK)
        if block is None:
            raise AwsError(
                "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", 404
            )
        return {"PublicAccessBlockConfiguration": block}

    @operation("DeletePublicAccessBlock", accepts="Bucket ExpectedBucketOwner")
    def delete_public_access_block(
        self, request: DeletePublicAccessBlockRequestTypeDef, call: Call
    ) -> dict[str, object]:
        call.tx.put(find_bucket(call.tx, request).with_document(PUBLIC_ACCESS_BLOCK, None))
        return {}

    # ------------------------------------------------------------------ ownership
    @operation(
        "PutBucketOwnershipControls",
        accepts="Bucket OwnershipControls ContentMD5 ChecksumAlgorithm ExpectedBucketOwner",
    )
    def put_bucket_ownership_controls(
        self, request: PutBucketOwnershipControlsRequestTypeDef, call: Call
    ) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        rules = request["OwnershipControls"]["Rules"]
        if len(rules) != 1:
            raise malformed_xml("the ownership controls must have one rule")
        call.tx.put(bucket.with_document(OWNERSHIP, {"Rules": [dict(rules[0])]}))
        return {}

    @operation("GetBucketOwnershipControls", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_ownership_controls(
        self, request: GetBucketOwnershipControlsRequestTypeDef, call: Call
    ) -> dict[str, object]:
        controls = find_bucket(call.tx, request).documents.get(OWNERSHIP, USUAL_OWNERSHIP)
        if controls is None:
            raise AwsError("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", 404)
        return {"OwnershipControls": controls}

    @operation("DeleteBucketOwnershipControls", accepts="Bucket ExpectedBucketOwner")
    def delete_bucket_ownership_controls(
        self, request: DeleteBucketOwnershipControlsRequestTypeDef, call: Call
    ) -> dict[str, object]:
        call.tx.put(find_bucket(call.tx, request).with_document(OWNERSHIP, None))
        return {}

    @operation("GetBucketAcl", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_acl(self, request: GetBucketAclRequestTypeDef, call: Call) -> dict[str, object]:
        """There are no access control lists but the owner's."""
        find_bucket(call.tx, request)
        owner = {"ID": self._house.scope.account}
        return {
            "Owner": owner,
            "Grants": [{"Grantee": {**owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
        }


def _check_policy(text: str, bucket: str) -> None:
    """Raises AwsError(MalformedPolicy) for what is no policy, or is about another bucket."""
    if len(text.encode()) > LONGEST_POLICY_BYTES:
        raise AwsError("PolicyTooLarge", "Policy exceeds the maximum allowed document size.", 400)
    try:
        policy = json.loads(text)
    except ValueError as error:
        raise AwsError("MalformedPolicy", f"Policies must be valid JSON: {error}", 400) from error
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise AwsError("MalformedPolicy", "Missing required field Statement", 400)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    for statement in statements:
        if not isinstance(statement, dict):
            raise AwsError("MalformedPolicy", "A statement of the policy is no JSON object.", 400)
        missing = [name for name in ("Effect", "Action", "Resource", "Principal") if not _has(statement, name)]
        if missing:
            raise AwsError("MalformedPolicy", f"Missing required field {missing[0]}", 400)
        _check_resources(statement, bucket)
    try:
        statements_of(text, f"policy of bucket {bucket}")
    except AwsError as error:
        raise AwsError("MalformedPolicy", error.message, 400) from error


def _has(statement: dict[str, object], name: str) -> bool:
    return name in statement or (name != "Effect" and f"Not{name}" in statement)


def _check_resources(statement: dict[str, object], bucket: str) -> None:
    given = statement.get("Resource", statement.get("NotResource"))
    for resource in given if isinstance(given, list) else [given]:
        name = str(resource).rsplit(":", 1)[-1].split("/", 1)[0]
        if name != bucket and "*" not in name and "?" not in name:
            raise AwsError("MalformedPolicy", "Policy has invalid resource", 400)
