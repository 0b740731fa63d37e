"""What the two kinds of job have each of their own: the tree under `/opt/ml`, the program, and what is uploaded.

The container contract: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.runtime.images import Image
from mlsystem.engine.runtime.process import Mount
from mlsystem.engine.runtime.program_files import remove_folder
from mlsystem.engine.runtime.s3_files import S3Files, opened_below, own_folder, pack, split_uri
from mlsystem.engine.services.sagemaker.continuous_upload import ContinuousUpload, upload_changed
from mlsystem.engine.services.sagemaker.job import Job, ProcessingJob, TrainingJob
from mlsystem.engine.services.sagemaker.program import processors_of
from mlsystem.engine.services.sagemaker.s3_input import download_inputs

HOST = "algo-1"
LONGEST_REASON = 1024
_LONGEST_WORDS = 4 * LONGEST_REASON  # bytes of as many characters


class JobKind(Protocol):
    """`tree` is the job's own folder, which is `/opt/ml` inside."""

    log_group: str

    def image_uri(self, job: Any) -> str: ...
    def stage(self, job: Any, tree: Path, files: S3Files) -> None: ...
    def argv(self, job: Any, image: Image) -> tuple[str, ...]: ...
    def environment(self, job: Any) -> dict[str, str]: ...
    def mounts(self, job: Any, tree: Path) -> tuple[Mount, ...]: ...
    def upload(self, job: Any, tree: Path, files: S3Files) -> None: ...
    def continuous(self, job: Any, tree: Path) -> list[ContinuousUpload]: ...
    def failure(self, job: Any, tree: Path) -> str: ...
    def exit_message(self, job: Any, tree: Path) -> str: ...
    def time_limit_seconds(self, job: Any) -> float: ...
    def is_isolated(self, job: Any) -> bool: ...


def instance_type(job: Job) -> str:
    if isinstance(job, TrainingJob):
        return str(job.request["ResourceConfig"]["InstanceType"])
    return str(job.request["ProcessingResources"]["ClusterConfig"]["InstanceType"])


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def read_words(tree: Path, name: str) -> str:
    """What a program left for people to read; empty when it left nothing. At most 1024 characters, as SageMaker keeps."""
    try:
        with opened_below(tree, tree / name) as file:
            return "" if file is None else file.read(_LONGEST_WORDS).decode(errors="replace").strip()[:LONGEST_REASON]
    except (ActionFailed, OSError):
        return ""


