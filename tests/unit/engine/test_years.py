"""Three years of a small system under a clock that is moved by hand: what AWS forgets is forgotten, and a data folder grows no more."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from mlsystem.engine.contract import House, Part, Room
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.retention import DAY_SECONDS, KEPT_MAIL
from mlsystem.engine.decide.traffic import named_config, new_deployment
from mlsystem.engine.durable.housekeeping import Housekeeping
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.services.application_autoscaling import room as application_autoscaling
from mlsystem.engine.services.application_autoscaling.target import ActivityRecord
from mlsystem.engine.services.cloudformation import room as cloudformation
from mlsystem.engine.services.cloudwatch import room as cloudwatch
from mlsystem.engine.services.codebuild.build import BuildMachine, BuildRecord
from mlsystem.engine.services.codebuild.builds import Builds
from mlsystem.engine.services.codedeploy import room as codedeploy
from mlsystem.engine.services.codedeploy.applications import DeploymentGroup
from mlsystem.engine.services.codedeploy.deployment import DeploymentRecord
from mlsystem.engine.services.codepipeline import room as codepipeline
from mlsystem.engine.services.events import room as events
from mlsystem.engine.services.iam import room as iam
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.services.kms import room as kms
from mlsystem.engine.services.logs import room as logs
from mlsystem.engine.services.s3 import room as s3
from mlsystem.engine.services.sagemaker.model_packages import ClientToken, ModelPackages
from mlsystem.engine.services.sns import room as sns
from mlsystem.engine.services.stepfunctions import room as stepfunctions
from mlsystem.engine.store import schema
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.keys import KeyRing
from tests.live import eventually

STEP_DAYS = 20
YEARS = 3
HALF_A_YEAR = 180
ROLE = "arn:aws:iam::000000000000:role/line"
GROUPS = {"a-month": 30, "for-ever": None}


class System:
    """The rooms that keep a past, in one process, and what happens in them every few days."""

    def __init__(self, folder: DataFolder):
        self.folder = folder
        self.clock = ManualClock()
        self.database = Database(folder.database, self.clock)
        self.worker = Worker(self.database, self.clock)
        scope = Scope("000000000000", "us-east-1")
        self.call = Dispatcher(self.database, scope, Guard(scope, RoleBook()))
        house = House(
            scope, self.clock, self.database, self.worker, folder, self.call, "http://127.0.0.1:4580", self.call.demand
        )
        keys = KeyRing(self.database)
        self.rooms: tuple[Room, ...] = (
            s3.open_room(house, keys),
            kms.open_room(house, keys),
            cloudformation.open_room(house, keys),
            *(one.open_room(house) for one in (iam, logs, events, sns, cloudwatch, codepipeline, codedeploy)),
            *(one.open_room(house) for one in (stepfunctions, application_autoscaling)),
        )
        self.call.open(self.rooms)
        for room in self.rooms:
            room.register(self.worker)
        parts: list[Part] = [part for room in self.rooms for part in room.parts]
        for part in parts:
            part.start()
        tidies = [part.tidy for part in (*parts, Builds(house, BuildMachine()), ModelPackages(house))]
        Housekeeping(self.database, self.worker, self.clock, tidies).start()
        self.worker.start()
        self.day = 0
        self._prepare()

    def close(self) -> None:
        self.worker.stop()
        for part in (part for room in self.rooms for part in room.parts):
            part.stop()
        self.database.close()

    def _prepare(self) -> None:
        trust: dict[str, object] = {
            "Effect": "Allow",
            "Principal": {"Service": "codepipeline.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        self.call("iam", "CreateRole", {"RoleName": "line", "AssumeRolePolicyDocument": _policy(trust)})
        document = _policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.call("iam", "PutRolePolicy", {"RoleName": "line", "PolicyName": "all", "PolicyDocument": document})
        self.call("s3", "CreateBucket", {"Bucket": "line"})
        self.call("s3", "PutBucketVersioning", {"Bucket": "line", "VersioningConfiguration": {"Status": "Enabled"}})
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("data.txt", "data")
        self.call("s3", "PutObject", {"Bucket": "line", "Key": "data.zip", "Body": stream.getvalue()})
        rule = {"ID": "artefacts", "Status": "Enabled", "Filter": {"Prefix": "line/"}, "Expiration": {"Days": 20}}
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
        configuration = {"Bucket": "line", "LifecycleConfiguration": {"Rules": [rule]}}
        self.call("s3", "PutBucketLifecycleConfiguration", configuration)
        for name, days in GROUPS.items():
            self.call("logs", "CreateLogGroup", {"logGroupName": name})
            self.call("logs", "CreateLogStream", {"logGroupName": name, "logStreamName": "one"})
            if days:
                self.call("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})
        states = {"StartAt": "All", "States": {"All": {"Type": "Pass", "End": True}}}
        machine = {"name": "flow", "definition": json.dumps(states), "roleArn": ROLE}
        self.machine = self.call("stepfunctions", "CreateStateMachine", machine)["stateMachineArn"]
        self.call("codedeploy", "CreateApplication", {"applicationName": "a", "computePlatform": "Lambda"})
        self.call("cloudwatch", "PutMetricAlarm", _alarm(0))
        self.call("cloudformation", "CreateStack", {"StackName": "lives", "TemplateBody": _template(0)})
        self.stack_is("lives", "CREATE_COMPLETE")
        self.call("codepipeline", "CreatePipeline", {"pipeline": _pipeline()})
        self.decide()

    # ------------------------------------------------------------------ what happens
    def live(self, days: int) -> None:
        for _ in range(days // STEP_DAYS):
            self.day += STEP_DAYS
            self.happen()
            self.rest(STEP_DAYS)

    def rest(self, days: int) -> None:
        self._settle()
        self.clock.advance(days * DAY_SECONDS)
        eventually(lambda: self.next_timer() > self.clock.now(), interval=0.01)
        self._settle()

    def _settle(self) -> None:
        eventually(lambda: not self.rows("outbox"), interval=0.01)

    def happen(self) -> None:
        self.call("stepfunctions", "StartExecution", {"stateMachineArn": self.machine, "name": f"e{self.day}"})
        at = self.clock.now()
        seconds = range(0, 7200, 20)
        data = [
            {"MetricName": "Latency", "Value": 1.0 + second % 97, "Timestamp": at - 7200 + second} for second in seconds
        ]
        self.call("cloudwatch", "PutMetricData", {"Namespace": "Own", "MetricData": data})
        self.call("cloudwatch", "PutMetricAlarm", _alarm(self.day))
        for name in GROUPS:
            event = {"timestamp": int(at * 1000), "message": "something happened"}
            request = {"logGroupName": name, "logStreamName": "one", "logEvents": [event] * 20}
            self.call("logs", "PutLogEvents", request)
        self.call("cloudformation", "UpdateStack", {"StackName": "lives", "TemplateBody": _template(self.day)})
        self.stack_is("lives", "UPDATE_COMPLETE")
        self.call("cloudformation", "CreateStack", {"StackName": "goes", "TemplateBody": _template(self.day, "Other")})
        self.stack_is("goes", "CREATE_COMPLETE")
        self.call("cloudformation", "DeleteStack", {"StackName": "goes"})
        eventually(
            lambda: (
                not self.call("cloudformation", "ListStacks", {"StackStatusFilter": ["DELETE_IN_PROGRESS"]})[
                    "StackSummaries"
                ]
            )
        )
        self.call("codepipeline", "StartPipelineExecution", {"name": "line"})
        self.decide()
        mail = self.folder.root / "mail" / f"{self.day}.eml"
        mail.parent.mkdir(exist_ok=True)
        mail.touch()
        os.utime(mail, (at, at))
        with self.database.transaction() as tx:
            ended: dict[str, Any] = {"parent": "line", "ended_at": at}
            tx.add(BuildRecord(key=f"line:{self.day}", state="SUCCEEDED", plan={}, number=1, initiator="x", **ended))
            tx.add(ActivityRecord(key=f"{self.day}", state="Successful", description="", cause="", **ended))
            tx.add(ClientToken(key=f"{self.day}", arn=""))
            tx.add(_deployment(f"d-{self.day}"))
            last: dict[str, Any] = {"last_attempted": f"d-{self.day}", "last_successful": f"d-{self.day}"}
            tx.put(DeploymentGroup(key="a/g", parent="a", id="1", name="g", definition={}, **last))

    def decide(self) -> None:
        """Approve what waits, but for every other time."""
        token = eventually(self._token, timeout=20, interval=0.002)
        status = "Approved" if self.day // STEP_DAYS % 2 else "Rejected"
        answer = {"stageName": "Ask", "actionName": "Ask", "result": {"summary": "x", "status": status}}
        self.call("codepipeline", "PutApprovalResult", {"pipelineName": "line", "token": token, **answer})
        eventually(lambda: not self._goes_on(), interval=0.002)

    def _token(self) -> str:
        stages = self.call("codepipeline", "GetPipelineState", {"name": "line"})["stageStates"]
        return str(stages[1]["actionStates"][0].get("latestExecution", {}).get("token", ""))

    def _goes_on(self) -> bool:
        found = self.call("codepipeline", "ListPipelineExecutions", {"pipelineName": "line", "maxResults": 1})
        return str(found["pipelineExecutionSummaries"][0]["status"]) == "InProgress"

    def stack_is(self, name: str, status: str) -> None:
        def found() -> bool:
            [stack] = self.call("cloudformation", "DescribeStacks", {"StackName": name})["Stacks"]
            return str(stack["StackStatus"]) == status

        eventually(found, interval=0.002)

    # ------------------------------------------------------------------ what is there
    def rows(self, table: str) -> int:
        with self.database.reading() as tx:
            return int(tx.connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    def next_timer(self) -> float:
        with self.database.reading() as tx:
            return float(tx.connection.execute(text("SELECT min(due_at) FROM timers")).scalar_one())

    def counts(self) -> dict[str, int]:
        """Rows of every table, records of every kind, files of every folder."""
        found = {
            table.name: self.rows(table.name) for table in schema.metadata.sorted_tables if table.name != "log_events"
        }
        with self.database.reading() as tx:
            for query in (
                "SELECT kind, count(*) FROM records GROUP BY 1",
                "SELECT 'history of '||kind, count(*) FROM history GROUP BY 1",
            ):
                found |= {kind: count for kind, count in tx.connection.execute(text(query))}
            for column, table in (
                ("'events of '||group_name", "log_events"),
                ("'points of '||namespace", "metric_points"),
            ):
                of_each = text(f"SELECT {column}, count(*) FROM {table} GROUP BY 1")
                found |= {name: count for name, count in tx.connection.execute(of_each)}
        for folder in ("objects", "mail"):
            found[folder] = sum(path.is_file() for path in (self.folder.root / folder).rglob("*"))
        return found


def _deployment(key: str) -> DeploymentRecord:
    versions: dict[str, Any] = {"function_name": "f", "alias": "live", "current_version": "1", "target_version": "2"}
    deployment = new_deployment(
        deployment_id=key, config=named_config("CodeDeployDefault.LambdaAllAtOnce"), at=0.0, **versions
    )
    group: dict[str, Any] = {"application": "a", "group": "g", "group_id": "1", "role_arn": ROLE}
    return DeploymentRecord(key=key, parent="a/g", state="Succeeded", deployment=deployment, revision={}, **group)


def _policy(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _alarm(day: int) -> dict[str, object]:
    wanted = {"Namespace": "Own", "MetricName": "Latency", "Statistic": "Maximum", "Period": 86400 * 7}
    bounds = {"EvaluationPeriods": 1, "Threshold": 1000.0 + day, "ComparisonOperator": "GreaterThanThreshold"}
    return {"AlarmName": "slow", **wanted, **bounds}


def _template(day: int, name: str = "Topic") -> str:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name, "DisplayName": f"day {day}"}}
    return json.dumps({"Resources": {name: topic}})


def _pipeline() -> dict[str, Any]:
    def action(name: str, category: str, provider: str, **members: object) -> dict[str, Any]:
        kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
        return {"name": name, "actionTypeId": kind, "runOrder": 1, **members}

    source = {"S3Bucket": "line", "S3ObjectKey": "data.zip", "PollForSourceChanges": "false"}
    data = action("Data", "Source", "S3", configuration=source, outputArtifacts=[{"name": "Data"}])
    stages = [{"name": "Source", "actions": [data]}, {"name": "Ask", "actions": [action("Ask", "Approval", "Manual")]}]
    store = {"type": "S3", "location": "line"}
    return {"name": "line", "roleArn": ROLE, "artifactStore": store, "stages": stages, "pipelineType": "V2"}


@dataclass
class Past:
    """`halves`: what is there at the end of each half of a year, and how large the database is; then nothing happens for `days`."""

    system: System
    halves: list[tuple[dict[str, int], int]]
    days: int = 500


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    folder = DataFolder(tmp_path_factory.mktemp("years") / "home")
    folder.prepare()
    system = System(folder)
    try:
        found = Past(system, [])
        for _ in range(2 * YEARS):
            system.live(HALF_A_YEAR)
            found.halves.append((system.counts(), folder.database.stat().st_size))
        system.rest(found.days)
        yield found
    finally:
        system.close()


# The last of a lasting resource stays however old: one of each.
AT_MOST = {
    "stepfunctions.execution": 90 // STEP_DAYS + 1,
    "history of cloudwatch.alarm": 2 * (30 // STEP_DAYS + 1),
    "events of a-month": 20 * (30 // STEP_DAYS + 1),
    "codepipeline.execution": 365 // STEP_DAYS + 2,
    "codebuild.build": 365 // STEP_DAYS + 1,
    "codedeploy.deployment": 365 // STEP_DAYS + 1,
    "application-autoscaling.activity": 42 // STEP_DAYS + 1,
    "cloudformation.stack": 90 // STEP_DAYS + 2,
    "mail": KEPT_MAIL.days // STEP_DAYS + 1,
}
# What is past its age before the next comes.
NONE = "sagemaker.model_package_token"


def test_what_is_past_its_age_is_forgotten(past: Past) -> None:
    last, _ = past.halves[-1]
    too_many = {name: last[name] for name, most in AT_MOST.items() if not 0 < last[name] <= most}
    assert (too_many, last.get(NONE, 0)) == ({}, 0)


def test_nothing_grows_after_its_age_but_what_aws_keeps_for_ever(past: Past) -> None:
    (before, size_before), (after, size_after) = past.halves[-2:]
    growing = {name: (before.get(name, 0), count) for name, count in after.items() if count > before.get(name, 0)}
    assert list(growing) == ["events of for-ever"]
    assert size_after <= 1.05 * size_before


def test_metrics_are_kept_for_fifteen_months_and_by_the_hour_in_the_end(past: Past) -> None:
    """Two hours' worth, of 360 values, in each burst."""
    by_five_minutes, by_hours = (63 - 15) // STEP_DAYS + 1, (455 - 63) // STEP_DAYS + 1
    counts, _ = past.halves[-1]
    assert 0 < counts["points of Own"] <= 25 * by_five_minutes + 3 * by_hours


