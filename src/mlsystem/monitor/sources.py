"""What the command reads, as files on this machine: paths, globs, and s3:// URIs, whose objects are fetched."""

import fnmatch
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlsystem.monitor.errors import ConfigurationError, DatasetError
from mlsystem.monitor.reading.files import WILDCARD, matching

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SCHEME = "s3://"
_AT_ONCE = 8  # objects

# Makes a client where an s3:// URI is asked for; nothing else needs credentials.
MakeClient = Callable[[], "S3Client"]


class Sources:
    """Files that were named, and where they are."""

    def __init__(self, folder: Path, make_client: MakeClient):
        self._folder = folder
        self._make_client = make_client

    def paths(self, names: Iterable[str]) -> list[Path]:
        """The files and folders of these names, those of a glob in order. Raises ConfigurationError, DatasetError."""
        return [path for name in names for path in self._found(name)]

    def path(self, name: str) -> Path:
        """Of a name that is no glob."""
        if not name.startswith(SCHEME):
            return Path(name)
        self._fetched(name)
        return self._folder / name.removeprefix(SCHEME)

    def told(self, text: str) -> str:
        """A text for a person, who knows nothing of where objects were kept meanwhile."""
        return text.replace(f"{self._folder}/", SCHEME)

    def _found(self, name: str) -> Sequence[Path]:
        if name.startswith(SCHEME):
            return self._fetched(name) or [self._folder / name.removeprefix(SCHEME)]
        try:
            is_one = Path(name).exists() or not WILDCARD.search(name)
            return [Path(name)] if is_one else matching(name) or [Path(name)]
        except OSError as error:
            raise DatasetError(f"{name} cannot be read: {error}") from error

    def _fetched(self, uri: str) -> list[Path]:
        """The files of the object, of those below the URI, or of those whose keys match it."""
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, _, wanted = uri.removeprefix(SCHEME).partition("/")
        if not bucket:
            raise ConfigurationError(f"{uri} names no bucket: it is to be s3://bucket/key, or s3://bucket/folder/")
        try:
            client = self._make_client()
            keys = list(_keys(client, bucket, wanted))
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                return list(pool.map(lambda key: self._fetch(client, bucket, key), keys))
        except (BotoCoreError, ClientError, OSError) as error:
            raise DatasetError(f"{uri} cannot be read: {error}") from error

    def _fetch(self, client: "S3Client", bucket: str, key: str) -> Path:
        file = self._folder / bucket / key
        if ".." in Path(key).parts or key.startswith("/"):
            raise DatasetError(f"{SCHEME}{bucket}/{key} cannot be kept as a file: leave it out")
        file.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, key, str(file))
        return file


@contextmanager
def open_sources(make_client: MakeClient) -> Iterator[Sources]:
    """For as long as what was fetched is needed."""
    with tempfile.TemporaryDirectory(prefix="monitor-s3-") as folder:
        yield Sources(Path(folder), make_client)


def default_client() -> "S3Client":
    """For the account and region of this process."""
    import boto3

    return boto3.Session().client("s3")


def _keys(client: "S3Client", bucket: str, wanted: str) -> Iterator[str]:
    """Of the object, of those below, or of those that match: a `*` also stands for slashes, as in IAM's policies."""
    prefix = WILDCARD.split(wanted)[0]
    folder = wanted if wanted.endswith("/") or not wanted else f"{wanted}/"
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            key = item["Key"]
            is_below = fnmatch.fnmatchcase(key, wanted) if prefix != wanted else key.startswith(folder)
            if (key == wanted or is_below) and not key.endswith("/"):
                yield key