class Training:
    """Training jobs: File channels, hyperparameters, a packed model."""

    log_group = "/aws/sagemaker/TrainingJobs"

    def image_uri(self, job: TrainingJob) -> str:
        return str(job.request["AlgorithmSpecification"]["TrainingImage"])

    def stage(self, job: TrainingJob, tree: Path, files: S3Files) -> None:
        for folder in ("model", "output/data", "output/metrics", "input/data", "checkpoints", "code"):
            (tree / folder).mkdir(parents=True, exist_ok=True)
        channels = {channel["ChannelName"]: channel for channel in job.request.get("InputDataConfig", ())}
        for name, channel in channels.items():
            download_inputs(channel["DataSource"]["S3DataSource"], tree / "input/data" / name, files)
        for checkpoints in self.continuous(job, tree):
            checkpoints.folder.mkdir(parents=True, exist_ok=True)
            # Those of an earlier job, if there are any.
            if next(files.keys(*split_uri(f"{checkpoints.uri}/")), None) is not None:
                files.download(f"{checkpoints.uri}/", checkpoints.folder)
        config = tree / "input/config"
        write_json(config / "hyperparameters.json", job.request.get("HyperParameters", {}))
        write_json(
            config / "inputdataconfig.json", {name: _channel_config(channel) for name, channel in channels.items()}
        )
        write_json(config / "resourceconfig.json", self._resources(job))

    def _resources(self, job: TrainingJob) -> dict[str, object]:
        return {
            "current_host": HOST,
            "hosts": [HOST],
            "network_interface_name": "lo",
            "current_instance_type": instance_type(job),
            "current_group_name": "homogeneousCluster",
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": instance_type(job), "hosts": [HOST]}
            ],
        }

    def argv(self, job: TrainingJob, image: Image) -> tuple[str, ...]:
        """`docker run IMAGE train`, unless the job names an entry point."""
        algorithm = job.request["AlgorithmSpecification"]
        if "ContainerEntrypoint" in algorithm:
            return (*algorithm["ContainerEntrypoint"], *algorithm.get("ContainerArguments", ()))
        return (*image.entrypoint, *algorithm.get("ContainerArguments", ("train",)))

    def environment(self, job: TrainingJob) -> dict[str, str]:
        channels = {
            f"SM_CHANNEL_{channel['ChannelName'].upper()}": f"/opt/ml/input/data/{channel['ChannelName']}"
            for channel in job.request.get("InputDataConfig", ())
        }
        return {
            "TRAINING_JOB_NAME": job.key,
            "TRAINING_JOB_ARN": job.arn,
            "SM_MODEL_DIR": "/opt/ml/model",
            "SM_INPUT_DIR": "/opt/ml/input",
            "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
            "SM_OUTPUT_DIR": "/opt/ml/output",
            "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
            "SM_CHANNELS": json.dumps(sorted(one["ChannelName"] for one in job.request.get("InputDataConfig", ()))),
            "SM_HPS": json.dumps(job.request.get("HyperParameters", {})),
            "SM_CURRENT_HOST": HOST,
            "SM_HOSTS": json.dumps([HOST]),
            "SM_NETWORK_INTERFACE_NAME": "lo",
            "SM_CURRENT_INSTANCE_TYPE": instance_type(job),
            "SM_NUM_CPUS": str(processors_of(instance_type(job))),
            "SM_NUM_GPUS": "0",
            **channels,
            **job.request.get("Environment", {}),
        }

    def mounts(self, job: TrainingJob, tree: Path) -> tuple[Mount, ...]:
        path = _checkpoint_path(job)
        elsewhere = () if _is_below_opt_ml(path) else (Mount(host_path(tree, path), path, read_only=False),)
        return (Mount(tree, "/opt/ml", read_only=False), *elsewhere)

    def continuous(self, job: TrainingJob, tree: Path) -> list[ContinuousUpload]:
        given = job.request.get("CheckpointConfig")
        if given is None:
            return []
        return [ContinuousUpload(host_path(tree, _checkpoint_path(job)), given["S3Uri"].rstrip("/"))]

    def upload(self, job: TrainingJob, tree: Path, files: S3Files) -> None:
        output = job.request["OutputDataConfig"]
        kms_key = output.get("KmsKeyId")
        base = f"{output['S3OutputPath'].rstrip('/')}/{job.key}/output"
        if job.verdict != "Failed":
            self._upload_archive(tree / "model", tree.parent / "model.tar.gz", f"{base}/model.tar.gz", files, kms_key)
        upload_changed(self.continuous(job, tree), tree.parent, files, is_last=True)
        if any(own_folder(tree / "output/data", tree.parent).glob("*")):
            self._upload_archive(
                tree / "output/data", tree.parent / "output.tar.gz", f"{base}/output.tar.gz", files, kms_key
            )

    def _upload_archive(self, folder: Path, archive: Path, uri: str, files: S3Files, kms_key: str | None) -> None:
        pack(own_folder(folder, archive.parent), archive)
        files.upload(archive, uri, kms_key)

    def failure(self, job: TrainingJob, tree: Path) -> str:
        return read_words(tree, "output/failure")

    def exit_message(self, job: TrainingJob, tree: Path) -> str:
        return ""

    def time_limit_seconds(self, job: TrainingJob) -> float:
        return float(job.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86400))

    def is_isolated(self, job: TrainingJob) -> bool:
        return bool(job.request.get("EnableNetworkIsolation", False))


def _checkpoint_path(job: TrainingJob) -> str:
    return str(job.request.get("CheckpointConfig", {}).get("LocalPath", "/opt/ml/checkpoints"))


def _channel_config(channel: dict[str, Any]) -> dict[str, object]:
    source = channel["DataSource"]["S3DataSource"]
    return {
        "TrainingInputMode": channel.get("InputMode", "File"),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
    }


