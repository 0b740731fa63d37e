"""Which hours of an execution's window have data: a job is given those alone, and where there are none it does not begin."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.runtime.s3_files import S3Files, split_uri
from mlsystem.engine.services.sagemaker.monitoring_job import Folder, Occasion, capture_folders
from mlsystem.engine.services.sagemaker.monitoring_merge import truth_folders


def captured_folders(house: House, occasion: Occasion, files: S3Files) -> list[Folder]:
    """Of captured requests. Raises AwsError for an endpoint that is gone, ActionFailed where there are none."""
    name = occasion.monitoring.endpoint
    endpoint = house.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
    if "DataCaptureConfig" not in endpoint:
        raise ActionFailed(f"The endpoint {name} captures no data.", "ClientError")
    variants = [variant["VariantName"] for variant in endpoint.get("ProductionVariants", ())]
    destination = endpoint["DataCaptureConfig"]["DestinationS3Uri"].rstrip("/")
    found = _with_data(files, capture_folders(destination, name, variants, occasion.window))
    if not found:
        span = f"{_told(occasion.window.start)} to {_told(occasion.window.end)}"
        raise ActionFailed(
            f"Job inputs had no data: the endpoint {name} captured no requests from {span} (below {destination}/{name}/)."
        )
    return found


def labelled_folders(occasion: Occasion, files: S3Files) -> list[Folder]:
    """Of ground truth. Raises ActionFailed where there is none."""
    folders = truth_folders(occasion)
    found = _with_data(files, folders)
    if not found:
        places = folders[0].uri if len(folders) == 1 else f"{folders[0].uri} up to {folders[-1].uri}"
        raise ActionFailed(f"Job inputs had no data: there is no ground truth in {places}.")
    return found


def has_data(files: S3Files, uri: str) -> bool:
    return next(files.keys(*split_uri(uri)), None) is not None


def _with_data(files: S3Files, folders: Iterable[Folder]) -> list[Folder]:
    return [folder for folder in folders if has_data(files, folder.uri)]


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
