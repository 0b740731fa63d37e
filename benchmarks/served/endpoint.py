"""The whole path: an endpoint of an engine that runs for it, invoked through the front door, its traffic captured or not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.served.contender import PAUSE_SECONDS, READY_SECONDS, WORKERS, NotRunError, Service
from benchmarks.served.wire import CSV
from benchmarks.served.workload import Workload
from mlsystem.archives import tarfile
from tests.e2e.built_images import push_built
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving

NAME, BUCKET = "bench", "bench"
PIECE_BYTES = 1 << 20


class LostCaptureError(Exception):
    """Fewer invocations were captured than were answered, or more than were sent."""


@dataclass(frozen=True)
class Endpoint:
    name: str
    is_captured: bool

    @contextmanager
    def serving(self, workload: Workload, folder: Path) -> Iterator[Service]:
        # As a process of its own rather than a fork of the tests' starter.
        engine = LiveEngine(folder / "engine", within=("env",))
        engine.start()
        try:
            prepare(engine, workload)
            began = time.monotonic()
            create(engine, self.is_captured)
            yield Service(engine.port, f"/endpoints/{NAME}/invocations", CSV, time.monotonic() - began)
        finally:
            engine.stop()


def captured_count(engine_url: str, folder: Path) -> int:
    """The invocations that lie captured in S3, once the endpoint is gone: what it wrote last is shipped before."""
    engine = LiveEngine(folder / "engine")
    engine.url = engine_url
    serving = Serving(engine, home=BUCKET)
    serving.delete(NAME)
    s3 = engine.client("s3")
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="captured/"):
        for item in page.get("Contents", ()):
            body = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"]
            count += sum(piece.count(b"\n") for piece in body.iter_chunks(PIECE_BYTES))
    return count


def prepare(engine: LiveEngine, workload: Workload) -> None:
    """What is there before an endpoint is: image, role and model."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ("model.txt", "inference"):
            archive.add(workload.folder / name, name)
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=stream.getvalue())
    container = {
        "Image": push_built(engine, "container"),
        "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
        "Environment": {"MODEL_SERVER_WORKERS": str(WORKERS)},
    }
    arn = role(engine, "server")
    engine.client("sagemaker").create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=arn)


def create(engine: LiveEngine, is_captured: bool, instances: int = 1) -> None:
    """In service. Raises NotRunError."""
    sagemaker = engine.client("sagemaker")
    capture: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    variant = {
        "VariantName": "All",
        "ModelName": NAME,
        "InitialInstanceCount": instances,
        "InstanceType": "ml.m5.large",
    }
    captured = {"DataCaptureConfig": capture} if is_captured else {}
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant], **captured)
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)

    def settled() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=NAME)
        return found if found["EndpointStatus"] != "Creating" else None

    found = eventually(settled, READY_SECONDS, PAUSE_SECONDS)
    if found["EndpointStatus"] != "InService":
        raise NotRunError(f"its endpoint is {found['EndpointStatus']}: {found.get('FailureReason')}")


CAPTURED = Endpoint("our endpoint, all captured", is_captured=True)
UNCAPTURED = Endpoint("our endpoint", is_captured=False)
