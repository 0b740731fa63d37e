"""Layers on their way in and out, as Docker clients move them: in parts, named by digest once complete."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.services.ecr.repositories import find_repository

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        BatchCheckLayerAvailabilityRequestTypeDef,
        CompleteLayerUploadRequestTypeDef,
        InitiateLayerUploadRequestTypeDef,
        UploadLayerPartRequestTypeDef,
    )

PART_BYTES = 10 * 1024 * 1024
UPLOAD_ID = re.compile(r"[0-9a-f-]{36}")


class Layers(Part):
    """An upload is a file aside; it becomes a blob when its digest is what the client says."""

    def __init__(self, house: House, images: ImageStore):
        self._house = house
        self._images = images

    @operation("InitiateLayerUpload", accepts="registryId repositoryName")
    def initiate(self, request: InitiateLayerUploadRequestTypeDef, call: Call) -> Mapping[str, object]:
        find_repository(call.tx, self._house, request["repositoryName"])
        upload = str(uuid.uuid4())
        self._path(upload).touch(mode=0o600)
        return {"uploadId": upload, "partSize": PART_BYTES}

    @operation(
        "UploadLayerPart",
        mode="free",
        accepts="registryId repositoryName uploadId partFirstByte partLastByte layerPartBlob",
    )
    def upload_part(self, request: UploadLayerPartRequestTypeDef, call: Call) -> Mapping[str, object]:
        path = self._existing(request["uploadId"])
        size = path.stat().st_size
        blob = cast(bytes, request["layerPartBlob"])
        first, last = request["partFirstByte"], request["partLastByte"]
        if last - first + 1 != len(blob) or first > size:
            raise AwsError(
                "InvalidLayerPartException", f"The part {first} to {last} does not follow the {size} bytes received."
            )
        with path.open("r+b") as file:
            file.seek(first)
            file.write(blob)
        return {"repositoryName": request["repositoryName"], "uploadId": request["uploadId"], "lastByteReceived": last}

    @operation("CompleteLayerUpload", mode="free", accepts="registryId repositoryName uploadId layerDigests")
    def complete(self, request: CompleteLayerUploadRequestTypeDef, call: Call) -> Mapping[str, object]:
        path = self._existing(request["uploadId"])
        with path.open("rb") as file:
            digest = self._images.add(file)
        path.unlink(missing_ok=True)
        if digest not in request["layerDigests"]:
            raise AwsError(
                "InvalidLayerException", f"The layer's digest is {digest}, not {request['layerDigests'][0]}."
            )
        return {"repositoryName": request["repositoryName"], "uploadId": request["uploadId"], "layerDigest": digest}

    @operation("BatchCheckLayerAvailability", accepts="registryId repositoryName layerDigests")
    def check(self, request: BatchCheckLayerAvailabilityRequestTypeDef, call: Call) -> Mapping[str, object]:
        find_repository(call.tx, self._house, request["repositoryName"])
        states = {
            digest: "AVAILABLE" if self._images.touch(digest) else "UNAVAILABLE" for digest in request["layerDigests"]
        }
        return {"layers": [{"layerDigest": digest, "layerAvailability": state} for digest, state in states.items()]}

    def start(self) -> None:
        """An upload that the engine's end cut off is begun anew by its client."""
        for path in self._house.folder.images.glob("upload-*"):
            path.unlink()

    def _path(self, upload: str) -> Path:
        return self._house.folder.images / f"upload-{upload}"

    def _existing(self, upload: str) -> Path:
        path = self._path(upload)
        if not UPLOAD_ID.fullmatch(upload) or not path.exists():
            raise AwsError("UploadNotFoundException", f"The upload {upload} does not exist: begin it again.")
        return path
