"""CodeBuild: real buildspecs in their sandbox, from sources in S3 to artifacts in S3."""

from __future__ import annotations

import io
import textwrap
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.jobs import leftovers
from tests.live import LiveEngine, eventually
from tests.roles import role


def _zip(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            item = zipfile.ZipInfo(name)
            item.external_attr = 0o755 << 16
            archive.writestr(item, textwrap.dedent(content))
    return stream.getvalue()


class Yard:
    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.codebuild = engine.client("codebuild")
        self.s3 = engine.client("s3")
        self.bucket = f"builds-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket)

    def project(self, files: dict[str, str], artifacts: dict[str, Any] | None = None) -> str:
        name = f"project-{uuid.uuid4().hex[:8]}"
        self.s3.put_object(Bucket=self.bucket, Key=f"{name}/source.zip", Body=_zip(files))
        self.codebuild.create_project(
            name=name,
            source={"type": "S3", "location": f"{self.bucket}/{name}/source.zip"},
            artifacts=artifacts or {"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "COLOUR", "value": "green"}],
            },
            serviceRole=role(self.engine, "builder"),
        )
        return name

    def build(self, project: str, **overrides: Any) -> dict[str, Any]:
        build_id = self.codebuild.start_build(projectName=project, **overrides)["build"]["id"]
        return self.ended(build_id)

    def ended(self, build_id: str) -> dict[str, Any]:
        def ended() -> Any:
            build = self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
            return build if build["buildComplete"] else None

        return dict(eventually(ended, timeout=120))

    def log(self, build: dict[str, Any]) -> str:
        logs = self.engine.client("logs")
        place = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}

        def lines() -> str:
            text = "\n".join(event["message"] for event in logs.get_log_events(**place, startFromHead=True)["events"])
            return text if "Phase complete" in text or "ERROR" in text else ""

        return str(eventually(lines))


@pytest.fixture(scope="module")
def yard(engine: LiveEngine) -> Yard:
    return Yard(engine)


def test_a_build_runs_its_phases_in_one_shell_and_uploads_its_artifacts(yard: Yard) -> None:
    spec = """\
        version: 0.2
        env:
          variables: {COLOUR: red, SHAPE: round}
          exported-variables: [ANSWER]
        phases:
          install:
            commands:
              - export ANSWER=42
              - cd sub
          build:
            commands:
              - test "$(basename "$PWD")" = sub
              - mkdir -p ../out/deep
              - echo "$COLOUR $SHAPE $ANSWER" > ../out/deep/made.txt
              - |
                cat > ../out/two.txt <<END
                several lines
                END
        artifacts:
          base-directory: out
          files: ['**/*']
    """
    where = {"type": "S3", "location": yard.bucket, "path": "made", "name": "result.zip", "packaging": "ZIP"}
    build = yard.build(yard.project({"buildspec.yml": spec, "sub/x": ""}, where))
    assert build["buildStatus"] == "SUCCEEDED", yard.log(build)
    assert build["exportedEnvironmentVariables"] == [{"name": "ANSWER", "value": "42"}]
    assert [phase["phaseType"] for phase in build["phases"]] == ["INSTALL", "BUILD"]
    body = yard.s3.get_object(Bucket=yard.bucket, Key="made/result.zip")["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert sorted(archive.namelist()) == ["deep/made.txt", "two.txt"]
        assert archive.read("deep/made.txt") == b"green round 42\n"


def test_a_failing_command_ends_the_build_and_is_named(yard: Yard) -> None:
    spec = """\
        version: 0.2
        phases:
          pre_build: {commands: [echo before, exit 7, echo never]}
          build: {commands: [echo never either]}
    """
    build = yard.build(yard.project({"buildspec.yml": spec}))
    assert build["buildStatus"] == "FAILED"
    assert (
        build["phases"][-1]["contexts"][0]["message"] == "Error while executing command: exit 7. Reason: exit status 7"
    )
    assert "\nnever" not in yard.log(build)


def test_post_build_runs_after_a_failed_build(yard: Yard) -> None:
    spec = """\
        version: 0.2
        phases:
          build: {commands: ["false"]}
          post_build: {commands: ['echo "succeeding=$CODEBUILD_BUILD_SUCCEEDING"']}
    """
    build = yard.build(yard.project({"buildspec.yml": spec}))
    assert build["buildStatus"] == "FAILED"
    assert "succeeding=0" in yard.log(build)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"other": ""}, "buildspec.yml is not in the source"),
        ({"buildspec.yml": "version: 0.2\nreports: {a: b}\n"}, "reports is not implemented"),
        ({"buildspec.yml": "version: [0.2"}, "YAML_FILE_ERROR"),
    ],
)
def test_a_buildspec_that_cannot_be_run_is_told(yard: Yard, files: dict[str, str], words: str) -> None:
    build = yard.build(yard.project(files))
    assert build["buildStatus"] == "FAILED"
    assert words in build["phases"][-1]["contexts"][0]["message"]


def test_a_missing_source_fails_the_build_and_is_named(yard: Yard) -> None:
    name = yard.project({"x": ""})
    build = yard.build(name, sourceTypeOverride="S3", sourceLocationOverride=f"{yard.bucket}/nothing.zip")
    assert build["buildStatus"] == "FAILED"
    assert "nothing.zip" in build["phases"][-1]["contexts"][0]["message"]


