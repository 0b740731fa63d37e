"""A trial component, wherever it comes from: one that a client made, or a job's.

The names and parameters of a job's component are those that SageMaker gives it:
https://docs.aws.amazon.com/sagemaker/latest/dg/experiments-view-compare.html
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from mlsystem.engine.contract import House
from mlsystem.engine.services.sagemaker.experiment import Association, ComponentState, Trial, TrialComponent
from mlsystem.engine.services.sagemaker.job import Job, ProcessingJob, TrainingJob
from mlsystem.engine.services.sagemaker.listing import when
from mlsystem.engine.services.sagemaker.transform_job import TransformJob
from mlsystem.engine.store.database import Transaction

SOURCES: Mapping[type[Job], tuple[str, str]] = {
    TrainingJob: ("aws-training-job", "SageMakerTrainingJob"),
    ProcessingJob: ("aws-processing-job", "SageMakerProcessingJob"),
    TransformJob: ("aws-transform-job", "SageMakerTransformJob"),
}
STATUSES = {"InProgress": "InProgress", "Stopping": "Stopping", "Stopped": "Stopped", "Completed": "Completed"}


@dataclass(frozen=True)
class Component:
    """`about` are the members of DescribeTrialComponent beside names and times; `trials` those that it belongs to."""

    name: str
    arn: str
    about: Mapping[str, Any]
    created_at: float
    updated_at: float
    trials: frozenset[str]
    is_of_job: bool

    def description(self) -> dict[str, Any]:
        return {
            "TrialComponentName": self.name,
            "TrialComponentArn": self.arn,
            "DisplayName": self.name,
            "CreationTime": when(self.created_at),
            "LastModifiedTime": when(self.updated_at),
            **self.about,
        }


def components(
    tx: Transaction, house: House, trial: str | None = None, newest_first: bool = False
) -> Iterator[Component]:
    """All, or those of a trial, in the order of their creation; read as far as the caller goes."""
    links = tx.all(Association)
    linked = {link.component for link in links if link.parent == trial}
    stored = (one for one in tx.each(TrialComponent, newest_first=newest_first) if trial is None or one.key in linked)
    sources = [
        (_stored(one, links) for one in stored if one.state == ComponentState.PRESENT),
        *(_of_jobs(tx, house, links, model, trial, newest_first) for model in SOURCES),
    ]
    found = heapq.merge(*sources, key=lambda one: (one.created_at, one.name), reverse=newest_first)
    return found if trial is None else (one for one in _with_linked(tx, house, found, linked) if trial in one.trials)


def _with_linked(tx: Transaction, house: House, found: Iterable[Component], linked: set[str]) -> Iterator[Component]:
    """And components of jobs that were put into the trial later, or by hand; these come last."""
    told = set()
    for one in found:
        told.add(one.name)
        yield one
    for name in sorted(linked - told):
        one_more = component(tx, house, name)
        if one_more is not None:
            yield one_more


def component(tx: Transaction, house: House, name: str) -> Component | None:
    """The one with this name."""
    links = tx.all(Association)
    stored = tx.get(TrialComponent, name)
    if stored is not None:
        return _stored(stored, links) if stored.state == ComponentState.PRESENT else None
    for model, (suffix, _) in SOURCES.items():
        job = tx.get(model, name.removesuffix(f"-{suffix}"))
        if name.endswith(f"-{suffix}") and job is not None and "ExperimentConfig" in job.request:
            return _of_job(tx, job, house, links)
    return None


def note_trials(tx: Transaction) -> None:
    """Have jobs of an engine that did not write down their trials found by them."""
    trial = "json_extract(body, '$.request.ExperimentConfig.TrialName')"
    kinds = ", ".join(f"'{model.kind}'" for model in SOURCES)
    tx.connection.execute(
        text(
            f"UPDATE records SET parent = {trial}, body = json_set(body, '$.parent', {trial}) "  # noqa: S608 - of constants
            f"WHERE kind IN ({kinds}) AND parent = '' AND {trial} IS NOT NULL"
        )
    )


def _stored(record: TrialComponent, links: list[Association]) -> Component:
    held = frozenset(link.parent for link in links if link.component == record.key and not link.is_removed)
    times: dict[str, Any] = {
        name: when(record.about[name]) for name in ("StartTime", "EndTime") if name in record.about
    }
    about = {**record.about, **times}
    return Component(record.key, record.arn, about, record.created_at, record.updated_at, held, is_of_job=False)


def _of_jobs(
    tx: Transaction, house: House, links: list[Association], model: type[Job], trial: str | None, newest_first: bool
) -> Iterator[Component]:
    for job in tx.each(model, parent=trial, newest_first=newest_first):
        if "ExperimentConfig" in job.request:
            made = _of_job(tx, job, house, links)
            if tx.get(TrialComponent, made.name) is None:
                yield made


def _of_job(tx: Transaction, job: Job, house: House, links: list[Association]) -> Component:
    suffix, source_type = SOURCES[type(job)]
    name = f"{job.key}-{suffix}"
    mine = [link for link in links if link.component == name]
    named = {job.parent} if job.parent and tx.get(Trial, job.parent) is not None else set()
    held = (named | {link.parent for link in mine if not link.is_removed}) - {
        link.parent for link in mine if link.is_removed
    }
    about: dict[str, Any] = {
        "Source": {"SourceArn": job.arn, "SourceType": source_type},
        "DisplayName": job.request["ExperimentConfig"].get("TrialComponentDisplayName", name),
        "Status": _status(job),
        "Parameters": _parameters(job),
        "InputArtifacts": _inputs(job),
        "OutputArtifacts": _outputs(job),
        "Metrics": [_metric(job, *metric) for metric in job.final_metrics],
    }
    if job.started_at is not None:
        about["StartTime"] = when(job.started_at)
    if job.ended_at is not None:
        about["EndTime"] = when(job.ended_at)
    arn = house.scope.arn("sagemaker", f"experiment-trial-component/{name.lower()}")
    return Component(name, arn, about, job.created_at, job.updated_at, frozenset(held), is_of_job=True)


def _status(job: Job) -> dict[str, str]:
    status = {"PrimaryStatus": STATUSES.get(job.state, "Failed")}
    return status | (
        {"Message": f"Status: {job.state}, failure reason: {job.failure_reason}"} if job.failure_reason else {}
    )


def _parameters(job: Job) -> dict[str, dict[str, object]]:
    """Hyperparameters (numbers as numbers), the environment of other jobs, and the instances."""
    cluster = _cluster(job)
    instances = {
        f"SageMaker.{name}": cluster[name]
        for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB")
        if name in cluster
    }
    given = job.request.get("HyperParameters") or job.request.get("Environment") or {}
    return {name: _parameter(value) for name, value in {**given, **instances}.items()}


def _cluster(job: Job) -> dict[str, Any]:
    request = job.request
    if "ProcessingResources" in request:
        return dict(request["ProcessingResources"]["ClusterConfig"])
    return dict(request.get("ResourceConfig") or request["TransformResources"])


def _parameter(value: object) -> dict[str, object]:
    try:
        return {"NumberValue": float(str(value))}
    except ValueError:
        return {"StringValue": str(value)}


def _inputs(job: Job) -> dict[str, dict[str, str]]:
    channels = {
        one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in job.request.get("InputDataConfig", ())
    }
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in job.request.get("ProcessingInputs", ())}
    app = job.request.get("AlgorithmSpecification", job.request.get("AppSpecification", {}))
    image = {"SageMaker.ImageUri": app.get("TrainingImage") or app.get("ImageUri")}
    transform = job.request.get("TransformInput", {}).get("DataSource", {}).get("S3DataSource", {})
    records = {"SageMaker.TransformInput": transform.get("S3Uri"), "SageMaker.ModelName": job.request.get("ModelName")}
    return {name: {"Value": uri} for name, uri in {**image, **channels, **inputs, **records}.items() if uri}


def _outputs(job: Job) -> dict[str, dict[str, str]]:
    outputs = job.request.get("ProcessingOutputConfig", {}).get("Outputs", ())
    found = {one["OutputName"]: one["S3Output"]["S3Uri"] for one in outputs}
    if isinstance(job, TrainingJob) and job.state == "Completed":
        base = job.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        found["SageMaker.ModelArtifact"] = f"{base}/{job.key}/output/model.tar.gz"
    if "TransformOutput" in job.request:
        found["SageMaker.TransformOutput"] = job.request["TransformOutput"]["S3OutputPath"]
    return {name: {"Value": uri} for name, uri in found.items()}


def _metric(job: Job, name: str, value: float, at: float) -> dict[str, object]:
    """SageMaker sums a job's values up; what is kept here is the last one."""
    summary = dict.fromkeys(("Last", "Max", "Min", "Avg"), value)
    return {"MetricName": name, "SourceArn": job.arn, "TimeStamp": when(at), **summary, "Count": 1}
