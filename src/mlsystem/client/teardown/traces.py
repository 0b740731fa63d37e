"""What is left behind beside the stacks: logs, the experiment, the schedule of a deployment that was under way, the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.dashboard.body import is_stored, overview
from mlsystem.client.project import Project
from mlsystem.client.teardown.removal import Removal

# Groups that jobs of all projects share: of these only the project's own streams go.
JOB_GROUPS = ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/TransformJobs")


class Traces:
    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._logs = connection.client("logs")
        self._sagemaker = connection.client("sagemaker")
        self._scheduler = connection.client("scheduler")
        self._pipeline = project.pipeline
        self._overview = overview(project)
        self._jobs = f"{project.prefix}-{project.model_name}-"

    def removals(self) -> Iterator[Removal]:
        yield from self._groups()
        yield from self._streams()
        yield from self._experiment()
        yield from self._schedules()
        yield from self._dashboard()

    def _groups(self) -> Iterator[Removal]:
        own = {
            f"/aws/lambda/{self._pipeline}-",
            f"/aws/codebuild/{self._pipeline}-",
            f"/aws/sagemaker/Endpoints/{self._pipeline}-",
            f"/aws/sagemaker/Endpoints/{self._jobs}",
        }
        for prefix in sorted(own):
            pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
            for name in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
                yield Removal("log group", name, lambda name=name: self._logs.delete_log_group(logGroupName=name))  # type: ignore[misc]

    def _streams(self) -> Iterator[Removal]:
        for group in JOB_GROUPS:
            names = self._stream_names(group)
            if names:
                yield Removal(
                    "log streams",
                    f"{self._jobs}* in {group}",
                    lambda group=group, names=names: self._remove_streams(group, names),  # type: ignore[misc]
                )

    def _stream_names(self, group: str) -> list[str]:
        pages = self._logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=self._jobs
        )
        try:
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except self._logs.exceptions.ResourceNotFoundException:
            return []

    def _remove_streams(self, group: str, names: list[str]) -> None:
        for name in names:
            self._logs.delete_log_stream(logGroupName=group, logStreamName=name)

    def _schedules(self) -> Iterator[Removal]:
        """By which the judge looked; it takes them away itself where it is left the time."""
        pages = self._scheduler.get_paginator("list_schedules").paginate(NamePrefix=f"{self._pipeline}-judge-")
        for name in [schedule["Name"] for page in pages for schedule in page["Schedules"]]:
            yield Removal("schedule", name, lambda name=name: self._remove_schedule(name))  # type: ignore[misc]

    def _remove_schedule(self, name: str) -> None:
        with suppress(self._scheduler.exceptions.ResourceNotFoundException):
            self._scheduler.delete_schedule(Name=name)

    def _dashboard(self) -> Iterator[Removal]:
        """That `mlsystem dashboard --put` has put there; the one of production goes with its stack."""
        if is_stored(self._connection, self._overview):
            cloudwatch = self._connection.client("cloudwatch")
            yield Removal(
                "dashboard",
                self._overview,
                lambda: cloudwatch.delete_dashboards(DashboardNames=[self._overview]),
            )

    def _experiment(self) -> Iterator[Removal]:
        try:
            self._sagemaker.describe_experiment(ExperimentName=self._pipeline)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFound":
                return
            raise
        yield Removal("experiment", self._pipeline, self._remove_experiment)

    def _remove_experiment(self) -> None:
        """Its trials and what is in them go first, as SageMaker asks."""
        trials = self._sagemaker.get_paginator("list_trials").paginate(ExperimentName=self._pipeline)
        for trial in [summary["TrialName"] for page in trials for summary in page["TrialSummaries"]]:
            pages = self._sagemaker.get_paginator("list_trial_components").paginate(TrialName=trial)
            for component in [one["TrialComponentName"] for page in pages for one in page["TrialComponentSummaries"]]:
                self._sagemaker.disassociate_trial_component(TrialComponentName=component, TrialName=trial)
                self._sagemaker.delete_trial_component(TrialComponentName=component)
            self._sagemaker.delete_trial(TrialName=trial)
        self._sagemaker.delete_experiment(ExperimentName=self._pipeline)
