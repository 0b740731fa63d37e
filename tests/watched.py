"""An endpoint that captures its requests, and schedules and job definitions that look at them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving

ENDED = {"Completed", "CompletedWithViolations", "Failed", "Stopped"}
# Counts captured requests, and finds as many violations as its definition's variable says. Told of ground truth, it merges instead.
MONITOR = """#!/usr/bin/env python3
import json, os, pathlib, sys
source, output = pathlib.Path(os.environ["dataset_source"]), pathlib.Path(os.environ["output_path"])
files = {path: path.read_text().splitlines() for path in sorted(source.rglob("*.jsonl"))}
def known(line, truths):
    metadata = json.loads(line)["eventMetadata"]
    return metadata.get("inferenceId", metadata["eventId"]) in truths
if "ground_truth_source" in os.environ:
    paths = sorted(pathlib.Path(os.environ["ground_truth_source"]).rglob("*.jsonl"))
    texts = [line for path in paths for line in path.read_text().splitlines()]
    if "unreadable" in texts:
        raise SystemExit("cannot read the ground truth")
    truths = {json.loads(text)["eventMetadata"]["eventId"] for text in texts}
    for path, lines in files.items():
        target = output / path.relative_to(source)
        if merged := [line for line in lines if known(line, truths)]:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("\\n".join(merged))
    sys.exit()
constraints = json.loads(pathlib.Path(os.environ["baseline_constraints"]).read_text())
script = pathlib.Path(os.environ["record_preprocessor_script"])
requests = sum(map(len, files.values()))
report = {"requests": requests, "constraints": constraints, "script": script.read_text(), "env": dict(os.environ)}
(output / "report.json").write_text(json.dumps(report))
violations = os.environ["violations"]
if violations == "crash":
    raise SystemExit("cannot look at this")
