"""One version of an object, and what S3 keeps about it."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

NULL_VERSION = "null"
KMS = "aws:kms"
AES256 = "AES256"


class Encryption(BaseModel):
    """How the keys of a version's files are sealed.

    `algorithm` is S3's word: AES256 seals them under a key of the data folder, aws:kms under a data key that KMS made for this object,
    `data_key` (base64, encrypted by KMS under `key_arn` with `context`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: str
    key_arn: str = ""
    bucket_key: bool = False
    context: dict[str, str] = {}
    data_key: str = ""


class Details(BaseModel):
    """What the client said of the object. `headers` by the name of the response's member, `checksums` by S3's name ("CRC32"), base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encryption: Encryption
    content_type: str = "binary/octet-stream"
    headers: dict[str, str] = {}
    metadata: dict[str, str] = {}
    tags: dict[str, str] = {}
    checksums: dict[str, str] = {}
    checksum_type: str = "FULL_OBJECT"
    # The number of each part of a multipart upload, in order; empty for an object that was put whole.
    part_numbers: tuple[int, ...] = ()


class ObjectVersion(BaseModel):
    """A row of the table `objects`. A delete marker has neither bytes nor details.

    `holder` is the id by which the table `segments` knows its files; `etag` is without quotes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str
    key: str
    version_id: str
    modified_at: float
    holder: str
    sequence: int = 0
    is_latest: bool = True
    is_delete_marker: bool = False
    size: int = 0
    etag: str = ""
    details: Details | None = None

    @property
    def about(self) -> Details:
        """The details of a version that is no delete marker."""
        assert self.details is not None, "a delete marker has no details"
        return self.details

    @property
    def quoted_etag(self) -> str:
        return f'"{self.etag}"'

    @property
    def last_modified(self) -> datetime:
        """In whole seconds, as S3 has it."""
        return datetime.fromtimestamp(int(self.modified_at), UTC)


class Segment(BaseModel):
    """One file of a holder's bytes; `size` is that of the plain bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    size: int
    sealed_key: bytes
