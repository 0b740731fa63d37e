"""Images are found where they are named, and built where they are not."""

from collections.abc import Sequence
from pathlib import Path

import pytest
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


def test_what_the_build_script_prints_is_pushed_and_returned() -> None:
    commands = []

    def run(command: Sequence[str]) -> str:
        commands.append(list(command))
        return "registry/model:1\nregistry/lambda:1\n" if "build_image.sh" in command[1] else ""

    images = build_images(Path("container"), "registry/model", "registry/lambda", run)
    assert images == Images("registry/model:1", "registry/lambda:1")
    assert commands == [
        ["bash", "container/build_image.sh", "registry/model", "registry/lambda"],
        ["bash", "container/push_image.sh", "registry/model:1", "registry/lambda:1"],
    ]


def test_a_build_script_that_prints_something_else_is_refused() -> None:
    with pytest.raises(BuildError, match="must print two image URIs"):
        build_images(Path("container"), "a", "b", lambda _: "only-one")


def test_a_script_that_fails_ends_the_build() -> None:
    with pytest.raises(BuildError, match=r"exit 3.* failed"):
        run_script(["bash", "-c", "exit 3"])
    assert run_script(["bash", "-c", "echo printed; echo logged >&2"]) == "printed\n"
