"""The loops that a deployed system closes by itself: drift, load, a volume that does not answer, the calendar, and who is told.

They share one system, in this order: drift before load, whose requests are no sample of anything; and while the pipeline is busy, the
silence passes that scaling in waits for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlsystem.console.security.people import People, Role
from mlsystem.console.security.session import CSRF_FIELD
from tests import small_project
from tests.browsing import console_of
from tests.command_line import run
from tests.cookie_browser import Browser
from tests.finished import system_on_copy
from tests.live import eventually
from tests.monitored import Monitored, production
from tests.serving import Load
from tests.small_project import DATASET, NAME, ROWS
from tests.smtp import SmtpServer, link_in, open_link, serving
from tests.system import System
from tests.webhooks import HookServer

pytestmark = pytest.mark.measured

ADMIN = "admin@example.org"
FEWEST, MOST = 2, 4
# The first attempt of the state, and the three of its Retry.
ATTEMPTS = 4
MONITOR = "aws/sagemaker/Endpoints/data-metrics"


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpServer]:
    yield from serving(SmtpServer())


@pytest.fixture(scope="module")
def hook() -> Iterator[HookServer]:
    yield from serving(HookServer())


@pytest.fixture(scope="module")
def system(
    finished_state: Path, smtp: SmtpServer, hook: HookServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """It has reached production, and has been given the address of somebody who reads mail, and of a program."""
    folder = tmp_path_factory.mktemp("loops") / "home"
    with system_on_copy(finished_state, folder, {"MLSYSTEM_SMTP": f"127.0.0.1:{smtp.port}"}) as running:
        told = {"EmailAddress": ADMIN, "WebhookUrl": hook.url, "ConsoleUrl": f"{running.engine.url}/_console"}
        changed = running.stack.change_parameters(told)
        assert changed["StackStatus"] == "UPDATE_COMPLETE"
        [question] = eventually(lambda: smtp.mails_to(ADMIN))
        open_link(link_in(question.get_content()))
        open_link(json.loads(eventually(lambda: hook.posts)[0][1])["SubscribeURL"])
        yield running


def _mail(smtp: SmtpServer, subject: str, *words: str) -> str:
    """The text of the mail with this subject and these words, once it has come."""

    def found() -> list[str]:
        texts = [mail.get_content() for mail in smtp.mails_to(ADMIN) if mail["Subject"].startswith(subject)]
        return [text for text in texts if all(word in text for word in words)]

    [text] = eventually(found)
    return str(text)


def _outcome(smtp: SmtpServer, execution: str, state: str) -> None:
    _mail(smtp, "AWS Notification Message", f"Pipeline {NAME}: execution {execution} has {state}.")


def _cut_short(system: System, execution: str) -> None:
    """What has started is all that there was to see."""
    system.pipeline.stop_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution, abandon=True)
    assert system.ended(execution) == "Stopped"


# ---------------------------------------------------------------------- drift
@pytest.fixture(scope="module")
def monitored(system: System) -> Monitored:
    return Monitored(system)


def _started(system: System) -> set[str]:
    return {str(execution["pipelineExecutionId"]) for execution in system.executions()}


def test_requests_like_the_baseline_start_nothing(system: System, smtp: SmtpServer, monitored: Monitored) -> None:
    started = _started(system)
    monitored.ask([(size, weight) for size, weight, _ in ROWS])
    found = monitored.look()
    assert (found["verdict"], found["violations"]) == ("not drifted", 0)
    assert monitored.latest(NAME, "features_drifted", MonitoringSchedule=monitored.name) == 0
    eventually(lambda: monitored.alarm() == "OK")
    assert _started(system) == started
    assert not [mail["Subject"] for mail in smtp.mails_to(ADMIN) if "drift" in mail["Subject"]]


@dataclass(frozen=True)
class Drifted:
    """`started`: the executions before; `found`: what was found then."""

    started: set[str]
    found: dict[str, Any]

    def schedule(self) -> str:
        """That of the look at the requests, whose name is in the path of what it found."""
        return str(self.found["report"].split("/")[-6])


@pytest.fixture(scope="module")
def drifted(system: System, monitored: Monitored) -> Drifted:
    """When requests drift and nobody has labelled one."""
    started = _started(system)
    monitored.ask([(0.9 + size / 10, weight) for size, weight, _ in ROWS * 3])
    found = monitored.look()
    assert found["verdict"] == "drifted"
    assert [one["feature"] for one in found["features"] if one["verdict"] == "drifted"] == ["prediction", "size"]
    eventually(lambda: monitored.alarm() == "ALARM")
    return Drifted(started, found)


def test_when_requests_drift_the_admin_is_told_what_drifted(
    smtp: SmtpServer, hook: HookServer, monitored: Monitored, drifted: Drifted
) -> None:
    of_endpoint = {"Endpoint": monitored.name, "MonitoringSchedule": drifted.schedule()}
    size = monitored.latest(MONITOR, "feature_baseline_drift_size", **of_endpoint)
    weight = monitored.latest(MONITOR, "feature_baseline_drift_weight", **of_endpoint)
    assert weight < 0.2 < size
    assert monitored.latest(NAME, "features_drifted", MonitoringSchedule=monitored.name) == 2
    named = _mail(smtp, f"{NAME}: drift of prediction, size")
    assert f"- size: distance {size}, allowed 0.2\n" in named
    assert f"Monitoring schedule: {monitored.name}\n" in named
    assert re.search(r"\nSince: 20\S+Z, at least; seen last in the requests until 20\S+Z\n", named)
    link = re.search(r"\nTo open it, within some hours: (http://127\S+)\n", named)
    assert link is not None, named
    page = open_link(link[1])
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert "size" in page
    posted = [json.loads(body)["Subject"] for kind, body in hook.posts if kind == "Notification"]
    assert f"{NAME}: drift of prediction, size" in posted
    raised = _mail(smtp, f'ALARM: "{monitored.alarm_name}" in US East (N. Virginia)')
    assert raised.startswith(
        f'You are receiving this email because your Amazon CloudWatch Alarm "{monitored.alarm_name}"'
    )


def test_drift_without_labels_starts_nothing_and_the_admin_is_told_what_is_missing(
    system: System, smtp: SmtpServer, drifted: Drifted
) -> None:
    refused = _mail(smtp, f"{NAME}: retraining refused (drift): labels missing: 0 labelled rows")
    assert f"0 labels of that time were found at s3://{DATASET}/ground-truth/" in refused
    assert _started(system) == drifted.started


def _reject_by_mailed_link(system: System, smtp: SmtpServer, execution: str) -> None:
    """The mail's link leads whoever has it to the question and nowhere else, decides it, and is then over."""
    mail = _mail(smtp, f"{NAME}: decide about the model that waits", execution)
    [path] = re.findall(r"(?m)^http://127\S+?(/_console/\S+)$", mail)
    place, _, query = path.partition("?")
    with console_of(system.engine) as console:
        people, reader = People(system.engine.folder), Browser(console)
        people.add("Vera", Role.VIEWER)
        try:
            assert reader.get(f"{path}0")[0] == 403
            status, page, _ = reader.get(path)
            assert (status, "Does it go to production?" in page, "Try it" in page) == (200, True, False), page
            assert f'href="/_console/{NAME}/pipeline"' not in page
            assert reader.get(f"{place}/cost?{query}")[0] == 200
            for other in (place, f"/_console/{NAME}/settings?{query}", f"{place}/decisions?{query}"):
                assert "Your token" in reader.get(other)[1]
            hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
            form = {**dict(hidden), "decision": "reject", "reason": "it is a test"}
            assert reader.post(f"{place}/decide", {**form, CSRF_FIELD: "none"})[0] == 403
            assert reader.post(f"{place}/decide", {**form, "execution": "another"})[0] == 403
            status, page, _ = reader.post(f"{place}/decide", form)
            told = f"<strong>Whoever has the link mailed to {NAME}</strong> rejected it"
            assert (status, told in page, "measured" in page) == (200, True, False), page
            assert "Your decision did not count" in reader.post(f"{place}/decide", {**form, "decision": "approve"})[1]
            assert "This was decided." in reader.get(path)[1]
            assert reader.get(f"{place}/cost?{query}")[0] == 409
        finally:
            people.remove("Vera")
    result = system.runs(execution)["ApproveDeployment"]["output"]["executionResult"]
    assert result["externalExecutionSummary"] == f"it is a test (by the link mailed to {NAME})"
    _nowhere_else(system, path.rpartition("signature=")[2])


