"""The project's own templates as stacks: what a user deploys, as it is, with a small image in the model's place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.aws.build import files_of, workflow_definition, workflow_graph
from tests.aws.project import PROJECT, RUN_NAME, TEMPLATES
from tests.live import LiveEngine
from tests.serving import push_server
from tests.stacks import CAPABILITIES, StackUser, outputs

sys.path.insert(0, str(PROJECT / "model"))

from package import ArtifactStore, package

DATA = "project-data"
PARAMETERS = {
    "SageMakerProjectName": "demo",
    "SageMakerProjectId": "p-demo",
    "ProjectPrefix": "mls",
    "ModelName": "flights",
    "DatasetBucket": DATA,
    "NetworkEgress": "NAT",
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
            "TrainingExecutionArn": f"arn:aws:states:us-east-1:000000000000:execution:mls-demo:{RUN_NAME}",
            "ImageUri": self.image,
            **self.network(),
        }
        known = {*written, "TrainingExecutionArn"}
        return {**written, **{key: value for key, value in here.items() if key in known}, **changes}

    @cached_property
    def image(self) -> str:
        """The small image, with its model where the training job would have left it."""
        uri = push_server(self.engine, "small-server")
        key = f"mls-demo/runs/{RUN_NAME}/output/model.tar.gz"
        place = {"Bucket": "small-server", "Key": "model.tar.gz"}
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


def test_the_functions_and_the_workflow_become_stacks(deployed: Deployed) -> None:
    functions = StackUser(deployed.engine, "mls-demo-functions")
    given = {
        "PipelineName": "mls-demo",
        "ArtifactBucket": deployed.bucket,
        "NotificationTopicArn": deployed.build["NOTIFICATION_TOPIC_ARN"],
        **deployed.network(),
    }
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
    assert workflow.delete()["StackStatus"] == functions.delete()["StackStatus"] == "DELETE_COMPLETE"


def test_the_dev_stage_serves_and_goes(deployed: Deployed, tmp_path: Path) -> None:
    stage = StackUser(deployed.engine, "mls-demo-deploy-dev")
    made = stage.create(deployed.packaged("deploy-model-dev.yml"), deployed.release("deploy-model-dev.json", tmp_path))
    assert made["StackStatus"] == "CREATE_COMPLETE", stage.failures()
    name = outputs(made)["EndpointName"]
    answer = deployed.engine.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1")
    assert answer["Body"].read() == b"hello,1,1"
    assert stage.delete()["StackStatus"] == "DELETE_COMPLETE", stage.failures()
    assert deployed.engine.client("sagemaker").list_endpoints()["Endpoints"] == []


def test_the_production_stage_stands_and_goes(deployed: Deployed, tmp_path: Path) -> None:
    stage = StackUser(deployed.engine, "mls-demo-deploy-prd")
    given = deployed.release("deploy-model-prd.json", tmp_path, ApiPackageType="Zip")
    made = stage.create(deployed.packaged("deploy-model-prd.yml"), given)
    assert made["StackStatus"] == "CREATE_COMPLETE", stage.failures()

    changed = stage.update(deployed.packaged("deploy-model-prd.yml"), {**given, "MaxInstances": "7"})
    assert changed["StackStatus"] == "UPDATE_COMPLETE", stage.failures()
    targets: Any = deployed.engine.client("application-autoscaling")
    found = targets.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert [target["MaxCapacity"] for target in found] == [7]
    assert stage.delete()["StackStatus"] == "DELETE_COMPLETE", stage.failures()
    assert deployed.engine.client("apigateway").get_rest_apis()["items"] == []


def test_the_pipeline_goes_and_leaves_nothing(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    deployed = Deployed(live)
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
