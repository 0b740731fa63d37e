"""EventBridge: rules, what their targets are given, and that an event is delivered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.killpoints import Harness
from tests.live import LiveEngine, eventually
from tests.roles import role


class Listener:
    """A state machine that does nothing: its executions are the events that came."""

    def __init__(self, engine: LiveEngine, name: str = ""):
        self.sfn = engine.client("stepfunctions")
        name = name or f"listener-{uuid.uuid4().hex[:8]}"
        definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
        self.role = role(engine, "start")
        made = self.sfn.create_state_machine(name=name, definition=definition, roleArn=self.role)
        self.arn = made["stateMachineArn"]

    def heard(self) -> list[Any]:
        found = self.sfn.list_executions(stateMachineArn=self.arn)["executions"]
        inputs = [self.sfn.describe_execution(executionArn=one["executionArn"])["input"] for one in found]
        return [json.loads(text) for text in inputs]


class Bench:
    """A source of a test's own, and its rules."""

    def __init__(self, engine: LiveEngine):
        self.events = engine.client("events")
        self.listener = Listener(engine)
        self.source = f"bench.{uuid.uuid4().hex[:8]}"

    def rule(self, name: str, pattern: Mapping[str, Any], **target: Any) -> str:
        given = {"source": [self.source], **pattern}
        self.events.put_rule(Name=f"{self.source}-{name}", EventPattern=json.dumps(given))
        full = {"Id": "one", "Arn": self.listener.arn, "RoleArn": self.listener.role, **target}
        self.events.put_targets(Rule=f"{self.source}-{name}", Targets=[full])
        return f"{self.source}-{name}"

    def send(self, detail: Mapping[str, Any], kind: str = "Order Placed") -> str:
        entry = {"Source": self.source, "DetailType": kind, "Detail": json.dumps(detail), "Resources": ["r"]}
        answer = self.events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        return str(answer["Entries"][0]["EventId"])


@pytest.fixture
def bench(engine: LiveEngine) -> Bench:
    return Bench(engine)


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_a_target_is_given_the_events_that_its_rule_matches(bench: Bench) -> None:
    bench.rule("large", {"detail": {"amount": [{"numeric": [">", 100]}]}})
    bench.send({"amount": 5})
    event_id = bench.send({"amount": 500})
    [event] = eventually(bench.listener.heard)
    assert (event["id"], event["detail"], event["source"]) == (event_id, {"amount": 500}, bench.source)
    assert (event["account"], event["region"], event["resources"]) == ("000000000000", "us-east-1", ["r"])


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail"}, {"who": "ann"}),
        (
            {"InputTransformer": {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '{"hello": <who>}'}},
            {"hello": "ann"},
        ),
    ],
)
def test_a_target_may_be_given_something_else(bench: Bench, target: dict[str, Any], given: Any) -> None:
    bench.rule("other", {}, **target)
    bench.send({"who": "ann"})
    assert eventually(bench.listener.heard) == [given]


def test_a_disabled_rule_is_silent_and_a_rule_with_targets_stays(bench: Bench) -> None:
    name, loud = bench.rule("quiet", {}), bench.rule("loud", {}, Input='"loud"')
    bench.events.disable_rule(Name=name)
    bench.send({})
    assert eventually(bench.listener.heard) == ["loud"]
    assert bench.events.describe_rule(Name=name)["State"] == "DISABLED"
    assert [target["Id"] for target in bench.events.list_targets_by_rule(Rule=name)["Targets"]] == ["one"]
    assert _code(lambda: bench.events.delete_rule(Name=name)) == "ValidationException"
    for rule in (name, loud):
        bench.events.remove_targets(Rule=rule, Ids=["one"])
        bench.events.delete_rule(Name=rule)
    assert bench.events.list_rules(NamePrefix=bench.source)["Rules"] == []


def test_what_is_wrong_is_refused(bench: Bench) -> None:
    events, name = bench.events, bench.rule("strict", {})
    assert (
        _code(lambda: events.put_rule(Name="bad", EventPattern='{"source": "aws.s3"}'))
        == "InvalidEventPatternException"
    )
    assert _code(lambda: events.put_rule(Name="bad", ScheduleExpression="rate(1 minutes)")) == "ValidationException"
    assert _code(lambda: events.put_rule(Name="bad")) == "ValidationException"
    queue = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}
    assert _code(lambda: events.put_targets(Rule=name, Targets=[queue])) == "NotImplemented"
    other_bus = {"Name": "bad", "EventPattern": "{}", "EventBusName": "mine"}
    assert _code(lambda: events.put_rule(**other_bus)) == "ResourceNotFoundException"
    entries = [
        {"Source": "aws.s3", "DetailType": "d", "Detail": "{}"},
        {"Source": "s", "DetailType": "d", "Detail": "["},
    ]
    answers = events.put_events(Entries=entries)["Entries"]
    assert [entry["ErrorCode"] for entry in answers] == ["NotAuthorizedForSourceException", "MalformedDetail"]


