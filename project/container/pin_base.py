#!/usr/bin/env python3
"""Pins the base image of the Dockerfile: writes its name with the digest that its tag has today into base_image.txt.

    pin_base.py [IMAGE]     IMAGE is that of the Dockerfile unless given, such as public.ecr.aws/docker/library/python:3.13-slim

build_image.sh builds upon what the file says, and upon the tag itself where there is no such file. The digest is that of
the tag's index, which stands for the image on every platform. The registry is asked by its HTTP API, without an account:
https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

FOLDER = Path(__file__).resolve().parent
PIN = FOLDER / "base_image.txt"
DOCKER_HUB = "registry-1.docker.io"
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
TIMEOUT_SECONDS = 20
PARTS = re.compile(
    r"(?:(?P<registry>[\w.-]+[.:][\w.:-]*|localhost)/)?(?P<repository>[a-z0-9./_-]+):(?P<tag>[\w][\w.-]*)"
)


class PinError(Exception):
    """What keeps the image from being pinned, and what to do."""


@dataclass(frozen=True)
class Image:
    """`name` as it is written: python:3.13-slim, public.ecr.aws/docker/library/python:3.13-slim."""

    name: str
    registry: str
    repository: str
    tag: str

    @classmethod
    def of(cls, name: str) -> Image:
        """Raises PinError."""
        parts = PARTS.fullmatch(name)
        if parts is None:
            raise PinError(f"{name!r} is not the name of an image with a tag, such as python:3.13-slim")
        registry, repository = parts["registry"] or DOCKER_HUB, parts["repository"]
        if registry in ("docker.io", DOCKER_HUB):
            registry = DOCKER_HUB
            repository = repository if "/" in repository else f"library/{repository}"
        return cls(name, registry, repository, parts["tag"])

    @property
    def scheme(self) -> str:
        """TLS, but for registries of this machine, as Docker has it."""
        return "http" if self.registry.partition(":")[0] in ("localhost", "127.0.0.1") else "https"

    @property
    def manifest_url(self) -> str:
        return f"{self.scheme}://{self.registry}/v2/{self.repository}/manifests/{self.tag}"


def digest_of(image: Image) -> str:
    """The digest of the tag's index: of what the registry sends, not of what it says. Raises PinError."""
    headers = {"Accept": ", ".join(INDEXES)}
    try:
        kind, body = _get(image.manifest_url, headers)
    except HTTPError as error:
        if error.code != 401:
            raise _refusal(image, error) from error
        token = _token(image, error.headers.get("WWW-Authenticate", ""))
        try:
            kind, body = _get(image.manifest_url, {**headers, "Authorization": f"Bearer {token}"})
        except HTTPError as refused:
            raise _refusal(image, refused) from refused
    if kind not in INDEXES:
        raise PinError(f"{image.name}: the registry has no index of it, but {kind or 'something without a type'}")
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _get(url: str, headers: Mapping[str, str]) -> tuple[str, bytes]:
    """Content type and body. Raises HTTPError, and PinError if there is no answer."""
    try:
        with urlopen(Request(url, headers=dict(headers)), timeout=TIMEOUT_SECONDS) as answer:
            return answer.headers.get_content_type(), answer.read()
    except HTTPError:
        raise
    except (URLError, OSError) as error:
        raise PinError(f"{url} gives no answer: {getattr(error, 'reason', error)}") from error


def _token(image: Image, challenge: str) -> str:
    """For everybody who asks: the registry says where and for what."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer ") or not fields.get("realm", "").startswith(f"{image.scheme}://"):
        raise PinError(f"{image.name}: the registry asks for {challenge!r}, and not for a token that everybody gets")
    asked = {"scope": f"repository:{image.repository}:pull", **fields}
    url = f"{asked.pop('realm')}?{urlencode(asked)}"
    try:
        content = json.loads(_get(url, {})[1])
        return str(content.get("token") or content["access_token"])
    except HTTPError as error:
        raise PinError(f"{image.name}: {url} gives no token: {error}") from error
    except (ValueError, KeyError, AttributeError) as error:
        raise PinError(f"{image.name}: {url} answers with something else than a token") from error


def _refusal(image: Image, error: HTTPError) -> PinError:
    if error.code == 404:
        return PinError(f"{image.name}: the registry has no such image or tag")
    return PinError(f"{image.name}: the registry answers {error.code} {error.reason}")


def image_of_dockerfile(dockerfile: Path) -> str:
    """The default of its PYTHON_IMAGE. Raises PinError."""
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile.read_text(), re.MULTILINE)
    if found is None:
        raise PinError(f"{dockerfile} has no line ARG PYTHON_IMAGE=...")
    return found[1]


def pin(image: Image, path: Path) -> str:
    """What the file says then. It is there whole or not at all. Raises PinError."""
    pinned = f"{image.name}@{digest_of(image)}"
    new = path.with_suffix(".new")
    new.write_text(f"{pinned}\n")
    os.replace(new, path)
    return pinned


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", nargs="?", help="with a tag; that of the Dockerfile unless given")
    given = parser.parse_args()
    try:
        print(pin(Image.of(given.image or image_of_dockerfile(FOLDER / "Dockerfile")), PIN))
    except PinError as error:
        print(f"pin_base.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
