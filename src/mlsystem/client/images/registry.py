"""Moves images between this machine and ECR, through ECR's own API."""

from __future__ import annotations

import json
import re
import ssl
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import MANIFEST, ImageLayout

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

URI = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+/(?P<repository>[^:@]+):(?P<tag>[^:@]+)")


def push(name: str, layout: ImageLayout, ecr: ECRClient, tell: Callable[[str], None], known_as: str = "") -> str:
    """Push the image to the repository that `name` says; its digest. Layers that are there are not sent again.

    In the layout it has the same name, or is `known_as` another.
    """
    repository, tag = _split(name)
    digest = layout.find(known_as or name)
    if digest is None:
        raise ImageError(f"there is no image {name} on this machine: build it first")
    manifest = json.loads(layout.manifest(digest))
    try:
        for item in [manifest["config"], *manifest["layers"]]:
            _push_blob(repository, item["digest"], layout, ecr, tell)
        put = ecr.put_image(
            repositoryName=repository,
            imageManifest=layout.manifest(digest),
            imageManifestMediaType=MANIFEST,
            imageTag=tag,
        )
    except ClientError as error:
        raise ImageError(f"{name} cannot be pushed: {error.response['Error']['Message']}") from error
    return put["image"]["imageId"]["imageDigest"]


def pull(
    name: str, layout: ImageLayout, ecr: ECRClient, tell: Callable[[str], None], tls: ssl.SSLContext | None = None
) -> str:
    """Fetch an image from ECR into the layout, under the name that it has there; `tls`: for the layers, where it is not the usual."""
    repository, tag = _split(name)
    try:
        answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        raise ImageError(f"{name} cannot be pulled: {error.response['Error']['Message']}") from error
    if not answer["images"]:
        raise ImageError(f"{name} cannot be pulled: there is no such image in the repository")
    text = answer["images"][0]["imageManifest"]
    manifest = json.loads(text)
    for item in [manifest["config"], *manifest["layers"]]:
        if layout.blob_path(item["digest"]).exists():
            continue
        tell(f"pulling {item['digest'][:19]} ({item['size'] // 1024} kB)")
        url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=item["digest"])["downloadUrl"]
        with urllib.request.urlopen(url, timeout=300, context=tls) as response:  # noqa: S310 - the registry's own URL
            blob = layout.add(response.read(), item["mediaType"])
        if blob.digest != item["digest"]:
            raise ImageError(f"{name} cannot be pulled: the blob {item['digest']} came as {blob.digest}")
    digest = layout.add(text.encode(), MANIFEST).digest
    layout.tag(name, digest)
    return digest


def _push_blob(repository: str, digest: str, layout: ImageLayout, ecr: ECRClient, tell: Callable[[str], None]) -> None:
    checked = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    if checked["layers"] and checked["layers"][0]["layerAvailability"] == "AVAILABLE":
        return
    path = layout.blob_path(digest)
    tell(f"pushing {digest[:19]} ({path.stat().st_size // 1024} kB)")
    upload = ecr.initiate_layer_upload(repositoryName=repository)
    first = 0
    with path.open("rb") as file:
        while piece := file.read(upload["partSize"]):
            ecr.upload_layer_part(
                repositoryName=repository,
                uploadId=upload["uploadId"],
                partFirstByte=first,
                partLastByte=first + len(piece) - 1,
                layerPartBlob=piece,
            )
            first += len(piece)
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload["uploadId"], layerDigests=[digest])


def _split(name: str) -> tuple[str, str]:
    match = URI.fullmatch(name)
    if match is None:
        raise ImageError(f"{name} is not an ECR image URI (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG)")
    return match["repository"], match["tag"]
