"""Packaging replaces local paths by addresses that depend on content alone, and touches nothing else."""

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from build_error import BuildError
from package import ArtifactStore, package, zip_folder

from tests.aws.clients import scripted

TEMPLATE = """\
AWSTemplateFormatVersion: '2010-09-09'
Description: >-
  Folded
  text
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Role: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x
      Timeout: !Ref Seconds
      Environment: {Variables: {PORT: '0080', ON: 'yes'}}
  Packaged:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: s3://bucket/key
  Image:
    Type: AWS::Serverless::Function
    Properties:
      ImageUri: !Ref ImageUri
  Workflow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionS3Location: ./workflow.asl.json
  Bucket:
    Type: AWS::S3::Bucket
"""


class Bucket:
    """S3 as far as packaging uses it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.writes = 0

    def head_object(self, Bucket: str, Key: str) -> None:
        assert Bucket == "artifacts"
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body
        self.writes += 1


def store(bucket: Bucket) -> ArtifactStore:
    client: Any = bucket
    return ArtifactStore(client, "artifacts", "mls-demo/package")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "code" / "__pycache__").mkdir(parents=True)
    (tmp_path / "code" / "app.py").write_text("handler = print\n")
    (tmp_path / "code" / "__pycache__" / "app.cpython-313.pyc").write_text("compiled")
    (tmp_path / "code" / "template.yml").write_text("Resources: {}")
    (tmp_path / "code" / ".hidden").write_text("hidden")
    (tmp_path / "workflow.asl.json").write_text("{}")
    path = tmp_path / "template.yml"
    path.write_text(TEMPLATE)
    return path


def test_local_paths_become_addresses_by_content_hash(template: Path) -> None:
    bucket = Bucket()
    packaged = package(template, store(bucket))
    code = hashlib.sha256(zip_folder(template.parent / "code")).hexdigest()
    definition = hashlib.sha256(b"{}").hexdigest()
    assert set(bucket.objects) == {f"mls-demo/package/{code}.zip", f"mls-demo/package/{definition}.json"}
    document = yaml.compose(packaged)
    assert f"CodeUri: s3://artifacts/mls-demo/package/{code}.zip" in packaged
    assert f"Key: mls-demo/package/{definition}.json" in packaged
    assert document is not None


def test_everything_else_stays_as_it_is(template: Path) -> None:
    packaged = package(template, store(Bucket()))
    for line in (
        "AWSTemplateFormatVersion: '2010-09-09'",
        "Role: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x'",
        "Timeout: !Ref 'Seconds'",
        "PORT: '0080'",
        "CodeUri: s3://bucket/key",
        "ImageUri: !Ref 'ImageUri'",
    ):
        assert line in packaged


def test_a_template_in_json_becomes_yaml_that_nobody_takes_for_json(template: Path) -> None:
    content = {
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Key": "a{b}", "Value": "on"}]}}}
    }
    path = template.with_name("workflow-graph.yml")
    path.write_text(json.dumps(content, indent=2))
    text = package(path, store(Bucket()))
    assert text.startswith('"Resources":')
    assert yaml.safe_load(text) == content


def test_a_second_packaging_uploads_nothing(template: Path) -> None:
    bucket = Bucket()
    first = package(template, store(bucket))
    writes = bucket.writes
    (template.parent / "code" / "app.py").touch()
    assert package(template, store(bucket)) == first
    assert bucket.writes == writes


def test_the_archive_holds_what_a_function_needs_and_nothing_of_its_surroundings(template: Path) -> None:
    with zipfile.ZipFile(BytesIO(zip_folder(template.parent / "code"))) as archive:
        assert archive.namelist() == ["app.py"]
        assert archive.getinfo("app.py").external_attr >> 16 == 0o100644


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("CodeUri: code", "CodeUri: nowhere"), "Function.CodeUri is nowhere"),
        (("CodeUri: code", "CodeUri: code/__pycache__"), "holds no file"),
        (("Resources:", "Resources: ["), "cannot be read"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(template: Path, change: tuple[str, str], reason: str) -> None:
    template.write_text(TEMPLATE.replace(*change))
    with pytest.raises(BuildError, match=reason):
        package(template, store(Bucket()))


def test_a_bucket_that_cannot_be_asked_is_not_taken_for_an_empty_one(template: Path) -> None:
    with scripted("s3") as s3:
        s3.fails("head_object", "403", "Forbidden")
        with pytest.raises(ClientError, match="403"):
            package(template, ArtifactStore(s3.client, "artifacts", "p"))
