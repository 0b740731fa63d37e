"""What InvokeEndpoint asks is decided at the front door: this room answers no operation itself."""

from __future__ import annotations

from mlsystem.engine.permission import Permissions

PERMISSIONS = Permissions("sagemaker", {})
