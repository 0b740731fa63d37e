"""The contract of the runtimes: what a program may rely on in a sandbox, in a container of Docker, and as a plain process.

One suite, run in each. What plain processes do not have, several instances side by side, is refused, and says so.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.docker_engine import DockerEngine
from tests.images import push_image
from tests.jobs import logged
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving

KINDS = ("sandbox", "docker", "plain")
ENDED = ("Completed", "Failed", "Stopped")
# Plain processes have links in /opt: in one of the engine's own, the machine's stays as it is.
OWN_OPT = ("unshare", "--mount", "sh", "-ec", 'mount -t tmpfs none /opt; exec "$@"', "own-opt")
TRAIN = """#!/usr/bin/env python3
import json, os, pathlib, signal, sys, time
ml = pathlib.Path("/opt/ml")
wanted = json.loads((ml / "input/config/hyperparameters.json").read_text())
rows = (ml / "input/data/training/rows.csv").read_text().split()
print("rows:", len(rows), flush=True)
def save(text):
    (ml / "model/model.txt").write_text(text)
def stop(*_):
    save("checkpoint")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
match wanted["how"]:
    case "fail":
        (ml / "output/failure").write_text("column carrier is missing")
        sys.exit(3)
    case "wait":
        while True:
            time.sleep(60)
    case "greedy":
        hold = []
        while True:
            hold.append(b"x" * 2**27)
