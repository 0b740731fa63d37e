"""What the system of a project costs: a day of standing there, a thousand requests, a run of the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from croniter import croniter

from mlsystem.client.cost.prices import PriceTable
from mlsystem.client.project import Project
from mlsystem.client.schedule import cron_fields
from mlsystem.client.template import read

DAYS_A_MONTH = 30.4
REQUESTS = 1000
JOBS = {"prepare": "Processing", "train": "Train", "evaluate": "Processing", "baseline": "Processing"}
# Actions that the pipeline has, of which most wait for others; transitions of the workflow; what a request writes to its log.
BUILD_MINUTES = 3.0
TRANSITIONS = 20
LOG_BYTES = 1000
ZONES = 2


@dataclass(frozen=True)
class Usage:
    """What nobody knows beforehand."""

    job_minutes: float = 10.0
    milliseconds: float = 50.0
    gigabytes: float = 10.0


@dataclass(frozen=True)
class Line:
    """One resource; US dollars a day, for 1,000 requests, and for a run."""

    resource: str
    basis: str
    day: float = 0.0
    requests: float = 0.0
    run: float = 0.0


def total(lines: list[Line]) -> Line:
    sums = (sum(getattr(line, name) for line in lines) for name in ("day", "requests", "run"))
    return Line("in all", "", *sums)


def machines(settings: Mapping[str, Any]) -> list[str]:
    """The names of the prices of all machines."""
    own = settings["instances"]
    names = [f"{kind}:{own[job]['type']}" for job, kind in {**JOBS, "monitor": "Processing"}.items()]
    return [*names, *(f"Host:{own[stage]['type']}" for stage in ("dev", "prd"))]


class Estimate:
    """From the settings of mlsystem.yaml and the resources of the templates. Raises ClientFailure for a price that is not known."""

    def __init__(self, project: Project, prices: PriceTable, usage: Usage):
        self._settings = project.settings
        self._prices = prices
        self._usage = usage
        folder = project.folder
        self._pipeline = read(folder / "pipeline.yml")
        self._production = read(folder / "assets" / "deploy-model-prd.yml")

    def lines(self) -> list[Line]:
        return [*self._endpoints(), *self._network(), *self._watching(), *self._storage(), *self._api(), *self._run()]

    # ------------------------------------------------------------------ a day
    def _endpoints(self) -> Iterator[Line]:
        own, retained = self._settings["instances"], self._settings["canary"].get("retained_versions", 1)
        count = max(own["prd"]["count"], self._settings["scaling"]["min_instances"])
        yield self._machines("dev endpoint", "Host", own["dev"]["type"], own["dev"]["count"])
        yield self._machines("prd endpoint", "Host", own["prd"]["type"], count)
        if retained:
            yield self._machines("retained versions", "Host", own["prd"]["type"], retained * own["prd"]["count"])

    def _machines(self, resource: str, kind: str, machine: str, count: int) -> Line:
        usd = self._prices.usd(f"{kind}:{machine}")
        return Line(resource, f"{count} x {machine}, {usd:g} an hour", day=count * usd * 24)

    def _network(self) -> Iterator[Line]:
        """What stands without a choice of another NetworkEgress."""
        chosen = self._pipeline["Parameters"]["NetworkEgress"]["Default"]
        if chosen == "NAT":
            yield self._hourly("NAT gateway", "NatGateway", 1)
        interfaces = [
            item
            for item in self._resources(self._pipeline, "AWS::EC2::VPCEndpoint")
            if item["Properties"].get("VpcEndpointType") == "Interface"
        ]
        if interfaces and chosen != "NAT":
            yield self._hourly("private endpoints", "VpcEndpoint", len(interfaces) * ZONES)

    def _hourly(self, resource: str, price: str, count: int) -> Line:
        usd = self._prices.usd(price)
        return Line(resource, f"{count}, {usd:g} an hour each", day=count * usd * 24)

    def _watching(self) -> Iterator[Line]:
        tracked = 2 * len(self._resources(self._production, "AWS::ApplicationAutoScaling::ScalingPolicy"))
        alarms = tracked + sum(
            len(self._resources(item, "AWS::CloudWatch::Alarm")) for item in (self._pipeline, self._production)
        )
        yield self._monthly("alarms", "Alarm", alarms)
        yield self._monthly("drift metrics", "Metric", len(self._settings["drift"]["features"]))
        dashboards = len(self._resources(self._pipeline, "AWS::CloudWatch::Dashboard"))
        if dashboards:
            yield self._monthly("dashboard", "Dashboard", dashboards)
        yield self._monthly("key", "Key", len(self._resources(self._pipeline, "AWS::KMS::Key")))
        monitor, schedule = self._settings["instances"]["monitor"], self._settings["drift"]["schedule"]
        runs, minutes = runs_a_day(schedule), self._usage.job_minutes
        usd = self._prices.usd(f"Processing:{monitor['type']}")
        basis = f"{runs} executions of {minutes:g} min, {monitor['count']} x {monitor['type']}"
        yield Line("monitoring", basis, day=runs * monitor["count"] * usd * minutes / 60)

    def _monthly(self, resource: str, price: str, count: int) -> Line:
        usd = self._prices.usd(price)
        return Line(resource, f"{count}, {usd:g} a month each", day=count * usd / DAYS_A_MONTH)

    def _storage(self) -> Iterator[Line]:
        amount = self._usage.gigabytes
        for resource, price in (
            ("objects", "StorageGigabyte"),
            ("shared volume", "VolumeGigabyte"),
            ("images", "ImageGigabyte"),
        ):
            usd = self._prices.usd(price)
            yield Line(resource, f"{amount:g} GB, {usd:g} a month each", day=amount * usd / DAYS_A_MONTH)

    def _resources(self, template: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
        return [item for item in template["Resources"].values() if item["Type"] == kind]

    # ------------------------------------------------------------------ requests and runs
    def _api(self) -> Iterator[Line]:
        memory = self._settings["api"]["memory_mb"] / 1024
        seconds = self._usage.milliseconds / 1000
        function = self._prices.usd("FunctionRequest") + memory * seconds * self._prices.usd("FunctionGigabyteSecond")
        yield Line("REST API", "each request", requests=REQUESTS * self._prices.usd("ApiRequest"))
        basis = f"{self._usage.milliseconds:g} ms with {memory:g} GB"
        yield Line("API function", basis, requests=REQUESTS * function)
        logs = REQUESTS * LOG_BYTES / 1e9 * self._prices.usd("LogGigabyte")
        yield Line("its log", f"{LOG_BYTES} bytes a request", requests=logs)

    def _run(self) -> Iterator[Line]:
        minutes = self._usage.job_minutes
        for job, kind in JOBS.items():
            machine = self._settings["instances"][job]
            usd = self._prices.usd(f"{kind}:{machine['type']}")
            basis = f"{minutes:g} min, {machine['count']} x {machine['type']}"
            yield Line(f"{job} job", basis, run=machine["count"] * usd * minutes / 60)
        yield Line("build", f"{BUILD_MINUTES:g} min", run=BUILD_MINUTES * self._prices.usd("BuildMinute"))
        # Two jobs in a row, and one beside them, are all that the pipeline waits for before it deploys.
        waits = BUILD_MINUTES + 3 * minutes
        yield Line("pipeline", f"{waits:g} min of actions", run=waits * self._prices.usd("PipelineActionMinute"))
        yield Line("workflow", f"{TRANSITIONS} transitions", run=TRANSITIONS * self._prices.usd("StateTransition"))


def runs_a_day(schedule: str) -> int:
    """Of SageMaker's schedules, which are cron of AWS."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    times = croniter(cron_fields(schedule), start.timestamp() - 1).all_next(float)
    return len(list(takewhile(lambda at: at < start.timestamp() + 86_400, times)))
