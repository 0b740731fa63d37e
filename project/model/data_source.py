"""The members of data-source.zip: which data, which hyperparameters, which images a run takes.

CodePipeline unpacks the file beside the source. Whoever uploads it is not looking at the code, so each mistake names the
member and the key. An unknown key is a mistake too: it is a known one misspelt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from build_error import BuildError

INPUT_DATA = "inputData.json"
HYPERPARAMETERS = "hyperparameters.json"
IMAGE_DETAIL = "imageDetail.json"

MAX_HYPERPARAMETERS = 100  # CreateTrainingJob's limits
MAX_HYPERPARAMETER_NAME = 256
MAX_HYPERPARAMETER_VALUE = 2500

_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)/.+")
_IMAGE_URI = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+/[a-z0-9][a-z0-9._/-]*(:[\w.-]+|@sha256:[a-f0-9]{64})")


@dataclass(frozen=True)
class Images:
    """The image of jobs and endpoints, and the image of the API function."""

    image_uri: str
    image_lambda_uri: str


@dataclass(frozen=True)
class DataSource:
    """What was uploaded. Without `images`, the build makes them from the repository's folder `container`."""

    training_uri: str
    test_uri: str
    baseline_uri: str | None
    hyperparameters: dict[str, str]
    images: Images | None


def read_data_source(folder: Path, dataset_bucket: str) -> DataSource:
    """Read all members below `folder`; raises BuildError for the first mistake."""
    data = _read_input_data(folder, dataset_bucket)
    return DataSource(
        training_uri=data["TrainingUri"],
        test_uri=data["TestUri"],
        baseline_uri=data.get("BaselineUri"),
        hyperparameters=_read_hyperparameters(folder),
        images=_read_images(folder),
    )


def _read_input_data(folder: Path, dataset_bucket: str) -> dict[str, str]:
    content = _read_member(folder, INPUT_DATA)
    _require_keys(INPUT_DATA, content, required=("TrainingUri", "TestUri"), optional=("BaselineUri",))
    uris = {}
    for key, value in content.items():
        match = _S3_URI.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise BuildError(f"{INPUT_DATA}: {key} is {value!r}; it must be s3://<bucket>/<prefix or key>")
        if match["bucket"] != dataset_bucket:
            raise BuildError(
                f"{INPUT_DATA}: {key} is in bucket {match['bucket']}; the project may read bucket {dataset_bucket} alone"
            )
        uris[key] = match.group(0)
    return uris


def _read_hyperparameters(folder: Path) -> dict[str, str]:
    content = _read_member(folder, HYPERPARAMETERS)
    if len(content) > MAX_HYPERPARAMETERS:
        raise BuildError(f"{HYPERPARAMETERS}: {len(content)} keys; SageMaker takes {MAX_HYPERPARAMETERS} at most")
    return {name: _hyperparameter(name, value) for name, value in content.items()}


def _hyperparameter(name: str, value: object) -> str:
    """SageMaker's hyperparameters are texts; numbers and booleans are written as in JSON."""
    if not isinstance(value, str | int | float | bool):
        raise BuildError(f"{HYPERPARAMETERS}: {name} must be a text, a number or a boolean")
    text = value if isinstance(value, str) else json.dumps(value)
    if len(name) > MAX_HYPERPARAMETER_NAME or len(text) > MAX_HYPERPARAMETER_VALUE:
        raise BuildError(
            f"{HYPERPARAMETERS}: {name[:40]} is too long; SageMaker takes {MAX_HYPERPARAMETER_NAME} characters of a name "
            f"and {MAX_HYPERPARAMETER_VALUE} of a value"
        )
    return text


def _read_images(folder: Path) -> Images | None:
    content = _read_member(folder, IMAGE_DETAIL)
    _require_keys(IMAGE_DETAIL, content, required=(), optional=("ImageUri", "ImageLambdaUri"))
    named = {key: value for key, value in content.items() if value}
    if not named:
        return None
    _require_keys(IMAGE_DETAIL, named, required=("ImageUri", "ImageLambdaUri"), optional=())
    for key, value in named.items():
        if not isinstance(value, str) or not _IMAGE_URI.fullmatch(value):
            raise BuildError(
                f"{IMAGE_DETAIL}: {key} is {value!r}; it must be the URI of an ECR image with tag or digest"
            )
    return Images(image_uri=str(named["ImageUri"]), image_lambda_uri=str(named["ImageLambdaUri"]))


def _read_member(folder: Path, name: str) -> dict[str, object]:
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BuildError(f"{name}: data-source.zip has no such member") from error
    except ValueError as error:
        raise BuildError(f"{name}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BuildError(f"{name}: must hold a JSON object")
    return content


def _require_keys(
    member: str, content: dict[str, object], required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    for key in required:
        if key not in content:
            raise BuildError(f"{member}: {key} is missing")
    for key in content:
        if key not in (*required, *optional):
            raise BuildError(f"{member}: unknown key {key!r}; known: {', '.join((*required, *optional))}")