save(" ".join(rows) + f" {sys.argv[0]} {os.environ['TRAINING_JOB_NAME']}")
(ml / "output/data/report.txt").write_text("fine")
"""
PROCESS = """#!/usr/bin/env python3
import pathlib, sys
text = pathlib.Path("/opt/data/in/rows.csv").read_text() + pathlib.Path("/opt/ml/processing/more/rows.csv").read_text()
pathlib.Path("/opt/data/out/joined.csv").write_text(text)
pathlib.Path("/opt/ml/processing/result/count.txt").write_text(str(len(text.split())))
"""


class Bench:
    """An engine with one of the runtimes, and an image and rows of data in it."""

    def __init__(self, kind: str, live: LiveEngine, docker: DockerEngine | None):
        self.kind = kind
        self.live = live
        self.docker = docker
        live.start()
        self.name = "contract"
        self.s3, self.sagemaker = live.client("s3"), live.client("sagemaker")
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="data/rows.csv", Body=b"one two\n")
        files = {"/opt/program/train": TRAIN, "/opt/program/process": PROCESS}
        self.image = push_image(live, self.name, files)

    def start_training(self, name: str, how: str = "", instance_type: str = "ml.m5.large") -> None:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.name}/data/"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=role(self.live, "trainer"),
            AlgorithmSpecification={"TrainingImage": self.image, "TrainingInputMode": "File"},
            HyperParameters={"how": how},
            InputDataConfig=[{"ChannelName": "training", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{self.name}/models"},
            ResourceConfig={"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )

    def training(self, name: str) -> dict[str, Any]:
        return dict(self.sagemaker.describe_training_job(TrainingJobName=name))

    def trained(self, name: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            job = self.training(name)
            return job if job["TrainingJobStatus"] in ENDED else None

        return dict(eventually(ended))

    def begun(self, name: str) -> None:
        """The program has said its first words."""
        logs = self.live.client("logs")
        group = "/aws/sagemaker/TrainingJobs"

        def said() -> bool:
            try:
                found = logs.filter_log_events(logGroupName=group, logStreamNamePrefix=f"{name}/")["events"]
            except logs.exceptions.ResourceNotFoundException:
                return False
            return bool(found)

        eventually(said)

    def model_of(self, job: Mapping[str, Any]) -> str:
        key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{self.name}/")
        archive = io.BytesIO(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())
        with tarfile.open(fileobj=archive) as tar:
            member = tar.extractfile("model.txt")
            assert member is not None
            return member.read().decode()

    def down(self) -> int:
        """`mlsystem down`: how many processes it ended beside the engine."""
        within = OWN_OPT if self.kind == "plain" else ()
        command = [*within, sys.executable, "-m", "mlsystem.engine", str(self.live.folder), "--down"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.live.environment}

    def left(self) -> list[str]:
        """What is still there of programs."""
        found = [str(lock) for lock in self.live.living_processes() if "door" not in lock.parent.name]
        if self.docker is not None:
            found += [*self.docker.containers(), *self.docker.volumes()]
        if self.live.process is not None and self.kind == "plain":
            own = Path(f"/proc/{self.live.process.pid}/root/opt")
            found += [str(path) for path in own.iterdir()]
        return found


def _bench(kind: str, folder: Path, request: pytest.FixtureRequest) -> Bench:
    docker: DockerEngine | None = request.getfixturevalue("docker") if kind == "docker" else None
    if kind == "plain" and subprocess.run([*OWN_OPT, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("not run: this machine lets nobody mount a folder of his own")
    live = LiveEngine(
        folder,
        options=["--runtime", kind],
        environment={} if docker is None else docker.environment,
        within=OWN_OPT if kind == "plain" else (),
    )
    request.addfinalizer(live.stop)
    return Bench(kind, live, docker)


@pytest.fixture(scope="module", params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return _bench(request.param, tmp_path_factory.mktemp(request.param) / "home", request)


@pytest.fixture(params=KINDS)
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """To be killed."""
    return _bench(request.param, tmp_path / "home", request)


@pytest.fixture
def serving(bench: Bench) -> Iterator[Serving]:
    made = Serving(bench.live)
    yield made
    for endpoint in bench.sagemaker.list_endpoints()["Endpoints"]:
        made.delete(endpoint["EndpointName"])


def test_it_is_the_one_that_was_asked_for_and_says_what_it_does_not_give(bench: Bench) -> None:
    with urllib.request.urlopen(f"{bench.live.url}/_mlsystem/health") as answer:
        told = json.load(answer)
    assert (told["runtime"], told["isolated"]) == (bench.kind, bench.kind != "plain")
    assert "Not isolated: " in told["sentence"]


def test_a_job_trains_and_its_model_is_an_object(bench: Bench) -> None:
    bench.start_training("trains")
    job = bench.trained("trains")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert bench.model_of(job) == "one two /opt/program/train trains"
    eventually(lambda: "rows: 2" in logged(bench.live, "/aws/sagemaker/TrainingJobs"))
    eventually(lambda: bench.left() == [])


def test_a_job_that_fails_says_why_and_with_which_code(bench: Bench) -> None:
    bench.start_training("fails", "fail")
    job = bench.trained("fails")
    assert job["FailureReason"] == "AlgorithmError: column carrier is missing, exit code: 3"


def test_a_job_that_is_stopped_is_asked_to_and_its_model_is_kept(bench: Bench) -> None:
    bench.start_training("stops", "wait")
    bench.begun("stops")
    bench.sagemaker.stop_training_job(TrainingJobName="stops")
    job = bench.trained("stops")
    assert job["TrainingJobStatus"] == "Stopped", job.get("FailureReason")
    assert bench.model_of(job) == "checkpoint"


def test_a_job_that_outgrows_its_instance_type_is_ended_and_says_so(bench: Bench) -> None:
    bench.start_training("grows", "greedy", "ml.t3.medium")
    reason = bench.trained("grows")["FailureReason"]
    assert reason.startswith("ClientError: Please use an instance type with more memory than ml.t3.medium")


def test_a_processing_job_has_inputs_and_outputs_wherever_it_names_them(bench: Bench) -> None:
    def put(name: str, path: str) -> dict[str, Any]:
        source = {"S3Uri": f"s3://{bench.name}/data/", "LocalPath": path, "S3DataType": "S3Prefix"}
        return {"InputName": name, "S3Input": {**source, "S3InputMode": "File"}}

    def get(name: str, path: str) -> dict[str, Any]:
        target = {"S3Uri": f"s3://{bench.name}/{name}", "LocalPath": path, "S3UploadMode": "EndOfJob"}
        return {"OutputName": name, "S3Output": target}

    bench.sagemaker.create_processing_job(
        ProcessingJobName="joins",
        RoleArn=role(bench.live, "trainer"),
        AppSpecification={"ImageUri": bench.image, "ContainerEntrypoint": ["process"]},
        ProcessingInputs=[put("in", "/opt/data/in"), put("more", "/opt/ml/processing/more")],
        ProcessingOutputConfig={"Outputs": [get("out", "/opt/data/out"), get("result", "/opt/ml/processing/result")]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = bench.sagemaker.describe_processing_job(ProcessingJobName="joins")
        return job if job["ProcessingJobStatus"] in ENDED else None

    job = eventually(ended)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    joined = bench.s3.get_object(Bucket=bench.name, Key="out/joined.csv")["Body"].read()
    counted = bench.s3.get_object(Bucket=bench.name, Key="result/count.txt")["Body"].read()
    assert (joined, counted) == (b"one two\none two\n", b"4")
    eventually(lambda: bench.left() == [])


def test_instances_serve_on_the_fixed_port_and_a_second_one_is_refused_where_there_is_but_one_port(
    bench: Bench, serving: Serving
) -> None:
    count = 1 if bench.kind == "plain" else 3
    endpoint = serving.endpoint(serving.simple_config(count=count))
    assert {serving.invoke(endpoint) for _ in range(12)} == {"hello,1,1,2"}
    assert serving.instance_count(endpoint) == count
    eventually(lambda: "serving hello" in logged(bench.live, f"/aws/sagemaker/Endpoints/{endpoint}"))
    if bench.kind == "plain":
        bench.sagemaker.create_endpoint(EndpointName="second", EndpointConfigName=serving.simple_config())
        second = serving.await_settled("second")
        assert second["EndpointStatus"] == "Failed"
        assert "needs /opt/ml/model, which " in second["FailureReason"]
        assert f"processes/endpoint-instance.{endpoint}." in second["FailureReason"], "who has it"
        assert serving.invoke(endpoint) == "hello,1,1,2"


def test_an_instance_that_crashes_is_started_again(bench: Bench, serving: Serving) -> None:
    endpoint = serving.endpoint(serving.simple_config())
    [before] = serving.processes(endpoint)
    with pytest.raises(ClientError):
        serving.invoke(endpoint, b"crash")
    eventually(lambda: serving.processes(endpoint) not in ([], [before]))
    eventually(lambda: _answer(serving, endpoint) == "hello,1,1,2")


def test_an_instance_whose_shim_is_killed_is_started_again(bench: Bench, serving: Serving) -> None:
    endpoint = serving.endpoint(serving.simple_config())
    [before] = serving.processes(endpoint)
    serving.kill(before)
    eventually(lambda: serving.processes(endpoint) not in ([], [before]))
    eventually(lambda: _answer(serving, endpoint) == "hello,1,1,2")
    serving.delete(endpoint)
    eventually(lambda: bench.left() == [])


def _answer(serving: Serving, endpoint: str) -> str:
    """Nothing while no instance serves."""
    try:
        return serving.invoke(endpoint)
    except ClientError:
        return ""


def test_jobs_run_side_by_side_or_one_waits_for_the_other(bench: Bench) -> None:
    bench.start_training("first", "wait")
    bench.begun("first")
    bench.start_training("second")
    if bench.kind == "plain":
        eventually(lambda: "needs /opt/ml, which " in bench.live.log())
        assert bench.training("second")["TrainingJobStatus"] == "InProgress"
        bench.start_training("third")
        eventually(lambda: "training-job.third." in bench.live.log())
        bench.sagemaker.stop_training_job(TrainingJobName="third")
        assert bench.trained("third")["TrainingJobStatus"] == "Stopped", "it need not have begun"
        bench.sagemaker.stop_training_job(TrainingJobName="first")
    job = bench.trained("second")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    if bench.kind != "plain":
        bench.sagemaker.stop_training_job(TrainingJobName="first")
    assert bench.trained("first")["TrainingJobStatus"] == "Stopped"
    eventually(lambda: bench.left() == [])


def test_a_job_outlives_an_engine_that_is_killed_and_nothing_outlives_its_end(mortal: Bench) -> None:
    mortal.start_training("outlives", "wait")
    mortal.begun("outlives")
    mortal.live.kill()
    mortal.live.start()
    assert mortal.training("outlives")["TrainingJobStatus"] == "InProgress"
    mortal.sagemaker, mortal.s3 = mortal.live.client("sagemaker"), mortal.live.client("s3")
    mortal.sagemaker.stop_training_job(TrainingJobName="outlives")
    job = mortal.trained("outlives")
    assert job["TrainingJobStatus"] == "Stopped", job.get("FailureReason")
    assert mortal.model_of(job) == "checkpoint"
    mortal.start_training("ends", "wait")
    mortal.begun("ends")
    assert mortal.down() >= 1
    mortal.live.stop()
    assert mortal.left() == []
    if mortal.docker is not None:
        assert mortal.docker.images() == []


def test_a_job_that_dies_while_no_engine_runs_has_failed(mortal: Bench) -> None:
    mortal.start_training("lost", "wait")
    mortal.begun("lost")
    mortal.live.kill()
    mortal.live.stop()
    eventually(lambda: mortal.live.living_processes() == [])
    mortal.live.start()
    mortal.sagemaker = mortal.live.client("sagemaker")
    job = mortal.trained("lost")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("InternalServerError: ")
    eventually(lambda: mortal.left() == [])


def test_a_runtime_that_is_not_there_is_refused(new_engine: Callable[..., LiveEngine]) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    engine = new_engine(options=["--runtime", "docker"], environment=nowhere, within=("env",))
    engine.spawn()
    assert engine.await_death() == 3
