"""The judge's looks at a deployment: what it reads, publishes, writes down and takes away. Metrics are worked out as CloudWatch does."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from check import CheckError, Clock
from judge import METRIC, PAUSE_SECONDS, Clients, Judge
from judge_schedule import schedule_judge
from metric_reader import MOST_DATAPOINTS, MetricReader, Query, quantile
from verdict_check import require_good_verdict

from mlsystem.engine.decide.alarm import samples_of, statistic
from tests.aws.clients import body

ID = "d-ABC123456"
CANARY, AT_ONCE = "CodeDeployDefault.LambdaCanary10Percent5Minutes", "CodeDeployDefault.LambdaAllAtOnce"
VARIABLES = {
    "FUNCTION_NAME": "mls-demo-api",
    "METRIC_NAMESPACE": "mls-demo",
    "RECORDS_URI": "s3://artifacts/mls-demo/deployments/",
    "FALSE_ALARM_RATE": "0.01",
    "MIN_REQUESTS": "100",
    "NO_DATA": "pass",
    "PIPELINE_NAME": "mls-demo",
    "JUDGE_ARN": "arn:aws:lambda:eu-central-1:111122223333:function:mls-demo-judge",
    "JUDGE_SCHEDULE_ROLE_ARN": "arn:aws:iam::111122223333:role/mls-demo-look-eu-central-1",
}
BEGIN = 1_800_000_030.25
KEY = f"mls-demo/deployments/{ID}/judgement.json"


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Operation")


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Account:
    """A deployment in memory, with what both versions answered."""

    def __init__(self, config: str = CANARY) -> None:
        self.now = BEGIN - 40
        self.config, self.status = config, "InProgress"
        self.begin: float | None = None
        self.end: float | None = None
        self.objects: dict[str, bytes] = {}
        self.published: list[float] = []
        self.schedules: set[str] = set()
        self.requests: list[dict[str, Any]] = []
        self.samples: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        self.function_name = "mls-demo-api"
        self.usual_score: Callable[[random.Random], float] = lambda source: source.betavariate(0.9, 3)

    # ------------------------------------------------------------------ what happens
    def answer(self, version: str, at: float, latency: float = 80.0, score: float = 0.3, error: bool = False) -> None:
        values = {"Requests": 1.0, "5XXError": float(error), "Latency": latency}
        for name, value in values.items() if error else {**values, "Prediction": score}.items():
            self.samples[name, version].append((at, value))

    def check(self, version: str, at: float) -> None:
        """A request of a check is answered."""
        self.samples["CheckRequests", version].append((at, 1.0))

    def traffic(self, first: float, seconds: int, share: float, new: Callable[[random.Random], dict[str, Any]]) -> None:
        """50 requests a second, of which the new version, 2, answers a share."""
        source = random.Random(int(first))
        for place in range(seconds * 50):
            usual = {"latency": 80 * source.lognormvariate(0, 0.3), "score": self.usual_score(source)}
            version = "2" if source.random() < share else "1"
            answered = {**usual, **(new(source) if version == "2" else {})}
            self.answer(version, first + place / 50, **answered)

    def shift(self) -> None:
        self.begin = self.now = BEGIN

    # ------------------------------------------------------------------ boto3
    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def get_deployment(self, deploymentId: str) -> dict[str, Any]:
        assert deploymentId == ID
        return {"deploymentInfo": {"status": self.status, "deploymentConfigName": self.config}}

    def get_deployment_target(self, deploymentId: str, targetId: str) -> dict[str, Any]:
        assert (deploymentId, targetId) == (ID, "mls-demo-api:live")
        times = {"startTime": self.begin, "endTime": self.end}
        shown = {name: when(at) for name, at in times.items() if at is not None}
        function = {"functionName": self.function_name, "currentVersion": "1", "targetVersion": "2"}
        events = [{"lifecycleEventName": "BeforeAllowTraffic"}, {"lifecycleEventName": "AllowTraffic", **shown}]
        return {"deploymentTarget": {"lambdaTarget": {"lambdaFunctionInfo": function, "lifecycleEvents": events}}}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        first, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
        results, points = [], 0.0
        for query in request["MetricDataQueries"]:
            stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
            dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            assert (metric["Namespace"], dimensions["FunctionName"]) == ("mls-demo", "mls-demo-api")
            period = stat["Period"]
            points += (end - first) / period
            found: dict[float, list[float]] = defaultdict(list)
            for at, value in self.samples[metric["MetricName"], dimensions["FunctionVersion"]]:
                if first <= at < end:
                    found[at // period * period].append(value)
            figures = {at: statistic(samples_of(values), stat["Stat"]) for at, values in sorted(found.items())}
            known = {at: value for at, value in figures.items() if value is not None}
            results.append(
                {"Id": query["Id"], "Timestamps": [when(at) for at in known], "Values": list(known.values())}
            )
        assert points <= MOST_DATAPOINTS
        half = len(results) // 2
        if "NextToken" in request:
            return {"MetricDataResults": results[half:]}
        return {"MetricDataResults": results[:half], "NextToken": "more"}

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        [datum] = MetricData
        assert (Namespace, datum["MetricName"]) == ("mls-demo", METRIC)
        self.published.append(datum["Value"])

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise failure("NoSuchKey")
        return {"Body": body(self.objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        assert (Bucket, ContentType) == ("artifacts", "application/json")
        self.objects[Key] = Body

    def create_schedule(self, **request: Any) -> None:
        if request["Name"] in self.schedules:
            raise failure("ConflictException")
        assert (request["ScheduleExpression"], request["ActionAfterCompletion"]) == ("rate(1 minute)", "DELETE")
        assert json.loads(request["Target"]["Input"]) == {"deploymentId": ID}
        assert when(BEGIN) < request["EndDate"] < when(BEGIN + 3 * 86400)
        self.schedules.add(request["Name"])

    def delete_schedule(self, Name: str) -> None:
        if Name not in self.schedules:
            raise failure("ResourceNotFoundException")
        self.schedules.remove(Name)

    # ------------------------------------------------------------------ the judge
    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)

    def look(self, *, own: int = 0, checked: bool = True, **variables: str) -> dict[str, Any]:
        """A while after the look before."""
        client: Any = self
        self.now += PAUSE_SECONDS
        judge = Judge(Clients(client, client, client, client), {**VARIABLES, **variables}, self.clock)
        record = judge.look(ID, own)
        assert not checked or json.loads(self.objects[KEY]) == record
        return record


def same(source: random.Random) -> dict[str, Any]:
    return {}


def in_canary(
    new: Callable[[random.Random], dict[str, Any]], seconds: int = 120, scores: Sequence[float] = ()
) -> Account:
    """A minute of the old version alone, then a canary of 120 that is over. `scores`: the only ones that the old version
    gives, and the new one where it does not say otherwise."""
    account = Account()
    if scores:
        account.usual_score = lambda source: source.choice(scores)
    account.traffic(BEGIN - 60, 60, 0.0, same)
    account.shift()
    account.traffic(BEGIN, seconds, 0.1, new)
    account.now = account.end = BEGIN + seconds
    return account


def test_the_same_version_is_not_worse_and_the_record_has_the_numbers() -> None:
    account = in_canary(same)
    record = account.look()
    assert (record["verdict"], record["isGood"], record["looks"]) == ("not worse", True, 1)
    assert record["newRequests"] + record["oldRequests"] > 5800
    assert record["reference"]["source"] == "before the deployment"
    assert record["reference"]["slow_above_ms"] == pytest.approx(80 * 1.47, rel=0.1)
    assert len(record["reference"]["prediction_cuts"]) == 4, "beta(0.9, 3) has wide gaps between all"
    assert {name: len(one["comparisons"]) for name, one in record["criteria"].items()} == {
        "errors": 1,
        "latency": 1,
        "predictions": 4,
    }
    [slow] = record["criteria"]["latency"]["comparisons"]
    assert slow["oldBad"] / slow["oldRequests"] == pytest.approx(0.1, abs=0.03)
    assert (record["oldVersion"], record["newVersion"], record["policy"]["noData"]) == ("1", "2", "pass")
    assert account.published == [record["evidence"]]


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (lambda source: {"error": source.random() < 0.05}, "answers with 5xx"),
        (lambda source: {"latency": 160 * source.lognormvariate(0, 0.3)}, "slow answers (above "),
        (lambda source: {"score": 1 - source.betavariate(0.9, 3)}, "predictions above a cut (above "),
        (lambda source: {"score": 0.0}, "predictions above a cut (above "),
    ],
    ids=["errors", "latency", "flipped", "constant"],
)
def test_a_worse_version_is_found_and_the_reason_says_in_what(
    new: Callable[[random.Random], dict[str, Any]], told: str
) -> None:
    record = in_canary(new).look()
    assert (record["verdict"], record["isGood"]) == ("worse", False)
    assert told in record["reason"]
    assert record["evidence"] >= 1


FEW_SCORES = (0.08, 0.11, 0.112, 0.42, 0.81)
MOSTLY_NO = (0.0,) * 9 + (1.0,)


@pytest.mark.parametrize("moved", [-0.012, 0.012])
def test_few_predictions_that_all_move_by_a_little_are_fine(moved: float) -> None:
    record = in_canary(lambda source: {"score": source.choice(FEW_SCORES) + moved}, scores=FEW_SCORES).look()
    assert record["reference"]["prediction_cuts"] == pytest.approx([0.266, 0.615])
    assert record["verdict"] == "not worse"
    assert record["criteria"]["predictions"]["log10EValue"] < 0


@pytest.mark.parametrize("scores", [FEW_SCORES, MOSTLY_NO])
def test_of_few_predictions_one_that_is_always_the_same_is_worse(scores: tuple[float, ...]) -> None:
    record = in_canary(lambda source: {"score": scores[-1]}, scores=scores).look()
    assert (record["verdict"], record["isGood"]) == ("worse", False)
    assert "predictions above a cut (above " in record["reason"]


def test_a_version_that_gave_one_answer_to_everything_is_no_measure_of_predictions() -> None:
    record = in_canary(lambda source: {"score": 0.31}, scores=(0.3,)).look()
    assert (record["verdict"], record["reference"]["prediction_cuts"]) == ("not worse", [])


def test_it_looks_while_traffic_shifts_and_applies_at_each_look_what_was_usual_at_the_first() -> None:
    account = in_canary(lambda source: {"error": source.random() < 0.05})
    account.end = None
    seen = []
    for second in (16, 36, 60, 90, 110):
        account.now = BEGIN + second - PAUSE_SECONDS
        seen.append(account.look())
        account.answer("1", BEGIN - 1, latency=1e6)
    assert [record["looks"] for record in seen] == [1, 2, 3, 4, 5]
    assert len({json.dumps(record["reference"]) for record in seen}) == 1
    assert [record["evidence"] for record in seen] == sorted(record["evidence"] for record in seen)
    assert (seen[0]["verdict"], seen[-1]["verdict"]) == ("undecided", "worse")


def test_a_look_right_after_another_sees_nothing_new_and_says_the_same() -> None:
    account = in_canary(same)
    record = account.look()
    asked = len(account.requests)
    account.now -= PAUSE_SECONDS
    assert account.look() == record
    assert len(account.requests) == asked


def test_a_look_that_is_repeated_says_the_same() -> None:
    account = in_canary(same)
    first, second = account.look(), account.look()
    assert {**first, "looks": 2, "lookedAt": second["lookedAt"]} == second


def test_without_traffic_before_the_deployment_what_is_usual_comes_from_its_first_strata() -> None:
    account = Account()
    account.shift()
    account.traffic(BEGIN, 120, 0.1, lambda source: {"score": 0.999})
    account.now = account.end = BEGIN + 120
    record = account.look()
    assert record["reference"]["source"] == "the first strata"
    assert record["reference"]["applies_from"] > BEGIN
    [errors] = record["criteria"]["errors"]["comparisons"]
    [latency] = record["criteria"]["latency"]["comparisons"]
    assert latency["oldRequests"] < errors["oldRequests"]
    assert record["verdict"] == "worse"


def test_negative_predictions_are_not_compared_as_cloudwatch_has_no_percentiles_of_them() -> None:
    account = Account()
    for number in range(500):
        account.answer("1", BEGIN - 100 + number / 10, score=-1.0)
    account.shift()
    account.traffic(BEGIN, 60, 0.1, same)
    account.now = account.end = BEGIN + 60
    record = account.look()
    assert record["reference"]["prediction_cuts"] == []
    assert record["criteria"]["predictions"] == {"log10EValue": 0.0, "toleratedOddsRatio": 4.0, "comparisons": []}


def test_without_a_request_nothing_is_compared_and_the_policy_decides() -> None:
    account = Account()
    account.shift()
    assert account.look()["verdict"] == "undecided"
    account.now = account.end = BEGIN + 300
    verdicts = {policy: account.look(NO_DATA=policy) for policy in ("pass", "fail", "wait")}
    assert [record["verdict"] for record in verdicts.values()] == [
        "passed for want of requests",
        "failed for want of requests",
        "waiting for requests",
    ]
    assert [record["isGood"] for record in verdicts.values()] == [True, False, False]
    assert "the new version answered 0 requests, and 100 are wanted" in verdicts["fail"]["reason"]


def test_requests_that_come_after_the_shift_count_but_not_those_of_checks() -> None:
    account = in_canary(same, seconds=5)
    served = account.look(NO_DATA="wait")["newRequests"]
    assert served < 100
    account.traffic(BEGIN + 6, 4, 1.0, same)
    for second in (1, 6):
        account.check("2", BEGIN + second)
    account.now = BEGIN + 12
    assert account.look(own=1, NO_DATA="wait")["newRequests"] == served + 200
    assert account.look(NO_DATA="wait")["verdict"] == "not worse"


def test_without_the_metrics_of_the_hooks_own_requests_no_word_is_the_last() -> None:
    """A function that measures nothing must not pass for want of requests."""
    account = in_canary(same)
    record = account.look(own=1)
    assert (record["verdict"], record["isGood"]) == ("waiting for metrics", False)
    assert "metrics of the requests that the hook sent are missing" in record["reason"]
    account.check("2", BEGIN + 119)
    account.answer("2", BEGIN + 121)
    assert account.look(own=1)["verdict"] == "waiting for metrics"
    account.check("2", BEGIN + 121)
    account.now = BEGIN + 125
    assert account.look(own=1)["verdict"] == "not worse"


def test_a_look_that_ends_after_the_deployment_was_closed_writes_nothing_more() -> None:
    account = in_canary(same)
    account.status = "Succeeded"
    closed = account.look()
    account.status = "InProgress"
    late = account.look(checked=False)
    assert late["deploymentStatus"] == "InProgress"
    assert json.loads(account.objects[KEY]) == closed
    assert account.published == [0.0]


def test_all_at_once_is_not_compared_and_says_so() -> None:
    account = Account(AT_ONCE)
    account.shift()
    account.end = BEGIN + 1
    record = account.look()
    assert (record["verdict"], record["isGood"], account.requests) == ("not compared", True, [])
    assert "all traffic moved at once" in record["reason"]


def test_before_traffic_shifts_there_is_nothing_to_say() -> None:
    account = Account()
    record = account.look()
    assert (record["verdict"], account.published) == ("undecided", [0.0])


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped"])
def test_when_the_deployment_is_over_the_evidence_is_taken_back_and_nobody_looks_again(status: str) -> None:
    account = in_canary(lambda source: {"error": True})
    account.schedules.add(f"mls-demo-judge-{ID}")
    worse = account.look()
    account.status = status
    for _ in range(2):  # the schedule may fire once more
        closed = account.look()
        assert closed == {**worse, "deploymentStatus": status}
    assert account.schedules == set()
    assert account.published[0] >= 1 and account.published[1:] == [0.0, 0.0]


def test_a_deployment_of_another_function_is_refused() -> None:
    account = Account()
    account.function_name = "another"
    with pytest.raises(CheckError, match="is of another"):
        account.look()


# ---------------------------------------------------------------------- reading
def test_long_times_are_read_in_requests_that_cloudwatch_takes() -> None:
    account = Account()
    client: Any = account
    reader = MetricReader(client, "mls-demo", "mls-demo-api")
    account.answer("1", BEGIN + 9000)
    queries = [Query("Requests", "1", "Sum"), *(Query("Latency", "1", f"TC({cut}:)") for cut in range(1, 20))]
    first = int(BEGIN)
    found = reader.read(queries, first, first + 10_000)
    assert found[queries[0]] == {int(BEGIN + 9000): 1.0}
    assert len(account.requests) == 4  # of two spans, two pages each


def test_quantiles_are_those_of_the_values_where_each_second_has_one() -> None:
    values = [(float(value), 1.0) for value in range(1, 101)]
    assert [quantile(values, share) for share in (0.25, 0.5, 0.9)] == [25, 50, 90]
    assert quantile([], 0.5) is None


# ---------------------------------------------------------------------- the hooks' part
def test_a_schedule_is_made_once_and_none_for_all_at_once() -> None:
    account = Account()
    client: Any = account
    assert schedule_judge(client, client, ID, VARIABLES, account.clock)
    assert schedule_judge(client, client, ID, VARIABLES, account.clock)
    assert account.schedules == {f"mls-demo-judge-{ID}"}
    at_once: Any = Account(AT_ONCE)
    assert not schedule_judge(at_once, at_once, ID, VARIABLES, at_once.clock)
    assert at_once.schedules == set()


class JudgeFunction:
    """Answers its looks in turn; an exception is an error of the function."""

    def __init__(self, *answers: dict[str, Any] | str) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.seconds = 0.0

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == VARIABLES["JUDGE_ARN"]
        self.asked.append(json.loads(Payload))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            return {"FunctionError": "Unhandled", "Payload": body(answer.encode())}
        return {"Payload": body(json.dumps({"deploymentId": ID, "reason": "because", **answer}).encode())}

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def require(self) -> dict[str, Any]:
        client: Any = self
        return require_good_verdict(client, ID, 3, VARIABLES, Clock(lambda: self.seconds, self.sleep))


def test_a_good_verdict_lets_the_deployment_end() -> None:
    judge = JudgeFunction({"verdict": "not worse", "isGood": True})
    assert judge.require()["verdict"] == "not worse"
    assert judge.asked == [{"deploymentId": ID, "ownRequests": 3}]


@pytest.mark.parametrize("verdict", ["worse", "failed for want of requests", "undecided", "anything else"])
def test_any_other_verdict_fails_it_with_the_reason(verdict: str) -> None:
    with pytest.raises(CheckError, match=f"the judge says {verdict}: because"):
        JudgeFunction({"verdict": verdict, "isGood": False}).require()


@pytest.mark.parametrize("answer", ["AccessDenied: cloudwatch:GetMetricData", {"deploymentId": "d-other"}])
def test_a_judge_that_cannot_judge_fails_it_and_says_what_is_missing(answer: Any) -> None:
    with pytest.raises(CheckError, match=f"there is no judgement of {ID}"):
        JudgeFunction(answer).require()


@pytest.mark.parametrize("verdict", ["waiting for metrics", "waiting for requests"])
def test_it_waits_and_then_fails(verdict: str) -> None:
    waiting = {"verdict": verdict, "isGood": False}
    judge = JudgeFunction(waiting, waiting, {"verdict": "not worse", "isGood": True})
    assert (judge.require()["verdict"], judge.seconds) == ("not worse", 4)
    with pytest.raises(CheckError, match="after 240 s they had not come"):
        JudgeFunction(waiting).require()
