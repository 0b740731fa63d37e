"""The job that merges captured requests with what turned out later, before a model's quality is judged. Pure.

On AWS its image is Amazon's own; here it is the definition's, which merges where it is told of ground truth and of no format.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from mlsystem.engine.services.sagemaker.monitoring_job import (
    CAPTURED,
    Folder,
    Occasion,
    captured_inputs,
    common_request,
    input_of,
    job_request,
    output_config,
)
from mlsystem.engine.services.sagemaker.monitoring_schedule import instant
from mlsystem.engine.services.sagemaker.monitoring_window import Window

PREFIX = "groundtruth-merge"
GROUND_TRUTH = "/opt/ml/processing/groundtruth"
# Below the monitoring's output.
MERGED = "merge"


def truth_folders(occasion: Occasion) -> list[Folder]:
    """Ground truth lies by the hour in which it was collected: from the window's first up to the scheduled time."""
    root = occasion.monitoring.ground_truth_uri.rstrip("/")
    hours = Window(occasion.window.start, instant(occasion.due)).hours()
    return [Folder(f"{root}/{hour:%Y/%m/%d/%H}/", f"{hour:%Y/%m/%d/%H}") for hour in hours]


def merge_request(occasion: Occasion, captured: Sequence[Folder], truths: Sequence[Folder]) -> dict[str, Any]:
    """CreateProcessingJob's members. The folders are those that have data."""
    monitoring = occasion.monitoring
    found = [
        input_of(f"groundtruth_input_{number}", folder.uri, f"{GROUND_TRUTH}/{folder.path}")
        for number, folder in enumerate(truths, 1)
    ]
    return {
        **common_request(monitoring, occasion.job_name(PREFIX)),
        "ProcessingInputs": [*found, *captured_inputs(monitoring, captured)],
        "ProcessingOutputConfig": output_config(monitoring, MERGED),
        "Environment": {
            "dataset_source": monitoring.endpoint_input["LocalPath"],
            "ground_truth_source": GROUND_TRUTH,
            "output_path": monitoring.output["LocalPath"],
        },
    }


def planned_request(occasion: Occasion, captured: Sequence[Folder]) -> dict[str, Any]:
    """The job that comes next, with all of the hours in which there may be merged records."""
    root = f"{occasion.monitoring.output['S3Uri'].rstrip('/')}/{MERGED}"
    return job_request(occasion, [Folder(f"{root}/{folder.path}/", folder.path) for folder in captured])


def merged_uris(planned: dict[str, Any]) -> list[str]:
    """Where there may be merged records."""
    inputs = planned["ProcessingInputs"]
    return [one["S3Input"]["S3Uri"] for one in inputs if one["InputName"].startswith(CAPTURED)]


def with_merged(planned: dict[str, Any], uris: Collection[str]) -> dict[str, Any]:
    """The planned job with those hours alone."""
    inputs = planned["ProcessingInputs"]
    kept = [one for one in inputs if not one["InputName"].startswith(CAPTURED) or one["S3Input"]["S3Uri"] in uris]
    return {**planned, "ProcessingInputs": kept}