def _nowhere_else(system: System, signature: str) -> None:
    """Whoever reads logs, the audit trail or the pipeline's history does not find the link there."""
    home = system.engine.folder
    paths = [*home.glob("*.log"), *home.glob("logs/**/*"), *home.glob("audit.jsonl*")]
    assert not [path for path in paths if path.is_file() and signature in path.read_text(errors="replace")]
    shown = system.pipeline.list_action_executions(pipelineName=NAME)
    assert signature not in json.dumps(shown, default=str)
    group = f"/aws/lambda/{NAME}-mail-approval-link"
    events = system.engine.client("logs").filter_log_events(logGroupName=group)["events"]
    assert events and signature not in json.dumps(events)


def test_when_the_labels_have_come_drift_trains_anew_on_what_production_was_asked(
    system: System, smtp: SmtpServer, monitored: Monitored, drifted: Drifted, tmp_path: Path
) -> None:
    assert drifted
    rows = monitored.label()
    before = system.engine.client("s3").head_object(Bucket=system.bucket, Key=f"{NAME}/data-source.zip")["VersionId"]
    execution = system.started_by(monitored.raise_again)
    told = _mail(smtp, f"{NAME}: retraining started (drift): {rows} labelled rows")
    over = _mail(smtp, "AWS Notification Message", f"The alarm {monitored.alarm_name} is over. From 20")
    assert "it said: Requests in production, or the answers to them, are distributed otherwise than" in over
    eventually(lambda: system.runs(execution).get("TrainModel", {}).get("status") == "Succeeded", timeout=180)
    revisions = system.pipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
    found = {one["name"]: one["revisionId"] for one in revisions["pipelineExecution"]["artifactRevisions"]}
    assert found["DataSourceOutput"] != before
    assert f"DataVersionId: {found['DataSourceOutput']}\n" in told
    job = system.runs(execution)["TrainModel"]["output"]["executionResult"]["externalExecutionId"].rsplit(":", 1)[1]
    prepared = system.engine.client("s3").get_object(
        Bucket=system.bucket, Key=f"{NAME}/runs/{job}/data/baseline/baseline.csv"
    )
    assert len(prepared["Body"].read().splitlines()) == rows + 1
    _reject_by_mailed_link(system, smtp, execution)
    assert system.ended(execution) == "Failed"
    project = str(small_project.unpack(tmp_path / "project"))

    def history() -> list[tuple[str, str, str]]:
        shown = run("--json", "--project", project, "history", "--retraining", home=system.engine.folder).stdout
        kept = [(one["trigger"], one["decision"], one["details"]) for one in json.loads(shown)]
        return [(trigger, decision, details.get("PipelineExecutionId", "")) for trigger, decision, details in kept]

    eventually(lambda: ("upload", "started", execution) in history())
    assert {("drift", "started", ""), ("drift", "refused", "")} <= set(history())
    # A person is held to the same limits.
    asked = run("--json", "--project", project, "retrain", home=system.engine.folder)
    assert json.loads(asked.stdout) == {"endpoint": monitored.name}, asked.stderr
    eventually(lambda: ("by hand", "refused", "") in history())
    shown = run("--project", project, "history", "--retraining", home=system.engine.folder).stdout
    assert "labels missing" in shown and "cool-down" in shown


