"""A run of the training workflow: what it was given, what came out, and the files that its jobs wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.missing import Missing, or_missing
from mlsystem.client.stored_file import read_json

GROUPS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")
COMMIT, DATA = "GitCommitHash", "DataVersionId"


@dataclass(frozen=True)
class Gate:
    metric: str
    comparison: str
    threshold: float
    value: float | None

    @property
    def sign(self) -> str:
        signs = {"GreaterThan": ">", "GreaterThanOrEqual": "≥", "LessThan": "<", "LessThanOrEqual": "≤"}
        return signs.get(self.comparison, self.comparison)


@dataclass(frozen=True)
class Champion:
    """The model that served when the run was made; `job` is empty where there was none."""

    job: str
    verdict: str
    value: float | None
    margin: float
    reason: str = ""


@dataclass(frozen=True)
class TrainingRun:
    """`job` names the training job, and all else of the run after it."""

    job: str
    uri: str
    commit: str
    data_version: str
    data: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    gate: Gate | None
    champion: Champion | None

    def of(self, job: str) -> str:
        """The folder of another run of the same project."""
        return f"{self.uri.rpartition('/')[0]}/{job}"


@dataclass(frozen=True)
class Figure:
    """`deviation` None: there were too few rows to tell."""

    value: float
    deviation: float | None


@dataclass(frozen=True)
class Evaluation:
    """eval.json: figures by name, and what belongs to the kind of model; `rows` None where a container of one's own does not say.

    `confusion`: rows of a class that were predicted as a class. `residuals`: how many answers were too high by how much (edges, counts).
    `roc`: false and true positive rates.
    """

    rows: int | None
    kind: str
    figures: Mapping[str, Figure]
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    residuals: tuple[tuple[float, ...], tuple[int, ...]] | None = None
    roc: tuple[tuple[float, ...], tuple[float, ...]] | None = None


@dataclass(frozen=True)
class Versions:
    """Of which commit and which data a model was made; empty where its tags do not say."""

    commit: str
    data_version: str


def read_run(connection: Connection, execution: str) -> TrainingRun:
    """By the ARN of the workflow's execution. Raises NotFound where Step Functions has forgotten it, as AWS does after 90 days."""
    try:
        found = connection.client("stepfunctions").describe_execution(executionArn=execution)
    except ClientError as error:
        words = error.response["Error"]["Message"]
        raise NotFound(f"the training {execution.rpartition(':')[2]} cannot be read: {words}") from error
    try:
        return _run(execution.rpartition(":")[2], json.loads(found["input"]), json.loads(found.get("output") or "{}"))
    except (ValueError, KeyError, TypeError) as error:
        raise ClientFailure(
            f"{execution} was given, or gave, something else than a run of training: {error!r}"
        ) from error


def read_versions(connection: Connection, job: str) -> Versions:
    """By a training job's tags. Raises NotFound."""
    sagemaker = connection.client("sagemaker")
    try:
        arn = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobArn"]
        tags = {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    except ClientError as error:
        raise NotFound(f"the training job {job} cannot be read: {error.response['Error']['Message']}") from error
    return Versions(tags.get(COMMIT, ""), tags.get(DATA, ""))


def evaluations(connection: Connection, run: TrainingRun) -> tuple[Evaluation | Missing, Evaluation | Missing]:
    """Of the new model and of the champion, both on the run's test set."""
    new = or_missing(lambda: read_evaluation(connection, f"{run.uri}/evaluation/eval.json"))
    if run.champion is None or not run.champion.job:
        return new, Missing("there was no champion: nothing served yet when this model was trained")
    if run.champion.reason:
        return new, Missing(run.champion.reason)
    return new, or_missing(lambda: read_evaluation(connection, f"{run.uri}/champion/eval.json"))


def read_evaluation(connection: Connection, uri: str) -> Evaluation:
    """Raises NotFound, and ClientFailure for what is no evaluation."""
    content = read_json(connection, uri)
    try:
        return parse_evaluation(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ClientFailure(f"{uri} is no evaluation: {error!r}") from error


def parse_evaluation(content: Mapping[str, Any]) -> Evaluation:
    """Raises KeyError, TypeError or ValueError."""
    kind = next(name for name in (*GROUPS, "") if name in content or not name)
    group = content[kind]
    roc = group.get("receiver_operating_characteristic_curve")
    residuals = content.get("residuals")
    return Evaluation(
        rows=content.get("dataset", {}).get("item_count"),
        kind=kind.removesuffix("_metrics").replace("_", " "),
        figures={name: _figure(item) for name, item in group.items() if "value" in item},
        confusion=group.get("confusion_matrix", {}),
        residuals=(tuple(residuals["edges"]), tuple(residuals["counts"])) if residuals else None,
        roc=(tuple(roc["false_positive_rates"]), tuple(roc["true_positive_rates"])) if roc else None,
    )


def _figure(item: Mapping[str, Any]) -> Figure:
    deviation = item.get("standard_deviation")
    return Figure(float(item["value"]), float(deviation) if isinstance(deviation, int | float) else None)


def _run(job: str, given: Mapping[str, Any], gave: Mapping[str, Any]) -> TrainingRun:
    tags = {one["Key"]: one["Value"] for one in given["Tags"]}
    gate, champion = gave.get("Gate", given.get("Gate")), gave.get("Champion")
    return TrainingRun(
        job=job,
        uri=f"{given['RunsUri']}/{job}",
        commit=tags.get(COMMIT, ""),
        data_version=tags.get(DATA, ""),
        data={one["Name"]: one["Uri"] for one in given["RawData"]},
        hyperparameters=given.get("HyperParameters", {}),
        gate=Gate(gate["Metric"], gate["Comparison"], gate["Threshold"], gate.get("Value")) if gate else None,
        champion=_champion(champion) if champion else None,
    )


def _champion(told: Mapping[str, Any]) -> Champion:
    return Champion(
        job=told.get("TrainingJobName", ""),
        verdict=told["Verdict"],
        value=told.get("Value"),
        margin=told.get("Margin", 0.0),
        reason=told.get("Reason", ""),
    )
