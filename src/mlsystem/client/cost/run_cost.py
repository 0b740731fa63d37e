"""What a run costs on AWS: how long its jobs took, times list prices. An estimate: it knows no discount, no tax and no storage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.cost.estimate import TRANSITIONS
from mlsystem.client.cost.prices import PriceTable

# The jobs of the training workflow, by the ends of their names.
PROCESSING = {"prepare": "-prep", "baseline": "-base", "evaluation": "-eval", "champion": "-chmp", "answers": "-pred"}
HOUR, MINUTE = 3600, 60


@dataclass(frozen=True)
class RunLine:
    """`usd` None: `note` says why it is not known."""

    what: str
    machine: str
    seconds: float | None
    usd: float | None
    note: str = ""


@dataclass(frozen=True)
class RunCost:
    """`is_complete`: nothing that the run had is left out of the sum."""

    lines: tuple[RunLine, ...]
    prices_of: str
    region: str

    @property
    def total(self) -> float:
        return sum(line.usd or 0.0 for line in self.lines)

    @property
    def is_complete(self) -> bool:
        return all(line.usd is not None for line in self.lines)


def run_cost(
    connection: Connection, job: str, prices: PriceTable, build_seconds: float, action_seconds: float
) -> RunCost:
    """Of the run with this training job."""
    sagemaker = connection.client("sagemaker")
    with ThreadPoolExecutor(1 + len(PROCESSING)) as pool:
        training = pool.submit(_training, sagemaker, job, prices)
        others = pool.map(lambda what: _processing(sagemaker, what, job + PROCESSING[what], prices), PROCESSING)
        jobs = [training.result(), *(line for line in others if line is not None)]
    rest = (
        _priced("build", "CodeBuild", build_seconds, build_seconds / MINUTE, "BuildMinute", prices),
        _priced(
            "pipeline",
            "minutes of its actions",
            action_seconds,
            action_seconds / MINUTE,
            "PipelineActionMinute",
            prices,
        ),
        _priced("workflow", f"{TRANSITIONS} transitions", None, TRANSITIONS, "StateTransition", prices),
    )
    return RunCost((*jobs, *rest), prices.date, prices.region)


def _training(sagemaker: Any, job: str, prices: PriceTable) -> RunLine:
    try:
        told = sagemaker.describe_training_job(TrainingJobName=job)
    except ClientError as error:
        return RunLine("training", "", None, None, error.response["Error"]["Message"])
    return _job(
        "training", "Train", told["ResourceConfig"], told.get("TrainingStartTime"), told.get("TrainingEndTime"), prices
    )


def _processing(sagemaker: Any, what: str, job: str, prices: PriceTable) -> RunLine | None:
    """None for a job that the run did not have, such as the champion's in the first run."""
    try:
        told = sagemaker.describe_processing_job(ProcessingJobName=job)
    except ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return None
        return RunLine(what, "", None, None, error.response["Error"]["Message"])
    cluster = told["ProcessingResources"]["ClusterConfig"]
    return _job(what, "Processing", cluster, told.get("ProcessingStartTime"), told.get("ProcessingEndTime"), prices)


def _job(what: str, kind: str, cluster: dict[str, Any], began: Any, ended: Any, prices: PriceTable) -> RunLine:
    count, machine = cluster["InstanceCount"], cluster["InstanceType"]
    shown = f"{count} × {machine}"
    if began is None or ended is None:
        return RunLine(what, shown, None, None, "it has not ended")
    seconds = (ended - began).total_seconds()
    return _priced(what, shown, seconds, count * seconds / HOUR, f"{kind}:{machine}", prices)


def _priced(what: str, shown: str, seconds: float | None, units: float, price: str, prices: PriceTable) -> RunLine:
    if price not in prices.prices:
        return RunLine(what, shown, seconds, None, f"the price table of {prices.date} has no {price}")
    return RunLine(what, shown, seconds, units * prices.usd(price))
