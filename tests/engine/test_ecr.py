"""ECR: repositories, images under tags and digests, and what Docker clients need to get in and out."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import pull, push
from tests.images import push_image
from tests.live import LiveEngine, eventually


def test_a_tag_belongs_to_the_image_that_was_pushed_last(engine: LiveEngine) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    push_image(engine, name, {"/a": "1"})
    first = ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageDigest"]
    image = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "latest"}])["images"][0]
    other = json.dumps({**json.loads(image["imageManifest"]), "annotations": {"n": "2"}})
    ecr.put_image(repositoryName=name, imageManifest=other, imageTag="latest")
    second = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "latest"}])["imageDetails"][0][
        "imageDigest"
    ]
    assert first != second == f"sha256:{hashlib.sha256(other.encode()).hexdigest()}"
    details = {
        item["imageDigest"]: item["imageTags"] for item in ecr.describe_images(repositoryName=name)["imageDetails"]
    }
    assert details == {first: [], second: ["latest"]}


def test_a_manifest_without_its_layers_is_refused(engine: LiveEngine) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=name)
    digest = f"sha256:{'0' * 64}"
    manifest = json.dumps({"config": {"digest": digest}, "layers": []})
    with pytest.raises(ClientError, match=digest) as error:
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="latest")
    assert error.value.response["Error"]["Code"] == "LayersNotFoundException"


@pytest.mark.parametrize("digest", ["sha256:../../state.db", "../../credentials.json", "{folder}/state.db", 1])
def test_a_manifest_does_not_lead_to_files_that_are_no_layers(engine: LiveEngine, digest: str | int) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=name)
    place = digest.format(folder=engine.folder) if isinstance(digest, str) else digest
    manifest = json.dumps({"config": {"digest": place}, "layers": [{"digest": place}]})
    with pytest.raises(ClientError) as error:
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="latest")
    assert error.value.response["Error"]["Code"] == "LayersNotFoundException"


def test_a_repository_with_images_is_deleted_by_force_only(engine: LiveEngine) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    push_image(engine, name, {"/a": "1"})
    with pytest.raises(ClientError) as error:
        ecr.delete_repository(repositoryName=name)
    assert error.value.response["Error"]["Code"] == "RepositoryNotEmptyException"
    ecr.delete_repository(repositoryName=name, force=True)
    with pytest.raises(ClientError) as error:
        ecr.describe_images(repositoryName=name)
    assert error.value.response["Error"]["Code"] == "RepositoryNotFoundException"


def test_a_missing_image_is_named(engine: LiveEngine) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=name)
    with pytest.raises(ClientError, match="imageTag:'nothing'") as error:
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "nothing"}])
    assert error.value.response["Error"]["Code"] == "ImageNotFoundException"


def test_an_image_that_was_pushed_is_pulled_whole(engine: LiveEngine, tmp_path: Path) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    uri = push_image(engine, name, {"/opt/program/a.txt": "content"})
    layout = ImageLayout(tmp_path / "images")
    digest = pull(uri, layout, ecr, lambda _: None)
    assert layout.load(uri).working_directory == "/opt/program"
    layout.unpack(layout.load(uri).layers, tmp_path / "files")
    assert (tmp_path / "files" / "opt" / "program" / "a.txt").read_text() == "content"
    layout.tag(uri.replace(":latest", ":again"), digest)
    assert push(uri.replace(":latest", ":again"), layout, ecr, lambda _: None) == digest


def test_what_is_pushed_is_unpacked_before_anybody_runs_it(engine: LiveEngine) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    push_image(engine, name, {"/opt/program/a.txt": name})
    digest = ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageDigest"]
    file = engine.folder / "images" / "trees" / digest.removeprefix("sha256:") / "opt/program/a.txt"
    assert eventually(lambda: file.exists() and file.read_text()) == name


def test_a_layers_url_holds_for_that_layer_only(engine: LiveEngine) -> None:
    ecr, name = engine.client("ecr"), f"ecr-{uuid.uuid4().hex[:8]}"
    push_image(engine, name, {"/a": "1"})
    image = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "latest"}])["images"][0]
    manifest = json.loads(image["imageManifest"])
    digest = manifest["layers"][0]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert f"sha256:{hashlib.sha256(answer.read()).hexdigest()}" == digest
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url.replace(digest, manifest["config"]["digest"]), timeout=10)
    error.value.close()
    assert error.value.code == 403


def test_docker_login_gets_a_password(engine: LiveEngine) -> None:
    data = engine.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert len(password) >= 32
