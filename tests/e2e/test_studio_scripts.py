"""docs/studio.md, walked from top to bottom: each of its commands runs, in its order, in one shell against a live engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import SCRIPTS, run
from tests.docs.documents import ROOT, shell_lines
from tests.live import LiveEngine, eventually
from tests.roles import limited_role
from tests.stacks import StackUser
from tests.studio import PAGE, rights_of_studio

# After these the page takes for granted that some time goes by.
BEGINS = "aws sagemaker create-project"


class Shell:
    """A person's shell at the root of the repository, with the environment of `mlsystem env`."""

    def __init__(self, live: LiveEngine):
        self.live = live
        exports = run("--json", "env", home=live.folder)
        settings: dict[str, str] = json.loads(exports.stdout)
        self.environment = {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}", **settings}
        self.variables: dict[str, str] = {}

    def __call__(self, line: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """`name=$(…)` is remembered for the lines after it."""
        name, separator, _ = line.partition("=$(")
        known = {**self.environment, **self.variables}
        if separator and name.isidentifier():
            line = f'{line}; printf %s "${name}"'
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=known, capture_output=True, text=True, check=False, timeout=300
        )
        if separator and name.isidentifier():
            self.variables[name] = done.stdout
        return done


@pytest.fixture
def shell(new_engine: Callable[..., LiveEngine]) -> Shell:
    live = new_engine()
    live.start()
    return _prepared(live)


@pytest.fixture(scope="module")
def idle_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """For tests in which nothing is made."""
    live = LiveEngine(tmp_path_factory.mktemp("idle"))
    try:
        live.start()
        yield _prepared(live)
    finally:
        live.stop()


def _prepared(live: LiveEngine) -> Shell:
    limited_role(live, "studio-role", *rights_of_studio())
    live.client("s3").create_bucket(Bucket="mlsystem-data")
    return Shell(live)


def _await_projects(live: LiveEngine) -> None:
    sagemaker = live.client("sagemaker")

    def is_settled() -> bool:
        found: list[dict[str, Any]] = sagemaker.list_projects()["ProjectSummaryList"]
        return not any(one["ProjectStatus"].endswith("InProgress") for one in found)

    eventually(is_settled)


