"""How fast traffic moves: from a decision to the first and last request that feels it, and from an alarm to full rollback.

    python benchmarks/traffic_moves.py [--rounds 10] [--json]

A function with two versions behind a REST API is asked all the time over one connection, each answer naming its version. Times are a
client's: from the moment at which the call that decides is sent, to the sending of the last request that the other version answered.
`alias` moves all traffic by UpdateAlias; `alarm` and `stop` take a canary back, through CodeDeploy, by an alarm and by a person.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.alarms import ToldAlarm
from tests.functions import change_code, make_api, make_function
from tests.live import LiveEngine, eventually
from tests.rollouts import Deployer
from tests.serving import SteadyLoad

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


class Bench:
    """The system that is measured."""

    def __init__(self, engine: LiveEngine):
        self.functions = engine.client("lambda")
        make_function(engine, NAME, SOURCE % "one")
        self.functions.publish_version(FunctionName=NAME)
        change_code(engine, NAME, SOURCE % "two")
        arn = self.functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")["AliasArn"]
        self.path = make_api(engine, NAME, arn)
        self.alarm = ToldAlarm(engine, ALARM)
        self.deployer = Deployer(engine, NAME, **SETTINGS)

    def set_all(self, version: str) -> None:
        self.functions.update_alias(
            FunctionName=NAME, Name="live", FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": {}}
        )

    def begin_canary(self) -> str:
        return self.deployer.begin("1", "2")

    def await_end(self, deployment: str) -> None:
        eventually(lambda: self.deployer.status(deployment) in ("Failed", "Stopped"), timeout=60)


def moved_after(load: SteadyLoad, decided: float, away_from: str) -> float:
    """Seconds from the decision to the sending of the last request that the version answered; waits until none did for a while."""
    while True:
        time.sleep(QUIET_SECONDS)
        if load.failures:
            raise SystemExit(f"the API failed: {load.failures[0]}")
        late = [sent for sent, version in load.answers if version == away_from and sent > decided]
        if not late or load.answers[-1][0] - late[-1] > QUIET_SECONDS:
            return max(0.0, late[-1] - decided) if late else 0.0


def measure(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"alias": [], "alarm": [], "stop": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = LiveEngine(Path(folder) / "engine")
        engine.start()
        try:
            bench = Bench(engine)
            bench.set_all("2")  # both versions have run once
            bench.set_all("1")
            with SteadyLoad(engine, bench.path, math.inf, lambda answer, _: answer.headers["X-Version"]) as load:
                for _ in range(rounds):
                    found["alias"].append(_alias(bench, load))
                    found["alarm"].append(_canary(bench, load, lambda _: bench.alarm.say("ALARM")))
                    found["stop"].append(_canary(bench, load, bench.deployer.stop))
        finally:
            engine.stop()
    return found


def _alias(bench: Bench, load: SteadyLoad) -> float:
    eventually(lambda: load.answers and load.answers[-1][1] == "1")
    decided = time.monotonic()
    bench.set_all("2")
    seconds = moved_after(load, decided, away_from="1")
    bench.set_all("1")
    return seconds


def _canary(bench: Bench, load: SteadyLoad, decide: Callable[[str], None]) -> float:
    moved_after(load, time.monotonic(), away_from="2")
    deployment = bench.begin_canary()
    begun = time.monotonic()
    eventually(lambda: any(version == "2" and sent > begun for sent, version in load.answers[-500:]), timeout=60)
    decided = time.monotonic()
    decide(deployment)
    seconds = moved_after(load, decided, away_from="2")
    bench.await_end(deployment)
    bench.alarm.say("OK")
    return seconds


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
