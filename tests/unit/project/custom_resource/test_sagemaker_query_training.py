"""Query Training Results copies `inference/` of a model to the shared volume, whole or not at all."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from s3_object import EvidenceError
from sagemaker_query_training import query_training

from tests.aws.clients import body, scripted

EVENT = {"TrainingJobName": "mls-flights-1", "ModelUri": "s3://artifacts/runs/mls-flights-1/output/model.tar.gz"}


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return packed.getvalue()


def query(assets: Path, content: bytes) -> dict[str, Any]:
    with scripted("s3") as s3:
        s3.answers(
            "get_object",
            {"Body": body(content)},
            {"Bucket": "artifacts", "Key": "runs/mls-flights-1/output/model.tar.gz"},
        )
        return query_training(s3.client, assets, EVENT)


@pytest.mark.parametrize("root", ["", "./"])
def test_the_inference_folder_appears_under_the_name_of_the_job(tmp_path: Path, root: str) -> None:
    files = {"model.txt": b"tree", "inference/schema.json": b"{}", "inference/maps/labels.json": b"[]"}
    result = query(tmp_path, archive({root + name: content for name, content in files.items()}))
    folder = tmp_path / "models" / "mls-flights-1"
    assert result == {"AssetsFolder": str(folder), "Files": ["maps/labels.json", "schema.json"]}
    assert (folder / "schema.json").read_bytes() == b"{}"
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_second_call_leaves_the_copy_alone_and_reads_nothing(tmp_path: Path) -> None:
    first = query(tmp_path, archive({"inference/schema.json": b"{}"}))
    with scripted("s3") as s3:
        assert query_training(s3.client, tmp_path, EVENT) == first


def test_links_and_paths_that_lead_out_are_left_out(tmp_path: Path) -> None:
    content = archive(
        {"inference/schema.json": b"{}", "inference/../../escaped": b"x"}, links={"inference/passwd": "/etc/passwd"}
    )
    assert query(tmp_path, content)["Files"] == ["schema.json"]
    assert not list(tmp_path.parent.rglob("escaped"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archive({"model.txt": b"tree"}), "has no folder inference/"),
        (b"not an archive", "is not a tar.gz archive"),
        (archive({"inference/schema.json": bytes(range(256)) * 4000})[:900], "is not a tar.gz archive"),
    ],
)
def test_a_model_that_cannot_be_copied_leaves_nothing_behind(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(EvidenceError, match=reason):
        query(tmp_path, content)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_missing_model_fails_and_names_it(tmp_path: Path) -> None:
    with scripted("s3") as s3:
        s3.fails("get_object", "NoSuchKey")
        with pytest.raises(EvidenceError, match=r"model.tar.gz: cannot be read"):
            query_training(s3.client, tmp_path, EVENT)


def test_a_copy_that_another_call_finished_first_is_taken(tmp_path: Path) -> None:
    class OvertakenClient:
        """Finishes another call's copy while this one reads."""

        def get_object(self, **_: str) -> dict[str, Any]:
            query(tmp_path, archive({"inference/schema.json": b"{}"}))
            return {"Body": body(archive({"inference/schema.json": b"{}"}))}

    client: Any = OvertakenClient()
    assert query_training(client, tmp_path, EVENT)["Files"] == ["schema.json"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mls-flights-1"]
