"""Taking a whole system away: first what is deployed, then everything, until nothing is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import small_project
from tests.command_line import run
from tests.small_project import NAME
from tests.system import System


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project.unpack(tmp_path / "project")


def test_a_partial_removal_takes_what_is_deployed_and_the_rest_takes_all_that_is_left(
    system: System, project: Path
) -> None:
    def destroy(*options: str) -> Any:
        done = run("--json", "--project", str(project), "destroy", *options, home=system.engine.folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    endpoint = system.outputs("prd")["EndpointName"]
    planned = destroy("--partial", "--dry-run")
    assert planned[:2] == [f"stack {NAME}-deploy-prd", f"stack {NAME}-deploy-dev"]
    assert f"endpoint {endpoint}" in planned

    assert destroy("--partial", "--yes") == {"left": []}
    sagemaker = system.engine.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert destroy("--partial", "--dry-run") == []
    assert system.engine.client("codepipeline").list_pipelines()["pipelines"][0]["name"] == NAME

    assert destroy("--yes", "--with-data") == {"left": []}
    _require_nothing(system)


def _require_nothing(system: System) -> None:
    client = system.engine.client
    # Images that were pushed by hand are not the project's.
    repositories = {
        repository["repositoryName"] for repository in client("ecr").describe_repositories()["repositories"]
    }
    assert repositories == {f"{NAME}-program"}
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("cloudformation").describe_stacks()["Stacks"] == []
    assert client("efs").describe_file_systems()["FileSystems"] == []
    assert client("events").list_rules()["Rules"] == []
    assert client("scheduler").list_schedules()["Schedules"] == []
    assert client("sagemaker").list_experiments()["ExperimentSummaries"] == []
    assert client("sagemaker").list_trial_components()["TrialComponentSummaries"] == []
    assert client("logs").describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"] == []
    groups = [group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]]
    assert [group for group in groups if NAME in group] == []
    living = {lock.parent.name.split(".")[0] for lock in system.engine.living_processes()}
    assert living == {"door"}