# ---------------------------------------------------------------------- the calendar
def test_the_monthly_schedule_is_on_and_its_time_starts_the_pipeline(system: System, smtp: SmtpServer) -> None:
    scheduler = system.engine.client("scheduler")
    deployed = scheduler.get_schedule(Name=f"{NAME}-retrain")
    assert (deployed["State"], deployed["ScheduleExpression"]) == ("ENABLED", "cron(0 12 1 * ? *)")
    assert deployed["ScheduleExpressionTimezone"] == "UTC"
    kept = ("Name", "FlexibleTimeWindow", "Target", "State", "ScheduleExpressionTimezone")
    given = {name: deployed[name] for name in kept}

    def come() -> None:
        # The clock of an engine is the machine's: so it is the schedule's time that is moved, and all else of it stays.
        soon = (datetime.now(UTC) + timedelta(seconds=3)).strftime("at(%Y-%m-%dT%H:%M:%S)")
        scheduler.update_schedule(**given, ScheduleExpression=soon)

    execution = system.started_by(come)
    found = system.pipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
    assert f"{NAME}-retrain-" in found["pipelineExecution"]["trigger"]["triggerDetail"]
    _cut_short(system, execution)
    assert f"PipelineExecutionId: {execution}\n" in _mail(smtp, f"{NAME}: retraining started (monthly)")


