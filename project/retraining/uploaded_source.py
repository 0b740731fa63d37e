"""data-source.zip, whose upload starts the pipeline: what a person uploaded last, and the same with other data.

The version that retraining uploads keeps hyperparameters and images, and says in its metadata which event it was made for and which data
a person had given. So the same event uploads once, and a second retraining for the same endpoint begins with the person's data again
instead of adding its rows to those that the first one added.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from evidence import EvidenceError, Place

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MEMBER = "inputData.json"
EVENT, ENDPOINT, TRAINING, TEST = "retraining-event", "retraining-endpoint", "base-training-uri", "base-test-uri"


def event_of_upload(s3: S3Client, place: Place) -> str:
    """The event for which the current version was made; empty for a person's."""
    return s3.head_object(Bucket=place.bucket, Key=place.key)["Metadata"].get(EVENT, "")


@dataclass(frozen=True)
class UploadedSource:
    """One version of it."""

    place: Place
    etag: str
    version: str
    metadata: dict[str, str] = field(default_factory=dict)
    members: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, s3: S3Client, place: Place) -> UploadedSource:
        """The current one. Raises EvidenceError."""
        try:
            answer = s3.get_object(Bucket=place.bucket, Key=place.key)
            with zipfile.ZipFile(io.BytesIO(answer["Body"].read())) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            if not isinstance(json.loads(members[MEMBER]), dict):
                raise EvidenceError(f"{place}: {MEMBER} holds no JSON object")
        except ClientError as error:
            raise EvidenceError(f"{place}: cannot be read: {error}") from error
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise EvidenceError(f"{place}: is no ZIP file with {MEMBER}: {error}") from error
        return cls(place, answer["ETag"], answer.get("VersionId", ""), answer.get("Metadata", {}), members)

    @property
    def data(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.members[MEMBER])
        return content

    @property
    def made_for_event(self) -> str:
        return self.metadata.get(EVENT, "")

    def base(self, endpoint: str) -> tuple[Place, Place]:
        """Training and test data to which rows of this endpoint are added: what its own model was trained on."""
        if self.metadata.get(ENDPOINT) == endpoint:
            return Place.of(self.metadata[TRAINING]), Place.of(self.metadata[TEST])
        return Place.of(self.data["TrainingUri"]), Place.of(self.data["TestUri"])

    def replace_data(self, s3: S3Client, uris: dict[str, str], event: str, endpoint: str) -> str:
        """Upload it with other data unless that was done for this event already; the version.

        An upload that came in between is not lost: S3 refuses, and the event is delivered again.
        """
        if self.made_for_event == event:
            return self.version
        training, test = self.base(endpoint)
        metadata = {EVENT: event, ENDPOINT: endpoint, TRAINING: str(training), TEST: str(test)}
        put: Any = {"IfMatch": self.etag, "Metadata": metadata, "Body": self._packed(uris)}
        return s3.put_object(Bucket=self.place.bucket, Key=self.place.key, **put).get("VersionId", "")

    def _packed(self, uris: dict[str, str]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**self.members, MEMBER: json.dumps(uris, indent=1).encode()}.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return stream.getvalue()
