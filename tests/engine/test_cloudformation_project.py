"""The project's own templates as stacks: what a user deploys, as it is, with a small image in the model's place."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.api_requests import BOTH_VARIANTS, TOO_LARGE
from tests.aws.build import files_of, workflow_definition, workflow_graph
from tests.aws.project import PROJECT, RUN_NAME, TEMPLATES
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving, push_server
from tests.stacks import CAPABILITIES, StackUser, check_updates, outputs

sys.path.insert(0, str(PROJECT / "model"))
sys.path.insert(0, str(PROJECT / "api"))

from check import Clock
from package import ArtifactStore, package
from prune_versions import Clients, prune

DATA = "project-data"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
PARAMETERS = {
    "SageMakerProjectName": "demo",
    "SageMakerProjectId": "p-demo",
    "ProjectPrefix": "mls",
    "ModelName": "flights",
    "DatasetBucket": DATA,
    "NetworkEgress": "NAT",
    "ConsoleUrl": "https://console.example.com/_console",
}


class Deployed:
    """An engine on which project/pipeline.yml stands, and what its build would know."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.s3 = engine.client("s3")
        self.s3.create_bucket(Bucket=DATA)
        # It is larger than a request may carry inline, so it goes by way of a bucket.
        self.s3.put_object(Bucket=DATA, Key="pipeline.yml", Body=TEMPLATES["pipeline.yml"].read_bytes())
        self.stack = StackUser(engine, "mls-demo")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()]
        url = f"https://{DATA}.s3.amazonaws.com/pipeline.yml"
        asked = {"StackName": "mls-demo", "TemplateURL": url, "Parameters": given, "Capabilities": CAPABILITIES}
        self.stack.id = self.stack.client.create_stack(**asked)["StackId"]
        self.described = self.stack.settled()
        assert self.described["StackStatus"] == "CREATE_COMPLETE", self.stack.failures()
        self.bucket = outputs(self.described)["ArtifactBucket"]
        project = engine.client("codebuild").batch_get_projects(names=["mls-demo-build"])["projects"][0]
        self.build = {item["name"]: item["value"] for item in project["environment"]["environmentVariables"]}

    def packaged(self, name: str) -> str:
        return package(TEMPLATES[name], ArtifactStore(self.s3, self.bucket, "mls-demo/package"))

    def network(self) -> dict[str, str]:
        return {
            "SubnetIds": self.build["SUBNET_IDS"],
            "SecurityGroupId": self.build["SECURITY_GROUP_ID"],
            "AccessPointArn": self.build["ACCESS_POINT_ARN"],
        }

    def release(self, name: str, folder: Path, **changes: str) -> dict[str, str]:
        """Parameters as the build writes them for a stage, with what is different here."""
        written = files_of(folder)[name]["Parameters"]
        here = {
            "PipelineName": "mls-demo",
            "ArtifactBucket": self.bucket,
            "KmsKeyArn": self.build["KMS_KEY_ARN"],
            "NotificationTopicArn": self.build["NOTIFICATION_TOPIC_ARN"],
            "ConsoleUrl": self.build["CONSOLE_URL"],
            "TrainingExecutionArn": f"arn:aws:states:us-east-1:000000000000:execution:mls-demo:{RUN_NAME}",
            **({"ReleaseName": f"{RUN_NAME}-prd", "GoesBack": "false"} if "prd" in name else {}),
            "ImageUri": self.image,
            **self.network(),
        }
        known = {*written, *(("TrainingExecutionArn", "ReleaseName", "GoesBack") if "deploy" in name else ())}
        return {**written, **{key: value for key, value in here.items() if key in known}, **changes}

    @cached_property
    def image(self) -> str:
        """The small image, with its model where the training job would have left it."""
        uri = push_server(self.engine, "mls-small-server")
        key = f"mls-demo/runs/{RUN_NAME}/output/model.tar.gz"
        place = {"Bucket": "mls-small-server", "Key": "model.tar.gz"}
        self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource=place)
        return uri


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    live = LiveEngine(tmp_path_factory.mktemp("project"), time_scale=60)
    live.start()
    try:
        yield Deployed(live)
    finally:
        live.stop()


