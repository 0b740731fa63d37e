"""Moves files between S3 and a job's folder, as the principal that the job runs as."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mlsystem.archives import BROKEN_TAR, tarfile
from mlsystem.engine.contract import Caller, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.runtime.program_files import paths_below, remove_folder

# A key may be what no file can be called: below another object, or with a part that is too long.
_OF_NAMES = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
# What is gone, a link that leads nowhere, a socket.
_OF_LINKS = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
_UNREADABLE = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)


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
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for piece in body.pieces():
                    file.write(piece)
        except OSError as error:
            if error.errno not in _OF_NAMES:
                raise
            raise ActionFailed(
                f"s3://{bucket}/{key} cannot be the file {target.name[:80]}: {error.strerror}", "ClientError"
            ) from error

    def upload(self, file: Path | OpenFile, uri: str, kms_key: str | None = None) -> None:
        """One file to one key. The same file to the same key again changes nothing that a reader could tell."""
        bucket, key = split_uri(uri)
        try:
            key.encode()
        except UnicodeEncodeError as error:
            raise ActionFailed(
                f"the file {key!r} has a name that is not UTF-8: it cannot be a key", "ClientError"
            ) from error
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        self._ask("PutObject", {"Bucket": bucket, "Key": key, "Body": file, **encryption}, uri)

    def upload_folder(self, folder: Path, uri: str, kms_key: str | None = None) -> None:
        """Every regular file below `folder`, by its relative path. Links that lead out of the folder are left."""
        for path in paths_below(folder):
            with opened_below(folder, path) as file:
                if file is not None:
                    self.upload(file, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", kms_key)

    def _ask(self, operation: str, request: Mapping[str, object], uri: str) -> dict[str, Any]:
        try:
            return self._call("s3", operation, request, self._principal)
        except AwsError as error:
            if error.status is not None and error.status >= 500:
                raise
            raise ActionFailed(f"{operation} of {uri}: {error.code}: {error.message}", "ClientError") from error


class OpenFile:
    """A regular file as long as it was when it was opened: what a program appends meanwhile would never end."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self.stat = os.fstat(file.fileno())
        self._left = self.stat.st_size

    def read(self, size: int = -1, /) -> bytes:
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        return piece


@contextmanager
def opened_below(folder: Path, path: Path) -> Iterator[OpenFile | None]:
    """A file that a program has written; None for what is gone, is no regular file, or lies elsewhere: links are anybody's.

    Also while the program runs, and puts something else in the file's place. Raises ActionFailed for one that may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in _OF_LINKS:
            name = str(path.relative_to(folder))[:80]
            raise ActionFailed(f"the file {name} cannot be read: {error.strerror}", "ClientError") from error
        yield None
        return
    try:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and place.is_relative_to(folder.resolve()):
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                yield OpenFile(file)
        else:
            yield None
    finally:
        os.close(descriptor)


def own_folder(folder: Path, root: Path) -> Path:
    """The folder, unless a program has put a link to somewhere else in its way below `root`. Raises ActionFailed."""
    if folder.resolve() != root.resolve() / folder.relative_to(root):
        raise ActionFailed(f"in the place of the folder {folder.relative_to(root)} is a link", "ClientError")
    return folder


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
    """`model.tar.gz` of a folder's content: relative names, no owner names, the same bytes for the same files.

    Raises ActionFailed for a file that may not be read.
    """
    try:
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            for path in paths_below(folder):
                tar.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)
    except OSError as error:
        if error.errno not in _UNREADABLE:
            raise
        name = str(error.filename)[:80]
        raise ActionFailed(f"{archive.name} cannot be made: {error.strerror}: {name}", "ClientError") from error


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
    except BROKEN_TAR as error:
        remove_folder(folder)
        raise ActionFailed(f"{archive.name} cannot be unpacked: {error}", "ClientError") from error
