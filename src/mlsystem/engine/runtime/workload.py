"""What every program that a room runs for a user is given: its image, its keys, its way to the front door, its log."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.permission import ANY, Requirement
from mlsystem.engine.runtime.credentials import WorkloadCredentials
from mlsystem.engine.runtime.exits import ExitBoard
from mlsystem.engine.runtime.images import BrokenImage, Image, ImageStore
from mlsystem.engine.runtime.process import Outbound
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.folder import DataFolder

# 123456789012.dkr.ecr.us-east-1.amazonaws.com/name:tag or .../name@sha256:...
IMAGE_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+/(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)
LAST_LINES = 20
READ_BYTES = 16384
PULL_ACTIONS = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")


@dataclass(frozen=True)
class Machinery:
    """The parts of the runtime that a room runs programs with."""

    runner: ProcessRunner
    exits: ExitBoard
    images: ImageStore
    credentials: WorkloadCredentials


def find_image(house: House, images: ImageStore, uri: str, principal: Principal | None = None) -> Image:
    """The image behind an ECR URI. Raises ActionFailed when there is none, or `principal` may not pull it."""
    match = _image(house, uri)
    if principal is not None:
        demand_image(house, uri, principal)
    wanted = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
    request = {"repositoryName": match["name"], "imageIds": [wanted]}
    try:
        details = house.call("ecr", "DescribeImages", request)["imageDetails"]
        return images.open(details[0]["imageDigest"])
    except AwsError as error:
        raise ActionFailed(f"the image {uri} cannot be pulled: {error.message}", "ClientError") from error
    except BrokenImage as error:
        raise ActionFailed(f"the image {uri} cannot be run: {error}", "ClientError") from error


def demand_image(house: House, uri: str, principal: Principal) -> None:
    """The right to pull an image. Raises ActionFailed.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    repository = house.scope.arn("ecr", f"repository/{_image(house, uri)['name']}")
    pulling = [Requirement(f"ecr:{action}", repository) for action in PULL_ACTIONS]
    try:
        house.demand("ecr", principal, Requirement("ecr:GetAuthorizationToken", ANY), *pulling)
    except AwsError as error:
        raise ActionFailed(f"the image {uri} cannot be pulled: {error.message}", "ClientError") from error


def _image(house: House, uri: str) -> re.Match[str]:
    match = IMAGE_URI.fullmatch(uri)
    if match is None:
        raise ActionFailed(
            f"{uri!r} is not an image of this account's ECR ({house.scope.account}.dkr.ecr.{house.scope.region}"
            ".amazonaws.com/NAME:TAG): images of other registries cannot be pulled without a network",
            "ClientError",
        )
    return match


def workload_socket(folder: DataFolder) -> Path:
    """The door of workloads that have no other."""
    return folder.sockets / "door.sock"


def role_socket(folder: DataFolder, role_name: str) -> Path:
    """The door of a role's workloads, while the role may invoke endpoints: who comes this way is one of them, without a signature.

    Its name is no longer than that of `workload_socket`: a data folder has few bytes to spare for paths of sockets.
    """
    digest = hashlib.blake2s(role_name.encode(), digest_size=5).digest()
    return folder.sockets / f"d{base64.b32encode(digest).decode().lower()}"


def door(house: House, role_arn: str) -> Outbound:
    """The front door for a workload of the role, at the same address inside the sandbox as outside."""
    port = urlsplit(house.door_url).port
    assert port is not None
    own = role_socket(house.folder, role_arn.rsplit("/", 1)[-1])
    return Outbound(port, own, otherwise=workload_socket(house.folder))


def last_lines(log: Path, longest: int) -> str:
    """What a program said last, of at most so many characters; nothing where it has no log."""
    try:
        text = log.read_bytes()[-READ_BYTES:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])[-longest:]


def log_opened(group: str, stream: str, path: Path, measured: Mapping[str, object] | None = None) -> Notice:
    """Tells the logs room to follow a file, and what to measure in it (`measured_by`)."""
    told = {"group": group, "stream": stream, "path": str(path)}
    return Notice("process.log.opened", told | ({"measured": dict(measured)} if measured else {}))


def measured_by(namespace: str, dimension: str, value: str, definitions: Mapping[str, str]) -> dict[str, object]:
    """Metrics that a program prints: regular expressions by name, and where CloudWatch is to keep them."""
    if not definitions:
        return {}
    return {"namespace": namespace, "dimensions": [[dimension, value]], "definitions": dict(definitions)}


def log_closed(path: Path) -> Notice:
    return Notice("process.log.closed", {"path": str(path)})