def test_the_functions_and_the_workflow_become_stacks(deployed: Deployed, tmp_path: Path) -> None:
    functions = StackUser(deployed.engine, "mls-demo-functions")
    given = deployed.release("sagemaker-custom-resource.json", tmp_path)
    made = functions.create(deployed.packaged("sagemaker-custom-resource.yml"), given)
    assert made["StackStatus"] == "CREATE_COMPLETE", functions.failures()
    assert outputs(made)["QueryTrainingFunctionArn"].endswith(":function:mls-demo-query-training")

    deployed.s3.put_object(Bucket=deployed.bucket, Key="workflow.json", Body=workflow_definition().encode())
    graph = workflow_graph()
    place = {"Bucket": deployed.bucket, "Key": "workflow.json"}
    graph["Resources"]["Workflow"]["Properties"]["DefinitionS3Location"] = place
    workflow = StackUser(deployed.engine, "mls-demo-workflow")
    made = workflow.create(json.dumps(graph), {"PipelineName": "mls-demo", "KmsKeyArn": deployed.build["KMS_KEY_ARN"]})
    assert made["StackStatus"] == "CREATE_COMPLETE", workflow.failures()
    machine = deployed.engine.client("stepfunctions").describe_state_machine(
        stateMachineArn=outputs(made)["StateMachineArn"]
    )
    assert functions.resource("QueryTraining") in machine["definition"]
    check_updates(functions, DATA, deployed.packaged("sagemaker-custom-resource.yml"), given)
    known = {"PipelineName": "mls-demo", "KmsKeyArn": deployed.build["KMS_KEY_ARN"]}
    check_updates(workflow, DATA, json.dumps(graph), known)
    assert workflow.delete()["StackStatus"] == functions.delete()["StackStatus"] == "DELETE_COMPLETE"


def test_the_dev_stage_serves_and_goes(deployed: Deployed, tmp_path: Path) -> None:
    stage = StackUser(deployed.engine, "mls-demo-deploy-dev")
    given = deployed.release("deploy-model-dev.json", tmp_path)
    made = stage.create(deployed.packaged("deploy-model-dev.yml"), given)
    assert made["StackStatus"] == "CREATE_COMPLETE", stage.failures()
    name = outputs(made)["EndpointName"]
    answer = deployed.engine.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1")
    assert answer["Body"].read() == b"hello,1,1"
    check_updates(stage, DATA, deployed.packaged("deploy-model-dev.yml"), given)
    assert stage.delete()["StackStatus"] == "DELETE_COMPLETE", stage.failures()
    assert deployed.engine.client("sagemaker").list_endpoints()["Endpoints"] == []


def test_the_production_stage_stands_and_goes(deployed: Deployed, tmp_path: Path) -> None:
    stage = StackUser(deployed.engine, "mls-demo-deploy-prd")
    base = f"{deployed.engine.url}/_api"
    given = deployed.release("deploy-model-prd.json", tmp_path, ApiPackageType="Zip", ApiBaseUrl=base)
    older = [Older(deployed, number) for number in range(3)]
    made = stage.create(deployed.packaged("deploy-model-prd.yml"), given)
    assert made["StackStatus"] == "CREATE_COMPLETE", stage.failures()
    _check_api(outputs(made))
    _check_pruning(deployed, older, outputs(made)["EndpointName"])

    changed = stage.update(deployed.packaged("deploy-model-prd.yml"), {**given, "MaxInstances": "7"})
    assert changed["StackStatus"] == "UPDATE_COMPLETE", stage.failures()
    targets: Any = deployed.engine.client("application-autoscaling")
    found = targets.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert [target["MaxCapacity"] for target in found] == [7]
    check_updates(stage, DATA, deployed.packaged("deploy-model-prd.yml"), {**given, "MaxInstances": "7"})
    assert stage.delete()["StackStatus"] == "DELETE_COMPLETE", stage.failures()
    assert deployed.engine.client("apigateway").get_rest_apis()["items"] == []


class Older:
    """What an older run has left in production; the first one is of another pipeline, which has the same names."""

    def __init__(self, deployed: Deployed, number: int):
        run = f"mls-flights-{number:08d}-0000-4000-8000-000000000000"
        self.name = f"{run}-prd"
        self.sagemaker = deployed.engine.client("sagemaker")
        owner = "mls-demo" if number else "mls-other"
        data = f"s3://{deployed.bucket}/{owner}/runs/{run}/output/model.tar.gz"
        self.sagemaker.create_model(
            ModelName=self.name,
            ExecutionRoleArn=role(deployed.engine, "server"),
            PrimaryContainer={"Image": deployed.image, "ModelDataUrl": data},
        )
        variant = {"VariantName": "AllTraffic", "ModelName": self.name, "InstanceType": "ml.m5.large"}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=self.name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )


