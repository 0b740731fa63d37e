"""A container program that knows nothing of this engine: built from its Dockerfile, trained, evaluated and served as it is.

With OWN_CONTAINER_ARCHIVE, an image that another builder made of the same Dockerfile is taken instead (`make test-images`).
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.images.builders import STORE_VARIABLE
from mlsystem.engine.runtime.machine import probe
from tests.command_line import run
from tests.docs.documents import ROOT, shell_lines
from tests.jobs import logged
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Load, Serving

PAGE = ROOT / "docs" / "containers.md"
PROGRAM = Path(__file__).parents[1] / "byo_container"
NAME = "own-container"
ROWS = b"north,0,1\nnorth,0.5,1.5\nsouth,0,-1\nsouth,-0.5,-1.5\n"
ENDED = ("Completed", "Failed", "Stopped")
BACK_SECONDS = 5.0


class OwnContainer:
    """The image, as its user makes it with three commands, and the bucket of his data."""

    def __init__(self, engine: LiveEngine, store: Path):
        self.engine = engine
        self._settings = {STORE_VARIABLE: str(store)}
        self.start_seconds = 0.0  # that its instances take by themselves
        *_, self.pushed, self.listed = self.walked()
        self.image = str(self.pushed["uri"])
        self.s3, self.sagemaker = engine.client("s3"), engine.client("sagemaker")
        self.s3.create_bucket(Bucket=NAME)
        self.s3.put_object(Bucket=NAME, Key="data/rows.csv", Body=ROWS)

    def walked(self) -> list[Any]:
        """The commands of the page, of which two name what is the reader's own; other builders would need base images."""
        own = {"my-model:1": f"{NAME}:1", "my-container": str(PROGRAM)}
        lines = [line.split() for line in shell_lines(PAGE)]
        verbs = ("build", "push", "list", "run")
        assert [line[:3] for line in lines] == [["mlsystem", "image", verb] for verb in verbs]
        self._trial = lines.pop()
        lines[0] += ["--builder", "interpreter"]
        archive = os.environ.get("OWN_CONTAINER_ARCHIVE")
        if archive:
            self.command("image", "load", archive, "--tag", f"{NAME}:1")
            del lines[0]
        return [self.command(*(own.get(word, word) for word in line[1:])) for line in lines]

    def tried(self, folder: Path) -> int:
        """The page's own trial of a program, whose `/opt/ml` is a folder; its exit code."""
        own = {"my-model:1": f"{NAME}:1", '"$PWD/ml":/opt/ml': f"{folder}:/opt/ml"}
        words = [own.get(word, word) for word in self._trial[1:]]
        return run(*words, home=self.engine.folder, environment=self._settings).returncode

    def command(self, *arguments: str) -> Any:
        done = run("--json", *arguments, home=self.engine.folder, environment=self._settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def trained(self, name: str, data: str = "data/", **parameters: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{NAME}/{data}"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=role(self.engine, "trainer"),
            AlgorithmSpecification={
                "TrainingImage": self.image,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "classes", "Regex": "classes: ([0-9]+);"}],
            },
            HyperParameters=parameters,
            InputDataConfig=[{"ChannelName": "training", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{NAME}/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ENDED else None

        return dict(eventually(ended))

    def evaluated(self, name: str, model: str) -> dict[str, Any]:
        self.sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=role(self.engine, "trainer"),
            AppSpecification={"ImageUri": self.image, "ContainerEntrypoint": ["evaluate"]},
            ProcessingInputs=[_input("model", model), _input("test", f"s3://{NAME}/data/")],
            ProcessingOutputConfig={"Outputs": [_output("evaluation", f"s3://{NAME}/{name}")]},
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        )

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            return job if job["ProcessingJobStatus"] in ENDED else None

        return dict(eventually(ended))

    def served(self, name: str, model: str, instances: int, **environment: str) -> dict[str, Any]:
        self.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": self.image, "ModelDataUrl": model, "Environment": environment},
            ExecutionRoleArn=role(self.engine, "server"),
        )
        variant = {"VariantName": "All", "ModelName": name, "InitialInstanceCount": instances}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

        def settled() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return found if found["EndpointStatus"] in ("InService", "Failed") else None

        return dict(eventually(settled))

    def instances(self, name: str) -> int:
        [variant] = self.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        return int(variant["CurrentInstanceCount"])

    def ask(self, name: str, body: str = "0,2\n0,-3\n") -> str:
        runtime = self.engine.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv")
        return str(answer["Body"].read().decode())


def _input(name: str, uri: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source}


def _output(name: str, uri: str) -> dict[str, Any]:
    target = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": target}


