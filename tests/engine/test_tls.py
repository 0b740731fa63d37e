"""An engine that speaks HTTPS: to AWS's clients, to people, and to its own programs, which reach it by another way too."""

from __future__ import annotations

import io
import json
import os
import ssl
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import SSLError

from mlsystem.client.connection import Connection
from mlsystem.client.repository import clone, git_environment
from mlsystem.engine.runtime.credentials import AUTHORITY
from tests.command_line import run
from tests.functions import invoke, make_api, make_function
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving

# What a program finds: the engine by the URL that it was given, and by the one that everybody else has.
LOOK = """
import os, urllib.request

def look(public):
    def ask(url):
        with urllib.request.urlopen(url + "/_mlsystem/health", timeout=30) as answer:
            return answer.status
    return {"given": os.environ["AWS_ENDPOINT_URL"], "status": ask(os.environ["AWS_ENDPOINT_URL"]),
            "public": ask(public), "bundle": os.environ["AWS_CA_BUNDLE"]}
"""
HANDLER = (
    LOOK
    + """
import json

def handler(event, context):
    print(event.get("body"))
    if "public" in event:
        return look(event["public"])
    return {"statusCode": 200, "body": "seen by the function"}
"""
)
TRAIN = (
    "#!/usr/bin/env python3\n"
    + LOOK
    + """
import json, pathlib
public = json.loads(pathlib.Path("/opt/ml/input/config/hyperparameters.json").read_text())["public"]
pathlib.Path("/opt/ml/model/found.json").write_text(json.dumps(look(public)))
"""
)
BUILDSPEC = """
version: 0.2
env: {shell: bash}
phases:
  build:
    commands:
      - set -eu
      - echo built > word
      - aws s3 cp word s3://tls-builds/word
      - url=$(aws codecommit get-repository --repository-name tls --query repositoryMetadata.cloneUrlHttp --output text)
      - git config --global credential.helper '!f() { aws codecommit credential-helper --ignore-host-check $1; }; f'
      - git config --global credential.UseHttpPath true
      - git clone -q "$url" copy
      - aws s3 cp copy/read.me s3://tls-builds/read
"""


@pytest.fixture(scope="module", params=["sandbox", "docker"])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    environment = request.getfixturevalue("docker").environment if request.param == "docker" else {}
    options = ("--tls", "--console", "--runtime", request.param)
    running = LiveEngine(tmp_path_factory.mktemp("tls"), options=options, environment=environment)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def test_clients_of_aws_trust_it_by_its_authority_alone(live: LiveEngine) -> None:
    assert live.url.startswith("https://127.0.0.1:")
    s3 = live.client("s3")
    s3.create_bucket(Bucket="tls")
    body = os.urandom(3_000_000)
    s3.put_object(Bucket="tls", Key="a//b", Body=body)
    assert s3.get_object(Bucket="tls", Key="a//b")["Body"].read() == body
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        live.client("s3", verify=True).list_buckets()


def test_a_link_that_was_made_inside_leads_to_the_object_all_the_same(live: LiveEngine) -> None:
    live.client("s3").create_bucket(Bucket="linked")
    live.client("s3").put_object(Bucket="linked", Key="report", Body=b"drift")
    outside = live.client("s3").generate_presigned_url("get_object", {"Bucket": "linked", "Key": "report"})
    inside = outside.replace("https:", "http:")
    for link in (outside, inside):
        with urllib.request.urlopen(link, timeout=30, context=live.tls()) as answer:
            assert answer.read() == b"drift"


def test_endpoints_serve_by_https_and_programs_in_them_know_the_authority(live: LiveEngine) -> None:
    serving = Serving(live)
    name = serving.endpoint(serving.simple_config())
    assert serving.invoke(name, b"7") == "hello,1,7"
    told = json.loads(serving.invoke(name, b"context"))
    # A socket of the machine's own leads there: nothing of it goes over a network.
    assert told["AWS_ENDPOINT_URL"] == live.url.replace("https:", "http:")
    assert told["SSL_CERT_FILE"] == AUTHORITY


def test_a_function_and_the_api_before_it(live: LiveEngine) -> None:
    function = make_function(live, "tls", HANDLER)
    assert invoke(live, "tls", {"public": live.url})[0] == {
        "given": live.url.replace("https:", "http:"),
        "status": 200,
        "public": 200,
        "bundle": AUTHORITY,
    }
    path = make_api(live, "tls", function)
    request = urllib.request.Request(live.url + path, b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30, context=live.tls()) as answer:
        assert answer.read() == b"seen by the function"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(live.url.replace("https:", "http:") + path, b"{}", timeout=30)
    with error.value:
        assert (error.value.code, error.value.read()) == (
            400,
            f"This port speaks HTTPS: {live.url}. Nothing was done.\n".encode(),
        )


