"""What EventBridge is told when a model package is registered or changed.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.sagemaker.model_package import ModelPackage

# The event repeats the description but for who did it.
UNTOLD = frozenset({"CreatedBy", "LastModifiedBy", "ModelCard"})


def state_change(package: ModelPackage, fields: list[str] | None = None) -> Notice:
    """`fields` are the members that an update has changed; None where the package is new."""
    told = {name: _written(value) for name, value in package.describe().items() if name not in UNTOLD}
    if package.parent:
        del told["ModelPackageName"]
    if fields is not None:
        told["UpdatedModelPackageFields"] = fields
    data = {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "resources": [package.arn],
        "detail": told,
    }
    return Notice("aws.event", data)


def _written(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