@pytest.fixture(scope="module")
def own(engine: LiveEngine, tmp_path_factory: pytest.TempPathFactory) -> OwnContainer:
    return OwnContainer(engine, tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def model(own: OwnContainer) -> str:
    """Of a training job, as its S3 URI."""
    job = own.trained("own-training", digits="3")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return str(job["ModelArtifacts"]["S3ModelArtifacts"])


@pytest.fixture(scope="module")
def endpoint(own: OwnContainer, model: str) -> Iterator[str]:
    """Of three instances."""
    began = time.monotonic()
    found = own.served("own-endpoint", model, 3, MODEL_SERVER_WORKERS="1")
    own.start_seconds = time.monotonic() - began
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    yield "own-endpoint"
    own.sagemaker.delete_endpoint(EndpointName="own-endpoint")


def test_this_machine_runs_it_in_a_sandbox() -> None:
    assert probe().kind == "sandbox"


def test_a_program_of_it_is_tried_before_it_is_pushed(own: OwnContainer, tmp_path: Path) -> None:
    for name in ("input/data/training", "input/config", "model", "output"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "input/config/hyperparameters.json").write_text("{}")
    assert own.tried(tmp_path) != 0, "there are no rows"
    (tmp_path / "input/data/training/rows.csv").write_bytes(ROWS)
    assert own.tried(tmp_path) == 0
    assert json.loads((tmp_path / "model/centres.json").read_text()) == {"north": [0.25, 1.25], "south": [-0.25, -1.25]}


def test_the_image_is_the_registrys_after_a_push(own: OwnContainer) -> None:
    assert {(one["name"], one["digest"]) for one in own.listed} >= {
        (f"{NAME}:1", own.pushed["digest"]),
        (own.image, own.pushed["digest"]),
    }
    assert own.command("image", "pull", own.image)["digest"] == own.pushed["digest"]


def test_it_trains(own: OwnContainer, model: str) -> None:
    bucket, _, key = model.removeprefix("s3://").partition("/")
    with tarfile.open(fileobj=io.BytesIO(own.s3.get_object(Bucket=bucket, Key=key)["Body"].read())) as tar:
        centres = tar.extractfile("centres.json")
        assert centres is not None
        assert json.load(centres) == {"north": [0.25, 1.25], "south": [-0.25, -1.25]}
    job = own.sagemaker.describe_training_job(TrainingJobName="own-training")
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("classes", 2.0)]
    eventually(lambda: "Training complete." in logged(own.engine, "/aws/sagemaker/TrainingJobs"))


def test_its_own_words_tell_why_it_failed(own: OwnContainer) -> None:
    own.s3.put_object(Bucket=NAME, Key="empty/rows.csv", Body=b"")
    job = own.trained("own-failure", "empty/")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "AlgorithmError: Exception during training: There are no rows in the channel training"
    )
    assert job["FailureReason"].endswith("exit code: 255")


def test_it_evaluates(own: OwnContainer, model: str) -> None:
    job = own.evaluated("own-evaluation", model)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    found = own.s3.get_object(Bucket=NAME, Key="own-evaluation/evaluation.json")["Body"].read()
    assert json.loads(found) == {"accuracy": 1.0}


def test_three_instances_serve_side_by_side_on_one_fixed_port(own: OwnContainer, endpoint: str) -> None:
    assert own.instances(endpoint) == 3
    group = f"/aws/sagemaker/Endpoints/{endpoint}"

    def asked() -> set[str]:
        assert own.ask(endpoint) == "north\nsouth\n"
        found = own.engine.client("logs").filter_log_events(logGroupName=group, filterPattern="POST")["events"]
        return {event["logStreamName"] for event in found}

    eventually(lambda: len(asked()) == 3)


def test_its_refusals_are_the_callers_to_see(own: OwnContainer, endpoint: str) -> None:
    runtime = own.engine.client("sagemaker-runtime")
    with pytest.raises(ClientError, match="This predictor only supports CSV data") as error:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}", ContentType="application/json")
    assert error.value.response["Error"]["Code"] == "ModelError"


def test_an_instance_that_is_killed_under_load_is_back_soon_and_no_request_is_lost_but_those_in_its_hands(
    own: OwnContainer, endpoint: str
) -> None:
    serving = Serving(own.engine, NAME)
    eventually(lambda: own.instances(endpoint) == 3)
    with Load(lambda: own.ask(endpoint), 0.005) as load:
        eventually(lambda: len(load.answers) > 20)
        began = time.monotonic()
        serving.kill(serving.processes(endpoint)[0])
        eventually(lambda: own.instances(endpoint) < 3)
        eventually(lambda: own.instances(endpoint) == 3)
        took = time.monotonic() - began
        answered = len(load.answers)
        eventually(lambda: len(load.answers) > answered + 20)
    assert set(load.answers) == {"north\nsouth\n"}
    assert len(load.failures) <= 1, load.failures
    assert took < BACK_SECONDS + own.start_seconds


def test_an_engine_of_an_ordinary_user_runs_it_as_well(new_engine: Callable[..., LiveEngine], tmp_path: Path) -> None:
    """Without any right of root's: where this test is root itself, in a name space of users in which it is not."""
    live = new_engine(within=["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else [])
    live.start()
    own = OwnContainer(live, tmp_path / "images")
    job = own.trained("ordinary")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    found = own.served("ordinary", job["ModelArtifacts"]["S3ModelArtifacts"], 2, MODEL_SERVER_WORKERS="1")
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    assert own.ask("ordinary") == "north\nsouth\n"
