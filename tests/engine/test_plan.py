"""`mlsystem plan` says what a deployment would change and what would stop it, and does neither."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsystem.client.connection import Connection
from mlsystem.client.preflight.policy import deploying_policy, documents
from mlsystem.client.preflight.preflight import Preflight
from mlsystem.client.project import create, load
from tests.command_line import SCRIPTS
from tests.live import LiveEngine
from tests.stacks import StackUser

BROKEN = "Resources: {Queue: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: 'not a name'}}}"


class Deployer:
    """A user of an account that the engine plays, with the keys of a role that may do what the printed policies allow."""

    def __init__(self, engine: LiveEngine, folder: Path, project: Path):
        keys = self._keys(engine, project)
        self.project = project
        self.environment = {
            **os.environ,
            "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "dumb",
            "COLUMNS": "160",
            "AWS_ENDPOINT_URL": engine.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["mlsystem", "--json", "--target", "aws", "--project", str(self.project), *arguments]
        changed = {name: value for name, value in {**self.environment, **environment}.items() if value}
        return subprocess.run(command, env=changed, capture_output=True, text=True, check=False, timeout=180)

    def answer(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _keys(self, engine: LiveEngine, project: Path) -> dict[str, str]:
        iam, trust = engine.client("iam"), {"AWS": "arn:aws:iam::000000000000:root"}
        statement = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
        name = f"deployer-{uuid.uuid4().hex[:8]}"
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
        policies = documents(deploying_policy(Connection("local", engine.folder), load(project)))
        for number, document in enumerate(policies):
            iam.put_role_policy(RoleName=name, PolicyName=f"part{number}", PolicyDocument=json.dumps(document))
        arn = f"arn:aws:iam::000000000000:role/{name}"
        answer = engine.client("sts").assume_role(RoleArn=arn, RoleSessionName="ada")
        return dict(answer["Credentials"])


def change(project: Path, section: str, **values: object) -> None:
    path = project / "mlsystem.yaml"
    content = yaml.safe_load(path.read_text())
    content[section].update(values)
    path.write_text(yaml.safe_dump(content))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One of its own names."""
    create(tmp_path / "project")
    word = uuid.uuid4().hex[:6]
    change(tmp_path / "project", "project", name=f"plan-{word}", dataset_bucket=f"plan-data-{word}")
    return tmp_path / "project"


@pytest.fixture
def deployer(engine: LiveEngine, tmp_path: Path, project: Path) -> Iterator[Deployer]:
    made = Deployer(engine, tmp_path, project)
    yield made
    made.run("destroy", "--yes", "--with-data")


@pytest.fixture
def findings(engine: LiveEngine, project: Path) -> Callable[[], Mapping[str, str]]:
    """What stands in the way of the project, by subject."""

    def look() -> Mapping[str, str]:
        found = Preflight(Connection("local", engine.folder), load(project)).findings()
        return {item.subject: item.words for item in found if item.severity == "problem"}

    return look


def test_who_has_only_the_printed_policies_plans_deploys_and_destroys(engine: LiveEngine, deployer: Deployer) -> None:
    stack = load(deployer.project).stack
    planned = deployer.answer("plan")
    assert {item["action"] for item in planned["changes"]} == {"Add"}
    names = {item["logical_id"] for item in planned["changes"]}
    assert {"Pipeline", "ArtifactBucket", "Key"} <= names
    assert "NotificationSubscription" not in names, "its condition does not hold"
    living = engine.client("cloudformation").list_stacks()["StackSummaries"]
    assert stack not in [item["StackName"] for item in living if item["StackStatus"] != "DELETE_COMPLETE"]

    # As a plan leaves it that is cut off.
    engine.client("cloudformation").create_change_set(
        StackName=stack, ChangeSetName="cut-off", ChangeSetType="CREATE", TemplateBody=BROKEN
    )
    deployer.answer("deploy")
    made = engine.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    assert names == {item["LogicalResourceId"] for item in made}
    assert deployer.answer("plan")["changes"] == []
    change(deployer.project, "schedule", expression="cron(0 6 1 * ? *)")
    change(deployer.project, "project", email_address="ada@example.org")
    told = {item["logical_id"]: item for item in deployer.answer("plan")["changes"]}
    assert set(told) == {"RetrainTimer", "NotificationSubscription"}
    assert (told["RetrainTimer"]["action"], told["RetrainTimer"]["properties"]) == ("Modify", ["ScheduleExpression"])
    assert told["NotificationSubscription"]["action"] == "Add"
    assert deployer.answer("destroy", "--yes", "--with-data")["left"] == []


def test_credentials_that_do_not_do_are_told_with_what_to_do(deployer: Deployer) -> None:
    def told(**environment: str) -> str:
        done = deployer.run("plan", **environment)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        return done.stderr

    none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "")
    assert "aws sso login" in told(**none, AWS_EC2_METADATA_DISABLED="true")
    assert "AWS does not know these credentials" in told(AWS_ACCESS_KEY_ID="AKIAUNKNOWN", AWS_SESSION_TOKEN="")
    assert "no AWS region is set" in deployer.run("plan", AWS_DEFAULT_REGION="").stderr


@contextmanager
def refusing(code: str) -> Iterator[str]:
    """The URL of an AWS that knows no answer but this error."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_expired_session_is_told_with_what_to_do(deployer: Deployer) -> None:
    with refusing("ExpiredToken") as url:
        done = deployer.run("deploy", AWS_ENDPOINT_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The session has expired: sign in again" in done.stderr


def test_names_that_are_taken_are_told_before_anything_is_made(
    engine: LiveEngine, project: Path, findings: Callable[[], Mapping[str, str]]
) -> None:
    assert findings() == {}
    pipeline = load(project).pipeline
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    engine.client("iam").create_role(
        RoleName=f"{pipeline}-api-us-east-1",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    engine.client("codecommit").create_repository(repositoryName=pipeline)
    engine.client("ecr").create_repository(repositoryName=f"{pipeline}-model")
    engine.client("s3").create_bucket(Bucket=f"{pipeline}-000000000000-us-east-1")
    assert set(findings()) == {
        f"AWS::IAM::Role {pipeline}-api-us-east-1",
        f"AWS::CodeCommit::Repository {pipeline}",
        f"AWS::ECR::Repository {pipeline}-model",
        f"bucket {pipeline}-000000000000-us-east-1",
    }


def test_a_stack_that_takes_no_change_is_told_with_the_way_out(
    engine: LiveEngine, project: Path, findings: Callable[[], Mapping[str, str]]
) -> None:
    stack = StackUser(engine, load(project).stack)
    assert stack.create(BROKEN)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "mlsystem destroy" in findings()[f"stack {stack.name}"]
    stack.delete()
    assert findings() == {}
    stage = StackUser(engine, load(project).deployed_stack("prd"))
    assert stage.create(BROKEN)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert findings() == {}, "the pipeline can be deployed all the same"
