"""How fast traffic moves: from a decision to the first and last request that feels it, and from an alarm to full rollback.

    python benchmarks/traffic_moves.py [--rounds 10] [--json]

A function with two versions behind a REST API is asked all the time over one connection, each answer naming its version. Times are a
client's: from the moment at which the call that decides is sent, to the sending of the last request that the other version answered.
`alias` moves all traffic by UpdateAlias; `alarm` and `stop` take a canary back, through CodeDeploy, by an alarm and by a person.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.functions import change_code, make_function
from tests.live import LiveEngine, eventually
from tests.roles import role

SOURCE = """
def handler(event, context):
    return {"statusCode": 200, "headers": {"X-Version": context.function_version}, "body": "%s"}
"""
NAME, ALARM = "bench", "bench-errors"
# Requests after a decision until it counts as in effect for good.
QUIET_SECONDS = 0.3
SETTINGS: dict[str, Any] = {
    "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent30Minutes",
    "autoRollbackConfiguration": {
        "enabled": True,
        "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
    },
    "alarmConfiguration": {"enabled": True, "alarms": [{"name": ALARM}]},
}


class Asking:
    """Asks all the time; for each request when it was sent and which version answered."""

    def __init__(self, url: str, path: str):
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers: list[tuple[float, str]] = []

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            sent = time.perf_counter()
            self._connection.request("POST", self._path, b"{}")
            answer = self._connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"the API answered {answer.status}")
            self.answers.append((sent, answer.headers["X-Version"]))

    def moved_after(self, decided: float, away_from: str) -> float:
        """Seconds from the decision to the sending of the last request that the version answered; waits until none did for a while."""
        while True:
            time.sleep(QUIET_SECONDS)
            late = [sent for sent, version in self.answers if version == away_from and sent > decided]
            if not late or self.answers[-1][0] - late[-1] > QUIET_SECONDS:
                return max(0.0, late[-1] - decided) if late else 0.0


class Bench:
    """The system that is measured."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.functions = engine.client("lambda")
        self.deploy = engine.client("codedeploy")
        self.cloudwatch = engine.client("cloudwatch")
        arn = self._function()
        self.path = f"/_api/{self._api(arn)}/Prod/api"
        self._group()

    def _function(self) -> str:
        make_function(self.engine, NAME, SOURCE % "one")
        self.functions.publish_version(FunctionName=NAME)
        change_code(self.engine, NAME, SOURCE % "two")
        return str(self.functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")["AliasArn"])

    def _api(self, arn: str) -> str:
        gateway = self.engine.client("apigateway")
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
        paths = {"/api": {"post": {"x-amazon-apigateway-integration": integration}}}
        body = {"openapi": "3.0.1", "info": {"title": NAME, "version": "1"}, "paths": paths}
        api = str(gateway.import_rest_api(body=json.dumps(body).encode())["id"])
        self.functions.add_permission(
            FunctionName=arn,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api}/*",
        )
        deployment = gateway.create_deployment(restApiId=api)["id"]
        gateway.create_stage(restApiId=api, stageName="Prod", deploymentId=deployment)
        return api

    def _group(self) -> None:
        self.cloudwatch.put_metric_alarm(
            AlarmName=ALARM,
            Namespace="bench",
            MetricName="none",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        self.deploy.create_application(applicationName=NAME, computePlatform="Lambda")
        arn = role(self.engine, "deployer")
        self.deploy.create_deployment_group(
            applicationName=NAME, deploymentGroupName=NAME, serviceRoleArn=arn, **SETTINGS
        )

    def set_all(self, version: str) -> None:
        self.functions.update_alias(
            FunctionName=NAME, Name="live", FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": {}}
        )

    def begin_canary(self) -> str:
        properties = {"Name": NAME, "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
        content = {"version": 0.0, "Resources": [{NAME: {"Type": "AWS::Lambda::Function", "Properties": properties}}]}
        made = self.deploy.create_deployment(
            applicationName=NAME,
            deploymentGroupName=NAME,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}},
        )
        return str(made["deploymentId"])

    def say(self, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="the benchmark says so")

    def await_end(self, deployment: str) -> None:
        def ended() -> bool:
            info = self.deploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
            return info["status"] in ("Failed", "Stopped")

        eventually(ended, timeout=60)


def measure(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"alias": [], "alarm": [], "stop": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = LiveEngine(Path(folder) / "engine")
        engine.start()
        try:
            bench = Bench(engine)
            bench.set_all("2")  # both versions have run once
            bench.set_all("1")
            with Asking(engine.url, bench.path) as asking:
                for _ in range(rounds):
                    found["alias"].append(_alias(bench, asking))
                    found["alarm"].append(_canary(bench, asking, lambda _: bench.say("ALARM")))
                    found["stop"].append(_canary(bench, asking, _stopped(bench)))
        finally:
            engine.stop()
    return found


def _alias(bench: Bench, asking: Asking) -> float:
    eventually(lambda: asking.answers and asking.answers[-1][1] == "1")
    decided = time.perf_counter()
    bench.set_all("2")
    seconds = asking.moved_after(decided, away_from="1")
    bench.set_all("1")
    return seconds


def _canary(bench: Bench, asking: Asking, decide: Callable[[str], None]) -> float:
    asking.moved_after(time.perf_counter(), away_from="2")
    deployment = bench.begin_canary()
    begun = time.perf_counter()
    eventually(lambda: any(version == "2" and sent > begun for sent, version in asking.answers[-500:]), timeout=60)
    decided = time.perf_counter()
    decide(deployment)
    seconds = asking.moved_after(decided, away_from="2")
    bench.await_end(deployment)
    bench.say("OK")
    return seconds


def _stopped(bench: Bench) -> Callable[[str], None]:
    def stop(deployment: str) -> None:
        bench.deploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)

    return stop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds)
    rows = {
        name: {"median_ms": round(statistics.median(values) * 1000, 1), "max_ms": round(max(values) * 1000, 1)}
        for name, values in found.items()
    }
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    words = {
        "alias": "UpdateAlias, until the old version gets nothing",
        "alarm": "an alarm, until the new version gets nothing",
        "stop": "StopDeployment, until the new version gets nothing",
    }
    print(f"{'from':52}{'median ms':>10}{'max ms':>10}")
    for name, row in rows.items():
        print(f"{words[name]:52}{row['median_ms']:>10.1f}{row['max_ms']:>10.1f}")


if __name__ == "__main__":
    main()
