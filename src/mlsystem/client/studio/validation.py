"""Has CloudFormation validate the templates of a project, and studio.yml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError

from mlsystem.client import template as templates
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import Project
from mlsystem.client.studio.publication import studio_template


def validate(connection: Connection, project: Project) -> Iterator[Path]:
    """Each template that is valid, one by one. Raises ClientFailure with CloudFormation's words at the first that is not."""
    cloudformation = connection.client("cloudformation")
    for path in [studio_template(), *sorted(project.folder.rglob("*.yml"))]:
        body = path.read_text()
        if "AWSTemplateFormatVersion" not in body:
            continue
        if len(body.encode()) > templates.MOST_BYTES:
            body = templates.compact(templates.read(path))
        try:
            cloudformation.validate_template(TemplateBody=body)
        except ClientError as error:
            raise ClientFailure(f"{path}: {error.response['Error']['Message']}") from error
        yield path
