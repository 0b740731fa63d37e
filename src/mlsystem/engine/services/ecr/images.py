"""Images of a repository: manifests under digests and tags."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, by_member
from mlsystem.engine.decide.retention import UNUSED_CODE
from mlsystem.engine.runtime.images import BrokenImage, ImageStore
from mlsystem.engine.services.ecr.repositories import PAGES, ImageRecord, Repository, find_repository
from mlsystem.engine.services.ecr.unused import sweep_images
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        BatchDeleteImageRequestTypeDef,
        BatchGetImageRequestTypeDef,
        DescribeImagesRequestTypeDef,
        ListImagesRequestTypeDef,
        PutImageRequestTypeDef,
    )

log = logging.getLogger(__name__)

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Images(Part):
    """Put, get, describe, list, delete."""

    def __init__(self, house: House, images: ImageStore):
        self._house = house
        self._images = images
        self._unpacker = ThreadPoolExecutor(1, thread_name_prefix="unpacker")

    def tidy(self, now: float) -> None:
        sweep_images(self._house.database, self._images, UNUSED_CODE.since(now))

    def stop(self) -> None:
        self._unpacker.shutdown(cancel_futures=True)

    @operation(
        "PutImage", accepts="registryId repositoryName imageManifest imageManifestMediaType imageTag imageDigest"
    )
    def put(self, request: PutImageRequestTypeDef, call: Call) -> Mapping[str, object]:
        repository = find_repository(call.tx, self._house, request["repositoryName"])
        manifest = self._checked_manifest(request["imageManifest"])
        digest = self._images.add(io.BytesIO(request["imageManifest"].encode()))
        if request.get("imageDigest", digest) != digest:
            raise AwsError("ImageDigestDoesNotMatchException", f"The manifest's digest is {digest}.")
        tag = request.get("imageTag")
        self._retag(call.tx, repository, digest, tag)
        key = f"{repository.key}@{digest}"
        before = call.tx.get(ImageRecord, key)
        tags = tuple(dict.fromkeys([*(before.tags if before else ()), *([tag] if tag else [])]))
        size = sum(int(layer["size"]) for layer in manifest["layers"])
        record = ImageRecord(
            key=key,
            parent=repository.key,
            digest=digest,
            tags=tags,
            size=size,
            media_type=manifest.get("mediaType", MANIFEST),
        )
        call.tx.put(record.changed(created_at=before.created_at) if before else record)
        call.tx.after_commit(lambda: self._unpack_soon(digest))
        image_id = {"imageDigest": digest, **({"imageTag": tag} if tag else {})}
        return {"image": self._image(repository.key, image_id, request["imageManifest"], record)}

    @operation("BatchGetImage", accepts="registryId repositoryName imageIds acceptedMediaTypes")
    def batch_get(self, request: BatchGetImageRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = find_repository(call.tx, self._house, request["repositoryName"]).key
        images, failures = [], []
        for wanted in request["imageIds"]:
            record = self._find(call.tx, name, wanted)
            if record is None:
                failures.append(
                    {"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
                )
            else:
                image_id = {**wanted, "imageDigest": record.digest}
                images.append(self._image(name, image_id, self._images.read(record.digest).decode(), record))
        return {"images": images, "failures": failures}

    @operation("DescribeImages", accepts="registryId repositoryName imageIds nextToken maxResults filter")
    def describe(self, request: DescribeImagesRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = find_repository(call.tx, self._house, request["repositoryName"]).key
        found = sorted(self._wanted(call.tx, name, request.get("imageIds")), key=by_creation)
        return PAGES.page(found, request, "imageDetails", by_creation, lambda record: self._detail(name, record))

    @operation("ListImages", accepts="registryId repositoryName nextToken maxResults filter")
    def list_images(self, request: ListImagesRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = find_repository(call.tx, self._house, request["repositoryName"]).key
        ids: list[dict[str, str]] = []
        for record in call.tx.all(ImageRecord, parent=name):
            ids += [{"imageDigest": record.digest, "imageTag": tag} for tag in record.tags] or [
                {"imageDigest": record.digest}
            ]
        mark = by_member("imageDigest", "imageTag")
        return PAGES.page(sorted(ids, key=mark), request, "imageIds", mark)

    @operation("BatchDeleteImage", accepts="registryId repositoryName imageIds")
    def batch_delete(self, request: BatchDeleteImageRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = find_repository(call.tx, self._house, request["repositoryName"]).key
        deleted, failures = [], []
        for wanted in request["imageIds"]:
            record = self._find(call.tx, name, wanted)
            if record is None:
                failures.append(
                    {"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
                )
                continue
            deleted.append({**wanted, "imageDigest": record.digest})
            rest = tuple(tag for tag in record.tags if tag != wanted.get("imageTag"))
            if "imageTag" in wanted and rest:
                call.tx.put(record.changed(tags=rest))
            else:
                call.tx.remove(ImageRecord, record.key)
        return {"imageIds": deleted, "failures": failures}

    def _unpack_soon(self, digest: str) -> None:
        """Ahead of the first job or instance that runs it, which would wait for that."""
        self._unpacker.submit(self._unpack, digest)

    def _unpack(self, digest: str) -> None:
        try:
            self._images.open(digest)
        except BrokenImage as error:
            log.warning("the image %s cannot be unpacked: %s", digest, error)  # who runs it is told the same

    def _checked_manifest(self, text: str) -> dict[str, Any]:
        try:
            manifest: dict[str, Any] = json.loads(text)
            digests = [str(part["digest"]) for part in (manifest["config"], *manifest["layers"])]
        except (ValueError, KeyError, TypeError) as error:
            raise AwsError("InvalidParameterException", f"The image manifest cannot be read: {error!r}.") from error
        missing = [digest for digest in digests if not self._images.has(digest)]
        if missing:
            raise AwsError(
                "LayersNotFoundException", f"Layers of the manifest were not uploaded: {', '.join(missing)}."
            )
        return manifest

    def _retag(self, tx: Transaction, repository: Repository, digest: str, tag: str | None) -> None:
        """A tag belongs to one image: take it from the one that had it."""
        for other in tx.all(ImageRecord, parent=repository.key):
            if tag is None or tag not in other.tags or other.digest == digest:
                continue
            if repository.is_immutable:
                raise AwsError(
                    "ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists and is immutable."
                )
            tx.put(other.changed(tags=tuple(known for known in other.tags if known != tag)))

    def _find(self, tx: Transaction, name: str, wanted: Mapping[str, Any]) -> ImageRecord | None:
        if "imageDigest" in wanted:
            return tx.get(ImageRecord, f"{name}@{wanted['imageDigest']}")
        return next((record for record in tx.all(ImageRecord, parent=name) if wanted["imageTag"] in record.tags), None)

    def _wanted(self, tx: Transaction, name: str, ids: Sequence[Mapping[str, Any]] | None) -> list[ImageRecord]:
        if not ids:
            return tx.all(ImageRecord, parent=name)
        records = []
        for wanted in ids:
            record = self._find(tx, name, wanted)
            if record is None:
                words = ", ".join(f"{key}:'{value}'" for key, value in wanted.items())
                raise AwsError(
                    "ImageNotFoundException",
                    f"The image with imageId {{{words}}} does not exist in the repository '{name}'",
                )
            records.append(record)
        return records

    def _image(self, name: str, image_id: Mapping[str, Any], manifest: str, record: ImageRecord) -> dict[str, object]:
        return {
            "registryId": self._house.scope.account,
            "repositoryName": name,
            "imageId": image_id,
            "imageManifest": manifest,
            "imageManifestMediaType": record.media_type,
        }

    def _detail(self, name: str, record: ImageRecord) -> dict[str, object]:
        return {
            "registryId": self._house.scope.account,
            "repositoryName": name,
            "imageDigest": record.digest,
            "imageTags": list(record.tags),
            "imageSizeInBytes": record.size,
            "imagePushedAt": datetime.fromtimestamp(record.created_at, UTC),
            "imageManifestMediaType": record.media_type,
        }