class Processing:
    """Processing jobs: inputs and outputs at the paths that the job names, anywhere in the container."""

    log_group = "/aws/sagemaker/ProcessingJobs"

    def image_uri(self, job: ProcessingJob) -> str:
        return str(job.request["AppSpecification"]["ImageUri"])

    def stage(self, job: ProcessingJob, tree: Path, files: S3Files) -> None:
        (tree / "output").mkdir(parents=True, exist_ok=True)
        for source in _inputs(job):
            download_inputs(source["S3Input"], host_path(tree, source["S3Input"]["LocalPath"]), files)
        for output in _outputs(job):
            host_path(tree, output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        config = tree / "config"
        write_json(config / "processingjobconfig.json", self._config(job))
        resources = {"current_host": HOST, "hosts": [HOST], "network_interface_name": "lo"}
        write_json(config / "resourceconfig.json", resources)

    def _config(self, job: ProcessingJob) -> dict[str, object]:
        return {"ProcessingJobArn": job.arn, **{name: value for name, value in job.request.items() if name != "Tags"}}

    def argv(self, job: ProcessingJob, image: Image) -> tuple[str, ...]:
        app = job.request["AppSpecification"]
        entrypoint = app.get("ContainerEntrypoint")
        if entrypoint:
            return (*entrypoint, *app.get("ContainerArguments", ()))
        return (*image.entrypoint, *(app.get("ContainerArguments") or image.command))

    def environment(self, job: ProcessingJob) -> dict[str, str]:
        return {"PROCESSING_JOB_NAME": job.key, "PROCESSING_JOB_ARN": job.arn, **job.request.get("Environment", {})}

    def mounts(self, job: ProcessingJob, tree: Path) -> tuple[Mount, ...]:
        paths = [item["S3Input"]["LocalPath"] for item in _inputs(job)]
        paths += [item["S3Output"]["LocalPath"] for item in _outputs(job)]
        outside = sorted({path for path in paths if not _is_below_opt_ml(path)})
        return (
            Mount(tree, "/opt/ml", read_only=False),
            *(Mount(host_path(tree, path), path, read_only=False) for path in outside),
        )

    def upload(self, job: ProcessingJob, tree: Path, files: S3Files) -> None:
        kms_key = job.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        for output in _outputs(job):
            folder = own_folder(host_path(tree, output["S3Output"]["LocalPath"]), tree.parent)
            if not folder.is_dir():
                raise ActionFailed(f"the folder of {output['OutputName']} is missing", "InternalServerError")
            if output["S3Output"]["S3UploadMode"] != "Continuous":
                files.upload_folder(folder, output["S3Output"]["S3Uri"], kms_key)
        upload_changed(self.continuous(job, tree), tree.parent, files, is_last=True)

    def continuous(self, job: ProcessingJob, tree: Path) -> list[ContinuousUpload]:
        kms_key = job.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        return [
            ContinuousUpload(host_path(tree, one["S3Output"]["LocalPath"]), one["S3Output"]["S3Uri"], kms_key)
            for one in _outputs(job)
            if one["S3Output"]["S3UploadMode"] == "Continuous"
        ]

    def failure(self, job: ProcessingJob, tree: Path) -> str:
        return read_words(tree, "output/message")

    def exit_message(self, job: ProcessingJob, tree: Path) -> str:
        return read_words(tree, "output/message")

    def time_limit_seconds(self, job: ProcessingJob) -> float:
        return float(job.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400))

    def is_isolated(self, job: ProcessingJob) -> bool:
        return bool(job.request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False))


def _inputs(job: ProcessingJob) -> list[dict[str, Any]]:
    """Without those that the program fetches by itself."""
    return [one for one in job.request.get("ProcessingInputs", ()) if not one.get("AppManaged")]


def _outputs(job: ProcessingJob) -> list[dict[str, Any]]:
    """Without those that the program writes by itself."""
    outputs = job.request.get("ProcessingOutputConfig", {}).get("Outputs", ())
    return [one for one in outputs if not one.get("AppManaged")]


def host_path(tree: Path, local_path: str) -> Path:
    """Where a path of the container lies on the host: below the tree, or beside it for paths outside of /opt/ml."""
    if _is_below_opt_ml(local_path):
        return tree / Path(local_path).relative_to("/opt/ml")
    return tree.parent / "elsewhere" / local_path.strip("/").replace("/", "~")


def _is_below_opt_ml(path: str) -> bool:
    return path.startswith("/opt/ml/")


def clear(folder: Path) -> None:
    """Remove a job's folder; what is gone already is no error."""
    remove_folder(folder)
