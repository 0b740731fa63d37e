"""Query Training Results: what the API function needs of a model, copied from model.tar.gz to the shared volume.

The copy appears under `models/<TrainingJobName>/` at once and whole, by a rename: an API function that starts meanwhile
sees all of it or none. A second call for the same job finds the copy and leaves it alone, as a model never changes.
"""

from __future__ import annotations

import logging
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from s3_object import EvidenceError, split_uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

INFERENCE_FOLDER = "inference"  # of the archive: what the training program wrote to model/inference/

log = logging.getLogger(__name__)


def query_training(s3: S3Client, assets: Path, event: dict[str, Any]) -> dict[str, Any]:
    """`event`: TrainingJobName, ModelUri. Returns the copy's folder and files. Raises EvidenceError."""
    name, uri = event["TrainingJobName"], event["ModelUri"]
    target = assets / "models" / name
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
        try:
            _extract(_open(s3, uri), uri, scratch)
            scratch.chmod(0o755)
            _appear(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    files = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    log.info("%s holds %s", target, files)
    return {"AssetsFolder": str(target), "Files": files}


def _appear(scratch: Path, target: Path) -> None:
    try:
        scratch.rename(target)
    except OSError:
        if not target.is_dir():  # else another call was first, with the same content
            raise


def _open(s3: S3Client, uri: str) -> IO[bytes]:
    bucket, key = split_uri(uri)
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"]  # type: ignore[return-value]  # it reads like a file
    except ClientError as error:
        raise EvidenceError(f"{uri}: cannot be read: {error}") from error


def _extract(archive: IO[bytes], uri: str, folder: Path) -> None:
    """The files below `inference/`, as a stream: a model may be larger than this function's memory and disk."""
    count = 0
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as members:
            for member in members:
                path = _inference_path(member)
                content = members.extractfile(member) if path else None
                if path and content:
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    with (folder / path).open("wb") as file:
                        shutil.copyfileobj(content, file)
                    count += 1
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise EvidenceError(f"{uri}: is not a tar.gz archive: {error}") from error
    if count == 0:
        raise EvidenceError(
            f"{uri}: has no folder {INFERENCE_FOLDER}/; the training program must write it to the model"
        )


def _inference_path(member: tarfile.TarInfo) -> PurePosixPath | None:
    """The path below `inference/`, of plain files alone: links and paths that lead out are no part of a model."""
    parts = [part for part in PurePosixPath(member.name).parts if part != "."]
    if not member.isfile() or len(parts) < 2 or parts[0] != INFERENCE_FOLDER or ".." in parts:
        return None
    return PurePosixPath(*parts[1:])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return query_training(boto3.client("s3"), Path(os.environ["ASSETS_DIR"]), event)
