"""Endpoints: real model servers behind the front door, invoked through boto3."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.runtime.process import LONGEST_SOCKET_PATH
from tests.command_line import run
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Load, Serving


@pytest.fixture(scope="module")
def serving(engine: LiveEngine) -> Serving:
    return Serving(engine)


@pytest.fixture(scope="module")
def endpoint(serving: Serving) -> str:
    """One endpoint in service for all tests that only invoke it."""
    return serving.endpoint(serving.simple_config())


def test_an_endpoint_serves_the_model_that_was_packed(serving: Serving, endpoint: str) -> None:
    assert serving.invoke(endpoint, b"1,2") == "hello,1,1,2"


def test_an_endpoint_is_described_as_sagemaker_does(serving: Serving, endpoint: str) -> None:
    found = serving.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert found["EndpointStatus"] == "InService"
    variant = found["ProductionVariants"][0]
    assert (variant["VariantName"], variant["CurrentInstanceCount"], variant["CurrentWeight"]) == ("AllTraffic", 1, 1.0)
    assert variant["DeployedImages"][0]["ResolvedImage"].split("@")[1].startswith("sha256:")


def test_the_program_is_told_its_context_and_cannot_change_the_model(serving: Serving, endpoint: str) -> None:
    told = json.loads(serving.invoke(endpoint, b"context", CustomAttributes="a=1", InferenceId="id-1"))
    assert told["writable"] is False
    assert told["SAGEMAKER_BIND_TO_PORT"] == "8080"
    assert told["MODEL_SERVER_FRONT"] == "host"
    assert told["AWS_ENDPOINT_URL"] == serving.engine.url
    headers = {name.lower(): value for name, value in told.items()}
    assert headers["x-amzn-sagemaker-custom-attributes"] == "a=1"
    assert headers["x-amzn-sagemaker-inference-id"] == "id-1"


def test_an_answer_names_its_content_type_and_variant(serving: Serving, endpoint: str) -> None:
    answer = serving.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"3", ContentType="text/csv")
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/csv", "AllTraffic")
    answer["Body"].read()


def test_an_error_of_the_program_is_a_model_error(serving: Serving, endpoint: str) -> None:
    with pytest.raises(ClientError, match="no such feature") as error:
        serving.invoke(endpoint, b"fail")
    assert error.value.response["Error"]["Code"] == "ModelError"
    members: dict[str, Any] = {**error.value.response}
    assert members["OriginalStatusCode"] == 500


def test_an_unknown_endpoint_is_a_validation_error(serving: Serving) -> None:
    with pytest.raises(ClientError, match="no-such-endpoint") as error:
        serving.invoke("no-such-endpoint")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_what_an_instance_writes_is_in_its_log_stream(serving: Serving, endpoint: str) -> None:
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    logs = serving.engine.client("logs")
    eventually(lambda: logs.filter_log_events(logGroupName=group)["events"])
    event = logs.filter_log_events(logGroupName=group)["events"][0]
    assert event["message"] == "serving hello"
    assert event["logStreamName"].startswith("AllTraffic/i-")


def test_variants_get_their_shares_and_can_be_targeted(serving: Serving) -> None:
    config = serving.config(
        {"ModelName": serving.model("1"), "VariantName": "blue", "InitialVariantWeight": 3},
        {"ModelName": serving.model("2"), "VariantName": "green", "InitialVariantWeight": 1},
    )
    name = serving.endpoint(config)
    shares = Counter(serving.invoke(name).split(",")[1] for _ in range(200))
    assert 110 <= shares["1"] <= 185
    assert serving.invoke(name, TargetVariant="green").split(",")[1] == "2"
    serving.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "blue", "DesiredWeight": 0},
            {"VariantName": "green", "DesiredWeight": 1, "DesiredInstanceCount": 2},
        ],
    )
    serving.await_settled(name)
    assert {serving.invoke(name).split(",")[1] for _ in range(20)} == {"2"}
    assert len(serving.processes(name)) == 3
    serving.delete(name)


def test_a_shadow_variant_gets_copies_which_are_counted_captured_and_compared(serving: Serving) -> None:
    bucket = f"s3://{serving.home}/captured"
    shadow = {"ModelName": serving.model("2"), "VariantName": "Next", "InstanceType": "ml.m5.large"}
    config = serving.config(
        {"ModelName": serving.model("1"), "VariantName": "Now"},
        ShadowProductionVariants=[{**shadow, "InitialInstanceCount": 1, "InitialVariantWeight": 1}],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": bucket,
            "CaptureOptions": [{"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
    )
    name = serving.endpoint(config)
    found = serving.sagemaker.describe_endpoint(EndpointName=name)
    assert [one["VariantName"] for one in found["ProductionVariants"]] == ["Now"]
    assert [one["VariantName"] for one in found["ShadowProductionVariants"]] == ["Next"]
    answers = {serving.invoke(name, str(number), InferenceId=f"id-{number}") for number in range(10)}
    assert answers == {f"hello,1,{number}" for number in range(10)}

    def compared() -> dict[str, Any] | None:
        done = run("--json", "shadow", name, home=serving.engine.folder)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told if told["agreement"]["pairs"] == 10 and told["shadow"]["requests"] == 10 else None

    told = eventually(compared, timeout=30, interval=0.5)
    assert (told["production"]["requests"], told["production"]["errors"], told["shadow"]["errors"]) == (10, 0, 0)
    assert 0 < told["shadow"]["p50_seconds"] <= told["shadow"]["p99_seconds"]
    assert told["agreement"]["equal"] == 0
    shown = run("shadow", name, home=serving.engine.folder)
    assert "Of 10 pairs of answers 0 are equal" in shown.stdout
    serving.delete(name)


@pytest.mark.parametrize(
    ("production", "shadows"),
    [(("A", "B"), ("S",)), (("A",), ("S", "T")), (("A",), ("A",))],
    ids=["two of production", "two shadows", "one name"],
)
def test_a_shadow_may_only_be_one_beside_one(
    serving: Serving, production: tuple[str, ...], shadows: tuple[str, ...]
) -> None:
    shape = {"ModelName": serving.model(), "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    with pytest.raises(ClientError, match=r"shadow variant may only|names of the ProductionVariants must differ"):
        serving.config(
            *({"ModelName": serving.model(), "VariantName": name} for name in production),
            ShadowProductionVariants=[{**shape, "VariantName": name} for name in shadows],
        )


def test_an_update_drops_no_request_and_leaves_only_the_new_instances(serving: Serving) -> None:
    name = serving.endpoint(serving.simple_config("1", count=2))
    before = serving.processes(name)
    config = serving.simple_config("2", count=2)
    with Load(lambda: serving.invoke(name, b"7")) as load:
        eventually(lambda: len(load.answers) > 20)
        serving.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            serving.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        found = serving.await_settled(name)
        sent = len(load.answers)
        eventually(lambda: len(load.answers) > sent + 20)
    assert load.failures == []
    assert found["EndpointConfigName"] == config
    assert {answer.split(",")[1] for answer in load.answers[sent + 1 :]} == {"2"}
    eventually(lambda: len(serving.processes(name)) == 2)
    assert not set(before) & set(serving.processes(name))
    serving.delete(name)


def test_a_request_under_way_is_finished_by_an_instance_that_leaves(serving: Serving) -> None:
    name = serving.endpoint(serving.simple_config("1"))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(serving.invoke, name, b"sleep 2")
        serving.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=serving.simple_config("2"))
        serving.await_settled(name)
        assert serving.invoke(name).split(",")[1] == "2"
        assert slow.result() == "hello,1,sleep 2"
    serving.delete(name)


def test_an_update_that_fails_leaves_the_endpoint_as_it_was(serving: Serving) -> None:
    good = serving.simple_config("1")
    name = serving.endpoint(good)
    bad = serving.config({"ModelName": serving.model(MODE="fail")})
    serving.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=bad)
    found = serving.await_settled(name)
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == good
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "column carrier is missing" in found["FailureReason"]
    assert serving.invoke(name) == "hello,1,1,2"
    eventually(lambda: len(serving.processes(name)) == 1)
    serving.delete(name)


def test_an_endpoint_whose_program_fails_has_failed_with_its_last_words(serving: Serving) -> None:
    name = "fails-at-once"
    config = serving.config({"ModelName": serving.model(MODE="fail")})
    serving.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    found = serving.await_settled(name)
    assert found["EndpointStatus"] == "Failed"
    assert "column carrier is missing" in found["FailureReason"]
    assert "exit code 3" in found["FailureReason"]
    serving.delete(name)


def test_a_model_that_is_missing_is_named(serving: Serving) -> None:
    model = f"{serving.home}-missing"
    container = {"Image": serving.image, "ModelDataUrl": f"s3://{serving.home}/missing.tar.gz"}
    serving.sagemaker.create_model(
        ModelName=model, PrimaryContainer=container, ExecutionRoleArn=role(serving.engine, "server")
    )
    name = "misses-its-model"
    serving.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=serving.config({"ModelName": model}))
    found = serving.await_settled(name)
    assert found["EndpointStatus"] == "Failed"
    assert "missing.tar.gz" in found["FailureReason"]
    serving.delete(name)


def test_a_crashed_instance_is_replaced_while_the_other_serves(serving: Serving) -> None:
    name = serving.endpoint(serving.simple_config(count=2))
    before = serving.processes(name)
    with Load(lambda: serving.invoke(name, b"7")) as load:
        eventually(lambda: load.answers)
        serving.kill(before[0])
        eventually(lambda: len(serving.processes(name)) == 2 and before[0] not in serving.processes(name))
        eventually(lambda: serving.instance_count(name) == 2)
    assert load.failures == []
    assert before[1] in serving.processes(name)
    serving.delete(name)


def test_a_request_that_crashes_a_program_is_asked_of_one_more_instance_and_no_further(serving: Serving) -> None:
    name = serving.endpoint(serving.simple_config(count=3))
    before = set(serving.processes(name))
    with pytest.raises(ClientError):
        serving.invoke(name, b"crash")
    eventually(lambda: len(serving.processes(name)) == 3 and len(before - set(serving.processes(name))) == 2)
    eventually(lambda: serving.instance_count(name) == 3)
    assert serving.invoke(name) == "hello,1,1,2"
    serving.delete(name)


def test_a_data_folder_whose_sockets_linux_does_not_take_fails_the_endpoint_with_the_reason(tmp_path: Path) -> None:
    longest = LONGEST_SOCKET_PATH - len("/run/control.sock")
    live = LiveEngine(tmp_path / ("x" * (longest - len(str(tmp_path)) - 1)))
    try:
        live.start()
        serving = Serving(live)
        name = "too-far-down"
        serving.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=serving.simple_config())
        found = serving.await_settled(name)
        assert found["EndpointStatus"] == "Failed"
        assert "use a shorter data folder" in found["FailureReason"]
    finally:
        live.stop()


def test_a_deleted_endpoint_is_gone_with_its_processes(serving: Serving) -> None:
    name = serving.endpoint(serving.simple_config())
    serving.sagemaker.delete_endpoint(EndpointName=name)
    serving.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    assert serving.processes(name) == []
    with pytest.raises(ClientError, match="not found"):
        serving.invoke(name)
    assert not list((serving.engine.folder / "processes").glob(f"endpoint-instance.{name}.*"))


def test_models_and_configurations_are_listed_and_deleted(serving: Serving) -> None:
    config = serving.simple_config()
    model = serving.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
    pages = serving.sagemaker.get_paginator("list_models").paginate(PaginationConfig={"PageSize": 2})
    assert model in [one["ModelName"] for page in pages for one in page["Models"]]
    listed = serving.sagemaker.list_endpoint_configs(NameContains=config)["EndpointConfigs"]
    assert [one["EndpointConfigName"] for one in listed] == [config]
    serving.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    serving.sagemaker.delete_model(ModelName=model)
    with pytest.raises(ClientError, match="Could not find model"):
        serving.sagemaker.describe_model(ModelName=model)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        serving.sagemaker.create_endpoint(EndpointName="no-config", EndpointConfigName=config)


def test_what_the_engine_does_not_do_is_refused_by_name(serving: Serving) -> None:
    with pytest.raises(ClientError, match=r"ProductionVariants\.ServerlessConfig"):
        serving.config(
            {"ModelName": serving.model(), "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}
        )


def test_invocations_are_counted_in_cloudwatch_under_their_aws_names(serving: Serving) -> None:
    name = serving.endpoint(serving.simple_config())
    began = datetime.now(UTC) - timedelta(minutes=2)
    for _ in range(7):
        serving.invoke(name)
    with pytest.raises(ClientError):
        serving.invoke(name, b"fail")
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}]

    def total(metric: str) -> float:
        found = serving.engine.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=began,
            EndTime=datetime.now(UTC) + timedelta(minutes=2),
            Period=60,
            Statistics=["Sum"],
        )
        return sum(float(point["Sum"]) for point in found["Datapoints"])

    eventually(lambda: total("Invocations") >= 8)
    assert total("Invocations") == 8
    assert total("Invocation5XXErrors") == 1
    assert total("InvocationsPerInstance") == 8
    assert total("ModelLatency") > 0
    serving.delete(name)
