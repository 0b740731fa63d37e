"""A run of the training workflow, as its trial and its trial components tell of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

TRAINING, EVALUATION = "Training-Job", "Model-Evaluation-Job"  # display names, as the workflow gives them
COMMIT, DATA_VERSION, BRANCH = "GitCommitHash", "DataVersionId", "GitBranch"  # tags of a trial
OF_MACHINE = "SageMaker."


@dataclass(frozen=True)
class Job:
    """A trial component. `arn` is that of the job; parameters and artefacts by name."""

    name: str
    step: str
    arn: str
    status: str
    message: str
    began: datetime | None
    ended: datetime | None
    parameters: Mapping[str, str]
    artefacts: Mapping[str, str]
    metrics: Mapping[str, float]

    @property
    def duration(self) -> timedelta | None:
        return self.ended - self.began if self.began and self.ended else None

    @property
    def kind(self) -> str:
        """`TrainingJobs` or `ProcessingJobs`: the group of its log is named so."""
        resource = self.arn.rpartition(":")[2].partition("/")[0]
        return {"training-job": "TrainingJobs", "processing-job": "ProcessingJobs"}.get(resource, "TransformJobs")

    @property
    def job(self) -> str:
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Run:
    """`jobs` in the order in which they began. `evaluation` has the numbers of eval.json; empty where it cannot be read."""

    trial: str
    created: datetime
    commit: str
    branch: str
    data_version: str
    jobs: tuple[Job, ...]
    evaluation: Mapping[str, float]

    @property
    def training(self) -> Job | None:
        return next((job for job in self.jobs if job.step == TRAINING), None)

    @property
    def execution(self) -> str:
        """Of the workflow: it has the name of the training job, and every job's name begins with it."""
        if self.training is not None:
            return self.training.job
        return self.jobs[0].job.rpartition("-")[0] if self.jobs else ""

    @property
    def pipeline_execution(self) -> str:
        """The trial is named after it: five groups of digits and letters."""
        return "-".join(self.trial.split("-")[-5:])

    @property
    def status(self) -> str:
        states = [job.status for job in self.jobs]
        return next(
            (one for one in ("Failed", "Stopped", "InProgress") if one in states), "Completed" if states else ""
        )

    @property
    def parameters(self) -> dict[str, str]:
        """Of the training, without those of its machine."""
        given = self.training.parameters if self.training else {}
        return {name: value for name, value in given.items() if not name.startswith(OF_MACHINE)}

    @property
    def metrics(self) -> dict[str, float]:
        told = {name: value for job in self.jobs for name, value in job.metrics.items()}
        return {**told, **self.evaluation}

    @property
    def duration(self) -> timedelta | None:
        begun = [job.began for job in self.jobs if job.began]
        ended = [job.ended for job in self.jobs if job.ended]
        return max(ended) - min(begun) if begun and ended else None


def read_run(trial: Mapping[str, Any], jobs: list[Job]) -> Run:
    tags = {tag["Key"]: tag["Value"] for tag in trial.get("Tags", ())}
    return Run(
        trial=trial["TrialName"],
        created=trial["CreationTime"],
        commit=tags.get(COMMIT, ""),
        branch=tags.get(BRANCH, ""),
        data_version=tags.get(DATA_VERSION, ""),
        jobs=tuple(sorted(jobs, key=lambda job: job.began.timestamp() if job.began else float("inf"))),
        evaluation={},
    )


def read_job(found: Mapping[str, Any]) -> Job:
    status = found.get("Status", {})
    parameters = found.get("Parameters", {})
    artefacts = {**found.get("InputArtifacts", {}), **found.get("OutputArtifacts", {})}
    return Job(
        name=found["TrialComponentName"],
        step=found.get("DisplayName", found["TrialComponentName"]),
        arn=found.get("Source", {}).get("SourceArn", ""),
        status=status.get("PrimaryStatus", ""),
        message=status.get("Message", ""),
        began=found.get("StartTime"),
        ended=found.get("EndTime"),
        parameters={name: _parameter(value) for name, value in parameters.items()},
        artefacts={name: value.get("Value", "") for name, value in artefacts.items()},
        metrics={one["MetricName"]: one["Last"] for one in found.get("Metrics", ()) if "Last" in one},
    )


def _parameter(value: Mapping[str, Any]) -> str:
    return f"{value['NumberValue']:g}" if "NumberValue" in value else str(value.get("StringValue", ""))
