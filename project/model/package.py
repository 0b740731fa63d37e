#!/usr/bin/env python3
"""Packages templates, as `aws cloudformation package` does: what they name by a local path goes to S3.

Each artefact lies under the hash of its content: an unchanged function keeps its address, so that a stack update leaves
it alone, and a changed one never overwrites what an older template still names. It is here in a hundred lines because
a build then needs boto3 alone, and the addresses are the same on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError
from build_error import BuildError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CODE_URI = ("AWS::Serverless::Function", "CodeUri")
DEFINITION = ("AWS::StepFunctions::StateMachine", "DefinitionS3Location")
NOT_PACKAGED = (".yml", ".yaml", ".pyc")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # eight times as quick, where PyYAML has it
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP file can hold


@dataclass(frozen=True)
class ArtifactStore:
    """Puts files into a bucket, below a prefix, each under the hash of its content."""

    s3: S3Client
    bucket: str
    prefix: str

    def put(self, content: bytes, suffix: str) -> str:
        """Upload unless it is there, and return the key."""
        key = f"{self.prefix}/{hashlib.sha256(content).hexdigest()}{suffix}"
        try:
            self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key


def package(template: Path, store: ArtifactStore) -> str:
    """The text of the template with local paths replaced by addresses in S3. Raises BuildError."""
    try:
        document = yaml.compose(template.read_text(encoding="utf-8"), Loader=LOADER)
    except (OSError, yaml.YAMLError) as error:
        raise BuildError(f"{template}: cannot be read: {error}") from error
    for name, kind, properties in _resources(document):
        for position, (key, value) in enumerate(properties.value):
            if (kind, key.value) in (CODE_URI, DEFINITION) and _is_local(value):
                path = (template.parent / value.value).resolve()
                if not path.exists():
                    raise BuildError(f"{template}: {name}.{key.value} is {value.value}, and there is no such path")
                properties.value[position] = (key, _uploaded((kind, key.value), path, store))
    _in_blocks(document)
    return yaml.serialize(document, Dumper=yaml.SafeDumper, width=120)


def _in_blocks(node: yaml.Node | None) -> None:
    """A template that was read as JSON is written as YAML in blocks: in braces it would be taken for JSON, which it no longer is."""
    if isinstance(node, yaml.MappingNode):
        node.flow_style = False
        for key, value in node.value:
            _in_blocks(key)
            _in_blocks(value)
    elif isinstance(node, yaml.SequenceNode):
        node.flow_style = False
        for value in node.value:
            _in_blocks(value)


def zip_folder(folder: Path) -> bytes:
    """The files of a folder as a ZIP file that depends on names and contents alone, not on times, owners or order."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder)
            if path.suffix in NOT_PACKAGED or any(part.startswith((".", "__pycache__")) for part in name.parts):
                continue
            entry = zipfile.ZipInfo(name.as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16  # readable by Lambda's user
            archive.writestr(entry, path.read_bytes())
        if not archive.namelist():
            raise BuildError(f"{folder}: holds no file to package")
    return packed.getvalue()


def _uploaded(place: tuple[str, str], path: Path, store: ArtifactStore) -> yaml.Node:
    if place == CODE_URI:
        return _text(f"s3://{store.bucket}/{store.put(zip_folder(path), '.zip')}")
    key = store.put(path.read_bytes(), path.suffix)
    return yaml.MappingNode(
        "tag:yaml.org,2002:map",
        [(_text("Bucket"), _text(store.bucket)), (_text("Key"), _text(key))],
    )


def _resources(document: yaml.Node | None) -> Iterator[tuple[str, str, yaml.MappingNode]]:
    for name, resource in _entries(_entry(document, "Resources")):
        kind, properties = _entry(resource, "Type"), _entry(resource, "Properties")
        if isinstance(kind, yaml.ScalarNode) and isinstance(properties, yaml.MappingNode):
            yield name, kind.value, properties


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value, value


def _entry(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return dict(_entries(node)).get(name)


def _is_local(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":str") and not node.value.startswith("s3://")


def _text(value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value)


def main() -> int:
    parser = argparse.ArgumentParser(description="Package templates for CloudFormation.")
    parser.add_argument("templates", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True, help="folder for the packaged templates")
    arguments = parser.parse_args()
    try:
        prefix = f"{os.environ['PIPELINE_NAME']}/package"
        store = ArtifactStore(boto3.client("s3"), os.environ["ARTIFACT_BUCKET"], prefix)
        for template in arguments.templates:
            packaged = package(template, store)
            (arguments.output / template.name).write_text(packaged, encoding="utf-8")
            print(arguments.output / template.name)
    except KeyError as error:
        print(f"error: environment variable {error.args[0]} is missing; pipeline.yml sets it", file=sys.stderr)
        return 1
    except (BuildError, ClientError, BotoCoreError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
