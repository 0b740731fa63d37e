"""Images of this machine and of the registry: built, loaded, listed, pushed and pulled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.images.archive import load
from mlsystem.client.images.builders import Builder, Built, build_image, local_images
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import URI, pull, push
from mlsystem.client.images.trial import Trial, run_trial

Tell = Callable[[str], None]
# What ECR takes as a repository's name, and Docker as a tag.
_NAME = re.compile(r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)(?::(?P<tag>[\w][\w.-]{0,127}))?")


@dataclass(frozen=True)
class Listed:
    """`place` is `local`, or the registry that holds the image."""

    name: str
    digest: str
    size_bytes: int
    place: str


def build(
    tag: str, context: Path, dockerfile: Path | None, arguments: list[str], builder: Builder, tell: Tell
) -> Built:
    """Raises ClientFailure."""
    for argument in arguments:
        if "=" not in argument:
            raise ClientFailure(f"--build-arg {argument}: expected NAME=VALUE")
    values = dict(argument.split("=", 1) for argument in arguments)
    try:
        return build_image(
            _tagged(tag), context, dockerfile or context / "Dockerfile", values, builder, local_images(), tell
        )
    except ImageError as error:
        raise ClientFailure(str(error)) from error


def run(tag: str, command: list[str], volumes: list[str], variables: list[str]) -> int:
    """The exit code of the program. Raises ClientFailure."""
    mounted = dict(map(_mount, volumes))
    for variable in variables:
        if "=" not in variable:
            raise ClientFailure(f"--env {variable}: expected NAME=VALUE")
    given = dict(variable.split("=", 1) for variable in variables)
    name = _tagged(tag)
    if local_images().find(name) is None:
        raise NotFound(f"there is no image {name} on this machine: `mlsystem image build {name} CONTEXT` builds one")
    try:
        return run_trial(Trial(name, command, mounted, given), local_images())
    except ImageError as error:
        raise ClientFailure(str(error)) from error


def _mount(volume: str) -> tuple[str, Path]:
    """Place inside, and folder of this machine. Raises ClientFailure."""
    folder, _, place = volume.rpartition(":")
    if not folder or not place.startswith("/"):
        raise ClientFailure(f"--volume {volume}: expected FOLDER:PLACE, with a PLACE that begins with /")
    return place, Path(folder).absolute()


def load_archive(archive: Path, tag: str) -> dict[str, str]:
    """Digests by name. Raises ClientFailure."""
    try:
        return load(archive, local_images(), _tagged(tag) if tag else "")
    except ImageError as error:
        raise ClientFailure(str(error)) from error


def local() -> Iterator[Listed]:
    """The images of this machine's user."""
    layout = local_images()
    for name, digest in sorted(layout.names().items()):
        yield Listed(name, digest, _size(layout, digest), "local")


def remote(connection: Connection) -> Iterator[Listed]:
    """The images in the registry: each under its tags, or its digest where it has none."""
    ecr = connection.client("ecr")
    for page in ecr.get_paginator("describe_repositories").paginate():
        for repository in page["repositories"]:
            uri = repository["repositoryUri"]
            images = ecr.get_paginator("describe_images").paginate(repositoryName=repository["repositoryName"])
            for found in (image for one in images for image in one["imageDetails"]):
                names = [f"{uri}:{tag}" for tag in found.get("imageTags", ())] or [f"{uri}@{found['imageDigest']}"]
                for name in names:
                    yield Listed(name, found["imageDigest"], found.get("imageSizeInBytes", 0), uri.partition("/")[0])


def push_image(connection: Connection, tag: str, uri: str, tell: Tell) -> tuple[str, str]:
    """The URI in the registry, and the digest; a repository that is not there is made. Raises ClientFailure."""
    name, layout = _tagged(tag), local_images()
    if layout.find(name) is None:
        raise NotFound(f"there is no image {name} on this machine: `mlsystem image build {name} CONTEXT` builds one")
    target = uri or (name if URI.fullmatch(name) else f"{registry_of(connection)}/{name}")
    match = URI.fullmatch(target)
    if match is None:
        raise ClientFailure(f"{target} is not an ECR image URI (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG)")
    make_repository(connection, match["repository"])
    try:
        return target, push(target, layout, connection.client("ecr"), tell, known_as=name)
    except ImageError as error:
        raise ClientFailure(str(error)) from error


def pull_image(connection: Connection, uri: str, tell: Tell) -> str:
    """The digest. Raises ClientFailure."""
    try:
        return pull(uri, local_images(), connection.client("ecr"), tell, connection.tls())
    except ImageError as error:
        raise ClientFailure(str(error)) from error


def registry_of(connection: Connection) -> str:
    """The account's own: `123456789012.dkr.ecr.us-east-1.amazonaws.com`."""
    return f"{connection.account()}.dkr.ecr.{connection.region}.{connection.dns_suffix()}"


def make_repository(connection: Connection, name: str) -> None:
    """Unless it is there. Raises ClientFailure."""
    try:
        connection.client("ecr").create_repository(repositoryName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryAlreadyExistsException":
            raise ClientFailure(f"the repository {name}: {error.response['Error']['Message']}") from error


def _tagged(name: str) -> str:
    """As Docker completes a name. Raises ClientFailure for what is none."""
    if URI.fullmatch(name):
        return name
    match = _NAME.fullmatch(name)
    if match is None:
        raise ClientFailure(
            f"{name!r} is no image's name: NAME or NAME:TAG, with a NAME of small letters, digits and ._/-"
        )
    return name if match["tag"] else f"{name}:latest"


def _size(layout: ImageLayout, digest: str) -> int:
    manifest = json.loads(layout.manifest(digest))
    return sum(int(layer["size"]) for layer in manifest["layers"])
