"""Tracking: a training, told to the MLflow server that MLFLOW_TRACKING_URI names: a URL, or the ARN of SageMaker's managed one.

A training never waits for the server, nor fails with it. A thread of its own imports the client and sends; what a server that
is away has not taken is sent again, until some seconds after the training's end. Without the variable nothing is imported.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

URI = "MLFLOW_TRACKING_URI"
EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"
# Of MLflow's client, which would try for ten minutes.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
END_SECONDS = 30.0
PAUSE_SECONDS = 1.0
MOST_METRICS = 1000  # of one request
# Tags of a run, and the environment variables that say them: SageMaker's, and those of the workflow.
TAGS = {
    "sagemaker.training_job_name": "TRAINING_JOB_NAME",
    "sagemaker.training_job_arn": "TRAINING_JOB_ARN",
    "codepipeline.execution_id": "PIPELINE_EXECUTION_ID",
    "data.version_id": "DATA_VERSION_ID",
    "mlflow.source.git.commit": "GIT_COMMIT_HASH",
}
MODEL_URI_TAG = "model.uri"


class Tracking:
    """Takes what is to be told; this one tells nobody."""

    def begin(self, parameters: Mapping[str, object]) -> None:
        """What the training is done with."""

    def measure(self, round_number: int, figures: Mapping[str, float]) -> None:
        """Metrics after a round."""

    def end(self, status: str) -> None:
        """FINISHED, FAILED or KILLED, as MLflow says it. Waits a limited time for what has not been sent."""


def start_tracking(variables: Mapping[str, str]) -> Tracking:
    return MlflowTracking(variables) if variables.get(URI) else Tracking()


def run_tags(variables: Mapping[str, str]) -> dict[str, str]:
    tags = {tag: variables[name] for tag, name in TAGS.items() if variables.get(name)}
    if variables.get("RUNS_URI") and variables.get("TRAINING_JOB_NAME"):
        # Where SageMaker puts what lies in /opt/ml/model.
        tags[MODEL_URI_TAG] = f"{variables['RUNS_URI']}/{variables['TRAINING_JOB_NAME']}/output/model.tar.gz"
    return tags


class MlflowTracking(Tracking):
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._changed = threading.Condition()
        self._parameters: dict[str, str] = {}
        self._figures: list[tuple[int, int, dict[str, float]]] = []
        self._status = ""
        self._deadline = float("inf")
        self._is_behind = False
        self._client: Any = None
        self._run_id = ""
        self._thread = threading.Thread(target=self._tell, name="tracking", daemon=True)
        self._thread.start()

    def begin(self, parameters: Mapping[str, object]) -> None:
        with self._changed:
            self._parameters = {name: str(value) for name, value in parameters.items()}
            self._changed.notify()

    def measure(self, round_number: int, figures: Mapping[str, float]) -> None:
        with self._changed:
            self._figures.append((round_number, int(time.time() * 1000), dict(figures)))
            self._changed.notify()

    def end(self, status: str) -> None:
        with self._changed:
            self._status = status
            self._deadline = time.monotonic() + END_SECONDS
            self._changed.notify()
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            print(
                f"warning: MLflow had {END_SECONDS:.0f} s and has not taken all: its run is not complete",
                file=sys.stderr,
            )

    # ------------------------------------------------------------------ in the thread
    def _tell(self) -> None:
        try:
            self._client = _client(self._variables[URI])
        except ImportError as error:
            self._warn(
                f"the image has no MLflow client ({error}): it is built with one where the pipeline has MlflowTrackingUri"
            )
            return
        except Exception as error:  # noqa: BLE001 - MLflow's, its plugins' and those of what they use: the training goes on
            self._warn(str(error))
            return
        while not self._send():
            self._await_more()

    def _await_more(self) -> None:
        """Something new to send, or the time of the next attempt at what is left."""
        with self._changed:
            if self._is_behind:
                self._changed.wait_for(lambda: False, PAUSE_SECONDS)
            else:
                self._changed.wait_for(self._has_unsent)

    def _has_unsent(self) -> bool:
        return bool(self._parameters or self._figures or self._status)

    def _send(self) -> bool:
        """Whether all is told, or it is too late."""
        with self._changed:
            parameters, figures, status = dict(self._parameters), list(self._figures), self._status
        try:
            self._send_all(parameters, figures)
            if status:
                self._client.set_terminated(self._run_id, status)
                return True
            if self._is_behind:
                self._is_behind = False
                print("tracking: MLflow is told again", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever the server or the way to it has: the training goes on
            self._warn(str(error))
            return time.monotonic() > self._deadline
        return False

    def _send_all(self, parameters: dict[str, str], figures: list[tuple[int, int, dict[str, float]]]) -> None:
        from mlflow.entities import Metric, Param

        if not self._run_id:
            self._run_id = self._create_run()
        if parameters:
            self._client.log_batch(self._run_id, params=[Param(*item) for item in parameters.items()])
        metrics = [Metric(name, value, at, step) for step, at, values in figures for name, value in values.items()]
        for start in range(0, len(metrics), MOST_METRICS):
            self._client.log_batch(self._run_id, metrics=metrics[start : start + MOST_METRICS])
        with self._changed:
            self._parameters = {} if parameters else self._parameters
            del self._figures[: len(figures)]

    def _create_run(self) -> str:
        name = self._variables.get(EXPERIMENT, "Default")
        experiment = self._client.get_experiment_by_name(name)
        experiment_id = experiment.experiment_id if experiment else self._client.create_experiment(name)
        tags = run_tags(self._variables)
        run = self._client.create_run(experiment_id, tags=tags, run_name=self._variables.get("TRAINING_JOB_NAME"))
        print(f"tracking: MLflow run {run.info.run_id} of the experiment {name}", flush=True)
        return str(run.info.run_id)

    def _warn(self, words: str) -> None:
        """Once, until it is told again."""
        if not self._is_behind:
            self._is_behind = True
            print(f"warning: MLflow at {self._variables[URI]} is not told: {words}", file=sys.stderr, flush=True)


def _client(uri: str) -> Any:
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri)
