"""The judge of a deployment: looks each minute whether the new version is worse than the old one, and says so as a metric.

A schedule that the pre-traffic hook makes runs it while a deployment is under way; the post-traffic hook runs it once
more, for the last word. Each look counts everything anew from the metrics, so one that is lost or comes twice changes
nothing; kept is only what was usual before, so that all looks apply the same.

The metric EvidenceAgainstNewVersion is 0 for none and 1 for complete evidence: then its alarm rolls the deployment
back. What it was based on is written beside the artefacts, as deployments/<id>/judgement.json.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from check import CheckError, Clock
from comparing import Compared, Reference, Shift, compare
from deployment_check import ALIAS
from judge_names import ALL_AT_ONCE, schedule_name
from judgement import CRITERIA, Comparison, Evidence, NoData, Policy, Verdict, reason_for, told, verdict_on, weigh
from metric_reader import MetricReader

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from types_boto3_codedeploy import CodeDeployClient
    from types_boto3_s3 import S3Client
    from types_boto3_scheduler import EventBridgeSchedulerClient

METRIC = "EvidenceAgainstNewVersion"
SETTLE_SECONDS = 3.0  # for a second's metrics to arrive
PAUSE_SECONDS = 4.0  # between two looks; shorter ones come where time is scaled, and see little that is new
ENDED = ("Succeeded", "Failed", "Stopped")
NOTHING = Evidence(0.0, {criterion.name: 0.0 for criterion in CRITERIA})

log = logging.getLogger(__name__)
Record = dict[str, Any]


@dataclass(frozen=True)
class Clients:
    codedeploy: CodeDeployClient
    cloudwatch: CloudWatchClient
    s3: S3Client
    scheduler: EventBridgeSchedulerClient


@dataclass(frozen=True)
class Deployment:
    """What CodeDeploy says of it. `begin` and `end` are of its event AllowTraffic."""

    id: str
    status: str
    config: str
    function_name: str
    old: str
    new: str
    begin: float | None
    end: float | None


class Judge:
    def __init__(self, clients: Clients, variables: Mapping[str, str], clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._namespace = variables["METRIC_NAMESPACE"]
        self._function_name = variables["FUNCTION_NAME"]
        self._bucket, _, self._prefix = variables["RECORDS_URI"].removeprefix("s3://").partition("/")
        self._policy = Policy(
            float(variables["FALSE_ALARM_RATE"]), int(variables["MIN_REQUESTS"]), NoData(variables["NO_DATA"])
        )

    def look(self, deployment_id: str, own_requests: int = 0) -> Record:
        """One look; what it wrote down. `own_requests` are those that the post-traffic hook has sent when the traffic had
        shifted: as long as their metrics are missing, so may be those of clients."""
        before = self._read_record(deployment_id)
        if before and not own_requests and self._clock.now() - _instant(before["lookedAt"]) < PAUSE_SECONDS:
            return before
        deployment = self._deployment(deployment_id)
        if deployment.status in ENDED:
            return self._close(deployment, before or self._judged(deployment, {}, 0))
        record = self._judged(deployment, before, own_requests)
        if self._read_record(deployment_id).get("deploymentStatus") in ENDED:
            return record  # another look has closed it meanwhile
        self._write_record(record)
        self._publish(record["evidence"])
        log.info("%s: %s: %s", deployment_id, record["verdict"], record["reason"])
        return record

    def _close(self, deployment: Deployment, record: Record) -> Record:
        """The deployment is over: its evidence is no more, so that it holds up no later one, and nobody looks again."""
        closed = {**record, "deploymentStatus": deployment.status}
        self._write_record(closed)
        self._publish(0.0)
        try:
            self._clients.scheduler.delete_schedule(Name=schedule_name(self._namespace, deployment.id))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        return closed

    # ------------------------------------------------------------------ the judgement
    def _judged(self, deployment: Deployment, before: Record, own_requests: int) -> Record:
        now = self._clock.now()
        if deployment.config == ALL_AT_ONCE or deployment.begin is None:
            verdict = Verdict.NOT_COMPARED if deployment.config == ALL_AT_ONCE else Verdict.UNDECIDED
            return self._record(deployment, before, verdict, NOTHING, None, 0)
        is_over = deployment.end is not None
        until = deployment.end if deployment.end is not None else now - SETTLE_SECONDS
        shift = Shift(deployment.old, deployment.new, deployment.begin, max(until, deployment.begin), is_over)
        known = Reference.of(before["reference"]) if before.get("reference") else None
        reader = MetricReader(self._clients.cloudwatch, self._namespace, self._function_name)
        compared = compare(reader, shift, known, now)
        evidence = weigh(compared.comparisons, len(compared.strata), self._policy.false_alarm_rate)
        served = compared.new_requests
        is_known = compared.checks_after >= own_requests
        verdict = verdict_on(evidence, served, self._policy, is_over=is_over, is_known=is_known)
        return self._record(deployment, before, verdict, evidence, compared, served)

    def _record(
        self,
        deployment: Deployment,
        before: Record,
        verdict: Verdict,
        evidence: Evidence,
        compared: Compared | None,
        served: int,
    ) -> Record:
        """What is written: the verdict in plain words, and the numbers that it was taken on."""
        comparisons = compared.comparisons if compared else []
        reference = compared.reference if compared else None
        return {
            "deploymentId": deployment.id,
            "functionName": deployment.function_name,
            "oldVersion": deployment.old,
            "newVersion": deployment.new,
            "deploymentConfig": deployment.config,
            "deploymentStatus": deployment.status,
            "trafficShiftedFrom": _told_instant(deployment.begin),
            "trafficShiftedUntil": _told_instant(deployment.end),
            "lookedAt": _told_instant(self._clock.now()),
            "looks": int(before.get("looks", 0)) + 1,
            "verdict": str(verdict),
            "isGood": verdict.is_good,
            "reason": reason_for(verdict, evidence, comparisons, served, self._policy),
            "evidence": round(evidence.share, 4),
            "policy": {
                "falseAlarmRate": self._policy.false_alarm_rate,
                "minRequests": self._policy.min_requests,
                "noData": str(self._policy.no_data),
            },
            "newRequests": served,
            "oldRequests": compared.old_requests if compared else 0,
            "strata": len(compared.strata) if compared else 0,
            "reference": reference.told() if reference else None,
            "criteria": {
                criterion.name: {
                    "log10EValue": round(evidence.by_criterion[criterion.name], 4),
                    "toleratedOddsRatio": criterion.odds.tolerated,
                    "comparisons": [_told_comparison(one) for one in comparisons if one.criterion == criterion],
                }
                for criterion in CRITERIA
            },
        }

    # ------------------------------------------------------------------ what it reads and writes
    def _deployment(self, deployment_id: str) -> Deployment:
        codedeploy = self._clients.codedeploy
        info = codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        target_id = f"{self._function_name}:{ALIAS}"
        found = codedeploy.get_deployment_target(deploymentId=deployment_id, targetId=target_id)
        target: Any = found["deploymentTarget"]["lambdaTarget"]
        function = target["lambdaFunctionInfo"]
        [shift] = [event for event in target["lifecycleEvents"] if event["lifecycleEventName"] == "AllowTraffic"]
        if function["functionName"] != self._function_name:
            raise CheckError(f"deployment {deployment_id} is of {function['functionName']}, not {self._function_name}")
        return Deployment(
            id=deployment_id,
            status=info["status"],
            config=info["deploymentConfigName"],
            function_name=function["functionName"],
            old=function["currentVersion"],
            new=function["targetVersion"],
            begin=_seconds(shift.get("startTime")),
            end=_seconds(shift.get("endTime")),
        )

    def _key(self, deployment_id: str) -> str:
        return f"{self._prefix}{deployment_id}/judgement.json"

    def _read_record(self, deployment_id: str) -> Record:
        """Empty before the first look."""
        try:
            found = self._clients.s3.get_object(Bucket=self._bucket, Key=self._key(deployment_id))
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return {}
            raise
        record: Record = json.loads(found["Body"].read())
        return record

    def _write_record(self, record: Record) -> None:
        body = json.dumps(record, indent=1).encode()
        key = self._key(record["deploymentId"])
        self._clients.s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _publish(self, evidence: float) -> None:
        datum: MetricDatumTypeDef = {
            "MetricName": METRIC,
            "Value": evidence,
            "Unit": "None",
            "StorageResolution": 1,  # an alarm of ten seconds asks for it
        }
        self._clients.cloudwatch.put_metric_data(Namespace=self._namespace, MetricData=[datum])


def _told_comparison(comparison: Comparison) -> dict[str, Any]:
    total = comparison.total
    return {
        "what": told(comparison),
        "above": comparison.cut,
        "newRequests": total.new,
        "newBad": total.new_bad,
        "oldRequests": total.old,
        "oldBad": total.old_bad,
    }


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _instant(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


def _told_instant(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


_clients: list[Clients] = []  # made by the first look, and kept with their connections


def handler(event: dict[str, Any], _context: object) -> Record:
    """Lambda's entry point. The event: deploymentId, and of the post-traffic hook ownRequests."""
    if not _clients:
        named = (boto3.client("codedeploy"), boto3.client("cloudwatch"), boto3.client("s3"), boto3.client("scheduler"))
        _clients.append(Clients(*named))
    judge = Judge(_clients[0], os.environ, Clock(time.time, time.sleep))
    return judge.look(event["deploymentId"], own_requests=int(event.get("ownRequests", 0)))
