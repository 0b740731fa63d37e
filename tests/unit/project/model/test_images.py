"""Images are found where they are named, and built where they are not."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from build_error import BuildError
from data_source import Images
from images import build_images, require_images, run_script

from tests.aws.clients import scripted

REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
IMAGES = Images(f"{REGISTRY}/mls-demo-model:1", f"{REGISTRY}/team/lambda@sha256:{'0' * 64}")


def test_named_images_must_be_in_ecr() -> None:
    with scripted("ecr") as ecr:
        for repository, image in (
            ("mls-demo-model", {"imageTag": "1"}),
            ("team/lambda", {"imageDigest": f"sha256:{'0' * 64}"}),
        ):
            expected = {"registryId": "123456789012", "repositoryName": repository, "imageIds": [image]}
            ecr.answers("describe_images", {}, expected)
        assert require_images(ecr.client, IMAGES) == IMAGES


def test_a_named_image_that_ecr_does_not_have_is_told_by_key() -> None:
    with scripted("ecr") as ecr:
        ecr.fails("describe_images", "ImageNotFoundException", "no tag 1")
        with pytest.raises(BuildError, match=r"^imageDetail.json: ImageUri is .*no tag 1"):
            require_images(ecr.client, IMAGES)


REPOSITORIES = (f"{REGISTRY}/mls-demo-model", f"{REGISTRY}/mls-demo-lambda")
BUILT = Images(*(f"{repository}:1" for repository in REPOSITORIES))


class Commands:
    """Runs no script, and says what the scripts would print."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.ran.append(list(command[1:]))
        return "\n".join(f"{uri}:1" for uri in command[-2:]) if "build_image.sh" in command[1] else ""


def test_images_that_the_registry_has_are_neither_built_nor_pushed() -> None:
    commands = Commands()
    with scripted("ecr") as ecr:
        for name in ("mls-demo-model", "mls-demo-lambda"):
            expected = {"registryId": "123456789012", "repositoryName": name, "imageIds": [{"imageTag": "1"}]}
            ecr.answers("describe_images", {}, expected)
        assert build_images(ecr.client, Path("container"), *REPOSITORIES, commands) == BUILT
    assert commands.ran == [["container/build_image.sh", "--both", "--name", *REPOSITORIES]]


def test_when_one_is_missing_the_scripts_build_and_push_what_is_not_there() -> None:
    commands = Commands()
    with scripted("ecr") as ecr:
        ecr.answers("describe_images", {})
        ecr.fails("describe_images", "ImageNotFoundException")
        assert build_images(ecr.client, Path("container"), *REPOSITORIES, commands) == BUILT
    assert commands.ran[1:] == [
        ["container/build_image.sh", "--both", *REPOSITORIES],
        ["container/push_image.sh", BUILT.image_uri, BUILT.image_lambda_uri],
    ]


def test_a_registry_that_cannot_be_asked_ends_the_build() -> None:
    with scripted("ecr") as ecr:
        ecr.fails("describe_images", "RepositoryNotFoundException")
        with pytest.raises(ClientError, match="RepositoryNotFoundException"):
            build_images(ecr.client, Path("container"), *REPOSITORIES, Commands())


def test_a_build_script_that_prints_something_else_is_refused() -> None:
    with scripted("ecr") as ecr, pytest.raises(BuildError, match="must print two image URIs"):
        build_images(ecr.client, Path("container"), "a", "b", lambda _: "only-one")


def test_a_script_that_fails_ends_the_build() -> None:
    with pytest.raises(BuildError, match=r"exit 3.* failed"):
        run_script(["bash", "-c", "exit 3"])
    assert run_script(["bash", "-c", "echo printed; echo logged >&2"]) == "printed\n"
