"""A deployment to production while it goes on, and after: what CodeDeploy does, what its alarms say, how both versions fare.

The list of deployments is a page of the newest; of one deployment all is asked for at once, side by side.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from botocore.exceptions import ClientError

from mlsystem.client.codepipeline import CodePipeline
from mlsystem.client.connection import Connection
from mlsystem.client.deployment_course import (
    AlarmView,
    Deployment,
    EndpointUpdate,
    LifecycleEvent,
    read_alarm,
    read_deployment,
    read_event,
    read_update,
)
from mlsystem.client.deployment_pages import deployment_page
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.judgement import Judgement, read_judgement
from mlsystem.client.missing import Missing, or_missing
from mlsystem.client.project import Project
from mlsystem.client.releases import ALIAS, Releases
from mlsystem.client.stored_file import read_json
from mlsystem.client.traffic_plan import Plan, read_plan

WORKERS = 8


@dataclass(frozen=True)
class Stopped:
    """Who stopped a deployment from the console, and why; CodeDeploy keeps neither."""

    person: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Course:
    """How a deployment goes on. `weight` is the share of traffic that the new version has of it."""

    deployment: Deployment
    events: tuple[LifecycleEvent, ...]
    weight: float | None
    plan: Plan | Missing
    alarms: tuple[AlarmView, ...] | Missing
    judgement: Judgement | Missing
    stopped: Stopped | None

    @property
    def shifting(self) -> LifecycleEvent | None:
        """The event in which traffic moves."""
        return next((event for event in self.events if event.name == "AllowTraffic"), None)


class Rollout:
    """Of one project's production. Raises NotFound where it was never deployed."""

    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._project = project
        self._codedeploy = connection.client("codedeploy")
        self.releases = Releases(connection, project)
        self._group = self.releases.group
        self.function = self.releases.function

    def deployments(self, page: str = "") -> tuple[list[Deployment], str]:
        """The newest of a page, and the token of the next; empty behind the last."""
        found, older = deployment_page(self._codedeploy, self._group, page)
        return list(map(read_deployment, found)), older

    def newest(self) -> list[Deployment]:
        return self.deployments()[0]

    def deployment(self, name: str) -> Deployment:
        """Raises NotFound."""
        try:
            return read_deployment(self._codedeploy.get_deployment(deploymentId=name)["deploymentInfo"])
        except ClientError as error:
            raise NotFound(f"the deployment {name} cannot be read: {error.response['Error']['Message']}") from error

    def course(self, deployment: Deployment) -> Course:
        with ThreadPoolExecutor(WORKERS) as pool:
            target = pool.submit(self._target, deployment.id)
            plan = pool.submit(or_missing, lambda: self._plan(deployment.config))
            alarms = pool.submit(or_missing, self._alarms)
            judgement = pool.submit(or_missing, lambda: read_judgement(self._connection, self._records, deployment.id))
            stopped = pool.submit(self._stopped, deployment.id)
            events, weight = target.result()
            return Course(
                deployment, events, weight, plan.result(), alarms.result(), judgement.result(), stopped.result()
            )

    def updates(self, endpoints: Sequence[str]) -> list[EndpointUpdate]:
        """Of these, those that are being updated in place."""
        sagemaker = self._connection.client("sagemaker")
        found = []
        for name in endpoints:
            try:
                told = sagemaker.describe_endpoint(EndpointName=name)
            except ClientError:
                continue  # it is gone, which the table of releases says
            if told["EndpointStatus"] in ("Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"):
                found.append(read_update(told))
        return found

    def stop(self, deployment: str, reason: str, person: str, now: datetime) -> None:
        """Stops it, which takes its traffic back, and keeps why. Raises ClientFailure; the traffic goes back first."""
        if not reason.strip():
            raise ClientFailure("say why: those who look at this deployment later will want to know")
        self.releases.stop(deployment)
        bucket, _, folder = self._records.removeprefix("s3://").partition("/")
        record = {"Person": person, "Reason": reason.strip(), "Time": now.isoformat()}
        key = f"{folder}/{deployment}/stopped.json"
        try:
            self._connection.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode())
        except ClientError as error:
            words = error.response["Error"]["Message"]
            raise ClientFailure(f"{deployment} is being stopped, but why could not be kept: {words}") from error

    # ------------------------------------------------------------------ inner
    @cached_property
    def _records(self) -> str:
        """Where the judge writes."""
        bucket = CodePipeline(self._connection, self._project.pipeline).bucket()
        return f"s3://{bucket}/{self._project.pipeline}/deployments"

    def _target(self, deployment: str) -> tuple[tuple[LifecycleEvent, ...], float | None]:
        """Empty for one that has not begun."""
        try:
            found = self._codedeploy.get_deployment_target(deploymentId=deployment, targetId=f"{self.function}:{ALIAS}")
        except ClientError:
            return (), None
        target = found["deploymentTarget"]["lambdaTarget"]
        events = tuple(read_event(item) for item in target.get("lifecycleEvents", ()))
        return events, target.get("lambdaFunctionInfo", {}).get("targetVersionWeight")

    def _plan(self, config: str) -> Plan:
        try:
            found = self._codedeploy.get_deployment_config(deploymentConfigName=config)["deploymentConfigInfo"]
        except ClientError as error:
            raise NotFound(f"the configuration {config}: {error.response['Error']['Message']}") from error
        return read_plan(config, found.get("trafficRoutingConfig", {}))

    def _alarms(self) -> tuple[AlarmView, ...]:
        group = self._codedeploy.get_deployment_group(**self._group)["deploymentGroupInfo"]
        watched = group.get("alarmConfiguration", {})
        names = [one["name"] for one in watched.get("alarms", ())] if watched.get("enabled") else []
        if not names:
            return ()
        found = self._connection.client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=100)
        known = {one["AlarmName"]: one for one in found["MetricAlarms"]}
        return tuple(read_alarm(name, known.get(name)) for name in names)

    def _stopped(self, deployment: str) -> Stopped | None:
        try:
            told = read_json(self._connection, f"{self._records}/{deployment}/stopped.json")
            return Stopped(told["Person"], told["Reason"], datetime.fromisoformat(told["Time"]))
        except (ClientFailure, KeyError, ValueError):
            return None
