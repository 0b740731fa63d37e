"""DeletionPolicy and UpdateReplacePolicy: what becomes of a resource that its stack no longer wants.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
"""

from __future__ import annotations

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.model import Resource

DELETE = "Delete"
RETAIN = "Retain"
SNAPSHOT = "Snapshot"
# Retained, unless the operation that created it is rolled back.
RETAIN_EXCEPT_ON_CREATE = "RetainExceptOnCreate"

# The types that AWS can take a snapshot of.
SNAPSHOT_TYPES = frozenset(
    {
        "AWS::DocDB::DBCluster",
        "AWS::EC2::Volume",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Neptune::DBCluster",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
    }
)


def deletion_policy(resource: Resource, value: Json) -> str:
    """Raises TemplateError for a policy that does not exist, or not for this type."""
    return _policy(resource, "DeletionPolicy", value, (DELETE, RETAIN, SNAPSHOT, RETAIN_EXCEPT_ON_CREATE))


def update_replace_policy(resource: Resource, value: Json) -> str:
    """Raises TemplateError for a policy that does not exist, or not for this type."""
    return _policy(resource, "UpdateReplacePolicy", value, (DELETE, RETAIN, SNAPSHOT))


def _policy(resource: Resource, attribute: str, value: Json, allowed: tuple[str, ...]) -> str:
    path = ("Resources", resource.logical_id, attribute)
    if not isinstance(value, str) or value not in allowed:
        raise TemplateError(
            f"Template format error: Unrecognized {attribute} {value} for resource {resource.logical_id}; it may be"
            f" {', '.join(allowed)}.",
            path,
        )
    if value == SNAPSHOT and resource.type not in SNAPSHOT_TYPES:
        raise TemplateError(
            f"Template error: resource type {resource.type} does not support {attribute} Snapshot ({resource.logical_id}).",
            path,
        )
    return value
