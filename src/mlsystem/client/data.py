"""Brings data into the system: data sets into their bucket, and `data-source.zip`, whose upload starts the pipeline."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from botocore.exceptions import ClientError

from mlsystem.archives import BROKEN_ZIP
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project

MEMBERS = ("inputData.json", "hyperparameters.json", "imageDetail.json")


def check_data_source(path: Path) -> None:
    """Raises ClientFailure naming the member that is missing or is not JSON: the build would say the same, later."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    member = MEMBERS[0]
    try:
        with zipfile.ZipFile(path) as archive:
            for member in MEMBERS:
                json.loads(archive.read(member))
    except KeyError as error:
        raise ClientFailure(f"{path} has no {member}: it needs {', '.join(MEMBERS)}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ClientFailure(f"{member} in {path} is not JSON: {error}") from error
    except BROKEN_ZIP as error:
        raise ClientFailure(f"{path} is not a ZIP file") from error


def upload_data_source(connection: Connection, project: Project, artifact_bucket: str, path: Path) -> str:
    """Its URI. The upload itself starts the pipeline."""
    check_data_source(path)
    return _put(connection, path, artifact_bucket, project.data_source_key)


def upload_folder(connection: Connection, project: Project, folder: Path, prefix: str) -> list[str]:
    """Every file of a folder into the project's data bucket; their URIs."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise NotFound(f"{folder} has no files")
    return [
        _put(connection, path, project.dataset_bucket, f"{prefix.strip('/')}/{path.relative_to(folder).as_posix()}")
        for path in files
    ]


def _put(connection: Connection, path: Path, bucket: str, key: str) -> str:
    try:
        with path.open("rb") as body:
            connection.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise ClientFailure(
            f"{path} cannot be uploaded to s3://{bucket}/{key}: {error.response['Error']['Message']}"
        ) from error
    return f"s3://{bucket}/{key}"
