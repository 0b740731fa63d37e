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
        match = _ECR_URI.fullmatch(uri)
        if match is None:
            raise BuildError(f"{IMAGE_DETAIL}: {key} is {uri!r}, which is not the URI of an ECR image")
        try:
            ecr.describe_images(
                registryId=match["registry"],
                repositoryName=match["repository"],
                imageIds=[{"imageTag": match["tag"]} if match["tag"] else {"imageDigest": match["digest"]}],
            )
        except ClientError as error:
            raise BuildError(f"{IMAGE_DETAIL}: {key} is {uri}, and ECR says: {error}") from error
    return images


def build_images(container: Path, repository_uri: str, lambda_repository_uri: str, run: RunScript) -> Images:
    """Build both images, push what the registry does not have, and return their URIs."""
    output = run(["bash", str(container / "build_image.sh"), repository_uri, lambda_repository_uri])
    uris = output.split()
    if len(uris) != 2:
        raise BuildError(f"{container / 'build_image.sh'} must print two image URIs; it printed {output!r}")
    run(["bash", str(container / "push_image.sh"), *uris])
    return Images(image_uri=uris[0], image_lambda_uri=uris[1])
