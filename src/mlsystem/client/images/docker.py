"""`docker`, as far as build scripts use it: version, build, push, pull, tag, login. It stands on the PATH of builds on the local engine.

So the same build_image.sh runs in CodeBuild on AWS with Docker, and on the engine without it.
"""

from __future__ import annotations

import argparse
import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlsystem.client.images.build import Build, build
from mlsystem.client.images.builders import STORE_VARIABLE
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import pull, push

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    layout = ImageLayout(Path(os.environ.get(STORE_VARIABLE, "/var/lib/mlsystem-images")))
    try:
        _carry_out(given, layout)
    except ImageError as error:
        _tell(f"docker: {error}")
        return 1
    return 0


def _carry_out(given: argparse.Namespace, layout: ImageLayout) -> None:
    match given.command:
        case "build":
            context = Path(given.context)
            dockerfile = Path(given.file) if given.file else context / "Dockerfile"
            values = dict(item.partition("=")[::2] for item in given.build_arg)
            build(Build(dockerfile, context, values, tuple(given.tag)), layout, _tell)
        case "push":
            push(given.image, layout, _registry(), _tell)
        case "pull":
            pull(given.image, layout, _registry(), _tell, _tls())
        case "tag":
            digest = layout.find(given.source)
            if digest is None:
                raise ImageError(f"there is no image {given.source} on this machine")
            layout.tag(given.target, digest)
        case "version":
            _tell("Docker's commands as mlsystem carries them out, without Docker")
        case "login":
            sys.stdin.read()
            _tell("Login Succeeded")


def _tls() -> ssl.SSLContext | None:
    """As AWS's clients are told by the environment."""
    bundle = os.environ.get("AWS_CA_BUNDLE")
    return ssl.create_default_context(cafile=bundle) if bundle else None


def _registry() -> ECRClient:
    import boto3  # not at the top: most commands need none of it, and it takes as long as they do

    return boto3.client("ecr")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build")
    builder.add_argument("--tag", "-t", action="append", default=[], required=True)
    builder.add_argument("--file", "-f")
    builder.add_argument("--build-arg", action="append", default=[])
    builder.add_argument("--platform", default="linux/amd64")
    builder.add_argument("context")
    for name in ("push", "pull"):
        commands.add_parser(name).add_argument("image")
    tag = commands.add_parser("tag")
    tag.add_argument("source")
    tag.add_argument("target")
    commands.add_parser("version")
    login = commands.add_parser("login")
    login.add_argument("--username", "-u", required=True)
    login.add_argument("--password-stdin", action="store_true", required=True)
    login.add_argument("registry", nargs="?")
    return parser


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