def test_a_job_finds_the_engine_both_ways(live: LiveEngine) -> None:
    live.client("s3").create_bucket(Bucket="tls-jobs")
    image = push_image(live, "tls-jobs", {"/opt/program/train": TRAIN})
    live.client("sagemaker").create_training_job(
        TrainingJobName="look",
        RoleArn=role(live, "server"),
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        HyperParameters={"public": live.url},
        OutputDataConfig={"S3OutputPath": "s3://tls-jobs/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    found = _ended(lambda: live.client("sagemaker").describe_training_job(TrainingJobName="look"), "TrainingJobStatus")
    assert found["TrainingJobStatus"] == "Completed", found["FailureReason"]
    packed = live.client("s3").get_object(Bucket="tls-jobs", Key="out/look/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        told = json.load(tar.extractfile("found.json"))  # type: ignore[arg-type]
    assert (told["status"], told["public"]) == (200, 200)


def test_a_build_which_has_the_machines_network_speaks_https_too(live: LiveEngine) -> None:
    s3, codecommit = live.client("s3"), live.client("codecommit")
    s3.create_bucket(Bucket="tls-builds")
    codecommit.create_repository(repositoryName="tls")
    files = [{"filePath": "read.me", "fileContent": b"cloned"}]
    codecommit.create_commit(repositoryName="tls", branchName="main", putFiles=files)
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("buildspec.yml", BUILDSPEC)
    s3.put_object(Bucket="tls-builds", Key="source.zip", Body=source.getvalue())
    builds = live.client("codebuild")
    builds.create_project(
        name="tls",
        source={"type": "S3", "location": "tls-builds/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role(live, "builder"),
    )
    number = builds.start_build(projectName="tls")["build"]["id"]
    build = _ended(lambda: builds.batch_get_builds(ids=[number])["builds"][0], "buildStatus")
    log = [event["message"] for event in _logged(live, build)]
    assert build["buildStatus"] == "SUCCEEDED", log
    assert s3.get_object(Bucket="tls-builds", Key="word")["Body"].read() == b"built\n"
    assert s3.get_object(Bucket="tls-builds", Key="read")["Body"].read() == b"cloned"


def test_a_topic_tells_an_api_of_the_engine(live: LiveEngine) -> None:
    function = make_function(live, "told", HANDLER)
    path = make_api(live, "told", function)
    sns, logs = live.client("sns"), live.client("logs")
    topic = sns.create_topic(Name="told")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=live.url + path)

    def told() -> bool:
        events = logs.filter_log_events(logGroupName="/aws/lambda/told")["events"]
        return any("SubscriptionConfirmation" in event["message"] for event in events)

    eventually(told)


def test_a_form_from_a_page_without_tls_is_none_of_ours(live: LiveEngine) -> None:
    plain = live.url.replace("https:", "http:")
    headers = {"Origin": plain, "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(f"{live.url}/_console/sign-in", b"token=x", headers)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=30, context=live.tls())
    with error.value:
        assert (error.value.code, b"another site asked for this" in error.value.read()) == (403, True)


def test_the_consoles_cookie_is_never_sent_without_tls(live: LiveEngine) -> None:
    with urllib.request.urlopen(f"{live.url}/_console/sign-in", timeout=30, context=live.tls()) as answer:
        cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Secure-mlsystem_console=")
    assert "; Secure" in cookie


def test_the_authority_outlives_engines_and_the_door_serves_while_one_is_dead(live: LiveEngine) -> None:
    trusted = Path(live.credentials()["ca_bundle"])
    before, url = trusted.read_text(), live.url
    live.kill()
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{url}/bucket", timeout=30, context=live.tls())
    with error.value:
        assert error.value.code == 503
    live.start()
    assert (live.url, trusted.read_text()) == (url, before)
    assert live.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_a_shell_is_told_whom_to_trust(live: LiveEngine) -> None:
    told = json.loads(run("--json", "env", home=live.folder).stdout)
    assert told["AWS_ENDPOINT_URL"] == live.url
    assert told["AWS_CA_BUNDLE"] == str(live.folder / "ca.pem")
    assert ssl.create_default_context(cafile=told["AWS_CA_BUNDLE"]).get_ca_certs()
    curl = ["curl", "--silent", "--show-error", "--cacert", told["AWS_CA_BUNDLE"], f"{live.url}/_mlsystem/health"]
    assert json.loads(subprocess.run(curl, capture_output=True, check=True, text=True).stdout)["status"] == "ready"


def test_an_engine_goes_from_http_to_https_and_back(new_engine: Callable[..., LiveEngine], tmp_path: Path) -> None:
    live = new_engine()
    live.start()
    live.client("s3").create_bucket(Bucket="kept")
    live.client("codecommit").create_repository(repositoryName="kept")
    connection = Connection("local", live.folder)
    clone(connection, SimpleNamespace(pipeline="kept"), tmp_path / "clone")  # type: ignore[arg-type]
    plain = live.url
    for options, url in ((("--tls",), plain.replace("http:", "https:")), ((), plain)):
        live.stop()
        live.options = options
        live.start()
        assert live.url == url
        assert [one["Name"] for one in live.client("s3").list_buckets()["Buckets"]] == ["kept"]
        _push(tmp_path / "clone", git_environment(Connection("local", live.folder)))


def _push(clone: Path, environment: Mapping[str, str]) -> None:
    """A commit, to where the clone came from."""
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for words in (["commit", "--quiet", "--allow-empty", "-m", "More"], ["push", "--quiet", "origin", "HEAD:main"]):
        done = subprocess.run(["git", *who, *words], cwd=clone, env={**environment}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_where_programs_share_the_machines_network_it_is_refused(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mlsystem.engine",
        str(tmp_path / "home"),
        "--tls",
        "--runtime",
        "plain",
        "--port",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert "they share the machine's network: start without --tls" in done.stderr
    assert done.stderr.count("\n") == 1


def _ended(describe: Callable[[], dict[str, Any]], member: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        found = describe()
        return None if found[member] in ("InProgress", "IN_PROGRESS") else found

    return dict(eventually(ended))


def _logged(live: LiveEngine, build: dict[str, Any]) -> list[dict[str, Any]]:
    place = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
    return list(live.client("logs").get_log_events(**place, startFromHead=True)["events"])