word = "CompletedWithViolations" if int(violations) else "Completed"
message = f"{word}: Job completed successfully with {violations} violations."
pathlib.Path("/opt/ml/output/message").write_text(message)
"""


class Watched:
    """An endpoint that captures its requests, and a program that looks at them."""

    def __init__(self, live: LiveEngine):
        self.live = live
        self.asked = 0
        self.serving = Serving(live)
        self.home = self.serving.home
        self.sagemaker = self.serving.sagemaker
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.home}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        self.endpoint = self.serving.endpoint(self.serving.simple_config(DataCaptureConfig=capture))
        self.image = push_image(live, f"{self.home}-monitor", {"/opt/program/monitor": MONITOR})
        self.s3 = live.client("s3")
        self.s3.put_object(Bucket=self.home, Key="baseline/constraints.json", Body=b'{"version": 0.0}')
        self.s3.put_object(Bucket=self.home, Key="code/pre.py", Body=b"# a script")

    def keys(self, prefix: str) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.home, Prefix=prefix).get("Contents", ())]

    def capture(self, count: int) -> None:
        """Requests `r0`, `r1` and so on, counted over all."""
        for number in range(self.asked, self.asked + count):
            self.serving.invoke(self.endpoint, f"{number}", InferenceId=f"r{number}")
        self.asked += count
        # Objects hold as many lines as came together: it is the lines that must all be there.
        eventually(lambda: self._captured() >= self.asked)

    def _captured(self) -> int:
        bodies = [
            self.s3.get_object(Bucket=self.home, Key=key)["Body"] for key in self.keys(f"captured/{self.endpoint}/")
        ]
        return sum(len(body.read().splitlines()) for body in bodies)

    def label(self, prefix: str, *ids: str) -> None:
        """Ground truth of these requests, collected now."""
        lines = [
            {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": one}} for one in ids
        ]
        self.put_truth(prefix, "\n".join(map(json.dumps, lines)))

    def put_truth(self, prefix: str, text: str) -> None:
        key = f"{prefix}/{datetime.now(UTC):%Y/%m/%d/%H}/labels.jsonl"
        self.s3.put_object(Bucket=self.home, Key=key, Body=text.encode())

    def config(self, expression: str = "NOW", violations: str = "0", **definition: Any) -> dict[str, Any]:
        """Of a schedule with an inline definition."""
        return {
            "ScheduleConfig": {"ScheduleExpression": expression},
            "MonitoringJobDefinition": {
                "MonitoringAppSpecification": self._app(),
                "BaselineConfig": {"ConstraintsResource": self._constraints()},
                "MonitoringInputs": [{"EndpointInput": self.endpoint_input()}],
                "MonitoringOutputConfig": self._output(),
                "MonitoringResources": self._resources(),
                "Environment": {"violations": violations},
                **self._rest(),
                **definition,
            },
        }

    def data_quality(self, name: str, violations: str = "0", **changes: Any) -> dict[str, Any]:
        """The request of its job definition."""
        return {
            "JobDefinitionName": name,
            "DataQualityAppSpecification": {**self._app(), "Environment": {"violations": violations}},
            "DataQualityBaselineConfig": {"ConstraintsResource": self._constraints()},
            "DataQualityJobInput": {"EndpointInput": self.endpoint_input()},
            "DataQualityJobOutputConfig": self._output(),
            "JobResources": self._resources(),
            **self._rest(),
            **changes,
        }

    def model_quality(self, name: str, truth: str = "truth", **endpoint_input: Any) -> dict[str, Any]:
        """The request of its job definition."""
        app = {**self._app(), "ProblemType": "Regression", "Environment": {"violations": "0"}}
        return {
            "JobDefinitionName": name,
            "ModelQualityAppSpecification": app,
            "ModelQualityBaselineConfig": {"ConstraintsResource": self._constraints()},
            "ModelQualityJobInput": {
                "EndpointInput": self.endpoint_input(InferenceAttribute="2", **endpoint_input),
                "GroundTruthS3Input": {"S3Uri": f"s3://{self.home}/{truth}"},
            },
            "ModelQualityJobOutputConfig": self._output(),
            "JobResources": self._resources(),
            **self._rest(),
        }

    def endpoint_input(self, **members: Any) -> dict[str, Any]:
        return {"EndpointName": self.endpoint, "LocalPath": "/opt/ml/processing/input/endpoint", **members}

    def _app(self) -> dict[str, Any]:
        script = f"s3://{self.home}/code/pre.py"
        return {"ImageUri": self.image, "ContainerEntrypoint": ["monitor"], "RecordPreprocessorSourceUri": script}

    def _constraints(self) -> dict[str, Any]:
        return {"S3Uri": f"s3://{self.home}/baseline/constraints.json"}

    def _output(self) -> dict[str, Any]:
        output = {"S3Uri": f"s3://{self.home}/reports", "LocalPath": "/opt/ml/processing/output"}
        return {"MonitoringOutputs": [{"S3Output": output}]}

    def _resources(self) -> dict[str, Any]:
        return {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}

    def _rest(self) -> dict[str, Any]:
        return {"RoleArn": role(self.live, "monitor"), "StoppingCondition": {"MaxRuntimeInSeconds": 60}}

    def schedule(self, name: str, definition: str, kind: str, expression: str = "NOW") -> None:
        """By the name of its job definition."""
        config: dict[str, Any] = {"ScheduleConfig": {"ScheduleExpression": expression}}
        config |= {"MonitoringJobDefinitionName": definition, "MonitoringType": kind}
        self.sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)

    def job(self, execution: dict[str, Any]) -> dict[str, Any]:
        """The processing job of an execution."""
        name = execution["ProcessingJobArn"].split("/")[-1]
        return dict(self.sagemaker.describe_processing_job(ProcessingJobName=name))

    def report(self, execution: dict[str, Any]) -> dict[str, Any]:
        """What its program has left."""
        uri = self.job(execution)["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        key = f"{uri.removeprefix(f's3://{self.home}/')}/report.json"
        return dict(json.loads(self.s3.get_object(Bucket=self.home, Key=key)["Body"].read()))

    def create(self, name: str, **config: Any) -> None:
        self.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=name, MonitoringScheduleConfig=self.config(**config)
        )

    def execution(self, name: str) -> dict[str, Any]:
        """The only one, once it has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
            summaries = found["MonitoringExecutionSummaries"]
            assert len(summaries) <= 1
            return summaries[0] if summaries and summaries[0]["MonitoringExecutionStatus"] in ENDED else None

        return dict(eventually(ended))
