"""The production endpoint of a system as its monitor sees it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests import small_project
from tests.command_line import run
from tests.live import eventually
from tests.small_project import DATASET, NAME
from tests.system import System

ROWS_A_REQUEST = 5


def production(system: System) -> str:
    """The name of the endpoint."""
    return system.outputs("prd")["EndpointName"]


class Monitored:
    """The production endpoint, what it is asked through the API, and what the monitor says of that."""

    def __init__(self, system: System):
        self.system = system
        self.name = production(system)
        """Of the endpoint, and of its monitoring schedule."""
        self.alarm_name = system.outputs("prd")["DriftAlarmName"]
        self._cloudwatch = system.engine.client("cloudwatch")

    def ask(self, rows: Sequence[tuple[float, int]]) -> None:
        """Through the API; returns when all of it has been captured."""
        wanted, url = self._captured(), self.system.api_url()
        for start in range(0, len(rows), ROWS_A_REQUEST):
            body = "".join(f"{size},{weight}\n" for size, weight in rows[start : start + ROWS_A_REQUEST])
            assert self.system.ask(url, body).status == 200
            wanted += 1
        eventually(lambda: self._captured() >= wanted)

    def label(self) -> int:
        """Somebody knows later which of the captured requests were large; the number of rows."""
        s3, lines, rows = self.system.engine.client("s3"), [], 0
        for captured in self._captures():
            metadata = captured["eventMetadata"]
            request = metadata.get("inferenceId") or metadata["eventId"]
            if not request.startswith("check-"):
                given = captured["captureData"]["endpointInput"]["data"].splitlines()
                labels = "\n".join(str(int(float(row.split(",")[0]) > 0.5)) for row in given)
                truth = {"data": labels, "encoding": "CSV"}
                lines.append(json.dumps({"groundTruthData": truth, "eventMetadata": {"eventId": request}}))
                rows += len(given)
        s3.put_object(Bucket=DATASET, Key="ground-truth/2026/11/30/00/labels.jsonl", Body="\n".join(lines).encode())
        return rows

    def _captured(self) -> int:
        return len(self._captures())

    def _captures(self) -> list[dict[str, Any]]:
        s3, bucket = self.system.engine.client("s3"), self.system.bucket
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{NAME}/capture/{self.name}/").get("Contents", ())
        bodies = [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def look(self) -> dict[str, Any]:
        """What is found in the requests of the last hour, now: the deployed schedule runs at full hours of the wall clock, which no
        time scale moves. Job, baseline and analyzer are those of the template.
        """
        with tempfile.TemporaryDirectory() as folder:
            project = small_project.unpack(Path(folder) / "project")
            home, page = self.system.engine.folder, Path(folder) / "page.html"
            done = run("--project", str(project), "--json", "monitor", "run", "--page", str(page), home=home)
            assert done.returncode == 0, done.stderr
            assert b"<html" in page.read_bytes()
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def alarm(self) -> str:
        [alarm] = self._cloudwatch.describe_alarms(AlarmNames=[self.alarm_name])["MetricAlarms"]
        return str(alarm["StateValue"])

    def raise_again(self) -> None:
        """The alarm, as when it has been well in between."""
        for value in ("OK", "ALARM"):
            self._cloudwatch.set_alarm_state(AlarmName=self.alarm_name, StateValue=value, StateReason="a test")

    def latest(self, namespace: str, metric: str, **dimensions: str) -> float:
        """The greatest value of the last minutes, once there is one."""
        now = datetime.now(UTC)
        asked = {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "StartTime": now - timedelta(minutes=10),
            "EndTime": now + timedelta(minutes=10),
            "Period": 3600,
            "Statistics": ["Maximum"],
        }
        points = eventually(lambda: self._cloudwatch.get_metric_statistics(**asked)["Datapoints"])
        return max(float(point["Maximum"]) for point in points)
