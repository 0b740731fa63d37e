"""Moves files between S3 and a job's folder, as the principal that the job runs as."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlsystem.archives import tarfile
from mlsystem.engine.contract import Caller, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`. Raises AwsError(ValidationException)."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise AwsError("ValidationException", f"{uri!r} is not an S3 URI (s3://bucket/key).")
    return bucket, key


class S3Files:
    """Reads and writes as `principal`. Errors that repeating will not mend become ActionFailed, with the URI."""

    def __init__(self, call: Caller, principal: Principal):
        self._call = call
        self._principal = principal

    def keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """All keys below a prefix, in S3's order."""
        token: dict[str, str] = {}
        while True:
            request = {"Bucket": bucket, "Prefix": prefix, **token}
            page = self._ask("ListObjectsV2", request, f"s3://{bucket}/{prefix}")
            yield from (item["Key"] for item in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def download(self, uri: str, target: Path) -> int:
        """Every object below `uri` into `target`, by the rest of its key; an object of exactly that key by its name. How many."""
        bucket, prefix = split_uri(uri)
        found = self.objects(uri)
        for key in found:
            self.fetch(bucket, key, place_below(target, rest_of_key(prefix, key)))
        return len(found)

    def objects(self, uri: str) -> list[str]:
        """Keys below `uri`, without those that stand for folders. Raises ActionFailed where there is none."""
        found = [key for key in self.keys(*split_uri(uri)) if not key.endswith("/")]
        if not found:
            raise ActionFailed(f"No S3 objects found under S3 URL {uri!r} given in input data source.", "ClientError")
        return found

    def fetch(self, bucket: str, key: str, target: Path) -> None:
        """One object into one file."""
        body = self._ask("GetObject", {"Bucket": bucket, "Key": key}, f"s3://{bucket}/{key}")["Body"]
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for piece in body.pieces():
                file.write(piece)

    def upload(self, file: Path, uri: str, kms_key: str | None = None) -> None:
        """One file to one key. The same file to the same key again changes nothing that a reader could tell."""
        bucket, key = split_uri(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        self._ask("PutObject", {"Bucket": bucket, "Key": key, "Body": file, **encryption}, uri)

    def upload_folder(self, folder: Path, uri: str, kms_key: str | None = None) -> None:
        """Every regular file below `folder`, by its relative path. Links that lead out of the folder are left."""
        root = folder.resolve()
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.resolve().is_relative_to(root):
                self.upload(path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", kms_key)

    def _ask(self, operation: str, request: Mapping[str, object], uri: str) -> dict[str, Any]:
        try:
            return self._call("s3", operation, request, self._principal)
        except AwsError as error:
            if error.status is not None and error.status >= 500:
                raise
            raise ActionFailed(f"{operation} of {uri}: {error.code}: {error.message}", "ClientError") from error


def rest_of_key(prefix: str, key: str) -> str:
    """What tells a key below a prefix from others: its path below the folder that the prefix names or, cut short, lies in."""
    if not prefix.endswith("/") and key.startswith(prefix + "/"):
        return key[len(prefix) + 1 :]
    rest = key[len(prefix) :] if prefix.endswith("/") or not prefix else key[len(prefix.rpartition("/")[0]) :]
    return rest.lstrip("/")


def place_below(target: Path, path: str) -> Path:
    """Where what is called so goes. Raises ActionFailed for a path that would leave the folder."""
    place = target / path
    if not place.resolve().is_relative_to(target.resolve()):
        raise ActionFailed(f"the key {path!r} leaves the folder that it is downloaded to", "ClientError")
    return place


def pack(folder: Path, archive: Path) -> None:
    """`model.tar.gz` of a folder's content: relative names, no owner names, the same bytes for the same files."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def unpack(archive: Path, folder: Path) -> None:
    """Raises ActionFailed for an archive that is broken or that would write outside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ActionFailed(f"{archive.name} cannot be unpacked: {error}", "ClientError") from error