def test_the_end_of_an_execution_is_an_event(engine: LiveEngine, bench: Bench) -> None:
    watched = Listener(engine)
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [watched.arn], "status": ["SUCCEEDED"]}}
    bench.rule("ends", pattern, InputPath="$.detail.name")
    watched.sfn.start_execution(stateMachineArn=watched.arn, name="heard")
    assert eventually(bench.listener.heard) == ["heard"]


def test_a_log_group_keeps_the_events(engine: LiveEngine, bench: Bench) -> None:
    logs, group = engine.client("logs"), f"/aws/events/{bench.source}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    bench.rule("kept", {}, Arn=arn, InputPath="$.detail")
    bench.send({"kept": 1})
    kept = eventually(lambda: logs.filter_log_events(logGroupName=group)["events"])
    assert [event["message"] for event in kept] == ['{"kept": 1}']


def test_a_rate_is_scaled_and_comes_again_after_a_restart(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(time_scale=600)
    live.start()
    listener, events = Listener(live), live.client("events")
    events.put_rule(Name="often", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="often", Targets=[{"Id": "one", "Arn": listener.arn, "RoleArn": listener.role}])
    first = eventually(listener.heard)
    assert (first[0]["source"], first[0]["detail-type"]) == ("aws.events", "Scheduled Event")
    live.kill()
    live.start()
    again = Listener(live, listener.arn.rsplit(":", 1)[-1])
    before = len(again.heard())
    eventually(lambda: len(again.heard()) > before)


class StartOnce:
    """An event that starts a pipeline."""

    essential: tuple[str, ...] = (
        "events.deliver.before",
        "codepipeline.execution.InProgress.after_commit",
        "events.deliver.after",
    )

    def prepare(self, live: LiveEngine) -> None:
        s3 = live.client("s3")
        s3.create_bucket(Bucket="bench")
        s3.put_bucket_versioning(Bucket="bench", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="bench", Key="data.zip", Body=b"data")
        live.client("codepipeline").create_pipeline(pipeline=_pipeline(role(live, "start")))
        eventually(lambda: _started(live))
        arn = "arn:aws:codepipeline:us-east-1:000000000000:line"
        events = live.client("events")
        events.put_rule(Name="commit", EventPattern='{"source": ["bench"]}')
        events.put_targets(Rule="commit", Targets=[{"Id": "pipeline", "Arn": arn, "RoleArn": role(live, "start")}])

    def act(self, live: LiveEngine) -> None:
        if not _by_event(live):
            live.client("events").put_events(Entries=[{"Source": "bench", "DetailType": "Commit", "Detail": "{}"}])

    def settle(self, live: LiveEngine) -> None:
        eventually(lambda: _by_event(live))

    def check(self, live: LiveEngine) -> None:
        rule = {"triggerType": "CloudWatchEvent", "triggerDetail": "arn:aws:events:us-east-1:000000000000:rule/commit"}
        assert [one["trigger"] for one in _started(live)].count(rule) == 1


def _pipeline(role_arn: str) -> dict[str, Any]:
    source = {
        "name": "Data",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"S3Bucket": "bench", "S3ObjectKey": "data.zip"},
        "outputArtifacts": [{"name": "Data"}],
    }
    approval = {
        "name": "Approve",
        "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
    }
    stages = [{"name": "Source", "actions": [source]}, {"name": "Release", "actions": [approval]}]
    store = {"type": "S3", "location": "bench"}
    return {"name": "line", "roleArn": role_arn, "artifactStore": store, "stages": stages}


def _started(live: LiveEngine) -> list[dict[str, Any]]:
    listed = live.client("codepipeline").list_pipeline_executions(pipelineName="line")
    return list(listed["pipelineExecutionSummaries"])


def _by_event(live: LiveEngine) -> bool:
    return any(one["trigger"]["triggerType"] == "CloudWatchEvent" for one in _started(live))


def test_an_event_starts_a_pipeline_once_however_often_the_engine_dies(tmp_path: Path) -> None:
    Harness(tmp_path, StartOnce()).visit()
