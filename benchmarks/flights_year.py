"""A year of real flights through the real API: what the monitor finds in each month, whom it tells, and what it starts.

python benchmarks/flights_year.py [--json]      about five minutes

January is what the model learned from, and the later months are replayed. It must find summer as a drift of temperatures, and the
snowstorm of February as departures that are missing; carriers and distances stay as they are all year. What turned out is handed in
from July on: before, drift may start no training, and then it starts one and no second one. The admin gets mail, and the challenger
takes over by canary. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "flights")]
from demo import Demo  # noqa: E402
from flights import flights_of  # noqa: E402
from replay import Request, batches, ground_truths  # noqa: E402
from rich.console import Console  # noqa: E402

from mlsystem.cli.state import pause  # noqa: E402
from mlsystem.client import engine  # noqa: E402
from mlsystem.client.monitoring import Looked, Monitoring  # noqa: E402
from mlsystem.client.retraining import Retraining  # noqa: E402
from mlsystem.client.traffic import Query, Traffic  # noqa: E402
from tests.live import eventually  # noqa: E402
from tests.smtp import SmtpServer, link_in, open_link  # noqa: E402

ADMIN = "admin@example.org"
MONTHS, FIRST_LABELLED = range(2, 13), 7
STORM, STORM_DAYS = "storm", (8, 9)
ROWS, EVERY = 10, 3
REQUESTS_PER_SECOND = 60.0
LOOK_MINUTES = 60
QUIET = ("carrier", "distance")


@dataclass(frozen=True)
class Window:
    """What was asked in a span of time, and what the monitor found. `missing`: the share of departures that are missing."""

    name: str
    requests: int
    failed: int
    drifted: list[str]
    quiet: bool
    temp: str
    missing: float


class Year:
    def __init__(self, demo: Demo, smtp: SmtpServer) -> None:
        self._demo = demo
        self._smtp = smtp

    def run(self) -> list[Window]:
        self._demo.to_production()
        self._subscribe()
        windows = [
            self._window(f"2013-{month:02d}", flights_of(month)[::EVERY], month >= FIRST_LABELLED) for month in MONTHS
        ]
        # Last, as an alarm that the storm had raised would still be raised in summer, which comes seconds later here.
        windows.append(self._window(STORM, [flight for flight in flights_of(2) if flight.day in STORM_DAYS], False))
        self._demo.promote_challenger()
        return windows

    def mails(self) -> list[str]:
        """Subjects."""
        return [str(mail["Subject"]) for mail in self._smtp.mails_to(ADMIN)]

    def trainings(self) -> list[str]:
        """What started those that are on new data of production."""
        decisions = Retraining(self._demo.connection, self._demo.project).decisions(100)
        return [one.trigger for one in decisions if one.decision == "started" and one.details.get("DataHash")]

    # ------------------------------------------------------------------ inner
    def _client(self, service: str) -> Any:
        return self._demo.connection.client(service)

    def _subscribe(self) -> None:
        topic = self._demo.deployment.resource("NotificationTopic")
        self._client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=ADMIN)
        [question] = eventually(lambda: self._smtp.mails_to(ADMIN))
        open_link(link_in(question.get_content()))

    def _window(self, name: str, flights: Sequence[Any], is_labelled: bool) -> Window:
        """Asks, hands in what turned out, looks, and lets a day pass; what was captured goes, as another hour is another folder."""
        requests = list(batches(flights, name, ROWS))
        traffic = Traffic(self._demo.findings.api_url, _queries(requests), REQUESTS_PER_SECOND)
        traffic.start()
        answers = traffic.finish()
        eventually(lambda: self._captured(name) >= len(requests))
        if is_labelled:
            self._demo.hand_in(name, ground_truths(requests))
        looked = Monitoring(self._demo.connection, self._demo.project).look(LOOK_MINUTES, pause)
        found = _window(name, answers, looked, self._statistics(looked))
        self._let_a_day_pass(name)
        for key in self._keys():
            self._client("s3").delete_object(Bucket=self._bucket, Key=key)
        return found

    def _let_a_day_pass(self, name: str) -> None:
        """The timer asks whether drift lasts."""
        asked = {"Trigger": "lasting drift", "Id": name, "Time": datetime.now(UTC).isoformat()}
        function = f"{self._demo.project.pipeline}-retrain"
        answer = self._client("lambda").invoke(FunctionName=function, Payload=json.dumps(asked).encode())
        assert "FunctionError" not in answer, answer["Payload"].read()

    @property
    def _bucket(self) -> str:
        return str(self._demo.deployment.resource("ArtifactBucket"))

    def _keys(self) -> list[str]:
        prefix = f"{self._demo.project.pipeline}/capture/"
        pages = self._client("s3").get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def _captured(self, name: str) -> int:
        s3 = self._client("s3")
        bodies = [s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode() for key in self._keys()]
        return sum(f'"inferenceId":"{name}-' in line for body in bodies for line in body.splitlines())

    def _statistics(self, looked: Looked) -> dict[str, Any]:
        bucket, _, key = looked.report.removeprefix("s3://").partition("/")
        place = {"Bucket": bucket, "Key": f"{key.rpartition('/')[0]}/statistics.json"}
        found: dict[str, Any] = json.loads(self._client("s3").get_object(**place)["Body"].read())
        return found


def _queries(requests: Sequence[Request]) -> Iterator[Query]:
    return (Query(request.inference_id, request.body) for request in requests)


def _window(name: str, answers: Sequence[Any], looked: Looked, statistics: dict[str, Any]) -> Window:
    verdicts = {one.feature: one for one in looked.features}
    [delay] = [one for one in statistics["features"] if one["name"] == "dep_delay"]
    return Window(
        name=name,
        requests=len(answers),
        failed=sum(answer.has_failed for answer in answers),
        drifted=[feature for feature, one in verdicts.items() if one.verdict == "drifted"],
        quiet=all(verdicts[feature].verdict == "not drifted" for feature in QUIET),
        temp=verdicts["temp"].reason,
        missing=delay["numerical_statistics"]["common"]["num_missing"] / statistics["dataset"]["item_count"],
    )


def faults(windows: Sequence[Window], mails: Sequence[str], trainings: Sequence[str]) -> list[str]:
    """What is not as it must be."""
    found = [f"{one.name}: {one.failed} of {one.requests} requests failed" for one in windows if one.failed]
    by_name = {one.name: one for one in windows}
    months = [one for one in windows if one.name != STORM]
    found += [f"{one.name}: {' or '.join(QUIET)} is said to have drifted" for one in months if not one.quiet]
    if by_name[STORM].missing < 0.4:
        found.append(f"the storm does not show: {by_name[STORM].missing:.1%} of the departures are missing")
    if "temp" not in by_name["2013-07"].drifted:
        found.append(f"July's temperatures are said not to have drifted: {by_name['2013-07'].temp}")
    if list(trainings) != ["lasting drift"]:
        found.append(f"drift was to start one training; these were started by: {list(trainings)}")
    for words in ("drift of temp", "labels missing", "retraining started (lasting drift)", "SUCCEEDED: AWS CodeDeploy"):
        if not any(words in subject for subject in mails):
            found.append(f"nobody was mailed: {words}")
    return found


def table(windows: Sequence[Window]) -> str:
    lines = [f"{'window':10}{'requests':>9}{'missing':>9}  drifted"]
    lines += [f"{one.name:10}{one.requests:9}{one.missing:9.1%}  {', '.join(one.drifted) or '-'}" for one in windows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="A year of real flights through the real API.")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    given = parser.parse_args()
    smtp = SmtpServer()
    threading.Thread(target=smtp.serve_forever, daemon=True).start()
    os.environ["MLSYSTEM_SMTP"] = f"127.0.0.1:{smtp.port}"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        year = Year(Demo(engine.UpOptions(home, 0, 20.0), Console(stderr=True)), smtp)
        try:
            windows = year.run()
            mails, trainings = year.mails(), year.trainings()
        finally:
            engine.stop(home)
    wrong = faults(windows, mails, trainings)
    found = {"windows": [asdict(one) for one in windows], "mails": mails, "trainings": trainings, "faults": wrong}
    sys.stdout.write(json.dumps(found, indent=1) if given.json else "\n".join([table(windows), *mails, *wrong]))
    sys.stdout.write("\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
