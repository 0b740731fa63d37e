"""The input objects of a job: all below a prefix, or those that a manifest names.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformS3DataSource.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.runtime.s3_files import S3Files, place_below, rest_of_key, split_uri


@dataclass(frozen=True)
class InputObject:
    """`path` is what its key is below the prefix: the key of its output is made of it."""

    bucket: str
    key: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.bucket}/{self.key}"


def find_inputs(source: Mapping[str, Any], files: S3Files, scratch: Path) -> list[InputObject]:
    """In S3's order, or the manifest's, of an S3DataSource or what has its members. Raises ActionFailed where there are none."""
    uri = source["S3Uri"]
    if source["S3DataType"] == "ManifestFile":
        files.fetch(*split_uri(uri), scratch)
        return list(_listed(uri, scratch.read_bytes()))
    bucket, prefix = split_uri(uri)
    return [InputObject(bucket, key, rest_of_key(prefix, key)) for key in files.objects(uri)]


def download_inputs(source: Mapping[str, Any], target: Path, files: S3Files) -> None:
    """All of them, each at its path below `target`. Raises ActionFailed, also for a path that leaves it."""
    target.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.manifest")
    for one in find_inputs(source, files, scratch):
        files.fetch(one.bucket, one.key, place_below(target, one.path))
    scratch.unlink(missing_ok=True)


def _listed(uri: str, manifest: bytes) -> Iterator[InputObject]:
    try:
        head, *paths = json.loads(manifest)
        prefix = str(head["prefix"])
        split_uri(prefix)
    except (ValueError, TypeError, KeyError, RecursionError, AwsError) as error:
        raise ActionFailed(
            f'The manifest {uri} is not of the form [{{"prefix": "s3://..."}}, "path", ...]', "ClientError"
        ) from error
    if not paths or not all(isinstance(path, str) and path for path in paths):
        raise ActionFailed(f"The manifest {uri} does not list the paths of objects", "ClientError")
    for path in paths:
        bucket, key = split_uri(f"{prefix}{path}")
        yield InputObject(bucket, key, path.lstrip("/"))


def write_inputs(place: Path, inputs: list[InputObject]) -> None:
    place.write_text(json.dumps([asdict(one) for one in inputs]))


def read_inputs(place: Path) -> list[InputObject]:
    return [InputObject(**one) for one in json.loads(place.read_text())]