# ---------------------------------------------------------------------- load
class Scaling:
    """The production endpoint as a scalable target."""

    def __init__(self, system: System):
        self.endpoint = production(system)
        self._sagemaker = system.engine.client("sagemaker")
        self._client = system.engine.client("application-autoscaling")
        self._where = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{self.endpoint}/variant/AllTraffic"}
        self._what = {**self._where, "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}

    def aim_at(self, invocations: float) -> None:
        """A person sets other bounds, and another target in the stack's own policy."""
        [policy] = self._client.describe_scaling_policies(**self._what)["ScalingPolicies"]
        rules = {**policy["TargetTrackingScalingPolicyConfiguration"], "TargetValue": invocations}
        kept = {name: policy[name] for name in ("PolicyName", "PolicyType")}
        self._client.register_scalable_target(**self._what, MinCapacity=FEWEST, MaxCapacity=MOST)
        self._client.put_scaling_policy(**self._what, **kept, TargetTrackingScalingPolicyConfiguration=rules)

    def instances(self) -> int:
        [variant] = self._sagemaker.describe_endpoint(EndpointName=self.endpoint)["ProductionVariants"]
        return int(variant["CurrentInstanceCount"])

    def causes(self) -> list[str]:
        """Why instances came and went, the latest first."""
        activities = self._client.describe_scaling_activities(**self._where)["ScalingActivities"]
        return [activity["Cause"] for activity in activities if activity["StatusCode"] == "Successful"]


@pytest.fixture(scope="module")
def loaded(system: System) -> Iterator[tuple[Scaling, Load[str]]]:
    """Load has been there, and is over."""
    scaling, runtime = Scaling(system), system.engine.client("sagemaker-runtime")
    scaling.aim_at(2.0)

    def ask() -> str:
        answer = runtime.invoke_endpoint(EndpointName=scaling.endpoint, ContentType="text/csv", Body=b"0.8,3\n")
        assert answer["Body"].read() == b"0.9\n"
        return str(answer["CustomAttributes"])

    with Load(ask) as load:
        # The small program says in each answer which instance gave it.
        eventually(lambda: len(set(load.answers)) >= MOST)
    yield scaling, load


def test_load_adds_instances_up_to_the_most_and_all_of_them_serve(loaded: tuple[Scaling, Load[str]]) -> None:
    scaling, load = loaded
    assert (len(set(load.answers)), scaling.instances(), load.failures) == (MOST, MOST, [])
    # An activity ends a little after its last instance serves.
    eventually(lambda: any("AlarmHigh" in cause for cause in scaling.causes()))


# ---------------------------------------------------------------------- the shared volume
class Volume:
    """The shared volume, whose next mounts do not answer in time."""

    def __init__(self, system: System):
        file_system = system.stack.resource("AssetsFileSystem")
        self._left = system.engine.folder / "shares" / f"{file_system}.unresponsive"

    def time_out(self, times: int) -> None:
        self._left.write_text(str(times))

    @property
    def left(self) -> int:
        return int(self._left.read_text())


def _end_hosts(system: System, function: str) -> None:
    """One that has mounted the volume before would not do so again; a function that was changed starts anew."""
    functions = system.engine.client("lambda")
    functions.update_function_configuration(FunctionName=function, Description="It has no host any more.")
    functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})


