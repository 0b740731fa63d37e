"""The images of a run: those that imageDetail.json names, or else those of the repository's folder `container`.

A named image must be there: a typing error should end the build, not a job an hour later. The scripts build an image
once for each content of the folder, so that most builds find what an earlier one pushed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from build_error import BuildError
from data_source import IMAGE_DETAIL, Images

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

RunScript = Callable[[Sequence[str]], str]

_ECR_URI = re.compile(r"(?P<registry>\d{12})\.dkr\.ecr\.[^/]+/(?P<repository>[^:@]+)(:(?P<tag>[^@]+)|@(?P<digest>.+))")


def run_script(command: Sequence[str]) -> str:
    """Run a script of the repository; its standard error goes to the build's log. Returns its standard output."""
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{' '.join(command)} failed: {error}") from error


def require_images(ecr: ECRClient, images: Images) -> Images:
    """Raises BuildError, naming the key of imageDetail.json, unless ECR has both images."""
    for key, uri in (("ImageUri", images.image_uri), ("ImageLambdaUri", images.image_lambda_uri)):
        try:
            _describe(ecr, uri)
        except (BuildError, ClientError) as error:
            raise BuildError(f"{IMAGE_DETAIL}: {key} is {uri}: {error}") from error
    return images


def build_images(
    ecr: ECRClient, container: Path, repository_uri: str, lambda_repository_uri: str, run: RunScript
) -> Images:
    """Build and push what the registry does not have of both images, and return their URIs."""
    repositories = (repository_uri, lambda_repository_uri)
    uris = _uris(container / "build_image.sh", run, "--both", "--name", *repositories)
    # Asked here, as the scripts start the AWS CLI for each question.
    if not all(_is_pushed(ecr, uri) for uri in uris):
        uris = _uris(container / "build_image.sh", run, "--both", *repositories)
        run(["bash", str(container / "push_image.sh"), *uris])
    return Images(image_uri=uris[0], image_lambda_uri=uris[1])


def _uris(script: Path, run: RunScript, *arguments: str) -> list[str]:
    output = run(["bash", str(script), *arguments])
    uris = output.split()
    if len(uris) != 2:
        raise BuildError(f"{script} must print two image URIs; it printed {output!r}")
    return uris


def _is_pushed(ecr: ECRClient, uri: str) -> bool:
    try:
        _describe(ecr, uri)
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def _describe(ecr: ECRClient, uri: str) -> None:
    """Raises ClientError unless ECR has the image, BuildError where none is meant."""
    match = _ECR_URI.fullmatch(uri)
    if match is None:
        raise BuildError("this is not the URI of an ECR image")
    ecr.describe_images(
        registryId=match["registry"],
        repositoryName=match["repository"],
        imageIds=[{"imageTag": match["tag"]} if match["tag"] else {"imageDigest": match["digest"]}],
    )
