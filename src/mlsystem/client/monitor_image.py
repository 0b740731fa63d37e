"""The analyzer as an image in ECR, under the name that pipeline.yml expects."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

import mlsystem
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.images.build import Build, build
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import push


def push_monitor(connection: Connection, prefix: str, tell: Callable[[str], None]) -> None:
    """Build it and push it as <prefix>-monitor:latest. Raises ClientFailure."""
    ecr = connection.client("ecr")
    repository = f"{prefix}-monitor"
    try:
        ecr.create_repository(repositoryName=repository)
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryAlreadyExistsException":
            raise ClientFailure(f"the repository {repository}: {error.response['Error']['Message']}") from error
    registry = f"{connection.account()}.dkr.ecr.{connection.region}.{connection.dns_suffix()}"
    name = f"{registry}/{repository}:latest"
    package = Path(mlsystem.__file__).parent
    with tempfile.TemporaryDirectory(prefix="monitor-image-") as folder:
        layout = ImageLayout(Path(folder))
        request = Build(package / "monitor" / "Dockerfile", package.parent, {}, (name,))
        try:
            build(request, layout, tell)
            push(name, layout, ecr, tell)
        except ImageError as error:
            raise ClientFailure(str(error)) from error
