"""Runs of the training workflow as SageMaker's experiment of the project keeps them: a trial each, and a trial component for each job.

What a trial was made of (commit, version of the data) its tags say. How good its model is says the evaluation that it has written;
metrics that a job reports to SageMaker come on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.experiment_run import EVALUATION, Job, Run, read_job, read_run
from mlsystem.client.project import Project
from mlsystem.client.stored_file import FinalDocuments

PAGE = 10
AT_ONCE = 4
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
MOST_RESULTS = 100
EVALUATION_FILE = "eval.json"


@dataclass(frozen=True)
class Runs:
    """Newest first. `total` of the experiment; `token` leads to older ones."""

    runs: tuple[Run, ...]
    total: int
    token: str


class Experiments:
    def __init__(self, connection: Connection, project: Project, documents: FinalDocuments | None = None):
        self._connection = connection
        self._documents = documents or FinalDocuments()
        self._sagemaker = connection.client("sagemaker")
        self._experiment = project.pipeline

    def page(self, token: str = "") -> Runs:
        """Empty where the workflow has never run."""
        answer = self._search(
            "ExperimentTrial",
            {"Filters": [_equal("ExperimentName", self._experiment)]},
            MaxResults=PAGE,
            **({"NextToken": token} if token else {}),
        )
        trials = [item["Trial"] for item in answer["Results"]]
        total = answer.get("TotalHits", {}).get("Value", len(trials))
        return Runs(tuple(self._runs(trials)), total, answer.get("NextToken", ""))

    def named(self, trials: Sequence[str]) -> list[Run]:
        """In the order of their names here. Raises NotFound for one that is no trial of the project."""
        names = {"Operator": "Or", "Filters": [_equal("TrialName", name) for name in trials]}
        own = {"Filters": [_equal("ExperimentName", self._experiment)]}
        answer = self._search("ExperimentTrial", {"SubExpressions": [own, names]}, MaxResults=len(trials))
        found = {item["Trial"]["TrialName"]: item["Trial"] for item in answer["Results"]}
        for name in trials:
            if name not in found:
                raise NotFound(f"the project has no run {name}")
        return self._runs([found[name] for name in trials])

    # ------------------------------------------------------------------ inner
    def _runs(self, trials: Sequence[Mapping[str, Any]]) -> list[Run]:
        by_trial = self._jobs([trial["TrialName"] for trial in trials])
        runs = [read_run(trial, by_trial[trial["TrialName"]]) for trial in trials]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            read = pool.map(lambda run: self._evaluation(run.jobs), runs)
            return [Run(**{**vars(run), "evaluation": numbers}) for run, numbers in zip(runs, read, strict=True)]

    def _jobs(self, trials: Sequence[str]) -> dict[str, list[Job]]:
        found: dict[str, list[Job]] = {name: [] for name in trials}
        token: dict[str, str] = {}
        wanted = {"Operator": "Or", "Filters": [_equal("Parents.TrialName", name) for name in trials]}
        while trials:
            answer = self._search("ExperimentTrialComponent", wanted, MaxResults=MOST_RESULTS, **token)
            for item in answer["Results"]:
                for parent in item["TrialComponent"].get("Parents", ()):
                    if parent.get("TrialName") in found:
                        found[parent["TrialName"]].append(read_job(item["TrialComponent"]))
            if "NextToken" not in answer:
                break
            token = {"NextToken": answer["NextToken"]}
        return found

    def _evaluation(self, jobs: Sequence[Job]) -> dict[str, float]:
        """Empty where there is none that can be read: a page of many runs does not fail for one. No run writes a second one."""
        uri = next((job.artefacts.get("evaluation", "") for job in jobs if job.step == EVALUATION), "")
        if not uri:
            return {}
        try:
            return dict(numbers_of(self._documents.read(self._connection, f"{uri.rstrip('/')}/{EVALUATION_FILE}")))
        except (ClientFailure, AttributeError):
            return {}

    def _search(self, resource: str, expression: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        try:
            return dict(
                self._sagemaker.search(
                    Resource=resource,
                    SearchExpression=expression,
                    SortBy="CreationTime",
                    SortOrder="Descending",
                    **more,
                )
            )
        except ClientError as error:
            raise ClientFailure(f"the experiment {self._experiment}: {error.response['Error']['Message']}") from error


def numbers_of(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The metrics of an eval.json that are one number; those of the best constant answer are left out.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
    """
    for section in evaluation.values():
        for name, metric in section.items() if isinstance(section, dict) else ():
            value = metric.get("value") if isinstance(metric, dict) else None
            if isinstance(value, int | float) and "best_constant" not in name:
                yield name, float(value)


def _equal(name: str, value: str) -> dict[str, str]:
    return {"Name": name, "Operator": "Equals", "Value": value}
