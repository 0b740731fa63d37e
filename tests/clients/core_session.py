"""A day with sagemaker-core: train, deploy, ask, transform, look around, clear up. Writes what it has seen into seen.json.

It runs in the environment of requirements/sagemaker_core.txt, where nothing of ours is installed.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from sagemaker.core import resources, shapes
from sagemaker.core.utils.utils import configure_logging

NAME, IMAGE, ROLE = os.environ["NAME"], os.environ["IMAGE"], os.environ["ROLE"]
PREFIX = f"core-{NAME}"
BUCKET = f"s3://{NAME}/core"
BEGAN = datetime.now(UTC).replace(microsecond=0)
LIMIT = shapes.StoppingCondition(max_runtime_in_seconds=600)
TAGS: list[Any] = [{"key": "team", "value": "delays"}]
PATIENCE: dict[str, Any] = {"poll": 1, "timeout": 120}


def put(key: str, text: str) -> None:
    boto3.client("s3").put_object(Bucket=NAME, Key=f"core/{key}", Body=text.encode())


def channel(name: str) -> shapes.Channel:
    source = shapes.S3DataSource(s3_data_type="S3Prefix", s3_uri=f"{BUCKET}/{name}/")
    return shapes.Channel(channel_name=name, data_source=shapes.DataSource(s3_data_source=source))


def process() -> dict[str, Any]:
    """A processing job."""
    put("raw/train.csv", "a,1\nb,2\n")
    job = resources.ProcessingJob.create(
        processing_job_name=f"{PREFIX}-process",
        role_arn=ROLE,
        app_specification=shapes.AppSpecification(image_uri=IMAGE, container_entrypoint=["process"]),
        processing_resources=shapes.ProcessingResources(
            cluster_config=shapes.ProcessingClusterConfig(
                instance_count=1, instance_type="ml.m5.large", volume_size_in_gb=5
            )
        ),
        processing_inputs=[
            shapes.ProcessingInput(
                input_name="raw",
                s3_input=shapes.ProcessingS3Input(
                    s3_uri=f"{BUCKET}/raw/",
                    local_path="/opt/ml/processing/input",
                    s3_data_type="S3Prefix",
                    s3_input_mode="File",
                ),
            )
        ],
        processing_output_config=shapes.ProcessingOutputConfig(
            outputs=[
                shapes.ProcessingOutput(
                    output_name="train",
                    s3_output=shapes.ProcessingS3Output(
                        s3_uri=f"{BUCKET}/train",
                        local_path="/opt/ml/processing/output",
                        s3_upload_mode="EndOfJob",
                    ),
                )
            ]
        ),
        stopping_condition=shapes.ProcessingStoppingCondition(max_runtime_in_seconds=600),
    )
    job.wait(logs=True, **PATIENCE)
    made = boto3.client("s3").get_object(Bucket=NAME, Key="core/train/train.csv")["Body"].read().decode()
    return {"status": job.processing_job_status, "made": made}


def train(number: int) -> resources.TrainingJob:
    return resources.TrainingJob.create(
        training_job_name=f"{PREFIX}-{number}",
        hyper_parameters={"rounds": str(number)},
        algorithm_specification=shapes.AlgorithmSpecification(training_image=IMAGE, training_input_mode="File"),
        role_arn=ROLE,
        input_data_config=[channel("train")],
        output_data_config=shapes.OutputDataConfig(s3_output_path=f"{BUCKET}/models"),
        resource_config=shapes.ResourceConfig(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=5),
        stopping_condition=LIMIT,
        tags=TAGS,
    )


def training() -> dict[str, Any]:
    """Two jobs; the lists that find them, page by page; their tags."""
    for job in (train(1), train(2)):
        job.wait(logs=True, **PATIENCE)
    own = {"name_contains": PREFIX, "status_equals": "Completed", "creation_time_after": BEGAN}
    found = resources.TrainingJob.get_all(**own, sort_by="Name", sort_order="Ascending")
    latest = resources.TrainingJob.get(f"{PREFIX}-2")
    resources.Tag.add_tags(latest.training_job_arn, [{"key": "round", "value": "2"}])
    resources.Tag.delete_tags(latest.training_job_arn, ["team"])
    tags = list(resources.Tag.get_all(resource_arn=latest.training_job_arn))
    return {
        "found": [one.training_job_name for one in found],
        "failed": [one.training_job_name for one in resources.TrainingJob.get_all(**own | {"status_equals": "Failed"})],
        "artifact": latest.model_artifacts.s3_model_artifacts,
        "parameters": latest.hyper_parameters,
        "tags": {str(one.key): str(one.value) for one in tags},
    }


def serve(artifact: str) -> dict[str, Any]:
    """A model in service, asked, and changed to two instances."""
    container = shapes.ContainerDefinition(image=IMAGE, model_data_url=artifact)
    model = resources.Model.create(model_name=PREFIX, primary_container=container, execution_role_arn=ROLE)
    for count in (1, 2):
        variant = shapes.ProductionVariant(
            variant_name="AllTraffic",
            model_name=model.model_name,
            initial_instance_count=count,
            instance_type="ml.m5.large",
        )
        resources.EndpointConfig.create(endpoint_config_name=f"{PREFIX}-{count}", production_variants=[variant])
    endpoint = resources.Endpoint.create(endpoint_name=PREFIX, endpoint_config_name=f"{PREFIX}-1", tags=TAGS)
    endpoint.wait_for_status("InService", **PATIENCE)
    answer = endpoint.invoke(body="1,2\n3,4", content_type="text/csv", accept="text/csv")
    body = answer.body.read().decode()
    endpoint.endpoint_config_name = f"{PREFIX}-2"
    endpoint.update()
    endpoint.wait_for_status("InService", **PATIENCE)
    return {
        "answer": body,
        "type": answer.content_type,
        "count": endpoint.production_variants[0].current_instance_count,
        "listed": [one.endpoint_name for one in resources.Endpoint.get_all(name_contains=PREFIX)],
        "configs": sorted(
            str(one.endpoint_config_name) for one in resources.EndpointConfig.get_all(name_contains=PREFIX)
        ),
    }


def transform() -> dict[str, Any]:
    put("rows/rows.csv", "1,2\n3,4\n")
    source = shapes.TransformDataSource(
        s3_data_source=shapes.TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=f"{BUCKET}/rows/")
    )
    job = resources.TransformJob.create(
        transform_job_name=f"{PREFIX}-transform",
        model_name=PREFIX,
        transform_input=shapes.TransformInput(data_source=source, content_type="text/csv", split_type="Line"),
        transform_output=shapes.TransformOutput(s3_output_path=f"{BUCKET}/scores", assemble_with="Line"),
        transform_resources=shapes.TransformResources(instance_type="ml.m5.large", instance_count=1),
    )
    job.wait(logs=True, **PATIENCE)
    made = boto3.client("s3").get_object(Bucket=NAME, Key="core/scores/rows.csv.out")["Body"].read().decode()
    return {"status": job.transform_job_status, "scores": made}


def register(artifact: str) -> dict[str, Any]:
    """A version in the model registry; it is made with boto3, as ModelPackage.create looks for a name that AWS does not answer."""
    group = resources.ModelPackageGroup.create(model_package_group_name=PREFIX)
    served: Any = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": artifact}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    sagemaker = boto3.client("sagemaker")
    made = sagemaker.create_model_package(ModelPackageGroupName=PREFIX, InferenceSpecification=served)
    package = resources.ModelPackage.get(made["ModelPackageArn"])
    groups = resources.ModelPackageGroup.get_all(name_contains=PREFIX)
    seen = {
        "version": package.model_package_version,
        "image": package.inference_specification.containers[0].image,
        "groups": [one.model_package_group_name for one in groups],
    }
    sagemaker.delete_model_package(ModelPackageName=made["ModelPackageArn"])
    group.delete()
    return seen


def clear() -> dict[str, Any]:
    endpoint = resources.Endpoint.get(PREFIX)
    endpoint.delete()
    endpoint.wait_for_delete(**PATIENCE)
    for config in resources.EndpointConfig.get_all(name_contains=PREFIX):
        config.delete()
    resources.Model.get(PREFIX).delete()
    try:
        resources.Endpoint.get(PREFIX)
    except ClientError as error:
        refusal = error.response["Error"]["Message"]
    else:
        refusal = ""
    return {"left": [one.model_name for one in resources.Model.get_all(name_contains=PREFIX)], "refusal": refusal}


def main() -> None:
    configure_logging("INFO")
    seen: dict[str, Any] = {"process": process(), "training": training()}
    artifact = str(seen["training"]["artifact"])
    seen |= {"serve": serve(artifact), "transform": transform(), "register": register(artifact), "clear": clear()}
    Path("seen.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
