"""The notebooks of exp_nbs, each from top to bottom against one live engine. Their executed copies stay in the test's folder.

The machine that they see has neither Docker nor buildah: what then works, works everywhere.
"""

from __future__ import annotations

import io
import os
import re
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests.live import LiveEngine
from tests.notebooks.pushed import push_images
from tests.notebooks.running import ROOT, Executed, engine_environment, execute

Run = Callable[[str], Executed]
BUILDERS = ("docker", "buildah")


@pytest.fixture(scope="module")
def run(engine: LiveEngine, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("notebooks")
    push_images(engine)
    environment = {
        **engine_environment(engine),
        "MLSYSTEM_HOME": str(engine.folder),
        "MLSYSTEM_IMAGES": str(folder / "images"),
        "PATH": f"{_without_builders(folder / 'bin')}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
    }

    def run_notebook(name: str) -> Executed:
        return execute(ROOT / "exp_nbs" / f"{name}.ipynb", folder / name, environment)

    return run_notebook


def _without_builders(folder: Path) -> Path:
    folder.mkdir()
    for name in BUILDERS:
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder


def names(engine: LiveEngine) -> dict[str, set[str]]:
    """What there is in the account, by kind; without jobs, which AWS keeps, and images, which the notebooks share."""
    sagemaker, functions = engine.client("sagemaker"), engine.client("lambda")
    ec2, logs, efs = engine.client("ec2"), engine.client("logs"), engine.client("efs")
    groups = [group["logGroupName"] for group in _all(logs, "describe_log_groups", "logGroups")]
    return {
        "buckets": {item["Name"] for item in engine.client("s3").list_buckets()["Buckets"]},
        "roles": {item["RoleName"] for item in _all(engine.client("iam"), "list_roles", "Roles")},
        "models": {item["ModelName"] for item in _all(sagemaker, "list_models", "Models")},
        "endpoints": {item["EndpointName"] for item in _all(sagemaker, "list_endpoints", "Endpoints")},
        "configurations": {
            item["EndpointConfigName"] for item in _all(sagemaker, "list_endpoint_configs", "EndpointConfigs")
        },
        "experiments": {item["ExperimentName"] for item in _all(sagemaker, "list_experiments", "ExperimentSummaries")},
        "trials": {item["TrialName"] for item in _all(sagemaker, "list_trials", "TrialSummaries")},
        "functions": {item["FunctionName"] for item in _all(functions, "list_functions", "Functions")},
        "apis": {item["id"] for item in _all(engine.client("apigateway"), "get_rest_apis", "items")},
        "machines": {
            item["name"] for item in _all(engine.client("stepfunctions"), "list_state_machines", "stateMachines")
        },
        "file systems": {item["FileSystemId"] for item in _all(efs, "describe_file_systems", "FileSystems")},
        "access points": {item["AccessPointId"] for item in _all(efs, "describe_access_points", "AccessPoints")},
        "networks": {item["VpcId"] for item in _all(ec2, "describe_vpcs", "Vpcs")},
        "subnets": {item["SubnetId"] for item in _all(ec2, "describe_subnets", "Subnets")},
        "network endpoints": {item["VpcEndpointId"] for item in _all(ec2, "describe_vpc_endpoints", "VpcEndpoints")},
        "log streams": {
            f"{group} {item['logStreamName']}"
            for group in groups
            for item in _all(logs, "describe_log_streams", "logStreams", logGroupName=group)
        },
    }


def _all(client: object, operation: str, member: str, **arguments: str) -> Iterator[Mapping[str, str]]:
    pages = client.get_paginator(operation).paginate(**arguments)  # type: ignore[attr-defined] # boto3 makes its classes at run time
    return (item for page in pages for item in page[member])


@pytest.fixture
def leaves_nothing(engine: LiveEngine) -> Iterator[None]:
    before = names(engine)
    yield
    left = {kind: found - before[kind] for kind, found in names(engine).items()}
    assert {kind: more for kind, more in left.items() if more} == {}


def number(executed: Executed, pattern: str) -> float:
    found = re.search(pattern, executed.text)
    assert found, f"{pattern} is not in: {executed.text[-3000:]}"
    return float(found[1])


def assert_pictures(executed: Executed, count: int) -> None:
    """Each has something on it."""
    assert len(executed.pictures) == count
    for picture in executed.pictures:
        colours = Image.open(io.BytesIO(picture)).convert("RGB").getcolors(1 << 24)
        assert colours and len(colours) > 20


def test_the_container_is_developed_on_this_machine(run: Run) -> None:
    done = run("exp-local-sm")
    assert 0.85 < number(done, r"auc +([\d.]+)\n") < 0.95
    assert '400: {"error": "row 1 has 2 columns; the model takes 13"}' in done.text
    assert re.search(r"before: \['0\.\d{5,}', '0\.\d{5,}'\] now: \['0\.\d\d?', '0\.\d\d?'\]", done.text)
    assert "1 unknown hyperparameter 'num_leafs'" in done.text
    assert_pictures(done, 3)


@pytest.mark.usefixtures("leaves_nothing")
def test_sagemakers_api_does_the_same(run: Run) -> None:
    done = run("exp-real-sm")
    assert 0.85 < number(done, r"AUC ([\d.]+); the gate asks") < 0.95
    assert 0.85 < number(done, r"'validation:auc': ([\d.]+)") < 0.95
    assert 0 < number(done, r"'predictions': \[([\d.]+)\]") < 1
    assert "ModelError 400" in done.text
    assert "2000 answers" in done.text
    assert_pictures(done, 2)


@pytest.mark.usefixtures("leaves_nothing")
def test_a_function_and_its_api_answer_for_the_endpoint(run: Run) -> None:
    done = run("exp-ml-gateway")
    answers = re.findall(r"\((\d+), '(\{.*?\}|.*?)'\)\n", done.text)
    by_array, by_csv, by_file, refused = answers[:4]
    assert [status for status, _ in answers[:4]] == ["200", "200", "200", "400"]
    assert by_array == by_file
    assert by_csv[1].split("\\n")[0] in by_array[1]
    assert "row 1 has 2 columns" in refused[1]
    assert "version 1" in done.text
    assert done.text.rstrip().endswith("2 *")
    small, large = (dict(re.findall(r"'(\d)': (\d+)", part)) for part in re.findall(r"Counter\((.*?)\)", done.text))
    assert int(small["1"]) + int(small["2"]) == 100 == int(large["1"]) + int(large["2"])
    assert 0 < int(small["2"]) < int(large["2"]) < 100
    assert_pictures(done, 1)


@pytest.mark.usefixtures("leaves_nothing")
def test_the_workflow_is_run_and_drawn(run: Run) -> None:
    done = run("exp-step-functions")
    assert "OK []" in done.text
    assert "Missing 'Next' target: Prepare Date" in done.text
    assert 0.85 < number(done, r'"Value": ([\d.]+)') < 0.95
    assert re.search(r"FAILED PrepareDataFailed .*there is no column 'tardy'", done.text)
    assert "busy 1 times: 2 attempts, 1 failed" in done.text
    assert "busy 5 times: 3 attempts, 3 failed" in done.text
    assert_pictures(done, 3)
