"""What a Describe operation asks of: a service, perhaps one resource of it, perhaps one dimension of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.application_autoscaling.target import target_key
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

R = TypeVar("R", bound=Record)
# Nothing else scales here.
SERVICE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"


def check_scope(request: Mapping[str, Any], resource: str | Sequence[str] | None) -> None:
    """Raises AwsError(ValidationException) for a dimension of no resource."""
    if "ScalableDimension" in request and not resource:
        raise AwsError(
            "ValidationException", "If you specify a scalable dimension, you must also specify a resource ID."
        )


def all_of(tx: Transaction, model: type[R], request: Mapping[str, Any], *, newest_first: bool = False) -> list[R]:
    """All records of a kind, where the request asks of the service and the dimension that they are of."""
    asked = (request["ServiceNamespace"], request.get("ScalableDimension", DIMENSION))
    return tx.all(model, newest_first=newest_first) if asked == (SERVICE, DIMENSION) else []


def parent_prefix(request: Mapping[str, Any]) -> str:
    """Of the records below the targets of a resource; below all targets without one."""
    return target_key(request["ResourceId"], "") if "ResourceId" in request else ""
