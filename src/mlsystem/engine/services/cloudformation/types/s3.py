"""AWS::S3::Bucket and AWS::S3::BucketPolicy.

A bucket's settings each have an operation of their own, and most of them one that takes them away: the table says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_list

# What the template calls by another name than the API.
ENCRYPTION_NAMES = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
LIFECYCLE_NAMES = {
    "Id": ("ID",),
    "Prefix": ("Filter", "Prefix"),
    "ExpirationInDays": ("Expiration", "Days"),
    "ExpirationDate": ("Expiration", "Date"),
    "ExpiredObjectDeleteMarker": ("Expiration", "ExpiredObjectDeleteMarker"),
    "NoncurrentVersionExpirationInDays": ("NoncurrentVersionExpiration", "NoncurrentDays"),
}


def _encryption(value: Mapping[str, Any]) -> dict[str, Any]:
    rules = [
        {ENCRYPTION_NAMES.get(name, name): item for name, item in rule.items()}
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _notification(value: Mapping[str, Any]) -> dict[str, Any]:
    """The template's `EventBridgeEnabled` is the API's empty configuration, `false` the absence of one."""
    others = sorted(set(value) - {"EventBridgeConfiguration"})
    if others:
        subject = f"AWS::S3::Bucket with NotificationConfiguration.{others[0]}"
        raise NotImplementedHere(subject, "EventBridgeConfiguration is")
    bridge = value.get("EventBridgeConfiguration", {"EventBridgeEnabled": False})
    is_on = str(bridge.get("EventBridgeEnabled", True)).lower() == "true"
    return {"NotificationConfiguration": {"EventBridgeConfiguration": {}} if is_on else {}}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The template's flat rule as the API nests it; a member that is unknown goes on, and the API refuses it by name."""
    found: dict[str, Any] = {"Filter": {"Prefix": ""}}
    for name, value in rule.items():
        *outer, inner = LIFECYCLE_NAMES.get(name, (name,))
        place = found.setdefault(outer[0], {}) if outer else found
        place[inner] = value
    return found


def _lifecycle(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}}


# The operation that sets a property, its request, and the operation that takes it away (None: `WITHOUT` is set instead).
Setting = tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]], str | None]
SETTINGS: dict[str, Setting] = {
    "VersioningConfiguration": ("PutBucketVersioning", lambda value: {"VersioningConfiguration": value}, None),
    "BucketEncryption": ("PutBucketEncryption", _encryption, "DeleteBucketEncryption"),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        lambda value: {"PublicAccessBlockConfiguration": value},
        "DeletePublicAccessBlock",
    ),
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        lambda value: {"OwnershipControls": value},
        "DeleteBucketOwnershipControls",
    ),
    "NotificationConfiguration": ("PutBucketNotificationConfiguration", _notification, None),
    "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", _lifecycle, "DeleteBucketLifecycle"),
}
# A bucket that had versions keeps them: versioning can be suspended, not taken away.
WITHOUT: dict[str, dict[str, Any]] = {
    "VersioningConfiguration": {"Status": "Suspended"},
    "NotificationConfiguration": {},
}


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"Bucket": properties.get("BucketName") or site.made_up_name(63, lower=True)}
    if site.house.scope.region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": site.house.scope.region}
    return request


def _change(site: Site, bucket: str, old: Properties, new: Properties) -> None:
    for name, (operation, request, removal) in SETTINGS.items():
        value = new.get(name, WITHOUT.get(name) if name in old else None)
        if value is not None:
            site.call("s3", operation, coerced("s3", operation, {"Bucket": bucket, **request(value)}))
        elif name in old and removal is not None:
            site.call("s3", removal, {"Bucket": bucket})
    tags = tag_list(site, new)
    if tags:
        site.call("s3", "PutBucketTagging", {"Bucket": bucket, "Tagging": {"TagSet": tags}})
    elif tag_list(site, old):
        site.call("s3", "DeleteBucketTagging", {"Bucket": bucket})


def _describe(site: Site, bucket: str) -> dict[str, Any]:
    scope = site.house.scope
    return {
        "Arn": f"arn:{scope.partition}:s3:::{bucket}",
        "DomainName": f"{bucket}.s3.amazonaws.com",
        "RegionalDomainName": f"{bucket}.s3.{scope.region}.amazonaws.com",
    }


BUCKET = ApiType(
    name="AWS::S3::Bucket",
    service="s3",
    create_operation="CreateBucket",
    delete_operation="DeleteBucket",
    properties=frozenset({"BucketName", "Tags", *SETTINGS}),
    attributes=frozenset({"Arn", "DomainName", "RegionalDomainName"}),
    immutable=frozenset({"BucketName"}),
    arguments=_arguments,
    identify=lambda _answer, request: str(request["Bucket"]),
    describe=_describe,
    delete_request=lambda bucket, _properties: {"Bucket": bucket},
    change=_change,
    finish=lambda site, bucket, properties: _change(site, bucket, {}, properties),
)


def _policy(_site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Bucket": properties["Bucket"], "Policy": json.dumps(properties["PolicyDocument"])}


def _change_policy(site: Site, bucket: str, old: Properties, new: Properties) -> None:
    site.call("s3", "PutBucketPolicy", _policy(site, dict(new)))


BUCKET_POLICY = ApiType(
    name="AWS::S3::BucketPolicy",
    service="s3",
    create_operation="PutBucketPolicy",
    delete_operation="DeleteBucketPolicy",
    properties=frozenset({"Bucket", "PolicyDocument"}),
    required=frozenset({"Bucket", "PolicyDocument"}),
    immutable=frozenset({"Bucket"}),
    arguments=_policy,
    identify=lambda _answer, request: str(request["Bucket"]),
    delete_request=lambda bucket, _properties: {"Bucket": bucket},
    change=_change_policy,
)