def _remaining(deployed: Deployed) -> list[set[str]]:
    """The names of production's models, configurations and endpoints."""
    sagemaker = deployed.engine.client("sagemaker")
    listed = (
        [model["ModelName"] for model in sagemaker.list_models()["Models"]],
        [config["EndpointConfigName"] for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]],
    )
    return [{name for name in names if name.endswith("-prd")} for names in listed]


def _check_pruning(deployed: Deployed, older: list[Older], current: str) -> None:
    """With the function's own variables, and clients of a real system: what a cut off attempt left is taken up."""
    engine = deployed.engine
    stranger, first, second = (one.name for one in older)
    s3 = {"CopySource": {"Bucket": "mls-small-server", "Key": "model.tar.gz"}}
    for name in (first, second):
        deployed.s3.copy_object(
            Bucket=deployed.bucket, Key=f"mls-demo/runs/{name.removesuffix('-prd')}/output/model.tar.gz", **s3
        )
    engine.client("sagemaker").create_endpoint(EndpointName=first, EndpointConfigName=first)
    Serving(engine, "mls-small-server").await_settled(first)
    settings = engine.client("lambda").get_function_configuration(FunctionName="mls-demo-prune-versions")
    variables = settings["Environment"]["Variables"]
    clients = Clients(*(engine.client(name) for name in ("lambda", "sagemaker", "application-autoscaling")))
    clock = Clock(time.time, time.sleep)

    assert prune(clients, variables, clock) == f"removed: {first}; kept: {current}, {second}"
    eventually(lambda: _remaining(deployed)[2] == {current})
    assert _remaining(deployed) == [{current, second, stranger}, {current, second, stranger}, {current}]
    assert prune(clients, variables, clock) == f"removed: none; kept: {current}, {second}"
    engine.client("sagemaker").delete_endpoint_config(EndpointConfigName=second)
    assert prune(clients, {**variables, "RETAINED_VERSIONS": "0"}, clock) == f"removed: {second}; kept: {current}"
    assert _remaining(deployed) == [{current, stranger}, {current, stranger}, {current}]


def _check_api(told: Mapping[str, str]) -> None:
    """The function that is a ZIP file, asked as a client asks, once the door leads to it."""

    def ask(content_type: str, body: str) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": content_type, INFERENCE_ID: "shared"}
        return urllib3.request("POST", told["ApiUrl"], body=body.encode(), headers=headers)

    eventually(lambda: ask("text/csv", "UA,2").status == 200)
    for content_type, body, status in BOTH_VARIANTS:
        answer = ask(content_type, body)
        assert answer.status == status, answer.data
        assert status != 200 or answer.data == f"hello,1,{body}".encode()
        # What is larger than an event may be does not reach the function.
        if len(body) < TOO_LARGE:
            assert answer.headers[INFERENCE_ID] == "shared"
            assert answer.headers["X-SageMaker-Endpoint"] == told["EndpointName"]
            assert status == 200 or set(answer.json()) == {"error"}


def test_the_pipeline_goes_and_leaves_nothing(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    deployed = Deployed(live)
    check_updates(deployed.stack, DATA, TEMPLATES["pipeline.yml"].read_text(), PARAMETERS)
    assert deployed.stack.delete()["StackStatus"] == "DELETE_COMPLETE", deployed.stack.failures()
    assert [bucket["Name"] for bucket in deployed.s3.list_buckets()["Buckets"]] == [DATA]
    assert live.client("iam").list_roles()["Roles"] == []
    assert live.client("ec2").describe_vpcs()["Vpcs"] == []
    assert live.client("ec2").describe_addresses()["Addresses"] == []
    assert live.client("efs").describe_file_systems()["FileSystems"] == []
    assert live.client("ecr").describe_repositories()["repositories"] == []
    assert live.client("codepipeline").list_pipelines()["pipelines"] == []
    assert live.client("events").list_rules()["Rules"] == []
    assert live.client("scheduler").list_schedules()["Schedules"] == []
    assert live.client("sns").list_topics()["Topics"] == []
