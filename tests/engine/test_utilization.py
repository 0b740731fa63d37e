"""What endpoints and jobs use of the machine is told each minute, as SageMaker tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving
from tests.transforming import Transforms

BUSY = """#!/usr/bin/env python3
kept = bytearray(64 * 1024 * 1024)
while True:
    sum(range(100_000))
"""
ENDPOINTS, JOBS = "/aws/sagemaker/Endpoints", "/aws/sagemaker/TrainingJobs"
NAMES = ("CPUUtilization", "MemoryUtilization", "DiskUtilization")


def _datapoints(live: LiveEngine, namespace: str, dimensions: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    now = datetime.now(UTC)
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    asked = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=1), "Period": 1}
    cloudwatch = live.client("cloudwatch")
    return {
        name: cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=named,
            Statistics=["Maximum", "SampleCount"],
            Unit="Percent",
            **asked,
        )["Datapoints"]
        for name in NAMES
    }


def _most(points: list[dict[str, Any]]) -> float:
    return max((float(point["Maximum"]) for point in points), default=0.0)


def test_instances_and_jobs_tell_what_they_use_of_the_machine(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(time_scale=60)
    live.start()
    serving = Serving(live)
    endpoint = serving.endpoint(serving.simple_config(count=2))
    image = push_image(live, "busy", {"/opt/program/train": BUSY})
    serving.sagemaker.create_training_job(
        TrainingJobName="busy",
        RoleArn=role(live, "trainer"),
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": f"s3://{serving.home}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 86400},
    )
    # A program that never rests has at least a good part of a core, however many others want it too.
    job = {"Host": "busy/algo-1"}
    eventually(lambda: _most(_datapoints(live, JOBS, job)["CPUUtilization"]) > 20)
    busy = {name: _most(points) for name, points in _datapoints(live, JOBS, job).items()}
    assert busy["CPUUtilization"] < 130, "it has one thread"
    assert 0 < busy["MemoryUtilization"] < 100
    assert 0 < busy["DiskUtilization"] <= 100
    variant = {"EndpointName": endpoint, "VariantName": "AllTraffic"}
    eventually(lambda: all(_datapoints(live, ENDPOINTS, variant).values()))
    idle = _datapoints(live, ENDPOINTS, variant)
    assert {point["SampleCount"] for points in idle.values() for point in points} <= {1.0, 2.0}, "one of each instance"
    assert 2.0 in {point["SampleCount"] for point in idle["MemoryUtilization"]}
    assert 0 < _most(idle["MemoryUtilization"]) < busy["MemoryUtilization"], "the job keeps 64 MiB, a server little"
    serving.sagemaker.stop_training_job(TrainingJobName="busy")
    transforms = Transforms(live).prepare()
    name = transforms.start(transforms.put(a_csv=b"wait"), transforms.model())
    container = {"Host": f"{name}/algo-1"}
    eventually(lambda: _most(_datapoints(live, "/aws/sagemaker/TransformJobs", container)["MemoryUtilization"]) > 0)
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    transforms.ended(name)
