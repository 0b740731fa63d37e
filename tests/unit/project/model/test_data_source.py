"""Each member of data-source.zip is checked, and a mistake is told by the member's name."""

import json
from pathlib import Path
from typing import Any

import pytest
from build_error import BuildError
from data_source import DataSource, Images, read_data_source

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mls-demo-model:0123abcd"
LAMBDA_IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mls-demo-lambda@sha256:" + "0" * 64
GOOD: dict[str, object] = {
    "inputData.json": {"TrainingUri": "s3://data/jan/train", "TestUri": "s3://data/jan/test"},
    "hyperparameters.json": {"num_round": 50, "learning_rate": 0.1, "objective": "binary", "verbose": True},
    "imageDetail.json": {"ImageUri": IMAGE, "ImageLambdaUri": LAMBDA_IMAGE},
}


def read(folder: Path, **changes: object) -> DataSource:
    for name, content in {**GOOD, **{f"{key}.json": value for key, value in changes.items()}}.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return read_data_source(folder, "data")


def test_a_good_upload_is_read_whole(tmp_path: Path) -> None:
    assert read(tmp_path) == DataSource(
        training_uri="s3://data/jan/train",
        test_uri="s3://data/jan/test",
        baseline_uri=None,
        hyperparameters={"num_round": "50", "learning_rate": "0.1", "objective": "binary", "verbose": "true"},
        images=Images(IMAGE, LAMBDA_IMAGE),
    )


def test_a_baseline_may_be_named(tmp_path: Path) -> None:
    uris = {"TrainingUri": "s3://data/a", "TestUri": "s3://data/b", "BaselineUri": "s3://data/c"}
    assert read(tmp_path, inputData=uris).baseline_uri == "s3://data/c"


@pytest.mark.parametrize("detail", [{}, {"ImageUri": "", "ImageLambdaUri": ""}, {"ImageUri": None}])
def test_without_images_the_build_makes_them(tmp_path: Path, detail: dict[str, object]) -> None:
    assert read(tmp_path, imageDetail=detail).images is None


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_member_is_named(tmp_path: Path, name: str) -> None:
    read(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BuildError, match=f"^{name}: data-source.zip has no such member"):
        read_data_source(tmp_path, "data")


@pytest.mark.parametrize("name", ["inputData", "hyperparameters", "imageDetail"])
@pytest.mark.parametrize(("content", "reason"), [("{", "not JSON"), ("[]", "must hold a JSON object")])
def test_a_malformed_member_is_named(tmp_path: Path, name: str, content: str, reason: str) -> None:
    with pytest.raises(BuildError, match=f"^{name}.json: {reason}"):
        read(tmp_path, **{name: content})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"TestUri": "s3://data/b"}, "TrainingUri is missing"),
        ({"TrainingUri": "s3://data/a", "TestUri": "s3://data/b", "TrainUri": ""}, "unknown key 'TrainUri'"),
        ({"TrainingUri": "/data/a", "TestUri": "s3://data/b"}, "TrainingUri is '/data/a'"),
        ({"TrainingUri": "s3://data/", "TestUri": "s3://data/b"}, "TrainingUri is 's3://data/'"),
        ({"TrainingUri": 1, "TestUri": "s3://data/b"}, "TrainingUri is 1"),
        ({"TrainingUri": "s3://data/a", "TestUri": "s3://other/b"}, "TestUri is in bucket other"),
    ],
)
def test_a_wrong_address_is_told_by_key(tmp_path: Path, content: dict[str, Any], reason: str) -> None:
    with pytest.raises(BuildError, match=f"^inputData.json: {reason}"):
        read(tmp_path, inputData=content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"num_round": [1]}, "num_round must be a text, a number or a boolean"),
        ({"note": "x" * 2501}, "note is too long"),
        ({f"p{n}": 1 for n in range(101)}, "101 keys"),
    ],
)
def test_hyperparameters_that_sagemaker_would_refuse_are_refused(
    tmp_path: Path, content: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BuildError, match=f"^hyperparameters.json: {reason}"):
        read(tmp_path, hyperparameters=content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"ImageUri": IMAGE}, "ImageLambdaUri is missing"),
        ({"ImageUri": "flights:latest", "ImageLambdaUri": LAMBDA_IMAGE}, "ImageUri is 'flights:latest'"),
        ({"ImageUri": IMAGE, "ImageLambdaUri": 1}, "ImageLambdaUri is 1"),
        ({"ImageURI": IMAGE}, "unknown key 'ImageURI'"),
    ],
)
def test_a_wrong_image_is_told_by_key(tmp_path: Path, content: dict[str, Any], reason: str) -> None:
    with pytest.raises(BuildError, match=f"^imageDetail.json: {reason}"):
        read(tmp_path, imageDetail=content)