def _failed_attempts(system: System, execution: str) -> list[str]:
    """The errors of the attempts in the workflow that the Train stage ran last."""
    arn = system.runs(execution)["TrainModel"]["output"]["executionResult"]["externalExecutionId"]
    history = system.engine.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)
    failed = [event.get("taskFailedEventDetails") for event in history["events"]]
    return [details["error"] for details in failed if details]


@pytest.fixture(scope="module")
def failed(system: System) -> str:
    """An execution in whose Train stage no mount of the volume came about."""
    _end_hosts(system, f"{NAME}-query-training")
    Volume(system).time_out(100)
    execution = system.upload({"auc": "0.85"})
    assert system.ended(execution) == "Failed"
    return execution


def test_when_no_mount_comes_about_train_fails_and_nothing_is_deployed(system: System, failed: str) -> None:
    assert "due to mount time out" in system.errors(failed)["TrainModel"]
    assert "TrainingResultsNotCopied" in system.errors(failed)["TrainModel"]
    assert Volume(system).left == 100 - ATTEMPTS
    assert _failed_attempts(system, failed) == ["Lambda.EFSMountTimeoutException"] * ATTEMPTS
    assert "DeployModelDev" not in system.runs(failed)
    assert system.ask(system.api_url()).endpoint == production(system)


def test_the_admin_is_told_that_an_execution_has_failed(smtp: SmtpServer, failed: str) -> None:
    _outcome(smtp, failed, "FAILED")


def test_when_the_load_is_over_instances_go_again(loaded: tuple[Scaling, Load[str]]) -> None:
    scaling, _ = loaded
    # Fifteen minutes of silence, each of which is a second.
    eventually(lambda: scaling.instances() == FEWEST)
    latest, *_ = eventually(lambda: [cause for cause in scaling.causes() if "AlarmLow" in cause])
    assert latest == scaling.causes()[0]


@pytest.fixture(scope="module")
def recovered(system: System, failed: str) -> str:
    """The same execution in production, after its Train stage was retried, and two mounts timed out again."""
    Volume(system).time_out(2)
    system.pipeline.retry_stage_execution(
        pipelineName=NAME, stageName="Train", pipelineExecutionId=failed, retryMode="FAILED_ACTIONS"
    )
    system.approve(failed)
    return failed


def test_when_two_mounts_time_out_the_third_one_is_tried_and_train_succeeds(system: System, recovered: str) -> None:
    assert system.runs(recovered)["TrainModel"]["status"] == "Succeeded"
    assert _failed_attempts(system, recovered) == ["Lambda.EFSMountTimeoutException"] * 2
    before = production(system)
    assert system.ended(recovered) == "Succeeded", system.errors(recovered)
    assert production(system) != before


def test_the_admin_is_told_what_to_approve_what_was_deployed_and_that_it_succeeded(
    system: System, smtp: SmtpServer, recovered: str
) -> None:
    assert system.ended(recovered) == "Succeeded", system.errors(recovered)
    asked = _mail(smtp, f"APPROVAL NEEDED: AWS CodePipeline {NAME} for action ApproveDeployment", "auc is 0.85")
    assert f"Pipeline name: {NAME}\nStage name: DeployDev\n" in asked
    assert (
        f"Additional information: Try the endpoint {system.outputs('dev')['EndpointName']}. auc is 0.85; the gate"
        in asked
    )
    assert "the gate asks for GreaterThan 0.7. The champion mls-small-" in asked
    assert "has 0.9 on the same test set. Approved, the model of " in asked
    told = _mail(smtp, "SUCCEEDED: AWS CodeDeploy d-")
    application = json.loads(told.partition("\n\n--\n")[0])["applicationName"]
    assert application == system.outputs("prd")["DeploymentApplication"]
    _outcome(smtp, recovered, "SUCCEEDED")
