"""How production is: what serves and since when, how it answers, what has drifted, which alarms are raised, and what comes next.

A few requests, sent side by side: each answer alone is a question of tens of milliseconds on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.figures import MINUTE, Figure, Line, read_figures
from mlsystem.client.pipeline import ExecutionView, Pipeline, StageView
from mlsystem.client.project import Project
from mlsystem.client.releases import ALIAS, UNDER_WAY
from mlsystem.client.schedule import next_time
from mlsystem.client.stack import Stack

MOST_ALARMS = 100
API = "AWS/ApiGateway"
WINDOW = timedelta(hours=1)
DRIFT_WINDOW = timedelta(days=2)
NEWEST = 5


@dataclass(frozen=True)
class Serving:
    """`shares` of the traffic by version, when more than one serves; `deployment` is one that is under way."""

    version: str
    endpoint: str
    since: datetime
    api_url: str
    shares: Mapping[str, float]
    deployment: str = ""


@dataclass(frozen=True)
class Figures:
    """Of the API, a minute each, oldest first. Latencies in milliseconds, only where there were requests."""

    at: tuple[datetime, ...]
    requests: tuple[float, ...]
    server_errors: tuple[float, ...]
    client_errors: tuple[float, ...]
    p50_at: tuple[datetime, ...]
    p50_ms: tuple[float, ...]
    p99_at: tuple[datetime, ...]
    p99_ms: tuple[float, ...]


@dataclass(frozen=True)
class DriftState:
    """Of the newest look at production's requests: `status` is SageMaker's, `features` how many have drifted, if that is known."""

    status: str
    at: datetime
    features: int | None


@dataclass(frozen=True)
class RaisedAlarm:
    name: str
    since: datetime
    reason: str


@dataclass(frozen=True)
class Overview:
    """`serving` None: nothing is in production yet. `next_run` None: no schedule, or one that is switched off."""

    serving: Serving | None
    figures: Figures | None
    drift: DriftState | None
    alarms: tuple[RaisedAlarm, ...]
    stages: tuple[StageView, ...]
    executions: tuple[ExecutionView, ...]
    next_run: datetime | None

    @property
    def waiting(self) -> StageView | None:
        """The stage whose approval waits for a person."""
        return next((one for one in self.stages if any(action.token for action in one.actions)), None)

    @property
    def failed(self) -> StageView | None:
        return next((one for one in self.stages if one.status == "Failed"), None)


class Production:
    """Of one project. Raises NotFound where its pipeline is not there."""

    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._project = project
        self._pipeline = Pipeline(connection, project)

    def overview(self, now: datetime) -> Overview:
        outputs = Stack(self._connection, self._project.deployed_stack("prd")).outputs()
        with ThreadPoolExecutor(6, "overview") as pool:
            stages = pool.submit(self._pipeline.stages)
            executions = pool.submit(self._pipeline.executions, NEWEST)
            alarms = pool.submit(self._alarms)
            next_run = pool.submit(self._next_run, now)
            serving = pool.submit(self._serving, outputs)
            figures = pool.submit(self._figures, outputs, now)
            drift = pool.submit(self._drift, outputs, now)
            return Overview(
                serving=serving.result(),
                figures=figures.result(),
                drift=drift.result(),
                alarms=alarms.result(),
                stages=tuple(stages.result()),
                executions=tuple(executions.result()),
                next_run=next_run.result(),
            )

    # ------------------------------------------------------------------ inner
    def _serving(self, outputs: Mapping[str, str]) -> Serving | None:
        if "ApiFunctionName" not in outputs:
            return None
        function, client = outputs["ApiFunctionName"], self._connection.client("lambda")
        alias = client.get_alias(FunctionName=function, Name=ALIAS)
        version = str(alias["FunctionVersion"])
        others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        found = client.get_function_configuration(FunctionName=function, Qualifier=version)
        since, under_way = self._deployments(outputs)
        return Serving(
            version=version,
            endpoint=found.get("Environment", {}).get("Variables", {}).get("ENDPOINT_NAME", ""),
            since=since or datetime.fromisoformat(found["LastModified"]),
            api_url=self._connection.reachable(outputs["ApiUrl"]),
            shares={version: 1 - sum(others.values()), **others},
            deployment=under_way,
        )

    def _deployments(self, outputs: Mapping[str, str]) -> tuple[datetime | None, str]:
        """When the newest one that succeeded had ended, and the one that is under way."""
        client = self._connection.client("codedeploy")
        group = {
            "applicationName": outputs["DeploymentApplication"],
            "deploymentGroupName": outputs["DeploymentGroup"],
        }
        done = client.list_deployments(**group, includeOnlyStatuses=["Succeeded"])["deployments"][:25]
        infos = client.batch_get_deployments(deploymentIds=done)["deploymentsInfo"] if done else []
        under_way = client.list_deployments(**group, includeOnlyStatuses=UNDER_WAY)["deployments"]
        return max((info["completeTime"] for info in infos), default=None), str(next(iter(under_way), ""))

    def _figures(self, outputs: Mapping[str, str], now: datetime) -> Figures | None:
        if "ApiFunctionName" not in outputs:
            return None
        api = {"ApiName": f"{self._project.pipeline}-api"}
        asked = [
            Figure(API, "Count", api, "Sum"),
            Figure(API, "5XXError", api, "Sum"),
            Figure(API, "4XXError", api, "Sum"),
            Figure(API, "Latency", api, "p50"),
            Figure(API, "Latency", api, "p99"),
        ]
        since = (now - WINDOW).replace(second=0, microsecond=0)
        requests, server, client, p50, p99 = read_figures(
            self._connection, asked, since, now + timedelta(minutes=1), MINUTE
        )
        at = requests.at
        return Figures(
            at, requests.values, _aligned(at, server), _aligned(at, client), p50.at, p50.values, p99.at, p99.values
        )

    def _drift(self, outputs: Mapping[str, str], now: datetime) -> DriftState | None:
        schedule = outputs.get("MonitoringScheduleName")
        if schedule is None:
            return None
        listed = self._connection.client("sagemaker").list_monitoring_executions(
            EndpointName=outputs["EndpointName"], SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["MonitoringExecutionSummaries"]
        if not listed:
            return None
        drifted = Figure(self._project.pipeline, "features_drifted", {"MonitoringSchedule": schedule}, "Maximum")
        [line] = read_figures(self._connection, [drifted], now - DRIFT_WINDOW, now + timedelta(minutes=1), MINUTE)
        newest = listed[0]
        count = int(line.values[-1]) if line.values else None
        return DriftState(newest["MonitoringExecutionStatus"], newest["ScheduledTime"], count)

    def _alarms(self) -> tuple[RaisedAlarm, ...]:
        """Those of the project that are raised; what scales an endpoint has alarms of other names, which are no trouble."""
        found = self._connection.client("cloudwatch").describe_alarms(
            AlarmNamePrefix=f"{self._project.pipeline}-",
            StateValue="ALARM",
            MaxRecords=MOST_ALARMS,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
        listed = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        raised = [
            RaisedAlarm(one["AlarmName"], one["StateUpdatedTimestamp"], one.get("StateReason", "")) for one in listed
        ]
        return tuple(sorted(raised, key=lambda one: one.since, reverse=True))

    def _next_run(self, now: datetime) -> datetime | None:
        """Of the training without a cause."""
        try:
            found = self._connection.client("scheduler").get_schedule(Name=f"{self._project.pipeline}-retrain")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        if found["State"] != "ENABLED":
            return None
        return next_time(found["ScheduleExpression"], now, found.get("ScheduleExpressionTimezone", "UTC"))


def _aligned(wanted: tuple[datetime, ...], line: Line) -> tuple[float, ...]:
    """The values at these times, and 0 where there is none."""
    known = dict(zip(line.at, line.values, strict=True))
    return tuple(known.get(moment, 0.0) for moment in wanted)
