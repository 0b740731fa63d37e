"""Containers that do not keep the contract: what they get is a Failed with a reason that names the thing, and nothing left running."""

from __future__ import annotations

import io
import sqlite3
import tarfile
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.store.folder import DataFolder
from tests.images import push_image
from tests.jobs import leftovers, logged
from tests.live import LiveEngine, eventually
from tests.roles import role

SHORTEST_STARTUP_SECONDS = 60  # that SageMaker takes
CRASHING = "#!/usr/bin/env python3\nprint('begins', flush=True)\nimport no_such_package_at_all\n"
MUTE = "#!/usr/bin/env python3\nimport time\nprint('thinks about it', flush=True)\nwhile True: time.sleep(1)\n"
# Answers /ping as it should, and everything else with what is no HTTP.
BABBLING = """#!/usr/bin/env python3
import socket
with socket.create_server(("127.0.0.1", 8080)) as listener:
    while True:
        connection, _ = listener.accept()
        with connection:
            asked = connection.recv(65536)
            if asked.startswith(b"GET /ping"):
                connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n")
            else:
                connection.sendall(b"this is no answer at all\\r\\n\\r\\n")
"""


class Broken:
    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.bucket = f"broken-{uuid.uuid4().hex[:8]}"
        self.sagemaker = engine.client("sagemaker")
        self.s3 = engine.client("s3")
        self.s3.create_bucket(Bucket=self.bucket)

    def image(self, files: dict[str, str], mode: int = 0o755) -> str:
        return push_image(self.engine, f"broken-{uuid.uuid4().hex[:8]}", files, mode=mode)

    def failed_training(self, files: dict[str, str], mode: int = 0o755) -> str:
        """Its FailureReason."""
        name = f"broken-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=role(self.engine, "trainer"),
            AlgorithmSpecification={"TrainingImage": self.image(files, mode), "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

        job = eventually(ended)
        assert job["TrainingJobStatus"] == "Failed"
        eventually(lambda: not [place for place in leftovers(self.engine.folder) if name in place])
        return str(job["FailureReason"])

    def serve(self, name: str, program: str, model: bytes = b"") -> None:
        """Begin to create an endpoint."""
        container: dict[str, Any] = {"Image": self.image({"/opt/program/serve": program})}
        if model:
            self.s3.put_object(Bucket=self.bucket, Key=f"{name}/model.tar.gz", Body=model)
            container["ModelDataUrl"] = f"s3://{self.bucket}/{name}/model.tar.gz"
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role(self.engine, "server")
        )
        variant = {
            "VariantName": "All",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "ContainerStartupHealthCheckTimeoutInSeconds": SHORTEST_STARTUP_SECONDS,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def settled(self, name: str) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return found if found["EndpointStatus"] in ("InService", "Failed") else None

        return dict(eventually(settled))

    def failed_endpoint(self, name: str) -> str:
        """Its FailureReason, once nothing of it is left running."""
        found = self.settled(name)
        assert found["EndpointStatus"] == "Failed"
        eventually(lambda: not list(self.engine.folder.glob(f"processes/endpoint-instance.{name}.*")))
        return str(found["FailureReason"])


@pytest.fixture(scope="module")
def broken(engine: LiveEngine) -> Broken:
    return Broken(engine)


def test_an_image_without_train(broken: Broken) -> None:
    assert broken.failed_training({"/opt/program/other": "x"}) == (
        "AlgorithmError: the image's program cannot be started: train: No such file or directory"
    )


def test_a_train_that_is_not_executable(broken: Broken) -> None:
    reason = broken.failed_training({"/opt/program/train": CRASHING}, mode=0o644)
    assert reason.endswith("train: Permission denied")


def test_a_train_that_is_no_program(broken: Broken) -> None:
    assert broken.failed_training({"/opt/program/train": "no shebang"}).endswith("train: Exec format error")


def test_a_train_that_crashes_while_it_imports(broken: Broken) -> None:
    reason = broken.failed_training({"/opt/program/train": CRASHING})
    assert reason.startswith("AlgorithmError: begins\nTraceback")
    assert reason.endswith("ModuleNotFoundError: No module named 'no_such_package_at_all', exit code: 1")


def test_a_model_archive_that_climbs_out_of_its_folder(broken: Broken) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo("../../escaped")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    broken.serve("broken-climbing", MUTE, stream.getvalue())
    reason = broken.failed_endpoint("broken-climbing")
    assert f"s3://{broken.bucket}/broken-climbing/model.tar.gz" in reason
    assert "'../../escaped' would be extracted to" in reason
    assert not list(broken.engine.folder.rglob("escaped"))


def test_a_model_archive_that_is_none(broken: Broken) -> None:
    broken.serve("broken-archive", MUTE, b"no archive")
    assert "model.tar.gz cannot be unpacked" in broken.failed_endpoint("broken-archive")


def test_answers_that_are_no_http(broken: Broken) -> None:
    broken.serve("broken-babbling", BABBLING)
    assert broken.settled("broken-babbling")["EndpointStatus"] == "InService"
    runtime = broken.engine.client("sagemaker-runtime")
    with pytest.raises(ClientError) as error:
        runtime.invoke_endpoint(EndpointName="broken-babbling", Body=b"1", ContentType="text/csv")
    assert error.value.response["Error"]["Code"] == "ModelError"
    assert "The response of container primary is not HTTP" in str(error.value)
    broken.sagemaker.delete_endpoint(EndpointName="broken-babbling")


def test_a_server_that_never_answers_ping(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    broken = Broken(live)
    broken.serve("broken-mute", MUTE)
    of_health = "name LIKE 'health/%'"
    database = DataFolder(live.folder).database
    eventually(lambda: _sql(database, f"SELECT * FROM timers WHERE {of_health}"))
    group = "/aws/sagemaker/Endpoints/broken-mute"
    eventually(lambda: live.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    eventually(lambda: logged(live, group))  # it has begun
    live.kill()
    _sql(database, f"UPDATE timers SET due_at = 0 WHERE {of_health}")  # rather than to wait for a minute
    live.start()
    reason = broken.failed_endpoint("broken-mute")
    assert "did not pass the ping health check" in reason
    assert "thinks about it" in reason


def _sql(database: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(statement).fetchall()