def test_what_something_that_lasts_is_known_by_stays_however_old(past: Past) -> None:
    system, call = past.system, past.system.call
    stages = call("codepipeline", "GetPipelineState", {"name": "line"})["stageStates"]
    latest = {stage["latestExecution"]["pipelineExecutionId"] for stage in stages}
    found = call("codepipeline", "ListPipelineExecutions", {"pipelineName": "line"})["pipelineExecutionSummaries"]
    assert {one["status"] for one in found} == {"Succeeded", "Failed"}, (
        "the last, and the last that can be gone back to"
    )
    assert len(found) == 2 and latest <= {one["pipelineExecutionId"] for one in found}
    [resource] = call("cloudformation", "DescribeStackResources", {"StackName": "lives"})["StackResources"]
    changed = resource["Timestamp"].timestamp()
    assert past.days <= (system.clock.now() - changed) / DAY_SECONDS < past.days + STEP_DAYS + 1
    assert len(call("cloudformation", "DescribeStackEvents", {"StackName": "lives"})["StackEvents"]) == 2
    group = {"applicationName": "a", "deploymentGroupName": "g"}
    told = call("codedeploy", "GetDeploymentGroup", group)["deploymentGroupInfo"]
    assert told["lastSuccessfulDeployment"]["deploymentId"] == f"d-{system.day}"
    assert "stepfunctions.execution" not in system.counts()
