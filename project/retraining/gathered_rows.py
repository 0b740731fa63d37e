"""What production was asked and what turned out to be true: gathered for an event, and the same again when the event comes again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evidence import EvidenceError, Place, read_json
from ground_truth import GroundTruth
from labelled_requests import LabelledRequests
from new_training_set import NewRows, write_rows
from retraining_guards import Found
from retraining_settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient

VARIANT = "AllTraffic"
MODEL_DATA = "/output/model.tar.gz"


@dataclass(frozen=True)
class Production:
    """The endpoint whose requests count, with what its model has learned of their columns."""

    endpoint: str
    columns: list[str]
    target: str

    @classmethod
    def read(cls, sagemaker: SageMakerClient, s3: S3Client, endpoint: str) -> Production:
        """Raises EvidenceError. The model has the endpoint's name."""
        container = sagemaker.describe_model(ModelName=endpoint).get("PrimaryContainer", {})
        run = container.get("ModelDataUrl", "").removesuffix(MODEL_DATA)
        place = Place.of(f"{run}/data/train/schema.json")
        try:
            schema = read_json(s3, place)
            return cls(endpoint, [feature["name"] for feature in schema["features"]], str(schema["target"]))
        except (KeyError, TypeError) as error:
            raise EvidenceError(f"{place}: is no schema of a model: {error!r}") from error


def gather(
    s3: S3Client, settings: Settings, production: Production, until: datetime, folder: Path
) -> tuple[Found, NewRows]:
    """The labelled rows of the window that ends at the event, in files of the folder."""
    since = until - settings.window
    artifacts = settings.artifacts
    place = Place(artifacts.bucket, f"{artifacts.key}/capture/{production.endpoint}/{VARIANT}/")
    truth = GroundTruth(folder)
    try:
        truth.load(s3, settings.ground_truth, since, until)
        requests = LabelledRequests(s3, place, len(production.columns), truth)
        rows = requests.rows(since, until)
        new = write_rows(folder, production.columns, production.target, rows, settings.shares)
        unreadable = truth.unreadable + requests.unreadable
        places = (str(place), str(settings.ground_truth))
        return Found(requests.captured, truth.count, new.rows, *places, since, unreadable), new
    finally:
        truth.close()