def test_every_command_of_the_page_on_studio_runs_and_nothing_is_left(shell: Shell) -> None:
    lines = shell_lines(PAGE)
    assert sum(line.startswith("bash scripts/") for line in lines) >= 4
    for line in lines:
        done = shell(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        if line.startswith(BEGINS):
            _await_projects(shell.live)
        if line == "aws sagemaker describe-project --project-name demo":
            _check_project(shell, json.loads(done.stdout))
    client = shell.live.client
    assert {one["ProjectStatus"] for one in client("sagemaker").list_projects()["ProjectSummaryList"]} == {
        "DeleteCompleted"
    }
    assert client("cloudformation").describe_stacks()["Stacks"] == []
    assert client("ecr").describe_repositories()["repositories"] == []
    assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == ["mlsystem-data"]
    assert [role["RoleName"] for role in client("iam").list_roles()["Roles"]] == ["studio-role"]
    assert client("servicecatalog").list_portfolios()["PortfolioDetails"] == []


def _check_project(shell: Shell, described: dict[str, Any]) -> None:
    """Made by the API with two parameters; the rest are the defaults that the publication has filled in."""
    assert described["ProjectStatus"] == "CreateCompleted", described
    live = shell.live
    build = live.client("codebuild").batch_get_projects(names=["mls-demo-build"])["projects"][0]
    variables = {item["name"]: item["value"] for item in build["environment"]["environmentVariables"]}
    assert variables["API_BASE_URL"] == f"{live.url}/_api"
    assert variables["PROJECT_ID"] == described["ProjectId"]
    files = live.client("codecommit").get_folder(repositoryName="mls-demo", folderPath="/")["files"]
    assert "mlsystem.yaml" in {file["relativePath"] for file in files}, "the repository begins with the project"
    images = live.client("ecr").describe_images(repositoryName="mls-monitor")["imageDetails"]
    assert [image["imageTags"] for image in images] == [["latest"]]
    # What a pipeline leaves in its bucket, with a version that is no more.
    s3, bucket = live.client("s3"), variables["ARTIFACT_BUCKET"]
    s3.put_object(Bucket=bucket, Key="mls-demo/runs/one", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="mls-demo/runs/one")


def test_what_is_wrong_is_told_in_one_line_before_anything_is_made(idle_shell: Shell) -> None:
    s3 = idle_shell.live.client("s3")
    s3.create_bucket(Bucket="somebody-elses")
    everybody: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": ["s3:PutObject", "s3:ListBucket"]}
    everybody["Resource"] = ["arn:aws:s3:::somebody-elses", "arn:aws:s3:::somebody-elses/*"]
    policy = {"Version": "2012-10-17", "Statement": [everybody]}
    s3.put_bucket_policy(Bucket="somebody-elses", Policy=json.dumps(policy))
    for line, told in (
        ("build.sh templates ml us-east-1", "usage: bash scripts/build.sh BUCKET STACK REGION STUDIO_ROLE"),
        ("build.sh templates ml us-east-1 nobody", "there is no role nobody: name the execution role of Studio"),
        (f"build.sh {'b' * 64} ml us-east-1 studio-role", "is no name of a bucket: it needs 3 to 63"),
        ("build.sh templates my_stack us-east-1 studio-role", "'my_stack' is no name of a stack"),
        ("build.sh somebody-elses ml us-east-1 studio-role", "the name is taken, and its bucket is not yours"),
        ("rm_s3.sh nothing us-east-1", "there is no bucket nothing"),
        ("rm_s3.sh nothing eu-west-1", "the bucket nothing is not in the region eu-west-1"),
        ("build.sh templates ml eu-west-1 studio-role", "plays the region us-east-1"),
        ("rm_s3.sh nothing", "usage: bash scripts/rm_s3.sh BUCKET REGION"),
        ("rm_prj.sh nothing", "there is no project nothing"),
        ("rm_prj.sh", "usage: bash scripts/rm_prj.sh PROJECT"),
    ):
        done = idle_shell(f"bash scripts/{line}")
        assert done.returncode != 0, line
        assert told in done.stderr, (line, done.stderr)
        assert done.stderr.count("\n") == 1, done.stderr
    assert idle_shell.live.client("cloudformation").describe_stacks()["Stacks"] == []
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {"mlsystem-data", "somebody-elses"}


def test_a_template_that_is_not_valid_is_named(idle_shell: Shell, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "project", project)
    path = project / "assets" / "deploy-model-dev.yml"
    path.write_text(path.read_text().replace("Outputs:\n", "Outputs:\n  Wrong: {Value: !Ref NobodysName}\n"))
    done = run("--project", str(project), "studio", "validate", home=idle_shell.live.folder)
    assert done.returncode == 1
    assert "deploy-model-dev.yml" in done.stderr and "NobodysName" in done.stderr


def test_destroy_takes_away_what_was_made_as_a_project_in_studio(shell: Shell, tmp_path: Path) -> None:
    # What an attempt has left that failed: it can take no update.
    broken = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "no topic!"}}}}
    StackUser(shell.live, "ml").create(json.dumps(broken))
    assert shell("bash scripts/build.sh ml-templates ml us-east-1 studio-role").returncode == 0
    again = ("--json", "--project", str(ROOT / "project"), "studio", "publish", "ml-templates", "ml", "studio-role")
    published = json.loads(run(*again, home=shell.live.folder).stdout)
    details = {"ProductId": published["outputs"]["ProductId"]}
    versions = shell.live.client("servicecatalog").list_provisioning_artifacts(**details)
    assert len(versions["ProvisioningArtifactDetails"]) == 1, (
        "the same template is the same version, by script or by hand"
    )
    sagemaker = shell.live.client("sagemaker")
    sagemaker.create_project(ProjectName="mlsystem", ServiceCatalogProvisioningDetails=details)
    _await_projects(shell.live)
    assert sagemaker.describe_project(ProjectName="mlsystem")["ProjectStatus"] == "CreateCompleted"
    # Its name is too long for the template, so it has no stack.
    sagemaker.create_project(ProjectName="seventeen-letters", ServiceCatalogProvisioningDetails=details)
    _await_projects(shell.live)
    failed = shell("bash scripts/rm_prj.sh seventeen-letters")
    assert (failed.returncode, failed.stdout) == (0, "removed Studio project seventeen-letters\n"), failed.stderr
    withdrawn = shell("mlsystem --target aws studio withdraw ml-templates ml --yes")
    assert (withdrawn.returncode, withdrawn.stderr.count("\n")) == (1, 1)
    assert "remove these projects first" in withdrawn.stderr

    done = run("--json", "--project", str(ROOT / "project"), "destroy", "--yes", home=shell.live.folder)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"left": []}), done.stderr
    assert sagemaker.describe_project(ProjectName="mlsystem")["ProjectStatus"] == "DeleteCompleted"
    assert shell.live.client("codepipeline").list_pipelines()["pipelines"] == []
    images = shell.live.client("ecr").describe_repositories()["repositories"]
    assert [one["repositoryName"] for one in images] == ["mls-monitor"], "the template that stands needs it"
    assert shell("mlsystem --target aws studio withdraw ml-templates ml --yes").returncode == 0
    assert shell.live.client("ecr").describe_repositories()["repositories"] == []
