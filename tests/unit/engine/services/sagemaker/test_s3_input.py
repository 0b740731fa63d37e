"""Which objects a transform job reads, and how their outputs are called."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.runtime.s3_files import S3Files
from mlsystem.engine.services.sagemaker.s3_input import find_inputs, read_inputs, write_inputs

KEYS = ["in/", "in/a.csv", "in/deep/b.csv", "in2.csv"]


class Bucket:
    """S3 as far as it is used: keys, and one object with this content."""

    def __init__(self, content: bytes = b""):
        self._content = content

    def __call__(
        self, service: str, operation: str, request: Mapping[str, Any], principal: Principal | None = None
    ) -> dict[str, Any]:
        if operation == "GetObject":
            return {"Body": self}
        return {"Contents": [{"Key": key} for key in KEYS if key.startswith(request["Prefix"])]}

    def pieces(self) -> Iterator[bytes]:
        yield self._content


def _find(tmp_path: Path, uri: str, content: bytes = b"", kind: str = "S3Prefix") -> list[tuple[str, str]]:
    source = {"S3DataType": kind, "S3Uri": uri}
    files = S3Files(Bucket(content), Principal("arn:aws:iam::000000000000:root", "000000000000"))
    found = find_inputs(source, files, tmp_path / "manifest")
    write_inputs(tmp_path / "inputs.json", found)
    assert read_inputs(tmp_path / "inputs.json") == found
    return [(one.name, one.path) for one in found]


@pytest.mark.parametrize("uri", ["s3://b/in/", "s3://b/in/a"])
def test_the_path_of_an_object_is_what_follows_the_folder_of_the_prefix(tmp_path: Path, uri: str) -> None:
    assert ("b/in/a.csv", "a.csv") in _find(tmp_path, uri)


def test_a_prefix_means_all_keys_that_begin_with_it_and_no_folders(tmp_path: Path) -> None:
    assert _find(tmp_path, "s3://b/in") == [
        ("b/in/a.csv", "a.csv"),
        ("b/in/deep/b.csv", "deep/b.csv"),
        ("b/in2.csv", "in2.csv"),
    ]


def test_nothing_below_the_prefix_is_named(tmp_path: Path) -> None:
    with pytest.raises(ActionFailed, match=r"s3://b/none"):
        _find(tmp_path, "s3://b/none")


def test_a_manifest_lists_paths_below_its_prefix(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://other/in/"}, "x/a.csv", "b.csv"]).encode()
    assert _find(tmp_path, "s3://b/m", manifest, "ManifestFile") == [
        ("other/in/x/a.csv", "x/a.csv"),
        ("other/in/b.csv", "b.csv"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'["a"]',
        b'[{"prefix": "s3://b/"}]',
        b'[{"prefix": "s3://b/"}, 7]',
        b'[{"prefix": "b/"}, "a"]',
    ],
)
def test_a_manifest_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ActionFailed, match="The manifest s3://b/m"):
        _find(tmp_path, "s3://b/m", content, "ManifestFile")
