"""Amazon SageMaker Runtime: InvokeEndpoint never comes here, the front door answers it; what is here are its metrics."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.services.sagemaker_runtime.permissions import PERMISSIONS
from mlsystem.engine.services.sagemaker_runtime.request_metrics import RequestMetrics


def open_room(house: House, plane: DataPlane) -> Room:
    return Room("sagemaker-runtime", [RequestMetrics(house, plane)], PERMISSIONS)