def test_secondary_sources_and_aws_are_at_hand(yard: Yard) -> None:
    spec = """\
        version: 0.2
        phases:
          build:
            commands:
              - cat "$CODEBUILD_SRC_DIR_Data/values.txt"
              - aws sts get-caller-identity --query Arn --output text
              - python3 -c "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    """
    name = yard.project({"buildspec.yml": spec})
    yard.s3.put_object(Bucket=yard.bucket, Key="data.zip", Body=_zip({"values.txt": "secondary values\n"}))
    source = {"type": "S3", "location": f"{yard.bucket}/data.zip", "sourceIdentifier": "Data"}
    build = yard.build(name, secondarySourcesOverride=[source])
    log = yard.log(build)
    assert build["buildStatus"] == "SUCCEEDED", log
    assert "secondary values" in log
    assert "assumed-role/builder/" in log
    assert "000000000000" in log


@pytest.mark.parametrize("identifier", ["../../../../outside", "{outside}", "", "a/b", ".."])
def test_a_secondary_source_is_unpacked_nowhere_but_in_its_build(yard: Yard, tmp_path: Path, identifier: str) -> None:
    name = yard.project({"buildspec.yml": "version: 0.2\nphases: {build: {commands: ['true']}}"})
    place = identifier.format(outside=tmp_path / "outside")
    source = {"type": "S3", "location": f"{yard.bucket}/{name}/source.zip", "sourceIdentifier": place}
    with pytest.raises(ClientError, match="sourceIdentifier"):
        yard.codebuild.start_build(projectName=name, secondarySourcesOverride=[source])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": {"type": "S3"}}, "Invalid source: location"),
        ({"secondarySources": [{"type": "S3", "sourceIdentifier": "Data"}]}, "Invalid source: location"),
        ({"artifacts": {"type": "S3"}}, "Invalid artifacts: location"),
        ({"secondaryArtifacts": [{"type": "S3", "artifactIdentifier": "Data"}]}, "Invalid artifacts: location"),
        ({"secondaryArtifacts": [{"type": "S3", "location": "x", "artifactIdentifier": "../x"}]}, "artifactIdentifier"),
        ({"secondaryArtifacts": [{"type": "S3", "location": "x"}]}, "artifactIdentifier"),
    ],
)
def test_places_that_are_none_are_refused(yard: Yard, change: dict[str, Any], words: str) -> None:
    name = yard.project({"buildspec.yml": "version: 0.2\nphases: {build: {commands: ['true']}}"})
    with pytest.raises(ClientError, match=words) as error:
        yard.codebuild.update_project(name=name, **change)
    assert error.value.response["Error"]["Code"] == "InvalidInputException"


def test_a_build_that_has_no_place_for_its_artifacts_is_refused(yard: Yard) -> None:
    name = yard.project({"buildspec.yml": "version: 0.2\nphases: {build: {commands: ['true']}}"})
    with pytest.raises(ClientError, match="Invalid artifacts: location"):
        yard.codebuild.start_build(projectName=name, artifactsOverride={"type": "S3"})
    assert yard.codebuild.list_builds_for_project(projectName=name)["ids"] == []


def test_a_build_makes_an_image_that_a_job_can_run(yard: Yard) -> None:
    repository = f"built-{uuid.uuid4().hex[:8]}"
    uri = yard.engine.client("ecr").create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    files = {
        "buildspec.yml": f"""\
            version: 0.2
            phases:
              build:
                commands:
                  - docker build --tag {uri}:one .
                  - docker push {uri}:one
        """,
        "Dockerfile": """\
            FROM python:3.11
            COPY check.py /opt/program/check.py
            ENV COLOUR=blue
            WORKDIR /opt/program
            ENTRYPOINT ["python3", "/opt/program/check.py"]
        """,
        "check.py": """\
            import os, pathlib, sys
            pathlib.Path("/opt/ml/output/message").write_text(f"{os.environ['COLOUR']} {os.getcwd()} {sys.prefix}")
        """,
    }
    build = yard.build(yard.project(files))
    assert build["buildStatus"] == "SUCCEEDED", yard.log(build)
    sagemaker, name = yard.engine.client("sagemaker"), f"check-{uuid.uuid4().hex[:8]}"
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=role(yard.engine, "builder"),
        AppSpecification={"ImageUri": f"{uri}:one"},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )

    def ended() -> Any:
        job = sagemaker.describe_processing_job(ProcessingJobName=name)
        return job if job["ProcessingJobStatus"] in ("Completed", "Failed") else None

    job = eventually(ended)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "blue /opt/program /opt/venv"


def test_a_build_is_stopped(yard: Yard) -> None:
    spec = "version: 0.2\nphases: {build: {commands: [echo begun, sleep 600]}}\n"
    build_id = yard.codebuild.start_build(projectName=yard.project({"buildspec.yml": spec}))["build"]["id"]
    logs = yard.engine.folder / "logs"
    eventually(lambda: any("begun" in path.read_text() for path in logs.glob(f"build.*{build_id.split(':')[1]}*")))
    yard.codebuild.stop_build(id=build_id)
    assert yard.ended(build_id)["buildStatus"] == "STOPPED"


def test_ended_builds_leave_objects_and_log_events_and_nothing_else(yard: Yard) -> None:
    """All of the builds before, and one more."""
    build = yard.build(yard.project({"buildspec.yml": "version: 0.2\nphases: {build: {commands: [echo said]}}\n"}))
    eventually(lambda: leftovers(yard.engine.folder) == [])
    assert "said" in yard.log(build)
